"""Spearman's rho and Kendall's tau-b between annotators: of pairs, their mean, and of each against the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from analytics.coefficients import ROUNDING, ratio
from analytics.counts import grouping
from analytics.errors import ImpossibleMetric
from analytics.estimate import Estimate, Over
from analytics.intervals import Basis, Scale, Variance, check, jackknife, two_way
from analytics.numeric import Numeric, check_numeric, free_numbers, known_numbers
from analytics.pairs import MINIMUM
from analytics.ranks import Lists
from analytics.scales import Categories, QuestionKey
from analytics.scales import categories as categories_of
from analytics.units import Answers, met, read
from guidelines.model import Workflow

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Texts: TypeAlias = npt.NDArray[np.object_]

BOTH_ENDS = Scale("atanh", lambda x: float(np.arctanh(x)), lambda y: float(np.tanh(y)), lambda x: 1 / (1 - x * x))
LOST = 4
"""Entries that a correlation's variance is short of, on Fisher's scale."""


@dataclass(frozen=True)
class PairCorrelation:
    """How two annotators order the same items: `group` names workflow, question and the columns asked for.

    Both estimates are from -1 to 1, 1 is the same order, 0 none.
    """

    group: dict[str, str | None]
    first: str = field(metadata={"description": "the annotator whose name sorts first"})
    second: str
    spearman: Estimate
    kendall: Estimate


@dataclass(frozen=True)
class AnnotatorCorrelation:
    """How an annotator and the others order the same items: of each item and target the mean of the others counts.

    `group` names workflow, question and the columns asked for. Both estimates are from -1 to 1, 1 is the same order.
    """

    group: dict[str, str | None]
    annotator: str
    spearman: Estimate
    kendall: Estimate


@dataclass(frozen=True)
class Correlation:
    """The mean of the correlations of all pairs of a group's annotators, weighed by the items they have in common.

    `group` names workflow, question and the columns asked for. `n_pairs` have enough items in common; of these
    `n_constant` have no correlation, because one of both gave one and the same answer, and are left out of the mean.
    """

    group: dict[str, str | None]
    estimates: dict[str, Estimate]
    n_pairs: int
    n_constant: int


@dataclass(frozen=True)
class Shared:
    """The answers of one group to compare: `lists` holds one entry an item and target of each pair of annotators (or of
    each annotator and the others), `unit` (k,) which item and target it is, `first` and `second` (lists,) who they are.
    """

    group: dict[str, str | None]
    names: Texts
    first: Integers
    second: Integers
    unit: Integers
    lists: Lists

    @cached_property
    def _order(self) -> tuple[Integers, Integers]:
        return np.argsort(self.lists.of, kind="stable"), np.cumsum(self.lists.sizes)

    def rows(self, place: int) -> Integers:
        """The entries of one list."""
        order, ends = self._order
        return order[ends[place] - self.lists.sizes[place] : ends[place]]


def ordered(workflows: Mapping[str, Workflow]) -> dict[QuestionKey, Numeric]:
    """The questions of these workflows whose answers have an order: numbers, ratings, ordinal choices."""
    coded = {key: each for key, each in categories_of(workflows).items() if each.scale == "ordinal"}
    return {**free_numbers(workflows), **coded}


def correlations(
    judgments: ir.Table,
    *,
    questions: Mapping[QuestionKey, Numeric],
    by: Sequence[str] = ("locale",),
    minimum: int = MINIMUM,
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[Correlation]:
    """The mean correlation of pairs of annotators with at least `minimum` units in common, one row a group, sorted.

    `judgments` has the columns of `plugins.frames.JUDGMENTS` and those of `by`; `questions` are those to look at, see
    `ordered`. Groups without such a pair have a row that says so. Raises UnknownGrouping, NotNumeric,
    UndeclaredCategory, ImpossibleMetric, ImpossibleInterval.
    """
    check(over, level)
    groups, shared = _shared(judgments, questions, by, minimum, _pairs)
    found = {tuple(each.group.items()): each for each in shared}
    return [_correlation(each, found.get(tuple(each.items())), minimum, over, level) for each in groups]


def pair_correlations(
    judgments: ir.Table,
    *,
    questions: Mapping[QuestionKey, Numeric],
    by: Sequence[str] = ("locale",),
    minimum: int = MINIMUM,
    limit: int | None = None,
    offset: int = 0,
    level: float = 0.95,
) -> list[PairCorrelation]:
    """The correlation of each pair of annotators with at least `minimum` units in common, the lowest rho first.

    Undefined ones come last; equal ones are sorted by group and names. Of the rows the first `offset` are left out and
    `limit` at most are made (None: all). Else, and errors, as `correlations`.
    """
    check("items", level)
    _, found = _shared(judgments, questions, by, minimum, _pairs)
    return [
        PairCorrelation(
            group=each.group,
            first=str(each.names[each.first[place]]),
            second=str(each.names[each.second[place]]),
            spearman=_spearman(each, place, level, 2),
            kendall=_kendall(each, place, level, 2),
        )
        for each, place in _page(found, limit, offset)
    ]


def annotator_correlations(
    judgments: ir.Table,
    *,
    questions: Mapping[QuestionKey, Numeric],
    by: Sequence[str] = ("locale",),
    minimum: int = MINIMUM,
    limit: int | None = None,
    offset: int = 0,
    level: float = 0.95,
) -> list[AnnotatorCorrelation]:
    """The correlation of each annotator with the mean of the others, on at least `minimum` units, the lowest first.

    Paging, order and errors as in `pair_correlations`.
    """
    check("items", level)
    _, found = _shared(judgments, questions, by, minimum, _against_others)
    return [
        AnnotatorCorrelation(
            group=each.group,
            annotator=str(each.names[each.first[place]]),
            spearman=_spearman(each, place, level, 1),
            kendall=_kendall(each, place, level, 1),
        )
        for each, place in _page(found, limit, offset)
    ]


Group: TypeAlias = dict[str, str | None]
Compared: TypeAlias = tuple[Integers, Integers, Integers, Floats, Floats]
"""Entries: the row of the first and of the second annotator in the names, the unit, and a number of each."""


def _shared(
    judgments: ir.Table,
    questions: Mapping[QuestionKey, Numeric],
    by: Sequence[str],
    minimum: int,
    compared: Callable[[Answers], Compared],
) -> tuple[list[Group], list[Shared]]:
    """All groups that have answers, and of those that have enough to compare what that is; both sorted."""
    group = grouping(by, judgments)
    _check_ordered(questions)
    if not questions:
        return [], []
    names, groups = read(known_numbers(judgments, questions), questions, group)
    wrong = [np.nan if np.isnan(each.own).any() else 0.0 for each in groups]
    check_numeric(np.asarray(wrong), judgments, questions)
    shared = [_enough(each.group, compared(each), names, minimum) for each in groups]
    return [each.group for each in groups], [each for each in shared if len(each.first)]


def _check_ordered(questions: Mapping[QuestionKey, Numeric]) -> None:
    """Raises ImpossibleMetric for a question whose codes have no order."""
    nominal = {key for key, each in questions.items() if isinstance(each, Categories) and each.scale == "nominal"}
    possible = [name for workflow, name in questions if (workflow, name) not in nominal]
    for workflow, name in nominal:
        raise ImpossibleMetric("spearman", f"{workflow}.{name}, which is nominal", possible)


def _pairs(of: Answers) -> Compared:
    """Both answers of each two annotators of a unit."""
    first, second = met(of.unit)
    return of.rater[first], of.rater[second], of.unit[first], of.own[first], of.own[second]


def _against_others(of: Answers) -> Compared:
    """Each annotator's answer, and the mean of the others of the unit; rounded, since equal means must be tied."""
    given = np.bincount(of.unit)[of.unit]
    total = np.bincount(of.unit, weights=of.own)[of.unit]
    several = given >= 2
    rater, unit, own = of.rater[several], of.unit[several], of.own[several]
    return rater, rater, unit, own, np.round((total[several] - own) / (given[several] - 1), 9)


def _enough(group: Group, compared: Compared, names: Texts, minimum: int) -> Shared:
    """The entries of those who have enough of them together."""
    first, second, unit, x, y = compared
    pair, number, size = np.unique(first * len(names) + second, return_inverse=True, return_counts=True)
    enough = size >= minimum
    rows = enough[number]
    left, right = np.divmod(pair[enough], len(names))
    place = np.cumsum(enough) - 1
    return Shared(group, names, left, right, unit[rows], Lists(place[number[rows]], x[rows], y[rows]))


def _correlation(group: Group, of: Shared | None, minimum: int, over: Over, level: float) -> Correlation:
    basis = Basis(level, _METHOD[over], over, 0, 0, 0)
    if of is None:
        nothing = basis.undefined(f"no two annotators have {minimum} items in common")
        return Correlation(group, {"spearman": nothing, "kendall": nothing}, 0, 0)
    lists = of.lists
    estimates = {
        "spearman": _mean(of, lists.spearman, lists.spearman_influence, basis),
        "kendall": _mean(of, lists.kendall, lists.kendall_influence, basis),
    }
    return Correlation(group, estimates, len(of.first), int(np.isnan(lists.spearman).sum()))


_METHOD = {"items": "infinitesimal jackknife", "items_and_raters": "two-way jackknife"}


def _mean(of: Shared, values: Floats, influence: Floats, basis: Basis) -> Estimate:
    """The mean of the lists' correlations by their sizes. What a unit adds to it is what it adds in all its lists."""
    known = ~np.isnan(values)
    rows = known[of.lists.of]
    if not rows.any():
        return basis.undefined("no variation: in each pair one gave the same answer to every item")
    value = float(values[known] @ of.lists.sizes[known] / rows.sum())
    apart = (np.nan_to_num(values)[of.lists.of] + influence - value)[rows]
    first, second = (each[of.lists.of][rows] for each in (of.first, of.second))
    unit, people = of.unit[rows], len(of.names)
    rating = np.concatenate([unit * people + first, unit * people + second])
    items, single = (_clustered(each, apart) for each in (unit, rating))
    counted = len(np.unique(unit)), len(np.unique(rating)), len(np.unique([of.first[known], of.second[known]]))
    basis = Basis(basis.level, basis.method, basis.over, *counted)
    if 1 - abs(value) < ROUNDING:
        return basis.undefined("no interval: every two annotators have the same order, or just the reverse", value)
    variance = items if basis.over == "items" else two_way(items, _over_raters(of, values, known), single)
    if np.isnan(variance.value):
        return basis.undefined("no interval: without one annotator no pair is left", value)
    return basis.estimate(value, variance, BOTH_ENDS)


def _clustered(cluster: Integers, apart: Floats) -> Variance:
    """The variance of a mean whose entries are drawn in clusters; `apart` (k,) is how far each is from the mean.

    `cluster` holds their clusters, once or several times (k,) one after the other.
    """
    number = np.unique(cluster, return_inverse=True)[1]
    sums = np.bincount(number, weights=np.tile(apart, len(cluster) // len(apart)))
    free = max(len(sums) - 1, 1)
    return Variance(float(len(sums) / free * (sums @ sums) / len(apart) ** 2), free)


def _over_raters(of: Shared, values: Floats, known: npt.NDArray[np.bool_]) -> Variance:
    """The jackknife that leaves out each annotator with all their pairs."""
    sizes = of.lists.sizes[known].astype(np.float64)
    sums = np.column_stack([values[known] * sizes, sizes])
    theirs = np.zeros((len(of.names), 2))
    for each in (of.first, of.second):
        np.add.at(theirs, each[known], sums)
    left = (sums.sum(axis=0) - theirs)[theirs[:, 1] > 0]
    return jackknife(ratio(left[:, 0], left[:, 1]), np.ones(len(left)))


def _page(found: Sequence[Shared], limit: int | None, offset: int) -> list[tuple[Shared, int]]:
    every = [(each, place) for each in found for place in range(len(each.first))]
    if not every:
        return []
    values = np.concatenate([each.lists.spearman for each in found])
    order = np.argsort(np.round(values, 9), kind="stable")
    return [every[row] for row in order[offset : None if limit is None else offset + limit]]


def _spearman(of: Shared, place: int, level: float, annotators: int) -> Estimate:
    return _estimate(of, place, of.lists.spearman, of.lists.spearman_influence, level, annotators)


def _kendall(of: Shared, place: int, level: float, annotators: int) -> Estimate:
    return _estimate(of, place, of.lists.kendall, of.lists.kendall_influence, level, annotators)


def _estimate(of: Shared, place: int, values: Floats, influence: Floats, level: float, annotators: int) -> Estimate:
    """One correlation with the interval of the infinitesimal jackknife on Fisher's scale.

    The published variances of atanh r are for numbers without ties (Bonett & Wright 2000, Psychometrika 65; Fieller,
    Hartley & Pearson 1957, Biometrika 44), and far too small on scales of few steps. The divisor is n - 4, as there.
    """
    value, items = float(values[place]), int(of.lists.sizes[place])
    basis = Basis(level, "infinitesimal jackknife", "items", items, annotators * items, annotators)
    if np.isnan(value):
        return basis.undefined("no variation: one of them gave the same answer to every item")
    if 1 - abs(value) < ROUNDING:
        return basis.undefined("no interval: the order is the same, or just the reverse", value)
    if items <= LOST:
        return basis.undefined(f"no interval: it takes {LOST + 1} items", value)
    own = influence[of.rows(place)]
    variance = Variance(float(own @ own) / (items * (items - LOST)), np.inf)
    if variance.value < ROUNDING**2:
        return basis.undefined("no interval: all items show the same", value)
    return basis.estimate(value, variance, BOTH_ENDS)
