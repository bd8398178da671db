"""Spearman's rho and Kendall's tau-b of many short lists at once, and what each entry of a list adds to them.

Lists stand one after the other in flat arrays, so that a million lists of ten entries cost no more than one of ten
million. What an entry adds is the figure's empirical influence: to first order, leaving entry i out of n changes the
figure by -influence / n. Sums of squares of influences are variances (the infinitesimal jackknife, Jaeckel 1972).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from analytics.coefficients import ratio

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Lists:
    """Entries (k,) with two values each, `x` and `y`, and the number of the list they are in, from 0 without gaps."""

    of: Integers
    x: Floats
    y: Floats

    @cached_property
    def sizes(self) -> Integers:
        """Entries of each list: (lists,)."""
        return np.bincount(self.of)

    @cached_property
    def _size(self) -> Floats:
        """Entries of the list that each entry is in: (k,)."""
        return self.sizes[self.of].astype(np.float64)

    @cached_property
    def _x(self) -> Ranking:
        return Ranking.of(self.of, self.x, self._size)

    @cached_property
    def _y(self) -> Ranking:
        return Ranking.of(self.of, self.y, self._size)

    def _mean(self, values: Floats) -> Floats:
        return np.bincount(self.of, weights=values) / self.sizes

    @cached_property
    def spearman(self) -> Floats:
        """Spearman's rho, the correlation of mid-ranks (1904): (lists,), not a number where x or y is constant.

        >>> Lists(np.zeros(4, int), np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 4])).spearman
        array([0.8])
        """
        both, x, y = self._squares
        return ratio(both, np.sqrt(x * y))

    @cached_property
    def _squares(self) -> tuple[Floats, Floats, Floats]:
        x, y = self._x.place, self._y.place
        return self._mean(x * y), self._mean(x * x), self._mean(y * y)

    @cached_property
    def spearman_influence(self) -> Floats:
        """What each entry adds to rho: (k,), of mean 0 in each list; not a number where rho is not."""
        x, y = self._x.place, self._y.place
        both, of_x, of_y = (each[self.of] for each in self._squares)
        together = x * y + self._x.above(y) + self._y.above(x) - 3 * both
        alone_x = x * x + 2 * self._x.above(x) - 3 * of_x
        alone_y = y * y + 2 * self._y.above(y) - 3 * of_y
        value = self.spearman[self.of]
        return ratio(together, np.sqrt(of_x * of_y)) - value / 2 * (ratio(alone_x, of_x) + ratio(alone_y, of_y))

    @cached_property
    def kendall(self) -> Floats:
        """Kendall's tau-b (1945): (lists,), not a number where x or y is constant.

        >>> Lists(np.zeros(4, int), np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 4])).kendall.round(4)
        array([0.6667])
        """
        both, x, y = (self._mean(each) for each in self._pairs)
        return ratio(both, np.sqrt(x * y))

    @cached_property
    def kendall_influence(self) -> Floats:
        """What each entry adds to tau-b: (k,), of mean 0 in each list; not a number where tau is not."""
        means = [self._mean(each)[self.of] for each in self._pairs]
        both, x, y = (2 * (each - mean) for each, mean in zip(self._pairs, means, strict=True))
        value = self.kendall[self.of]
        return ratio(both, np.sqrt(means[1] * means[2])) - value / 2 * (ratio(x, means[1]) + ratio(y, means[2]))

    @cached_property
    def _pairs(self) -> tuple[Floats, Floats, Floats]:
        """Of the entries of its list, the share that each entry is concordant with less that it is discordant with; the
        share that differs from it in x; in y."""
        size = self._size
        same_x, same_y = self._x.tied, self._y.tied
        both = ties(self._x.tie, self.y)
        same = np.bincount(both)[both]
        concordant = size - same_x - same_y + same - self._discordant
        return (concordant - self._discordant) / size, 1 - same_x / size, 1 - same_y / size

    @cached_property
    def _discordant(self) -> Floats:
        """With how many entries of its list each is discordant: (k,).

        In the order of x (ties by y) these are the inversions of y. The highest bit in which two numbers differ tells
        which is greater, so each bit needs one look at the entries that are equal above it.
        """
        order = np.lexsort((self.y, self.x, self.of))
        y, lists, found = self._y.step[order], self.of[order], np.zeros(len(order))
        for bit in reversed(range(int(y.max(initial=0)).bit_length())):
            equal = lists << 32 | y >> bit + 1
            by = np.argsort(equal, kind="stable")
            one = (y[by] >> bit) & 1
            starts = np.flatnonzero(np.diff(equal[by], prepend=-1))
            sizes = np.diff(starts, append=len(by))
            before = np.cumsum(one) - one
            before -= np.repeat(before[starts], sizes)
            zeros_before = np.arange(len(by)) - np.repeat(starts, sizes) - before
            zeros = np.repeat(np.add.reduceat(1 - one, starts), sizes)
            found[by] += np.where(one == 1, zeros - zeros_before, before)
        back = np.empty(len(y))
        back[order] = found
        return back


@dataclass(frozen=True)
class Ranking:
    """Where values stand in their list: `place` (k,) is the mid-rank as a share, -1/2 to 1/2 and 0 in the mean.

    `tie` (k,) numbers the different values of all lists, in the order of list and value, and `step` (k,) those of each
    list from 0; `tied` (k,) counts the entries with the same value, itself among them. `size` (k,) is that of the list.
    """

    place: Floats
    tied: Floats
    tie: Integers
    step: Integers
    lists: Integers
    size: Floats

    @classmethod
    def of(cls, lists: Integers, values: Floats, size: Floats) -> Ranking:
        """Of the values (k,) of entries in these lists (k,) of these sizes (k,)."""
        tie = ties(lists, values)
        tied = np.bincount(tie)
        of_tie = np.empty(len(tied), np.int64)
        of_tie[tie] = lists
        first = np.flatnonzero(np.diff(of_tie, prepend=-1))
        before = np.cumsum(tied) - tied
        middle = before - before[first][of_tie] + tied / 2
        return cls(middle[tie] / size - 0.5, tied[tie].astype(np.float64), tie, tie - first[lists], lists, size)

    def above(self, values: Floats) -> Floats:
        """The sum of what stands above each entry in its list, and half of what is tied with it, by the list's size."""
        in_tie = np.bincount(self.tie, weights=values)
        total = np.bincount(self.lists, weights=values)
        of_tie = np.empty(len(in_tie), np.int64)
        of_tie[self.tie] = self.lists
        until = np.cumsum(in_tie)
        ends = np.cumsum(total)
        above = ends[of_tie] - until + in_tie / 2
        return np.asarray(above[self.tie] / self.size)


def ties(lists: Integers, values: Floats) -> Integers:
    """Numbers the different values of all lists, in the order of list and value: (k,).

    >>> ties(np.array([0, 0, 0, 1]), np.array([7.0, 5.0, 7.0, 5.0]))
    array([1, 0, 1, 2])
    """
    order = np.lexsort((values, lists))
    changed = (np.diff(lists[order], prepend=-1) != 0) | (np.diff(values[order], prepend=np.nan) != 0)
    found = np.empty(len(order), np.int64)
    found[order] = np.cumsum(changed) - 1
    return found
