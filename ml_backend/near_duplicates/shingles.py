"""A text as a set of character n-grams, the unit in which near-duplicates are measured.

Words do not work as a unit: half the world's scripts do not separate them, and a prompt has few. Five-grams, usual
for documents, miss most edits of a short text. So: three-grams, and two-grams where a character says as much as a
syllable or a word.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

LONGEST = 20_000
"""Code points of a text that are compared; what comes after is not looked at."""

_CODES = 0x110000
_BITS = np.uint64(21)  # one code point
_SPACE = 0x20

# Scripts written without spaces between words: first and last code point of their blocks.
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x109F),  # Tibetan, Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x1AAF),  # Tai Le, New Tai Lue, Tai Tham
    (0x2E80, 0x2FDF),  # Han radicals
    (0x3005, 0x3007),  # Han iteration mark and zero
    (0x3021, 0x312F),  # Han numerals, Kana, Bopomofo
    (0x31A0, 0x31FF),  # Bopomofo and Kana extensions
    (0x3400, 0x4DBF),  # Han extension A
    (0x4E00, 0xA4CF),  # Han, Yi
    (0xA9E0, 0xA9FF),  # Myanmar extension
    (0xAA60, 0xAADF),  # Myanmar extension, Tai Viet
    (0xF900, 0xFAFF),  # Han compatibility
    (0x1B000, 0x1B16F),  # Kana supplements
    (0x20000, 0x3FFFF),  # Han extensions B and later
)


def normalise(text: str) -> str:
    """The text as it is compared: NFKC, case folded, only letters, marks and numbers, one space between words.

    Where more than a third of the characters belong to scripts without spaces, no space is kept. Invisible format
    characters (zero-width joiners, soft hyphens) vanish instead of separating. Only the first `LONGEST` code points
    are read. The answer is empty for a text without a letter, mark or number.

    >>> normalise("  Hello, WORLD!")
    'hello world'
    >>> normalise("東京の 天気は？")
    '東京の天気は'
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text[:LONGEST]).casefold())
    codes = _codes(folded[:LONGEST])
    kinds = _kinds()[codes]
    kept = codes[kinds == _KEPT]
    if _is_unspaced(kept):
        return _text(kept)
    codes[kinds == _SEPARATOR] = _SPACE
    return " ".join(_text(codes[kinds != _INVISIBLE]).split())


def shingles(normal: str) -> NDArray[np.uint64]:
    """The set of n-grams of a normalised text, sorted, each packed into 63 bits without loss.

    A text shorter than one n-gram is one shingle; an empty text has none.

    >>> len(shingles(normalise("banana")))
    3
    >>> len(shingles(normalise("東京の天気")))
    4
    """
    codes = _codes(normal).astype(np.uint64)
    if not codes.size:
        return codes
    size = min(2 if _is_unspaced(codes[codes != _SPACE]) else 3, codes.size)
    count = codes.size - size + 1
    packed: NDArray[np.uint64] = np.zeros(count, dtype=np.uint64)
    for offset in range(size):
        packed = (packed << _BITS) | codes[offset : offset + count]
    return np.unique(packed)


def jaccard(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> float:
    """Shared shingles over all shingles, 0 to 1; both sets sorted and not empty.

    >>> jaccard(shingles("abcd"), shingles("abce"))
    0.3333333333333333
    """
    shared = np.intersect1d(one, other, assume_unique=True).size
    return shared / (one.size + other.size - shared)


_SEPARATOR, _KEPT, _INVISIBLE = 0, 1, 2


@cache
def _kinds() -> NDArray[np.uint8]:
    return np.fromiter((_kind(unicodedata.category(chr(code))) for code in range(_CODES)), np.uint8, _CODES)


def _kind(category: str) -> int:
    if category[0] in "LMN":
        return _KEPT
    return _INVISIBLE if category == "Cf" else _SEPARATOR


@cache
def _unspaced() -> NDArray[np.bool_]:
    table = np.zeros(_CODES, dtype=np.bool_)
    for first, last in _UNSPACED:
        table[first : last + 1] = True
    return table


def _is_unspaced(codes: NDArray[np.uint32] | NDArray[np.uint64]) -> bool:
    return bool(3 * np.count_nonzero(_unspaced()[codes]) > codes.size)


def _codes(text: str) -> NDArray[np.uint32]:
    # JSON can carry lone surrogates; they are no letters and fall away, but must not stop the encoder.
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint32)


def _text(codes: NDArray[np.uint32]) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
