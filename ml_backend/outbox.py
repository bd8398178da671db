"""What analytics is to be told, kept until it has been: rows of its manifest, such as which model wrote what was shown.

A row is written before the annotator sees what it is about, so that a killed process or a stopped analytics service
loses none. Analytics takes the same row again without harm, so one that was sent and not yet crossed off may be sent
twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ml_backend.database import Database
from ml_backend.errors import OutboxUnavailable

_MOST = 2000  # rows in one manifest

_TABLE = "CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, row TEXT NOT NULL)"
_OLDEST = "SELECT id, kind, row FROM rows ORDER BY id LIMIT ?"

Row = Mapping[str, Any]
Send = Callable[[dict[str, list[Row]]], object]


class Outbox:
    """A queue in one SQLite file in the folder, shared by all workers; every method raises OutboxUnavailable."""

    def __init__(self, folder: Path) -> None:
        path = folder / "outbox.sqlite"
        self._database = Database(path, _TABLE, lambda error: OutboxUnavailable(path, error))

    def put(self, kind: str, rows: Iterable[Row]) -> None:
        """Keep rows of one list of the manifest (`served`, `screenings`); all are kept or none."""
        texts = [(kind, json.dumps(row, ensure_ascii=False)) for row in rows]
        if texts:
            with self._database.writing() as database:
                database.executemany("INSERT INTO rows (kind, row) VALUES (?, ?)", texts)

    def waiting(self) -> int:
        """How many rows have not been sent."""
        with self._database.reading() as database:
            return int(database.execute("SELECT count(*) FROM rows").fetchone()[0])

    def empty_into(self, send: Send) -> None:
        """Send what is kept, oldest first, and cross it off; what `send` raises leaves the rest in its place."""
        while batch := self._oldest():
            lists: dict[str, list[Row]] = {}
            for _, kind, row in batch:
                lists.setdefault(kind, []).append(json.loads(row))
            send(lists)
            with self._database.writing() as database:
                database.execute("DELETE FROM rows WHERE id <= ?", (batch[-1][0],))

    def _oldest(self) -> list[tuple[int, str, str]]:
        with self._database.reading() as database:
            found: list[tuple[int, str, str]] = database.execute(_OLDEST, (_MOST,)).fetchall()
            return found
