"""Drift: whether the agreement of an annotator with peers rises or falls from week to week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, stdtr, stdtrit

from analytics.annotators.figures import Figures, Floats, reasons
from analytics.annotators.peers import ALONE, Peers
from analytics.coefficients import ratio

FEWEST_WEEKS = 3
_ROUNDS = 25
_REST = 1e-6


def drift(of: Peers, level: float) -> Figures:
    """The change of the log odds of agreeing with peers per week, and the p-value of no change.

    Logistic regression of the weekly agreed shares (a quasi-likelihood: Papke & Wooldridge 1996, J. Appl. Econom. 11)
    with items as clusters in the variance. Where weeks scatter more than items make them, the variance is widened by
    that, and Student's t has the degrees of freedom of weeks.
    """
    count = of.annotators
    weeks = np.bincount(of.rater, minlength=count)
    items, answers, agreed, *_ = of.totals().T
    none = (agreed <= 0) | (agreed >= answers)
    slope, error, freedom = _regression(of)
    settled = np.isfinite(error) & (error > 0) & (weeks >= FEWEST_WEEKS) & ~none
    slope, error = (np.where(settled, each, np.nan) for each in (slope, error))
    reach = stdtrit(freedom, (1 + level) / 2) * error
    why = reasons(
        count,
        (answers == 0, ALONE),
        (weeks < FEWEST_WEEKS, f"fewer than {FEWEST_WEEKS} weeks"),
        (none, "no variation: agreement is always full, or never there"),
        (~settled, "the slope has no end: agreement changes at one week, from none to full or back"),
    )
    return Figures(
        method="quasi-logistic regression",
        value=slope,
        low=slope - reach,
        high=slope + reach,
        error=error,
        items=items.astype(np.int64),
        judgments=answers.astype(np.int64),
        annotators=np.ones(count, np.int64),
        reasons=why,
        p_value=2 * stdtr(freedom, -np.abs(slope) / error),
        level=level,
    )


@dataclass(frozen=True)
class _Sums:
    """Sums over the weeks of each annotator, of rows that are numbered by `rater` (rows,)."""

    rater: npt.NDArray[np.int64]
    count: int

    def __call__(self, values: Floats) -> Floats:
        return np.asarray(np.bincount(self.rater, weights=values, minlength=self.count), np.float64)

    def solved(self, weight: Floats, x: Floats, residual: Floats) -> tuple[Floats, Floats]:
        """One step of Newton's method for intercept and slope; not numbers where the equations have no solution."""
        whole, first, second = self(weight), self(weight * x), self(weight * x * x)
        up, across = self(residual), self(residual * x)
        determinant = whole * second - first**2
        return ratio(second * up - first * across, determinant), ratio(whole * across - first * up, determinant)

    def slope_variance(self, weight: Floats, x: Floats, spread: Floats) -> Floats:
        """The variance of the slope where the residuals of the rows have the variances `spread`."""
        whole, first, second = self(weight), self(weight * x), self(weight * x * x)
        part = first**2 * self(spread) - 2 * whole * first * self(spread * x) + whole**2 * self(spread * x * x)
        return ratio(part, (whole * second - first**2) ** 2)


def _regression(of: Peers) -> tuple[Floats, Floats, Floats]:
    """Slope, its standard error and the degrees of freedom, of all annotators at once; not numbers without an end."""
    total = _Sums(of.rater, of.annotators)
    items, c, s, squared, crossed, counted = of.sums.T
    x = of.week - ratio(total(of.week * c), total(c))[of.rater]
    intercept, slope = _fitted(total, x, c, s)
    p = expit(intercept[of.rater] + slope[of.rater] * x)
    weight = c * p * (1 - p)
    spread = np.maximum(squared - 2 * p * crossed + p**2 * counted, 0)
    variance = total.slope_variance(weight, x, spread) * ratio(total(items), total(items) - 2)
    free = np.maximum(np.bincount(of.rater, minlength=total.count) - 2.0, 1.0)
    scatter = ratio(total(ratio((s - c * p) ** 2, weight)), free * ratio(total(spread), total(weight)))
    wide = np.nan_to_num(scatter) > 1
    error = np.sqrt(np.where(wide, scatter, 1) * variance)
    return slope, error, np.where(wide, free, np.maximum(total(items) - 2, 1))


def _fitted(total: _Sums, x: Floats, c: Floats, s: Floats) -> tuple[Floats, Floats]:
    """Intercept and slope of each annotator; not numbers where they do not come to rest."""
    intercept, slope = np.zeros((2, total.count))
    with np.errstate(over="ignore"):
        for _ in range(_ROUNDS):
            p = expit(intercept[total.rater] + slope[total.rater] * x)
            up, across = total.solved(c * p * (1 - p), x, s - c * p)
            intercept, slope = intercept + up, slope + across
    rested = np.abs(np.nan_to_num([up, across], nan=np.inf)).max(axis=0) < _REST
    return np.where(rested, intercept, np.nan), np.where(rested, slope, np.nan)
