"""An estimate from sums with parts left out, whatever the figure that is worked out from the sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from analytics.agreement import Totals
from analytics.coefficients import ROUNDING
from analytics.estimate import Estimate
from analytics.intervals import Basis, Scale, Variance, jackknife, two_way

Floats: TypeAlias = npt.NDArray[np.float64]
Figure: TypeAlias = Callable[[Floats], Floats]


def estimated(figure: Figure, totals: Totals, basis: Basis, scale: Scale, nothing: str) -> Estimate:
    """A figure of at most 1 from sums (…, features) to (…,), with its delete-one jackknife interval on this scale.

    `nothing` is why it is undefined where it is not a number although there are items.
    """
    value = float(figure(totals.all))
    if np.isnan(value):
        return basis.undefined(nothing if basis.n_items else "no item has two annotators")
    if 1 - value < ROUNDING:
        return basis.undefined("no interval: all annotators agree on every item", 1.0)
    variance = _variance(figure, totals, basis.over)
    if np.isnan(variance.value):
        return basis.undefined("no interval: without one item or one annotator no figure is left", value)
    if variance.value < ROUNDING**2:
        return basis.undefined("no interval: all items show the same agreement", value)
    return basis.estimate(value, variance, scale)


def _variance(figure: Figure, totals: Totals, over: str) -> Variance:
    items = jackknife(figure(totals.without_item), totals.units)
    if over == "items":
        return items
    raters = jackknife(figure(totals.without_rater), np.ones(len(totals.without_rater)))
    return two_way(items, raters, jackknife(figure(totals.without_rating), totals.ratings))
