"""What the statistics must know of a question: its codes in order, whether they are ordered, its error categories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from guidelines.model import Question, Workflow

QuestionKey: TypeAlias = tuple[str, str]  # workflow, question


@dataclass(frozen=True)
class Categories:
    """The codes a question can be answered with, from low to high where the scale is ordinal.

    `numbers` are what they are worth, None where one of them has no number.
    """

    codes: tuple[str, ...]
    scale: Literal["nominal", "ordinal"]
    numbers: tuple[float, ...] | None = None


@dataclass(frozen=True)
class ErrorScale:
    """What errors of a question are marked with, the `heaviest` penalty, and whether repeated ones count `once`."""

    categories: tuple[str, ...]
    severities: tuple[str, ...]
    heaviest: float
    once: bool


def categories(workflows: Mapping[str, Workflow]) -> dict[QuestionKey, Categories]:
    """The questions of these workflows that agreement can be measured on; text, numbers and spans are left out."""
    return {key: found for key, question in _questions(workflows) if (found := _categories(question)) is not None}


def error_categories(workflows: Mapping[str, Workflow]) -> dict[QuestionKey, tuple[str, ...]]:
    """The error-span questions of these workflows, each with its error categories."""
    return {
        key: tuple(choice.code for choice in question.choices)
        for key, question in _questions(workflows)
        if question.kind == "error_spans"
    }


def error_scales(workflows: Mapping[str, Workflow]) -> dict[QuestionKey, ErrorScale]:
    """The error-span questions of these workflows, as their guideline is now."""
    return {
        key: ErrorScale(
            categories=tuple(choice.code for choice in question.choices),
            severities=tuple(severity.code for severity in question.severities),
            heaviest=max(question.weight(c.code, s.code) for c in question.choices for s in question.severities),
            once=question.repeated_errors == "once",
        )
        for key, question in _questions(workflows)
        if question.kind == "error_spans"
    }


def edited_texts(workflows: Mapping[str, Workflow]) -> tuple[QuestionKey, ...]:
    """The questions of these workflows that are answered by editing a text."""
    return tuple(key for key, question in _questions(workflows) if question.kind == "edited_text")


def _questions(workflows: Mapping[str, Workflow]) -> Iterator[tuple[QuestionKey, Question]]:
    for workflow in workflows.values():
        for question in workflow.questions:
            yield (workflow.id, question.id), question


def _categories(question: Question) -> Categories | None:
    if question.kind not in {"single_choice", "preference", "rating"}:
        return None
    if question.scale == "nominal" and question.kind != "rating":
        return Categories(tuple(code for code, _ in question.steps), "nominal")
    ordered = sorted(question.steps, key=lambda step: step[1] or 0.0)
    numbers = tuple(number for _, number in ordered if number is not None)
    codes = tuple(code for code, _ in ordered)
    return Categories(codes, "ordinal", numbers if len(numbers) == len(codes) else None)
