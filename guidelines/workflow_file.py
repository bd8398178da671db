"""Base workflow files: their rules beyond the schema, and the workflow they describe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from string import ascii_lowercase
from typing import Any

from guidelines.errors import Problem
from guidelines.model import Choice, Condition, Question, Severity, Workflow
from guidelines.question_rules import entries, questions_problems
from guidelines.schema import form_problems
from guidelines.wording import instead
from guidelines.yaml_file import Document


def workflow_problems(document: Document) -> list[Problem]:
    """Everything wrong with a base file, as far as its form allows to tell."""
    rules = _rules(document) if isinstance(document.value, dict) else ()
    return [*form_problems(document, "workflow"), *rules]


def workflow_of(fields: Mapping[str, Any]) -> Workflow:
    """The workflow of a base file without problems."""
    plain = {name: fields[name] for name in ("version", "title", "summary", "responses", "headline")}
    return Workflow(
        id=fields["workflow"],
        texts=dict(fields["texts"]),
        questions=tuple(_question(each) for each in fields["questions"]),
        claims=fields.get("claims", 0),
        materials=tuple(fields.get("materials", ())),
        sensitive=fields.get("sensitive", False),
        **plain,
    )


def _question(fields: Mapping[str, Any]) -> Question:
    parts: dict[str, Any] = {
        "choices": tuple(_choice(each) for each in fields.get("choices", ())),
        "severities": tuple(Severity(**_with_float(each, "weight")) for each in fields.get("severities", ())),
    }
    if "asked_when" in fields:
        condition = fields["asked_when"]
        parts["asked_when"] = Condition(condition["question"], tuple(condition["codes"]))
    if fields["kind"] == "edited_text":
        usual = "response" if fields.get("target") == "response" else "prompt"
        parts["edits"] = fields.get("edits", usual)
    return Question(**(_with_float(fields, "minimum", "maximum") | parts))


def _choice(fields: Mapping[str, Any]) -> Choice:
    weights = {code: float(weight) for code, weight in fields.get("weights", {}).items()}
    return Choice(**(_with_float(fields, "number") | {"weights": weights}))


def _with_float(fields: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: float(value) if key in names else value for key, value in fields.items()}


def _rules(document: Document) -> Iterator[Problem]:
    fields = document.value
    yield from name_problems(document, "workflow", PurePath(document.file).stem, "the file's name")
    yield from _text_problems(document)
    yield from questions_problems(document)
    ids = [each.get("id") for _, each in entries(fields, "questions")]
    if "headline" in fields and fields["headline"] not in ids:
        message = f"the headline {fields['headline']!r} is not a question of this file"
        yield document.problem(("headline",), message, instead(fields["headline"], ids))
    if "claims" in fields and not any(each.get("target") == "claim" for _, each in entries(fields, "questions")):
        message = "an item shows claims, and no question asks about them"
        yield document.problem(("claims",), message, "give a question target: claim, or remove claims")


def name_problems(document: Document, field: str, expected: str, source: str) -> Iterator[Problem]:
    """A field that must repeat the name of its file or folder, and does not."""
    given = document.value.get(field) if isinstance(document.value, dict) else None
    if isinstance(given, str) and given != expected:
        message = f"{field} is {given!r}, but {source} is {expected!r}"
        yield document.problem((field,), message, f"write {field}: {expected}, or rename")


def _text_problems(document: Document) -> Iterator[Problem]:
    """Whatever an item shows needs a name on the screen, and a name needs something to stand for."""
    texts = document.value.get("texts")
    if not isinstance(texts, dict):
        return
    needed = dict(_needed_texts(document.value))
    for name in [name for name in needed if name not in texts]:
        yield document.problem(("texts",), f"texts: {name!r} is missing, though {needed[name]}", f"add {name}: …")
    known = dict.fromkeys([*needed, *(f"response_{letter}" for letter in ascii_lowercase), *_VOLUNTARY])
    for name in [name for name in texts if name not in known]:
        fix = instead(name, [*needed, *(each for each in _VOLUNTARY if each not in needed)])
        yield document.problem(("texts", name), f"texts: there is no place to show {name!r}", fix)


_VOLUNTARY = ("severity", "correction", "claim", "message", "reply", "warning", "reveal")


def _needed_texts(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The names of the texts that this workflow shows, each with the reason."""
    count, materials = fields.get("responses"), fields.get("materials")
    yield "prompt", "every item shows one"
    for letter in ascii_lowercase[: count if isinstance(count, int) else 0]:
        yield f"response_{letter}", f"an item shows {count} responses"
    for name in materials if isinstance(materials, list) else ():
        yield str(name), "it is one of the materials"
    if "claims" in fields:
        yield "claim", "an item shows claims"
    if fields.get("sensitive") is True:
        yield "warning", "the workflow is sensitive"
        yield "reveal", "the workflow is sensitive"
    if any(each.get("kind") == "conversation" for _, each in entries(fields, "questions")):
        yield "message", "there is a conversation"
        yield "reply", "there is a conversation"
