"""Counts of given against right answers, the figures that follow from them, and the intervals of these figures.

All figures are functions of three numbers a category: how often it was given where it was right (`hit`), how often it
was given, and how often it was right. They stand side by side in an array (…, 3 · categories), and add up over items,
annotators and single answers; leaving one out is a subtraction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.special import stdtrit
from statsmodels.stats.proportion import proportion_confint

from analytics.coefficients import ROUNDING, ratio
from analytics.counts import Counts
from analytics.estimate import Estimate, Over
from analytics.intervals import SHARE, Basis, Floats, Scale, Variance, jackknife, two_way

Integers = npt.NDArray[np.int64]
Figure = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Parts:
    """What the items, the annotators or the single answers of a group add, and how many add just this.

    `sums` (parts, 3 · categories), `repeats` (parts,).
    """

    sums: Floats
    repeats: Floats


@dataclass(frozen=True)
class Confusion:
    """The counts of one group, of `size` categories.

    `table` (categories, categories) are answers by right category and by given one. `items`, `raters` and `answers` are
    what the sums lose without one of them; `own_raters` are the annotators' own sums, which count whose answers there
    are: where annotators make the reference of others too, the sums lose more without them.
    """

    size: int
    table: Integers
    items: Parts
    raters: Parts
    answers: Parts
    own_raters: Parts

    @classmethod
    def of(cls, cells: pd.DataFrame, patterns: pd.DataFrame | None, size: int) -> Confusion:
        """From rows of `annotator`, `own`, `right`, `count`, and rows of `hit0`, `given0`, `right0`, …, `items`."""
        columns = [f"{name}{k}" for name in ("hit", "given", "right") for k in range(size)]
        items = pd.DataFrame(columns=[*columns, "items"]) if patterns is None else patterns
        count, place = cells["count"].to_numpy(np.float64), np.eye(size)
        own, right = cells["own"].to_numpy(np.int64), cells["right"].to_numpy(np.int64)
        answers = Parts(np.column_stack([place[own] * place[right], place[own], place[right]]), count)
        raters = _summed(answers, np.unique(cells["annotator"].to_numpy(str), return_inverse=True)[1])
        table = np.zeros((size, size), np.int64)
        np.add.at(table, (right, own), count.astype(np.int64))
        found = Parts(items[columns].to_numpy(np.float64), items["items"].to_numpy(np.float64))
        return cls(size, table, found, raters, answers, raters)

    @classmethod
    def by_majority(cls, group: Counts) -> Confusion:
        """Each answer by what most of the others gave to its unit: from the patterns alone."""
        size, table = group.patterns.shape[1], _by_others(group.patterns)
        number, kind = np.unique(group.pattern * size + group.own, return_inverse=True)
        pattern, own = np.divmod(number, size)
        left = group.patterns[pattern]
        left[np.arange(len(left)), own] -= 1
        lost = _thirds_of(table)[pattern] - _thirds_of(_by_others(left))
        given = sparse.csr_array((group.count.astype(np.float64), (group.rater, kind)))
        repeats = np.asarray(given.sum(axis=0))
        alone = (
            table[pattern]
            * (np.arange(size) == own[:, None])[:, None, :]
            / np.maximum(group.patterns[pattern], 1)[:, None]
        )
        return cls(
            size=size,
            table=np.tensordot(group.units, table, 1).astype(np.int64),
            items=Parts(_thirds_of(table), group.units.astype(np.float64)),
            raters=Parts(given @ lost, np.ones(given.shape[0])),
            answers=Parts(lost, repeats),
            own_raters=Parts(given @ _thirds_of(alone), np.ones(given.shape[0])),
        )

    @cached_property
    def total(self) -> Floats:
        """The sums of all answers."""
        return np.asarray(self.items.repeats @ self.items.sums)


def _summed(answers: Parts, rater: Integers) -> Parts:
    sums = np.zeros((int(rater.max(initial=-1)) + 1, answers.sums.shape[1]))
    np.add.at(sums, rater, answers.sums * answers.repeats[:, None])
    return Parts(sums, np.ones(len(sums)))


def _by_others(patterns: Integers) -> Floats:
    """Answers to a unit of each pattern by the category that most of the others gave, where one has most, and by own.

    Patterns × categories × categories.

    >>> _by_others(np.array([[2, 1]])).tolist()  # each a has an a and a b beside it, the b two a
    [[[0.0, 1.0], [0.0, 0.0]]]
    """
    size = patterns.shape[1]
    others = patterns[:, None, :] - np.eye(size, dtype=np.int64)  # by own, by category
    most = others.max(axis=2, keepdims=True)
    first = (others == most) & (most > 0)
    clear = first & (first.sum(axis=2, keepdims=True) == 1)
    return np.asarray((clear * patterns[:, :, None]).transpose(0, 2, 1).astype(np.float64))


def _thirds_of(table: Floats) -> Floats:
    """Hits, given and right answers of each category from tables (…, right, own)."""
    hits = np.diagonal(table, axis1=-2, axis2=-1)
    return np.concatenate([hits, table.sum(axis=-2), table.sum(axis=-1)], axis=-1)


def precision(total: Floats) -> Floats:
    """Of the answers of each category, the share that is right; not a number where there is none."""
    hit, given, _ = _thirds(total)
    return ratio(hit, given)


def recall(total: Floats) -> Floats:
    """Of the answers that should be of each category, the share that is; not a number where there is none."""
    hit, _, right = _thirds(total)
    return ratio(hit, right)


def f1(total: Floats) -> Floats:
    """The harmonic mean of precision and recall of each category (van Rijsbergen 1979), 0 without a hit.

    >>> f1(np.array([2.0, 1.0, 4.0, 1.0, 2.0, 3.0])).tolist()  # hits 2, 1; given 4, 1; right 2, 3
    [0.6666666666666666, 0.5]
    """
    hit, given, right = _thirds(total)
    return ratio(2 * hit, given + right)


def kappa(total: Floats) -> Floats:
    """Cohen's kappa (1960) of given and right answers: at most 1, 0 is chance; not a number where all are the same.

    >>> round(float(kappa(np.array([75.0, 4, 10, 80, 5, 15, 80, 10, 10]))), 2)  # Fleiss, Levin & Paik 2003, table 18.1
    0.68
    """
    hit, given, right = _thirds(total)
    whole = right.sum(axis=-1)
    return _corrected(ratio(hit.sum(axis=-1), whole), ratio((given * right).sum(axis=-1), whole**2))


def alpha(total: Floats) -> Floats:
    """Krippendorff's nominal alpha (2011) of given and right answers, two ratings a unit; at most 1, 0 is chance."""
    hit, given, right = _thirds(total)
    ratings = 2 * right.sum(axis=-1)
    differing = 2 * (right.sum(axis=-1) - hit.sum(axis=-1))
    return np.asarray(1 - (ratings - 1) * ratio(differing, ratings**2 - ((given + right) ** 2).sum(axis=-1)))


def ac1(total: Floats) -> Floats:
    """Gwet's AC1 (2008) of given and right answers, all categories counting; at most 1, 0 is chance."""
    hit, given, right = _thirds(total)
    whole = right.sum(axis=-1)
    share = ratio(given + right, np.asarray(2 * whole)[..., None])
    chance = (share * (1 - share)).sum(axis=-1) / max(hit.shape[-1] - 1, 1)
    varied = (share > ROUNDING).sum(axis=-1) > 1
    return np.where(varied, _corrected(ratio(hit.sum(axis=-1), whole), chance), np.nan)


def _corrected(agreeing: Floats, chance: Floats) -> Floats:
    return ratio(agreeing - chance, 1 - chance)


def macro(figure: Figure) -> Figure:
    """The mean of a figure over the categories that are right or given somewhere; where it is no number, it is 0."""

    def mean(total: Floats) -> Floats:
        _, given, right = _thirds(total)
        occurs = given + right > ROUNDING
        return ratio((np.nan_to_num(figure(total)) * occurs).sum(axis=-1), occurs.sum(axis=-1))

    return mean


def weighted(figure: Figure) -> Figure:
    """The mean of a figure over categories, each as often as it is right; where it is no number, it is 0."""

    def mean(total: Floats) -> Floats:
        _, _, right = _thirds(total)
        return ratio((np.nan_to_num(figure(total)) * right).sum(axis=-1), right.sum(axis=-1))

    return mean


def _thirds(total: Floats) -> tuple[Floats, Floats, Floats]:
    size = total.shape[-1] // 3
    return total[..., :size], total[..., size : 2 * size], total[..., 2 * size :]


def proportion(confusion: Confusion, part: Floats, whole: Floats, over: Over, level: float, none: str) -> Estimate:
    """`part` by `whole` (both say which sums count) with Wilson's interval (1927) for the effective sample size.

    That size is the number of answers by the design effect: the variance with items, or items and annotators, as
    clusters by that of independent answers, at least 1 (Kish 1965). Over annotators it is lessened as Student's t is
    wider than the normal quantile (Korn & Graubard 1998, Surv. Methodol. 24). `none` is why there is no share of none.
    """
    basis = replace(_basis(confusion, level, over, whole), method="Wilson, effective sample size")
    if not basis.n_judgments:
        return basis.undefined(none)
    value = float(confusion.total @ part / (confusion.total @ whole))
    if _too_few(basis):
        return basis.undefined(_TOO_FEW, value)
    size = _size(confusion, part, whole, value, basis)
    low, high = proportion_confint(value * size, size, alpha=1 - level, method="wilson")
    return replace(basis.undefined("", value), low=float(low), high=float(high), undefined=None)


_TOO_FEW = "no interval: it takes two items, and over annotators two annotators"


def _too_few(basis: Basis) -> bool:
    return basis.n_items < 2 or (basis.over == "items_and_raters" and basis.n_annotators < 2)


def _basis(confusion: Confusion, level: float, over: Over, whole: Floats) -> Basis:
    """What a figure rests on: the items, answers and annotators that `whole` says count."""
    items, raters = (
        int(parts.repeats[parts.sums @ whole > ROUNDING].sum()) for parts in (confusion.items, confusion.own_raters)
    )
    method = "two-way jackknife" if over == "items_and_raters" else "delete-one jackknife"
    return Basis(level, method, over, items, round(float(confusion.total @ whole)), raters)


def _size(confusion: Confusion, part: Floats, whole: Floats, value: float, basis: Basis) -> float:
    """The effective sample size; of clusters, where all answers are right or none is, and it cannot be seen."""
    both = basis.over == "items_and_raters"
    if value in (0.0, 1.0):
        return float(min(basis.n_items, basis.n_annotators) if both else basis.n_items)
    items, raters, single = (
        _clustered(parts, part, whole, value, confusion.total)
        for parts in (confusion.items, confusion.raters, confusion.answers)
    )
    variance = two_way(items, raters, single) if both else items
    independent = value * (1 - value) / max(basis.n_judgments - 1, 1)
    narrower = stdtrit(np.inf, 0.5 + basis.level / 2) / stdtrit(variance.freedom, 0.5 + basis.level / 2) if both else 1
    return float(basis.n_judgments / max(variance.value / independent, 1.0) * narrower**2)


def _clustered(parts: Parts, part: Floats, whole: Floats, value: float, total: Floats) -> Variance:
    """The variance of a ratio if these clusters were drawn, linearised."""
    sizes = parts.sums @ whole
    clusters = max(parts.repeats[np.abs(sizes) > ROUNDING].sum(), 2.0)
    spread = parts.repeats @ (parts.sums @ part - value * sizes) ** 2
    return Variance(float(clusters / (clusters - 1) * spread / (total @ whole) ** 2), float(clusters - 1))


def accurate(confusion: Confusion, over: Over, level: float, none: str) -> Estimate:
    """The share of all answers that are right, see `proportion`."""
    size = confusion.size
    hits, everything = np.repeat([1.0, 0.0], [size, 2 * size]), np.repeat([0.0, 1.0, 0.0], size)
    return proportion(confusion, hits, everything, over, level, none)


def estimated(
    confusion: Confusion,
    figure: Figure,
    over: Over,
    level: float,
    scale: Scale = SHARE,
    nothing: str = "no variation: every answer is the same",
) -> Estimate:
    """A figure of the sums with its delete-one jackknife interval on this scale; `nothing` is why it is no number."""
    both = over == "items_and_raters"
    basis = _basis(confusion, level, over, np.repeat([0.0, 1.0, 0.0], confusion.size))
    value = float(figure(confusion.total))
    if np.isnan(value):
        return basis.undefined(nothing if basis.n_judgments else "no answer has a reference")
    if _too_few(basis):
        return basis.undefined(_TOO_FEW, value)
    if 1 - value < ROUNDING or (scale is SHARE and value < ROUNDING):
        return basis.undefined(f"no interval: it is {value:.0f}, and without any one item too", value)
    parts = (confusion.items, confusion.raters, confusion.answers) if both else (confusion.items,)
    variances = [jackknife(figure(confusion.total - each.sums), each.repeats) for each in parts]
    variance = two_way(*variances) if both else variances[0]
    if np.isnan(variance.value):
        return basis.undefined("no interval: without one item or one annotator no figure is left", value)
    if variance.value < ROUNDING**2:
        return basis.undefined("no interval: all items show the same", value)
    return basis.estimate(value, variance, scale)
