"""The tables of the store, and how an older store becomes a current one.

`_MIGRATIONS[n]` takes a store from schema n to n + 1; a new store runs them all. There are no primary keys: one writer
merges whole sets, and an index would only slow bulk loads.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from analytics.errors import StoreTooNew
from plugins import frames

_TYPES = {
    pa.string(): "VARCHAR",
    pa.float64(): "DOUBLE",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us", tz="UTC"): "TIMESTAMPTZ",
    pa.list_(pa.string()): "VARCHAR[]",
    frames.ITEMS.field("arms").type: "STRUCT(target VARCHAR, model VARCHAR, iteration VARCHAR)[]",
    frames.ITEMS.field("words").type: "STRUCT(target VARCHAR, words DOUBLE)[]",
}


LAYOUT = ("programme", "item", "arms", "responses")
"""The columns of `layouts`: those of an item that differ from programme to programme."""


def _create(table: str, schema: pa.Schema, *extra: str) -> str:
    columns = [f'"{column.name}" {_TYPES[column.type]}' for column in schema]
    return f"CREATE TABLE IF NOT EXISTS {table} ({', '.join([*columns, *extra])})"


def _first() -> str:
    return ";\n".join(
        [
            _create("judgments", frames.JUDGMENTS),
            # seen: when a complete page last held it; confirmed: when one last held this very version;
            # digest: of the annotation with its judgments and spans
            _create("annotations", frames.ANNOTATIONS, "seen TIMESTAMPTZ", "confirmed TIMESTAMPTZ", "digest UBIGINT"),
            _create("spans", frames.SPANS),
            _create("items", frames.ITEMS),
            _create("annotators", frames.ANNOTATORS),
            _create("projects", frames.PROJECTS),
            "CREATE TABLE tombstones (source VARCHAR, project VARCHAR, annotation VARCHAR, deleted TIMESTAMPTZ)",
            # a page says: this was everything with after < task <= through at the time of fetching
            'CREATE TABLE pages (source VARCHAR, project VARCHAR, "after" BIGINT, through BIGINT, fetched TIMESTAMPTZ)',
            'CREATE TABLE refused ("row" VARCHAR, field VARCHAR, message VARCHAR, fix VARCHAR)',
        ]
    )


def _original() -> str:
    """Edited texts keep the text they started from; a store made from here on has the column already."""
    return "ALTER TABLE judgments ADD COLUMN IF NOT EXISTS original VARCHAR"


def _suggestions() -> str:
    """What helpers proposed, and whether annotators were shown it."""
    return _create("suggestions", frames.SUGGESTIONS)


def _screenings() -> str:
    """What screens said of texts, and which model wrote what annotators were shown."""
    return ";\n".join([_create("screenings", frames.SCREENINGS), _create("served", frames.SERVED)])


def _share() -> str:
    """With which chance a suggestion was shown; a store made from here on has the column already."""
    return "ALTER TABLE suggestions ADD COLUMN IF NOT EXISTS share DOUBLE"


def _attributes() -> str:
    """Gender and region of annotators, where a programme tells them; a new store has the columns already."""
    return ";\n".join(
        f"ALTER TABLE annotators ADD COLUMN IF NOT EXISTS {column} VARCHAR" for column in ("gender", "region")
    )


def _scores() -> str:
    """How long texts are, what errors cost in each guideline version, and which scores pass."""
    words = _TYPES[frames.ITEMS.field("words").type]
    return ";\n".join(
        [
            f"ALTER TABLE items ADD COLUMN IF NOT EXISTS words {words}",
            _create("pass_marks", frames.PASS_MARKS),
            _create("penalties", frames.PENALTIES),
        ]
    )


def _length() -> str:
    """How long the texts are in which errors were looked for; a store made from here on has the column already.

    Older answers have none until they are read again: by the next whole pull, or `concord rebuild`.
    """
    return "ALTER TABLE judgments ADD COLUMN IF NOT EXISTS length BIGINT"


def _layouts() -> str:
    """What each programme shows of an item, and which programme a suggestion is of.

    Of items that several programmes showed, an older store knows what the last of them told.
    """
    columns = ", ".join(LAYOUT)
    return ";\n".join(
        [
            "ALTER TABLE items ADD COLUMN IF NOT EXISTS responses VARCHAR[]",
            f"CREATE TABLE IF NOT EXISTS layouts AS SELECT {columns} FROM items",  # noqa: S608 - our own columns
            "ALTER TABLE suggestions ADD COLUMN IF NOT EXISTS programme VARCHAR",
            "UPDATE suggestions s SET programme = i.programme FROM items i WHERE i.item = s.item",
        ]
    )


_MIGRATIONS = (_first, _original, _suggestions, _screenings, _share, _attributes, _scores, _length, _layouts)
CURRENT = len(_MIGRATIONS)


def migrate(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Bring the store to the current schema in one transaction; raises StoreTooNew."""
    connection.begin()
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER)")
    version = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchall()[0][0]
    if version > CURRENT:
        connection.rollback()
        raise StoreTooNew(path, version, CURRENT)
    for migration in _MIGRATIONS[version:]:
        connection.execute(migration())
    if version < CURRENT:
        connection.execute("INSERT INTO schema_version VALUES (?)", [CURRENT])
    connection.commit()
