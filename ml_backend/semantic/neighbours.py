"""The vectors of one language as one process sees them: a memory-mapped segment, and the texts that came after it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CANDIDATES = 10


class Neighbours:
    """A cache of what is committed in the log, brought up to date in each transaction."""

    def __init__(self, folder: Path, language: str) -> None:
        self._folder, self._language = folder, language
        self._segment: Any = None
        self._file: str | None = None
        self._ids: list[int] = []
        self._rows: NDArray[np.float32] = np.empty((0, 0), dtype=np.float32)  # more rows than ids: room to grow
        self._last = 0

    def refresh(self, database: sqlite3.Connection) -> None:
        """Take the newest segment, and the texts of the log that are not in it."""
        query = "SELECT segment, last FROM languages WHERE language = ?"
        file, last = database.execute(query, (self._language,)).fetchone()
        if file and file != self._file:
            self._segment, self._file = view(self._folder / file), file
            # A segment that is lost is made again from the log.
            self._ids, self._last = [], last if self._segment is not None else 0
        query = "SELECT id, vector FROM texts WHERE language = ? AND id > ? ORDER BY id"
        for text, vector in database.execute(query, (self._language, self._last)):
            self.add(text, unpack(vector))

    def add(self, text: int, vector: NDArray[np.float32]) -> None:
        """A text that was added to the log."""
        if len(self._ids) == len(self._rows):
            room = np.empty((len(self._ids) + 64, len(vector)), dtype=np.float32)
            self._rows = np.concatenate([self._rows, room]) if self._ids else room
        self._rows[len(self._ids)] = vector
        self._ids.append(text)
        self._last = text

    @property
    def tail(self) -> int:
        """How many texts are not in the segment."""
        return len(self._ids)

    def nearest(self, vector: NDArray[np.float32]) -> list[tuple[float, int]]:
        """Similarity and id of the most alike texts, most alike first, then earliest."""
        found = [*self._in_segment(vector), *self._in_tail(vector)]
        return sorted(found, key=lambda pair: (-pair[0], pair[1]))

    def _in_segment(self, vector: NDArray[np.float32]) -> list[tuple[float, int]]:
        if self._segment is None:
            return []
        found = self._segment.search(vector, _CANDIDATES, threads=1)
        return [(1 - float(distance), int(text)) for text, distance in zip(found.keys, found.distances, strict=True)]

    def _in_tail(self, vector: NDArray[np.float32]) -> list[tuple[float, int]]:
        if not self._ids:
            return []
        similarities = self._rows[: len(self._ids)] @ vector
        best = np.argsort(-similarities, kind="stable")[:_CANDIDATES]
        return [(float(similarities[place]), self._ids[place]) for place in best]


def pack(vector: NDArray[np.float32]) -> bytes:
    """A vector as the log keeps it, in half precision."""
    return vector.astype(np.float16).tobytes()


def unpack(stored: bytes) -> NDArray[np.float32]:
    """The vector that was packed, to three digits."""
    return np.frombuffer(stored, dtype=np.float16).astype(np.float32)


def view(path: Path) -> Any:
    """A segment whose vectors stay on disk; None where it cannot be read."""
    from usearch.index import Index  # noqa: PLC0415

    try:
        return Index.restore(path, view=True)
    except (OSError, RuntimeError, ValueError):
        return None


def extend(old: Path | None, new: Path, rows: list[tuple[int, bytes]]) -> None:
    """Write a segment of the old one's texts and these to `new`, whole or not at all."""
    from usearch.index import Index  # noqa: PLC0415

    vectors = np.stack([unpack(vector) for _, vector in rows])
    index: Any = Index.restore(old) if old else Index(ndim=vectors.shape[1], metric="cos", dtype="f16")
    index.add(np.array([text for text, _ in rows], dtype=np.uint64), vectors, threads=1)
    aside = new.with_suffix(".new")
    index.save(aside)
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    aside.replace(new)
