"""The names that tie a label config to the answers it brings back.

A control is named after its question; after its response too when the question is asked about each one
(`errors__a`). Severity and correction of a marked error are controls of their own (`errors__a__severity`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from guidelines.model import Question, Workflow

Part = Literal["answer", "severity", "correction"]

PRESCREEN = "prescreen"
PROMPT = "prompt"


@dataclass(frozen=True)
class Control:
    """One control of a label config: what it asks (`part` of a question about a target) and the text it belongs to."""

    name: str
    question: Question
    target: str
    part: Part
    text: str


def positions(workflow: Workflow) -> tuple[str, ...]:
    """The positions of the responses an item shows: ("a", "b") for two."""
    return tuple("abcdefghijklmnopqrstuvwxyz"[: workflow.responses])


def response(position: str) -> str:
    """The name of the task field, and of the Text tag, of the response at this position."""
    return f"response_{position}"


def question_controls(question: Question, workflow: Workflow) -> list[Control]:
    """The controls of one question, those of the first response first."""
    if question.target == "item":
        return _parts(question, question.id, "item", PROMPT)
    return [
        control
        for position in positions(workflow)
        for control in _parts(question, f"{question.id}__{position}", position, response(position))
    ]


def controls(workflow: Workflow) -> dict[str, Control]:
    """All controls of a workflow by name."""
    every = (control for question in workflow.questions for control in question_controls(question, workflow))
    return {control.name: control for control in every}


def _parts(question: Question, name: str, target: str, text: str) -> list[Control]:
    answer = Control(name, question, target, "answer", text)
    if question.kind != "error_spans":
        return [answer]
    severity = Control(f"{name}__severity", question, target, "severity", text)
    return [answer, severity, Control(f"{name}__correction", question, target, "correction", text)]
