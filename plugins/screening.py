"""The file `screening.jsonl` of a programme: what screens said of its texts, as `concord screen` writes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from guidelines.errors import Problem
from plugins.errors import InvalidScreening
from plugins.items import Item

FILE = "screening.jsonl"
PROMPT = "item"
"""The target of an item's prompt; its responses are `response_1`, `response_2`, … in the order of the item's file."""

_ANEW = "run `concord screen` on the programme again"

Span = tuple[int, int, str]
"""Start and end in code points, and the kind of personal data."""


@dataclass(frozen=True, slots=True)
class Screened:
    """One line of the file: what one screen said of one text of an item."""

    item: str
    target: str
    screen: str
    provider: str | None
    status: str
    score: float | None
    kind: str | None
    reason: str | None
    screened: datetime
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class ScreeningFile:
    """The lines by item, and those that were passed over because they are about no text that the programme has.

    `of_responses` names the screens that read responses too.
    """

    by_item: Mapping[str, tuple[Screened, ...]] = field(default_factory=dict)
    passed_over: tuple[Problem, ...] = ()
    of_responses: frozenset[str] = frozenset()

    def of(self, item: str) -> tuple[Screened, ...]:
        """What is known of one item."""
        return self.by_item.get(item, ())

    def read_by(self, screen: str, item: Item) -> Iterable[str]:
        """The targets of an item that a screen is there to read."""
        return targets(item) if screen in self.of_responses else (PROMPT,)


def text_digest(text: str) -> str:
    """By which a line knows the text it is about: the first 12 hex digits of the SHA-256.

    >>> text_digest("Hello?")
    '0da72197e898'
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def targets(item: Item) -> dict[str, str]:
    """The texts of an item that are screened, by target.

    >>> from plugins.items import Response
    >>> targets(Item("i", "w", "en-US", "Why?", (Response("So.", "m"),)))
    {'item': 'Why?', 'response_1': 'So.'}
    """
    responses = {f"response_{number}": each.text for number, each in enumerate(item.responses, start=1)}
    return {PROMPT: item.prompt, **responses}


def read_screening(folder: Path, items: Sequence[Item]) -> ScreeningFile:
    """What the programme's file says of these items; nothing where there is no file. Of two lines the later counts.

    Lines about other items, other targets, or texts that have changed since are passed over. Raises InvalidScreening
    with every problem, each with file, line, field and fix.
    """
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ScreeningFile()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidScreening([Problem(FILE, 1, f"cannot be read: {error}", _ANEW)]) from error
    return _Reader(items).read(text)


class _Reader:
    """Reads the lines and gathers what is wrong with them."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._texts = {item.item: targets(item) for item in items}
        self._wrong: list[Problem] = []
        self._passed_over: list[Problem] = []
        self._found: dict[str, dict[tuple[str, str], Screened]] = {}
        self._of_responses: set[str] = set()
        self._same: dict[str | None, str | None] = {}
        self._times: dict[str, datetime] = {}

    def read(self, text: str) -> ScreeningFile:
        # Not splitlines(): a text may hold U+2028, which ends no line of JSON Lines.
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                self._line(number, line)
        if self._wrong:
            raise InvalidScreening(self._wrong)
        found = {item: tuple(rows.values()) for item, rows in self._found.items()}
        return ScreeningFile(found, tuple(self._passed_over), frozenset(self._of_responses))

    def _line(self, number: int, line: str) -> None:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            self._wrong.append(Problem(FILE, number, "this is not one line of JSON", _ANEW))
            return
        if wrong := list(_mistakes(row)):
            self._wrong.extend(Problem(FILE, number, message, _ANEW) for message in wrong)
            return
        if row["target"] != PROMPT:
            self._of_responses.add(row["screen"])
        if stale := self._stale(row):
            self._passed_over.append(Problem(FILE, number, stale, _ANEW))
        else:
            read = self._screened(row)
            self._found.setdefault(read.item, {})[read.target, read.screen] = read

    def _screened(self, row: Mapping[str, Any]) -> Screened:
        """Of equal texts and times one is kept: they repeat from line to line."""
        names = ("item", "target", "screen", "provider", "status", "kind", "reason")
        told: dict[str, Any] = {name: self._same.setdefault(value := row.get(name), value) for name in names}
        if (when := self._times.get(row["screened"])) is None:
            when = self._times[row["screened"]] = datetime.fromisoformat(row["screened"])
        spans = tuple((start, end, kind) for start, end, kind in row.get("spans", ()))
        return Screened(**told, score=row.get("score"), screened=when, spans=spans)

    def _stale(self, row: Mapping[str, Any]) -> str | None:
        """Why a line is about no text that the programme has; None if it is about one."""
        texts = self._texts.get(row["item"])
        if texts is None:
            return f"item: the programme has no item {row['item']!r}"
        text = texts.get(row["target"])
        if text is None:
            return f"target: {row['item']} has no {row['target']!r}"
        beyond = any(end > len(text) for _, end, _ in row.get("spans", ()))
        if beyond or row.get("digest") not in (None, text_digest(text)):
            return f"{row['target']} of {row['item']} had another text when it was screened"
        return None


_TEXT = ("item", "target", "screen", "status", "screened")
_TEXT_OR_NULL = ("provider", "kind", "reason", "digest")


def _mistakes(row: Any) -> Iterator[str]:
    """What is wrong with the form of a line. Not by a schema: a file has hundreds of thousands."""
    if not isinstance(row, dict):
        yield "this is no JSON object"
        return
    yield from (f"{name}: is no text" for name in _TEXT if not isinstance(row.get(name), str) or not row[name])
    yield from (f"{name}: is no text" for name in _TEXT_OR_NULL if not isinstance(row.get(name), str | None))
    if row.get("status") not in ("screened", "unscreened"):
        yield f"status: {row.get('status')!r} is neither screened nor unscreened"
    score = row.get("score")
    if score is not None and (type(score) not in (int, float) or not 0 <= score <= 1):
        yield f"score: {score!r} is not from 0 to 1"
    if isinstance(row.get("screened"), str) and not _is_time(row["screened"]):
        yield f"screened: {row['screened']!r} is not a time with a zone"
    spans = row.get("spans", [])
    if not isinstance(spans, list) or not all(map(_is_span, spans)):
        yield "spans: is no list of [start, end, kind]"


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _is_span(span: Any) -> bool:
    return isinstance(span, list) and [type(each) for each in span] == [int, int, str] and 0 <= span[0] < span[1]
