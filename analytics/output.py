"""Rows as flat columns, for CSV and for tables in a terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, is_dataclass
from itertools import accumulate, takewhile
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

from analytics.estimate import SMALL


class Row(Protocol):
    """A row of a statistic: a frozen dataclass.

    The entries of its field `group`, and of one declared with `field(metadata=SPREAD)`, stand beside the others.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]


_OF_ESTIMATES = ("estimates", "weeks", "outcomes")
"""Fields of rows whose entries are estimates, and stand in a table like fields of their own."""

_NAME = 40
"""How long a text may be that says what a line is about."""

_REPEATED = 0.75
"""How much of the width of a table may be what its lines are about, which is repeated where the table goes on below."""

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
    for each in fields(row):
        value = _plain(getattr(row, each.name))
        columns |= value if is_spread(each) else {each.name: value}
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


@dataclass
class Notes:
    """Footnotes of a table: numbers for the reasons why something is missing, in order of first use."""

    reasons: dict[str, int] = field(default_factory=dict)
    small: bool = False

    def mark(self, reason: str) -> str:
        """The number of this reason, in brackets."""
        return f"[{self.reasons.setdefault(reason, len(self.reasons) + 1)}]"

    def number(self, n_items: int) -> str:
        """A number of items, with a star where the sample is small."""
        small = 0 < n_items < SMALL
        self.small |= small
        return f"{n_items}*" if small else str(n_items)

    def lines(self) -> list[str]:
        """What the marks mean."""
        stars = [f"* a small sample: fewer than {SMALL} items"] if self.small else []
        return [*stars, *(f"[{number}] {reason}" for reason, number in self.reasons.items())]


def for_the_eye(lines: Sequence[Mapping[str, Any]], width: int = 120) -> str:
    """Lines as a table: estimates as value and interval, with notes below; other nested values are left out.

    >>> estimate = {"value": 0.8, "low": 0.7, "high": 0.9, "n_items": 20, "undefined": None}
    >>> nothing = {"value": None, "low": None, "high": None, "n_items": 0, "undefined": "no item has two annotators"}
    >>> print(for_the_eye([{"locale": "de-DE", "alpha": estimate}, {"locale": "ja-JP", "alpha": nothing}]))
    locale  alpha                n_items
    de-DE   0.80 (0.70 to 0.90)  20*
    ja-JP   undefined [1]        0
    <BLANKLINE>
    * a small sample: fewer than 30 items
    [1] no item has two annotators
    """
    notes = Notes()
    apart = any(len({each["n_items"] for each in _estimates(line) if each["n_items"]}) > 1 for line in lines)
    table = to_table([shortened(line, notes, apart) for line in lines], width, _named(lines))
    return "\n".join([table, *([""] if notes.lines() else []), *notes.lines()])


def _named(lines: Sequence[Mapping[str, Any]]) -> int:
    """How many columns say what a line is about: those before the first that is no short text."""
    names = list(lines[0])
    texts = (all(row.get(name) is None or _is_short(row[name]) for row in lines) for name in names)
    return len(list(takewhile(bool, texts)))


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _NAME


def _estimates(line: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name, value in line.items():
        if _is_estimate(value):
            yield value
        elif name in _OF_ESTIMATES and isinstance(value, Mapping):
            yield from _estimates(value)


def shortened(row: Mapping[str, Any], notes: Notes, apart: bool) -> dict[str, str]:
    """A row as texts; `apart` says whether each estimate tells its own number of items, or one column that of all.

    >>> shortened({"prevalence": {"yes": 0.75, "no": 0.25}, "small": True, "share": 0.12345}, Notes(), apart=False)
    {'prevalence': 'yes 0.75, no 0.25', 'share': '0.123'}
    """
    texts: dict[str, str] = {}
    for name, value in row.items():
        if _is_estimate(value):
            told = f", n {notes.number(value['n_items'])}" if apart and value["n_items"] else ""
            texts[name] = _interval(value, notes) + told
            if not apart:
                texts["n_items"] = notes.number(max(each["n_items"] for each in _estimates(row)))
        elif name == "prevalence" and isinstance(value, Mapping):
            texts[name] = ", ".join(f"{code} {share:.2f}" for code, share in value.items())
        elif name in _OF_ESTIMATES and isinstance(value, Mapping):
            texts |= shortened(value, notes, apart)
        elif name != "small" and not isinstance(value, Mapping):  # a star says it
            texts[name] = _text(value)
    return texts


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return "" if value is None else str(value)


def _is_estimate(value: Any) -> bool:
    """Whether this is an estimate as plain values; shares of answers may be named `low` and `high` too."""
    return isinstance(value, Mapping) and {"value", "low", "n_items"} <= value.keys()


def _interval(estimate: Mapping[str, Any], notes: Notes) -> str:
    if estimate["value"] is None:
        return f"undefined {notes.mark(estimate['undefined'])}"
    if estimate["low"] is None:
        return f"{estimate['value']:.2f} {notes.mark(estimate['undefined'])}"
    return f"{estimate['value']:.2f} ({estimate['low']:.2f} to {estimate['high']:.2f})"


def columns_of(table: Iterable[Mapping[str, Any]]) -> list[str]:
    """All columns, in order of first appearance."""
    return list(dict.fromkeys(name for row in table for name in row))


def to_table(table: Sequence[Mapping[str, str]], width: int, named: int) -> str:
    """Rows of texts as columns of equal width; what is wider than `width` follows below, the first `named` repeated.

    Columns without any text are left out.

    >>> print(to_table([{"locale": "de-DE", "n": "12", "share": "0.5"}], width=12, named=1))
    locale  n
    de-DE   12
    <BLANKLINE>
    locale  share
    de-DE   0.5
    """
    widths = {name: max(len(name), *(len(row.get(name, "")) for row in table)) for name in columns_of(table)}
    columns = [name for place, name in enumerate(widths) if place < named or any(row.get(name) for row in table)]
    return "\n\n".join(_block(table, block, widths) for block in _blocks(columns, widths, width, named))


def _blocks(columns: Sequence[str], widths: Mapping[str, int], width: int, named: int) -> Iterator[list[str]]:
    """The columns of each block: as many as fit, at least one beside the named ones."""
    ends = accumulate(widths[name] + 2 for name in columns[:named])
    names = list(columns[: sum(end <= _REPEATED * width for end in ends)])
    block = list(names)
    for name in columns[len(names) :]:
        if len(block) > len(names) and sum(widths[each] + 2 for each in block) + widths[name] > width:
            yield block
            block = list(names)
        block.append(name)
    yield block


def _block(table: Sequence[Mapping[str, str]], columns: Sequence[str], widths: Mapping[str, int]) -> str:
    lines: list[Mapping[str, str]] = [dict(zip(columns, columns, strict=True)), *table]
    return "\n".join("  ".join(line.get(name, "").ljust(widths[name]) for name in columns).rstrip() for line in lines)
