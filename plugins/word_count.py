"""How many words a text has, in any script: what error rates are given per 1,000 of."""

from __future__ import annotations

import regex

# Scripts that write no spaces between words, and how many of their characters make a word.
_JAPANESE = r"\p{Han}\p{Hiragana}\p{Katakana}\u30fc"
_SOUTHEAST_ASIAN = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_UNSPACED = regex.compile(rf"[[{_JAPANESE}{_SOUTHEAST_ASIAN}]&&[\p{{L}}\p{{M}}\p{{N}}]]", regex.V1)
_OF_SOUTHEAST_ASIA = regex.compile(rf"[{_SOUTHEAST_ASIAN}]", regex.V1)
_CHINESE_WORD, _JAPANESE_WORD, _THAI_WORD = 2.8, 3.0, 6.0

_BOUNDARY = regex.compile(r"\b", regex.V1 | regex.WORD)
_HOLDS_WORD = regex.compile(r"[\p{L}\p{N}]")


def word_count(text: str, locale: str) -> float:
    """The number of words of a text in this locale, 0 or more; not whole in scripts that write no spaces.

    A word is what stands between two word boundaries (Unicode UAX #29, default rules) and holds a letter or a digit.
    Han, Kana, Thai, Lao, Khmer and Burmese write no spaces, so there letters, marks and digits are counted and divided
    by the length of a word: 2.8 in Chinese, 3 in Japanese, 6 in Thai, and for want of a better one in Lao, Khmer and
    Burmese. Source: GMX-V 2.0 (ETSI GS LIS 004), which also rests on UAX #29; unlike it we count Korean by its spaces.

    >>> word_count("Don't panic: it's 3.14!", "en-US")
    4.0
    >>> word_count("今日は良い天気です。", "ja-JP")
    3.0
    """
    unspaced = _UNSPACED.findall(text)
    southeast = sum(1 for character in unspaced if _OF_SOUTHEAST_ASIA.match(character))
    east_asian = _JAPANESE_WORD if locale.split("-", maxsplit=1)[0] == "ja" else _CHINESE_WORD
    spaced = sum(1 for piece in _BOUNDARY.split(_UNSPACED.sub(" ", text)) if _HOLDS_WORD.search(piece))
    return spaced + southeast / _THAI_WORD + (len(unspaced) - southeast) / east_asian
