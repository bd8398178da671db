"""Consistency with oneself: the first against the newest answer of one annotator to the same item and target."""

from __future__ import annotations

import numpy as np

from analytics.annotators.figures import Figures, Floats, Integers, reasons, wilson
from analytics.coefficients import ROUNDING, ratio
from analytics.intervals import AT_MOST_ONE, Variance, interval
from analytics.pairs import kappas

_NEVER = "this annotator answered no item twice"


def same(repeats: Integers, level: float) -> Figures:
    """The share of repeated answers that are the same, of counts by first and newest answer, with Wilson's interval."""
    answered = repeats.sum(axis=(1, 2)).astype(np.float64)
    value = ratio(np.trace(repeats, axis1=1, axis2=2).astype(np.float64), answered)
    low, high = wilson(value, answered, level)
    return _figures("Wilson", (value, low, high), _root(ratio(value * (1 - value), answered)), repeats, level)


def kappa(repeats: Integers, level: float) -> Figures:
    """Cohen's kappa of first and newest answers (see `analytics.pairs.kappas`)."""
    answered = repeats.sum(axis=(1, 2))
    value, variance = np.full((2, len(repeats)), np.nan)
    value[answered > 0], variance[answered > 0] = kappas(repeats[answered > 0])
    steady = value > 1 - ROUNDING
    sure = np.isfinite(value) & (variance > ROUNDING**2) & ~steady & (answered > 1)
    low, high = np.full((2, len(repeats)), np.nan)
    for row in np.flatnonzero(sure):
        of = Variance(float(variance[row]), float(answered[row] - 1))
        low[row], high[row] = interval(float(value[row]), of, level, AT_MOST_ONE)
    ended = np.isfinite(low) & np.isfinite(high)
    ends = np.where(ended, [low, high], np.nan)
    why = reasons(
        len(repeats),
        (answered == 0, _NEVER),
        (np.isnan(value), "no variation: every repeated answer is the same"),
        (steady, "no interval: all repeated answers are the same as the first"),
        (~sure, "no interval: all items show the same agreement"),
        (~ended, "too uncertain for an interval"),
    )
    found = _figures("delta method", (value, *ends), np.where(sure, _root(variance), np.nan), repeats, level)
    return Figures(**vars(found) | {"reasons": why})


def _figures(method: str, ends: tuple[Floats, ...], error: Floats, repeats: Integers, level: float) -> Figures:
    answered = repeats.sum(axis=(1, 2))
    value, low, high = ends
    return Figures(
        method=method,
        value=value,
        low=low,
        high=high,
        error=error,
        items=answered,
        judgments=2 * answered,
        annotators=np.minimum(answered, 1),
        reasons=reasons(len(repeats), (answered == 0, _NEVER)),
        level=level,
    )


def _root(variance: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sqrt(variance))
