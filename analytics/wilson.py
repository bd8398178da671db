"""Wilson's interval of a share of answers that are not independent: of one item, or by one annotator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import stdtrit
from statsmodels.stats.proportion import proportion_confint

from analytics.estimate import Estimate
from analytics.intervals import Basis, Variance, two_way


def wilson(basis: Basis, value: float, items: Variance, raters: Variance, single: Variance) -> Estimate:
    """The share with Wilson's interval (1927) for the effective sample size.

    That size is the number of answers by the design effect: the variance with items, or items and annotators, as
    clusters by that of `single` answers, at least 1 (Kish 1965). Over annotators it is lessened as Student's t is wider
    than the normal quantile (Korn & Graubard 1998, Surv. Methodol. 24). Where all answers are the same, the design
    effect cannot be seen, and clusters are counted.
    """
    alike = value in (0.0, 1.0) or not single.value
    size = _all_same(basis) if alike else _size(basis, items, raters, single)
    low, high = proportion_confint(value * size, size, alpha=1 - basis.level, method="wilson")
    return replace(basis.undefined("", value), low=float(low), high=float(high), undefined=None)


def _all_same(basis: Basis) -> float:
    both = basis.over == "items_and_raters"
    return float(min(basis.n_items, basis.n_annotators) if both else basis.n_items)


def _size(basis: Basis, items: Variance, raters: Variance, single: Variance) -> float:
    if basis.over == "items":
        return float(basis.n_judgments / max(items.value / single.value, 1.0))
    variance = two_way(items, raters, single)
    tail = (1 + basis.level) / 2
    narrower = stdtrit(np.inf, tail) / stdtrit(variance.freedom, tail)
    return float(basis.n_judgments / max(variance.value / single.value, 1.0) * narrower**2)
