"""The file `suggestions.jsonl` of a programme: what helpers suggest, as `concord suggest` writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from guidelines.errors import Problem
from guidelines.model import Question
from plugins.errors import InvalidSuggestions
from plugins.item_rules import answer_codes
from plugins.items import Item
from plugins.programme import Programme
from plugins.programme_schema import SUGGESTION, mistakes

if TYPE_CHECKING:
    from guidelines import Library

FILE = "suggestions.jsonl"

_ANEW = "take the line out and run `concord suggest` again"

Key = tuple[str, str, str, str]
"""Item, question, target, helper."""


@dataclass(frozen=True)
class Mark:
    """An error that a grammar check found: offsets in code points, its message, and the words for the place if any."""

    start: int
    end: int
    message: str
    replacement: str | None = None


@dataclass(frozen=True)
class Suggestion:
    """One line of the file.

    `id` is random and says nothing. `target` is "item", "response_1", … in the order of the item's file, or "claim_1",
    …. `value` is a code as answers are stored, for that order too; None where the helper came to none. `reason` says
    why it came to that or to none, `probability` is the model's own for its words; `digest` is that of the item's texts
    as the helper read them.
    """

    id: str
    item: str
    question: str
    target: str
    helper: str
    provider: str
    value: str | None
    made: datetime
    reason: str | None = None
    marks: tuple[Mark, ...] = ()
    probability: float | None = None
    digest: str | None = None

    @property
    def key(self) -> Key:
        """What it is a suggestion for, and by whom."""
        return self.item, self.question, self.target, self.helper

    def to_json(self) -> str:
        """The line, without its end."""
        known = {name: value for name, value in asdict(self).items() if value not in (None, ())}
        return json.dumps({**known, "value": self.value, "made": self.made.isoformat()}, ensure_ascii=False)


def text_digest(item: Item) -> str:
    """The same for the same texts in the same order, another for any other."""
    texts = [item.prompt, *(response.text for response in item.responses), *item.claims, sorted(item.materials.items())]
    return sha256(json.dumps(texts, ensure_ascii=False).encode()).hexdigest()[:16]


def file_targets(question: Question, item: Item) -> tuple[str, ...]:
    """The targets of suggestions for a question about an item.

    >>> from guidelines.model import Question
    >>> from plugins.items import Item, Response
    >>> item = Item("i", "w", "en-US", "Why?", (Response("So.", "m"), Response("Because.", "n")))
    >>> file_targets(Question("place", "ranking", "Place", "ordinal"), item)
    ('response_1', 'response_2')
    """
    if question.target == "claim":
        return tuple(f"claim_{number}" for number in range(1, len(item.claims) + 1))
    if question.target == "response" or question.kind == "ranking":
        return tuple(f"response_{number}" for number in range(1, len(item.responses) + 1))
    return ("item",)


def read_suggestions(programme: Programme, library: Library) -> list[Suggestion]:
    """What the programme's file holds; nothing where the programme asks no helper and has no file.

    Raises InvalidSuggestions with every problem, each with file, line, field and fix.
    """
    path = programme.root / FILE
    if not path.exists() and not programme.suggestions:
        return []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        fix = f"run `concord suggest {programme.root}`, or take `suggestions` out of programme.yaml"
        raise InvalidSuggestions([Problem(FILE, 1, f"cannot be read: {reason}", fix)]) from error
    return _Reader(programme, library).read(text)


class _Reader:
    """Reads the lines and gathers what is wrong with them."""

    def __init__(self, programme: Programme, library: Library) -> None:
        self._items = {item.item: item for item in programme.items}
        self._library = library
        self._problems: list[Problem] = []
        self._first: dict[Key, int] = {}

    def read(self, text: str) -> list[Suggestion]:
        # Not splitlines(): a text may hold U+2028, which ends no line of JSON Lines.
        lines = ((number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip())
        read = [found for number, line in lines if (found := self._line(number, line)) is not None]
        if self._problems:
            raise InvalidSuggestions(self._problems)
        return read

    def _line(self, number: int, line: str) -> Suggestion | None:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            self._problems.append(Problem(FILE, number, "this is not one line of JSON", _ANEW))
            return None
        wrong = [(message, fix) for _, message, fix in mistakes(SUGGESTION, row)] or list(self._mistakes(row, number))
        self._problems.extend(Problem(FILE, number, *mistake) for mistake in wrong)
        return None if wrong else suggestion(row)

    def _mistakes(self, row: Mapping[str, Any], number: int) -> Iterator[tuple[str, str]]:
        item = self._items.get(row["item"])
        if item is None:
            yield f"item: the programme has no item {row['item']!r}", "take the line out"
            return
        if row.get("digest") not in (None, text_digest(item)):
            yield f"item: {item.item!r} has other texts now than the helper read", _ANEW
        asked = {question.id: question for question in self._library.workflows[item.workflow].questions}
        question = asked.get(row["question"])
        if question is None:
            yield f"question: {item.workflow} does not ask {row['question']!r}", _ANEW
        elif row["target"] not in (targets := file_targets(question, item)):
            yield f"target: {row['target']!r} is not asked about", f"choose: {', '.join(targets)}"
        elif row["value"] is not None and row["value"] not in (codes := answer_codes(question, item)):
            yield f"value: {row['value']!r} is no answer to {question.id}", f"choose: {', '.join(codes) or 'null'}"
        if not _is_time(row["made"]):
            yield f"made: {row['made']!r} is not a time with a zone", "give e.g. 2026-11-20T23:26:55+00:00"
        first = self._first.setdefault((row["item"], row["question"], row["target"], row["helper"]), number)
        if first != number:
            yield f"the same suggestion stands on line {first}", "keep one of the two"


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def suggestion(row: Mapping[str, Any]) -> Suggestion:
    """A suggestion from a line that has no mistakes."""
    marks = tuple(Mark(**mark) for mark in row.get("marks", ()))
    return Suggestion(**{**row, "made": datetime.fromisoformat(row["made"]), "marks": marks})
