"""A text as a set of character n-grams, the unit in which near-duplicates are measured.

Words do not work as a unit: half the world's scripts do not separate them, and a prompt has few. Five-grams, usual
for documents, miss most edits of a short text. So: three-grams, and two-grams where a character says as much as a
syllable or a word. Everything is done for many texts at once: one text costs little less than ten.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
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
    return normalise_many([text])[0]


def normalise_many(texts: Sequence[str]) -> list[str]:
    """Each text as `normalise` gives it.

    >>> normalise_many(["One, two.", "?!"])
    ['one two', '']
    """
    codes, starts = _codes([_fold(text) for text in texts])
    kinds = _kinds()[codes]
    seen = kinds != _INVISIBLE
    text_of = np.repeat(np.arange(len(texts)), np.diff(starts))[seen]
    kinds, codes = kinds[seen], codes[seen]
    keeps = _keeps(kinds, text_of, len(texts))
    codes[kinds == _SEPARATOR] = _SPACE
    return _split(codes[keeps], np.bincount(text_of[keeps], minlength=len(texts)))


def shingles(normals: Sequence[str]) -> Shingles:
    """The n-grams of normalised texts. A text shorter than one n-gram is one shingle; an empty text has none.

    >>> shingles(["banana", "東京の天気", "a", ""]).starts.tolist()
    [0, 4, 8, 9, 9]
    """
    codes, starts = _codes(normals)
    lengths = np.diff(starts)
    sizes = np.minimum(_sizes(codes, lengths), lengths)
    counts = np.where(lengths > 0, lengths - sizes + 1, 0)
    grams = _packed(codes, spans(starts[:-1], counts), np.repeat(sizes, counts))
    return Shingles(grams, np.concatenate(([0], np.cumsum(counts))))


def similarities(normals: Sequence[str], one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float64]:
    """The Jaccard similarity of each pair of texts: shared shingles over all shingles, 0 to 1.

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


_SEPARATOR, _INVISIBLE, _KEPT, _KEPT_UNSPACED = 0, 1, 2, 3


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text[:LONGEST]).casefold())[:LONGEST]


def _keeps(kinds: NDArray[np.uint8], text_of: NDArray[np.int64], texts: int) -> NDArray[np.bool_]:
    """Which characters stay: the kept ones, and in spaced texts one separator before each word."""
    kept = kinds >= _KEPT
    is_unspaced = _is_unspaced(kinds == _KEPT_UNSPACED, kept, text_of, texts)
    before_kept = np.zeros_like(kept)
    before_kept[:-1] = kept[1:] & (text_of[1:] == text_of[:-1])
    return kept | (before_kept & ~is_unspaced[text_of])


def _is_unspaced(
    unspaced: NDArray[np.bool_], kept: NDArray[np.bool_], text_of: NDArray[np.int64], texts: int
) -> NDArray[np.bool_]:
    """Whether more than a third of each text's kept characters belong to scripts without spaces."""
    return np.asarray(3 * np.bincount(text_of[unspaced], minlength=texts) > np.bincount(text_of[kept], minlength=texts))


def _sizes(codes: NDArray[np.uint32], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many characters an n-gram of each text has."""
    kinds = _kinds()[codes]
    text_of = np.repeat(np.arange(len(lengths)), lengths)
    return np.where(_is_unspaced(kinds == _KEPT_UNSPACED, kinds >= _KEPT, text_of, len(lengths)), 2, 3)


def _packed(codes: NDArray[np.uint32], starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The `size` characters from each start on, one to three of them, in one number."""
    packed = codes[starts].astype(np.uint64)
    for offset in range(1, int(sizes.max(initial=1))):
        more = sizes > offset
        packed[more] = (packed[more] << _BITS) | codes[starts[more] + offset]
    return packed


def _sets(grams: Shingles) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Each text's distinct n-grams as small numbers, in ascending order, and where those of each text start."""
    numbered = np.unique(grams.grams, return_inverse=True)[1].astype(np.uint64)
    text_of = np.repeat(np.arange(len(grams.starts) - 1, dtype=np.uint64), np.diff(grams.starts))
    ordered = np.unique((text_of << np.uint64(32)) | numbered)
    counts = np.bincount((ordered >> np.uint64(32)).astype(np.int64), minlength=len(grams.starts) - 1)
    return ordered & np.uint64(0xFFFFFFFF), np.concatenate(([0], np.cumsum(counts)))


@cache
def _kinds() -> NDArray[np.uint8]:
    kinds = np.fromiter((_kind(unicodedata.category(chr(code))) for code in range(_CODES)), np.uint8, _CODES)
    for first, last in _UNSPACED:
        block = kinds[first : last + 1]
        block[block == _KEPT] = _KEPT_UNSPACED
    return kinds


def _kind(category: str) -> int:
    if category[0] in "LMN":
        return _KEPT
    return _INVISIBLE if category == "Cf" else _SEPARATOR


def _codes(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The code points of all texts, one after another, and where each text starts, the end included."""
    # JSON can carry lone surrogates; they are no letters and fall away, but must not stop the encoder.
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint32)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    return codes, np.concatenate(([0], np.cumsum(lengths)))


def _split(codes: NDArray[np.uint32], counts: NDArray[np.int64]) -> list[str]:
    joined = codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    ends = np.cumsum(counts).tolist()
    return [joined[start:end].lstrip() for start, end in zip([0, *ends], ends, strict=False)]
