"""Rows of a JSON Lines, CSV or Parquet file, read and written bit by bit."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from ml_backend.errors import InvalidItems

Row = dict[str, Any]
Numbered = Iterator[tuple[int, Any]]

_BATCH = 1000  # rows


def rows(path: Path) -> Numbered:
    """Number and value of each row; the value of a line that cannot be read is None.

    The number is that of the line, or of the row in a Parquet file. Raises InvalidItems for a file of another kind.
    """
    return _READERS[ending(path)](path)


def ending(path: Path) -> str:
    """The kind of a file by its name; raises InvalidItems for one that cannot be read or written."""
    if path.suffix not in _READERS:
        raise InvalidItems([f"{path}: the name does not end with {', '.join(_READERS)}"])
    return path.suffix


def count(path: Path) -> int:
    """How many rows a file has."""
    return sum(1 for _ in rows(path))


@contextmanager
def writer(path: Path, added: Mapping[str, pa.DataType], output: IO[bytes]) -> Iterator[Callable[[list[Row]], None]]:
    """A function that appends rows of the file at `path`, with the `added` columns, to `output` in the same format."""
    kind = ending(path)
    if kind == ".parquet":
        with _parquet_writer(pq.read_schema(path), added, output) as write:
            yield write
    else:
        text = io.TextIOWrapper(output, "utf-8", newline="")
        try:
            yield _csv_writer(path, added, text) if kind == ".csv" else _json_writer(text)
        finally:
            text.detach()  # flushes, and leaves the output open for whoever opened it


def _json_lines(path: Path) -> Numbered:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _parsed(line)


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):  # not UTF-8 is a ValueError too
        return None


def _csv(path: Path) -> Numbered:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, restkey="")
        try:
            for row in reader:
                yield reader.line_num, None if "" in row or None in row.values() else row
        except (UnicodeDecodeError, csv.Error):
            yield reader.line_num + 1, None


def _parquet(path: Path) -> Numbered:
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except pa.ArrowException as error:
        raise InvalidItems([f"{path}: this is not a Parquet file: {error}"]) from error


_READERS: Mapping[str, Callable[[Path], Numbered]] = {".jsonl": _json_lines, ".csv": _csv, ".parquet": _parquet}


def _json_writer(output: IO[str]) -> Callable[[list[Row]], None]:
    def write(batch: list[Row]) -> None:
        output.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in batch))

    return write


def _csv_writer(path: Path, added: Iterable[str], output: IO[str]) -> Callable[[list[Row]], None]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        own = next(csv.reader(lines), [])
    rows = csv.DictWriter(output, [*(name for name in own if name not in added), *added])
    rows.writeheader()
    return rows.writerows


@contextmanager
def _parquet_writer(
    own: pa.Schema, added: Mapping[str, pa.DataType], output: IO[bytes]
) -> Iterator[Callable[[list[Row]], None]]:
    fields = [*(field for field in own if field.name not in added), *(pa.field(*each) for each in added.items())]
    schema = pa.schema(fields)
    with pq.ParquetWriter(output, schema) as file:
        yield lambda batch: file.write_table(pa.Table.from_pylist(batch, schema=schema))
