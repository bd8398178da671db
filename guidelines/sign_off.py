"""Writing a sign-off into the files of a locale."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from guidelines.checks import guideline_problems
from guidelines.clauses import Text, read_text
from guidelines.drift import locale_drift
from guidelines.errors import InvalidGuidelines, NoSigner, Problem, UnknownLocale, UnknownWorkflow
from guidelines.signing import FIELDS, sign_off, signed_content
from guidelines.survey import Survey, chain_mistakes, survey
from guidelines.tags import parse_locale
from guidelines.yaml_file import Document, read_yaml

_SIGNED = re.compile(rf"(?:{'|'.join(FIELDS)}):")


def sign(root: Path, locale: str, workflows: Sequence[str], by: str, on: str) -> list[str]:
    """Sign off what makes up these workflows (none: all) in a locale, the files of its language too.

    Returns the files written: those that were not signed off as they are now. Raises NoSigner, UnknownLocale,
    UnknownWorkflow, and InvalidGuidelines when one of the files, or the base they build on, has a problem that `check`
    reports, or is written in a way that a sign-off cannot be put into; then no file is changed.
    """
    if not by.strip():
        raise NoSigner
    seen, tag = survey(root), parse_locale(locale).tag
    _require_known(seen, tag, workflows)
    chosen = workflows or list(seen.checked.base.workflows)
    problems = sorted(set(_problems(seen, tag)))
    if _has_mistakes(seen, tag):  # a file that cannot be read as meant: nothing can be said about the others
        raise InvalidGuidelines(problems)
    _refuse(list(_base_problems(seen, chosen)))
    files = _files(seen, tag, chosen)
    _refuse([each for each in problems if each.file in files])
    texts = {name: _signed(root / name, file, by, on) for name, file in files.items() if sign_off(file) is None}
    _refuse([_unsignable(name) for name, text in texts.items() if not _is_signed(files[name], text)])
    for name, text in texts.items():
        (root / name).write_text(text, encoding="utf-8")
    return list(texts)


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise InvalidGuidelines(sorted(set(problems)))


def _base_problems(seen: Survey, workflows: Sequence[str]) -> Iterator[Problem]:
    yield from seen.checked.problems
    for name in workflows:
        yield from guideline_problems(seen.checked, name)


def _signed(path: Path, file: Document | Text, by: str, on: str) -> str:
    return signed(path.read_text("utf-8-sig"), signed_content(file), by, on)


def _is_signed(file: Document | Text, text: str) -> bool:
    """Whether the text, read again, says the same as the file and is signed off."""
    read = read_text if isinstance(file, Text) else read_yaml
    again = read(file.file, text)
    return not again.problems and sign_off(again) is not None and signed_content(again) == signed_content(file)


def _unsignable(name: str) -> Problem:
    fix = "write each field on a line of its own, `name: value`, those of the sign-off in one line each"
    return Problem(name, 1, "a sign-off cannot be written into this file", fix)


def _require_known(seen: Survey, tag: str, workflows: Sequence[str]) -> None:
    if not seen.chain(tag):
        raise UnknownLocale(tag, seen.folders)
    for name in workflows:
        if name not in seen.checked.base.workflows:
            raise UnknownWorkflow(name, seen.checked.base.workflows)


def _problems(seen: Survey, tag: str) -> Iterator[Problem]:
    yield from chain_mistakes(seen, tag)
    for folder in seen.chain(tag):
        yield from locale_drift(seen, folder.tag)


def _has_mistakes(seen: Survey, tag: str) -> bool:
    return any(chain_mistakes(seen, tag))


def _files(seen: Survey, tag: str, workflows: Sequence[str]) -> dict[str, Document | Text]:
    """The overlay files by name, the locale's own first."""
    return {file.file: file for folder in seen.chain(tag) for name in workflows for file in folder.contributing(name)}


def signed(text: str, content: str, by: str, on: str) -> str:
    """The text of a file with the lines of its sign-off, in place of those it had; all else stays as it is.

    >>> print(signed("locale: fr\\nstatus: draft\\ntitle: Oui  # yes\\n", "0a1b2c3d4e5f", "Ana", "2026-11-20"), end="")
    locale: fr
    status: signed-off
    signed_by: "Ana"
    signed_on: 2026-11-20
    signed_content: "0a1b2c3d4e5f"
    title: Oui  # yes
    """
    lines = text.split("\n")
    end = _end_of_fields(lines)
    kept = [line for line in lines[:end] if not _SIGNED.match(line)]
    place = next((at for at, line in enumerate(lines[:end]) if _SIGNED.match(line)), len(kept))
    name = json.dumps(by, ensure_ascii=False)
    sign_off_lines = ["status: signed-off", f"signed_by: {name}", f"signed_on: {on}", f'signed_content: "{content}"']
    return "\n".join([*kept[:place], *sign_off_lines, *kept[place:], *lines[end:]])


def _end_of_fields(lines: Sequence[str]) -> int:
    """The index of the line that ends the fields: the second fence of a Markdown file, else the end of the text."""
    fences = [at for at, line in enumerate(lines) if line.rstrip() == "---"]
    if lines[0].rstrip() == "---" and len(fences) > 1:
        return fences[1]
    return len(lines) - 1 if lines[-1] == "" else len(lines)
