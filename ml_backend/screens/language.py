"""The screen for texts in another language or script than that of their locale."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from typing import Any

import regex

from guidelines.errors import ConcordError
from guidelines.language import chinese_forms, count_letters, identified, identifier_name, log_scores, script_of
from guidelines.tags import parse_locale
from ml_backend.screens.model import Outcome, Text, unscreened
from ml_backend.screens.one_by_one import one_by_one
from ml_backend.screens.prose import prose

LONGEST = 1000
"""Characters of prose that are read."""

GAP = 10.0
"""How much likelier, as the logarithm the identifier gives, another language has to be."""

# Languages that the identifier cannot be trusted to tell apart. Turkmen looks like Turkish in a broken encoding.
_ALIKE = (
    {"no", "nn", "da", "sv"},
    {"id", "ms", "jv"},
    {"sr", "hr", "bs"},
    {"tr", "tk"},
    {"tl", "bcl"},
    {"ar", "arz", "ary"},
    {"zh", "yue", "wuu"},
    {"hi", "sa", "mr", "ne"},
    {"he", "hbo"},
    {"el", "grc"},
    {"pt", "gl"},
)
_FEWEST = 20  # letters to tell a language by
# A character of these scripts says as much as some letters.
_DENSE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_DENSITY = 2.5
_FEWEST_FORMS = 3  # characters that only one form of Chinese has
_MIXED, _FOREIGN = 0.4, 0.9  # share of letters in another script: from the first a mixture, from the second foreign
_SIGNS = regex.compile(r"[\p{L}\p{M}]")
_PIECE = 40  # characters in which one language is looked for
_SHORTEST = 14
_PAUSE = re.compile(r"[:：\"“”„«»‹›「」『』]\s*\Z")
_WORD = re.compile(rf"\S{{1,{_PIECE}}}\s*")


@dataclass(frozen=True)
class _Own:
    """What a locale is written in."""

    name: str
    script: str
    alike: frozenset[str]
    covers: str


class LanguageScreen:
    """By the letters, and by one language identifier."""

    name = "language"
    prompts_only = False

    @property
    def provider(self) -> str:
        """The identifier and the rules around it."""
        return f"py3langid/{version('py3langid')}+rules/1"

    def screen(self, texts: Sequence[Text], deadline: float) -> list[Outcome]:
        """One outcome per text; a text that is too short, too mixed or hardly prose is unscreened.

        The score is gap / (gap + 10), where the gap is how much the log-score of the likeliest other language exceeds
        that of the text's own: from .5 on it is another language. For another script it is the share of its letters.
        """
        return one_by_one(_screen, texts, deadline)

    def trouble(self) -> str | None:
        """The model comes with its package: nothing is known to be wrong before a call."""
        return None


def _screen(text: Text) -> Outcome:
    if not text.locale:
        return unscreened("the text has no locale")
    try:
        own = _own(text.locale)
    except ConcordError:
        return unscreened("the locale is not one of CLDR")
    outcome = _judge(text.text[: 4 * LONGEST], own)
    return _read_in_part(outcome) if len(text.text) > LONGEST else outcome


def _read_in_part(outcome: Outcome) -> Outcome:
    return replace(outcome, covers=f"{outcome.covers}; the first {LONGEST} characters") if outcome.covers else outcome


@cache
def _own(locale: str) -> _Own:
    tag = parse_locale(locale).tag
    name = identifier_name(tag)
    alike = frozenset({name}.union(*(group for group in _ALIKE if name in group)))
    return _Own(name, script_of(tag), alike, _covers(tag, alike))


def _covers(tag: str, alike: frozenset[str]) -> str:
    if not alike & identified():
        return "the script, not the language"
    others = ", ".join(sorted(alike - {identifier_name(tag)}))
    return "the language, not its regional variant" + (f"; not told apart: {others}" if others else "")


def _judge(text: str, own: _Own) -> Outcome:
    kept = prose(text)[:LONGEST].strip()
    signs = len(_SIGNS.findall(kept))
    if signs * 2 < min(len("".join(text.split())), LONGEST):
        return unscreened("mostly code, numbers or addresses")
    if signs + (_DENSITY - 1) * len(_DENSE.findall(kept)) < _FEWEST:
        return unscreened("too short to tell")
    ours, letters = count_letters(kept, own.script)
    foreign = 1 - ours / letters
    if foreign > _FOREIGN:
        return _found("other_script", foreign, own, {"expected": own.script})
    outcome = _by_language(kept, own)
    # Japanese in a Chinese locale is a mixture of scripts too, and yet another language.
    return unscreened("in more than one script") if foreign > _MIXED and not outcome.kind else outcome


def _by_language(text: str, own: _Own) -> Outcome:
    if not own.alike & identified():
        return _found(None, 0.0, own, {})
    detected, gap = _gap(text, own)
    if _mixed(text, own, gap):
        return unscreened("in more than one language")
    if gap > GAP:
        return _found("other_language", gap / (gap + GAP), own, {"detected": detected, "gap": round(gap, 1)})
    return _by_form(text, own) or _found(None, max(gap, 0.0) / (max(gap, 0.0) + GAP), own, {"gap": round(gap, 1)})


def _gap(text: str, own: _Own) -> tuple[str, float]:
    """The likeliest other language, and by how much its log-score exceeds that of the text's own."""
    scores = log_scores(text)
    other = next(name for name in scores if name not in own.alike)
    return other, scores[other] - max(scores.get(name, -1e9) for name in own.alike)


def _mixed(text: str, own: _Own, gap: float) -> bool:
    """Whether pieces of a text speak against the whole: one against another language, a third against its own."""
    pieces = _pieces(text)
    if len(pieces) < 2:
        return False
    gaps = [_gap(piece, own)[1] for piece in pieces]
    if gap > GAP:
        return min(gaps) < 0
    return 3 * sum(each > GAP for each in gaps) > len(gaps)


def _pieces(text: str) -> list[str]:
    """The text in pieces of some `_PIECE` characters, between words where there are any, and at colons and quotes."""
    pieces = [""]
    for word in _WORD.findall(text):
        if len(pieces[-1]) >= _PIECE or (_PAUSE.search(pieces[-1], _SHORTEST) and pieces[-1][-1:].isspace()):
            pieces.append("")
        pieces[-1] += word
    if len(pieces) > 1 and len(pieces[-1]) < _SHORTEST:
        pieces[-2:] = ["".join(pieces[-2:])]
    return pieces


def _by_form(text: str, own: _Own) -> Outcome | None:
    """The other form of Chinese; None for its own form, or where hardly a character tells."""
    other = {"Hans": "Hant", "Hant": "Hans"}.get(own.script)
    counts = chinese_forms(text)
    if not other or counts.total() < _FEWEST_FORMS:
        return None
    share = counts[other] / counts.total()
    return _found("other_script" if share > 0.5 else None, share, own, {"expected": own.script, "detected": other})


def _found(kind: str | None, score: float, own: _Own, findings: dict[str, Any]) -> Outcome:
    return Outcome("screened", round(score, 4), kind, covers=own.covers, findings=findings)
