"""Disagreement between sets, as sums over units, and how the sums change when a part of the answers is left out.

Krippendorff's alpha for any distance d: with n_c answers c and n in all, 1 − (n − 1) O / E, where O adds up d over the
ordered pairs of answers within each unit, by its answers less 1, and E = Σ n_c n_k d(c, k). The features are O, E, n,
the mean similarity of a unit's pairs of answers added up over units, and the number of these units.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from analytics.agreement import Totals
from analytics.sets.counts import SetCounts
from analytics.sets.distances import Distance

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

_CELLS = 2**22  # distances that are in memory at a time
_NONE = 1e-12  # chance disagreement below this share of all pairs is a remainder of rounding
_CHANCE = 1  # the place of E among the features


def similarity(features: Floats) -> Floats:
    """The mean over units of the mean similarity of their pairs of answers: 1 less the distance."""
    units = features[..., 4]
    return np.where(units > 0.5, features[..., 3] / np.maximum(units, 1), np.nan)


def alpha(features: Floats) -> Floats:
    """Krippendorff's alpha: at most 1, 0 at chance; not a number without variation."""
    n = np.maximum(features[..., 2], 1)
    observed, expected = features[..., 0] / n, features[..., _CHANCE] / n**2
    varied = expected > _NONE
    return np.where(varied, 1 - (n - 1) / n * observed / np.where(varied, expected, 1), np.nan)


def similarities(group: SetCounts, distance: Distance) -> Totals:
    """The features of a group but for E, whole and with each unit, rating or annotator left out."""
    return _totals(group, _Inner.of(group, distance))


def disagreement(group: SetCounts, distance: Distance) -> Totals:
    """All features of a group; E costs as many distances as there are pairs of different sets in use."""
    inner = _Inner.of(group, distance)
    totals = _totals(group, inner)
    units, gone = _sets_of_units(group, inner.ratings), _sets_gone(group, inner.ratings)
    chance, lost = _Chance(group, distance, group.units @ units), _judged(group) @ gone
    return replace(
        totals,
        all=_with_chance(totals.all, np.asarray(chance.all)),
        without_item=_with_chance(totals.without_item, chance.without(units, inner.units * (inner.ratings >= 2))),
        without_rating=_with_chance(totals.without_rating, chance.without(gone, inner.lost)),
        without_rater=_with_chance(totals.without_rater, chance.without(lost, chance.within(lost))),
    )


def _totals(group: SetCounts, inner: _Inner) -> Totals:
    of_units = _features(inner.units, inner.ratings)
    change = _features(inner.left, inner.ratings[group.place] - 1) - of_units[group.place]
    judged, total = _judged(group), group.units @ of_units
    return Totals(
        all=total,
        without_item=total - of_units,
        units=group.units.astype(np.float64),
        without_rating=total + change,
        ratings=np.asarray(judged.sum(axis=0)),
        without_rater=total + judged @ change,
    )


def _features(within: Floats, ratings: Floats) -> Floats:
    """Of units with these sums of distances over ordered pairs and so many ratings; E is left at 0."""
    others = np.maximum(ratings - 1, 1)
    together = (ratings >= 2).astype(np.float64)
    alike = together * (1 - within / (np.maximum(ratings, 1) * others))
    return np.column_stack([within / others * together, np.zeros(len(ratings)), ratings * together, alike, together])


def _with_chance(features: Floats, chance: Floats) -> Floats:
    features[..., _CHANCE] = chance
    return features


@dataclass(frozen=True)
class _Inner:
    """Sums of distances within units.

    `ratings` and `units` (patterns,) over all ordered pairs; `left` (entries,) without one rating of an entry, and
    `lost` (entries,) over the pairs of those ratings that count no more then.
    """

    ratings: Floats
    units: Floats
    left: Floats
    lost: Floats

    @classmethod
    def of(cls, group: SetCounts, distance: Distance) -> _Inner:
        ratings = ratings_of(group)
        near = _to_others(group, distance)
        units = np.bincount(group.place, weights=group.times * near, minlength=len(ratings)).astype(np.float64)
        whole = units[group.place]
        return cls(ratings, units, whole - 2 * near, np.where(ratings[group.place] == 2, whole, 0.0))


def ratings_of(group: SetCounts) -> Floats:
    """How many ratings a unit of each pattern has."""
    counted: Floats = np.bincount(group.place, weights=group.times, minlength=len(group.units)).astype(np.float64)
    return counted


def _to_others(group: SetCounts, distance: Distance) -> Floats:
    """Of each entry, the sum of the distances of its set to all answers of its unit."""
    first, second = _pairs(group.place)
    size = len(group.chosen)
    cells, number = np.unique(group.which[first] * size + group.which[second], return_inverse=True)
    one, other = np.divmod(cells, size)
    held = group.chosen.sum(axis=1)
    shared = (group.chosen[one] & group.chosen[other]).sum(axis=1)
    apart = distance(shared, held[one], held[other])[number]
    return np.asarray(np.bincount(first, weights=apart * group.times[second], minlength=len(group.place)), np.float64)


def _pairs(place: Integers) -> tuple[Integers, Integers]:
    """Every ordered pair of rows of the same place, each with itself too; places are sorted."""
    size = np.bincount(place)
    start = np.cumsum(size) - size
    first = np.repeat(np.arange(len(place)), size[place])
    before = np.cumsum(size[place]) - size[place]
    return first, np.arange(len(first)) - before[first] + start[place[first]]


def _sets_of_units(group: SetCounts, ratings: Floats) -> sparse.csr_array:
    """How often each set was given to a unit that counts, one with two ratings or more: patterns × sets."""
    times = group.times * (ratings[group.place] >= 2)
    shape = len(ratings), len(group.chosen)
    return sparse.csr_array((times.astype(np.float64), (group.place, group.which)), shape=shape)


def _sets_gone(group: SetCounts, ratings: Floats) -> sparse.csr_array:
    """Which sets count no more without one rating of an entry: its own; of two ratings both (entries × sets)."""
    rows, left = np.arange(len(group.place)), ratings[group.place]
    own = sparse.csr_array(((left > 2) * 1.0, (rows, group.which)), shape=(len(rows), len(group.chosen)))
    both = sparse.csr_array(((left == 2) * 1.0, (rows, group.place)), shape=(len(rows), len(ratings)))
    return own + both @ _sets_of_units(group, ratings)


def _judged(group: SetCounts) -> sparse.csr_array:
    """How many ratings of each entry an annotator gave: annotators × entries."""
    shape = int(group.rater.max(initial=-1)) + 1, len(group.place)
    return sparse.csr_array((group.count.astype(np.float64), (group.rater, group.entry)), shape=shape)


class _Chance:
    """E of a group: `given` (sets,) says how often each set was given.

    A distance depends on three small numbers, so those of all possible ones are looked up in a table.
    """

    def __init__(self, group: SetCounts, distance: Distance, given: Floats) -> None:
        self._chosen = group.chosen.astype(np.float32)
        self._held = group.chosen.sum(axis=1, dtype=np.int32)
        self._size = group.chosen.shape[1] + 1
        self._table = distance(*np.indices((self._size,) * 3)).ravel()
        every = np.arange(len(given))
        step = max(_CELLS // len(given), 1)
        self._to_all = np.concatenate([self._apart(every[k : k + step], every) @ given for k in every[::step]])
        self.all = float(given @ self._to_all)

    def without(self, taken: sparse.csr_array, within: Floats) -> Floats:
        """E where these answers (rows × sets) are taken away; `within` (rows,) is E of them alone."""
        return np.asarray(self.all - 2 * (taken @ self._to_all) + within)

    def within(self, taken: sparse.csr_array) -> Floats:
        """E of these answers (rows × sets) alone."""
        parts = [slice(start, end) for start, end in pairwise(taken.indptr)]
        return np.array([self._among(taken.indices[part], taken.data[part]) for part in parts])

    def _among(self, sets: Integers, times: Floats) -> float:
        return float(times @ self._apart(sets, sets) @ times)

    def _apart(self, first: Integers, second: Integers) -> Floats:
        """The distances of these sets to those: first × second."""
        shared = (self._chosen[first] @ self._chosen[second].T).astype(np.int32)
        place = (shared * np.int32(self._size) + self._held[first][:, None]) * np.int32(self._size) + self._held[second]
        return np.asarray(self._table.take(place))
