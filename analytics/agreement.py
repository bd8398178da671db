"""Agreement between annotators: percent, Krippendorff's alpha (nominal, ordinal) and Gwet's AC1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import ibis.expr.types as ir

from analytics.estimate import Estimate, Over
from analytics.scales import Categories, QuestionKey

Metric = Literal["percent", "alpha_nominal", "alpha_ordinal", "ac1"]


@dataclass(frozen=True)
class Agreement:
    """Agreement in one group: `group` names workflow, question and the columns asked for, in that order."""

    group: dict[str, str | None]
    estimates: dict[str, Estimate]
    prevalence: dict[str, float]
    n_single_rated: int

    def as_dict(self) -> dict[str, Any]:
        """The row as plain values, ready for JSON."""
        raise NotImplementedError


def agreement(
    judgments: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    metrics: Sequence[Metric] | None = None,
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[Agreement]:
    """Agreement per workflow, question and the columns of `by`, one row a group, sorted by group.

    `judgments` has the columns of `plugins.frames.JUDGMENTS`, and `vendor` where `by` names it; filter it first to
    look at less. `by`: any of locale, guideline_version, vendor, stage (workflow and question are always there).
    `categories`: the questions to look at and their codes, see `analytics.scales.categories`; judgments of other
    questions are left out. `metrics`: None for all that the scale of each question allows.
    """
    raise NotImplementedError
