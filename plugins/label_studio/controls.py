"""The names that tie a label config to the answers it brings back.

A control is named after its question; after its target too when the question is asked about each response or claim:
`errors__a`, `verdict__claims_0` (Label Studio counts a task's claims from 0, judgments from `claim_1`). Severity and
correction of a marked error are controls of their own (`errors__a__severity`), and so are the two sides of a
conversation (`conversation__message`, `conversation__reply`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from guidelines.model import Question, Workflow

Part = Literal["answer", "severity", "correction", "message", "reply"]

PRESCREEN = "prescreen"
PROMPT = "prompt"
REVEAL = "reveal"
INDEX = "{{idx}}"  # what Label Studio's Repeater replaces by a claim's place in the task
CLAIMS = "claims"

_CLAIM_CONTROL = re.compile(rf"(__{CLAIMS}_)\d+(?=__|$)")


@dataclass(frozen=True)
class Control:
    """One control of a label config: what it asks (`part` of a question about a target) and the text it belongs to."""

    name: str
    question: Question
    target: str
    part: Part
    text: str


def response(position: str) -> str:
    """The name of the task field, and of the Text tag, of the response at this position."""
    return f"response_{position}"


def claim_text(index: int | str) -> str:
    """The name of the Text tag of the claim at this place in the task, counted from 0."""
    return f"{CLAIMS}_{index}"


def asked_of_responses(question: Question) -> bool:
    """Whether each response has controls of its own for this question: each gets its own place in a ranking."""
    return question.target == "response" or question.kind == "ranking"


def question_controls(question: Question, workflow: Workflow) -> list[Control]:
    """The controls of one question, those of the first response or claim first."""
    if question.target == "claim":
        return [control for index in range(workflow.claims) for control in claim_controls(question, index)]
    if not asked_of_responses(question):
        return _parts(question, question.id, "item", question.edits or PROMPT)
    return [
        control
        for position in workflow.positions
        for control in _parts(question, f"{question.id}__{position}", position, response(position))
    ]


def claim_controls(question: Question, index: int | str) -> list[Control]:
    """The controls of a question about the claim at this place in the task; `INDEX` makes the Repeater's template."""
    target = f"claim_{index + 1}" if isinstance(index, int) else "claim"
    return _parts(question, f"{question.id}__{CLAIMS}_{index}", target, claim_text(index))


def controls(workflow: Workflow) -> dict[str, Control]:
    """All controls of a workflow by name."""
    every = (control for question in workflow.questions for control in question_controls(question, workflow))
    return {control.name: control for control in every}


def control_names(workflow: Workflow) -> set[str]:
    """Everything that a result of this workflow may come from, ours that are no questions included."""
    return {*controls(workflow), PRESCREEN, *((REVEAL,) if workflow.sensitive else ())}


def has_conversation(workflow: Workflow) -> bool:
    """Whether annotators talk with a model."""
    return any(question.kind == "conversation" for question in workflow.questions)


def in_config(name: str) -> str:
    """The name as it stands in the config: that of a claim's control with the Repeater's index.

    >>> in_config("verdict__claims_3")
    'verdict__claims_{{idx}}'
    """
    return _CLAIM_CONTROL.sub(rf"\1{INDEX}", name)


def shown_text(data: Mapping[str, Any], name: str) -> Any:
    """The text that the Text tag of this name shows of a task; None where the task has none.

    >>> shown_text({"prompt": "Why?", "claims": ["Water is wet."]}, "claims_0")
    'Water is wet.'
    """
    if name.startswith(f"{CLAIMS}_") and isinstance(claims := data.get(CLAIMS), list):
        index = int(name.removeprefix(f"{CLAIMS}_"))
        return claims[index] if index < len(claims) else None
    return data.get(name)


def _parts(question: Question, name: str, target: str, text: str) -> list[Control]:
    if question.kind == "conversation":
        return [Control(f"{name}__{part}", question, target, part, text) for part in ("message", "reply")]
    answer = Control(name, question, target, "answer", text)
    if question.kind != "error_spans":
        return [answer]
    severity = Control(f"{name}__severity", question, target, "severity", text)
    return [answer, severity, Control(f"{name}__correction", question, target, "correction", text)]
