"""Guideline texts: the rules for base and locale Markdown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePath

from guidelines.clauses import Section, Text
from guidelines.errors import Problem
from guidelines.schema import SchemaName, schema_problems
from guidelines.wording import instead
from guidelines.workflow_file import name_problems

# Made from other files: the worked examples, the table of formats, the heading of the locale's rules.
MADE = {
    "examples": "write the examples into examples.yaml",
    "formats": "the table of formats has it: name yours differently",
    "rules-here": "the heading of the locale's rules has it: name yours differently",
}

_LINK = re.compile(r"\]\(#([^)\s]+)\)")
_DIGITS = re.compile(r"\d+")


def base_text_problems(text: Text, version: object) -> list[Problem]:
    """Everything wrong with a base guideline; `version` is what the YAML beside it says, None if there is none."""
    problems = [*text.problems, *_front_problems(text, "base_text"), *_section_problems(text), *_mandatory(text)]
    if version is None:
        message = f"there is no {PurePath(text.file).stem}.yaml beside this guideline"
        problems.append(Problem(text.file, 1, message, "add the workflow's questions, or rename this file"))
    elif _numbers(version) and _numbers(text.fields.get("version")) not in ((), _numbers(version)):
        message = f"the version {text.fields['version']!r} is not the one of the YAML beside it, {version!r}"
        problems.append(text.front.problem(("version",), message, "give both the same version"))
    return problems


def locale_text_problems(text: Text, base: Text | None, known: Collection[str]) -> list[Problem]:
    """Everything wrong with a locale's rules for one workflow, but for their age.

    `base` is the base guideline (None if missing), `known` the clause ids that the base and the more general locales
    have.
    """
    problems = [*text.problems, *_front_problems(text, "locale_text"), *_section_problems(text)]
    if base is None:
        message = "the base has no guideline of this name"
        return [*problems, Problem(text.file, 1, message, "rename the file after a file in base/")]
    return [
        *problems,
        *_listed(text, "replaces", known),
        *_listed(text, "translates", [section.id for section in base.sections]),
        *_kept(text, base),
        *_faithful(text, {section.id: section for section in base.sections}),
    ]


def rules_problems(text: Text, known: Collection[str]) -> list[Problem]:
    """Everything wrong with a locale's rules for all workflows; `known` are the clause ids of its language."""
    return [
        *text.problems,
        *_front_problems(text, "locale_rules"),
        *_section_problems(text),
        *_listed(text, "replaces", known),
    ]


def _section_problems(text: Text) -> Iterator[Problem]:
    if text.preamble:
        message = "text before the first section is not shown; the title comes from the YAML file"
        yield Problem(text.file, text.preamble_line, message, "put it under a heading: ## … {#…}, or remove it")
    elif not text.sections and not text.problems:
        fix = "write at least one: ## Purpose {#purpose}"
        yield Problem(text.file, text.preamble_line, "there is no section in this file", fix)
    for section in text.sections:
        if section.id in MADE:
            yield Problem(text.file, section.line, f"the clause id {section.id!r} is taken", MADE[section.id])


def _front_problems(text: Text, schema: SchemaName) -> Iterator[Problem]:
    if text.front.problems:
        return
    yield from schema_problems(text.front, schema)
    path = PurePath(text.file)
    if schema != "locale_rules":
        yield from name_problems(text.front, "workflow", path.stem, "the file's name")
    if schema != "base_text":
        yield from name_problems(text.front, "locale", path.parent.name, "the folder's name")


def _mandatory(text: Text) -> Iterator[Problem]:
    own = [section.id for section in text.sections]
    for index, clause in enumerate(listed(text, "mandatory")):
        if clause not in own:
            message = f"mandatory names {clause!r}, which is no clause of this file"
            yield text.front.problem(("mandatory", index), message, instead(clause, own))


def age_problems(text: Text, version: object) -> Iterator[Problem]:
    """Rules that were written from another version of the base than the present one."""
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
    return tuple(map(int, parts)) if all(part.isdecimal() and len(part) < 10 for part in parts) else ()


def listed(text: Text, field: str) -> list[str]:
    """The clause ids that a field of the front matter lists."""
    values = text.fields.get(field)
    return [each if isinstance(each, str) else "" for each in values] if isinstance(values, list) else []


def _listed(text: Text, field: str, known: Collection[str]) -> Iterator[Problem]:
    own = {section.id for section in text.sections}
    for index, clause in enumerate(listed(text, field)):
        if not clause:
            continue  # the schema has told
        if clause not in known:
            message = f"{field} names {clause!r}, which is no clause of the base"
            yield text.front.problem((field, index), message, instead(clause, known))
        elif clause not in own:
            message = f"{field} names {clause!r}, but this file has no section of that id"
            yield text.front.problem((field, index), message, f"add a section ## … {{#{clause}}}, or remove it")


def _kept(text: Text, base: Text) -> Iterator[Problem]:
    """Mandatory clauses hold everywhere: they are translated or added to, never replaced."""
    mandatory = set(listed(base, "mandatory"))
    for index, clause in enumerate(listed(text, "replaces")):
        if clause in mandatory:
            message = f"the clause {clause!r} is mandatory and cannot be replaced"
            fix = "list it under translates if it says the same, or remove it here, so that yours follows the base's"
            yield text.front.problem(("replaces", index), message, fix)


def _faithful(text: Text, base: Mapping[str, Section]) -> Iterator[Problem]:
    """A translation has the numbers and the links of its original."""
    translated = set(listed(text, "translates")) & base.keys()
    for section in text.sections:
        if section.id not in translated:
            continue
        for what, find in (("number", _figures), ("link", _links)):
            for missing in sorted(find(base[section.id].source) - find(section.source)):
                message = f"the clause {section.id!r} is a translation, and lacks the {what} {missing} of the base"
                yield Problem(text.file, section.line, message, "put it in, or list the clause under replaces")


def _figures(source: str) -> set[str]:
    """Whole numbers, in whatever digits they are written; separators part them.

    >>> sorted(_figures("1,5 and ٣٩"))
    ['1', '39', '5']
    """
    plain = "".join(str(unicodedata.digit(each)) if each.isdigit() else each for each in source)
    return set(_DIGITS.findall(plain))


def _links(source: str) -> set[str]:
    return {f"#{each}" for each in _LINK.findall(source)}
