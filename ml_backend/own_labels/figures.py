"""How well scores tell harmful texts from harmless ones, with 95 % intervals."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_Z = 1.959964  # the normal distribution's 97.5 % point
_NEXT = 1e-9


@dataclass(frozen=True)
class Interval:
    """A value with the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"

    def rounded(self) -> dict[str, float]:
        """As plain values of four decimals."""
        return {name: round(getattr(self, name), 4) for name in ("value", "low", "high")}


def auc(scores: Floats, harmful: Bools) -> Interval:
    """The area under the ROC curve: how often a harmful text scores higher than a harmless one, ties counted half.

    `scores` and `harmful` have one entry a text. The interval is DeLong's (1988), on the logit scale so that it stays
    within 0 to 1; where the scores separate perfectly or not at all DeLong's variance is 0, and the interval is the one
    that inverts Hanley and McNeil's variance (Newcombe 2006, method 5). Raises ValueError where a class has no text.

    >>> print(auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])))
    0.75 (0.07 to 0.99)
    """
    if harmful.all() or not harmful.any():
        raise ValueError("an AUC needs harmful and harmless texts")
    over_harmless, under_harmful = _placements(scores, harmful)
    value = float(over_harmless.mean())
    variance = _variance_of_mean(over_harmless) + _variance_of_mean(under_harmful)
    if variance == 0:
        return _without_variance(value, len(over_harmless), len(under_harmful))
    reach = _Z * sqrt(variance) / (value * (1 - value))
    return Interval(value, *(float(expit(logit(value) + sign * reach)) for sign in (-1, 1)))


def _placements(scores: Floats, harmful: Bools) -> tuple[Floats, Floats]:
    """Per harmful text the share of harmless ones below it; per harmless text the share of harmful ones above it.

    By ranks (Sun and Xu 2014): in n log n instead of n².
    """
    # Imported here: it takes a second, which every worker and every command would pay.
    from scipy.stats import rankdata  # noqa: PLC0415

    overall = rankdata(scores)
    positives, negatives = scores[harmful], scores[~harmful]
    below = (overall[harmful] - rankdata(positives)) / len(negatives)
    above = 1 - (overall[~harmful] - rankdata(negatives)) / len(positives)
    return below, above


def _variance_of_mean(values: Floats) -> float:
    return float(values.var(ddof=1)) / len(values) if len(values) > 1 else 0.0


def _without_variance(value: float, positives: int, negatives: int) -> Interval:
    from scipy.optimize import brentq  # noqa: PLC0415

    def reach(true: float) -> float:
        return _Z * sqrt(_newcombe_variance(true, positives, negatives))

    # At 0 and 1 the value itself solves the equation too, without being an end.
    low = brentq(lambda true: value - true - reach(true), 0, value - _NEXT) if value > 0 else 0.0
    high = brentq(lambda true: value - true + reach(true), value + _NEXT, 1) if value < 1 else 1.0
    return Interval(value, float(low), float(high))


def _newcombe_variance(true: float, positives: int, negatives: int) -> float:
    mean = (positives + negatives) / 2 - 1
    spread = 1 + mean * ((1 - true) / (2 - true) + true / (1 + true))
    return true * (1 - true) * spread / (positives * negatives)


def share(hits: int, of: int) -> Interval:
    """A share with Wilson's score interval (1927). Raises ValueError for a share of nothing.

    >>> print(share(9, 10))
    0.90 (0.60 to 0.98)
    """
    if of == 0:
        raise ValueError("a share of nothing")
    value, z2 = hits / of, _Z**2
    middle = (value + z2 / (2 * of)) / (1 + z2 / of)
    reach = _Z * sqrt(value * (1 - value) / of + z2 / (4 * of**2)) / (1 + z2 / of)
    return Interval(value, max(middle - reach, 0.0), min(middle + reach, 1.0))


def brier(probabilities: Floats, harmful: Bools) -> float:
    """The mean squared difference between probability and truth (Brier 1950): 0 is best, lower is better.

    >>> round(brier(np.array([0.9, 0.2]), np.array([True, False])), 3)
    0.025
    """
    return float(np.mean((probabilities - harmful) ** 2))


def calibration_error(probabilities: Floats, harmful: Bools, bins: int = 10) -> float:
    """The expected calibration error: the mean distance of probability and truth over bins of equally many texts.

    0 is best. With few texts it is over 0 by chance alone: about .05 with 200.

    >>> round(calibration_error(np.array([0.2, 0.2, 0.8, 0.8]), np.array([False, False, True, True]), bins=2), 3)
    0.2
    """
    order = np.argsort(probabilities, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [abs(float(probabilities[part].mean()) - float(harmful[part].mean())) * len(part) for part in parts]
    return sum(gaps) / len(order)
