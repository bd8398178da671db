"""The form of a programme's files, as JSON schemas; each `description` says what to give in place of a mistake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from plugins.masking import KINDS
from plugins.pass_marks import MEASURES

Path = tuple[str | int, ...]


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "description": description}


def _object(required: list[str], properties: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required,
        "additionalProperties": False,
        "properties": properties,
        "description": description,
    }


def _list(description: str) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": _text(description), "description": description}


def _texts(description: str) -> dict[str, Any]:
    return {**_list(description), "uniqueItems": True}


_NAME = {**_text("letters, digits, - and _"), "pattern": r"^[A-Za-z0-9_-]+\Z"}

_SUGGESTIONS = _object(
    ["helper", "workflow", "show"],
    {
        "helper": {"enum": ["judge", "rubric", "grammar"], "description": "judge, rubric or grammar"},
        "workflow": _text("one of the programme's workflows"),
        "questions": _texts("a list of questions of the workflow, none twice"),
        "model": _text("the name of a model in the ML settings"),
        "show": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "description": "the share of items that are shown the suggestion: 0 none, 1 all",
        },
    },
    "helper, workflow and show, and perhaps questions and model",
)

_PART = {"type": "number", "minimum": 0, "maximum": 1, "description": "a number from 0 to 1"}

_SCREENING = _object(
    [],
    {
        "protection": {"enum": ["reveal", "route", "none"], "description": "reveal, route or none"},
        "thresholds": {
            "type": "object",
            "additionalProperties": _PART,
            "description": "screens, each with a number from 0 to 1",
        },
        "pass_share": _PART,
        "mask": {
            "type": "array",
            "uniqueItems": True,
            "items": {"enum": list(KINDS), "description": f"one of {', '.join(KINDS)}"},
            "description": "a list of kinds of personal data, none twice",
        },
    },
    "protection, thresholds, pass_share or mask",
)

_MARK_OF_SCORE = {"type": "number", "minimum": 0, "description": "the highest score that passes, 0 or more"}

_PASS_MARKS = {
    "type": "object",
    "additionalProperties": {
        **_object([], dict.fromkeys(MEASURES, _MARK_OF_SCORE), f"{' or '.join(MEASURES)}, with the highest score"),
        "minProperties": 1,
    },
    "description": "workflows that mark errors, each with per_1000_words or per_annotation",
}

PROGRAMME = _object(
    ["programme", "title", "source", "workflows", "locales", "overlap"],
    {
        "programme": _NAME,
        "title": _text("a text that people read"),
        "source": {"enum": ["label_studio", "argilla"], "description": "label_studio or argilla"},
        "workflows": _texts("a list of workflow ids, none twice"),
        "locales": _texts("a list of locales such as de-DE, none twice"),
        "overlap": {"type": "integer", "minimum": 1, "description": "how many annotators see each item, 1 or more"},
        "stage": {
            "enum": ["annotate", "review", "audit", "adjudicate", "qualification"],
            "description": "annotate, review, audit, adjudicate or qualification",
        },
        "screening": _SCREENING,
        "pass_marks": _PASS_MARKS,
        "suggestions": {"type": "array", "items": _SUGGESTIONS, "description": "a list of helpers"},
    },
    "programme.yaml with programme, title, source, workflows, locales and overlap",
)

_RESPONSE = _object(
    ["text", "model"],
    {
        "text": _text("the response's text"),
        "model": _text("the name of the model"),
        "iteration": {"type": ["string", "null"], "description": "the model's iteration as a text"},
    },
    "a response with text and model",
)

_WHOLE = {"type": "integer", "minimum": 0, "description": "an offset in code points, counted from 0"}

_SEEDED = _object(
    ["start", "end", "text", "category", "severity"],
    {
        "start": _WHOLE,
        "end": _WHOLE,
        "text": _text("the words from start to end"),
        "category": _text("a category of the workflow"),
        "severity": _text("a severity of the workflow"),
    },
    "a seeded error with start, end, text, category and severity",
)

ITEM = _object(
    ["item", "prompt", "responses"],
    {
        "item": _text("a name that no other item of the programme has"),
        "domain": {"type": ["string", "null"], "description": "a text"},
        "batch": {"type": ["string", "null"], "description": "a text"},
        "prompt": _text("the prompt's text"),
        "responses": {"type": "array", "items": _RESPONSE, "description": "a list of responses"},
        "claims": _list("a list of the claims' texts"),
        "materials": {
            "type": "object",
            "additionalProperties": _text("the material's text"),
            "description": "name: text, for each material of the workflow",
        },
        "gold": {
            "type": ["object", "null"],
            "additionalProperties": {"type": "string", "description": "a code as text"},
            "description": "question: code or question@target: code (a, b, …, claim_1, …), or null",
        },
        "seeded_errors": {"type": ["array", "null"], "items": _SEEDED, "description": "a list of errors, or null"},
    },
    "an object with item, prompt and responses",
)


_MARK = _object(
    ["start", "end", "message"],
    {
        "start": _WHOLE,
        "end": _WHOLE,
        "message": _text("what is wrong there"),
        "replacement": {"type": ["string", "null"], "description": "what should stand there, or null"},
    },
    "a mark with start, end and message",
)

SUGGESTION = _object(
    ["id", "item", "question", "target", "helper", "provider", "value", "made"],
    {
        "id": _text("letters and digits that no other suggestion has"),
        "item": _text("the name of an item"),
        "question": _text("a question of the item's workflow"),
        "target": _text("item, response_1, … or claim_1, …"),
        "helper": {"enum": ["judge", "rubric", "grammar"], "description": "judge, rubric or grammar"},
        "provider": _text("who answered, with version"),
        "value": {"type": ["string", "null"], "description": "a code, or null where the helper came to none"},
        "made": _text("a time with a zone"),
        "reason": {"type": ["string", "null"], "description": "a sentence, or null"},
        "marks": {"type": "array", "items": _MARK, "description": "a list of marks"},
        "probability": {"type": ["number", "null"], "minimum": 0, "maximum": 1, "description": "0 to 1, or null"},
        "digest": _text("the digest of the item's texts, or nothing"),
    },
    "a suggestion as `concord suggest` writes it",
)


def mistakes(schema: dict[str, Any], value: Any) -> Iterator[tuple[Path, str, str]]:
    """Where `value` departs from `schema`: the path of the field, what is wrong, how to mend it."""
    for error in Draft202012Validator(schema).iter_errors(value):
        path = tuple(error.absolute_path)
        yield path, f"{_field(path)}{_wrong(error)}", f"give {error.schema['description']}"


def _field(path: Path) -> str:
    return f"{'.'.join(map(str, path))}: " if path else ""


def _wrong(error: ValidationError) -> str:
    if error.validator == "minLength":
        return "is empty"
    return str(error.message)[:200]
