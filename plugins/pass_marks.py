"""Which MQM score passes, the part `pass_marks` of programme.yaml, and what errors cost: for analytics to know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from guidelines.model import Workflow

MEASURES = ("per_1000_words", "per_annotation")
"""The MQM scores a pass mark can be set for: penalty per 1,000 words of the marked texts, or per annotation."""

PassMarks = Mapping[str, Mapping[str, float]]
"""By workflow and measure, the highest score that passes."""

Mistake = tuple[tuple[str | int, ...], str, str]
"""The path of a field, what is wrong with it, how to mend it."""


def pass_marks(given: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """The marks as given, in the form of the schema.

    >>> pass_marks({"fluency_review": {"per_1000_words": 25}})
    {'fluency_review': {'per_1000_words': 25.0}}
    """
    return {workflow: {measure: float(most) for measure, most in marks.items()} for workflow, marks in given.items()}


def pass_mark_mistakes(
    given: Mapping[str, Any], running: Sequence[str], workflows: Mapping[str, Workflow]
) -> Iterator[Mistake]:
    """Marks for workflows that the programme has not, or that mark no errors; `running` are the programme's."""
    possible = [name for name in running if name in workflows and _marks_errors(workflows[name])]
    for workflow in given:
        if workflow not in possible:
            known = ", ".join(possible) or "none of the programme's workflows marks errors: leave pass_marks out"
            yield ("pass_marks", workflow), f"the programme marks no errors in {workflow!r}", f"choose: {known}"


def pass_mark_rows(
    programme: str, marks: PassMarks, running: Sequence[str], workflows: Mapping[str, Workflow]
) -> list[dict[str, Any]]:
    """The rows of `frames.PASS_MARKS`; where there is no mark `at_most` is None, so one taken back is forgotten."""
    return [
        {"programme": programme, "workflow": name, "measure": measure, "at_most": marks.get(name, {}).get(measure)}
        for name in running
        if _marks_errors(workflows[name])
        for measure in MEASURES
    ]


def penalty_rows(workflow: Workflow, version: str) -> list[dict[str, Any]]:
    """The rows of `frames.PENALTIES`: what each error costs in this guideline version."""
    return [
        {
            "guideline_version": version,
            "question": question.id,
            "category": category.code,
            "severity": severity.code,
            "weight": question.weight(category.code, severity.code),
            "repeated_errors": question.repeated_errors,
        }
        for question in workflow.questions
        if question.kind == "error_spans"
        for category in question.choices
        for severity in question.severities
    ]


def _marks_errors(workflow: Workflow) -> bool:
    return any(question.kind == "error_spans" for question in workflow.questions)
