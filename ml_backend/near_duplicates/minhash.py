"""MinHash signatures and their bands: similar sets of shingles share a band with high probability.

With 25 bands of 5 rows a pair of Jaccard similarity .7 shares a band with probability .99, one of .6 with .87 and
one of .3 with .06. Source: Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

PERMUTATIONS = 128
BANDS = 25
ROWS = 5
VERSION = "minhash128-25x5/1"
"""Signatures of different versions cannot be compared: raise the number with any change here or in the shingles."""

_CHUNK = 4096  # shingles hashed at once: 4 MB


def signature(shingles: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """The `PERMUTATIONS` smallest hashes of a set that is not empty.

    The share of equal places in two signatures estimates the Jaccard similarity with a standard error below .045.

    >>> signature(np.array([1, 2, 3], dtype=np.uint64)).shape
    (128,)
    """
    factors, offsets = _permutations()
    mixed = _mix(shingles)[:, np.newaxis]
    smallest = np.full(PERMUTATIONS, np.iinfo(np.uint64).max, dtype=np.uint64)
    for start in range(0, len(mixed), _CHUNK):
        np.minimum(smallest, (mixed[start : start + _CHUNK] * factors + offsets).min(axis=0), out=smallest)
    return (smallest >> np.uint64(32)).astype(np.uint32)


def bands(signature: NDArray[np.uint32]) -> list[int]:
    """One signed 64-bit key a band; the band's number is part of its key.

    >>> len(set(bands(signature(np.array([1, 2, 3], dtype=np.uint64)))))
    25
    """
    rows = signature[: BANDS * ROWS].reshape(BANDS, ROWS).astype(np.uint64)
    keys: NDArray[np.uint64] = np.arange(BANDS, dtype=np.uint64)
    for row in rows.T:
        keys = _mix(keys ^ row)
    return [int(key) for key in keys.view(np.int64)]


@cache
def _permutations() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Odd factors and offsets, fixed for ever: they are part of the version."""
    seeds = _mix(np.arange(2 * PERMUTATIONS, dtype=np.uint64))
    return seeds[:PERMUTATIONS] | np.uint64(1), seeds[PERMUTATIONS:]


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64, the finaliser that makes neighbouring numbers unlike (Steele, Lea and Flood 2014)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
