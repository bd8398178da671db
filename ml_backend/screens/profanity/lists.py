"""The lists, one file a language, as patterns."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import regex

from guidelines.language import script_of
from guidelines.tags import language_of
from ml_backend.screens.profanity.folding import fold

_FOLDER = files("ml_backend.screens.profanity") / "lists"
# Scripts without spaces between words, and Korean, where endings are joined to them.
_UNSPACED = frozenset({"Hans", "Hant", "Jpan", "Kore", "Thai"})
# What is written together with the word that follows: and, the, in, like, to.
_JOINED = {"ar": "(?:[وف]?(?:ال|لل|[بکل](?:ال)?)?)", "he": "[והבלשכמ]{0,2}"}
_BEGIN, _END, _LETTERS = r"(?<![\p{L}\p{M}\p{N}])", r"(?![\p{L}\p{M}\p{N}])", r"[\p{L}\p{M}]*"


def list_of(locale: str) -> str | None:
    """The name of the list for a locale; None where there is none.

    >>> list_of("de-AT"), list_of("zh-TW"), list_of("haw")
    ('de', 'zh-Hant', None)
    """
    language, script = language_of(locale), script_of(locale)
    name = f"zh-{script}" if language == "zh" else {"no": "nb"}.get(language, language)
    return name if (_FOLDER / f"{name}.txt").is_file() else None


def terms(name: str) -> list[str]:
    """The lines of a list, without its remarks."""
    lines = (_FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@cache
def pattern_of(name: str) -> regex.Pattern[str]:
    """What finds the terms of a list in a folded text, in group `term`; harmless words around one are passed by.

    >>> [found["term"] for found in pattern_of("de").finditer(fold("So eine Scheiße, sagte der Scheich"))]
    ['scheisse']
    """
    lines = [fold(line, name) for line in terms(name)]
    harmless = _any(line[1:] for line in lines if line.startswith("!"))
    words = [line for line in lines if not line.startswith("!")]
    return regex.compile("|".join([*([harmless] if harmless else []), f"(?P<term>{_terms(words, name)})"]))


def _terms(words: list[str], name: str) -> str:
    if script_of(name) in _UNSPACED:
        return _any(word.strip("*") for word in words)
    apart = [word for word in words if not word.startswith("*")]
    whole = _any(word for word in apart if not word.endswith("*"))
    begun = _any(word.strip("*") for word in apart if word.endswith("*"))
    endings = [form for form in (begun and begun + _LETTERS, whole and whole + _END) if form]
    # Together, so that where a word begins is looked at once and not for each term.
    written = [rf"{_BEGIN}{_JOINED.get(name, '')}(?:{'|'.join(endings)})"]
    written += [_inside(word) for word in words if word.startswith("*")]
    return "|".join(written)


def _inside(word: str) -> str:
    """What may stand within another word."""
    return _any([word.strip("*")]) + (_LETTERS if word.endswith("*") else _END)


def _any(words: Iterable[str]) -> str:
    """Any of these words, the longest that fits; spaces may be several."""
    written = [regex.escape(word, special_only=True, literal_spaces=True) for word in words]
    return f"(?:{'|'.join(sorted(written, key=len, reverse=True))})".replace(" ", r"\s+") if written else ""
