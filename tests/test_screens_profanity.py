"""The profanity signal: words of a list in the language of the text, and no more than that is claimed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import chain

import pytest
from babel import Locale
from hypothesis import given, settings
from hypothesis import strategies as st

import guidelines
from ml_backend.screens.model import Outcome, Text
from ml_backend.screens.profanity import ProfanityScreen
from ml_backend.screens.profanity.folding import fold
from ml_backend.screens.profanity.lists import list_of, pattern_of, terms
from ml_backend.screens.profanity.screen import LONGEST, count

LOCALES = guidelines.load().locales
LISTS = sorted({name for name in map(list_of, LOCALES) if name})


def _of(text: str, locale: str | None) -> Outcome:
    return ProfanityScreen().screen([Text("demo/one", text, locale)], math.inf)[0]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_has_a_list(locale: str) -> None:
    """Each locale that Concord comes with has a list of at least 25 terms in its language."""
    name = list_of(locale)
    assert name is not None
    assert sum(not term.startswith("!") for term in terms(name)) >= 25


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_in_order(name: str) -> None:
    """Terms come before harmless words, both sorted, none twice, and each harmless word has a term in it."""
    lines = terms(name)
    words, harmless = [line for line in lines if line[0] != "!"], [line for line in lines if line[0] == "!"]
    assert lines == [*sorted(set(words)), *sorted(set(harmless))]
    assert [line for line in lines if line != line.strip() or "*" in line.strip("*")] == []
    folded = [fold(word.strip("*"), name) for word in words]
    assert [line for line in harmless if not any(word in fold(line[1:], name) for word in folded)] == []


def _capitals(word: str, name: str) -> str:
    """The word in capitals; in Turkish i has its dot there too."""
    return word.translate(str.maketrans("iı", "İI")).upper() if name == "tr" else word.upper()


@pytest.mark.parametrize("name", LISTS)
def test_every_term_is_found_and_every_harmless_word_passed_by(name: str) -> None:
    """Each line of a list does what it says, in capitals too."""
    words = [line.strip("*") for line in terms(name) if line[0] != "!"]
    assert [word for word in words if not count(f"({word})", name) or not count(_capitals(word, name), name)] == []
    assert [line for line in terms(name) if line[0] == "!" and count(line[1:], name)] == []


def _names(name: str) -> Iterator[str]:
    """Thousands of harmless words: countries, languages, scripts, currencies and cities."""
    locale = Locale.parse(name.replace("-", "_"))
    yield from chain(locale.territories.values(), locale.languages.values(), locale.scripts.values())
    yield from chain(locale.currencies.values(), (zone.get("city", "") for zone in locale.time_zones.values()))


@pytest.mark.parametrize("name", LISTS)
def test_names_of_places_languages_and_currencies_are_harmless(name: str) -> None:
    """Nigeria, Turkmen, pula: nothing that CLDR names is taken for profanity."""
    assert [each for each in _names(name) if count(each, name)] == []


@pytest.mark.parametrize(
    ("text", "locale", "words"),
    [
        ("What the FUCK, you basTARD!", "en-GB", 2),
        ("fuuuuuck this", "en-US", 1),
        ("Ｆｕｃｋ and fu\u00adck", "en-US", 2),
        ("So ein Scheißwetter, du ARSCHLOCH", "de-AT", 2),
        ("Το είπε ο ΜΑΛΑΚΑΣ", "el-GR", 1),
        ("OROSPU çocuğu, SİKTİR git", "tr-TR", 2),
        ("يا ابن الشَّرْمُوطَة", "ar-EG", 1),
        ("והזונה? בן זונה!", "he-IL", 1),
        ("तू चूतिया है", "hi-IN", 1),
        ("你这个傻逼", "zh-CN", 1),
        ("你這個王八蛋", "zh-TW", 1),
        ("お前はクソ野郎だ", "ja-JP", 1),
        ("야 이 개새끼야", "ko-KR", 1),
        ("ไอ้เหี้ยเอ๊ย", "th-TH", 1),
    ],
)
def test_terms_are_found_as_people_write_them(text: str, locale: str, words: int) -> None:
    """Case, width, marks, invisible characters and stretched letters hide nothing; the score is 1 − 2^−n."""
    outcome = _of(text, locale)
    assert (outcome.kind, outcome.findings["words"]) == ("profanity", words)
    assert outcome.score == 1 - 0.5**words


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("The classic cocktail from Scunthorpe, with a shiitake assessment", "en-GB"),
        ("Die Rechte der Marschierenden in Nigeria", "de-DE"),
        ("Vino Chianti e la città di Troia", "it-IT"),
        ("La salopette du guide, et Gogol", "fr-FR"),
        ("Ο αριθμός των γάμων", "el-GR"),
        ("Педикюр и Нигерия", "ru-RU"),
        ("சுன்னி இஸ்லாம்", "ta-IN"),
        ("แกงกะหรี่และผู้เชี่ยวชาญ", "th-TH"),
        ("妈妈的自我操作和杂种优势", "zh-CN"),
        ("새끼손가락과 5개년 계획의 출시발표", "ko-KR"),
        ("ドアホンとファックス", "ja-JP"),
        ("Fotbal în Botswana: pula botswaneză", "ro-RO"),
    ],
)
def test_harmless_words_around_a_term_are_passed_by(text: str, locale: str) -> None:
    """A word is not profane for the letters in it."""
    assert _of(text, locale).kind is None


def test_what_was_not_found_is_not_called_safe() -> None:
    """A text without listed words has score 0, and the outcome says that only words were looked at."""
    outcome = _of("I know where you live and you will regret this.", "en-US")
    assert (outcome.score, outcome.kind) == (0.0, None)
    assert outcome.covers == "words of a list, not what is meant"


@pytest.mark.parametrize(("locale", "reason"), [("haw", "no word list for haw"), (None, "the text has no locale")])
def test_without_a_list_a_text_is_unscreened(locale: str | None, reason: str) -> None:
    """A language without a list is not measured with that of another."""
    assert _of("What the fuck", locale) == Outcome("unscreened", reason=reason)
    assert _of("What the fuck", "no locale").status == "unscreened"


def test_the_words_found_are_not_told() -> None:
    """The outcome has their number alone: it is shown to people and kept."""
    assert "fuck" not in json.dumps(_of("What the fuck", "en-US").to_json())


@pytest.mark.parametrize("name", LISTS)
def test_hostile_texts_are_answered(name: str) -> None:
    """Twenty thousand characters of a term's beginning are answered like others."""
    start = terms(name)[0].strip("*")[:-1] or "a"
    text = (start * (LONGEST // len(start)))[:LONGEST]
    assert 0 <= count(text, name) <= LONGEST


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.sampled_from(LISTS), st.data())
def test_a_term_between_other_texts_adds_to_the_score(text: str, name: str, data: st.DataObject) -> None:
    """Whatever stands before, a term after it counts, and the score stays between 0 and 1."""
    term = data.draw(st.sampled_from([line.strip("*") for line in terms(name) if line[0] != "!"]))
    assert count(f"{text} . {term}", name) >= max(1, count(f"{text} . ", name))
    assert pattern_of(name).groups == 1
