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
from analytics.estimate import Estimate
from analytics.intervals import Basis, check
from analytics.numbers import check_questions
from analytics.numeric import Moments, Numeric, moments
from analytics.scales import QuestionKey

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
    questions: Mapping[QuestionKey, Numeric],
    by: Sequence[str] = ("locale",),
    level: float = 0.95,
) -> list[Icc]:
    """Intraclass correlations per workflow, question and the columns of `by`, sorted by group.

    `judgments` has the columns of `plugins.frames.JUDGMENTS` and those of `by`; `questions` are those to look at, see
    `analytics.numeric.numeric`. Raises UnknownGrouping, NotNumeric, UndeclaredCategory, ImpossibleMetric,
    ImpossibleInterval.
    """
    check("items", level)
    check_questions("icc", questions)
    return [_row(each.standardised()[0], level) for each in moments(judgments, questions, by)]


def _row(group: Moments, level: float) -> Icc:
    estimates = _one_way(group, level) | _two_way(group, level)
    return Icc(
        group=group.group,
        estimates=dict(sorted(estimates.items())),
        n_single_rated=round(float(group.units[group.given == 1].sum())),
        n_incomplete=round(float(group.units[group.given < group.raters].sum())),
    )


def _one_way(group: Moments, level: float) -> dict[str, Estimate]:
    used = group.only(group.given >= 2)
    basis = _basis(used, level, "items_and_raters")
    if basis.n_items < 2:
        return dict.fromkeys(("icc1", "icc1_mean"), basis.undefined("fewer than two items have two ratings"))
    of = one_way(used)
    single, mean = correlations(of.between, of.within, of, level)
    nothing = _nothing(of, of.within, "no interval: all annotators agree on every item")
    return {"icc1": _estimate(single, nothing, basis), "icc1_mean": _estimate(mean, nothing, basis)}


def _two_way(group: Moments, level: float) -> dict[str, Estimate]:
    used = group.only(group.given == group.raters)
    drawn, fixed = (_basis(used, level, over) for over in ("items_and_raters", "items"))
    if drawn.n_items < 2 or group.raters < 2:
        reason = "fewer than two items were rated by every annotator, of two or more"
        return {
            "icc2": drawn.undefined(reason),
            "icc2_mean": drawn.undefined(reason),
            "icc3": fixed.undefined(reason),
            "icc3_mean": fixed.undefined(reason),
        }
    of = two_way(used)
    nothing = _nothing(of, of.residual, "no interval: annotators differ by the same on every item, or nowhere")
    agreed = absolute(of, level)
    single, mean = correlations(of.between, of.residual, replace(of, freedom=(of.items - 1) * (of.each - 1)), level)
    return {
        "icc2": _estimate(agreed[0], nothing, drawn),
        "icc2_mean": _estimate(agreed[1], nothing, drawn),
        "icc3": _estimate(single, nothing, fixed),
        "icc3_mean": _estimate(mean, nothing, fixed),
    }


def one_way(of: Moments) -> Squares:
    """The mean squares of ratings between and within their units, of which there are at least two.

    Where units have different numbers of ratings, `each` is n₀ of the unbalanced analysis of variance.
    """
    total, items = float(of.count.sum()), round(float(of.units.sum()))
    grand = float(of.count @ of.own) / total
    return Squares(
        between=float(of.count @ (of.mean - grand) ** 2) / (items - 1),
        within=float(of.units @ of.spread) / (total - items),
        items=items,
        each=(total - float(of.count @ of.given) / total) / (items - 1),
        freedom=total - items,
    )


def two_way(of: Moments) -> Squares:
    """And between raters, each of whom rated every unit once, with what is left.

    >>> table = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7.0]])
    >>> item, judge = (each.ravel() for each in np.indices(table.shape))
    >>> found = two_way(Moments.of(table.ravel(), item, judge))  # Shrout & Fleiss 1979, table 3
    >>> [round(each, 2) for each in (found.between, found.within, found.raters, found.residual)]
    [11.24, 6.26, 32.49, 1.02]
    """
    found = one_way(of)
    means = np.bincount(of.rater, weights=of.count * of.own) / found.items
    raters = found.items * float(((means - means.mean()) ** 2).sum())
    free = len(means) - 1
    residual = max(found.within * found.freedom - raters, 0.0) / ((found.items - 1) * free)
    return replace(found, raters=raters / free, residual=residual)


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


def _basis(used: Moments, level: float, over: str) -> Basis:
    items, ratings = round(float(used.units.sum())), int(used.count.sum())
    return Basis(level, "F", over, items, ratings, len(np.unique(used.rater)))
