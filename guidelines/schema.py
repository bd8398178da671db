"""The form of the files, by JSON Schema, with messages for people who do not know JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from guidelines.errors import Problem
from guidelines.wording import instead
from guidelines.yaml_file import Document, Place

SchemaName = Literal[
    "workflow",
    "base_text",
    "terms",
    "examples",
    "locale",
    "locale_text",
    "locale_rules",
    "locale_terms",
    "locale_examples",
]

_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "fields, each as `name: value`",
}
_GIVEN = {str: "a text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "fields"}


def schema_problems(document: Document, name: SchemaName) -> list[Problem]:
    """Where the document departs from the schema: each field named, with what it may be. No order, no repeats."""
    errors = _validator(name).iter_errors(document.value)
    return list(dict.fromkeys(problem for error in errors for problem in _describe(document, error)))


def form_problems(document: Document, name: SchemaName) -> list[Problem]:
    """What is wrong with the document's form, as YAML and by the schema; a text that is no YAML is told of once."""
    if document.problems and not isinstance(document.value, dict):
        return list(document.problems)
    return [*document.problems, *schema_problems(document, name)]


@cache
def _validator(name: SchemaName) -> Draft202012Validator:
    schema = json.loads((Path(__file__).parent / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _describe(document: Document, error: ValidationError) -> Iterator[Problem]:
    place = tuple(error.absolute_path)
    words = _in_words(document.value, place)
    match error.validator:
        case "required":
            yield from _missing(document, error, place, f"{words}: " if words else "")
        case "additionalProperties":
            yield from _unknown(document, error, place, f"{words}: " if words else "")
        case "not" if not error.validator_value:  # nothing is allowed here
            message = f"{words}: a question of this kind has no such field"
            yield document.problem(place, message, "remove the field, or choose another kind")
        case _:
            yield document.problem(place, f"{words or 'the file'} {_wrong(error)}", _fix(error))


def _missing(document: Document, error: ValidationError, place: Place, where: str) -> Iterator[Problem]:
    about = _schema(error)["properties"]
    for name in _list(error.validator_value):
        if name not in cast(dict[str, Any], error.instance):
            yield document.problem(place, f"{where}{name!r} is missing", f"add {name}: {about[name]['description']}")


def _unknown(document: Document, error: ValidationError, place: Place, where: str) -> Iterator[Problem]:
    known = list(_schema(error)["properties"])
    for name in cast(dict[str, Any], error.instance):
        if name not in known:
            yield document.problem((*place, name), f"{where}there is no field {name!r} here", instead(name, known))


def _wrong(error: ValidationError) -> str:
    given = error.instance
    if given == [] or (isinstance(given, str) and not given.strip()):
        return "is empty"
    shown = json.dumps(given, ensure_ascii=False)
    match error.validator:
        case "type":
            return f"is {_GIVEN.get(type(given), 'empty')}"
        case "minimum":
            return f"must be at least {error.validator_value}, not {shown}"
        case "maximum":
            return f"must be at most {error.validator_value}, not {shown}"
        case "not":
            return f"cannot be {shown}: that name is taken"
        case _:
            return f"cannot be {shown}"


def _fix(error: ValidationError) -> str:
    match error.validator:
        case "enum":
            return instead(error.instance, _list(error.validator_value))
        case "not":
            return "choose another name"
        case "type" if "string" in _list(error.validator_value) and isinstance(error.instance, int | float):
            return "put it in quotes"  # as it stands: 1.10 and 007 would not be the same as read
        case "type":
            allowed = " or ".join(_TYPES[each] for each in _list(error.validator_value))
            return f"write {allowed}: {_schema(error)['description']}"
    return f"write {_schema(error)['description']}"


def _schema(error: ValidationError) -> dict[str, Any]:
    return cast(dict[str, Any], error.schema)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _in_words(value: Any, place: Place) -> str:
    """The place in words, list entries by their id or code: `questions › errors › choices › grammar › title`."""
    words = []
    for step in place:
        value = value[step]
        name = value.get("id") or value.get("code") if isinstance(value, dict) and isinstance(step, int) else None
        words.append(str(name) if name else f"no. {step + 1}" if isinstance(step, int) else step)
    return " › ".join(words)
