"""A guideline folder: what lies in it, each file read once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from guidelines.clauses import Text, read_text
from guidelines.errors import MalformedLocale, Problem, UnknownLocale
from guidelines.tags import parse_locale
from guidelines.yaml_file import Document, read_yaml

PACKAGED = Path(__file__).parent

_EXAMPLES = ".examples"


@dataclass
class Base:
    """The files of `base/`, by workflow, and the problems of their names and encoding."""

    workflows: dict[str, Document] = field(default_factory=dict)
    texts: dict[str, Text] = field(default_factory=dict)
    examples: dict[str, Document] = field(default_factory=dict)
    terms: Document | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def files(self) -> int:
        """How many files were read."""
        return len(self.workflows) + len(self.texts) + len(self.examples) + (self.terms is not None)


@dataclass
class LocaleFolder:
    """The files of one `locales/<tag>/`: words and texts by workflow, and those for all workflows."""

    tag: str
    words: dict[str, Document] = field(default_factory=dict)
    texts: dict[str, Text] = field(default_factory=dict)
    terms: Document | None = None
    rules: Text | None = None
    examples: Document | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def files(self) -> int:
        """How many files were read."""
        return len(self.words) + len(self.texts) + sum(each is not None for each in self._for_all)

    @property
    def _for_all(self) -> tuple[Document | Text | None, ...]:
        return (self.terms, self.rules, self.examples)

    def contributing(self, workflow: str) -> list[Document | Text]:
        """The files that have a part in this workflow's guideline."""
        shown = self.examples if self.examples is not None and _has_examples(self.examples, workflow) else None
        files = (self.words.get(workflow), self.texts.get(workflow), self.terms, self.rules, shown)
        return [each for each in files if each is not None]


def _has_examples(document: Document, workflow: str) -> bool:
    return any(each["workflow"] == workflow for each in document.value["examples"])


def read_base(root: Path) -> Base:
    """Read `base/` under `root`."""
    base = Base()
    for path in _entries(root / "base"):
        _read_base_file(base, root, path)
    if not base.workflows:
        fix = "check the folder, or add base/<workflow>.yaml"
        base.problems.append(Problem("base", 1, "there is no workflow in this folder", fix))
    return base


def _read_base_file(base: Base, root: Path, path: Path) -> None:
    match path.suffix if path.is_file() else None:
        case ".yaml" if path.stem == "terms":
            base.terms = read_yaml(*_read(base.problems, root, path))
        case ".yaml" if path.stem.endswith(_EXAMPLES):
            base.examples[path.stem.removesuffix(_EXAMPLES)] = read_yaml(*_read(base.problems, root, path))
        case ".yaml":
            base.workflows[path.stem] = read_yaml(*_read(base.problems, root, path))
        case ".md":
            base.texts[path.stem] = read_text(*_read(base.problems, root, path))
        case _:
            base.problems.append(_unread(path, root))


def locale_tags(root: Path) -> tuple[str, ...]:
    """The names of the folders in `locales/` under `root`."""
    return tuple(path.name for path in _entries(root / "locales") if path.is_dir())


def stray_problems(root: Path) -> list[Problem]:
    """Files in `locales/` that lie in no folder."""
    return [_unread(path, root) for path in _entries(root / "locales") if not path.is_dir()]


def read_locale(root: Path, tag: str) -> LocaleFolder:
    """Read `locales/<tag>/` under `root`."""
    folder = LocaleFolder(tag)
    folder.problems += _tag_problems(root / "locales" / tag, root)
    for path in _entries(root / "locales" / tag):
        _read_locale_file(folder, root, path)
    return folder


def _read_locale_file(folder: LocaleFolder, root: Path, path: Path) -> None:
    match (path.stem, path.suffix) if path.is_file() else None:
        case ("terms", ".yaml"):
            folder.terms = read_yaml(*_read(folder.problems, root, path))
        case ("examples", ".yaml"):
            folder.examples = read_yaml(*_read(folder.problems, root, path))
        case ("locale", ".md"):
            folder.rules = read_text(*_read(folder.problems, root, path))
        case (workflow, ".yaml"):
            folder.words[workflow] = read_yaml(*_read(folder.problems, root, path))
        case (workflow, ".md"):
            folder.texts[workflow] = read_text(*_read(folder.problems, root, path))
        case _:
            folder.problems.append(_unread(path, root))


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder, without hidden files; nothing if there is no such folder."""
    return sorted(each for each in folder.glob("*") if not each.name.startswith(".")) if folder.is_dir() else []


def _read(problems: list[Problem], root: Path, path: Path) -> tuple[str, str]:
    """The file's name from `root` on and its text; what is not UTF-8 in it is noted and read as \ufffd."""
    data, file = path.read_bytes(), path.relative_to(root).as_posix()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.append(Problem(file, line, "this is not UTF-8 text", "save the file as UTF-8"))
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
