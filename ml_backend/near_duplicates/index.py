"""Everything seen so far, in a folder that several worker processes share.

The log is the truth. An entry is looked up and added in one write transaction, in which what other workers added is
read first, so two workers never both admit the same duplicate; a killed process leaves nothing half-written. Segments
and what a worker has in memory only say where to look. The folder's name carries the signature's version: a new
version starts anew.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from ml_backend.errors import IndexUnavailable
from ml_backend.near_duplicates import minhash
from ml_backend.near_duplicates.log import Log
from ml_backend.near_duplicates.model import Entry, Match, Nearest
from ml_backend.near_duplicates.prints import prints
from ml_backend.near_duplicates.shingles import normalise
from ml_backend.near_duplicates.worker import Worker


class Index:
    """The near-duplicate index in a folder, which is made if need be. An instance may be shared by threads and forks.

    Every method raises `IndexUnavailable` when the files cannot be used, or when other workers keep them busy for
    longer than five seconds; nothing is half-written then.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / minhash.VERSION.replace("/", "-") / "log.sqlite"
        with self._ours():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _create(self.path)
            self._worker = Worker(self.path)
            self._worker.prepare()
        normalise("")  # makes the table of characters, which takes a third of a second

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
        return [answer.anywhere for answer in self.nearest_and_add_many(entries)]

    def nearest_and_add_many(self, entries: Sequence[Entry]) -> list[Nearest]:
        """As `check_and_add_many`, with the nearest item of the same locale beside the nearest anywhere."""
        marks = prints([entry.text for entry in entries])
        with self._ours():
            return self._own_worker().admit(entries, marks)

    def _own_worker(self) -> Worker:
        """This process's: a connection must not be used, nor closed, by a process that inherited it."""
        if self._worker.process != os.getpid():
            self._worker = Worker(self.path, inherited=self._worker)
        return self._worker

    @contextmanager
    def _ours(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise IndexUnavailable(
                f"the near-duplicate index {self.path} cannot be used: {error}",
                fix="check that its folder is writable and the disk not full, then ask again",
            ) from error


def _create(path: Path) -> None:
    # Switching to WAL does not wait for other processes, so workers that start together take turns.
    with path.with_name("create.lock").open("w") as lock, closing(Log(path)) as log:
        fcntl.flock(lock, fcntl.LOCK_EX)
        log.prepare()
