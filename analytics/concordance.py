"""Kendall's W: how far several rankings of the same responses are one, and its mean over items."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analytics.coefficients import ROUNDING, Floats, ratio
from analytics.estimate import Estimate
from analytics.intervals import AT_MOST_ONE, SHARE, Basis, Scale, jackknife, two_way
from analytics.orders import Integers, Orders


def concordance(places: npt.ArrayLike) -> float:
    """Kendall's W of one item: annotators × responses, all placed; 0 to 1, not a number where nobody orders anything.

    Equal places share the mean of their ranks, and W is put right for them (Kendall & Babington Smith 1939, Ann. Math.
    Stat. 10, 275-287; ties: Kendall 1948, Rank Correlation Methods).

    >>> round(concordance([[1, 6, 3, 2, 5, 4], [1, 5, 6, 4, 2, 3], [6, 3, 2, 5, 4, 1]]), 3)  # Siegel 1956, p. 229
    0.162
    """
    ranks, tied = midranks(np.asarray(places, np.float64))
    return float(_w(ranks.sum(axis=0), tied.sum(), np.array(float(len(ranks))), np.ones(ranks.shape[1], bool)))


def midranks(places: Floats) -> tuple[Floats, Floats]:
    """The ranks in each row (rankings × responses), ties sharing their mean, and Σ (t³ - t) of its t tied; nan stays.

    >>> midranks(np.array([[1.0, 2.0, 2.0]]))
    (array([[1. , 2.5, 2.5]]), array([6.]))
    """
    before, equal = np.zeros(places.shape), np.zeros(places.shape)
    for column in places.T:
        before += places > column[:, None]
        equal += places == column[:, None]
    placed = ~np.isnan(places)
    ranks = np.where(placed, before + (equal + 1) / 2, np.nan)
    return ranks, ((equal**2 - 1) * placed).sum(axis=1)


def _w(ranked: Floats, tied: Floats, annotators: Floats, shown: npt.NDArray[np.bool_]) -> Floats:
    """W from the sums of ranks (…, responses) of so many annotators; `shown` are the responses that were ranked."""
    responses = shown.sum(axis=-1)
    middle = annotators * (responses + 1) / 2
    spread = np.where(shown, (ranked - np.asarray(middle)[..., None]) ** 2, 0.0).sum(axis=-1)
    most = annotators**2 * (responses**3 - responses) - annotators * tied
    return ratio(12 * spread, most)


@dataclass(frozen=True)
class Replicates:
    """A figure, and what it is without each item, each annotator and each ranking that it rests on."""

    value: float
    items: Floats
    raters: Floats
    single: Floats

    def estimate(self, basis: Basis, scale: Scale, nothing: str) -> Estimate:
        """The figure with its jackknife interval; `nothing` is why there is none, where there is none."""
        if np.isnan(self.value):
            return basis.undefined(nothing)
        if 1 - self.value < ROUNDING:
            return basis.undefined("no interval: all annotators agree on every item", 1.0)
        items, raters, single = (jackknife(each, np.ones(len(each))) for each in (self.items, self.raters, self.single))
        variance = items if basis.over == "items" else two_way(items, raters, single)
        if np.isnan(variance.value):
            return basis.undefined("no interval: without one item or one annotator no figure is left", self.value)
        if variance.value < ROUNDING**2 or (scale is SHARE and self.value < ROUNDING):
            return basis.undefined("no interval: all items show the same agreement", self.value)
        return basis.estimate(self.value, variance, scale)


@dataclass(frozen=True)
class Concordance:
    """W and its number of annotators by unit, and without each ranking: what the means and their variances need.

    `w` and `annotators` (units,), `w_without` (rankings,); `unit` and `rater` of the complete rankings.
    """

    w: Floats
    annotators: Floats
    w_without: Floats
    unit: Integers
    rater: Integers
    n_without_order: int

    @classmethod
    def of(cls, orders: Orders) -> Concordance:
        """The complete rankings of the units that have at least two of them, of two responses or more."""
        units, responses = orders.shown.shape
        unit, rater = orders.unit[orders.complete], orders.rater[orders.complete]
        ranks, ties = midranks(orders.places[orders.complete])
        ranks = np.nan_to_num(ranks)
        annotators = np.bincount(unit, minlength=units).astype(np.float64)
        tied = np.bincount(unit, ties, minlength=units).astype(np.float64)
        total = np.zeros((units, responses))
        np.add.at(total, unit, ranks)
        several = (annotators >= 2) & (orders.shown.sum(axis=1) >= 2)
        w = np.where(several, _w(total, tied, annotators, orders.shown), np.nan)
        left = annotators[unit] - 1
        without = _w(total[unit] - ranks, tied[unit] - ties, left, orders.shown[unit])
        used = ~np.isnan(w)[unit]
        return cls(
            w=w,
            annotators=annotators,
            w_without=np.where(left >= 2, without, np.nan)[used],
            unit=unit[used],
            rater=rater[used],
            n_without_order=int((several & np.isnan(w)).sum()),
        )

    def estimates(self, nothing: Basis) -> dict[str, Estimate]:
        """The means over units of W, and of the mean correlation (m W - 1) / (m - 1) of m annotators."""
        basis = rests_on(nothing, int((~np.isnan(self.w)).sum()), self.rater)
        found = {
            "kendall_w": (self._mean(self.w, self.w_without), SHARE),
            "mean_rho": (self._mean(*self._correlations()), AT_MOST_ONE),
        }
        why = "nobody put anything before anything else" if self.n_without_order else "no item has two annotators"
        return {name: each.estimate(basis, scale, why) for name, (each, scale) in found.items()}

    def _correlations(self) -> tuple[Floats, Floats]:
        many, fewer = self.annotators, self.annotators[self.unit] - 1
        whole = (many * self.w - 1) / np.maximum(many - 1, 1)
        return whole, (fewer * self.w_without - 1) / np.maximum(fewer - 1, 1)

    def _mean(self, whole: Floats, without: Floats) -> Replicates:
        """The mean over units of a figure by unit, which without one of its rankings is `without`."""
        there = whole[~np.isnan(whole)]
        total, units = there.sum(), len(there)
        change = np.nan_to_num(without) - whole[self.unit]
        lost = -np.isnan(without).astype(np.float64)
        raters = np.unique(self.rater, return_inverse=True)[1]
        by_rater, lost_by_rater = (np.bincount(raters, each).astype(np.float64) for each in (change, lost))
        return Replicates(
            value=float(ratio(total, np.array(float(units)))),
            items=ratio(total - there, np.full(units, units - 1.0)),
            raters=ratio(total + by_rater, units + lost_by_rater),
            single=ratio(total + change, units + lost),
        )


def rests_on(nothing: Basis, units: int, raters: Integers) -> Basis:
    """The basis with so many units, and with rankings that are these annotators' (rankings,)."""
    return replace(nothing, n_items=units, n_judgments=len(raters), n_annotators=len(np.unique(raters)))
