"""How much narrower an agreement's interval would be with more items, and how many more it takes.

The variance of a figure over items falls in proportion to the items. That over annotators has two parts: the scatter of
single ratings, which falls with them, and the differences between annotators, which fall only with more annotators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

import ibis.expr.types as ir

from analytics.agreement import Totals, item_variance, rater_variance, rating_variance, with_counts
from analytics.coefficients import COEFFICIENTS, sums
from analytics.estimate import Estimate
from analytics.intervals import Scale, Variance, interval, two_way
from analytics.scales import Categories, QuestionKey

TIMES = (2, 4, 10)
LARGEST = 1_000.0
"""Times as many items beyond which none are counted on."""


@dataclass(frozen=True)
class Width:
    """The width of an interval with `times` as many items: by the same annotators, and by `times` as many of them."""

    times: int
    same_annotators: float
    more_annotators: float


@dataclass(frozen=True)
class Forecast:
    """One metric of one group: its estimate over items and annotators, and what more items would make of its interval.

    `width` is that of the interval now. `more_items` are those it takes until it is `target` wide: by the same
    annotators, and by a number of annotators that grows with them; None where no thousandfold is enough, or `estimate`
    has no interval.
    """

    group: dict[str, str | None]
    metric: str
    estimate: Estimate
    width: float | None
    target: float
    more_items: int | None = field(metadata={"description": "by the same annotators; null where it is out of reach"})
    more_items_more_annotators: int | None = field(
        metadata={"description": "by annotators in proportion; null where it is out of reach"}
    )
    expected: tuple[Width, ...] = ()


@dataclass(frozen=True)
class Parts:
    """The variances of a figure over items, annotators and single ratings, and the scale of its interval."""

    value: float
    items: Variance
    raters: Variance
    single: Variance
    scale: Scale
    level: float

    def width(self, items: float, raters: float) -> float:
        """The width of the interval with so many times the items and the annotators.

        >>> from analytics.intervals import AT_MOST_ONE
        >>> parts = Parts(0.5, Variance(0.04, 99), Variance(0.0, 9), Variance(0.0, 299), AT_MOST_ONE, 0.95)
        >>> parts.width(1, 1) > 1.9 * parts.width(4, 1)
        True
        """
        between = max(self.raters.value - self.single.value, 0.0) / raters
        single = Variance(self.single.value / items, self.single.freedom)
        scatter = min(self.raters.value, self.single.value) / items
        over_raters = Variance(between + scatter, (self.raters.freedom + 1) * raters - 1)
        over_items = Variance(self.items.value / items, (self.items.freedom + 1) * items - 1)
        low, high = interval(self.value, two_way(over_items, over_raters, single), self.level, self.scale)
        return high - low

    def needed(self, target: float, grow: bool) -> float | None:
        """How many times the items it takes, with annotators in proportion or the same; None beyond `LARGEST`."""
        low, high = 1.0, LARGEST
        if self.width(low, 1.0) <= target:
            return low
        if self.width(high, high if grow else 1.0) > target:
            return None
        while high / low > 1.0001:
            middle = (low * high) ** 0.5
            low, high = (low, middle) if self.width(middle, middle if grow else 1.0) <= target else (middle, high)
        return high


def forecast(
    judgments: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    metrics: Sequence[str] | None = None,
    target: float = 0.1,
    level: float = 0.95,
) -> list[Forecast]:
    """What more items would do for the intervals of agreement, a row per group and metric, sorted by group.

    `target` is the width to reach; all else, and the errors, as in `analytics.agreement.agreement`.
    """
    rows = []
    for group, each in with_counts(judgments, categories, by, metrics, "items_and_raters", level):
        known = categories[str(group.group["workflow"]), str(group.group["question"])]
        numbers = known.numbers or (float("nan"),) * len(known.codes)
        totals = Totals.of(group)
        for metric, estimate in each.estimates.items():
            parts = None if estimate.low is None else _parts(metric, estimate, totals, numbers)
            rows.append(_row(group.group, metric, estimate, parts, target))
    return rows


def _parts(metric: str, estimate: Estimate, totals: Totals, numbers: Sequence[float]) -> Parts:
    of = COEFFICIENTS[metric]
    return Parts(
        value=float(of.of(sums(totals.all, numbers))),
        items=item_variance(of.of, totals, numbers),
        raters=rater_variance(of.of, totals, numbers),
        single=rating_variance(of.of, totals, numbers),
        scale=of.scale,
        level=estimate.level,
    )


def _row(group: dict[str, str | None], metric: str, estimate: Estimate, parts: Parts | None, target: float) -> Forecast:
    if parts is None:
        return Forecast(group, metric, estimate, None, target, None, None)
    same, more = (parts.needed(target, grow) for grow in (False, True))
    return Forecast(
        group=group,
        metric=metric,
        estimate=estimate,
        width=parts.width(1.0, 1.0),
        target=target,
        more_items=_more(same, estimate.n_items),
        more_items_more_annotators=_more(more, estimate.n_items),
        expected=tuple(Width(times, parts.width(times, 1.0), parts.width(times, times)) for times in TIMES),
    )


def _more(times: float | None, items: int) -> int | None:
    return None if times is None else ceil((times - 1) * items)
