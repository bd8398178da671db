"""A block of texts that never changes: sorted band keys to find candidates by, and signatures to judge them by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_backend.near_duplicates.minhash import BANDS, ROW_BITS, Keys, Signatures
from ml_backend.near_duplicates.shingles import spans

_ROW_BITS = int(ROW_BITS)
_ROWS = (1 << _ROW_BITS) - 1
_ROW = np.uint64(_ROWS)
_NEXT_KEY = np.uint64(1 << _ROW_BITS)
_GONE = -1
_BLOCK = 1 << 16  # texts copied at once: 8 MB
_NOTHING = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class Segment:
    """Texts in the order of their ids, which ascend: `ids[row]`, `signatures[row]`.

    `bands` holds one number per text and band, all in ascending order: a band key with the text's row in its low bits.
    So the texts of one bucket lie side by side, earliest first. The arrays may be memory-mapped files.
    """

    ids: NDArray[np.int64]
    signatures: Signatures
    bands: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.ids)

    def holds(self, texts: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each text is here."""
        if not len(self):
            return np.zeros(len(texts), dtype=np.bool_)
        return np.asarray(self.ids.take(self.ids.searchsorted(texts), mode="clip") == texts)

    def hits(self, keys: Keys, room: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Query and row of each text that shares a band with a query, in order and once.

        At most `room[query * BANDS + band]` texts of a bucket count, the earliest, and are deducted from it.
        """
        if not len(self):
            return _NOTHING
        order = keys.ravel().argsort()  # looking up in order stays in the cache
        low = keys.ravel()[order]
        starts = self.bands.searchsorted(low)
        found = ((self.bands.take(starts, mode="clip") ^ low) < _NEXT_KEY).nonzero()[0]
        if not found.size:
            return _NOTHING
        at, starts = order[found], starts[found]
        counts = np.minimum(self.bands.searchsorted(low[found] + _NEXT_KEY) - starts, room[at])
        room[at] -= counts
        pairs = np.repeat((at // BANDS).astype(np.uint64) << ROW_BITS, counts)
        pairs |= self.bands[spans(starts, counts)] & _ROW
        pairs.sort()
        is_first = np.ones(len(pairs), dtype=np.bool_)
        np.not_equal(pairs[1:], pairs[:-1], out=is_first[1:])
        once = pairs[is_first].view(np.int64)
        return once >> _ROW_BITS, once & _ROWS


def build(ids: NDArray[np.int64], signatures: Signatures, keys: Keys) -> Segment:
    """A segment of these texts, in ascending order of their ids.

    >>> from ml_backend.near_duplicates.minhash import band_keys
    >>> signatures = np.zeros((2, 128), dtype=np.uint8)
    >>> len(build(np.array([4, 7]), signatures, band_keys(signatures)))
    2
    """
    bands = keys.T | np.arange(len(ids), dtype=np.uint64)
    bands.sort(axis=1)  # the band is in the high bits, so bands one after another are in order too
    return Segment(ids, signatures, bands.ravel())


class Merger:
    """One segment of several whose ids follow each other, without dead texts; band by band, to need little memory."""

    def __init__(self, segments: Sequence[Segment], dead: NDArray[np.int64]) -> None:
        self._segments = segments
        self._alive = [~np.isin(each.ids, dead) for each in segments]
        before = np.cumsum([0, *(np.count_nonzero(alive) for alive in self._alive)])
        self._renumbered = [
            np.where(alive, first + np.cumsum(alive) - 1, _GONE)
            for first, alive in zip(before, self._alive, strict=False)
        ]
        self.rows = int(before[-1])

    def ids(self) -> NDArray[np.int64]:
        """The ids of all texts that are left."""
        return np.concatenate([each.ids[alive] for each, alive in zip(self._segments, self._alive, strict=True)])

    def signatures(self) -> Iterator[Signatures]:
        """Their signatures, block by block."""
        for each, alive in zip(self._segments, self._alive, strict=True):
            for start in range(0, len(each), _BLOCK):
                block = slice(start, start + _BLOCK)
                yield each.signatures[block][alive[block]]

    def band(self, number: int) -> NDArray[np.uint64]:
        """The sorted entries of one band."""
        parts = []
        for each, renumbered in zip(self._segments, self._renumbered, strict=True):
            entries = each.bands.reshape(BANDS, -1)[number]
            rows = renumbered[(entries & _ROW).astype(np.int64)]
            parts.append(((entries & ~_ROW) | rows.astype(np.uint64))[rows != _GONE])
        return np.sort(np.concatenate(parts))


def last_to_merge(sizes: Sequence[int]) -> int:
    """How many of the last segments to make one of, so that each is at least eight times all that follow it.

    So there are few segments to look in, and merging costs little for each text.

    >>> last_to_merge([90_000, 1000, 500]), last_to_merge([9000, 500])
    (2, 1)
    """
    total, count = sizes[-1], 1
    while count < len(sizes) and sizes[-count - 1] < 8 * total:
        count += 1
        total += sizes[-count]
    return count
