"""What can go wrong in analytics, one class per cause.

ConcordError
└── AnalyticsError               the store, the API and the statistics
    └── StatisticsError          a statistic was asked for that the data or the question does not allow
        ├── UnknownGrouping      no such column to group by; lists those there are (also a LookupError)
        ├── UndeclaredCategory   answers that the question does not have (also a ValueError)
        └── ImpossibleMetric     a metric the question's scale does not allow (also a ValueError)
"""

from __future__ import annotations

from collections.abc import Iterable

from guidelines.errors import ConcordError


class AnalyticsError(ConcordError):
    """Something about the store, the API or the statistics."""


class StatisticsError(AnalyticsError):
    """A statistic that cannot be computed as asked."""


class UnknownGrouping(StatisticsError, LookupError):
    """A column that judgments cannot be grouped by."""

    def __init__(self, column: str, known: Iterable[str]) -> None:
        super().__init__(f"judgments cannot be grouped by {column!r}", fix=f"choose from: {', '.join(known)}")


class UndeclaredCategory(StatisticsError, ValueError):
    """Answers whose code the question, as declared, does not have; `answers` lists (workflow, question, code)."""

    def __init__(self, answers: Iterable[tuple[str, str, str]]) -> None:
        self.answers = tuple(answers)
        named = ", ".join(f"{code!r} to {workflow}.{question}" for workflow, question, code in self.answers)
        super().__init__(
            f"the store holds answers that the guideline does not declare: {named}",
            fix="codes are never renamed: add the missing ones to the workflow again, or correct the answers",
        )


class ImpossibleMetric(StatisticsError, ValueError):
    """A metric that is unknown, or that the scale of the question does not allow."""

    def __init__(self, metric: str, subject: str, possible: Iterable[str]) -> None:
        super().__init__(f"{metric!r} is not possible for {subject}", fix=f"choose from: {', '.join(possible)}")
