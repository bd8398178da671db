"""The segment files of a log: which there are, and merging them.

A file is written aside and renamed, then the list of files is, so a process killed at any point leaves files that
nobody reads and that the next merge deletes. What is damaged, missing or of another log is made again from the log.
"""

from __future__ import annotations

import fcntl
import json
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from ml_backend.near_duplicates.log import Log
from ml_backend.near_duplicates.minhash import band_keys
from ml_backend.near_duplicates.segment import Merger, Segment, build, last_to_merge
from ml_backend.near_duplicates.segment_file import DamagedSegment, read, write

ENOUGH = 4096
"""New texts that are worth a file."""

MANY_DEAD = 1000
"""Texts in files that no item has any more, and that are worth a merge."""

_BLOCK = 1 << 18  # texts that become a file at once: bounds the memory that making an index again needs

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Files:
    """Segments under their names, in the order of their ids: all texts of the log with ids up to `through`."""

    names: tuple[str, ...] = ()
    segments: tuple[Segment, ...] = ()
    through: int = 0


class SegmentFolder:
    """The segments in a folder. May be shared by threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._list = path / "segments.json"
        self._open: dict[str, Segment] = {}
        self._loading = threading.Lock()

    def load(self, log: Log) -> Files:
        """What there is, mapped into memory; nothing where a file is damaged or of another log.

        Raises OSError and sqlite3.Error.
        """
        listed = self._listed()
        while listed:
            try:
                return self._load(log, listed)
            except (DamagedSegment, FileNotFoundError, KeyError, TypeError, ValueError) as error:
                before, listed = listed, self._listed()
                if listed == before:  # else it was merged meanwhile
                    _log.warning("the near-duplicate index is made again from its log: %r", error)
                    self._list.unlink(missing_ok=True)  # a log that was behind may catch up, and then it would count
                    break
        return Files()

    def tend(self, log: Log) -> None:
        """Put texts that are in no file into one, and merge files; what another process does is waited for.

        Raises OSError and sqlite3.Error.
        """
        with self._alone():
            while self._step(log):
                pass

    def _load(self, log: Log, listed: bytes) -> Files:
        value = json.loads(listed)
        names, through = tuple(value["files"]), int(value["through"])
        # A log that was put back from a copy may be behind: it would give the ids of these texts to others.
        if value["log"] != log.identity() or through > log.last():
            raise ValueError("the segments are of another log")
        with self._loading:
            self._open = {name: self._open.get(name) or read(self._path / name) for name in names}
            return Files(names, tuple(self._open.values()), through)

    def _listed(self) -> bytes:
        try:
            return self._list.read_bytes()
        except FileNotFoundError:
            return b""

    def _step(self, log: Log) -> bool:
        """Write one file, if that is due."""
        files, last = self.load(log), log.last()
        ids, signatures = log.texts_after(files.through, _BLOCK)
        segments = [*files.segments, build(ids, signatures, band_keys(signatures))]
        dead = np.array([text for _, text in log.removed_after(0)], dtype=np.int64)
        due = _due(segments, dead, last - files.through)
        if due:
            merger = Merger(segments[-due:], dead)
            kept = files.names[: len(segments) - due]
            through = int(ids[-1]) if len(ids) == _BLOCK else max(last, *ids[-1:].tolist())
            self._publish(log, [*kept, *self._write(merger)], through)
        return bool(due)

    def _write(self, merger: Merger) -> list[str]:
        """The name of the new file; none where no text is left."""
        if not merger.rows:
            return []
        name = f"{uuid4().hex}.segment"
        write(self._path / name, merger)
        return [name]

    def _publish(self, log: Log, names: Sequence[str], through: int) -> None:
        aside = self._list.with_suffix(".unfinished")
        aside.write_text(json.dumps({"log": log.identity(), "through": through, "files": list(names)}), "ascii")
        aside.replace(self._list)
        for path in [*self._path.glob("*.segment"), *self._path.glob("*.unfinished")]:
            if path.name not in names:
                path.unlink()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self._path / "merge.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # let go when the file is closed, or the process killed
            yield


def _due(segments: Sequence[Segment], dead: NDArray[np.int64], new: int) -> int:
    """How many of the last segments, the new texts (of so many entries) among them, are to become one; 0 for none."""
    with_dead = [int(np.count_nonzero(each.holds(dead))) for each in segments]
    if sum(with_dead) >= MANY_DEAD:
        return len(segments) - next(place for place, count in enumerate(with_dead) if count)
    return last_to_merge([len(each) for each in segments]) if new >= ENOUGH else 0
