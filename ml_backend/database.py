"""A SQLite file that all threads and processes of the service share.

A connection is used by one thread at a time and never by a forked process. It stays open: whoever closes the last one
has to wait for the disk. A killed process leaves nothing half-written.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from ml_backend.errors import MLBackendError

_WAIT = 10.0  # seconds for another process's transaction

_log = logging.getLogger(__name__)


class Database:
    """The file at `path`, which is made with this schema if need be, and its folder too.

    Whatever goes wrong is logged, and raised as what `unavailable` makes of it.
    """

    def __init__(self, path: Path, schema: str, unavailable: Callable[[Exception], MLBackendError]) -> None:
        self._path, self._unavailable = path, unavailable
        self._idle: dict[int, deque[sqlite3.Connection]] = {}  # by process
        with self._explained(OSError, sqlite3.Error):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._create(schema)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that no other process writes beside; all of it is kept or none."""
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection to read from."""
        idle = self._idle.setdefault(os.getpid(), deque())
        with self._explained(sqlite3.Error), ExitStack() as after:
            connection = self._taken(idle)
            after.callback(connection.close)  # unless all goes well
            yield connection
            after.pop_all()
            idle.append(connection)

    @contextmanager
    def _explained(self, *failures: type[Exception]) -> Iterator[None]:
        try:
            yield
        except failures as error:
            _log.warning("%s cannot be used: %s", self._path, error)
            raise self._unavailable(error) from error

    def _taken(self, idle: deque[sqlite3.Connection]) -> sqlite3.Connection:
        try:
            return idle.pop()
        except IndexError:
            return _connect(self._path)

    def _create(self, schema: str) -> None:
        # Switching to WAL does not wait for other processes, so workers that start together take turns.
        with self._path.with_suffix(".lock").open("w") as lock, closing(_connect(self._path)) as connection:
            fcntl.flock(lock, fcntl.LOCK_EX)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(schema)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = NORMAL")  # with WAL: safe against a killed process
    return connection
