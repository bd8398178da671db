"""The texts that are in no segment file yet, in memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_backend.near_duplicates.minhash import BANDS, PERMUTATIONS, Keys, Signatures
from ml_backend.near_duplicates.segment import Segment, build

_SIZE = 1024  # texts there is room for at first
_FEW = 200  # queries: for so few, a dictionary is faster than sorting


class Tail:
    """Texts in the order of their ids, which ascend; with the dictionary of their buckets, 4 kB a text."""

    def __init__(self) -> None:
        self._size = 0
        self._ids: NDArray[np.int64] = np.empty(_SIZE, dtype=np.int64)
        self._signatures: Signatures = np.empty((_SIZE, PERMUTATIONS), dtype=np.uint8)
        self._keys: Keys = np.empty((_SIZE, BANDS), dtype=np.uint64)
        self._buckets: dict[int, list[int]] = {}
        self._filled = 0  # texts that are in the buckets
        self._segment: Segment | None = None  # all texts, if none was added since

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
        """Texts whose ids are above all that are here."""
        new = slice(self._size, self._size + len(ids))
        while new.stop > len(self._ids):
            self._grow()
        self._ids[new], self._signatures[new], self._keys[new] = ids, signatures, keys
        self._size = new.stop
        self._segment = None

    def hits(self, keys: Keys, room: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """As in a segment."""
        if len(keys) > _FEW:
            self._segment = self._segment or build(self.ids, self.signatures, self._keys[: self._size])
            return self._segment.hits(keys, room)
        self._fill()
        return self._few_hits(keys, room)

    def _few_hits(self, keys: Keys, room: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        found: set[tuple[int, int]] = set()
        for place, key in enumerate(keys.ravel().tolist()):
            rows = self._buckets.get(key)
            if rows:
                taken = rows[: room[place]]
                room[place] -= len(taken)
                found.update((place // BANDS, row) for row in taken)
        pairs = np.array(sorted(found), dtype=np.int64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def after(self, text: int) -> Tail:
        """The texts with higher ids."""
        later = slice(int(np.searchsorted(self.ids, text, side="right")), self._size)
        left = Tail()
        left.add(self._ids[later], self._signatures[later], self._keys[later])
        return left

    def _fill(self) -> None:
        for row, keys in enumerate(self._keys[self._filled : self._size].tolist(), start=self._filled):
            for key in keys:
                self._buckets.setdefault(key, []).append(row)
        self._filled = self._size

    def _grow(self) -> None:
        more = len(self._ids)
        self._ids = np.pad(self._ids, (0, more))
        self._signatures = np.pad(self._signatures, ((0, more), (0, 0)))
        self._keys = np.pad(self._keys, ((0, more), (0, 0)))
