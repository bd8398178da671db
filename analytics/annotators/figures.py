"""One figure of many annotators as arrays, with intervals and tests: estimates are made of those that are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from analytics.coefficients import ratio
from analytics.estimate import Estimate

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Booleans: TypeAlias = npt.NDArray[np.bool_]

DISCOVERY = 0.05
"""The rate of false discoveries among flags of one kind."""

FEWEST = 30
"""Items under which a sample is small, and nothing is flagged."""


@dataclass(frozen=True)
class Figures:
    """A figure of each annotator: all arrays (annotators,); not a number where there is none, and `reasons` says why.

    `error` is the standard error. `p_value` is that of the test of `analytics.annotators.flags`, where there is one.
    """

    method: str
    value: Floats
    low: Floats
    high: Floats
    error: Floats
    items: Integers
    judgments: Integers
    annotators: Integers
    reasons: npt.NDArray[np.object_]
    p_value: Floats = field(default_factory=lambda: np.zeros(0))
    level: float = 0.95

    def estimate(self, row: int) -> Estimate:
        """The figure of one annotator; it holds for this annotator on other items."""
        return Estimate(
            value=number(self.value[row]),
            low=number(self.low[row]),
            high=number(self.high[row]),
            level=self.level,
            method=self.method,
            over="items",
            n_items=int(self.items[row]),
            n_judgments=int(self.judgments[row]),
            n_annotators=int(self.annotators[row]),
            undefined=self.reasons[row],
        )


def number(value: float) -> float | None:
    """A plain number, None where it is not one."""
    return float(value) if np.isfinite(value) else None


def reasons(count: int, *cases: tuple[Booleans, str]) -> npt.NDArray[np.object_]:
    """The reason of the first case that holds, else None: (count,)."""
    found = np.full(count, None, object)
    for holds, reason in reversed(cases):
        found[holds] = reason
    return found


def wilson(value: Floats, size: Floats, level: float) -> tuple[Floats, Floats]:
    """Wilson's score interval (1927) of shares of `size` answers; not numbers where there is no answer.

    >>> low, high = wilson(np.array([81 / 263]), np.array([263.0]), 0.95)
    >>> [round(float(end), 4) for end in (low[0], high[0])]  # Newcombe 1998, p. 861
    [0.2553, 0.3662]
    """
    z = float(norm.ppf((1 + level) / 2))
    size = np.where(size > 0, size, np.nan)
    centre = value + z**2 / (2 * size)
    reach = z * np.sqrt(value * (1 - value) / size + z**2 / (4 * size**2))
    low, high = ((centre + sign * reach) / (1 + z**2 / size) for sign in (-1, 1))
    return np.clip(low, 0, value), np.clip(high, value, 1)


def clustered(part: Floats, whole: Floats, squares: tuple[Floats, Floats, Floats], clusters: Floats) -> Floats:
    """The variance of part by whole if other clusters were drawn, linearised.

    `squares` are the sums over clusters of part², part · whole and whole².
    """
    value = ratio(part, whole)
    spread = squares[0] - 2 * value * squares[1] + value**2 * squares[2]
    found: Floats = np.maximum(ratio(clusters, clusters - 1) * spread, 0) / np.maximum(whole, 1) ** 2
    return found


def effective(value: Floats, variance: Floats, clusters: Floats, most: Floats, level: float) -> Floats:
    """The number of independent answers that would have this variance, lessened as Student's t is wider.

    Korn & Graubard 1998, Surv. Methodol. 24. Where the variance cannot be seen (a share of 0 or 1, or the same in all
    clusters) clusters count; it is never more than `most`.
    """
    seen = variance > 1e-12
    size = np.where(seen, value * (1 - value) / np.where(seen, variance, 1), clusters)
    tail = 0.5 + level / 2
    narrower = (norm.ppf(tail) / stdtrit(np.maximum(clusters - 1, 1), tail)) ** 2
    found: Floats = np.minimum(np.where(seen, size * narrower, size), most)
    return found


def others(part: Floats, whole: Floats, level: float) -> tuple[Floats, Floats, Floats]:
    """The share of all *other* annotators of the group, and its interval if other annotators were drawn.

    Wilson's interval for the effective number of answers, annotators being clusters; not a number without two others.
    """
    rest, answers = part.sum() - part, whole.sum() - whole
    count = (whole > 0).sum() - (whole > 0).astype(np.float64)
    squares = (part @ part - part**2, part @ whole - part * whole, whole @ whole - whole**2)
    value = ratio(rest, answers)
    low, high = wilson(value, effective(value, clustered(rest, answers, squares, count), count, answers, level), level)
    few = count < 2
    return value, np.where(few, np.nan, low), np.where(few, np.nan, high)


def q_values(parts: Sequence[Floats]) -> list[Floats]:
    """P-values after Benjamini & Hochberg (1995) over all parts together; what is not a number stays so."""
    if not parts:
        return []
    together = np.concatenate(parts)
    tested = np.isfinite(together)
    if tested.any():
        together[tested] = multipletests(together[tested], method="fdr_bh")[1]
    return np.split(together, np.cumsum([len(each) for each in parts])[:-1])
