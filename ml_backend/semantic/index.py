"""All texts that a model has read, in one SQLite file that several worker processes share.

As in the near-duplicate index a text is looked up and added in one write transaction, so two workers never both admit
the same text. The file is the truth; segments of vectors beside it are made from it, and made again if they are lost.
The folder's name carries the digest of the model: another model starts anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml_backend.database import Database
from ml_backend.errors import ScreenFailed
from ml_backend.near_duplicates import Entry
from ml_backend.semantic.calibration import LEAST, MOST, Calibration, calibrate
from ml_backend.semantic.neighbours import Neighbours, extend, pack, unpack, view

_TAIL = 2048  # texts compared one by one: half a millisecond; then they go into a segment

_SCHEMA = """
CREATE TABLE IF NOT EXISTS languages (
    language TEXT PRIMARY KEY, texts INTEGER NOT NULL, due INTEGER NOT NULL, calibration INTEGER,
    segment TEXT, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS calibrations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER NOT NULL, median REAL NOT NULL, p95 REAL NOT NULL,
    high REAL NOT NULL);
CREATE TABLE IF NOT EXISTS texts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, language TEXT NOT NULL, digest BLOB NOT NULL, vector BLOB NOT NULL,
    whole INTEGER NOT NULL, UNIQUE (language, digest));
CREATE INDEX IF NOT EXISTS texts_by_language ON texts (language, id);
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, item TEXT NOT NULL, locale TEXT,
    text INTEGER NOT NULL REFERENCES texts (id), of TEXT, of_locale TEXT, similarity REAL, calibration INTEGER);
CREATE INDEX IF NOT EXISTS entries_by_text ON entries (text, id);
"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Read:
    """A text that the model has read: its vector, of length 1, and whether all of it was read."""

    vector: NDArray[np.float32]
    whole: bool


@dataclass(frozen=True)
class Nearest:
    """The earlier item whose text is most alike, and the cosine similarity of the two."""

    of: str
    locale: str | None
    similarity: float


@dataclass(frozen=True)
class Answer:
    """What is known of a text.

    `nearest` is None for the first text of a language. `calibration` is None where there were too few texts: `texts`
    says how many there are; one that refuses its language says so.
    """

    nearest: Nearest | None
    calibration: Calibration | None
    texts: int


class SemanticIndex:
    """The index of one model (`digest`) in a folder, made when it is first used.

    Every method raises ScreenFailed when its files cannot be used, or when other workers keep them busy for too long;
    nothing is half-written then.
    """

    def __init__(self, folder: Path, digest: str) -> None:
        self._folder = folder / f"semantic-{digest[:12]}"
        self._database: Database | None = None
        self._neighbours: dict[str, Neighbours] = {}
        self._lock = threading.Lock()

    def known(self, language: str, texts: Sequence[str]) -> list[Read | None]:
        """What was read before, so that it need not be read again."""
        query = "SELECT vector, whole FROM texts WHERE language = ? AND digest = ?"
        with self._lock, self._transaction() as database:
            rows = [database.execute(query, (language, _digest(text))).fetchone() for text in texts]
        return [Read(unpack(row[0]), bool(row[1])) if row else None for row in rows]

    def check_and_add_many(self, language: str, entries: Sequence[Entry], reads: Sequence[Read]) -> list[Answer]:
        """One answer per entry, in order, as if asked one by one, in a single transaction: all are added or none.

        `language` is a language subtag. Asking again gives the same answer, by the calibration that it was given with.
        The same key with another text replaces the first and counts as new.
        """
        with self._lock:
            with self._transaction() as database:
                neighbours = self._refreshed(database, language)
                for entry, read in zip(entries, reads, strict=True):
                    _add(database, neighbours, language, entry, read)
                _recalibrate(database, language)
                answers = [_answer(database, language, entry) for entry in entries]
            if neighbours.tail >= _TAIL:
                self._try_to_merge(language)
        return answers

    def _refreshed(self, database: sqlite3.Connection, language: str) -> Neighbours:
        database.execute("INSERT OR IGNORE INTO languages VALUES (?, 0, ?, NULL, NULL, 0)", (language, LEAST))
        neighbours = self._neighbours.setdefault(language, Neighbours(self._folder, language))
        neighbours.refresh(database)
        return neighbours

    def _try_to_merge(self, language: str) -> None:
        """Move the texts of the tail into a segment, unless another worker is at it; the answers do not need it."""
        try:
            with (self._folder / "merge.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._merge(language)
        except BlockingIOError:
            return
        except (OSError, RuntimeError, ValueError, ScreenFailed) as error:
            _log.warning("the segment of %s in %s was not made: %s", language, self._folder, error)

    def _merge(self, language: str) -> None:
        with self._transaction() as database:
            old, rows = _unmerged(database, self._folder, language)
        if not rows:
            return
        last = rows[-1][0]
        new = f"{language}-{last}.usearch"
        extend(old, self._folder / new, rows)
        with self._transaction() as database:
            values = (new, last, language)
            database.execute("UPDATE languages SET segment = ?, last = ? WHERE language = ?", values)
        # Who reads the old one has it open; who asks from now on is told of the new one.
        for path in self._folder.glob(f"{language}-*"):
            if path.name != new:
                path.unlink()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        is_committed = False
        try:
            with self._opened().writing() as database:
                yield database
            is_committed = True
        finally:
            if not is_committed:
                self._neighbours.clear()  # they may hold what the log does not

    def _opened(self) -> Database:
        if self._database is None:
            self._database = Database(self._folder / "texts.sqlite", _SCHEMA, _unavailable)
        return self._database


def _unavailable(_: Exception) -> ScreenFailed:
    return ScreenFailed("the index of semantic duplicates is not available")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.strip().encode("utf-8", "surrogatepass")).digest()[:16]


def _add(database: sqlite3.Connection, neighbours: Neighbours, language: str, entry: Entry, read: Read) -> None:
    """Add an entry with its nearest earlier one; an entry that is there with this text stays as it is."""
    text = _find_text(database, language, entry.text)
    known = database.execute("SELECT id, text FROM entries WHERE key = ?", (entry.key,)).fetchone()
    if known and known[1] == text:
        database.execute("UPDATE entries SET locale = ? WHERE id = ?", (entry.locale, known[0]))
        return
    if known:
        _remove(database, *known)
    nearest = _nearest(database, neighbours, entry, text, read)
    if text is None:
        text = _add_text(database, language, entry.text, read)
        neighbours.add(text, unpack(pack(read.vector)))
    found = (nearest.of, nearest.locale, nearest.similarity) if nearest else (None, None, None)
    statement = "INSERT INTO entries (key, item, locale, text, of, of_locale, similarity) VALUES (?, ?, ?, ?, ?, ?, ?)"
    database.execute(statement, (entry.key, entry.item, entry.locale, text, *found))


def _find_text(database: sqlite3.Connection, language: str, text: str) -> int | None:
    query = "SELECT id FROM texts WHERE language = ? AND digest = ?"
    row = database.execute(query, (language, _digest(text))).fetchone()
    return row and int(row[0])


def _add_text(database: sqlite3.Connection, language: str, text: str, read: Read) -> int:
    values = (language, _digest(text), pack(read.vector), read.whole)
    added = database.execute("INSERT INTO texts (language, digest, vector, whole) VALUES (?, ?, ?, ?)", values)
    database.execute("UPDATE languages SET texts = texts + 1 WHERE language = ?", (language,))
    return int(added.lastrowid or 0)


def _remove(database: sqlite3.Connection, entry: int, text: int) -> None:
    """Remove an entry, and its text if no other entry has it; its vector in a segment then leads to no entry."""
    database.execute("DELETE FROM entries WHERE id = ?", (entry,))
    if database.execute("SELECT 1 FROM entries WHERE text = ? LIMIT 1", (text,)).fetchone():
        return
    query = "UPDATE languages SET texts = texts - 1 WHERE language = (SELECT language FROM texts WHERE id = ?)"
    database.execute(query, (text,))
    database.execute("DELETE FROM texts WHERE id = ?", (text,))


def _nearest(
    database: sqlite3.Connection, neighbours: Neighbours, entry: Entry, text: int | None, read: Read
) -> Nearest | None:
    same = [] if text is None else [(1.0, text)]
    query = "SELECT key, locale FROM entries WHERE text = ? AND item <> ? ORDER BY id LIMIT 1"
    for similarity, candidate in (*same, *neighbours.nearest(read.vector)):
        earliest = database.execute(query, (candidate, entry.item)).fetchone()
        if earliest:
            of, locale = earliest
            return Nearest(of, locale, round(min(1.0, similarity), 4))
    return None


def _recalibrate(database: sqlite3.Connection, language: str) -> None:
    """Calibrate when there are enough texts, and whenever they have doubled since."""
    query = "SELECT texts, due FROM languages WHERE language = ?"
    texts, due = database.execute(query, (language,)).fetchone()
    if texts < due:
        return
    found = calibrate(_sample(database, language))
    values = (found.n, found.median, found.p95, found.high)
    added = database.execute("INSERT INTO calibrations (n, median, p95, high) VALUES (?, ?, ?, ?)", values)
    statement = "UPDATE languages SET calibration = ?, due = ? WHERE language = ?"
    database.execute(statement, (added.lastrowid, 2 * texts, language))


def _sample(database: sqlite3.Connection, language: str) -> NDArray[np.float32]:
    """At most `MOST` vectors, spread evenly over the order of arrival."""
    ids = database.execute("SELECT id FROM texts WHERE language = ? ORDER BY id", (language,)).fetchall()
    query = "SELECT vector FROM texts WHERE id = ?"
    chosen = ids[:: -(-len(ids) // MOST)]
    return np.stack([unpack(database.execute(query, each).fetchone()[0]) for each in chosen])


def _answer(database: sqlite3.Connection, language: str, entry: Entry) -> Answer:
    query = "SELECT id, of, of_locale, similarity, calibration FROM entries WHERE key = ?"
    own, of, locale, similarity, judged = database.execute(query, (entry.key,)).fetchone()
    query = "SELECT texts, calibration FROM languages WHERE language = ?"
    texts, latest = database.execute(query, (language,)).fetchone()
    calibration = _calibration(database, judged or latest)
    if calibration and not (judged or calibration.refusal):
        database.execute("UPDATE entries SET calibration = ? WHERE id = ?", (latest, own))
    return Answer(Nearest(of, locale, similarity) if of else None, calibration, texts)


def _calibration(database: sqlite3.Connection, number: int | None) -> Calibration | None:
    row = database.execute("SELECT n, median, p95, high FROM calibrations WHERE id = ?", (number,)).fetchone()
    return row and Calibration(*row)


def _unmerged(database: sqlite3.Connection, folder: Path, language: str) -> tuple[Path | None, list[tuple[int, bytes]]]:
    """The segment that can be read, if any, and the texts that are not in it."""
    segment, last = database.execute("SELECT segment, last FROM languages WHERE language = ?", (language,)).fetchone()
    if segment is None or view(folder / segment) is None:
        segment, last = None, 0
    query = "SELECT id, vector FROM texts WHERE language = ? AND id > ? ORDER BY id"
    rows = database.execute(query, (language, last)).fetchall()
    return folder / segment if segment else None, rows
