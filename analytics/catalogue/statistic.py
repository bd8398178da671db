"""What a statistic of the catalogue is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema

from analytics.output import Row
from analytics.query import Query
from analytics.store import Snapshot
from guidelines import Library

Plain = Mapping[str, Any]


@dataclass(frozen=True)
class Statistic:
    """One statistic: `concord <name>` and `GET /v1/<path>` with the same parameters.

    `title` is one line, `about` says how to read it. `takes` are the parameters, `row` the dataclass of an answer's
    rows, which `rows` works out. `lines` makes of a plain row what stands in a table or in CSV, if not the row.
    """

    name: str
    title: str
    about: str
    takes: type[Schema]
    row: type
    rows: Callable[[Snapshot, Library, Query], Sequence[Row]]
    path: str
    lines: Callable[[Plain], Iterable[Plain]] = lambda row: (row,)


def without_benchmarks(row: Plain) -> Iterable[Plain]:
    """The row without what the literature says, as a line: it would be the same in every line."""
    return ({name: value for name, value in row.items() if name != "benchmarks"},)
