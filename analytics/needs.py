"""How many ratings an item must have: the width of intervals as the ratings of each item grow, with the same items.

`analytics.forecast` grows the items instead. The variance over items has a part between items, which stays, and the
scatter of ratings, which falls with them; that over annotators has a part which falls only with more annotators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from analytics.agreement import Totals, group_agreement, item_variance, rater_variance, rating_variance
from analytics.coefficients import COEFFICIENTS, ROUNDING
from analytics.coefficients import possible as possible_coefficients
from analytics.counts import Counts, counts
from analytics.errors import ImpossibleMetric
from analytics.estimate import Estimate
from analytics.growth import OfPairs, OfRatings, added_by_pairs, of_pairs
from analytics.intervals import SHARE, Scale, Variance, check, interval, two_way
from analytics.numbers import UNBOUNDED, estimate_mean
from analytics.numbers import Totals as Means
from analytics.numbers import mean as mean_of
from analytics.numeric import Moments, Number, Numeric, moments
from analytics.scales import Categories, QuestionKey

Floats: TypeAlias = npt.NDArray[np.float64]

MEAN, SHARE_OF = "mean", "share"
METRICS = (*COEFFICIENTS, SHARE_OF, MEAN)
RATINGS = (2, 3, 4, 5, 7, 10, 20)
MOST = 1_000
"""Ratings an item beyond which none are counted on."""


@dataclass(frozen=True)
class Expected:
    """The width of an interval with so many `ratings` an item: by the same annotators, or by more in proportion.

    `reliability` is how much of the variance of items' means is that of the items, for the mean of numbers.
    """

    ratings: int
    same_annotators: float | None = field(metadata={"description": "null where there are not so many annotators"})
    more_annotators: float
    reliability: float | None = field(default=None, metadata={"description": "of the mean of an item's ratings"})


@dataclass(frozen=True)
class Need:
    """One metric of one group: its estimate over items and annotators, and what more ratings an item make of it.

    `ratings` is the mean number of ratings an item now and `width` that of the interval. `needed` is the number of
    ratings an item with which it is `target` wide: by the same annotators, or by more in proportion.
    """

    group: dict[str, str | None]
    metric: str
    estimate: Estimate
    ratings: float = field(metadata={"description": "ratings an item now, in the mean"})
    width: float | None
    target: float
    needed: int | None = field(metadata={"description": "ratings an item; null where it is out of reach"})
    needed_more_annotators: int | None = field(
        metadata={"description": "ratings an item by more annotators; null where it is out of reach"}
    )
    expected: tuple[Expected, ...] = ()
    undefined: str | None = field(default=None, metadata={"description": "why nothing can be foretold"})


@dataclass(frozen=True)
class Outlook:
    """What the width of an interval follows from.

    `growth` is the variance of a unit's part by its ratings, of which there are `ratings` now, in the mean, and `now`
    that variance; the other fields as in `analytics.forecast.Parts`. `raters` is how many annotators there are.
    """

    value: float
    items: Variance
    over_raters: Variance
    single: Variance
    scale: Scale
    level: float
    growth: OfRatings | OfPairs
    now: float
    ratings: float
    raters: int

    def width(self, ratings: float, more: bool) -> float:
        """The width of the interval with so many ratings an item, by more annotators in proportion or the same."""
        times = ratings / self.ratings
        people = times if more else 1.0
        between = max(self.over_raters.value - self.single.value, 0.0) / people
        single = Variance(self.single.value / times, self.single.freedom)
        scatter = min(self.over_raters.value, self.single.value) / times
        over_raters = Variance(between + scatter, max((self.over_raters.freedom + 1) * people - 1, 1.0))
        items = Variance(self.items.value * self.growth.variance(ratings) / self.now, self.items.freedom)
        low, high = interval(self.value, two_way(items, over_raters, single), self.level, self.scale)
        return high - low

    def needed(self, target: float, more: bool) -> int | None:
        """How many ratings an item it takes; None where that is out of reach."""
        low, high = 1 if isinstance(self.growth, OfRatings) else 2, MOST if more else min(self.raters, MOST)
        if high < low or self.width(high, more) > target:
            return None
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.width(middle, more) <= target else (middle + 1, high)
        return low


def needs(
    judgments: ir.Table,
    *,
    questions: Mapping[QuestionKey, Numeric],
    by: Sequence[str] = ("locale",),
    metrics: Sequence[str] | None = None,
    target: float = 0.1,
    level: float = 0.95,
) -> list[Need]:
    """What more ratings an item would do for intervals, a row per group and metric, sorted by group.

    `questions` may have codes or be free numbers; `metrics` are of `METRICS`, None for the usual coefficients, the
    share of the most frequent answer, and the mean of numbers. `target` is the width to reach; for the mean it is a
    share of the scale's length. Errors as in `analytics.agreement.agreement` and `analytics.numeric.moments`.
    """
    check("items_and_raters", level)
    asked = {key: _asked(key, each, metrics) for key, each in questions.items()}
    coded = {key: each for key, each in questions.items() if isinstance(each, Categories)}
    free = {key: each for key, each in questions.items() if isinstance(each, Number)}
    found = [
        row
        for group in counts(judgments, coded, by)
        for row in _of_codes(group, coded[_key(group)], asked[_key(group)], target, level)
    ]
    for group in moments(judgments, free, by):
        found.extend(_of_mean(group, _length(group, free[_key(group)]) * target, level) for _ in asked[_key(group)])
    return sorted(found, key=lambda row: [(value is None, value or "") for value in row.group.values()])


def _key(group: Counts | Moments) -> QuestionKey:
    return str(group.group["workflow"]), str(group.group["question"])


def possible(question: Numeric) -> tuple[str, ...]:
    """The metrics that a question allows.

    >>> possible(Number())
    ('mean',)
    """
    if isinstance(question, Number):
        return (MEAN,)
    return (*possible_coefficients(question), SHARE_OF, *((MEAN,) if question.numbers else ()))


def _asked(key: QuestionKey, question: Numeric, metrics: Sequence[str] | None) -> tuple[str, ...]:
    allowed = possible(question)
    for metric in metrics or ():
        if metric not in allowed:
            raise ImpossibleMetric(metric, ".".join(key), allowed)
    usual = (name for name in allowed if name not in COEFFICIENTS or COEFFICIENTS[name].usual)
    return tuple(metrics) if metrics else tuple(usual)


def _of_codes(
    group: Counts, categories: Categories, metrics: Sequence[str], target: float, level: float
) -> Iterator[Need]:
    for metric in metrics:
        if metric in COEFFICIENTS:
            yield _of_coefficient(group, categories, metric, target, level)
        elif metric == SHARE_OF:
            yield _of_share(group, target, level)
        else:
            numbers = np.asarray(categories.numbers, np.float64)
            yield _of_mean(_worth(group, numbers), float(np.ptp(numbers)) * target, level)


def _of_coefficient(group: Counts, categories: Categories, metric: str, target: float, level: float) -> Need:
    totals, of = Totals.of(group), COEFFICIENTS[metric]
    numbers = categories.numbers or (float("nan"),) * len(categories.codes)
    estimate = group_agreement(group, categories, (metric,), "items_and_raters", level).estimates[metric]
    given = group.patterns.sum(axis=1)
    paired = given >= 2
    if estimate.low is None:
        return _nothing(group.group, metric, estimate, _mean_ratings(given, group.units), target, None)
    ratings = _mean_ratings(given[paired], group.units[paired])
    growth = of_pairs(added_by_pairs(of.of, totals.all, numbers), group.patterns, group.units)
    if growth is None:
        return _nothing(group.group, metric, estimate, ratings, target, "it takes items with three annotators")
    outlook = Outlook(
        value=float(estimate.value or 0.0),
        items=item_variance(of.of, totals, numbers),
        over_raters=rater_variance(of.of, totals, numbers),
        single=rating_variance(of.of, totals, numbers),
        scale=of.scale,
        level=level,
        growth=growth,
        now=_now(growth.variance, given[paired], group.units[paired]),
        ratings=ratings,
        raters=estimate.n_annotators,
    )
    return _need(group.group, metric, estimate, outlook, target)


def _of_share(group: Counts, target: float, level: float) -> Need:
    """Of the answer that has the greatest share in the mean over units."""
    shares = group.units @ (group.patterns / group.patterns.sum(axis=1, keepdims=True))
    chosen = np.zeros(len(shares))
    chosen[int(shares.argmax())] = 1.0
    return _of_means(_worth(group, chosen), SHARE_OF, SHARE, target, level)


def _of_mean(group: Moments, target: float, level: float) -> Need:
    return _of_means(group, MEAN, UNBOUNDED, target, level)


def _of_means(group: Moments, metric: str, scale: Scale, target: float, level: float) -> Need:
    totals, units = Means.of(group), group.units
    estimate = estimate_mean(group, totals, "items_and_raters", level, scale)
    ratings = float(group.count.sum() / units.sum())
    repeated = float((group.count - units).sum())
    if estimate.low is None or repeated < ROUNDING:
        reason = None if estimate.low is None else "no item has two annotators"
        return _nothing(group.group, metric, estimate, ratings, target, reason)
    items, raters, single = (Variance(each.value * totals.scale**2, each.freedom) for each in totals.parts(mean_of))
    number = float(units.sum())
    within = float(units @ group.spread) / repeated
    scatter = within * float(units @ (1 / group.given)) / number
    growth = OfRatings(max(items.value * number - scatter, 0.0), within)
    outlook = Outlook(
        value=float(estimate.value or 0.0),
        items=items,
        over_raters=raters,
        single=single,
        scale=scale,
        level=level,
        growth=growth,
        now=_now(growth.variance, group.given, units),
        ratings=ratings,
        raters=group.raters,
    )
    return _need(group.group, metric, estimate, outlook, target)


def _worth(group: Counts, numbers: Floats) -> Moments:
    """The answers of a group as numbers, by what each category is worth (categories,)."""
    given = group.patterns.sum(axis=1).astype(np.float64)
    means = group.patterns @ numbers / given
    spread = np.maximum(group.patterns @ numbers**2 - given * means**2, 0.0)
    row = group.pattern
    count = group.count.astype(np.float64)
    return Moments(group.group, numbers[group.own], group.rater, count, given[row], means[row], spread[row])


def _length(group: Moments, question: Number) -> float:
    """How long the scale is: as declared, or from the least answer to the greatest."""
    low = group.own.min() if question.minimum is None else question.minimum
    high = group.own.max() if question.maximum is None else question.maximum
    return float(high - low)


def _mean_ratings(given: npt.NDArray[np.int64], units: npt.NDArray[np.int64]) -> float:
    return float(units @ given / units.sum())


def _now(variance: Callable[[float], float], given: npt.NDArray[np.number], units: npt.NDArray[np.number]) -> float:
    """The mean over units of the variance that their ratings leave."""
    sizes, which = np.unique(given, return_inverse=True)
    shares = np.bincount(which, weights=units) / units.sum()
    return float(shares @ [variance(float(size)) for size in sizes])


def _nothing(
    group: dict[str, str | None], metric: str, estimate: Estimate, ratings: float, target: float, reason: str | None
) -> Need:
    width = None if estimate.low is None or estimate.high is None else estimate.high - estimate.low
    return Need(group, metric, estimate, ratings, width, target, None, None, undefined=reason or estimate.undefined)


def _need(group: dict[str, str | None], metric: str, estimate: Estimate, outlook: Outlook, target: float) -> Need:
    if outlook.now < ROUNDING**2:
        return _nothing(group, metric, estimate, outlook.ratings, target, "all items show the same")
    return Need(
        group=group,
        metric=metric,
        estimate=estimate,
        ratings=outlook.ratings,
        width=float(estimate.high or 0.0) - float(estimate.low or 0.0),
        target=target,
        needed=outlook.needed(target, more=False),
        needed_more_annotators=outlook.needed(target, more=True),
        expected=tuple(_expected(outlook, ratings) for ratings in RATINGS),
    )


def _expected(outlook: Outlook, ratings: int) -> Expected:
    growth = outlook.growth
    reliable = None
    if isinstance(growth, OfRatings) and outlook.scale is UNBOUNDED:
        reliable = growth.between / growth.variance(ratings)
    same = outlook.width(ratings, more=False) if ratings <= outlook.raters else None
    return Expected(ratings, same, outlook.width(ratings, more=True), reliable)
