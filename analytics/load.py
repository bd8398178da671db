"""Frames from a folder of Parquet files, as `concord simulate` writes them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from analytics.errors import MalformedFrame, MissingFrames
from analytics.manifest import Manifest
from analytics.raw import RawBodies
from plugins import frames

_NEEDED = {
    "judgments": frames.JUDGMENTS,
    "annotations": frames.ANNOTATIONS,
    "spans": frames.SPANS,
    "items": frames.ITEMS,
    "annotators": frames.ANNOTATORS,
    "projects": frames.PROJECTS,
}
_OPTIONAL = {
    "screenings": frames.SCREENINGS,
    "served": frames.SERVED,
    "suggestions": frames.SUGGESTIONS,
    "pass_marks": frames.PASS_MARKS,
    "penalties": frames.PENALTIES,
}
_LATER = ("original", "length", "gender", "region", "words", "responses")
_WORK = ("judgments", "annotations", "spans")
_SCHEMAS = {**_NEEDED, **_OPTIONAL}


@dataclass(frozen=True)
class Loaded:
    """Frames and the manifest that belongs to them."""

    frames: frames.Frames
    manifest: Manifest


def read_folder(folder: Path) -> Loaded:
    """The frames in a folder; other files are left alone. Raises MissingFrames or MalformedFrame."""
    there = _there(folder)
    missing = [_file(folder, name).name for name in _NEEDED if name not in there]
    if missing:
        raise MissingFrames(folder, missing)
    return _loaded({name: _read(_file(folder, name), _SCHEMAS[name]) for name in there})


def keep_folder(raw: RawBodies, folder: Path) -> bytes:
    """Keep the files among the raw bodies; the body that names them, for `read_frames`."""
    return orjson.dumps({name: raw.keep_body(_file(folder, name).read_bytes()) for name in _there(folder)})


def read_frames(raw: RawBodies, body: bytes) -> Loaded:
    """The frames that `keep_folder` kept."""
    digests = orjson.loads(body)
    return _loaded({name: _as(pq.read_table(io.BytesIO(raw.body(at))), _SCHEMAS[name]) for name, at in digests.items()})


def _there(folder: Path) -> list[str]:
    return [name for name in _SCHEMAS if _file(folder, name).is_file()]


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"


def _read(path: Path, schema: pa.Schema) -> pa.Table:
    try:
        return _as(pq.read_table(path), schema)
    except (pa.ArrowException, KeyError) as error:
        raise MalformedFrame(path, error) from error


def _as(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table in the schema; frames kept before they had one of the later columns are without it."""
    for name in _LATER:
        if name in schema.names and name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows, schema.field(name).type))
    return table.select(schema.names).cast(schema)


def _loaded(tables: dict[str, pa.Table]) -> Loaded:
    return Loaded(
        frames.Frames(*(tables[name] for name in _WORK)),
        Manifest(**{name: table for name, table in tables.items() if name not in _WORK}),
    )
