"""Guideline texts: the rules for base and locale Markdown."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import PurePath
from typing import Any

from guidelines.clauses import Text
from guidelines.errors import Problem
from guidelines.schema import schema_problems
from guidelines.wording import instead
from guidelines.workflow_file import name_problems


def base_text_problems(text: Text, version: object) -> list[Problem]:
    """Everything wrong with a base guideline; `version` is what the YAML beside it says, None if there is none."""
    problems = [*text.problems, *_front_problems(text, "base_text"), *_section_problems(text)]
    if version is None:
        message = f"there is no {PurePath(text.file).stem}.yaml beside this guideline"
        problems.append(Problem(text.file, 1, message, "add the workflow's questions, or rename this file"))
    elif _numbers(version) and _numbers(text.fields.get("version")) not in ((), _numbers(version)):
        message = f"the version {text.fields['version']!r} is not the one of the YAML beside it, {version!r}"
        problems.append(text.front.problem(("version",), message, "give both the same version"))
    return problems


def locale_text_problems(text: Text, base: Text | None, version: object, known: Collection[str]) -> list[Problem]:
    """Everything wrong with a locale's rules.

    `base` is the base guideline (None if missing), `version` the base workflow's, `known` the clause ids that the base
    and the more general locales have.
    """
    problems = [*text.problems, *_front_problems(text, "locale_text"), *_section_problems(text)]
    if base is None:
        message = "the base has no guideline of this name"
        return [*problems, Problem(text.file, 1, message, "rename the file after a file in base/")]
    return [*problems, *_based_on(text, version), *_replaces(text, known)]


def _section_problems(text: Text) -> Iterator[Problem]:
    if text.preamble:
        message = "text before the first section is not shown; the title comes from the YAML file"
        yield Problem(text.file, text.preamble_line, message, "put it under a heading: ## … {#…}, or remove it")
    elif not text.sections and not text.problems:
        fix = "write at least one: ## Purpose {#purpose}"
        yield Problem(text.file, text.preamble_line, "there is no section in this file", fix)


def _front_problems(text: Text, schema: Any) -> Iterator[Problem]:
    if text.front.problems:
        return
    yield from schema_problems(text.front, schema)
    path = PurePath(text.file)
    yield from name_problems(text.front, "workflow", path.stem, "the file's name")
    if schema == "locale_text":
        yield from name_problems(text.front, "locale", path.parent.name, "the folder's name")


def _based_on(text: Text, version: object) -> Iterator[Problem]:
    given = text.fields.get("based_on")
    numbers, wanted = _numbers(given), _numbers(version)
    if numbers and wanted and numbers < wanted:
        message = f"based_on {given} is older than the base guideline, which is at version {version}"
        fix = f'read the base again, adapt this file, then write based_on: "{version}"'
        yield text.front.problem(("based_on",), message, fix)
    elif numbers and wanted and numbers > wanted:
        message = f"based_on {given} does not exist: the base guideline is at version {version}"
        yield text.front.problem(("based_on",), message, f'write based_on: "{version}"')


def _numbers(version: object) -> tuple[int, ...]:
    """A version in order of age, `1.10` after `1.9`; empty for what is no version."""
    parts = version.split(".") if isinstance(version, str) else [""]
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()


def _replaces(text: Text, known: Collection[str]) -> Iterator[Problem]:
    listed, own = text.fields.get("replaces"), {section.id for section in text.sections}
    for index, clause in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(clause, str):
            continue
        if clause not in known:
            message = f"replaces names {clause!r}, which is no clause of the base"
            yield text.front.problem(("replaces", index), message, instead(clause, known))
        elif clause not in own:
            message = f"replaces names {clause!r}, but this file has no section of that id"
            yield text.front.problem(("replaces", index), message, f"add a section ## … {{#{clause}}}, or remove it")
