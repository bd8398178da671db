"""Answers as the `result` of a Label Studio annotation: the way back of `answers`.

Simulated annotators, qualification tests and our own tests answer with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from guidelines.model import Workflow
from plugins.label_studio.controls import Control, controls, shown_text


@dataclass(frozen=True)
class Span:
    """An error to mark: offsets in code points, codes of category and severity, a correction or ""."""

    start: int
    end: int
    category: str
    severity: str
    correction: str = ""


Given = str | Sequence[Span]

_TURN = re.compile(r"turn_(\d+)(_reply)?")


def to_result(
    answers: Mapping[tuple[str, str], Given], workflow: Workflow, data: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The `result` list that says these answers, as the tool itself would have written it.

    `answers` maps (question, target) to the value as in `frames.JUDGMENTS` ("a_much", "4", "x|y", a text), or to
    spans for questions of marked errors; `data` is the task's data. Raises KeyError for a question not asked.
    """
    by_target = {(each.question.id, each.target): each for each in controls(workflow).values() if each.part == "answer"}
    result: list[dict[str, Any]] = []
    for asked, given in answers.items():
        if workflow.question(asked[0]).kind == "conversation":
            continue
        control = by_target[asked]
        if isinstance(given, str):
            result.append(_row(control, _value(control, given), f"answer-{control.name}"))
        else:
            result.extend(_spans(control, given, shown_text(data, control.text)))
    return result + [row for control in controls(workflow).values() for row in _talk(control, answers)]


def _talk(control: Control, answers: Mapping[tuple[str, str], Given]) -> Iterator[dict[str, Any]]:
    """One side of a conversation: the messages or the replies, in the order of the turns."""
    if control.part not in ("message", "reply"):
        return
    turns = {}
    for (question, target), text in answers.items():
        turn = _TURN.fullmatch(target) if question == control.question.id else None
        if turn and bool(turn[2]) == (control.part == "reply"):
            turns[int(turn[1])] = text
    if turns:
        texts = [turns.get(number, "") for number in range(1, max(turns) + 1)]
        yield _row(control, {"text": texts}, f"answer-{control.name}")


def _value(control: Control, given: str) -> dict[str, Any]:
    question = control.question
    if question.kind in ("text", "edited_text"):
        return {"text": [given]}
    if question.kind == "number":
        return {"number": float(given)}
    if question.kind == "rating" and question.levels[0] == 1:
        return {"rating": int(given)}
    if question.kind == "multiple_choice":
        return {"choices": given.split("|")}
    return {"choices": [given]}


def _spans(control: Control, spans: Sequence[Span], text: str) -> Iterator[dict[str, Any]]:
    severity, correction = (replace(control, name=f"{control.name}__{part}") for part in ("severity", "correction"))
    for number, span in enumerate(spans):
        region = f"{control.name}-{number}"
        marked = {"start": span.start, "end": span.end, "text": text[span.start : span.end]}
        yield _row(control, {**marked, "labels": [span.category]}, region, "labels")
        yield _row(severity, {**marked, "choices": [span.severity]}, region)
        if span.correction:
            yield _row(correction, {**marked, "text": [span.correction]}, region)


def _row(control: Control, value: dict[str, Any], region: str, kind: str = "") -> dict[str, Any]:
    kinds = {"text": "textarea", "number": "number", "rating": "rating", "choices": "choices"}
    kind = kind or next(kinds[key] for key in reversed(value) if key in kinds)
    named = {"from_name": control.name, "to_name": control.text, "type": kind}
    return {"id": region, **named, "value": value, "origin": "manual"}
