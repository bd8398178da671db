"""The questions of a base file: their rules beyond the schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from guidelines.errors import Problem
from guidelines.wording import instead
from guidelines.yaml_file import Document, Place


def questions_problems(document: Document) -> Iterator[Problem]:
    """Everything wrong with the questions of a base file, as far as their form allows to tell."""
    questions = dict(entries(document.value, "questions"))
    yield from _duplicates(document, ("questions",), questions, "id", "a question's id")
    for index, question in questions.items():
        earlier = [each for place, each in questions.items() if place < index]
        yield from _question_problems(document, ("questions", index), question)
        yield from _condition_problems(document, ("questions", index), question, earlier)


def entries(fields: Mapping[str, Any], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The entries of a list that are fields at all; the schema has told of the others."""
    values = fields.get(name)
    for index, entry in enumerate(values if isinstance(values, list) else ()):
        if isinstance(entry, dict):
            yield index, entry


def _question_problems(document: Document, place: Place, question: dict[str, Any]) -> Iterator[Problem]:
    choices, severities = dict(entries(question, "choices")), dict(entries(question, "severities"))
    for name, listed in (("choices", choices), ("severities", severities)):
        yield from _duplicates(document, (*place, name), listed, "code", f"a code in {name} of this question")
        yield from _duplicates(document, (*place, name), listed, "title", f"a title in {name} of this question")
    yield from _hotkey_problems(document, place, choices, severities)
    yield from _range_problems(document, place, question)
    yield from _shown_problems(document, place, question)
    yield from _name_problems(document, place, question)
    yield from _weight_problems(document, place, choices, severities)
    match question.get("kind"):
        case "preference":
            yield from _preference_problems(document, place, [each.get("number") for each in choices.values()])
        case "ranking":
            yield from _ranking_problems(document)
        case "edited_text":
            yield from _edits_problems(document, place, question)


def _duplicates(
    document: Document, place: Place, listed: Mapping[int, dict[str, Any]], field: str, what: str
) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, entry in listed.items():
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
    for name, listed in (("choices", choices), ("severities", severities)):
        for index, entry in listed.items():
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


def _shown_problems(document: Document, place: Place, question: dict[str, Any]) -> Iterator[Problem]:
    """A question about each response or claim, where an item shows none."""
    target = question.get("target")
    if target == "response" and document.value.get("responses") == 0:
        message = "this asks about each response, and an item shows none"
        yield document.problem((*place, "target"), message, "write target: item, or another number of responses")
    if target == "claim" and "claims" not in document.value:
        message = "this asks about each claim, and the file does not say how many an item has"
        yield document.problem((*place, "target"), message, "add claims: how many claims an item shows at most")


def _name_problems(document: Document, place: Place, question: dict[str, Any]) -> Iterator[Problem]:
    """On the screen a question and a text cannot have one name."""
    name, materials = question.get("id"), document.value.get("materials")
    if isinstance(materials, list) and name in materials:
        yield document.problem((*place, "id"), f"{name!r} is one of the materials too", "give the question another id")


def _weight_problems(
    document: Document, place: Place, choices: dict[int, dict[str, Any]], severities: dict[int, dict[str, Any]]
) -> Iterator[Problem]:
    """A category's own penalties are for severities that there are."""
    known = [str(each["code"]) for each in severities.values() if "code" in each]
    for index, choice in choices.items():
        weights = choice.get("weights")
        for code in weights if isinstance(weights, dict) else ():
            if code not in known:
                message = f"weights: this question has no severity {code!r}"
                yield document.problem((*place, "choices", index, "weights", code), message, instead(str(code), known))


def _preference_problems(document: Document, place: Place, numbers: list[Any]) -> Iterator[Problem]:
    """Responses are shown in random order and answers turned back, so each answer needs its mirror."""
    if document.value.get("responses") != 2:
        message = "a preference compares two responses, and an item shows another number of them"
        yield document.problem(("responses",), message, "write responses: 2, or choose another kind")
    known = [number for number in numbers if isinstance(number, int | float)]
    if len(known) == len(numbers) and sorted(known) != sorted({-number for number in known}):
        message = f"the numbers {', '.join(map(str, known))} are not symmetric around 0"
        yield document.problem((*place, "choices"), message, "give each choice the negative number of its opposite")


def _ranking_problems(document: Document) -> Iterator[Problem]:
    count = document.value.get("responses")
    if isinstance(count, int) and count < 2:
        message = f"a ranking orders responses, and an item shows {count}"
        yield document.problem(("responses",), message, "write responses: 2 or more, or choose another kind")


def _edits_problems(document: Document, place: Place, question: dict[str, Any]) -> Iterator[Problem]:
    edits, materials = question.get("edits"), document.value.get("materials")
    if question.get("target", "item") == "response":
        known = ["response"]
    else:
        known = ["prompt", *(each for each in (materials if isinstance(materials, list) else ()))]
    if isinstance(edits, str) and edits not in known:
        message = f"there is no text {edits!r} to edit here"
        yield document.problem((*place, "edits"), message, instead(edits, known))


def _condition_problems(
    document: Document, place: Place, question: dict[str, Any], earlier: list[dict[str, Any]]
) -> Iterator[Problem]:
    """A condition speaks of an answer that is there already, about the same thing or about the whole item."""
    condition = question.get("asked_when")
    if not isinstance(condition, dict) or not isinstance(condition.get("question"), str):
        return
    targets = ("item", question.get("target", "item"))
    open_to = {str(each.get("id")): each for each in earlier if each.get("target", "item") in targets and _codes(each)}
    name, codes = condition["question"], condition.get("codes")
    if name not in open_to:
        message = f"asked_when names {name!r}, which is no question further up about the same, answered with a code"
        yield document.problem((*place, "asked_when", "question"), message, instead(name, open_to))
        return
    known = _codes(open_to[name])
    for index, code in enumerate(codes if isinstance(codes, list) else ()):
        if isinstance(code, str) and code not in known:
            message = f"the question {name!r} has no code {code!r}"
            yield document.problem((*place, "asked_when", "codes", index), message, instead(code, known))


def _codes(question: dict[str, Any]) -> list[str]:
    """What the question can be answered with: the codes of its choices, or the levels of a rating."""
    low, high = question.get("minimum"), question.get("maximum")
    if question.get("kind") == "rating" and isinstance(low, int) and isinstance(high, int):
        return [str(level) for level in range(low, high + 1)]
    if question.get("kind") == "error_spans":
        return []
    return [str(each["code"]) for _, each in entries(question, "choices") if "code" in each]
