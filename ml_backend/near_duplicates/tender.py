"""The thread of a worker that tends the segments, so that no request waits for a merge."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from ml_backend.near_duplicates.log import Log
from ml_backend.near_duplicates.segments import Files, SegmentFolder

_PAUSE = 60.0  # seconds after tending failed

_log = logging.getLogger(__name__)


class Tender:
    """At most one thread at a time; it ends when there is nothing left to do."""

    def __init__(self, path: Path, folder: SegmentFolder) -> None:
        self._path = path
        self._folder = folder
        self._thread: threading.Thread | None = None
        self._files: Files | None = None
        self._not_before = 0.0

    def wake(self) -> None:
        """Tend the segments in the background, unless that is being done or just failed."""
        if not (self._thread and self._thread.is_alive()) and time.monotonic() >= self._not_before:
            self._thread = threading.Thread(target=self._tend, name="near-duplicates", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Until the thread has ended."""
        if self._thread:
            self._thread.join()

    def take(self) -> Files | None:
        """The files as they are after tending, once; None if nothing was tended since."""
        files, self._files = self._files, None
        return files

    def _tend(self) -> None:
        try:
            with closing(Log(self._path)) as log:
                self._folder.tend(log)
                self._files = self._folder.load(log)
        except (OSError, sqlite3.Error) as error:
            self._not_before = time.monotonic() + _PAUSE
            _log.warning("the segments of the near-duplicate index %s were not merged: %s", self._path, error)
