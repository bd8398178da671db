"""How the variance of a figure over units falls with the ratings of each unit.

A unit's part in a figure is a mean over its ratings (of the mean of numbers, or the share of an answer), or over pairs
of its ratings (of all coefficients of agreement, once they are linearised). Some of its variance is between units, and
no rating changes that; the rest falls with the ratings, in a way that is known (Hoeffding 1948, Ann. Math. Stat. 19).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from analytics.coefficients import Sums, features, sums

Floats: TypeAlias = npt.NDArray[np.float64]

SIZES = (2, 2, 3, 4)
"""Ratings that each sum of `_sums` is over."""


@dataclass(frozen=True)
class OfRatings:
    """A unit's part is a mean over ratings: `between` is the variance of units, `within` that of a unit's ratings."""

    between: float
    within: float

    def variance(self, ratings: float) -> float:
        """The variance of a unit's part where it has so many ratings.

        >>> OfRatings(1.0, 3.0).variance(3)
        2.0
        """
        return self.between + self.within / ratings


@dataclass(frozen=True)
class OfPairs:
    """A unit's part is a mean over pairs of ratings.

    `same`, `shared` and `apart` are the covariances of what two pairs of one unit add: of a pair with itself, with one
    that shares a rating, and with one that shares none.
    """

    same: float
    shared: float
    apart: float

    def variance(self, ratings: float) -> float:
        """The variance of a unit's part where it has so many ratings, at least two.

        >>> OfPairs(6.0, 3.0, 1.0).variance(2)
        6.0
        """
        pairs = ratings * (ratings - 1)
        parts = 2 * self.same + 4 * (ratings - 2) * self.shared + (ratings - 2) * (ratings - 3) * self.apart
        return parts / pairs


def of_pairs(added: Floats, patterns: npt.NDArray[np.int64], units: npt.NDArray[np.int64]) -> OfPairs | None:
    """From what a pair of each two categories adds (categories × categories) and the pattern table; None if unknown.

    It takes units with three ratings. Where none has four, pairs that share no rating are taken to be as much alike as
    those that share one, by as much as these are less alike than a pair and itself.
    """
    given = patterns.astype(np.float64)
    mean, same, shared, apart = (
        _mean(each, given, units, k) for each, k in zip(_sums(added, given), SIZES, strict=True)
    )
    if np.isnan(shared):
        return None
    square = mean**2
    same, shared = max(same - square, 0.0), min(max(shared - square, 0.0), max(same - square, 0.0))
    known = shared**2 / same if np.isnan(apart) and same > 0 else float(np.nan_to_num(apart)) - square
    return OfPairs(same, shared, min(max(known, 0.0), shared))


def _sums(added: Floats, given: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Of each pattern: what its pairs add, the squares, the products of two that share a rating, and that share none;
    summed over all ordered choices of 2, 2, 3 and 4 ratings."""
    squared = added**2
    own, own_squared = np.diagonal(added), np.diagonal(squared)
    pairs = np.einsum("ua,ab,ub->u", given, added, given) - given @ own
    same = np.einsum("ua,ab,ub->u", given, squared, given) - given @ own_squared
    around, squares = given @ added - own, given @ squared - own_squared
    shared = (given * (around**2 - squares)).sum(axis=1)
    return pairs, same, shared, pairs**2 - 4 * shared - 2 * same


def _mean(added: Floats, given: Floats, units: npt.NDArray[np.int64], size: int) -> float:
    """The mean over units with so many ratings of the mean over all choices of as many."""
    ratings = given.sum(axis=1)
    enough = ratings >= size
    if not units[enough].sum():
        return float("nan")
    choices = np.prod([ratings[enough] - each for each in range(size)], axis=0)
    return float(units[enough] @ (added[enough] / choices) / units[enough].sum())


def added_by_pairs(figure: Callable[[Sums], Floats], total: Floats, numbers: Sequence[float]) -> Floats:
    """What one more unit with two ratings changes a figure of feature sums by: categories × categories.

    To first order, and by numerical differences; `total` (features,) as in `analytics.coefficients`.
    """
    one, step = np.eye(len(numbers)), 1e-4 * max(float(total[-1]), 1.0)

    def added(category: Floats) -> Floats:
        more = step * features(category + one)
        return figure(sums(total + more, numbers)) - figure(sums(total - more, numbers))

    return np.stack([added(category) for category in one]) / (2 * step)
