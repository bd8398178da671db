"""Merging what arrives into the store: set-based SQL, the same end whatever the order or repetition of arrival.

An annotation is (source, project, annotation). Its newest `updated` wins; when the same version is read again and
reads differently (a corrected manifest), the latest reading wins. It is dead when something that says it is gone, a
tombstone or a complete page of its task without it, is not older than its `updated` and newer than the last complete
page that held it (`seen`): a reconciling pull therefore also heals a false deletion.

A complete page is what the tool itself holds, and a webhook may be forged. So a page that shows an older version
refutes a newer one from before the page was fetched, whichever arrives first (`confirmed`: the last such page).
"""

# ruff: noqa: S608 - only names of our own tables and columns are put into the SQL, never values
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from plugins.frames import Frames, Refused

_KEY = "source, project, annotation"
_SAME = "{a}.source = {b}.source AND {a}.project = {b}.project AND {a}.annotation = {b}.annotation"
_LAST = "9223372036854775807"  # where a page without end ends


@dataclass(frozen=True)
class Page:
    """A complete piece of a project: everything with after < task ≤ through when it was fetched.

    `through` None means to the end. `present` are the ids of all annotations in it, readable or not.
    """

    source: str
    project: str
    after: int
    through: int | None
    fetched: datetime
    present: frozenset[str]


@dataclass(frozen=True)
class Deletion:
    """Annotations that the tool says were deleted, and when it said so."""

    source: str
    project: str
    annotations: tuple[str, ...]
    deleted: datetime


@dataclass(frozen=True)
class Ingested:
    """What one ingest changed, in annotations; `refused` are the rows that could not be read."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    refused: tuple[Refused, ...] = ()


def _same(a: str, b: str) -> str:
    return _SAME.format(a=a, b=b)


_INCOMING = f"""
CREATE OR REPLACE TEMP TABLE incoming AS
WITH newest AS (
    SELECT * FROM arriving_annotations
    QUALIFY row_number() OVER (PARTITION BY {_KEY} ORDER BY updated DESC, status, item, annotator, created) = 1
), answers AS (
    SELECT {_KEY}, updated, bit_xor(CASE WHEN length IS NULL THEN hash(question, target, value, number, original)
        ELSE hash(question, target, value, number, original, length) END) AS digest
    FROM arriving_judgments GROUP BY ALL
), marks AS (
    SELECT {_KEY}, updated,
        bit_xor(hash(question, target, span, start, "end", text, category, severity, weight, correction)) AS digest
    FROM arriving_spans GROUP BY ALL
)
SELECT newest.*, greatest($fetched::TIMESTAMPTZ, s.seen) AS seen,
    greatest($fetched, CASE WHEN newest.updated = s.updated THEN s.confirmed END) AS confirmed,
    hash(newest.workflow, newest.locale, newest.item, newest.annotator, newest.stage, newest.task, newest.status,
         newest.guideline_version, newest.created, newest.updated, newest.lead_time, answers.digest, marks.digest
    ) AS digest,
    CASE WHEN s.annotation IS NULL THEN 'added'
         WHEN newest.updated = s.updated THEN 'same'
         WHEN newest.updated > s.updated AND newest.updated <= s.confirmed AND $fetched IS DISTINCT FROM s.seen
             THEN 'unchanged'
         WHEN newest.updated > s.updated OR ($fetched = s.seen AND s.updated <= $fetched) THEN 'updated'
         ELSE 'unchanged' END AS verdict, s.digest AS digest_before
FROM newest
LEFT JOIN answers USING ({_KEY}, updated)
LEFT JOIN marks USING ({_KEY}, updated)
LEFT JOIN annotations s USING ({_KEY})
"""

# Of an annotation: whether something says that it is gone.
_DEAD = f"""
(EXISTS (FROM tombstones t WHERE {_same("t", "{a}")} AND t.deleted >= {{a}}.updated
        AND (({{a}}.seen) IS NULL OR t.deleted > {{a}}.seen))
 OR EXISTS (FROM pages p WHERE p.source = {{a}}.source AND p.project = {{a}}.project
        AND TRY_CAST({{a}}.task AS BIGINT) > p."after" AND TRY_CAST({{a}}.task AS BIGINT) <= p.through
        AND p.fetched >= {{a}}.updated AND ({{a}}.seen IS NULL OR p.fetched > {{a}}.seen)))
"""

_ALIVE = f"""
CREATE OR REPLACE TEMP TABLE changes AS
SELECT * EXCLUDE digest_before
    REPLACE (CASE WHEN verdict = 'same' AND digest <> digest_before THEN 'updated' ELSE verdict END AS verdict)
FROM incoming i WHERE verdict <> 'unchanged' AND NOT (verdict = 'same' AND digest = digest_before)
    AND NOT {_DEAD.format(a="i")}
"""


def merge(writer: duckdb.DuckDBPyConnection, frames: Frames, page: Page | None, deletion: Deletion | None) -> Ingested:
    """Merge frames, and what a page or a deletion says is gone, inside the caller's transaction."""
    arriving = {
        "arriving_annotations": frames.annotations,
        "arriving_judgments": frames.judgments,
        "arriving_spans": frames.spans,
    }
    for name, table in arriving.items():
        writer.register(name, table)
    try:
        return _merge(writer, frames, page, deletion)
    finally:
        for name in arriving:
            writer.unregister(name)


def _merge(writer: duckdb.DuckDBPyConnection, frames: Frames, page: Page | None, deletion: Deletion | None) -> Ingested:
    if page is not None:
        _add_page(writer, page)
    if deletion is not None:
        _add_tombstones(writer, deletion)
    writer.execute(_INCOMING, {"fetched": page.fetched if page else None})
    writer.execute(_ALIVE)
    deleted = _bury(writer, page, deletion)
    _confirm(writer)
    counts = dict(writer.execute("SELECT verdict, count(*) FROM changes GROUP BY verdict").fetchall())
    _replace(writer, any_updated=counts.get("updated", 0) > 0)
    _refuse(writer, frames.refused)
    added, updated = counts.get("added", 0), counts.get("updated", 0)
    arrived = _count(writer, "incoming")
    return Ingested(added, updated, arrived - added - updated, deleted, frames.refused)


def _add_page(writer: duckdb.DuckDBPyConnection, page: Page) -> None:
    """Remember the page unless a newer one covers it, and forget those that it covers: the outcome is the same."""
    values = {
        "source": page.source,
        "project": page.project,
        "after": page.after,
        "through": int(_LAST) if page.through is None else page.through,
        "fetched": page.fetched,
    }
    same = "source = $source AND project = $project"
    writer.execute(
        f'DELETE FROM pages WHERE {same} AND "after" >= $after AND through <= $through AND fetched <= $fetched', values
    )
    writer.execute(
        f"""INSERT INTO pages SELECT $source, $project, $after, $through, $fetched WHERE NOT EXISTS (
            FROM pages WHERE {same} AND "after" <= $after AND through >= $through AND fetched >= $fetched)""",
        values,
    )
    _mark_seen(writer, page)


def _mark_seen(writer: duckdb.DuckDBPyConnection, page: Page) -> None:
    """Stored annotations on the page were there when it was fetched, even those that could not be read this time."""
    writer.register("present", pa.table({"annotation": pa.array(sorted(page.present), pa.string())}))
    writer.execute(
        """UPDATE annotations SET seen = $fetched FROM present WHERE annotations.annotation = present.annotation
           AND source = $source AND project = $project AND (seen IS NULL OR seen < $fetched)""",
        {"source": page.source, "project": page.project, "fetched": page.fetched},
    )
    writer.unregister("present")


def _confirm(writer: duckdb.DuckDBPyConnection) -> None:
    """Stored versions that a page has shown again keep the time of it."""
    writer.execute(
        f"""UPDATE annotations a SET confirmed = i.confirmed FROM incoming i
            WHERE {_same("a", "i")} AND a.updated = i.updated AND i.confirmed IS DISTINCT FROM a.confirmed"""
    )


def _add_tombstones(writer: duckdb.DuckDBPyConnection, deletion: Deletion) -> None:
    """The latest deletion of each annotation."""
    writer.register("gone", pa.table({"annotation": pa.array(sorted(set(deletion.annotations)), pa.string())}))
    values = {"source": deletion.source, "project": deletion.project, "deleted": deletion.deleted}
    same = "t.source = $source AND t.project = $project AND t.annotation = gone.annotation"
    writer.execute(f"DELETE FROM tombstones t USING gone WHERE {same} AND t.deleted < $deleted", values)
    writer.execute(
        f"""INSERT INTO tombstones SELECT $source, $project, annotation, $deleted FROM gone
            WHERE NOT EXISTS (FROM tombstones t WHERE {same})""",
        values,
    )
    writer.unregister("gone")


def _bury(writer: duckdb.DuckDBPyConnection, page: Page | None, deletion: Deletion | None) -> int:
    """Remove stored annotations that have died, except where a newer version has just arrived; how many."""
    said = page or deletion
    if said is None:
        return 0
    writer.execute(
        f"""CREATE OR REPLACE TEMP TABLE doomed AS SELECT {_KEY} FROM annotations a
            WHERE source = $source AND project = $project AND {_DEAD.format(a="a")}
            AND NOT EXISTS (FROM changes c WHERE {_same("c", "a")})""",
        {"source": said.source, "project": said.project},
    )
    return _remove(writer, "doomed")


def _remove(writer: duckdb.DuckDBPyConnection, keys: str) -> int:
    """Remove annotations with their judgments and spans; how many annotations."""
    count = _count(writer, keys)
    if count:
        for table in ("judgments", "spans", "annotations"):
            writer.execute(f"DELETE FROM {table} s USING {keys} k WHERE {_same('s', 'k')}")
    return count


def _count(writer: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(writer.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


def _replace(writer: duckdb.DuckDBPyConnection, *, any_updated: bool) -> None:
    """Put new versions in the place of old ones."""
    if any_updated:
        writer.execute(f"CREATE OR REPLACE TEMP TABLE stale AS SELECT {_KEY} FROM changes WHERE verdict = 'updated'")
        _remove(writer, "stale")
    writer.execute("INSERT INTO annotations BY NAME SELECT * EXCLUDE verdict FROM changes")
    for table, part in (("judgments", "question, target"), ("spans", "question, target, span")):
        writer.execute(
            f"""INSERT INTO {table} BY NAME
                SELECT * FROM arriving_{table} SEMI JOIN changes USING ({_KEY}, updated)
                QUALIFY row_number() OVER (PARTITION BY {_KEY}, {part}) = 1"""
        )


def _refuse(writer: duckdb.DuckDBPyConnection, refused: Sequence[Refused]) -> None:
    """Remember what was refused, once."""
    if refused:
        rows = pa.Table.from_pylist([vars(each) for each in refused])
        writer.register("refusals", rows)
        writer.execute(
            'INSERT INTO refused BY NAME SELECT "row", field, message, fix FROM refusals EXCEPT FROM refused'
        )
        writer.unregister("refusals")
