"""What was changed in a text: pieces that stayed, went and came, and the size of the change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeAlias

import regex
from rapidfuzz.distance import Levenshtein

Kind: TypeAlias = Literal["same", "removed", "added"]

# Scripts that write no spaces between words: there each character is a piece of its own.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_PIECES = regex.compile(rf"(?=[{_UNSPACED}])\X|(?:(?![{_UNSPACED}])[\w\p{{M}}\u200c\u200d])+|\s+|\X", regex.V1)
_CHARACTERS = regex.compile(r"\X")


@dataclass(frozen=True)
class Piece:
    """A stretch of text and what became of it."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Difference:
    """The change from one text to another.

    `characters` and `words` are Levenshtein distances (insertions, deletions and substitutions, each 1) over what
    readers see as one character (extended grapheme clusters, UAX #29), and over words. A word is a run of letters and
    digits, or one character of a script that writes no spaces; spaces and punctuation count as characters only.
    `share` is the distance in characters by the length of the longer text: 0 is unchanged, 1 nothing kept.
    Source: Levenshtein (1966), Soviet Physics Doklady 10, 707-710; computed by RapidFuzz.
    """

    pieces: tuple[Piece, ...]
    characters: int
    words: int
    share: float


def difference(original: str, edited: str) -> Difference:
    """How `edited` differs from `original`.

    >>> found = difference("The bus leaves at 7.", "The bus left at 7.")
    >>> [(piece.kind, piece.text) for piece in found.pieces if piece.kind != "same"]
    [('removed', 'leaves'), ('added', 'left')]
    >>> found.characters, found.words, found.share
    (4, 1, 0.2)
    """
    before, after = _CHARACTERS.findall(original), _CHARACTERS.findall(edited)
    return Difference(
        pieces=tuple(_pieces(_PIECES.findall(original), _PIECES.findall(edited))),
        characters=Levenshtein.distance(before, after),
        words=Levenshtein.distance(_words(original), _words(edited)),
        share=Levenshtein.normalized_distance(before, after),
    )


def shares(original: str, edited: str) -> tuple[float, float]:
    """The distances in characters and in words, each by the length of the longer text: 0 unchanged, 1 nothing kept.

    >>> shares("The bus leaves at 7.", "The bus left at 7.")
    (0.2, 0.2)
    """
    return (
        Levenshtein.normalized_distance(_CHARACTERS.findall(original), _CHARACTERS.findall(edited)),
        Levenshtein.normalized_distance(_words(original), _words(edited)),
    )


def _words(text: str) -> list[str]:
    return [piece for piece in _PIECES.findall(text) if regex.match(r"[\w\p{M}]", piece)]


def _pieces(before: list[str], after: list[str]) -> Iterator[Piece]:
    """What stayed as it is; between two such stretches first all that went, then all that came."""
    steps = Levenshtein.opcodes(before, after)
    for same, run in groupby(steps, key=lambda step: step.tag == "equal"):
        changed = list(run)
        old = "".join(piece for step in changed for piece in before[step.src_start : step.src_end])
        new = "".join(piece for step in changed for piece in after[step.dest_start : step.dest_end])
        kinds: tuple[tuple[Kind, str], ...] = (("same", old),) if same else (("removed", old), ("added", new))
        yield from (Piece(kind, text) for kind, text in kinds if text)
