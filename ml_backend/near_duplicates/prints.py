"""Texts with their fingerprints."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ml_backend.near_duplicates.minhash import PERMUTATIONS, Keys, Signatures, band_keys, signatures
from ml_backend.near_duplicates.shingles import LONGEST, normalise, shingles

_TEXTS = 2000  # at once, and no more characters than
_CHARACTERS = 500_000


@dataclass(frozen=True)
class Prints:
    """Normalised texts, their digests (equal for equal texts), signatures (zeros for empty texts) and band keys."""

    normals: list[str]
    digests: list[bytes]
    signatures: Signatures
    keys: Keys


def prints(texts: Sequence[str]) -> Prints:
    """The fingerprint of each text.

    >>> prints(["One?", "one"]).normals
    ['one', 'one']
    """
    normals = [normalise(text) for text in texts]
    marks = np.zeros((len(normals), PERMUTATIONS), dtype=np.uint8)
    kept = [place for place, normal in enumerate(normals) if normal]
    start = 0
    for chunk in _chunks([normals[place] for place in kept]):
        marks[kept[start : start + len(chunk)]] = signatures(shingles(chunk))
        start += len(chunk)
    return Prints(normals, [_digest(normal) for normal in normals], marks, band_keys(marks))


def _digest(normal: str) -> bytes:
    return hashlib.blake2b(normal.encode(), digest_size=16).digest()


def _chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Parts of the texts that need little memory."""
    first, characters = 0, 0
    for place, text in enumerate(texts):
        characters += min(len(text), LONGEST)
        if characters > _CHARACTERS or place - first == _TEXTS:
            if place > first:
                yield texts[first:place]
            first, characters = place, min(len(text), LONGEST)
    if first < len(texts):
        yield texts[first:]
