"""The texts that are in no segment file yet: a few sorted segments in memory, and the last arrivals as they came."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_backend.near_duplicates.minhash import BANDS, PERMUTATIONS, Keys, Signatures
from ml_backend.near_duplicates.search import Source
from ml_backend.near_duplicates.segment import Segment, build, last_to_merge, merge

_FRESH = 512  # texts that are compared one by one: that is as fast as looking in a sorted segment
_FEW = 16  # for so few queries that is


class Fresh:
    """Up to `_FRESH` texts in the order of arrival."""

    def __init__(self) -> None:
        self._ids = np.empty(_FRESH, dtype=np.int64)
        self._signatures = np.empty((_FRESH, PERMUTATIONS), dtype=np.uint8)
        self._keys = np.empty((_FRESH, BANDS), dtype=np.uint64)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def ids(self) -> NDArray[np.int64]:
        """The texts' ids."""
        return self._ids[: self._size]

    @property
    def signatures(self) -> Signatures:
        """One row a text."""
        return self._signatures[: self._size]

    def add(self, ids: NDArray[np.int64], signatures: Signatures, keys: Keys) -> None:
        """Texts that came after all that are here; there must be room."""
        new = slice(self._size, self._size + len(ids))
        self._ids[new], self._signatures[new], self._keys[new] = ids, signatures, keys
        self._size = new.stop

    def clear(self) -> None:
        """Forget all."""
        self._size = 0

    def hits(self, keys: Keys, room: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """As in a segment."""
        equal = keys[:, np.newaxis] == self._keys[: self._size]
        free = room.reshape(-1, BANDS)
        if (np.count_nonzero(equal, axis=1) > free).any():
            equal &= np.cumsum(equal, axis=1) <= free[:, np.newaxis]
        free -= np.count_nonzero(equal, axis=1)
        queries, rows = equal.any(axis=2).nonzero()
        return queries, rows


class Tail:
    """Texts in the order of their ids, which ascend. Adding one costs a few microseconds, whatever is here."""

    def __init__(self) -> None:
        self._runs: list[Segment] = []
        self._fresh = Fresh()

    def __len__(self) -> int:
        return sum(map(len, self._runs)) + len(self._fresh)

    def sources(self, queries: int) -> list[Source]:
        """Where to look for so many queries."""
        if queries > _FEW:
            self._settle()
        return [*self._runs, self._fresh] if len(self._fresh) else [*self._runs]

    def add(self, ids: NDArray[np.int64], signatures: Signatures, keys: Keys) -> None:
        """Texts whose ids are above all that are here."""
        if len(self._fresh) + len(ids) > _FRESH:
            self._settle()
        if len(ids) > _FRESH:
            self._append(build(ids, signatures))
        else:
            self._fresh.add(ids, signatures, keys)

    def drop(self, through: int) -> None:
        """Forget the texts with ids up to `through`."""
        self._settle()
        left = [(each, each.ids > through) for each in self._runs]
        self._runs = [build(each.ids[later], each.signatures[later]) for each, later in left if later.any()]

    def _settle(self) -> None:
        if len(self._fresh):
            self._append(build(self._fresh.ids.copy(), self._fresh.signatures.copy()))
            self._fresh.clear()

    def _append(self, run: Segment) -> None:
        runs = [*self._runs, run]
        count = last_to_merge([len(each) for each in runs])
        self._runs = runs if count == 1 else [*runs[:-count], merge(runs[-count:])]
