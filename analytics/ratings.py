"""Intraclass correlations of ratings: how much of their variance is that of the items (Shrout & Fleiss 1979)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
from scipy.stats import f as snedecor

from analytics.coefficients import ROUNDING
from analytics.consensus.votes import Votes, votes
from analytics.errors import ImpossibleMetric
from analytics.estimate import Estimate
from analytics.intervals import Basis, check
from analytics.scales import Categories, QuestionKey

Floats: TypeAlias = npt.NDArray[np.float64]
Ends: TypeAlias = tuple[float, float, float]
"""A value and both ends of its interval; infinite or not numbers where there are none."""

_NOTHING = float("nan")


@dataclass(frozen=True)
class Icc:
    """The correlations of one group: `group` names workflow, question and the columns asked for, in that order.

    `estimates` are `icc1`, `icc2` and `icc3` of single ratings, and `icc1_mean`, `icc2_mean` and `icc3_mean` of the
    mean of an item's ratings. `n_single_rated` are the units with one annotator, `n_incomplete` those that not every
    annotator of the group rated, which `icc2` and `icc3` leave out.
    """

    group: dict[str, str | None]
    estimates: dict[str, Estimate]
    n_single_rated: int
    n_incomplete: int


@dataclass(frozen=True)
class Squares:
    """Mean squares: `between` items, `within` items, between `raters`, and the `residual` of both; `each` ratings an
    item of `items`. `freedom` is that of `within`."""

    between: float
    within: float
    items: int
    each: float
    freedom: float
    raters: float = _NOTHING
    residual: float = _NOTHING


def intraclass(
    judgments: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    level: float = 0.95,
) -> list[Icc]:
    """Intraclass correlations per workflow, question and the columns of `by`, sorted by group.

    `judgments` and `categories` as in `analytics.agreement.agreement`; the categories must have numbers. Raises
    UnknownGrouping, UndeclaredCategory, ImpossibleMetric, ImpossibleInterval.
    """
    check("items", level)
    for key, each in categories.items():
        if each.numbers is None:
            raise ImpossibleMetric("icc", f"{'.'.join(key)}, whose codes have no numbers", _numbered(categories))
    found = []
    for group in votes(judgments, categories, by):
        numbers = categories[str(group.group["workflow"]), str(group.group["question"])].numbers
        found.append(_row(group, np.asarray(numbers, np.float64)[group.own], level))
    return found


def _numbered(categories: Mapping[QuestionKey, Categories]) -> list[str]:
    return [question for (_, question), each in categories.items() if each.numbers is not None]


def _row(group: Votes, ratings: Floats, level: float) -> Icc:
    complete = group.given == len(group.annotators)
    estimates = _one_way(group, ratings, level) | _two_way(group, ratings, complete, level)
    return Icc(
        group=group.group,
        estimates=dict(sorted(estimates.items())),
        n_single_rated=int((group.given == 1).sum()),
        n_incomplete=int((~complete).sum()),
    )


def _one_way(group: Votes, ratings: Floats, level: float) -> dict[str, Estimate]:
    used = (group.given >= 2)[group.unit]
    basis = _basis(group, used, level, "items_and_raters")
    if basis.n_items < 2:
        return dict.fromkeys(("icc1", "icc1_mean"), basis.undefined("fewer than two items have two ratings"))
    of = one_way(ratings[used], group.unit[used])
    single, mean = correlations(of.between, of.within, of, level)
    nothing = _nothing(of, of.within, "no interval: all annotators agree on every item")
    return {"icc1": _estimate(single, nothing, basis), "icc1_mean": _estimate(mean, nothing, basis)}


def _two_way(group: Votes, ratings: Floats, complete: npt.NDArray[np.bool_], level: float) -> dict[str, Estimate]:
    used = complete[group.unit]
    drawn, fixed = (_basis(group, used, level, over) for over in ("items_and_raters", "items"))
    if drawn.n_items < 2 or len(group.annotators) < 2:
        reason = "fewer than two items were rated by every annotator, of two or more"
        found = {"icc2": drawn, "icc2_mean": drawn, "icc3": fixed, "icc3_mean": fixed}
        return {name: basis.undefined(reason) for name, basis in found.items()}
    of = two_way(ratings[used], group.unit[used], group.rater[used])
    nothing = _nothing(of, of.residual, "no interval: annotators differ by the same on every item, or nowhere")
    agreed = absolute(of, level)
    single, mean = correlations(of.between, of.residual, replace(of, freedom=(of.items - 1) * (of.each - 1)), level)
    return {
        "icc2": _estimate(agreed[0], nothing, drawn),
        "icc2_mean": _estimate(agreed[1], nothing, drawn),
        "icc3": _estimate(single, nothing, fixed),
        "icc3_mean": _estimate(mean, nothing, fixed),
    }


def one_way(ratings: Floats, unit: npt.NDArray[np.int64]) -> Squares:
    """The mean squares of ratings (k,) between and within their units (k,), of which there are at least two.

    Where units have different numbers of ratings, `each` is n₀ of the unbalanced analysis of variance.
    """
    _, unit = np.unique(unit, return_inverse=True)
    given = np.bincount(unit)
    means = np.bincount(unit, weights=ratings) / given
    items, total = len(given), len(ratings)
    return Squares(
        between=float(given @ (means - ratings.mean()) ** 2) / (items - 1),
        within=float(((ratings - means[unit]) ** 2).sum()) / (total - items),
        items=items,
        each=float((total - (given**2).sum() / total) / (items - 1)),
        freedom=total - items,
    )


def two_way(ratings: Floats, unit: npt.NDArray[np.int64], rater: npt.NDArray[np.int64]) -> Squares:
    """And between raters (k,), each of whom rated every unit once, with what is left.

    >>> table = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7.0]])
    >>> item, judge = (each.ravel() for each in np.indices(table.shape))
    >>> of = two_way(table.ravel(), item, judge)  # Shrout & Fleiss 1979, table 3
    >>> [round(each, 2) for each in (of.between, of.within, of.raters, of.residual)]
    [11.24, 6.26, 32.49, 1.02]
    """
    of = one_way(ratings, unit)
    _, rater = np.unique(rater, return_inverse=True)
    means = np.bincount(rater, weights=ratings) / of.items
    raters = of.items * float(((means - ratings.mean()) ** 2).sum())
    free = len(means) - 1
    residual = max(of.within * of.freedom - raters, 0.0) / ((of.items - 1) * free)
    return replace(of, raters=raters / free, residual=residual)


def correlations(between: float, error: float, of: Squares, level: float) -> tuple[Ends, Ends]:
    """ICC(1) or ICC(3), of a single rating and of the mean, by the error they take; F has the freedom of `of`."""
    tail = (1 + level) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.float64(between) / error
        low = ratio / snedecor.ppf(tail, of.items - 1, of.freedom)
        high = ratio * snedecor.ppf(tail, of.freedom, of.items - 1)
        ratios = np.array([ratio, low, high])
        single = np.where(np.isinf(ratios), 1.0, (ratios - 1) / (ratios + of.each - 1))
        mean = 1 - 1 / ratios
    return _ends(single), _ends(mean)


def absolute(of: Squares, level: float) -> tuple[Ends, Ends]:
    """ICC(2), of a single rating and of the mean; its interval after Satterthwaite (Shrout & Fleiss 1979, p. 424)."""
    n, k, tail = of.items, of.each, (1 + level) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        shared = k * np.float64(of.raters) + (k * n - k - n) * of.residual
        value = n * (of.between - of.residual) / (n * of.between + shared)
        part = k * value * np.float64(of.raters) / of.residual
        rest = n * (1 + (k - 1) * value) - k * value
        freedom = (k - 1) * (n - 1) * (part + rest) ** 2 / ((n - 1) * part**2 + rest**2)
        down, up = snedecor.ppf(tail, n - 1, freedom), snedecor.ppf(tail, freedom, n - 1)
        low = n * (of.between - down * of.residual) / (down * shared + n * of.between)
        high = n * (up * of.between - of.residual) / (shared + n * up * of.between)
        single = np.array([value, low, high])
        mean = k * single / (1 + (k - 1) * single)
    return _ends(single), _ends(mean)


def _ends(values: Floats) -> Ends:
    value, low, high = (float(each) for each in values)
    return value, low, high


def _nothing(of: Squares, error: float, agreed: str) -> str | None:
    """Why there is no interval, if so: where either variance is none its F has no distribution."""
    if of.between < ROUNDING and of.within < ROUNDING:
        return "no variation: every answer is the same"
    if error < ROUNDING:
        return agreed
    return "no interval: all items have the same mean" if of.between < ROUNDING else None


def _estimate(ends: Ends, nothing: str | None, basis: Basis) -> Estimate:
    value, low, high = ends
    if not np.isfinite(value) or value > 1 + ROUNDING:
        return basis.undefined((nothing or "items differ too little").removeprefix("no interval: "))
    if nothing is not None:
        return basis.undefined(nothing, value)
    if not -np.inf < low <= value <= high < np.inf:
        return basis.undefined("too uncertain for an interval", value)
    return replace(basis.undefined("", value), low=low, high=high, undefined=None)


def _basis(group: Votes, used: npt.NDArray[np.bool_], level: float, over: str) -> Basis:
    unit, rater = (len(np.unique(each[used])) for each in (group.unit, group.rater))
    return Basis(level, "F", over, unit, int(used.sum()), rater)
