"""The log: which items were asked about, with which text. One SQLite file that all workers share, and the only truth.

All else (segments, what a worker has in memory) only says where to look, and can be made again from the log. The id of
a text is that of the entry that first had it; ids are given in the order of commits and never again, so what a worker
has not seen is what lies above the last id that it has.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_backend.near_duplicates.minhash import PERMUTATIONS, Signatures
from ml_backend.near_duplicates.model import Entry

_WAIT = 5.0  # seconds for other workers' transactions
_POLL = 0.0005  # seconds
_WAL_PAGES = 10_000  # 40 MB between checkpoints: they are what makes a commit slow

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (identity INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS texts (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, normal TEXT NOT NULL, signature BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, item TEXT NOT NULL, locale TEXT, text INTEGER NOT NULL);
-- Few texts have several entries: the first has the text's id, and only the later ones are indexed.
CREATE INDEX IF NOT EXISTS later_entries ON entries (text, id) WHERE id <> text;
CREATE INDEX IF NOT EXISTS later_entries_by_locale ON entries (text, locale, id) WHERE id <> text;
CREATE TABLE IF NOT EXISTS removed (place INTEGER PRIMARY KEY, text INTEGER NOT NULL);
"""

_NO_TEXTS = np.empty(0, dtype=np.int64), np.empty((0, PERMUTATIONS), dtype=np.uint8)

_FIRST = "SELECT key, locale, item FROM entries WHERE id = ? AND text = id"
_LATER = """
SELECT key, locale FROM entries WHERE text = ? AND id <> text AND id < ? AND item <> ? ORDER BY id LIMIT 1"""
_LATER_IN_LOCALE = """
SELECT key, locale FROM entries WHERE text = ? AND id <> text AND locale = ? AND id < ? AND item <> ?
ORDER BY id LIMIT 1"""

_USED = """
SELECT 1 FROM entries WHERE id = ?1 AND text = id
UNION ALL SELECT 1 FROM entries WHERE text = ?1 AND id <> text LIMIT 1"""


@dataclass(frozen=True)
class Stored:
    """An entry in the log: its id, which is its place in the order of arrival, the id of its text, and its locale."""

    id: int
    text: int
    locale: str | None


class Log:
    """A connection to the log. Not for several threads at once, nor for a forked process."""

    def __init__(self, path: Path) -> None:
        self._sql = sqlite3.connect(path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
        self._sql.execute("PRAGMA synchronous = NORMAL")  # with WAL: safe against a killed process
        self._sql.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")

    def close(self) -> None:
        """Close the connection."""
        self._sql.close()

    def prepare(self) -> None:
        """Make the tables."""
        self._sql.execute("PRAGMA journal_mode = WAL")
        self._sql.executescript(_SCHEMA)
        identity = secrets.randbits(62)
        self._sql.execute("INSERT INTO log SELECT ? WHERE NOT EXISTS (SELECT 1 FROM log)", (identity,))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One write transaction, the only one of all processes."""
        self._begin()
        try:
            yield
            self._sql.execute("COMMIT")
        finally:
            if self._sql.in_transaction:
                self._sql.execute("ROLLBACK")

    def poll(self) -> None:
        """From now on wait for other writers in short steps, and only when a transaction begins.

        SQLite's own waiting soon sleeps a tenth of a second at a time: too long for what takes a millisecond.
        """
        self._sql.execute("PRAGMA busy_timeout = 0")

    def _begin(self) -> None:
        until = time.monotonic() + _WAIT
        while not self._has_begun(until):
            time.sleep(_POLL)

    def _has_begun(self, until: float) -> bool:
        try:
            self._sql.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY and time.monotonic() < until:
                return False
            raise
        return True

    def identity(self) -> int:
        """A number that no other log has."""
        return int(self._sql.execute("SELECT identity FROM log").fetchone()[0])

    def last(self) -> int:
        """The highest id of an entry, 0 if there is none."""
        return self._sql.execute("SELECT max(id) FROM entries").fetchone()[0] or 0

    def entry(self, key: str) -> Stored | None:
        """The entry with this key."""
        row = self._sql.execute("SELECT id, text, locale FROM entries WHERE key = ?", (key,)).fetchone()
        return row and Stored(*row)

    def text(self, digest: bytes) -> int | None:
        """The id of the text with this digest."""
        row = self._sql.execute("SELECT id FROM texts WHERE digest = ?", (digest,)).fetchone()
        return row and int(row[0])

    def add_text(self, text: int, digest: bytes, normal: str, signature: bytes) -> None:
        """Keep a text under the id that its entry is about to get."""
        self._sql.execute("INSERT INTO texts VALUES (?, ?, ?, ?)", (text, digest, normal, signature))

    def add_entry(self, entry: Entry, number: int, text: int) -> None:
        """A new entry."""
        values = (number, entry.key, entry.item, entry.locale, text)
        self._sql.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?)", values)

    def move_entry(self, entry: Entry, number: int, text: int) -> None:
        """An entry whose text changed is now the last."""
        values = (number, entry.locale, text, entry.key)
        self._sql.execute("UPDATE entries SET id = ?, locale = ?, text = ? WHERE key = ?", values)

    def set_locale(self, entry: Entry) -> None:
        """An entry whose locale changed keeps its place."""
        self._sql.execute("UPDATE entries SET locale = ? WHERE key = ?", (entry.locale, entry.key))

    def remove_if_unused(self, text: int) -> None:
        """Remove a text that no entry has any more."""
        if not self._sql.execute(_USED, (text,)).fetchone():
            self._sql.execute("DELETE FROM texts WHERE id = ?", (text,))
            self._sql.execute("INSERT INTO removed (text) VALUES (?)", (text,))

    def earliest(self, text: int, before: int, item: str, locale: str | None = None) -> tuple[str, str | None] | None:
        """Key and locale of the first entry of another item with this text and an id below `before`."""
        row = self._sql.execute(_FIRST, (text,)).fetchone() if text < before else None
        if not row or row[2] == item or locale not in (None, row[1]):
            row = self._later(text, before, item, locale)
        return row and (row[0], row[1])

    def _later(self, text: int, before: int, item: str, locale: str | None) -> Any:
        if locale is None:
            return self._sql.execute(_LATER, (text, before, item)).fetchone()
        return self._sql.execute(_LATER_IN_LOCALE, (text, locale, before, item)).fetchone()

    def normals(self, texts: Iterable[int]) -> dict[int, str]:
        """The normalised texts that are still there, by id."""
        query = "SELECT normal FROM texts WHERE id = ?"
        rows = ((text, self._sql.execute(query, (text,)).fetchone()) for text in texts)
        return {text: row[0] for text, row in rows if row}

    def texts_after(self, text: int, most: int = -1) -> tuple[NDArray[np.int64], Signatures]:
        """Ids and signatures of the texts with a higher id, in order, at most so many."""
        query = "SELECT id, signature FROM texts WHERE id > ? ORDER BY id LIMIT ?"
        rows = self._sql.execute(query, (text, most)).fetchall()
        if not rows:
            return _NO_TEXTS
        ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
        return ids, np.frombuffer(b"".join(row[1] for row in rows), dtype=np.uint8).reshape(-1, PERMUTATIONS)

    def removed_after(self, place: int) -> list[tuple[int, int]]:
        """Place and id of each text that was removed after the one with this place."""
        return self._sql.execute("SELECT place, text FROM removed WHERE place > ? ORDER BY place", (place,)).fetchall()
