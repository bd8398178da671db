"""Cohen's kappa of every pair of annotators who answered enough of the same units, from their confusion counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
from statsmodels.stats.proportion import proportion_confint

from analytics.coefficients import ROUNDING
from analytics.counts import grouping
from analytics.errors import ImpossibleMetric
from analytics.estimate import Estimate
from analytics.intervals import AT_MOST_ONE, Basis, check, jackknife
from analytics.scales import Categories, QuestionKey
from analytics.units import Answers, Texts, answers, met

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

POWERS: Mapping[str, int] = {"kappa": 0, "kappa_linear": 1, "kappa_quadratic": 2}
"""The kappas, and the power of the distance between two categories that is lost; 0 is all that is not agreed."""

MINIMUM = 10
"""Units in common from which on a pair is looked at, unless another number is asked for."""


@dataclass(frozen=True)
class Pair:
    """How two annotators agree: `group` names workflow, question and the columns asked for, in that order.

    `first` is the name that sorts first. `metric` says which kappa `kappa` is. `percent` is the share of the units in
    common on which both gave the same answer.
    """

    group: dict[str, str | None]
    first: str = field(metadata={"description": "the annotator whose name sorts first"})
    second: str
    metric: str
    kappa: Estimate
    percent: Estimate


@dataclass(frozen=True)
class Confusions:
    """The confusion counts of the pairs of one group.

    `table` (pairs × categories × categories) counts the units to which the annotator in `first` (pairs,) gave the row's
    category and the one in `second` (pairs,) the column's.
    """

    group: dict[str, str | None]
    first: npt.NDArray[np.object_]
    second: npt.NDArray[np.object_]
    table: Integers


def pairs(
    judgments: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    metric: str = "kappa",
    minimum: int = MINIMUM,
    limit: int | None = None,
    offset: int = 0,
    level: float = 0.95,
) -> list[Pair]:
    """Kappa of every pair of annotators with at least `minimum` units in common, the lowest first.

    Pairs whose kappa is undefined come last; equal ones are sorted by group and names. `judgments` and `categories` as
    in `analytics.agreement.agreement`; `metric` is one of `POWERS`. Of the rows the first `offset` are left out and
    `limit` at most are made (None: all). Raises UnknownGrouping, UndeclaredCategory, ImpossibleMetric,
    ImpossibleInterval.
    """
    check("items", level)
    for key, each in categories.items():
        if metric not in possible(each):
            raise ImpossibleMetric(metric, f"{'.'.join(key)}, which is {each.scale}", possible(each))
    groups = confusions(judgments, categories, by, minimum)
    if not groups:
        return []
    figures = [kappas(each.table, metric)[0] for each in groups]
    ends = np.cumsum([len(value) for value in figures])
    order = np.argsort(np.round(np.concatenate(figures), 9), kind="stable")
    rows = order[offset : None if limit is None else offset + limit]
    found = []
    for row, number in zip(rows, np.searchsorted(ends, rows, side="right"), strict=True):
        value = figures[number]
        place = int(row) - int(ends[number]) + len(value)
        found.append(_row(groups[number], place, metric, float(value[place]), level))
    return found


def possible(categories: Categories) -> tuple[str, ...]:
    """The kappas that the scale of a question allows.

    >>> possible(Categories(("yes", "no"), "nominal"))
    ('kappa',)
    """
    return tuple(POWERS) if categories.scale == "ordinal" else ("kappa",)


def confusions(
    judgments: ir.Table,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    minimum: int = MINIMUM,
) -> list[Confusions]:
    """The confusion counts of every group that has such pairs, sorted by group, and by names within it.

    Which answers count is as in `analytics.counts`. Raises UndeclaredCategory and UnknownGrouping.
    """
    group = grouping(by, judgments)
    if not categories:
        return []
    names, groups = answers(judgments, categories, group)
    found = (_confusions(each, names, len(categories[each.key].codes), minimum) for each in groups)
    return [each for each in found if len(each.first)]


def _confusions(of: Answers, names: Texts, size: int, minimum: int) -> Confusions:
    first, second = met(of.unit)
    together = of.rater[first] * len(names) + of.rater[second]
    pair, number, units = np.unique(together, return_inverse=True, return_counts=True)
    enough = units >= minimum
    rows = enough[number]
    place = (np.cumsum(enough) - 1)[number[rows]]
    cell = (place * size + of.own[first[rows]]) * size + of.own[second[rows]]
    table = np.bincount(cell, minlength=int(enough.sum()) * size**2).reshape(-1, size, size)
    left, right = np.divmod(pair[enough], len(names))
    return Confusions(of.group, names[left], names[right], table)


def kappas(table: npt.ArrayLike, metric: str = "kappa") -> tuple[Floats, Floats]:
    """Cohen's kappa (1960; weighted: 1968) of confusion counts (…, categories, categories), and its variance.

    The variance is that of Fleiss, Cohen & Everitt 1969, eq. 8 and 13 (delta method; multinomial counts). Categories
    lose by how many steps they are apart, in the order of the table. Kappa is at most 1, and 0 at chance; not a number
    where all answers are the same.

    >>> value, _ = kappas([[75, 1, 4], [5, 4, 1], [0, 0, 10]])  # Fleiss, Levin & Paik 2003, table 18.1
    >>> round(float(value), 2)
    0.68
    """
    counted = np.asarray(table, np.float64)
    units = counted.sum(axis=(-2, -1))
    cells = counted / units[..., None, None]
    rows, columns = cells.sum(axis=-1), cells.sum(axis=-2)
    weights = _weights(cells.shape[-1], POWERS[metric])
    agreed = (cells * weights).sum(axis=(-2, -1))
    chance = np.einsum("...i,...j,ij->...", rows, columns, weights)
    varied = 1 - chance > ROUNDING
    left = np.where(varied, 1 - chance, np.nan)
    usual = (columns @ weights)[..., :, None] + (rows @ weights)[..., None, :]
    parts = weights * left[..., None, None] - usual * (1 - agreed)[..., None, None]
    mean = agreed * chance - 2 * chance + agreed  # subtracted before squaring: no variance is none to the last digit
    spread = (cells * (parts - mean[..., None, None]) ** 2).sum(axis=(-2, -1))
    return (agreed - chance) / left, spread / (units * left**4)


def _weights(size: int, power: int) -> Floats:
    """What two categories agree: 1 for the same, 0 for those farthest apart."""
    if power == 0:
        return np.eye(size)
    place = np.arange(size)
    weights: Floats = 1 - (np.abs(place[:, None] - place) / max(size - 1, 1)) ** power
    return weights


def without_one(table: npt.ArrayLike, metric: str = "kappa") -> Floats:
    """Cohen's kappa without an item of each cell: (…, categories, categories); without meaning where a cell has none.

    >>> without_one([[2, 1], [1, 3]]).round(3).tolist()  # the first is kappa of [[1, 1], [1, 3]]
    [[0.25, 0.667], [0.667, 0.333]]
    """
    counted = np.asarray(table, np.float64)
    left = counted.sum(axis=(-2, -1))[..., None, None] - 1
    rows, columns = counted.sum(axis=-1), counted.sum(axis=-2)
    weights = _weights(counted.shape[-1], POWERS[metric])
    agreed = ((counted * weights).sum(axis=(-2, -1))[..., None, None] - weights) / left
    usual = (columns @ weights)[..., :, None] + (rows @ weights)[..., None, :]
    chance = (np.einsum("...i,...j,ij->...", rows, columns, weights)[..., None, None] - usual + weights) / left**2
    found: Floats = (agreed - chance) / np.where(1 - chance > ROUNDING, 1 - chance, np.nan)
    return found


def _row(of: Confusions, place: int, metric: str, value: float, level: float) -> Pair:
    table = of.table[place]
    units = int(table.sum())
    basis = Basis(level, "delete-one jackknife", "items", units, 2 * units, 2)
    return Pair(
        group=of.group,
        first=str(of.first[place]),
        second=str(of.second[place]),
        metric=metric,
        kappa=_kappa(table, metric, value, basis),
        percent=_percent(table, replace(basis, method="Wilson")),
    )


def _kappa(table: Integers, metric: str, value: float, basis: Basis) -> Estimate:
    if np.isnan(value):
        return basis.undefined("no variation: both gave one and the same answer to every item")
    if np.trace(table) == basis.n_items:
        return basis.undefined("no interval: both agree on every item", value)
    if min((table.sum(axis=0) > 0).sum(), (table.sum(axis=1) > 0).sum()) == 1:
        return basis.undefined("no interval: one of them gave the same answer to every item", value)
    variance = jackknife(without_one(table, metric)[table > 0], table[table > 0].astype(np.float64))
    if variance.value < ROUNDING**2:
        return basis.undefined("no interval: all items show the same agreement", value)
    return basis.estimate(value, variance, AT_MOST_ONE)


def _percent(table: Integers, basis: Basis) -> Estimate:
    agreed = int(np.trace(table))
    low, high = proportion_confint(agreed, basis.n_items, alpha=1 - basis.level, method="wilson")
    share = agreed / basis.n_items
    low, high = min(float(low), share), max(float(high), share)  # statsmodels rounds 0 to above 0
    return replace(basis.undefined("", share), low=low, high=high, undefined=None)
