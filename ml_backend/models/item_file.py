"""A file of items that gets responses while it is read; everything else in its lines stays as it is, to the letter."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from ml_backend.errors import ItemFileUnusable

Row = dict[str, Any]


class ItemFile:
    """One `items/<workflow>/<locale>.jsonl`; nobody else may change it meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._real = path.resolve()  # a link stays one
        self._known = self._state()

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Number and row of each line that is not blank, as the file was at first. Raises ItemFileUnusable."""
        try:
            with self._real.open("rb") as lines:
                for number, line in enumerate(lines, start=1):
                    if text := line.decode("utf-8-sig" if number == 1 else "utf-8").strip():
                        yield number, json.loads(text)
        except (OSError, ValueError) as error:
            raise ItemFileUnusable(self.path, str(error)) from error

    def add(self, responses: Mapping[int, Sequence[Row]]) -> None:
        """Write these responses behind those of the lines with these numbers: all of them or, when killed, none.

        Raises ItemFileUnusable, also when somebody else wrote to the file.
        """
        aside = self._real.with_name(f".{self._real.name}.filling")
        self._check()
        try:
            with self._real.open("rb") as lines, aside.open("wb") as out:
                self._copy(lines, responses, out)
                out.flush()
                os.fsync(out.fileno())
            shutil.copymode(self._real, aside)
            self._check()
            aside.replace(self._real)
            self._known = self._state()
        except (OSError, ValueError) as error:
            raise ItemFileUnusable(self.path, str(error)) from error
        finally:
            aside.unlink(missing_ok=True)

    def _check(self) -> None:
        if self._state() != self._known:
            raise ItemFileUnusable(self.path, "somebody else changed it")

    def _copy(self, lines: IO[bytes], responses: Mapping[int, Sequence[Row]], out: IO[bytes]) -> None:
        for number, line in enumerate(lines, start=1):
            more = responses.get(number)
            out.write(with_responses(line.decode(), more).encode() if more else line)

    def _state(self) -> tuple[int, int, int]:
        try:
            found = self._real.stat()
        except OSError as error:
            raise ItemFileUnusable(self.path, str(error)) from error
        return found.st_ino, found.st_size, found.st_mtime_ns


def with_responses(line: str, more: Sequence[Row]) -> str:
    """The line of an item with these responses behind its own; raises ValueError where it is not such a line.

    >>> with_responses('{"n": 1.50, "responses": [ ]}', [{"text": "Hi", "model": "aurora"}])
    '{"n": 1.50, "responses": [ {"text": "Hi", "model": "aurora"}]}'
    """
    present, end = _responses(line)
    texts = ", ".join(json.dumps(each, ensure_ascii=False) for each in more)
    return f"{line[: end - 1]}{', ' if present else ''}{texts}{line[end - 1 :]}"


def _responses(line: str) -> tuple[list[Any], int]:
    """The item's list of responses and where it ends in the line: the last one of that name, as JSON readers do."""
    found: tuple[list[Any], int] | None = None
    decode = json.JSONDecoder().raw_decode
    at = _space(line, line.index("{") + 1)
    while line[at] != "}":
        key, at = decode(line, at)
        at = _space(line, _space(line, at) + 1)  # behind the colon
        value, at = decode(line, at)
        if key == "responses":
            found = value, at
        at = _space(line, at)
        at = _space(line, at + 1) if line[at] == "," else at
    if found is None:
        raise ValueError("a line has no responses")
    return found


def _space(line: str, at: int) -> int:
    """Where the next character that is not white space stands."""
    while line[at] in " \t\r\n":
        at += 1
    return at
