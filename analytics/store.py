"""The embedded store: one DuckDB file, one writer, any number of readers beside it.

Readers get Ibis tables over a consistent snapshot; Ibis turns the statistics' expressions into SQL.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self, cast

import duckdb
import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from analytics.errors import StoreDamaged, StoreLocked
from analytics.load import Loaded
from analytics.manifest import Manifest, register
from analytics.merge import Deletion, Ingested, Page, merge
from analytics.schema import migrate
from plugins.frames import Frames
from plugins.projects import Projects

FILE = "concord.duckdb"


class Snapshot:
    """The store as it was at one moment, as Ibis tables; use it within `Store.snapshot`, in one thread."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def judgments(self) -> ir.Table:
        """Every answer. What is known of its annotator is joined by `analytics.dimensions` where it is asked for."""
        return self._backend.table("judgments")

    def annotations(self) -> ir.Table:
        """Every submission, with its annotator's `vendor` and `simulated` (null where no manifest named them).

        `task` is the tool's own id.
        """
        return self._with_annotators("annotations").drop("seen", "confirmed", "digest")

    def spans(self) -> ir.Table:
        """Every marked error, with its annotator's `vendor` and `simulated`."""
        return self._with_annotators("spans")

    def items(self) -> ir.Table:
        """Every item that a manifest named, with what would unblind annotators."""
        return self._backend.table("items")

    def layouts(self) -> ir.Table:
        """What each programme shows of an item: `arms` and `responses`, in its order."""
        return self._backend.table("layouts")

    def annotators(self) -> ir.Table:
        """Every annotator that a manifest named, under a pseudonym."""
        return self._backend.table("annotators")

    def projects(self) -> ir.Table:
        """Every project and guideline version that a manifest named."""
        return self._backend.table("projects")

    def screenings(self) -> ir.Table:
        """What each screen said of each text, and what push decided because of it."""
        return self._backend.table("screenings")

    def served(self) -> ir.Table:
        """Which model wrote what annotators were shown while labelling."""
        return self._backend.table("served")

    def suggestions(self) -> ir.Table:
        """Every suggestion that a manifest named, of which `programme`, and whether its annotators were shown it."""
        return self._backend.table("suggestions")

    def pass_marks(self) -> ir.Table:
        """The highest MQM scores that pass, by programme, workflow and measure."""
        return self._backend.table("pass_marks")

    def penalties(self) -> ir.Table:
        """What errors cost in each guideline version that a manifest named."""
        return self._backend.table("penalties")

    def refused(self) -> ir.Table:
        """Every row that could not be read, once."""
        return self._backend.table("refused")

    def _with_annotators(self, table: str) -> ir.Table:
        people = self.annotators().select("annotator", "vendor", "simulated")
        return self._backend.table(table).left_join(people, "annotator").drop("annotator_right")


class Store:
    """The store in one file. Safe to share between threads; only one process can have it open."""

    def __init__(self, path: Path) -> None:
        """Open or create; raises StoreLocked, StoreTooNew or StoreDamaged."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writing = threading.Lock()
        with ExitStack() as unless_opened:
            self._connection = _connect(path)
            unless_opened.callback(self._connection.close)
            migrate(self._connection, path)
            unless_opened.pop_all()

    def close(self) -> None:
        """Close the file; no snapshot may be in use."""
        with self._writing:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The store as it is now, unchanged by what is written meanwhile."""
        cursor = self._connection.cursor()
        try:
            backend = ibis.duckdb.from_connection(cursor)
            cursor.begin()
            yield Snapshot(backend)
        finally:
            cursor.close()

    def ingest(self, frames: Frames, page: Page | None = None, deletion: Deletion | None = None) -> Ingested:
        """Merge frames in one transaction, and what a complete page or a deletion says is gone."""
        with self._transaction() as writer:
            return merge(writer, frames, page, deletion)

    def register(self, manifest: Manifest) -> None:
        """Add or replace the manifest's rows, in one transaction."""
        with self._transaction() as writer:
            register(writer, manifest)

    def load(self, loaded: Loaded) -> Ingested:
        """Merge frames and what a manifest would have told of them, in one transaction."""
        with self._transaction() as writer:
            register(writer, loaded.manifest)
            return merge(writer, loaded.frames, None, None)

    def projects(self, source: str) -> Projects:
        """The registered projects of one labelling tool."""
        with self.snapshot() as snapshot:
            rows = snapshot.projects().filter(ibis._.source == source).to_pyarrow().to_pylist()
        return Projects.of(source, cast("list[Mapping[str, Any]]", rows))

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A writer; all of its work is kept, or none when an exception leaves the block."""
        with self._writing:
            writer = self._connection.cursor()
            try:
                writer.begin()
                yield writer
                writer.commit()
            finally:
                writer.close()  # rolls back what was not committed


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        connection = duckdb.connect(str(path))
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")  # it would stand among the figures
    except duckdb.IOException as error:
        raise (StoreLocked if "lock" in str(error) else StoreDamaged)(path) from error
    return connection
