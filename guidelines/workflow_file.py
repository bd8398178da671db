"""Base workflow files: their rules beyond the schema, and the workflow they describe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from guidelines.errors import Problem
from guidelines.model import Choice, Question, Severity, Workflow
from guidelines.schema import schema_problems
from guidelines.wording import instead
from guidelines.yaml_file import Document, Place


def workflow_problems(document: Document) -> list[Problem]:
    """Everything wrong with a base file, as far as its form allows to tell."""
    if not isinstance(document.value, dict):
        return [*document.problems, *(() if document.problems else schema_problems(document, "workflow"))]
    return [*document.problems, *schema_problems(document, "workflow"), *_rules(document)]


def workflow_of(fields: Mapping[str, Any]) -> Workflow:
    """The workflow of a base file without problems."""
    plain = {name: fields[name] for name in ("version", "title", "summary", "responses", "headline")}
    questions = tuple(_question(each) for each in fields["questions"])
    return Workflow(id=fields["workflow"], texts=dict(fields["texts"]), questions=questions, **plain)


def _question(fields: Mapping[str, Any]) -> Question:
    parts = {
        "choices": tuple(Choice(**_with_float(each, "number")) for each in fields.get("choices", ())),
        "severities": tuple(Severity(**_with_float(each, "weight")) for each in fields.get("severities", ())),
    }
    return Question(**(_with_float(fields, "minimum", "maximum") | parts))


def _with_float(fields: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: float(value) if key in names else value for key, value in fields.items()}


def _rules(document: Document) -> Iterator[Problem]:
    fields = document.value
    yield from name_problems(document, "workflow", PurePath(document.file).stem, "the file's name")
    yield from _text_problems(document)
    questions = dict(_entries(fields, "questions"))
    yield from _duplicates(document, ("questions",), questions, "id", "a question's id")
    for index, question in questions.items():
        yield from _question_problems(document, ("questions", index), question)
    ids = [each.get("id") for each in questions.values()]
    if "headline" in fields and fields["headline"] not in ids:
        message = f"the headline {fields['headline']!r} is not a question of this file"
        yield document.problem(("headline",), message, instead(fields["headline"], ids))


def name_problems(document: Document, field: str, expected: str, source: str) -> Iterator[Problem]:
    """A field that must repeat the name of its file or folder, and does not."""
    given = document.value.get(field) if isinstance(document.value, dict) else None
    if isinstance(given, str) and given != expected:
        message = f"{field} is {given!r}, but {source} is {expected!r}"
        yield document.problem((field,), message, f"write {field}: {expected}, or rename")


def _text_problems(document: Document) -> Iterator[Problem]:
    """An item shows its prompt and its responses, and each needs a name on the screen."""
    count, texts = document.value.get("responses"), document.value.get("texts")
    if isinstance(count, int) and count in range(27) and isinstance(texts, dict):
        needed = ["prompt", *(f"response_{chr(ord('a') + index)}" for index in range(count))]
        for name in [name for name in needed if name not in texts]:
            message = f"texts: {name!r} is missing, though an item shows {count} responses"
            yield document.problem(("texts",), message, f"add {name}: …")


def _question_problems(document: Document, place: Place, question: dict[str, Any]) -> Iterator[Problem]:
    choices, severities = dict(_entries(question, "choices")), dict(_entries(question, "severities"))
    for name, entries in (("choices", choices), ("severities", severities)):
        yield from _duplicates(document, (*place, name), entries, "code", f"a code in {name} of this question")
        yield from _duplicates(document, (*place, name), entries, "title", f"a title in {name} of this question")
    yield from _hotkey_problems(document, place, choices, severities)
    yield from _range_problems(document, place, question)
    if question.get("kind") == "preference":
        yield from _preference_problems(document, place, [each.get("number") for each in choices.values()])


def _entries(fields: Mapping[str, Any], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The entries of a list that are fields at all; the schema has told of the others."""
    values = fields.get(name)
    for index, entry in enumerate(values if isinstance(values, list) else ()):
        if isinstance(entry, dict):
            yield index, entry


def _duplicates(
    document: Document, place: Place, entries: Mapping[int, dict[str, Any]], field: str, what: str
) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, entry in entries.items():
        value, here = entry.get(field), (*place, index, field)
        if isinstance(value, str) and value in first:
            message = f"{value!r} is {what} twice, first on line {first[value]}"
            yield document.problem(here, message, f"give one of them another {field}")
        elif isinstance(value, str):
            first[value] = document.line(here)


def _hotkey_problems(
    document: Document, place: Place, choices: dict[int, dict[str, Any]], severities: dict[int, dict[str, Any]]
) -> Iterator[Problem]:
    """Choices and severities are on the screen together, so they share their keys."""
    first: dict[str, int] = {}
    for name, entries in (("choices", choices), ("severities", severities)):
        for index, entry in entries.items():
            key, here = entry.get("hotkey"), (*place, name, index, "hotkey")
            if isinstance(key, str) and key in first:
                message = f"the hotkey {key!r} is used twice in this question, first on line {first[key]}"
                yield document.problem(here, message, "choose another key")
            elif isinstance(key, str):
                first[key] = document.line(here)


def _range_problems(document: Document, place: Place, question: dict[str, Any]) -> Iterator[Problem]:
    low, high = question.get("minimum"), question.get("maximum")
    if isinstance(low, int | float) and isinstance(high, int | float) and low >= high:
        message = f"the maximum {high} is not above the minimum {low}"
        yield document.problem((*place, "maximum"), message, "raise the maximum or lower the minimum")


def _preference_problems(document: Document, place: Place, numbers: list[Any]) -> Iterator[Problem]:
    """Responses are shown in random order and answers turned back, so each answer needs its mirror."""
    if document.value.get("responses") != 2:
        message = "a preference compares two responses, and an item shows another number of them"
        yield document.problem(("responses",), message, "write responses: 2, or choose another kind")
    known = [number for number in numbers if isinstance(number, int | float)]
    if len(known) == len(numbers) and sorted(known) != sorted({-number for number in known}):
        message = f"the numbers {', '.join(map(str, known))} are not symmetric around 0"
        yield document.problem((*place, "choices"), message, "give each choice the negative number of its opposite")
