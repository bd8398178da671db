"""Shares and means of reviews with their intervals, from the moments of `analytics.ratios`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from analytics.estimate import Estimate, Over
from analytics.intervals import SHARE, Basis, Variance, two_way
from analytics.ratios import Ratio
from analytics.wilson import wilson

Row = Mapping[Any, Any]
_ROUNDING = 1e-12  # of sums of squares: less than this part of them is nothing
_TOO_FEW = "no interval: it takes two items, and over annotators two annotators"


def share(row: Row, ratio: Ratio, over: Over, level: float, none: str) -> Estimate:
    """The share with Wilson's interval for the effective sample size (see `analytics.wilson`); `none`: why none."""
    basis = _basis(row, ratio, "Wilson, effective sample size", over, level)
    if not basis.n_judgments:
        return basis.undefined(none)
    value = float(row[ratio.above] / row[ratio.below])
    if _too_few(basis):
        return basis.undefined(_TOO_FEW, value)
    return wilson(basis, value, *(_clustered(row, ratio, value, name) for name in ("items", "raters", "cells")))


def mean(row: Row, ratio: Ratio, over: Over, level: float, none: str) -> Estimate:
    """The mean of values from 0 to 1 with an interval on the logit scale, with items and annotators as clusters."""
    basis = _basis(row, ratio, "clustered" if over == "items" else "two-way clustered", over, level)
    if not basis.n_judgments:
        return basis.undefined(none)
    value = float(row[ratio.above] / row[ratio.below])
    if _too_few(basis):
        return basis.undefined(_TOO_FEW, value)
    items, raters, cells = (_clustered(row, ratio, value, name) for name in ("items", "raters", "cells"))
    variance = items if over == "items" else two_way(items, raters, cells)
    if not variance.value or value in (0.0, 1.0):
        return basis.undefined("no interval: all are the same", value)
    return basis.estimate(value, variance, SHARE)


def _basis(row: Row, ratio: Ratio, method: str, over: Over, level: float) -> Basis:
    items, judgments, raters = (int(row[f"{name}_{ratio.below}"]) for name in ("items", "n", "raters"))
    return Basis(level, method, over, items, judgments, raters)


def _too_few(basis: Basis) -> bool:
    return basis.n_items < 2 or (basis.over == "items_and_raters" and basis.n_annotators < 2)


def _clustered(row: Row, ratio: Ratio, value: float, clusters: str) -> Variance:
    """The variance of a ratio if these clusters were drawn, linearised; not a number for a single one."""
    above, below, number = ratio.above, ratio.below, int(row[f"{clusters}_{ratio.below}"])
    if number < 2:
        return Variance(float("nan"), 0.0)
    products = [row[f"{clusters}_{a}_{b}"] for a, b in ((above, above), (above, below), (below, below))]
    spread = float(np.dot(products, [1.0, -2 * value, value**2]))
    spread = spread if spread > _ROUNDING * products[0] else 0.0
    return Variance(number / (number - 1) * spread / float(row[below]) ** 2, float(number - 1))
