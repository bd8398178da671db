"""MinHash signatures and their bands: similar sets of shingles share a band with high probability.

With 25 bands of 5 rows a pair of Jaccard similarity .7 shares a band with probability .99, one of .6 with .87 and
one of .3 with .06. Source: Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3. Of each
smallest hash one byte is kept: two that differ look equal once in 256 (b-bit minwise hashing, Li and König 2010).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ml_backend.near_duplicates.shingles import Shingles

PERMUTATIONS = 128
BANDS = 25
ROWS = 5
VERSION = "minhash128-25x5/2"
"""Signatures of different versions cannot be compared: raise the number with any change here or in the shingles."""

ROW_BITS = np.uint64(28)
"""The low bits of a band key, which are zero: room for a row's number."""

_HASH_BITS = 31
_CHUNK = 1024  # shingles hashed at once: half a megabyte, which stays in the cache
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)

Signatures = NDArray[np.uint8]
"""One row of `PERMUTATIONS` bytes a text."""

Keys = NDArray[np.uint64]
"""One row of `BANDS` keys a text, in ascending order."""


def signatures(shingles: Shingles) -> Signatures:
    """One signature a text, none of which is empty.

    The share of equal places in two signatures estimates the Jaccard similarity with a standard error below .045.

    >>> from ml_backend.near_duplicates.shingles import shingles
    >>> signatures(shingles(["one text", "another"])).shape
    (2, 128)
    """
    hashes = (_mix(shingles.grams) >> np.uint64(32)).astype(np.uint32)
    texts = len(shingles.starts) - 1
    smallest = np.empty((PERMUTATIONS, texts), dtype=np.uint32)
    for first, last in _chunks(shingles.starts):
        low, high = shingles.starts[first], shingles.starts[last]
        mixed = np.multiply.outer(_factors(), hashes[low:high])
        np.minimum.reduceat(mixed, shingles.starts[first:last] - low, axis=1, out=smallest[:, first:last])
    return np.ascontiguousarray(_byte(smallest).T)


def band_keys(signatures: Signatures) -> Keys:
    """The keys of each signature's bands: 5 bits the band, 31 bits its hash, and `ROW_BITS` zeros.

    >>> band_keys(np.zeros((2, 128), dtype=np.uint8)).shape
    (2, 25)
    """
    padded = np.zeros((len(signatures), BANDS, 8), dtype=np.uint8)
    padded[:, :, :ROWS] = signatures[:, : BANDS * ROWS].reshape(-1, BANDS, ROWS)
    hashes = _mix(padded.view("<u8")[:, :, 0].astype(np.uint64)) >> np.uint64(64 - _HASH_BITS)
    bands = np.arange(BANDS, dtype=np.uint64) << np.uint64(_HASH_BITS)
    return (bands | hashes) << ROW_BITS


def _chunks(starts: NDArray[np.int64]) -> list[tuple[int, int]]:
    """First and last text of each chunk of at most `_CHUNK` shingles, or one text."""
    chunks = []
    first, texts = 0, len(starts) - 1
    while first < texts:
        last = max(first + 1, int(np.searchsorted(starts, starts[first] + _CHUNK, side="right")) - 1)
        chunks.append((first, last))
        first = last
    return chunks


@cache
def _factors() -> NDArray[np.uint32]:
    """Odd factors, fixed for ever: they are part of the version. Multiplying by one permutes the 32-bit numbers."""
    seeds = _mix(np.arange(PERMUTATIONS, dtype=np.uint64))
    return (seeds >> np.uint64(32)).astype(np.uint32) | np.uint32(1)


def _byte(smallest: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """One well-mixed byte: the high bits of a minimum are nearly always zero."""
    return ((smallest * np.uint32(0x9E3779B1)) >> np.uint32(24)).astype(np.uint8)


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64, the finaliser that makes neighbouring numbers unlike (Steele, Lea and Flood 2014)."""
    mixed = values + _GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
