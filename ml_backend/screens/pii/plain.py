"""A text in plain characters, in which patterns can be looked for, with the way back to the original."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_INVISIBLE = frozenset({"\ufe0e", "\ufe0f", "\u20e3"})  # what makes an emoji or a key of a digit


@dataclass(frozen=True)
class Plain:
    """`text` in compatible characters, ASCII digits, spaces and hyphens; `origins` tell where each comes from.

    None for `origins`: each character stands where it stood.
    """

    text: str
    original: str
    origins: Sequence[int] | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Start and end in the original, in code points; marks that sit on the last character belong to it.

        >>> plain("٠١٢ Ⅷ e\u0301").span(4, 8)
        (4, 5)
        """
        if self.origins is None:
            return start, end
        first, after = self.origins[start], self.origins[end - 1] + 1
        while after < len(self.original) and unicodedata.category(self.original[after]) in {"Mn", "Mc", "Me", "Cf"}:
            after += 1
        return first, after


def plain(text: str) -> Plain:
    """Every character by itself in compatible form: decimal digits of any script, spaces and hyphens become ASCII.

    Characters that are not seen vanish.

    >>> plain("＋٤٩\u200b１２").text
    '+4912'
    """
    if text.isascii():
        return Plain(text, text, None)
    pieces = [_plain(character) for character in text]
    joined = "".join(pieces)
    origins = [place for place, piece in enumerate(pieces) for _ in piece]
    return Plain(joined, text, origins)


@lru_cache(maxsize=50_000)
def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf" or character in _INVISIBLE:
        return ""
    return "".join(map(_ascii, unicodedata.normalize("NFKC", character)))


def _ascii(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    category = unicodedata.category(character)
    return {"Zs": " ", "Pd": "-"}.get(category, "-" if character == "\N{MINUS SIGN}" else character)
