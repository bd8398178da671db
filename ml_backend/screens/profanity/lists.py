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
    lines = terms(name)
    harmless = [regex.escape(fold(line[1:], name)) for line in lines if line.startswith("!")]
    unspaced = script_of(name) in _UNSPACED
    begin, end = ("", "") if unspaced else (r"(?<![\p{L}\p{M}\p{N}])", r"(?![\p{L}\p{M}\p{N}])")
    written = _longest_first(
        _term(fold(line, name), begin, end, _JOINED.get(name, "")) for line in lines if not line.startswith("!")
    )
    return regex.compile("|".join([*_longest_first(harmless), rf"(?P<term>{'|'.join(written)})"]))


def _longest_first(patterns: Iterable[str]) -> list[str]:
    return sorted(patterns, key=len, reverse=True)


def _term(line: str, begin: str, end: str, joined: str) -> str:
    core = regex.escape(line.strip("*"), special_only=True, literal_spaces=True).replace(" ", r"\s+")
    before = "" if line.startswith("*") else begin + joined
    after = r"[\p{L}\p{M}]*" if line.endswith("*") and end else end
    return f"{before}{core}{after}"
