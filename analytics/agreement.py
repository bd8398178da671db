"""Agreement between annotators, per question: coefficients with their intervals, from the count tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
from scipy import sparse

from analytics.coefficients import COEFFICIENTS, ROUNDING, Coefficient, Sums, features, possible, sums
from analytics.counts import Counts, counts
from analytics.errors import ImpossibleMetric
from analytics.estimate import Estimate, Over
from analytics.intervals import Basis, Variance, check, jackknife, two_way
from analytics.literature import Benchmark
from analytics.scales import Categories, QuestionKey

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """Agreement in one group: `group` names workflow, question and the columns asked for, in that order.

    `estimates` by metric; `prevalence` the mean share of each category over units; `n_single_rated` the units with
    one annotator, which agreement cannot use.
    """

    group: dict[str, str | None]
    estimates: dict[str, Estimate]
    prevalence: dict[str, float]
    n_single_rated: int
    benchmarks: tuple[Benchmark, ...] = field(default=(), metadata={"description": "published figures to compare with"})


def agreement(
    judgments: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    metrics: Sequence[str] | None = None,
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[Agreement]:
    """Agreement per workflow, question and the columns of `by`, one row a group, sorted by group.

    `judgments` has the columns of `plugins.frames.JUDGMENTS`, and those of `by` (see `analytics.dimensions`); filter it
    first to look at less. A unit is one item and target within a group. `categories`: the questions to look at and
    their codes, see `analytics.scales.categories`; judgments of other questions are left out. `metrics`: names of
    `analytics.coefficients.COEFFICIENTS`; None for the usual ones that the scale of each question allows. Raises
    UnknownGrouping, UndeclaredCategory, ImpossibleMetric, ImpossibleInterval.
    """
    return [found for _, found in with_counts(judgments, categories, by, metrics, over, level)]


def with_counts(
    judgments: ir.Table,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str],
    metrics: Sequence[str] | None,
    over: Over,
    level: float,
) -> list[tuple[Counts, Agreement]]:
    """The agreement of every group beside the counts it was worked out from; all as in `agreement`."""
    check(over, level)
    asked = {key: _asked(key, each, metrics) for key, each in categories.items()}
    rows = []
    for each in counts(judgments, categories, by):
        key = str(each.group["workflow"]), str(each.group["question"])
        rows.append((each, group_agreement(each, categories[key], asked[key], over, level)))
    return rows


def _asked(key: QuestionKey, categories: Categories, metrics: Sequence[str] | None) -> tuple[str, ...]:
    allowed = possible(categories)
    for metric in metrics or ():
        if metric not in allowed:
            raise ImpossibleMetric(metric, f"{'.'.join(key)}, which is {categories.scale}", allowed)
    return tuple(metrics) if metrics else tuple(name for name in allowed if COEFFICIENTS[name].usual)


@dataclass(frozen=True)
class Totals:
    """The feature sums of a group, whole and with parts left out.

    `all` (features,); `without_item` (patterns × features) for a unit of each pattern, of which there are `units`
    (patterns,); `without_rating` (kinds × features) for one rating of each kind, a pattern with the answer taken out of
    it, of which there are `ratings` (kinds,); `without_rater` (annotators × features).
    """

    all: Floats
    without_item: Floats
    units: Floats
    without_rating: Floats
    ratings: Floats
    without_rater: Floats

    @classmethod
    def of(cls, group: Counts) -> Totals:
        """The sums of this group's count tables."""
        table = features(group.patterns)
        total = group.units @ table
        change, given = _removals(group, table)
        return cls(
            all=total,
            without_item=total - table,
            units=group.units.astype(np.float64),
            without_rating=total + change,
            ratings=np.asarray(given.sum(axis=0)),
            without_rater=total + given @ change,
        )


def group_agreement(
    group: Counts, categories: Categories, metrics: Sequence[str], over: Over, level: float
) -> Agreement:
    """The agreement of one group from its counts."""
    basis, totals = basis_of(group, over, level), Totals.of(group)
    numbers = categories.numbers or (float("nan"),) * len(categories.codes)
    found = sums(totals.all, numbers)
    shares = found.shares / found.units
    return Agreement(
        group=group.group,
        estimates={metric: _estimate(COEFFICIENTS[metric], totals, numbers, basis) for metric in metrics},
        prevalence=dict(zip(categories.codes, shares.tolist(), strict=True)),
        n_single_rated=int(found.units - found.pairable),
    )


def basis_of(group: Counts, over: Over, level: float) -> Basis:
    """What a figure of this group rests on: the units with two annotators or more, and their annotators."""
    ratings = group.patterns.sum(axis=1)
    pairable = ratings >= 2
    return Basis(
        level=level,
        method="two-way jackknife" if over == "items_and_raters" else "delete-one jackknife",
        over=over,
        n_items=int(group.units[pairable].sum()),
        n_judgments=int((group.units * ratings)[pairable].sum()),
        n_annotators=len(np.unique(group.rater[pairable[group.pattern]])),
    )


def _estimate(metric: Coefficient, totals: Totals, numbers: Sequence[float], basis: Basis) -> Estimate:
    value = float(metric.of(sums(totals.all, numbers)))
    if np.isnan(value):
        no_pairs = "no item has two annotators"
        return basis.undefined("no variation: every answer is the same" if basis.n_items else no_pairs)
    if 1 - value < ROUNDING:
        return basis.undefined("no interval: all annotators agree on every item", value)
    variance = item_variance(metric.of, totals, numbers)
    if basis.over == "items_and_raters":
        raters, single = rater_variance(metric.of, totals, numbers), rating_variance(metric.of, totals, numbers)
        variance = two_way(variance, raters, single)
    if np.isnan(variance.value):
        return basis.undefined("no interval: without one item or one annotator no figure is left", value)
    if variance.value < ROUNDING**2:
        return basis.undefined("no interval: all items show the same agreement", value)
    return basis.estimate(value, variance, metric.scale)


def item_variance(metric: Callable[[Sums], Floats], totals: Totals, numbers: Sequence[float]) -> Variance:
    """The variance over items: the jackknife that leaves out each unit; units of one pattern are computed once."""
    return jackknife(metric(sums(totals.without_item, numbers)), totals.units)


def rater_variance(metric: Callable[[Sums], Floats], totals: Totals, numbers: Sequence[float]) -> Variance:
    """The variance over annotators: the jackknife that takes each annotator's answers out of every unit."""
    return jackknife(metric(sums(totals.without_rater, numbers)), np.ones(len(totals.without_rater)))


def rating_variance(metric: Callable[[Sums], Floats], totals: Totals, numbers: Sequence[float]) -> Variance:
    """The variance over single ratings: the jackknife that takes one answer out of a unit."""
    return jackknife(metric(sums(totals.without_rating, numbers)), totals.ratings)


def _removals(group: Counts, table: Floats) -> tuple[Floats, sparse.csr_array]:
    """How the feature sums change when a rating of each kind is taken out (kinds × features), and how many of each kind
    every annotator gave (annotators × kinds)."""
    size = group.patterns.shape[1]
    cell, number = np.unique(group.pattern * size + group.own, return_inverse=True)
    pattern, own = np.divmod(cell, size)
    left = group.patterns[pattern]
    left[np.arange(len(left)), own] -= 1
    given = sparse.csr_array((group.count.astype(np.float64), (group.rater, number)))
    return features(left) - table[pattern], given
