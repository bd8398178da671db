"""What should stand in the place of marked words, written as one line `marked words = what should stand there` each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Corrections:
    """The corrections by the place of their mark in the list, and the lines that belong to no mark."""

    by_mark: Mapping[int, str]
    astray: tuple[str, ...]


def corrections(written: str, marks: Sequence[str]) -> Corrections:
    """Which mark each line corrects; `marks` are the marked words in the order of the text.

    Where the same words are marked several times, the first line is for the first of them. Of marks that both begin a
    line the longer one is meant. Spaces and line breaks are alike.

    >>> corrections("a cat = the cat\\na = one", ["a", "a cat"])
    Corrections(by_mark={1: 'the cat', 0: 'one'}, astray=())
    """
    by_mark: dict[int, str] = {}
    astray = []
    for line in filter(None, map(str.strip, written.split("\n"))):
        fitting = {place: _after(words, line) for place, words in enumerate(marks) if place not in by_mark}
        found = [place for place, correction in fitting.items() if correction]
        if found:
            place = max(found, key=lambda place: (len(marks[place]), -place))
            by_mark[place] = fitting[place] or ""
        else:
            astray.append(line)
    return Corrections(by_mark, tuple(astray))


def _after(words: str, line: str) -> str | None:
    """What a line says after these words and "="; None for a line of other words."""
    pattern = r"\s+".join(map(re.escape, words.split()))
    match = re.fullmatch(rf"{pattern}\s*=\s*(?P<correction>.+)", line)
    return match["correction"] if match else None
