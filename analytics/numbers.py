"""Agreement on numbers, and their mean: interval alpha by moments, which cost one pass whatever the values are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from analytics.coefficients import ROUNDING, ratio
from analytics.errors import ImpossibleMetric
from analytics.estimate import Estimate, Over
from analytics.intervals import AT_MOST_ONE, Basis, Scale, Variance, check, jackknife, two_way
from analytics.numeric import Moments, Numeric, has_numbers, moments
from analytics.scales import QuestionKey

Floats: TypeAlias = npt.NDArray[np.float64]
Figure: TypeAlias = Callable[[Floats], Floats]

SMALL = 30
"""Items from which on a sample is not small."""

UNBOUNDED = Scale("as it is", lambda x: x, lambda y: y, lambda x: 1.0)


@dataclass(frozen=True)
class Numbers:
    """Ratings of one group: `group` names workflow, question and the columns asked for, in that order.

    `estimates` are `alpha_interval`, Krippendorff's alpha for numbers, and `mean`, in which each item and target counts
    the same. `n_single_rated` are the items and targets with one annotator, which agreement cannot use.
    """

    group: dict[str, str | None]
    estimates: dict[str, Estimate]
    deviation: float | None = field(
        metadata={"description": "standard deviation of the ratings of one item; null where none has two"}
    )
    n_single_rated: int
    small: bool = field(metadata={"description": "whether the sample is small: fewer than 30 items"})


def numbers(
    judgments: ir.Table,
    *,
    questions: Mapping[QuestionKey, Numeric],
    by: Sequence[str] = ("locale",),
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[Numbers]:
    """Interval alpha and the mean per workflow, question and the columns of `by`, sorted by group.

    `judgments` has the columns of `plugins.frames.JUDGMENTS` and those of `by`; `questions` are those to look at, see
    `analytics.numeric.numeric`. Raises UnknownGrouping, NotNumeric, UndeclaredCategory, ImpossibleMetric,
    ImpossibleInterval.
    """
    check(over, level)
    check_questions("alpha_interval", questions)
    return [_row(each, over, level) for each in moments(judgments, questions, by)]


def check_questions(metric: str, questions: Mapping[QuestionKey, Numeric]) -> None:
    """Raises ImpossibleMetric for a question whose codes have no numbers."""
    possible = [question for (_, question), each in questions.items() if has_numbers(each)]
    for key, each in questions.items():
        if not has_numbers(each):
            raise ImpossibleMetric(metric, f"{'.'.join(key)}, whose codes have no numbers", possible)


def alpha_interval(total: Floats) -> Floats:
    """Krippendorff's alpha, interval, of feature sums (…, 7): at most 1, 0 at chance; nan without variation.

    Squared differences within units are their squared deviations times m / (m − 1), and those of all ratings follow
    from their sum and their sum of squares (Krippendorff 2011, *Computing Krippendorff's Alpha-Reliability*).
    """
    ratings, sums, squares, within = (total[..., place] for place in (1, 2, 3, 4))
    return np.asarray(1 - (ratings - 1) * ratio(within, ratings * squares - sums**2))


def mean(total: Floats) -> Floats:
    """The mean over units of the mean of their ratings, from the centre that the features were made with."""
    return ratio(total[..., 6], total[..., 5])


def features(given: Floats, means: Floats, spread: Floats) -> Floats:
    """What units with so many ratings (k,), such a mean (k,) and squared deviations from it (k,) add: (k, 7).

    Of units with two ratings or more: 1, ratings, their sum, their sum of squares, their squared deviations times
    m / (m − 1). Of all: 1 and the mean.
    """
    any_left = given > ROUNDING
    pairable = given > 1 + ROUNDING
    squares = spread + given * means**2
    within = given / np.where(pairable, given - 1, 1.0) * spread
    found = np.column_stack([np.ones(len(given)), given, given * means, squares, within])
    return np.column_stack([found * pairable[:, None], any_left, np.where(any_left, means, 0.0)])


@dataclass(frozen=True)
class Totals:
    """The feature sums of a group, whole and with parts left out.

    `all` (7,); `without_item` (k, 7) for a unit like that of each row, of which there are `units` (k,);
    `without_rating` (k, 7) for a rating like that of each row, of which there are `ratings` (k,); `without_rater`
    (annotators, 7). Ratings were lessened by `centre` and divided by `scale`.
    """

    all: Floats
    without_item: Floats
    units: Floats
    without_rating: Floats
    ratings: Floats
    without_rater: Floats
    centre: float
    scale: float

    @classmethod
    def of(cls, group: Moments) -> Totals:
        """The sums of this group, standardised: sums of squares of numbers far from 0 would lose their digits."""
        standard, centre, scale = group.standardised()
        own, means, spread = standard.own, standard.mean, standard.spread
        units = features(group.given, means, spread)
        total = group.units @ units
        left = np.maximum(group.given - 1, 1)
        apart = own - means
        rest = np.maximum(spread - apart**2 * group.given / left, 0.0)
        change = features(group.given - 1, means - apart / left, rest) - units
        raters = np.zeros((group.raters, total.size))
        np.add.at(raters, group.rater, change * group.count[:, None])
        return cls(total, total - units, group.units, total + change, group.count, total + raters, centre, scale)

    def parts(self, figure: Figure) -> tuple[Variance, Variance, Variance]:
        """The variances of a figure over items, annotators and single ratings: exact delete-one jackknives."""
        one_each = np.ones(len(self.without_rater))
        return (
            jackknife(figure(self.without_item), self.units),
            jackknife(figure(self.without_rater), one_each),
            jackknife(figure(self.without_rating), self.ratings),
        )

    def variance(self, figure: Figure, over: str) -> Variance:
        """The variance of a figure over items, or over items and annotators."""
        if over == "items":
            return jackknife(figure(self.without_item), self.units)
        return two_way(*self.parts(figure))


def _row(group: Moments, over: Over, level: float) -> Numbers:
    totals = Totals.of(group)
    pairable = group.given >= 2
    freedom = float(group.count[pairable].sum() - group.units[pairable].sum())
    within = float(group.units @ group.spread)
    return Numbers(
        group=group.group,
        estimates={
            "alpha_interval": _alpha(group, totals, over, level),
            "mean": estimate_mean(group, totals, over, level),
        },
        deviation=(within / freedom) ** 0.5 if freedom > ROUNDING else None,
        n_single_rated=round(float(group.units[~pairable].sum())),
        small=bool(group.units.sum() < SMALL),
    )


def basis_of(group: Moments, used: npt.NDArray[np.bool_], over: str, level: float) -> Basis:
    """What a figure of these rows of a group rests on."""
    return Basis(
        level=level,
        method="two-way jackknife" if over == "items_and_raters" else "delete-one jackknife",
        over=over,
        n_items=round(float(group.units[used].sum())),
        n_judgments=int(group.count[used].sum()),
        n_annotators=len(np.unique(group.rater[used])),
    )


def _alpha(group: Moments, totals: Totals, over: Over, level: float) -> Estimate:
    basis = basis_of(group, group.given >= 2, over, level)
    value = float(alpha_interval(totals.all))
    if np.isnan(value):
        return basis.undefined(
            "no variation: every answer is the same" if basis.n_items else "no item has two annotators"
        )
    if 1 - value < ROUNDING:
        return basis.undefined("no interval: all annotators agree on every item", value)
    variance = totals.variance(alpha_interval, over)
    return _estimate(basis, value, variance, AT_MOST_ONE, "no interval: all items show the same agreement")


def estimate_mean(group: Moments, totals: Totals, over: Over, level: float, scale: Scale = UNBOUNDED) -> Estimate:
    """The mean over units of the mean of their ratings, with an interval on this scale."""
    basis = basis_of(group, group.given >= 1, over, level)
    value = float(mean(totals.all)) * totals.scale + totals.centre
    standard = totals.variance(mean, over)
    variance = Variance(standard.value * totals.scale**2, standard.freedom)
    return _estimate(basis, value, variance, scale, "no interval: all items have the same mean")


def _estimate(basis: Basis, value: float, variance: Variance, scale: Scale, same: str) -> Estimate:
    if np.isnan(variance.value):
        return basis.undefined("no interval: without one item or one annotator no figure is left", value)
    if variance.value < ROUNDING**2:
        return basis.undefined(same, value)
    return basis.estimate(value, variance, scale)
