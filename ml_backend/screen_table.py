"""A file of items in, the same with what the screens say out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from string import ascii_lowercase
from typing import IO, Any

import pyarrow as pa

from ml_backend import tables
from ml_backend.errors import InvalidItems
from ml_backend.prescreen import Prescreen, Summary
from ml_backend.screens.model import PROMPT
from ml_backend.tables import Row
from ml_backend.tasks import item_of

_FOLDER = "items"  # the project that a file's items are remembered under
_MOST_PROBLEMS = 20
_BATCH = 1000  # items


def check(path: Path) -> int:
    """Read the file once before anything is remembered: how many items it has.

    Raises InvalidItems with the first problems, by line.
    """
    problems: list[str] = []
    first_seen: dict[str, int] = {}
    number = items = 0
    for number, row in tables.rows(path):
        items += 1
        problem = _problem(row) or _repeated(row["item"], number, first_seen)
        if problem and len(problems) < _MOST_PROBLEMS:
            problems.append(f"{path}:{number}: {problem}")
    if problems:
        raise InvalidItems(problems)
    return items


def screen(path: Path, prescreen: Prescreen, output: IO[bytes], on_items: Callable[[int], object]) -> None:
    """Append each item's summary to its row; `on_items` hears how many more are done."""
    flat = tables.ending(path) != ".jsonl"
    remaining = (row for _, row in tables.rows(path))
    with tables.writer(path, _columns(prescreen) if flat else {}, output) as write:
        while batch := list(islice(remaining, _BATCH)):
            items = [item_of({"data": _data(row)}, _FOLDER, None) for row in batch]
            summaries = prescreen.summaries(items, math.inf)
            told = _flat if flat else _nested
            write([{**row, **told(summary)} for row, summary in zip(batch, summaries, strict=True)])
            on_items(len(batch))


def _columns(prescreen: Prescreen) -> dict[str, pa.DataType]:
    """The columns that a table gains: all as JSON, the novelty, each screen's score and finding for the prompt."""
    columns = {"prescreen": pa.string(), "prescreen_novelty": pa.float64()}
    for each in prescreen.screens:
        columns |= {f"prescreen_{each.name}": pa.float64(), f"prescreen_{each.name}_kind": pa.string()}
    return columns


def _flat(summary: Summary) -> Row:
    row: Row = {"prescreen": json.dumps(summary.to_json(), ensure_ascii=False), "prescreen_novelty": summary.novelty}
    for name, outcome in summary.outcomes[PROMPT].items():
        if outcome.provider:
            row |= {f"prescreen_{name}": outcome.score, f"prescreen_{name}_kind": outcome.kind}
    return row


def _nested(summary: Summary) -> Row:
    return {"prescreen": {"novelty": summary.novelty, **summary.to_json()}}


def _problem(row: object) -> str | None:
    if not isinstance(row, dict):
        return "this line cannot be read: give one JSON object a line, or as many cells as the header has, in UTF-8"
    for field in ("item", "prompt"):
        if not isinstance(row.get(field), str) or not row[field].strip():
            return f"{field} is not a text"
    if not isinstance(row.get("locale") or "", str):
        return "locale is not a text"
    return item_of({"data": _data(row)}, _FOLDER, None).flaw


def _repeated(name: str, number: int, first_seen: dict[str, int]) -> str | None:
    first = first_seen.setdefault(name, number)
    return None if first == number else f"item {name!r} is already on line {first}"


def _data(row: Row) -> dict[str, Any]:
    """The row as a task's data; `responses`, texts or objects with a text, become response_a, response_b, …"""
    return {**row, **dict(_responses(row.get("responses")))}


def _responses(given: object) -> Iterator[tuple[str, object]]:
    for letter, each in zip(ascii_lowercase, given if isinstance(given, list) else (), strict=False):
        yield f"response_{letter}", each.get("text") if isinstance(each, dict) else each
