"""Agreement between annotators: percent, Krippendorff's alpha (nominal, ordinal) and Gwet's AC1.

Every metric is a function of a few sums over units (`features`), so adding up features times how often each pattern
occurs gives the metric for the data, for a resample, or for the data without one unit or one annotator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
from scipy import sparse

from analytics.counts import Counts, counts
from analytics.errors import ImpossibleMetric
from analytics.estimate import Estimate, Over
from analytics.intervals import AT_MOST_ONE, SHARE, Basis, Scale, Variance, check, jackknife, two_way
from analytics.scales import Categories, QuestionKey

Floats: TypeAlias = npt.NDArray[np.float64]
Metric = Literal["percent", "alpha_nominal", "alpha_ordinal", "ac1"]


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


@dataclass(frozen=True)
class Sums:
    """Sums over units; any leading axes are resamples.

    `coincidences` (…, categories, categories) as Krippendorff defines them, `agreeing` (…) the share of agreeing
    pairs summed over the `pairable` (…) units, those with at least two ratings; `shares` (…, categories) each
    category's share of a unit's ratings, summed over all `units` (…).
    """

    coincidences: Floats
    agreeing: Floats
    pairable: Floats
    shares: Floats
    units: Floats


def features(patterns: npt.NDArray[Any]) -> Floats:
    """What one unit of each pattern (patterns × categories) adds to the sums: patterns × features.

    >>> features(np.array([[1, 1]])).tolist()  # coincidences 00 01 10 11, agreeing, pairable, shares, units
    [[0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.5, 0.5, 1.0]]
    """
    given = np.asarray(patterns, np.float64)
    ratings = given.sum(axis=1)
    pairable = ratings >= 2
    pairs = given[:, :, None] * given[:, None, :] - given[:, :, None] * np.eye(given.shape[1])
    coincidences = pairs * (pairable / np.maximum(ratings - 1, 1))[:, None, None]
    agreeing = np.trace(coincidences, axis1=1, axis2=2) / np.maximum(ratings, 1)
    shares = given / np.maximum(ratings, 1)[:, None]
    return np.column_stack([coincidences.reshape(len(given), -1), agreeing, pairable, shares, ratings >= 1])


def sums(total: Floats, size: int) -> Sums:
    """Feature sums (…, features) by name, for `size` categories."""
    square = size * size
    return Sums(
        coincidences=total[..., :square].reshape(*total.shape[:-1], size, size),
        agreeing=total[..., square],
        pairable=total[..., square + 1],
        shares=total[..., square + 2 : square + 2 + size],
        units=total[..., -1],
    )


def percent(of: Sums) -> Floats:
    """Mean over units of the share of agreeing pairs of ratings, 0 to 1 (Gwet 2014, eq. 5.2)."""
    return _ratio(of.agreeing, of.pairable)


def alpha_nominal(of: Sums) -> Floats:
    """Krippendorff's alpha, nominal: at most 1, 0 at chance (Krippendorff 2011); nan without variation."""
    size = of.shares.shape[-1]
    return _alpha(of, 1.0 - np.eye(size))


def alpha_ordinal(of: Sums) -> Floats:
    """Krippendorff's alpha, ordinal: a difference counts the ratings between two categories (Krippendorff 2011).

    The difference of c and k, all ratings from c to k less half of those in c and in k, is the distance of their
    mid-ranks in the pooled ratings.
    """
    used = of.coincidences.sum(axis=-1)
    midranks = used.cumsum(axis=-1) - used / 2
    return _alpha(of, (midranks[..., :, None] - midranks[..., None, :]) ** 2)


def ac1(of: Sums) -> Floats:
    """Gwet's AC1: at most 1, 0 at chance (Gwet 2008); all declared categories count; nan without variation."""
    share = of.shares / np.maximum(of.units, 1)[..., None]
    size = share.shape[-1]
    chance = (share * (1 - share)).sum(axis=-1) / max(size - 1, 1)
    varied = (of.shares > _ROUNDING).sum(axis=-1) > 1
    return np.where(varied, _ratio(percent(of) - chance, 1 - chance), np.nan)


_ROUNDING = 1e-9  # sums less a rater's part leave remainders of this size where nothing is left


def _alpha(of: Sums, difference: Floats) -> Floats:
    used = of.coincidences.sum(axis=-1)
    observed = (of.coincidences * difference).sum(axis=(-2, -1))
    expected = (used[..., :, None] * used[..., None, :] * difference).sum(axis=(-2, -1))
    return np.asarray(1 - (used.sum(axis=-1) - 1) * _ratio(observed, expected))


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Part by whole, not a number where the whole is nothing."""
    whole = np.asarray(whole)
    something = whole > _ROUNDING
    return np.where(something, part / np.where(something, whole, 1.0), np.nan)


@dataclass(frozen=True)
class _Definition:
    of: Callable[[Sums], Floats]
    scale: Scale
    ordinal: bool = False


_METRICS: dict[str, _Definition] = {
    "percent": _Definition(percent, SHARE),
    "alpha_nominal": _Definition(alpha_nominal, AT_MOST_ONE),
    "alpha_ordinal": _Definition(alpha_ordinal, AT_MOST_ONE, ordinal=True),
    "ac1": _Definition(ac1, AT_MOST_ONE),
}


def possible(categories: Categories) -> tuple[str, ...]:
    """The metrics that the scale of a question allows.

    >>> possible(Categories(("yes", "no"), "nominal"))
    ('percent', 'alpha_nominal', 'ac1')
    """
    return tuple(name for name, each in _METRICS.items() if categories.scale == "ordinal" or not each.ordinal)


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
    look at less. `by`: any of locale, guideline_version, vendor, stage (workflow and question are always there);
    a unit is one item and target within a group. `categories`: the questions to look at and their codes, see
    `analytics.scales.categories`; judgments of other questions are left out. `metrics`: None for all that the scale
    of each question allows. Raises UnknownGrouping, UndeclaredCategory, ImpossibleMetric, ImpossibleInterval.
    """
    check(over, level)
    asked = {key: _asked(key, each, metrics) for key, each in categories.items()}
    rows = []
    for each in counts(judgments, categories, by):
        key = str(each.group["workflow"]), str(each.group["question"])
        rows.append(group_agreement(each, categories[key].codes, asked[key], over, level))
    return rows


def _asked(key: QuestionKey, categories: Categories, metrics: Sequence[str] | None) -> tuple[str, ...]:
    allowed = possible(categories)
    for metric in metrics or ():
        if metric not in allowed:
            raise ImpossibleMetric(metric, f"{'.'.join(key)}, which is {categories.scale}", allowed)
    return allowed if metrics is None else tuple(metrics)


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


def group_agreement(group: Counts, codes: Sequence[str], metrics: Sequence[str], over: Over, level: float) -> Agreement:
    """The agreement of one group from its counts."""
    basis, totals = _basis(group, over, level), Totals.of(group)
    found = sums(totals.all, len(codes))
    shares = found.shares / found.units
    return Agreement(
        group=group.group,
        estimates={metric: _estimate(_METRICS[metric], totals, len(codes), basis) for metric in metrics},
        prevalence=dict(zip(codes, shares.tolist(), strict=True)),
        n_single_rated=int(found.units - found.pairable),
    )


def _basis(group: Counts, over: Over, level: float) -> Basis:
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


def _estimate(metric: _Definition, totals: Totals, size: int, basis: Basis) -> Estimate:
    value = float(metric.of(sums(totals.all, size)))
    if np.isnan(value):
        no_pairs = "no item has two annotators"
        return basis.undefined("no variation: every answer is the same" if basis.n_items else no_pairs)
    if 1 - value < _ROUNDING:
        return basis.undefined("no interval: all annotators agree on every item", value)
    variance = item_variance(metric.of, totals, size)
    if basis.over == "items_and_raters":
        raters, single = rater_variance(metric.of, totals, size), rating_variance(metric.of, totals, size)
        variance = two_way(variance, raters, single)
    if np.isnan(variance.value):
        return basis.undefined("no interval: without one item or one annotator no figure is left", value)
    if variance.value < _ROUNDING**2:
        return basis.undefined("no interval: all items show the same agreement", value)
    return basis.estimate(value, variance, metric.scale)


def item_variance(metric: Callable[[Sums], Floats], totals: Totals, size: int) -> Variance:
    """The variance over items: the jackknife that leaves out each unit; units of one pattern are computed once."""
    return jackknife(metric(sums(totals.without_item, size)), totals.units)


def rater_variance(metric: Callable[[Sums], Floats], totals: Totals, size: int) -> Variance:
    """The variance over annotators: the jackknife that takes each annotator's answers out of every unit."""
    return jackknife(metric(sums(totals.without_rater, size)), np.ones(len(totals.without_rater)))


def rating_variance(metric: Callable[[Sums], Floats], totals: Totals, size: int) -> Variance:
    """The variance over single ratings: the jackknife that takes one answer out of a unit."""
    return jackknife(metric(sums(totals.without_rating, size)), totals.ratings)


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
