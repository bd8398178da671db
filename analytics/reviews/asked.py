"""What a workflow asks of reviewers: whether they accept, fix or reject, what is wrong, and the corrected text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analytics.scales import QuestionKey
from guidelines.model import Question, Workflow

ACCEPT, FIX, REJECT = OUTCOMES = ("accept", "fix", "reject")


@dataclass(frozen=True)
class Asked:
    """What workflows of reviews ask.

    `decisions` are answered with one of `OUTCOMES`, `corrections` by editing what was reviewed; `findings` are the
    further questions, each with its codes.
    """

    decisions: tuple[QuestionKey, ...]
    corrections: tuple[QuestionKey, ...]
    findings: Mapping[QuestionKey, tuple[str, ...]]


def asked(workflows: Mapping[str, Workflow]) -> Asked:
    """What those of the workflows ask that have a question whose choices are `OUTCOMES`."""
    decisions = tuple(
        (workflow.id, question.id)
        for workflow in workflows.values()
        for question in workflow.questions
        if _is_decision(question)
    )
    others = [
        ((workflow, question.id), question)
        for workflow, decision in decisions
        for question in workflows[workflow].questions
        if question.id != decision
    ]
    chosen = {key: each for key, each in others if each.kind in ("single_choice", "multiple_choice")}
    return Asked(
        decisions=decisions,
        corrections=tuple(key for key, each in others if each.kind == "edited_text"),
        findings={key: tuple(choice.code for choice in each.choices) for key, each in chosen.items()},
    )


def _is_decision(question: Question) -> bool:
    return question.kind == "single_choice" and {choice.code for choice in question.choices} == set(OUTCOMES)
