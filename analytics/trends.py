"""Errors per annotation, week by week and category by category, and whether they rise or fall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis.expr.types as ir

from analytics.estimate import Estimate
from analytics.scales import QuestionKey


@dataclass(frozen=True)
class Week:
    """One ISO week (UTC), by its Monday: errors found, annotations that looked for them, and the rate."""

    monday: date
    errors: int
    annotations: int
    rate: Estimate


@dataclass(frozen=True)
class Trend:
    """One error category in one group: its weeks, and the change of the log rate per week.

    `p_value` tests for no change; `q_value` is `p_value` after Benjamini–Hochberg over all rows returned together.
    """

    group: dict[str, str | None]
    category: str
    weeks: tuple[Week, ...]
    slope: Estimate
    p_value: float | None
    q_value: float | None

    def as_dict(self) -> dict[str, Any]:
        """The row as plain values, ready for JSON."""
        raise NotImplementedError


def error_trends(
    judgments: ir.Table,
    spans: ir.Table,
    *,
    categories: Mapping[QuestionKey, Sequence[str]],
    by: Sequence[str] = ("locale",),
    level: float = 0.95,
) -> list[Trend]:
    """Weekly error rates and their trend per workflow, question, the columns of `by` and error category.

    `judgments` and `spans` as in `plugins.frames` (judgments with `vendor` where `by` names it). `categories`: the
    error-span questions to look at with their error categories, see `analytics.scales.error_categories`.
    """
    raise NotImplementedError
