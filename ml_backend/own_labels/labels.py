"""What annotators said of texts, and the label each text gets from it."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from guidelines.errors import ConcordError
from guidelines.tags import language_of, parse_locale

LONGEST = 20_000
"""Of a longer text these first characters are read."""

Target = Literal["item", "response_1"]

# What one answer says of harm: a borderline answer is half an answer for either side.
HARM = {"harmless": 0.0, "safe": 0.0, "borderline": 0.5, "harmful": 1.0}


@dataclass(frozen=True)
class Vote:
    """One person's answer: `harm` is 0 for harmless, 1 for harmful, 0.5 for borderline.

    `item` and `target` say which text of the programme it is about, where that is known.
    """

    text: str
    locale: str
    harm: float
    item: str | None = None
    target: Target = "item"


@dataclass(frozen=True)
class Label:
    """What a text is taken to be, from all votes on it; `key` is its `text_key`."""

    text: str
    locale: str
    harmful: bool
    key: str


@dataclass(frozen=True)
class Settled:
    """The labelled texts, and how many were left out because their votes say as much for harm as against it."""

    labels: tuple[Label, ...]
    undecided: int


def settle(votes: Iterable[Vote]) -> Settled:
    """One label per text and locale: harmful where the mean of its votes is over one half, harmless where it is under.

    A text with a mean of exactly one half is left out and counted, such as one that was only called borderline.

    >>> said = [("Hi!", 0), ("Hi!", 0), ("Hi!", 1), ("Kill", 1), ("Kill", 0.5), ("Hm", 0.5)]
    >>> settled = settle(Vote(text, "en-US", harm) for text, harm in said)
    >>> [(label.text, label.harmful) for label in settled.labels], settled.undecided
    ([('Hi!', False), ('Kill', True)], 1)
    """
    by_text: dict[tuple[str, str], list[Vote]] = {}
    for vote in votes:
        by_text.setdefault((vote.locale, text_key(vote.text)), []).append(vote)
    means = {place: sum(vote.harm for vote in group) / len(group) for place, group in by_text.items()}
    labels = tuple(
        Label(by_text[place][0].text, place[0], mean > 0.5, place[1]) for place, mean in means.items() if mean != 0.5
    )
    return Settled(labels, len(means) - len(labels))


def plain(text: str) -> str:
    """The text without what does not matter to what it says: NFKC, letter case folded, white space as single spaces.

    >>> plain("Ｈｅｌｌｏ\\n World ")
    'hello world'
    """
    # JSON may carry lone surrogates, which nothing further on takes.
    whole = text[:LONGEST].encode("utf-8", "replace").decode()
    return " ".join(unicodedata.normalize("NFKC", whole).casefold().split())


def text_key(text: str) -> str:
    """The same for texts that differ in form alone; no text can be read from it.

    >>> text_key("Hello") == text_key(" HELLO"), len(text_key("Hello"))
    (True, 32)
    """
    return hashlib.sha256(plain(text).encode()).hexdigest()[:32]


@lru_cache(maxsize=1024)
def head_language(locale: str) -> str | None:
    """The language that a locale shares a head with: a language in its usual script, or with the script behind it.

    None for what is no locale.

    >>> [head_language(locale) for locale in ("de-AT", "zh-CN", "zh-TW", "german")]
    ['de', 'zh', 'zh-Hant', None]
    """
    try:
        chain = parse_locale(locale).chain
    except ConcordError:
        return None
    language = language_of(chain[0])
    return language if language in chain else chain[-1]


def by_language(labels: Sequence[Label]) -> dict[str, list[Label]]:
    """The labels by the language whose head they train."""
    grouped: dict[str, list[Label]] = {}
    for label in labels:
        if language := head_language(label.locale):
            grouped.setdefault(language, []).append(label)
    return grouped
