"""Texts in eight scripts with planted edits, made from ordinary sentences: a corpus of any size, its truth known."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml_backend.near_duplicates import normalise
from ml_backend.near_duplicates.shingles import similarities

SCRIPTS = {
    "Latin": ("de", "en", "es", "fr", "id", "pl", "sw", "tr", "vi"),
    "Cyrillic": ("ru", "uk"),
    "Arabic": ("ar", "fa", "ur"),
    "Devanagari": ("hi",),
    "Thai": ("th",),
    "Han": ("zh",),
    "Kana": ("ja",),
    "Hangul": ("ko",),
}
NEAR = 0.7

_PLANTED = 2000  # edits per script that are NEAR
_FAR = 500  # edits per script that are not, and as many new texts
_MOST_EDITS = 6  # in one text
_NO_SPACES = ("th", "zh", "ja")
_MEDIAN = {"zh": 50, "ja": 60, "ko": 65}  # characters: these say the same in fewer
_USUAL_MEDIAN = 127
_SPREAD = 0.45  # of the logarithm of the length

Units = list[str]  # words, or characters where there are no spaces


@dataclass(frozen=True)
class Corpus:
    """`base` is inserted, `queries` are asked: edits of texts of the base, and new texts.

    Both have text, script and language; queries also have `source` (the row of the base, −1 for new texts) and
    `jaccard` (their similarity to it).
    """

    base: pd.DataFrame
    queries: pd.DataFrame


class _Language:
    """The words of a language's sentences, to make texts of."""

    def __init__(self, name: str, script: str, sentences: Sequence[str], picker: random.Random) -> None:
        self.name, self.script, self.picker = name, script, picker
        self.glue = "" if name in _NO_SPACES else " "
        self.units: Units = [unit for text in sentences for unit in (text.split() if self.glue else text)]
        self.fragment = (3, 5) if self.glue else (5, 12)
        self.median = _MEDIAN.get(name, _USUAL_MEDIAN)

    def pick(self) -> Units:
        """A fragment of a sentence."""
        length = self.picker.randint(*self.fragment)
        start = self.picker.randrange(len(self.units) - length)
        return self.units[start : start + length]

    def text(self) -> str:
        """A new text of fragments."""
        wanted = min(max(self.median * self.picker.lognormvariate(0, _SPREAD), 20), 600)
        text = self.glue.join(self.pick())
        while len(text) < wanted:
            text += self.glue + self.glue.join(self.pick())
        return text

    def edited(self, text: str) -> str:
        """The text with one to six edits."""
        for _ in range(self.picker.randint(1, _MOST_EDITS)):
            text = self.picker.choice(_EDITS)(text, self)
        return text


def make(sentences: pd.DataFrame, size: int) -> Corpus:
    """The corpus of this size, the same each time; `sentences` has language and text."""
    picker = random.Random(size)  # noqa: S311 - the same corpus each time
    found = dict(tuple(sentences.groupby("language")["text"]))
    languages = [
        [_Language(name, script, found[name].tolist(), picker) for name in names] for script, names in SCRIPTS.items()
    ]
    # The scripts take turns, so that all are there from the start.
    base = _frame([_of_row(languages, row) for row in range(size)])
    parts = [_edits(base, languages[script], script) for script in range(len(SCRIPTS))]
    parts += [_new(own, min(_FAR, size // len(SCRIPTS) // 4)) for own in languages]
    return Corpus(base, pd.concat(parts).sample(frac=1, random_state=1, ignore_index=True))


def _of_row(languages: Sequence[Sequence[_Language]], row: int) -> tuple[str, str, str]:
    own = languages[row % len(languages)]
    return _new_row(own[row // len(languages) % len(own)])


def _new_row(language: _Language) -> tuple[str, str, str]:
    return language.text(), language.script, language.name


def _frame(rows: Sequence[tuple[str, str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["text", "script", "language"])


def _new(languages: Sequence[_Language], count: int) -> pd.DataFrame:
    rows = [_new_row(languages[place % len(languages)]) for place in range(count)]
    return _frame(rows).assign(source=-1, jaccard=0.0)


def _edits(base: pd.DataFrame, languages: Sequence[_Language], script: int) -> pd.DataFrame:
    """Edits of different texts: those that are near duplicates, and some that are not any more."""
    named = {language.name: language for language in languages}
    sources = base.iloc[script :: len(SCRIPTS)].iloc[: 2 * _PLANTED]
    texts = [named[name].edited(text) for text, name in zip(sources["text"], sources["language"], strict=True)]
    found = sources.assign(source=sources.index, text=texts, jaccard=_jaccard(sources["text"].tolist(), texts))
    near = found[found["jaccard"] >= NEAR].head(_PLANTED)
    return pd.concat([near, found[found["jaccard"] < NEAR].head(_FAR)])


def _jaccard(ones: Sequence[str], others: Sequence[str]) -> np.ndarray:
    normals = [normalise(text) for text in (*ones, *others)]
    places = np.arange(len(ones))
    return similarities(normals, places, places + len(ones))


def _change_case(text: str, _: _Language) -> str:
    return text.swapcase()


def _change_punctuation(text: str, language: _Language) -> str:
    return text.translate(dict.fromkeys(map(ord, ".,;:!?。、،।"))) + language.picker.choice(("!", "…", "?!", "."))


def _swap_words(text: str, language: _Language) -> str:
    units = _units(text, language)
    place = language.picker.randrange(max(1, len(units) - 1))
    units[place : place + 2] = reversed(units[place : place + 2])
    return language.glue.join(units)


def _insert_word(text: str, language: _Language) -> str:
    units = _units(text, language)
    units.insert(language.picker.randrange(len(units) + 1), language.picker.choice(language.units))
    return language.glue.join(units)


def _delete_word(text: str, language: _Language) -> str:
    units = _units(text, language)
    del units[language.picker.randrange(len(units))]
    return language.glue.join(units) or text


def _replace_word(text: str, language: _Language) -> str:
    units = _units(text, language)
    units[language.picker.randrange(len(units))] = language.picker.choice(language.units)
    return language.glue.join(units)


def _mistype(text: str, language: _Language) -> str:
    place = language.picker.randrange(len(text))
    two = text[place : place + 2]
    return text[:place] + language.picker.choice((two[::-1], two[1:], two[:1] + two)) + text[place + 2 :]


def _add_to_the_end(text: str, language: _Language) -> str:
    return text + language.glue + language.glue.join(language.pick())


def _cut_the_end(text: str, language: _Language) -> str:
    units = _units(text, language)
    return language.glue.join(units[: -language.picker.randint(1, 3)]) or text


def _units(text: str, language: _Language) -> Units:
    return text.split() if language.glue else list(text)


_EDITS: tuple[Callable[[str, _Language], str], ...] = (
    _change_case,
    _change_punctuation,
    _swap_words,
    _insert_word,
    _delete_word,
    _replace_word,
    _mistype,
    _add_to_the_end,
    _cut_the_end,
)
