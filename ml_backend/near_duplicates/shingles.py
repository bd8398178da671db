"""A text as a set of character n-grams, the unit in which near-duplicates are measured.

Words do not work as a unit: half the world's scripts do not separate them, and a prompt has few. Five-grams, usual
for documents, miss most edits of a short text. So: three-grams, and two-grams where a character says as much as a
syllable or a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LONGEST = 20_000
"""Code points of a text that are compared; what comes after is not looked at."""

# Scripts written without spaces between words: the blocks as a character class.
_UNSPACED = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u0f00-\u109f"  # Tibetan, Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u1950-\u1aaf"  # Tai Le, New Tai Lue, Tai Tham
    "\u2e80-\u2fdf"  # Han radicals
    "\u3005-\u3007"  # Han iteration mark and zero
    "\u3021-\u312f"  # Han numerals, Kana, Bopomofo
    "\u31a0-\u31ff"  # Bopomofo and Kana extensions
    "\u3400-\u4dbf"  # Han extension A
    "\u4e00-\ua4cf"  # Han, Yi
    "\ua9e0-\ua9ff"  # Myanmar extension
    "\uaa60-\uaadf"  # Myanmar extension, Tai Viet
    "\uf900-\ufaff"  # Han compatibility
    "\U0001b000-\U0001b16f"  # Kana supplements
    "\U00020000-\U0003ffff"  # Han extensions B and later
    "]+"
)

_BITS = np.uint64(21)  # one code point
_TWO = np.uint64(((1 << 42) - 1) << 21)  # the first two of three code points
_PADDING = "\0\0"  # so that a text of one character has a shingle, and none runs into the next text


@dataclass(frozen=True)
class Shingles:
    """The n-grams of several texts, one after another, each packed into 63 bits without loss.

    Those of text `i` are `grams[starts[i]:starts[i + 1]]`, in reading order, with repetitions.
    """

    grams: NDArray[np.uint64]
    starts: NDArray[np.int64]


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
    words = folded[:LONGEST].translate(_characters).split()
    spaced = " ".join(words)
    return "".join(words) if is_unspaced(spaced) else spaced


def is_unspaced(normal: str) -> bool:
    """Whether more than a third of the characters, spaces aside, belong to scripts without spaces.

    >>> is_unspaced("東京 bus"), is_unspaced("東京 in japan")
    (True, False)
    """
    if normal.isascii():
        return False
    return 3 * sum(map(len, _UNSPACED.findall(normal))) > len(normal) - normal.count(" ")


def shingles(normals: Sequence[str]) -> Shingles:
    """The n-grams of normalised texts. A text shorter than one n-gram is one shingle; an empty text has none.

    >>> shingles(["banana", "東京の天気", "a", ""]).starts.tolist()
    [0, 4, 8, 9, 9]
    """
    if len(normals) == 1:
        return _shingles_of_one(normals[0])
    unspaced = np.array([is_unspaced(normal) for normal in normals], dtype=np.bool_)
    lengths = np.array([len(normal) for normal in normals], dtype=np.int64)
    counts = np.where(lengths > 0, np.maximum(lengths - 2 + unspaced, 1), 0)
    starts = np.cumsum(lengths + len(_PADDING)) - lengths - len(_PADDING)
    grams = _packed(_PADDING.join([*normals, ""]))[spans(starts, counts)]
    grams[np.repeat(unspaced, counts)] &= _TWO
    return Shingles(grams, np.concatenate(([0], np.cumsum(counts))))


def shingle_set(normal: str) -> set[tuple[str, ...]]:
    """The same n-grams of one text that is not empty, as tuples: the faster way for a few short texts.

    >>> len(shingle_set("banana"))
    3
    """
    size = min(2 if is_unspaced(normal) else 3, len(normal))
    return set(zip(*(normal[offset:] for offset in range(size)), strict=False))


def jaccard(one: set[tuple[str, ...]], other: set[tuple[str, ...]]) -> float:
    """Shared shingles over all shingles, 0 to 1, of two sets that are not empty.

    >>> jaccard(shingle_set("abcd"), shingle_set("abce"))
    0.3333333333333333
    """
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def similarities(normals: Sequence[str], one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float64]:
    """The Jaccard similarity of many pairs of texts at once.

    `one` and `other` are places in `normals`, none of which is empty.

    >>> similarities(["abcd", "abce"], np.array([0, 0]), np.array([0, 1])).tolist()
    [1.0, 0.3333333333333333]
    """
    numbered, starts = _sets(shingles(normals))
    sizes = np.diff(starts)
    pairs = np.arange(len(one), dtype=np.uint64) << np.uint64(32)
    sides = (np.repeat(pairs, sizes[side]) | numbered[spans(starts[side], sizes[side])] for side in (one, other))
    both = np.sort(np.concatenate(tuple(sides)))
    twice = (both[1:][both[1:] == both[:-1]] >> np.uint64(32)).astype(np.int64)
    shared = np.bincount(twice, minlength=len(one))
    return np.asarray(shared / (sizes[one] + sizes[other] - shared), dtype=np.float64)


def spans(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places `start`, `start + 1`, … of each span, one span after another.

    >>> spans(np.array([10, 20]), np.array([2, 3])).tolist()
    [10, 11, 20, 21, 22]
    """
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if ends.size else 0) + np.repeat(starts - ends + counts, counts)


def _sets(grams: Shingles) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Each text's distinct n-grams as small numbers, in ascending order, and where those of each text start."""
    numbered = np.unique(grams.grams, return_inverse=True)[1].astype(np.uint64)
    text_of = np.repeat(np.arange(len(grams.starts) - 1, dtype=np.uint64), np.diff(grams.starts))
    ordered = np.unique((text_of << np.uint64(32)) | numbered)
    counts = np.bincount((ordered >> np.uint64(32)).astype(np.int64), minlength=len(grams.starts) - 1)
    return ordered & np.uint64(0xFFFFFFFF), np.concatenate(([0], np.cumsum(counts)))


def _shingles_of_one(normal: str) -> Shingles:
    """The same in a third of the time."""
    unspaced = is_unspaced(normal)
    count = max(len(normal) - 2 + unspaced, 1) if normal else 0
    grams = _packed(normal + _PADDING)[:count]
    return Shingles(grams & _TWO if unspaced else grams, np.array([0, count]))


def _packed(text: str) -> NDArray[np.uint64]:
    """The three characters from each place on, but the last two, in one number."""
    codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4").astype(np.uint64)
    return ((((codes[:-2] << _BITS) | codes[1:-1]) << _BITS) | codes[2:]).astype(np.uint64, copy=False)


class _Characters(dict[int, int | None]):
    """For `str.translate`: a separator becomes a space, an invisible character nothing; filled as characters appear."""

    def __missing__(self, code: int) -> int | None:
        category = unicodedata.category(chr(code))
        kept = code if category[0] in "LMN" else 0x20
        self[code] = None if category == "Cf" else kept
        return self[code]


_characters = _Characters()
