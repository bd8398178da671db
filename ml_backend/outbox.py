"""What analytics is to be told, kept until it has been: rows of its manifest, such as which model wrote what was shown.

A row is written before the annotator sees what it is about, so that a killed process or a stopped analytics service
loses none. Analytics takes the same row again without harm, so one that was sent and not yet crossed off may be sent
twice.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ml_backend.errors import OutboxUnavailable

_MOST = 2000  # rows in one manifest
_WAIT = 5.0  # seconds for another worker's transaction

_TABLE = "CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, row TEXT NOT NULL)"

Row = Mapping[str, Any]
Send = Callable[[dict[str, list[Row]]], object]


class Outbox:
    """A queue in one SQLite file in the folder, shared by all workers."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "outbox.sqlite"
        folder.mkdir(parents=True, exist_ok=True)
        # Switching to WAL does not wait for other processes, so workers that start together take turns.
        with self._path.with_suffix(".create").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with self._open() as database:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute(_TABLE)

    def put(self, kind: str, rows: Iterable[Row]) -> None:
        """Keep rows of one list of the manifest (`served`, `screenings`); all are kept or none.

        Raises OutboxUnavailable.
        """
        texts = [(kind, json.dumps(row, ensure_ascii=False)) for row in rows]
        if texts:
            with self._open() as database:
                database.executemany("INSERT INTO rows (kind, row) VALUES (?, ?)", texts)

    def waiting(self) -> int:
        """How many rows have not been sent. Raises OutboxUnavailable."""
        with self._open() as database:
            return int(database.execute("SELECT count(*) FROM rows").fetchone()[0])

    def empty_into(self, send: Send) -> None:
        """Send what is kept, oldest first, and cross it off; what `send` raises leaves the rest in its place."""
        while batch := self._oldest():
            lists: dict[str, list[Row]] = {}
            for _, kind, row in batch:
                lists.setdefault(kind, []).append(json.loads(row))
            send(lists)
            with self._open() as database:
                database.execute("DELETE FROM rows WHERE id <= ?", (batch[-1][0],))

    def _oldest(self) -> list[tuple[int, str, str]]:
        with self._open() as database:
            return database.execute("SELECT id, kind, row FROM rows ORDER BY id LIMIT ?", (_MOST,)).fetchall()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=_WAIT)) as database, database:
                yield database
        except sqlite3.Error as error:
            raise OutboxUnavailable(self._path, error) from error
