"""Who suggests answers in a programme: the part `suggestions` of programme.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from guidelines.model import Question, Workflow

HelperName = Literal["judge", "rubric", "grammar"]

_WITH_MODEL = ("judge", "rubric")
_CODED = ("single_choice", "rating", "preference", "ranking")  # answered with one code

Mistake = tuple[tuple[str | int, ...], str, str]
"""The path of a field, what is wrong with it, how to mend it."""


@dataclass(frozen=True)
class SuggestionRule:
    """A helper suggests answers to these questions of a workflow.

    `model` names an endpoint of the ML settings; `show` is the share of items whose annotators see the suggestions, 0
    to 1, drawn at random item by item.
    """

    helper: HelperName
    workflow: str
    questions: tuple[str, ...]
    show: float
    model: str | None = None


def suggestion_rules(given: Sequence[Mapping[str, Any]], workflows: Mapping[str, Workflow]) -> list[SuggestionRule]:
    """The rules as given, without mistakes; a grammar helper looks at every question about errors unless told."""
    return [
        SuggestionRule(
            row["helper"],
            row["workflow"],
            tuple(row.get("questions") or _possible(row["helper"], workflows[row["workflow"]])),
            float(row["show"]),
            row.get("model"),
        )
        for row in given
    ]


def rule_mistakes(
    given: Sequence[Mapping[str, Any]], running: Sequence[str], workflows: Mapping[str, Workflow]
) -> Iterator[Mistake]:
    """What is wrong with rules in the right form; `running` are the programme's workflows."""
    helped: set[tuple[str, str, str]] = set()
    shown: set[tuple[str, str]] = set()
    for at, row in enumerate(given):
        if row["workflow"] not in running:
            message = f"the programme has no workflow {row['workflow']!r}"
            yield ("suggestions", at, "workflow"), message, f"choose: {', '.join(running)}"
        elif row["workflow"] in workflows:
            yield from _own_mistakes(at, row, workflows[row["workflow"]])
            yield from _twice(at, row, workflows[row["workflow"]], helped, shown)


def _own_mistakes(at: int, row: Mapping[str, Any], workflow: Workflow) -> Iterator[Mistake]:
    helper, possible = row["helper"], _possible(row["helper"], workflow)
    if helper in _WITH_MODEL and "model" not in row:
        yield ("suggestions", at), f"{helper}: no model", "name a model of the ML settings: model: …"
    if helper not in _WITH_MODEL and "model" in row:
        yield ("suggestions", at, "model"), f"{helper} asks no model", "leave model out"
    if not possible:
        message = f"{workflow.id} has no question that {helper} can answer"
        yield ("suggestions", at, "helper"), message, "take another helper"
    elif helper in _WITH_MODEL and "questions" not in row:
        yield ("suggestions", at), f"{helper}: no questions", f"choose some: {', '.join(possible)}"
    for column, name in enumerate(row.get("questions", ())):
        if name not in possible:
            message = f"{helper} cannot answer {name!r} of {workflow.id}"
            yield ("suggestions", at, "questions", column), message, f"choose: {', '.join(possible) or 'none'}"


def _twice(
    at: int,
    row: Mapping[str, Any],
    workflow: Workflow,
    helped: set[tuple[str, str, str]],
    shown: set[tuple[str, str]],
) -> Iterator[Mistake]:
    """A helper answers a question once, and annotators are shown one suggestion for it."""
    for name in row.get("questions") or _possible(row["helper"], workflow):
        if (row["helper"], workflow.id, name) in helped:
            yield ("suggestions", at), f"{row['helper']} answers {name!r} of {workflow.id} twice", "take one out"
        elif row["show"] > 0 and (workflow.id, name) in shown:
            message = f"two helpers would be shown for {name!r} of {workflow.id}"
            yield ("suggestions", at, "show"), message, "give show: 0 to one of them"
        helped.add((row["helper"], workflow.id, name))
        if row["show"] > 0:
            shown.add((workflow.id, name))


def _possible(helper: str, workflow: Workflow) -> list[str]:
    return [question.id for question in workflow.questions if _can_answer(helper, question)]


def _can_answer(helper: str, question: Question) -> bool:
    if helper == "grammar":
        return question.kind == "error_spans" and question.target == "response"
    return question.kind in _CODED
