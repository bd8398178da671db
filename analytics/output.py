"""Rows as flat columns, for CSV and for tables in a terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field, fields, is_dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Protocol


class Row(Protocol):
    """A row of a statistic: a frozen dataclass.

    The entries of its field `group`, and of one declared with `field(metadata=SPREAD)`, stand beside the others.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]


SPREAD: Mapping[str, Any] = MappingProxyType({"spread": True})


def is_spread(field: Field[Any]) -> bool:
    """Whether the entries of this field stand beside the other fields of its row."""
    return field.name == "group" or bool(field.metadata.get("spread"))


def plain(row: Row) -> dict[str, Any]:
    """A row as nested plain values, ready for JSON and CSV.

    >>> from analytics.differences import Piece
    >>> plain(Piece("same", "text"))
    {'kind': 'same', 'text': 'text'}
    """
    columns: dict[str, Any] = {}
    for field in fields(row):
        value = _plain(getattr(row, field.name))
        columns |= value if is_spread(field) else {field.name: value}
    return columns


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return plain(value)
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested values as columns named by their path.

    >>> flat({"locale": "de-DE", "alpha": {"value": 0.8, "low": 0.7}})
    {'locale': 'de-DE', 'alpha.value': 0.8, 'alpha.low': 0.7}
    """
    columns: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            columns |= flat(value, f"{prefix}{name}.")
        else:
            columns[prefix + name] = value
    return columns


def exploded(row: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """One row for each element of the list `name`, with the other values repeated.

    >>> exploded({"category": "grammar", "weeks": [{"errors": 3}]}, "weeks")
    [{'category': 'grammar', 'weeks': {'errors': 3}}]
    """
    return [{**row, name: element} for element in row[name]]


def declared(rows: Iterable[Mapping[str, Any]], simulated: str) -> list[dict[str, Any]]:
    """Rows that each say how much of the work they rest on is simulated: a CSV has no other place for it.

    >>> declared([{"locale": "de-DE"}], "all")
    [{'locale': 'de-DE', 'simulated': 'all'}]
    """
    return [{**row, "simulated": row.get("simulated", simulated)} for row in rows]


def to_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as CSV with a header; a column that a row lacks is empty, and so is None.

    >>> to_csv([{"locale": "de-DE", "alpha": {"value": None}}])
    'locale,alpha.value\\r\\nde-DE,\\r\\n'
    """
    table = [flat(row) for row in rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns_of(table), restval="")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()


def shortened(row: Mapping[str, Any]) -> dict[str, str]:
    """A row for the eye: estimates as value and interval, prevalence as shares, other nested values left out.

    >>> shortened({"locale": "de-DE", "estimate": {"value": 0.8, "low": 0.7, "high": 0.9, "n_items": 20}})
    {'locale': 'de-DE', 'estimate': '0.80 (0.70 to 0.90)', 'n items': '20'}

    Estimates that rest on different numbers of items each tell theirs.

    >>> estimates = {"a": {"value": 0.8, "low": None, "n_items": 2}, "b": {"value": 0.5, "low": None, "n_items": 3}}
    >>> shortened({"estimates": estimates})
    {'a': '0.80 (no interval), n 2', 'b': '0.50 (no interval), n 3'}
    """
    texts: dict[str, str] = {}
    apart = len({each["n_items"] for each in row.values() if isinstance(each, Mapping) and "low" in each}) > 1
    for name, value in row.items():
        if not isinstance(value, Mapping):
            texts[name] = "" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
        elif "low" in value and apart:
            texts[name] = _interval(value) + (f", n {value['n_items']}" if value["n_items"] else "")
        elif "low" in value:
            texts |= {name: _interval(value), "n items": str(value["n_items"])}
        elif name == "prevalence":
            texts[name] = ", ".join(f"{code} {share:.2f}" for code, share in value.items())
        elif name in ("estimates", "weeks"):
            texts |= shortened(value)
    return texts


def _interval(estimate: Mapping[str, Any]) -> str:
    if estimate["value"] is None:
        return f"undefined: {estimate['undefined']}"
    if estimate["low"] is None:
        return f"{estimate['value']:.2f} (no interval)"
    return f"{estimate['value']:.2f} ({estimate['low']:.2f} to {estimate['high']:.2f})"


def columns_of(table: Iterable[Mapping[str, Any]]) -> list[str]:
    """All columns, in order of first appearance."""
    return list(dict.fromkeys(name for row in table for name in row))


def to_table(table: Sequence[Mapping[str, str]]) -> str:
    """Rows of texts as columns of equal width.

    >>> print(to_table([{"locale": "de-DE", "n": "12"}]))
    locale  n
    de-DE   12
    """
    columns = columns_of(table)
    width = {name: max(len(name), *(len(row.get(name, "")) for row in table)) for name in columns}
    lines: list[Mapping[str, str]] = [dict(zip(columns, columns, strict=True)), *table]
    return "\n".join("  ".join(line.get(name, "").ljust(width[name]) for name in columns).rstrip() for line in lines)
