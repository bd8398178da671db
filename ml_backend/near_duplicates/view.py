"""What one worker knows of the log: mapped segments, and the tail of what came after them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_backend.near_duplicates.log import Log
from ml_backend.near_duplicates.minhash import Keys, Signatures, band_keys
from ml_backend.near_duplicates.search import Candidates, Queries, search
from ml_backend.near_duplicates.segments import ENOUGH, MANY_DEAD, Files
from ml_backend.near_duplicates.tail import Tail


class View:
    """Where to look. It is as new as the last `refresh` in a write transaction, and what was added since."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._tail = Tail()
        self._last = files.through
        self._removed: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._dead: NDArray[np.int64] = self._removed  # those of the removed that are still to be found
        self._place = 0

    @property
    def last(self) -> int:
        """The highest id of a text that is known here."""
        return self._last

    @property
    def wants_tending(self) -> bool:
        """Whether there is enough to write a segment."""
        in_files = np.count_nonzero(self._dead <= self._files.through)
        return len(self._tail) >= ENOUGH or bool(in_files >= MANY_DEAD)

    @property
    def unwritten(self) -> int:
        """How many texts are in memory."""
        return len(self._tail)

    def refresh(self, log: Log) -> None:
        """Read what other workers added and removed."""
        ids, signatures = log.texts_after(self._last)
        if len(ids):
            self.add(ids, signatures, band_keys(signatures))
        removed = log.removed_after(self._place)
        if removed:
            self._place = removed[-1][0]
            new = np.array([text for _, text in removed], dtype=np.int64)
            self._removed = np.append(self._removed, new)
            self._dead = np.append(self._dead, self._found(new))

    def add(self, ids: NDArray[np.int64], signatures: Signatures, keys: Keys) -> None:
        """Texts that came after all others."""
        self._tail.add(ids, signatures, keys)
        self._last = int(ids[-1])

    def adopt(self, files: Files) -> None:
        """Look into these files for all that they hold."""
        if files.through < self._files.through:
            return  # they were damaged: what is mapped is whole
        self._files = files
        self._tail = self._tail.after(files.through)
        self._dead = self._found(self._removed)

    def search(self, queries: Queries) -> Candidates:
        """The candidates of each query."""
        return search([*self._files.segments, self._tail], queries, self._dead)

    def _found(self, texts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of the texts that may still be found."""
        in_files = [each.holds(texts) for each in self._files.segments]
        found: NDArray[np.int64] = texts[np.logical_or.reduce([texts > self._files.through, *in_files])]
        return found
