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


def with_widths(row: Plain, step: str, name: str) -> Iterable[Plain]:
    """A line for each expected width: its step, under this name, follows the metric as text, since it names the line.

    >>> row = {"metric": "ac1", "width": 0.4, "expected": [{"times": 2, "same_annotators": 0.3}]}
    >>> list(with_widths(row, "times", "times_items"))
    [{'metric': 'ac1', 'times_items': '2', 'width': 0.4, 'same_annotators': 0.3}]
    """
    now = {each: value for each, value in row.items() if each != "expected"}
    names = {each: row[each] for each in list(row)[: list(row).index("metric") + 1]}
    return [
        {**names, name: str(each[step]), **now, **{other: each[other] for other in each if other != step}}
        for each in row["expected"]
    ] or [now]
