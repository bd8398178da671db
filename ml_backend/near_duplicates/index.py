"""Everything seen so far, in one SQLite file that several worker processes share.

A text is looked up and added in one write transaction, so two workers never both admit the same duplicate. A
connection lives as long as one call: nothing is shared between threads or inherited by a forked process, and a
killed process leaves nothing half-written. The file's name carries the signature's version: a new version starts anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml_backend.errors import IndexUnavailable
from ml_backend.near_duplicates import minhash
from ml_backend.near_duplicates.model import POSSIBLE, Entry, Match, kind
from ml_backend.near_duplicates.shingles import jaccard, normalise, shingles

_WAIT = 5.0  # seconds for another worker's transaction
_BUCKET = 50  # texts looked at per band, earliest first: a template used a million times must not cost a million reads
_ESTIMATED = 100  # candidates whose signatures are compared, those that share most bands first
_MARGIN = 0.15  # three standard errors of a signature's estimate
_VERIFIED = 20  # candidates whose texts are compared exactly, best estimates first

_SCHEMA = """
CREATE TABLE IF NOT EXISTS texts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL UNIQUE, normal BLOB NOT NULL, signature BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS bands (hash INTEGER, text INTEGER, PRIMARY KEY (hash, text)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, item TEXT NOT NULL, locale TEXT,
    text INTEGER NOT NULL REFERENCES texts (id));
CREATE INDEX IF NOT EXISTS entries_by_text ON entries (text, id);
"""


@dataclass(frozen=True)
class _Print:
    """A text's fingerprint."""

    normal: str
    shingles: NDArray[np.uint64]
    signature: NDArray[np.uint32]

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.normal.encode("utf-8", "surrogatepass")).digest()[:16]


class Index:
    """The near-duplicate index in a folder, which is made if need be.

    Every method raises `IndexUnavailable` when the file cannot be used, or when other workers keep it busy for
    longer than five seconds; nothing is half-written then.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{minhash.VERSION.replace('/', '-')}.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _create(self.path)
        except (OSError, sqlite3.Error) as error:
            raise _unavailable(self.path, error) from error

    def check_and_add(self, key: str, text: str, locale: str | None = None) -> Match | None:
        """The nearest earlier item, or None if none is similar; the text is remembered under `key`.

        Asking again gives the same answer. The same key with another text replaces the first and counts as new. A
        text without a letter, mark or number is like no other and is not remembered.

        >>> import tempfile
        >>> index = Index(Path(tempfile.mkdtemp()))
        >>> index.check_and_add("demo/one", "How long should I boil an egg?", "en-US")
        >>> index.check_and_add("demo/two", "How long should I boil an egg", "en-GB")
        Match(of='demo/one', locale='en-US', similarity=1.0, kind='exact')
        """
        return self.check_and_add_many([Entry(key, text, locale)])[0]

    def check_and_add_many(self, entries: Sequence[Entry]) -> list[Match | None]:
        """One answer per entry, in order, as if asked one by one, in a single transaction: all are added or none."""
        prints = [_print(entry.text) for entry in entries]
        with self._transaction() as database:
            return [
                _check_and_add(database, entry, each) if each else None
                for entry, each in zip(entries, prints, strict=True)
            ]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(_connect(self.path)) as database:
                database.execute("BEGIN IMMEDIATE")
                yield database
                database.execute("COMMIT")
        except sqlite3.Error as error:
            raise _unavailable(self.path, error) from error


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
    database.execute("PRAGMA synchronous = NORMAL")  # with WAL: safe against a killed process
    return database


def _create(path: Path) -> None:
    # Switching to WAL does not wait for other processes, so workers that start together take turns.
    with path.with_suffix(".lock").open("w") as lock, closing(_connect(path)) as database:
        fcntl.flock(lock, fcntl.LOCK_EX)
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(_SCHEMA)


def _unavailable(path: Path, error: Exception) -> IndexUnavailable:
    return IndexUnavailable(
        f"the near-duplicate index {path} cannot be used: {error}",
        fix="check that its folder is writable and the disk not full, then ask again",
    )


def _print(text: str) -> _Print | None:
    normal = normalise(text)
    if not normal:
        return None
    grams = shingles(normal)
    return _Print(normal, grams, minhash.signature(grams))


def _check_and_add(database: sqlite3.Connection, entry: Entry, each: _Print) -> Match | None:
    text = _find_text(database, each) or _add_text(database, each)
    own = _add_entry(database, entry, text)
    return _same_text(database, entry, text, own) or _nearest(database, entry, each, text, own)


def _find_text(database: sqlite3.Connection, each: _Print) -> int | None:
    row = database.execute("SELECT id FROM texts WHERE digest = ?", (each.digest,)).fetchone()
    return row and int(row[0])


def _add_text(database: sqlite3.Connection, each: _Print) -> int:
    values = (each.digest, each.normal.encode("utf-8", "surrogatepass"), each.signature.tobytes())
    text = database.execute("INSERT INTO texts (digest, normal, signature) VALUES (?, ?, ?)", values).lastrowid
    rows = [(band, text) for band in minhash.bands(each.signature)]
    database.executemany("INSERT OR IGNORE INTO bands (hash, text) VALUES (?, ?)", rows)
    return int(text or 0)


def _add_entry(database: sqlite3.Connection, entry: Entry, text: int) -> int:
    """The entry's place in the order of arrival: kept while its text stays, new when its text changes."""
    known = database.execute("SELECT id, text FROM entries WHERE key = ?", (entry.key,)).fetchone()
    if known and known[1] == text:
        database.execute("UPDATE entries SET locale = ? WHERE id = ?", (entry.locale, known[0]))
        return int(known[0])
    if known:
        _remove(database, *known)
    values = (entry.key, entry.item, entry.locale, text)
    added = database.execute("INSERT INTO entries (key, item, locale, text) VALUES (?, ?, ?, ?)", values)
    return int(added.lastrowid or 0)


def _remove(database: sqlite3.Connection, entry: int, text: int) -> None:
    database.execute("DELETE FROM entries WHERE id = ?", (entry,))
    if database.execute("SELECT 1 FROM entries WHERE text = ? LIMIT 1", (text,)).fetchone():
        return
    (stored,) = database.execute("SELECT signature FROM texts WHERE id = ?", (text,)).fetchone()
    keys = minhash.bands(np.frombuffer(stored, dtype=np.uint32))
    database.executemany("DELETE FROM bands WHERE hash = ? AND text = ?", [(band, text) for band in keys])
    database.execute("DELETE FROM texts WHERE id = ?", (text,))


def _same_text(database: sqlite3.Connection, entry: Entry, text: int, own: int) -> Match | None:
    earliest = _earliest(database, entry, text, own)
    return earliest and Match(*earliest, similarity=1.0, kind="exact")


def _earliest(database: sqlite3.Connection, entry: Entry, text: int, own: int) -> tuple[str, str | None] | None:
    """Key and locale of the first other item that came before with this text."""
    query = "SELECT key, locale FROM entries WHERE text = ? AND id < ? AND item <> ? ORDER BY id LIMIT 1"
    found: tuple[str, str | None] | None = database.execute(query, (text, own, entry.item)).fetchone()
    return found


def _nearest(database: sqlite3.Connection, entry: Entry, each: _Print, text: int, own: int) -> Match | None:
    for similarity, candidate in _similar(database, each, text):
        earliest = _earliest(database, entry, candidate, own)
        if earliest:
            return Match(*earliest, similarity=round(similarity, 4), kind=kind(similarity, same_text=False))
    return None


def _similar(database: sqlite3.Connection, each: _Print, text: int) -> list[tuple[float, int]]:
    """Similarity and id of the texts at least `POSSIBLE` alike, most alike first, then earliest first."""
    found = []
    for candidate in _promising(database, each, _candidates(database, each, text)):
        (stored,) = database.execute("SELECT normal FROM texts WHERE id = ?", (candidate,)).fetchone()
        similarity = jaccard(each.shingles, shingles(stored.decode("utf-8", "surrogatepass")))
        if similarity >= POSSIBLE:
            found.append((similarity, candidate))
    return sorted(found, key=lambda pair: (-pair[0], pair[1]))


def _candidates(database: sqlite3.Connection, each: _Print, text: int) -> list[int]:
    """Texts that share a band, at most `_ESTIMATED`: those that share most first, then the earliest."""
    query = "SELECT text FROM bands WHERE hash = ? AND text <> ? ORDER BY text LIMIT ?"
    shared = Counter(
        row[0] for band in minhash.bands(each.signature) for row in database.execute(query, (band, text, _BUCKET))
    )
    return sorted(shared, key=lambda candidate: (-shared[candidate], candidate))[:_ESTIMATED]


def _promising(database: sqlite3.Connection, each: _Print, candidates: list[int]) -> list[int]:
    """The candidates whose signatures may mean `POSSIBLE` or more, best first, at most `_VERIFIED`."""
    if not candidates:
        return []
    query = "SELECT signature FROM texts WHERE id = ?"
    stored = b"".join(database.execute(query, (candidate,)).fetchone()[0] for candidate in candidates)
    signatures = np.frombuffer(stored, dtype=np.uint32).reshape(len(candidates), minhash.PERMUTATIONS)
    estimates = (signatures == each.signature).mean(axis=1)
    best = np.argsort(-estimates, kind="stable")[:_VERIFIED]
    return [candidates[place] for place in best if estimates[place] >= POSSIBLE - _MARGIN]
