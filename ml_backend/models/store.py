"""What is kept about models: answers, draws, spending, starts of requests; one SQLite file shared by all processes.

A connection is used by one thread at a time and never by a forked process. It stays open: whoever closes the last one
has to wait for the disk. A killed process leaves nothing half-written.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from ml_backend.errors import ModelRecordsUnavailable

_WAIT = 10.0  # seconds for another process's transaction

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, reply TEXT NOT NULL, model TEXT NOT NULL, made TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS draws (item TEXT PRIMARY KEY, models TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (
    programme TEXT PRIMARY KEY, requests INTEGER NOT NULL, tokens INTEGER NOT NULL, estimated INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS starts (endpoint TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS starts_by_time ON starts (endpoint, at);
"""

_log = logging.getLogger(__name__)


class Store:
    """The file `models.sqlite` in a folder, which is made if need be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / "models.sqlite"
        self._idle: dict[int, deque[sqlite3.Connection]] = {}  # by process
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._create()
        except (OSError, sqlite3.Error) as error:
            _log.warning("%s cannot be used: %s", self._path, error)
            raise ModelRecordsUnavailable from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that no other process writes beside; all of it is kept or none.

        Raises ModelRecordsUnavailable.
        """
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            yield database
            database.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection to read from. Raises ModelRecordsUnavailable."""
        with self._open() as database:
            yield database

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        idle = self._idle.setdefault(os.getpid(), deque())
        try:
            with ExitStack() as after:
                database = self._taken(idle)
                after.callback(database.close)  # unless all goes well
                yield database
                after.pop_all()
                idle.append(database)
        except sqlite3.Error as error:
            _log.warning("%s cannot be used: %s", self._path, error)
            raise ModelRecordsUnavailable from error

    def _taken(self, idle: deque[sqlite3.Connection]) -> sqlite3.Connection:
        try:
            return idle.pop()
        except IndexError:
            return _connect(self._path)

    def _create(self) -> None:
        # Switching to WAL does not wait for other processes, so workers that start together take turns.
        with self._path.with_suffix(".lock").open("w") as lock, closing(_connect(self._path)) as database:
            fcntl.flock(lock, fcntl.LOCK_EX)
            database.execute("PRAGMA journal_mode = WAL")
            database.executescript(_SCHEMA)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA synchronous = NORMAL")  # with WAL: safe against a killed process
    return database
