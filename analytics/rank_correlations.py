"""Spearman's rho and Kendall's tau-b between annotators: of pairs, their mean, and of each against the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.coefficients import ROUNDING, ratio
from analytics.counts import as_frame, grouping, name_group
from analytics.dimensions import DIMENSIONS
from analytics.errors import ImpossibleMetric
from analytics.estimate import Estimate, Over
from analytics.intervals import Basis, Scale, Variance, check, jackknife, two_way
from analytics.numeric import Numeric, check_numeric, free_numbers, newest_numbers
from analytics.pairs import MINIMUM
from analytics.ranks import Lists
from analytics.scales import Categories, QuestionKey
from analytics.scales import categories as categories_of
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
Reader: TypeAlias = Callable[[ir.Table, Sequence[str], Sequence[str]], ir.Table]


def _shared(
    judgments: ir.Table, questions: Mapping[QuestionKey, Numeric], by: Sequence[str], minimum: int, read: Reader
) -> tuple[list[Group], list[Shared]]:
    """All groups that have answers, and of those that have enough to compare what that is; both sorted."""
    group = grouping(by, judgments)
    _check_ordered(questions)
    if not questions:
        return [], []
    unit = list(dict.fromkeys((*group, "item", "target")))
    answers = newest_numbers(judgments, questions, unit)
    groups = answers.group_by(group).aggregate(wrong=answers.own.isnan().any()).to_pandas()
    check_numeric(np.where(groups["wrong"], np.nan, 0.0), judgments, questions)
    both = read(answers, group, unit)
    together = both.count().over(ibis.window(group_by=[*group, "first", "second"]))
    table = as_frame(both.mutate(together=together).filter(lambda each: each.together >= minimum).to_pyarrow())
    return [name_group(group, key) for key, _ in groups.groupby(group, dropna=False)], list(_split(table, group))


def _check_ordered(questions: Mapping[QuestionKey, Numeric]) -> None:
    """Raises ImpossibleMetric for a question whose codes have no order."""
    nominal = {key for key, each in questions.items() if isinstance(each, Categories) and each.scale == "nominal"}
    possible = [name for workflow, name in questions if (workflow, name) not in nominal]
    for workflow, name in nominal:
        raise ImpossibleMetric("spearman", f"{workflow}.{name}, which is nominal", possible)


def _pairs(answers: ir.Table, group: Sequence[str], unit: Sequence[str]) -> ir.Table:
    """Both answers of each two annotators of a unit."""
    other = answers.view()
    same = [answers[key].identical_to(other[key]) if key in DIMENSIONS else answers[key] == other[key] for key in unit]
    both = answers.join(other, [*same, answers.annotator < other.annotator])
    names = {"first": both.annotator, "second": both.annotator_right, "x": both.own, "y": both.own_right}
    return both.select(*dict.fromkeys((*group, "item", "target")), **names)


def _against_others(answers: ir.Table, group: Sequence[str], unit: Sequence[str]) -> ir.Table:
    """Each annotator's answer, and the mean of the others of the unit; rounded, since equal means must be tied."""
    same_unit = ibis.window(group_by=unit)
    rated = answers.mutate(given=answers.count().over(same_unit), total=answers.own.sum().over(same_unit))
    rated = rated.filter(rated.given >= 2)
    others = ((rated.total - rated.own) / (rated.given - 1)).round(9)
    names = {"first": rated.annotator, "second": rated.annotator, "x": rated.own, "y": others}
    return rated.select(*dict.fromkeys((*group, "item", "target")), **names)


def _split(table: pd.DataFrame, group: Sequence[str]) -> Iterator[Shared]:
    for key, rows in table.groupby(list(group), dropna=False, sort=True, observed=True):
        people = np.unique(np.concatenate([rows[name].astype(object).unique() for name in ("first", "second")]))
        first, second = (np.searchsorted(people, rows[name].astype(object)) for name in ("first", "second"))
        pair, number = np.unique(first * len(people) + second, return_inverse=True)
        unit = np.asarray(rows.groupby(["item", "target"], observed=True).ngroup(), np.int64)
        lists = Lists(number, rows["x"].to_numpy(np.float64), rows["y"].to_numpy(np.float64))
        left, right = np.divmod(pair, len(people))
        yield Shared(name_group(group, key), people, left, right, unit, lists)


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
