"""The texts that are in no segment file yet, in memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_backend.near_duplicates.minhash import BANDS, PERMUTATIONS, Keys, Signatures

_SIZE = 1024  # texts there is room for at first


class Tail:
    """Texts in the order of their ids, which ascend, and a dictionary of their buckets: about 4 kB a text."""

    def __init__(self) -> None:
        self._size = 0
        self._ids: NDArray[np.int64] = np.empty(_SIZE, dtype=np.int64)
        self._signatures: Signatures = np.empty((_SIZE, PERMUTATIONS), dtype=np.uint8)
        self._keys: Keys = np.empty((_SIZE, BANDS), dtype=np.uint64)
        self._buckets: dict[int, list[int]] = {}

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
        for row, its_keys in enumerate(keys.tolist(), start=self._size):
            for key in its_keys:
                self._buckets.setdefault(key, []).append(row)
        self._size = new.stop

    def hits(self, keys: Keys, room: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """As in a segment."""
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

    def _grow(self) -> None:
        more = len(self._ids)
        self._ids = np.pad(self._ids, (0, more))
        self._signatures = np.pad(self._signatures, ((0, more), (0, 0)))
        self._keys = np.pad(self._keys, ((0, more), (0, 0)))
