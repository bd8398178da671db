"""One process's part of the index: its connection to the log, and what it knows of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from ml_backend.near_duplicates.admission import Admission
from ml_backend.near_duplicates.log import Log
from ml_backend.near_duplicates.model import Entry, Nearest
from ml_backend.near_duplicates.prints import Prints
from ml_backend.near_duplicates.segments import ENOUGH, Files, SegmentFolder
from ml_backend.near_duplicates.tender import Tender
from ml_backend.near_duplicates.view import View

_TOO_MANY = 8 * ENOUGH  # texts in memory: 130 MB


class Worker:
    """Used by all threads of one process, which take turns. Its methods raise OSError and sqlite3.Error."""

    def __init__(self, path: Path, inherited: Worker | None = None) -> None:
        self.process = os.getpid()
        self._inherited = inherited  # kept for ever: its connection must not be closed here
        self._path = path
        self._turn = threading.Lock()
        self._folder = SegmentFolder(path.parent)
        self._tender = Tender(path, self._folder)
        self._ready: tuple[Log, View] | None = None

    def prepare(self) -> None:
        """Make the segments again if most are lost, which no request should wait for."""
        with closing(Log(self._path)) as log:
            self._load(log)

    def admit(self, entries: Sequence[Entry], prints: Prints) -> list[Nearest]:
        """Look up and add all entries, or none."""
        with self._turn, self._opened() as (log, view):
            with log.writing():
                view.refresh(log)
                answers = Admission(log, view, entries, prints).admit()
            self._tend(view)
            return answers

    @contextmanager
    def _opened(self) -> Iterator[tuple[Log, View]]:
        """The log and what is known of it. After a failure both are opened anew: what is known may be undone."""
        log, view = self._ready or self._open()
        self._ready = None
        try:
            yield log, view
            self._ready = log, view
        finally:
            if not self._ready:
                log.close()

    def _open(self) -> tuple[Log, View]:
        log = Log(self._path)
        files = self._load(log)
        log.poll()
        return log, View(files)

    def _load(self, log: Log) -> Files:
        files = self._folder.load(log)
        if log.last() - files.through > _TOO_MANY:
            self._folder.tend(log)
            files = self._folder.load(log)
        return files

    def _tend(self, view: View) -> None:
        if view.wants_tending:
            self._tender.wake()
        if view.unwritten > _TOO_MANY:
            self._tender.wait()
        files = self._tender.take()
        if files:
            view.adopt(files)
