"""Quality of what was reviewed: the MQM score, mean penalty per annotation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir

from analytics.counts import grouping, name_group
from analytics.estimate import Estimate, Over
from analytics.intervals import AT_LEAST_ZERO, Basis, Variance, check
from analytics.penalties import exposures, moments
from analytics.scales import QuestionKey


@dataclass(frozen=True)
class Quality:
    """The MQM score of one group: mean penalty per annotation, 0 is best.

    `n_judgments` of the estimate is the number of annotations that looked for errors, found or not.
    """

    group: dict[str, str | None]
    estimate: Estimate


def quality(
    judgments: ir.Table,
    spans: ir.Table,
    *,
    questions: Collection[QuestionKey],
    by: Sequence[str] = ("locale",),
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[Quality]:
    """MQM score per workflow, question and the columns of `by`, one row a group, sorted by group.

    `judgments` and `spans` as in `plugins.frames` (judgments with `vendor` where `by` names it). `questions`: the
    error-span questions to look at, e.g. the keys of `analytics.scales.error_categories`. The score is the sum of the
    weights of all spans by the number of annotations. Raises UnknownGrouping, ImpossibleInterval.
    """
    check(over, level)
    group = grouping(by, judgments)
    if not questions:
        return []
    rows = moments(exposures(judgments, questions), spans, group).order_by(group).to_pandas()
    return [
        Quality(name_group(group, [row[key] for key in group]), mean_penalty(row, over, level))
        for row in rows.to_dict("records")
    ]


def mean_penalty(row: dict[Any, Any], over: Over, level: float) -> Estimate:
    """The mean penalty from the moments of one group (see `analytics.penalties.moments`), with its interval.

    The variance is that of a mean of two-way clustered values, linearised: over items; or over items and annotators,
    added, less that of single annotations, which both hold (Cameron, Gelbach & Miller 2011), at least each alone.
    """
    basis = Basis(level, "two-way clustered", over, int(row["items"]), int(row["n"]), int(row["raters"]))
    value = row["penalty"] / row["n"]
    if value == 0:
        return basis.undefined("no interval: no error was marked", 0.0)
    if row["items"] < 2 or (over == "items_and_raters" and row["raters"] < 2):
        return basis.undefined("no interval: it takes two items, and over annotators two annotators", value)
    variance = _variance(row, value, over)
    if variance.value <= 1e-18 * value**2:
        return basis.undefined("no interval: all items have the same penalty", value)
    return basis.estimate(value, variance, AT_LEAST_ZERO)


def _variance(row: dict[Any, Any], mean: float, over: Over) -> Variance:
    items = _clustered(row, mean, "items")
    if over == "items":
        return items
    raters = _clustered(row, mean, "raters")
    single = (row["squares"] - row["n"] * mean**2) / row["n"] ** 2
    both = items + raters
    return Variance(max(both.value - single, items.value, raters.value), both.freedom)


def _clustered(row: dict[Any, Any], mean: float, of: str) -> Variance:
    """Variance of the mean if clusters were drawn: their squared sums of deviations, from the moments."""
    squares = row[f"{of}_ss"] - 2 * mean * row[f"{of}_sc"] + mean**2 * row[f"{of}_cc"]
    clusters = row[of]
    return Variance(max(squares, 0.0) / row["n"] ** 2 * clusters / (clusters - 1), clusters - 1)
