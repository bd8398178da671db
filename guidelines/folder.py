"""A guideline folder: every file read once, and everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from guidelines.clauses import Text, read_text
from guidelines.errors import MalformedLocale, Problem, UnknownLocale
from guidelines.model import Workflow
from guidelines.overlay_file import fields_of, overlay_problems
from guidelines.tags import is_base_language, parse_locale
from guidelines.text_file import base_text_problems, locale_text_problems
from guidelines.wording import instead
from guidelines.workflow_file import workflow_of, workflow_problems
from guidelines.yaml_file import Document, read_yaml

PACKAGED = Path(__file__).parent

_Key = tuple[str, str]  # locale tag, workflow


@dataclass
class Folder:
    """The files of a guideline folder, by workflow or by (locale tag, workflow), and the problems of its layout."""

    base: dict[str, Document] = field(default_factory=dict)
    base_texts: dict[str, Text] = field(default_factory=dict)
    locales: list[str] = field(default_factory=list)
    overlays: dict[_Key, Document] = field(default_factory=dict)
    locale_texts: dict[_Key, Text] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def files(self) -> int:
        """How many files were read."""
        return len(self.base) + len(self.base_texts) + len(self.overlays) + len(self.locale_texts)


def read_folder(root: Path) -> Folder:
    """Read `base/` and `locales/` under `root`."""
    folder = Folder()
    for path in _entries(root / "base"):
        _read_base_file(folder, root, path)
    for path in _entries(root / "locales"):
        _read_locale_folder(folder, root, path)
    if not folder.base:
        fix = "check the folder, or add base/<workflow>.yaml"
        folder.problems.append(Problem("base", 1, "there is no workflow in this folder", fix))
    return folder


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder, without hidden files; nothing if there is no such folder."""
    return sorted(each for each in folder.glob("*") if not each.name.startswith(".")) if folder.is_dir() else []


def _read_base_file(folder: Folder, root: Path, path: Path) -> None:
    match path.suffix if path.is_file() else None:
        case ".yaml":
            folder.base[path.stem] = read_yaml(*_read(folder, root, path))
        case ".md":
            folder.base_texts[path.stem] = read_text(*_read(folder, root, path))
        case _:
            folder.problems.append(_unread(path, root))


def _read_locale_folder(folder: Folder, root: Path, path: Path) -> None:
    if not path.is_dir():
        folder.problems.append(_unread(path, root))
        return
    folder.locales.append(path.name)
    folder.problems += _tag_problems(path, root)
    for file in _entries(path):
        _read_locale_file(folder, root, file)


def _read_locale_file(folder: Folder, root: Path, path: Path) -> None:
    key = (path.parent.name, path.stem)
    match path.suffix if path.is_file() else None:
        case ".yaml":
            folder.overlays[key] = read_yaml(*_read(folder, root, path))
        case ".md":
            folder.locale_texts[key] = read_text(*_read(folder, root, path))
        case _:
            folder.problems.append(_unread(path, root))


def _read(folder: Folder, root: Path, path: Path) -> tuple[str, str]:
    """The file's name from `root` on and its text; what is not UTF-8 in it is noted and read as \ufffd."""
    data, file = path.read_bytes(), path.relative_to(root).as_posix()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        folder.problems.append(Problem(file, line, "this is not UTF-8 text", "save the file as UTF-8"))
        text = data.decode("utf-8", errors="replace")
    return file, text.replace("\r\n", "\n")


def _unread(path: Path, root: Path) -> Problem:
    file = path.relative_to(root).as_posix()
    fix = "name it <workflow>.yaml or <workflow>.md, or remove it"
    return Problem(file, 1, "this file is not read", fix)


def _tag_problems(path: Path, root: Path) -> Iterator[Problem]:
    file = path.relative_to(root).as_posix()
    try:
        locale = parse_locale(path.name)
    except (MalformedLocale, UnknownLocale) as error:
        yield Problem(file, 1, f"the folder's name is no locale: {error.message}", error.fix)
        return
    if locale.tag != path.name:
        yield Problem(file, 1, f"the folder's name {path.name!r} is in the wrong case", f"rename it {locale.tag}")


def folder_problems(folder: Folder) -> list[Problem]:
    """Every problem of the folder, by file and line."""
    bases = {name: workflow_problems(document) for name, document in folder.base.items()}
    workflows = {name: workflow_of(folder.base[name].value) for name, problems in bases.items() if not problems}
    problems = [*folder.problems, *(problem for each in bases.values() for problem in each)]
    problems += _base_text_problems(folder)
    for key in folder.overlays:
        problems += _overlay_problems(folder, key, workflows)
    for key in folder.locale_texts:
        problems += _locale_text_problems(folder, key)
    return sorted(set(problems))


def _base_text_problems(folder: Folder) -> Iterator[Problem]:
    for name, text in folder.base_texts.items():
        version = fields_of(folder.base[name]).get("version", "") if name in folder.base else None
        yield from base_text_problems(text, version)
    for name in folder.base.keys() - folder.base_texts.keys():
        message = f"there is no guideline {name}.md beside this workflow"
        yield Problem(folder.base[name].file, 1, message, f"write base/{name}.md")


def _overlay_problems(folder: Folder, key: _Key, workflows: dict[str, Workflow]) -> Iterator[Problem]:
    tag, name = key
    document = folder.overlays[key]
    if name not in folder.base:
        yield Problem(document.file, 1, f"there is no workflow {name!r} in base/", instead(name, sorted(folder.base)))
    filled = is_base_language(tag) or any((each, name) in folder.overlays for each in _above(tag))
    yield from overlay_problems(document, workflows.get(name), complete=not filled)


def _locale_text_problems(folder: Folder, key: _Key) -> Iterator[Problem]:
    tag, name = key
    text, base = folder.locale_texts[key], folder.base_texts.get(name)
    if key not in folder.overlays:
        message = f"there is no {name}.yaml beside these rules, so they have no version"
        yield Problem(text.file, 1, message, "add it: its fields are workflow, locale, version and status at least")
    above = [folder.locale_texts[each, name] for each in _above(tag) if (each, name) in folder.locale_texts]
    known = dict.fromkeys(section.id for each in (base, *above) if each for section in each.sections)
    version = fields_of(folder.base[name]).get("version") if name in folder.base else None
    yield from locale_text_problems(text, base, version, known)


def _above(tag: str) -> tuple[str, ...]:
    """The more general tags this one falls back to, nearest first; none for a folder whose name is no tag."""
    try:
        return parse_locale(tag).chain[1:]
    except (MalformedLocale, UnknownLocale):
        return ()
