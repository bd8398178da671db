"""Coefficients of agreement, as functions of a few sums over units.

Adding up `features` times how often each pattern occurs gives a coefficient for the data, for a resample, or for the
data without one unit, one rating or one annotator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from analytics.intervals import AT_MOST_ONE, SHARE, Scale
from analytics.scales import Categories

Floats: TypeAlias = npt.NDArray[np.float64]

ROUNDING = 1e-9
"""Sums less a rater's part leave remainders of this size where nothing is left."""


@dataclass(frozen=True)
class Sums:
    """Sums over units; any leading axes are resamples.

    `coincidences` (…, categories, categories) as Krippendorff defines them; `pairs` (…, categories, categories) the
    share of each pair of answers among a unit's pairs of ratings, summed over the `pairable` (…) units, those with at
    least two ratings; `shares` (…, categories) each category's share of a unit's ratings, summed over all `units` (…).
    `numbers` (categories,) are what the categories are worth, not numbers where they have none.
    """

    coincidences: Floats
    pairs: Floats
    pairable: Floats
    shares: Floats
    units: Floats
    numbers: Floats


def features(patterns: npt.NDArray[Any]) -> Floats:
    """What one unit of each pattern (patterns × categories) adds to the sums: patterns × features.

    >>> features(np.array([[1, 1]])).tolist()  # coincidences and pairs 00 01 10 11, pairable, shares, units
    [[0.0, 1.0, 1.0, 0.0, 0.0, 0.5, 0.5, 0.0, 1.0, 0.5, 0.5, 1.0]]
    """
    given = np.asarray(patterns, np.float64)
    ratings = given.sum(axis=1)
    pairable = ratings >= 2
    pairs = given[:, :, None] * given[:, None, :] - given[:, :, None] * np.eye(given.shape[1])
    coincidences = (pairs * (pairable / np.maximum(ratings - 1, 1))[:, None, None]).reshape(len(given), -1)
    whole = np.maximum(ratings, 1)[:, None]
    return np.column_stack([coincidences, coincidences / whole, pairable, given / whole, ratings >= 1])


def sums(total: Floats, numbers: npt.ArrayLike) -> Sums:
    """Feature sums (…, features) by name, for categories worth these numbers (not a number where worth none)."""
    worth = np.asarray(numbers, np.float64)
    size = len(worth)
    square = size * size
    shape = (*total.shape[:-1], size, size)
    return Sums(
        coincidences=total[..., :square].reshape(shape),
        pairs=total[..., square : 2 * square].reshape(shape),
        pairable=total[..., 2 * square],
        shares=total[..., 2 * square + 1 : 2 * square + 1 + size],
        units=total[..., -1],
        numbers=worth,
    )


def percent(of: Sums) -> Floats:
    """Mean over units of the share of agreeing pairs of ratings, 0 to 1 (Gwet 2014, eq. 5.2)."""
    return _weighted_percent(of, np.eye(_size(of)))


def alpha_nominal(of: Sums) -> Floats:
    """Krippendorff's alpha, nominal: at most 1, 0 at chance (Krippendorff 2011); nan without variation."""
    return _alpha(of, 1.0 - np.eye(_size(of)))


def alpha_ordinal(of: Sums) -> Floats:
    """Krippendorff's alpha, ordinal: a difference counts the ratings between two categories (Krippendorff 2011).

    The difference of c and k, all ratings from c to k less half of those in c and in k, is the distance of their
    mid-ranks in the pooled ratings.
    """
    used = of.coincidences.sum(axis=-1)
    midranks = used.cumsum(axis=-1) - used / 2
    return _alpha(of, _difference(midranks) ** 2)


def alpha_interval(of: Sums) -> Floats:
    """Krippendorff's alpha, interval: the difference of c and k is (c − k)² (Krippendorff 2011)."""
    return _alpha(of, _difference(of.numbers) ** 2)


def alpha_ratio(of: Sums) -> Floats:
    """Krippendorff's alpha, ratio: the difference of c and k is ((c − k) / (c + k))² (Krippendorff 2011)."""
    together = of.numbers[:, None] + of.numbers[None, :]
    return _alpha(of, (_difference(of.numbers) / np.where(together > 0, together, 1.0)) ** 2)


def fleiss(of: Sums) -> Floats:
    """Fleiss' kappa: at most 1, 0 at chance; chance is Σ π_k², π_k the mean of the units' shares of k (Fleiss 1971).

    Generalised to units with different numbers of ratings as in Gwet 2014, section 2.2; nan without variation.
    """
    share = _prevalence(of)
    return _corrected(percent(of), (share**2).sum(axis=-1))


def brennan_prediger(of: Sums) -> Floats:
    """Brennan and Prediger's coefficient: chance is one by the number of declared categories (1981)."""
    return _corrected(percent(of), 1.0 / _size(of))


def ac1(of: Sums) -> Floats:
    """Gwet's AC1: at most 1, 0 at chance (Gwet 2008); all declared categories count; nan without variation."""
    return _ac(of, np.eye(_size(of)))


def ac2_linear(of: Sums) -> Floats:
    """Gwet's AC2 with linear weights: AC1 for ordered categories, each step losing the same (Gwet 2014, ch. 4)."""
    return _ac(of, 1.0 - _steps(_size(of)))


def ac2_quadratic(of: Sums) -> Floats:
    """Gwet's AC2 with quadratic weights: steps apart lose by their square (Gwet 2014, ch. 4)."""
    return _ac(of, 1.0 - _steps(_size(of)) ** 2)


def _size(of: Sums) -> int:
    return int(of.shares.shape[-1])


def _steps(size: int) -> Floats:
    """How far categories are apart, 0 to 1."""
    return np.abs(_difference(np.arange(size))) / max(size - 1, 1)


def _difference(places: npt.NDArray[Any]) -> Floats:
    return np.asarray(places[..., :, None] - places[..., None, :], np.float64)


def _weighted_percent(of: Sums, weights: Floats) -> Floats:
    return ratio((of.pairs * weights).sum(axis=(-2, -1)), of.pairable)


def _prevalence(of: Sums) -> Floats:
    return np.asarray(of.shares / np.maximum(of.units, 1)[..., None])


def _ac(of: Sums, weights: Floats) -> Floats:
    share, size = _prevalence(of), _size(of)
    chance = weights.sum() / max(size * (size - 1), 1) * (share * (1 - share)).sum(axis=-1)
    varied = (of.shares > ROUNDING).sum(axis=-1) > 1
    return np.where(varied, _corrected(_weighted_percent(of, weights), chance), np.nan)


def _corrected(agreeing: Floats, chance: Floats | float) -> Floats:
    return ratio(agreeing - chance, 1.0 - np.asarray(chance))


def _alpha(of: Sums, difference: Floats) -> Floats:
    used = of.coincidences.sum(axis=-1)
    observed = (of.coincidences * difference).sum(axis=(-2, -1))
    expected = (used[..., :, None] * used[..., None, :] * difference).sum(axis=(-2, -1))
    return np.asarray(1 - (used.sum(axis=-1) - 1) * ratio(observed, expected))


def ratio(part: Floats, whole: Floats) -> Floats:
    """Part by whole, not a number where the whole is nothing."""
    whole = np.asarray(whole)
    something = whole > ROUNDING
    return np.where(something, part / np.where(something, whole, 1.0), np.nan)


@dataclass(frozen=True)
class Coefficient:
    """A coefficient: its formula, the scale its interval is built on, and what a question must have for it.

    `usual` ones are worked out unless others are asked for.
    """

    of: Callable[[Sums], Floats]
    scale: Scale = AT_MOST_ONE
    ordered: bool = False
    numbered: bool = False
    positive: bool = False
    usual: bool = False

    def fits(self, categories: Categories) -> bool:
        """Whether the scale of a question allows it."""
        numbers = categories.numbers or ()
        return (
            (not self.ordered or categories.scale == "ordinal")
            and (not self.numbered or bool(numbers))
            and (not self.positive or all(number >= 0 for number in numbers))
        )


COEFFICIENTS: Mapping[str, Coefficient] = {
    "percent": Coefficient(percent, SHARE, usual=True),
    "alpha_nominal": Coefficient(alpha_nominal, usual=True),
    "alpha_ordinal": Coefficient(alpha_ordinal, ordered=True, usual=True),
    "alpha_interval": Coefficient(alpha_interval, ordered=True, numbered=True),
    "alpha_ratio": Coefficient(alpha_ratio, ordered=True, numbered=True, positive=True),
    "fleiss": Coefficient(fleiss),
    "brennan_prediger": Coefficient(brennan_prediger),
    "ac1": Coefficient(ac1, usual=True),
    "ac2_linear": Coefficient(ac2_linear, ordered=True),
    "ac2_quadratic": Coefficient(ac2_quadratic, ordered=True),
}


def possible(categories: Categories) -> tuple[str, ...]:
    """The coefficients that the scale of a question allows.

    >>> possible(Categories(("yes", "no"), "nominal"))
    ('percent', 'alpha_nominal', 'fleiss', 'brennan_prediger', 'ac1')
    """
    return tuple(name for name, each in COEFFICIENTS.items() if each.fits(categories))
