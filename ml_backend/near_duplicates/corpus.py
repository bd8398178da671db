"""A corpus on disk while it is compared with itself: one segment, and the normalised texts, for several processes."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml_backend.near_duplicates.answers import Similar, similar_texts
from ml_backend.near_duplicates.minhash import PERMUTATIONS, Signatures, band_keys
from ml_backend.near_duplicates.search import Queries, search
from ml_backend.near_duplicates.segment import Merger, build
from ml_backend.near_duplicates.segment_file import read, write

_NOBODY: NDArray[np.int64] = np.empty(0, dtype=np.int64)


class CorpusWriter:
    """Takes distinct texts in the order of their ids, which ascend."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._normals = (folder / "normals").open("wb")
        self._ends: list[int] = [0]
        self._ids: list[int] = []
        self._signatures: list[Signatures] = [np.empty((0, PERMUTATIONS), dtype=np.uint8)]

    def add(self, ids: Sequence[int], normals: Sequence[str], signatures: Signatures) -> None:
        """Some more texts."""
        for normal in normals:
            self._ends.append(self._ends[-1] + self._normals.write(normal.encode()))
        self._ids.extend(ids)
        self._signatures.append(signatures)

    def close(self) -> None:
        """Write all."""
        self._normals.close()
        np.save(self._folder / "ends.npy", np.array(self._ends))
        signatures = np.concatenate(self._signatures)
        segment = build(np.array(self._ids, dtype=np.int64), signatures, band_keys(signatures))
        write(self._folder / "corpus.segment", Merger([segment], _NOBODY))


class Corpus:
    """What a writer wrote, mapped into memory."""

    def __init__(self, folder: Path) -> None:
        self._segment = read(folder / "corpus.segment")
        self._ends = np.load(folder / "ends.npy")
        with (folder / "normals").open("rb") as file:
            self._normals = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)

    def similar(self, own: NDArray[np.int64], before: NDArray[np.int64]) -> list[list[Similar]]:
        """For each of these texts those with an id below `before` that are alike, most alike first."""
        signatures = self._segment.signatures[self._rows(own)]
        candidates = search([self._segment], Queries(signatures, band_keys(signatures), own, before), _NOBODY)
        wanted = np.unique(candidates.text)
        normals = dict(zip(wanted.tolist(), self._texts(wanted), strict=True))
        return similar_texts(candidates, self._texts(own), normals)

    def _rows(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.searchsorted(self._segment.ids, ids)

    def _texts(self, ids: NDArray[np.int64]) -> list[str]:
        rows = self._rows(ids)
        bounds = zip(self._ends[rows].tolist(), self._ends[rows + 1].tolist(), strict=True)
        return [self._normals[start:end].decode() for start, end in bounds]


@cache
def opened(folder: Path) -> Corpus:
    """The corpus in this folder, opened once in a process."""
    return Corpus(folder)
