"""Variances and intervals: the delete-one jackknife, and intervals built where the bounds of a figure are respected.

An interval is built on a scale on which the figure has no bound, and carried back, so it never has to be clipped:
`log(1 - x)` for alpha and AC1 (at most 1), `logit(x)` for shares (0 to 1), `log(x)` for rates and penalties (at
least 0). Variances are carried to that scale by its slope (the delta method). The quantile is Student's t; variances
of several sources are added, and their degrees of freedom combined as Welch and Satterthwaite do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, stdtrit

from analytics.errors import ImpossibleInterval
from analytics.estimate import Estimate

Floats: TypeAlias = npt.NDArray[np.float64]
OVER = ("items", "items_and_raters")


@dataclass(frozen=True)
class Scale:
    """An unbounded scale for a bounded figure: there, back again, and its slope."""

    name: str
    there: Callable[[float], float]
    back: Callable[[float], float]
    slope: Callable[[float], float]


AT_MOST_ONE = Scale("log(1-x)", lambda x: float(np.log1p(-x)), lambda y: float(-np.expm1(y)), lambda x: -1 / (1 - x))
SHARE = Scale("logit", lambda x: float(logit(x)), lambda y: float(expit(y)), lambda x: 1 / (x * (1 - x)))
AT_LEAST_ZERO = Scale("log", lambda x: float(np.log(x)), lambda y: float(np.exp(y)), lambda x: 1 / x)


@dataclass(frozen=True)
class Variance:
    """A variance and the degrees of freedom it was estimated with."""

    value: float
    freedom: float

    def __add__(self, other: Variance) -> Variance:
        """The variance of a sum of independent parts; degrees of freedom by Welch and Satterthwaite.

        >>> Variance(1.0, 9) + Variance(1.0, 9)
        Variance(value=2.0, freedom=18.0)
        """
        total = self.value + other.value
        parts = self.value**2 / self.freedom + other.value**2 / other.freedom
        return Variance(total, total**2 / parts if parts else self.freedom)


def jackknife(replicates: Floats, repeats: Floats) -> Variance:
    """The delete-one jackknife variance of a figure.

    `replicates` (k,) are the figure's values without one unit; `repeats` (k,) how many units leave just that value, so
    that units which look alike are computed once. Not a number where a replicate is.

    >>> jackknife(np.array([2.5, 2.0, 1.5]), np.array([1.0, 1.0, 1.0])).value  # the mean of 1, 2, 3: 1/3
    0.3333333333333333
    """
    n = repeats.sum()
    spread = repeats @ (replicates - repeats @ replicates / n) ** 2
    return Variance(float((n - 1) / n * spread), float(n - 1))


def two_way(items: Variance, raters: Variance, single: Variance) -> Variance:
    """The variance over items and annotators drawn anew: the sum of both, less that of single ratings, which both hold.

    The annotators' part is the jackknife without its factor (r - 1) / r for r annotators, which is not too small where
    these are few; what they add is this less the single ratings, at least 0. In the degrees of freedom (Satterthwaite)
    it counts for half of what it is and half of what it adds, the rest as items do: a figure that is not linear in the
    answers makes it larger than what annotators add, so the first is too much where they are alike, and the second too
    little where they are not. Not a number where a part is none. Sources: Cameron, Gelbach & Miller (2011), J. Bus.
    Econ. Stat. 29, 238-249, for clusters of two kinds; MacKinnon, Nielsen & Webb (2024), arXiv:2406.08880, for the
    jackknife with them; Hansen (2025), Rev. Econ. Stud., for the factor.

    >>> two_way(Variance(2.0, 99.0), Variance(0.9, 9.0), Variance(1.0, 299.0)).value
    2.0
    """
    if np.isnan([items.value, raters.value, single.value]).any():
        return Variance(float("nan"), items.freedom)
    whole = raters.value * (raters.freedom + 1) / raters.freedom
    added = max(whole - single.value, 0.0)
    value = items.value + added
    theirs = min((whole + added) / 2, value)
    parts = theirs**2 / raters.freedom + (value - theirs) ** 2 / items.freedom
    return Variance(value, value**2 / parts if parts else items.freedom)


def interval(value: float, variance: Variance, level: float, scale: Scale) -> tuple[float, float]:
    """The interval at this level around a value strictly inside the scale's bounds; infinite ends where it has no end.

    >>> low, high = interval(0.9, Variance(0.01, 1000.0), 0.95, AT_MOST_ONE)
    >>> bool(0.2 < low < 0.9 < high < 1)
    True
    """
    reach = float(stdtrit(variance.freedom, (1 + level) / 2)) * abs(scale.slope(value)) * variance.value**0.5
    with np.errstate(over="ignore"):
        ends = scale.back(scale.there(value) - reach), scale.back(scale.there(value) + reach)
    return min(ends), max(ends)


@dataclass(frozen=True)
class Basis:
    """What an estimate rests on and holds for."""

    level: float
    method: str
    over: str
    n_items: int
    n_judgments: int
    n_annotators: int

    def undefined(self, reason: str, value: float | None = None) -> Estimate:
        """The value, where there is one, without an interval, and why."""
        return self._estimate(value, None, None, reason)

    def estimate(self, value: float, variance: Variance, scale: Scale) -> Estimate:
        """The value with its interval on this scale; without one, and the reason, where it would not end."""
        low, high = interval(value, variance, self.level, scale)
        if not np.isfinite([low, high]).all():
            return self.undefined("too uncertain for an interval", value)
        return self._estimate(value, low, high, None)

    def _estimate(self, value: float | None, low: float | None, high: float | None, reason: str | None) -> Estimate:
        return Estimate(
            value=value,
            low=low,
            high=high,
            level=self.level,
            method=self.method,
            over=self.over,
            n_items=self.n_items,
            n_judgments=self.n_judgments,
            n_annotators=self.n_annotators,
            undefined=reason,
        )


def check(over: str, level: float) -> None:
    """Raises ImpossibleInterval for an unknown population or a level that is not between 0 and 1."""
    if over not in OVER or not 0 < level < 1:
        raise ImpossibleInterval(over, level)
