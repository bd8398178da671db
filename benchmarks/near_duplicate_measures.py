"""What is measured of the legs of the near-duplicate benchmark: pace, time, memory, recall and precision."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import near_duplicate_texts as texts
import numpy as np
import pandas as pd

from ml_backend.near_duplicates import normalise
from ml_backend.near_duplicates.shingles import similarities

CHUNK = 1000

Found = list[list[int]]
"""Of each query the rows of the base that are named as its near-duplicates."""


@dataclass
class Leg:
    """What one leg measured; `seconds` are of single queries by the clock, `busy` of the processor."""

    seconds: Sequence[float]
    busy: Sequence[float] = ()
    inserts: tuple[float, float] = (0.0, 0.0)  # a second, and a second of the processor
    memory: float = 0.0  # MB that the index added to the process
    disk: float = 0.0  # MB
    quality: pd.DataFrame = field(default_factory=pd.DataFrame)  # per script: recall, precision


@dataclass(frozen=True)
class Run:
    """The corpus of a run, as files, and the folder of the index that the first leg fills and later legs use."""

    folder: Path

    def corpus(self) -> texts.Corpus:
        """The texts as they were made."""
        return texts.Corpus(*(pd.read_parquet(self.folder / f"{name}.parquet") for name in ("base", "queries")))

    @property
    def index(self) -> Path:
        """The data folder of the ML backend."""
        return self.folder / "ml"


class Pace:
    """Measures how many texts are inserted a second, and a second of the processor (of all threads)."""

    def __init__(self) -> None:
        self._started = time.perf_counter(), self._busy()

    def of(self, count: int) -> tuple[float, float]:
        """This many since it was made."""
        return count / (time.perf_counter() - self._started[0]), count / (self._busy() - self._started[1])

    def _busy(self) -> float:
        """Processor seconds of this process and of those that it waited for."""
        return sum(os.times()[:4])


class Watch:
    """Times single queries."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.busy: list[float] = []

    def __enter__(self) -> None:
        self._started = time.perf_counter(), time.thread_time()

    def __exit__(self, *_: object) -> None:
        self.seconds.append(time.perf_counter() - self._started[0])
        self.busy.append(time.thread_time() - self._started[1])

    def leg(
        self,
        inserts: tuple[float, float] = (0.0, 0.0),
        memory: float = 0.0,
        found: pd.DataFrame | None = None,
        disk: float = 0.0,
    ) -> Leg:
        """What was measured."""
        return Leg(self.seconds, self.busy, inserts, memory, disk, pd.DataFrame() if found is None else found)


def quality(corpus: texts.Corpus, found: Found) -> pd.DataFrame:
    """Recall and precision per script.

    Recall is over the planted edits of Jaccard similarity NEAR or more: was a row named whose similarity, computed
    exactly, is NEAR too? Precision is over all queries for which any row was named: was such a one among them?
    """
    queries = corpus.queries
    pairs = [(query, row) for query, rows in enumerate(found) for row in rows]
    right = np.zeros(len(queries), dtype=bool)
    for start in range(0, len(pairs), 10 * CHUNK):
        part = np.array(pairs[start : start + 10 * CHUNK])
        normals = [
            normalise(text) for text in (*queries["text"].iloc[part[:, 0]], *corpus.base["text"].iloc[part[:, 1]])
        ]
        places = np.arange(len(part))
        near = similarities(normals, places, places + len(part)) >= texts.NEAR
        right[part[near, 0]] = True
    planted = queries["jaccard"] >= texts.NEAR
    named = np.array([bool(rows) for rows in found])
    judged = queries.assign(recall=np.where(planted, right, np.nan), precision=np.where(named, right, np.nan))
    return judged.groupby("script")[["recall", "precision"]].mean().reindex(list(texts.SCRIPTS))


def resident() -> float:
    """MB of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def size_of(folder: Path) -> float:
    """MB on disk."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
