"""Locale files: their rules, given the base workflow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from guidelines.errors import Problem
from guidelines.model import Question, Workflow
from guidelines.schema import form_problems
from guidelines.wording import instead
from guidelines.words import Spot, Words, base_words, overlay_words
from guidelines.workflow_file import name_problems
from guidelines.yaml_file import Document


def overlay_problems(document: Document, workflow: Workflow | None, complete: bool, inherited: Words) -> list[Problem]:
    """Everything wrong with a locale file.

    `workflow` is its base, None while that is missing or has problems of its own; `complete` says whether the file must
    translate everything, as it must where no English and no more general locale, such as `fr` for `fr-CA`, fills gaps.
    `inherited` are the words that it stands in front of: the base's and those of more general locales.
    """
    problems = form_problems(document, "locale")
    if not isinstance(document.value, dict):
        return problems
    problems += _name_problems(document)
    if workflow is not None:
        problems += _unknown(document, workflow)
        problems += _missing(document, workflow) if complete else ()
    shown = {**inherited, **overlay_words(fields_of(document))}
    return [*problems, *_same_titles(document, shown), *_titles_as_codes(document, shown)]


def fields_of(document: Document) -> dict[str, Any]:
    """The document's fields; empty if it has none."""
    return document.value if isinstance(document.value, dict) else {}


def _name_problems(document: Document) -> Iterator[Problem]:
    path = PurePath(document.file)
    yield from name_problems(document, "workflow", path.stem, "the file's name")
    yield from name_problems(document, "locale", path.parent.name, "the folder's name")


def _unknown(document: Document, workflow: Workflow) -> Iterator[Problem]:
    questions = {question.id: question for question in workflow.questions}
    for place in document.lines:
        match place:
            case ("texts", name) if name not in workflow.texts:
                yield document.problem(place, f"the base has no text {name!r}", instead(name, workflow.texts))
            case ("questions", name) if name not in questions:
                yield document.problem(place, f"the base has no question {name!r}", instead(name, questions))
            case ("questions", str(name), "choices" | "severities" as part, code) if name in questions:
                codes = _codes(questions[name], part)
                if code not in codes:
                    message = f"the question {name!r} has no code {code!r} in {part}"
                    yield document.problem(place, message, instead(code, codes))


def _codes(question: Question, part: object) -> list[str]:
    return [each.code for each in (question.choices if part == "choices" else question.severities)]


def _missing(document: Document, workflow: Workflow) -> Iterator[Problem]:
    """Texts the annotator would see in English."""
    have = overlay_words(fields_of(document))
    started = {spot[:length] for spot in have for length in range(len(spot) + 1)}
    base = base_words(workflow)
    for spot in dict.fromkeys(_whole(spot, started) for spot in base if spot not in have):
        message = f"{' › '.join(spot)} is not translated" + (f": {base[spot]!r}" if spot in base else "")
        yield document.problem(spot, message, "add it")


def _whole(spot: Spot, started: set[Spot]) -> Spot:
    """The largest part that is missing around this place: a question left out is told once, not text by text."""
    return next(spot[:length] for length in range(1, len(spot) + 1) if spot[:length] not in started)


def _same_titles(document: Document, shown: Words) -> Iterator[Problem]:
    """Answers that annotators could not tell apart."""
    own = overlay_words(fields_of(document))
    first: dict[tuple[Spot, str], Spot] = {}
    for spot, text in {**own, **shown}.items():  # its own first: another file's mistakes are told there
        other = first.setdefault((spot[:3], text), spot) if _names_answer(spot) else spot
        if other != spot and other in own:
            message = f"{text!r} is the title of both {other[3]} and {spot[3]}"
            fix = "word one of them differently, so that annotators can tell them apart"
            yield document.problem(spot if spot in own else other, message, fix)


def _titles_as_codes(document: Document, shown: Words) -> Iterator[Problem]:
    """Titles that a labelling tool would take for the code of another answer."""
    codes = {(spot[:3], spot[3]) for spot in shown if _names_answer(spot)}
    for spot, text in overlay_words(fields_of(document)).items():
        if _names_answer(spot) and text != spot[3] and (spot[:3], text) in codes:
            message = f"the title of {spot[3]}, {text!r}, is the code of another answer"
            yield document.problem(spot, message, "word it differently")


def _names_answer(spot: Spot) -> bool:
    return spot[2:3] == ("severities",) or (spot[2:3] == ("choices",) and spot[-1] == "title")
