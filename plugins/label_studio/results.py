"""Answers as the `result` of a Label Studio annotation: the way back of `answers`.

Simulated annotators, qualification tests and our own tests answer with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guidelines.model import Workflow
from plugins.label_studio.controls import Control, controls


@dataclass(frozen=True)
class Span:
    """An error to mark: offsets in code points, codes of category and severity, a correction or ""."""

    start: int
    end: int
    category: str
    severity: str
    correction: str = ""


Given = str | Sequence[Span]


def to_result(
    answers: Mapping[tuple[str, str], Given], workflow: Workflow, data: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The `result` list that says these answers, as the tool itself would have written it.

    `answers` maps (question, target) to the value as in `frames.JUDGMENTS` ("a_much", "4", "x|y", a text), or to
    spans for questions of marked errors; `data` is the task's data. Raises KeyError for a question not asked.
    """
    by_target = {(each.question.id, each.target): each for each in controls(workflow).values() if each.part == "answer"}
    result: list[dict[str, Any]] = []
    for asked, given in answers.items():
        control = by_target[asked]
        if isinstance(given, str):
            result.append(_row(control.name, control.text, f"answer-{control.name}", _value(control, given)))
        else:
            result.extend(_spans(control, given, data[control.text]))
    return result


def _value(control: Control, given: str) -> dict[str, Any]:
    question = control.question
    if question.kind == "text":
        return {"text": [given]}
    if question.kind == "number":
        return {"number": float(given)}
    if question.kind == "rating" and question.levels[0] == 1:
        return {"rating": int(given)}
    if question.kind == "multiple_choice":
        return {"choices": given.split("|")}
    return {"choices": [given]}


def _spans(control: Control, spans: Sequence[Span], text: str) -> Iterator[dict[str, Any]]:
    for number, span in enumerate(spans):
        region = f"{control.name}-{number}"
        marked = {"start": span.start, "end": span.end, "text": text[span.start : span.end]}
        yield _row(control.name, control.text, region, {**marked, "labels": [span.category]}, "labels")
        yield _row(f"{control.name}__severity", control.text, region, {**marked, "choices": [span.severity]})
        if span.correction:
            yield _row(f"{control.name}__correction", control.text, region, {**marked, "text": [span.correction]})


def _row(name: str, text: str, region: str, value: dict[str, Any], kind: str = "") -> dict[str, Any]:
    kinds = {"text": "textarea", "number": "number", "rating": "rating", "choices": "choices"}
    kind = kind or next(kinds[key] for key in reversed(value) if key in kinds)
    return {"id": region, "from_name": name, "to_name": text, "type": kind, "value": value, "origin": "manual"}
