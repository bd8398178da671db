"""The language screen: another language or script is named, and what cannot be told is not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_backend.screens.language import GAP, LONGEST, LanguageScreen
from ml_backend.screens.model import Outcome, Text
from ml_backend.screens.prose import prose

OWN = {
    "de-DE": "Wie lange muss ich ein Ei kochen, damit das Eigelb noch weich ist?",
    "en-US": "How long should I boil an egg so that the yolk is still a little soft?",
    "fr-CA": "Combien de temps faut-il cuire un œuf pour que le jaune reste coulant ?",
    "es-MX": "¿Cuánto tiempo hay que cocer un huevo para que la yema quede blanda?",
    "pt-BR": "Quanto tempo devo cozinhar um ovo para que a gema ainda fique mole?",
    "sw-KE": "Ni muda gani ninapaswa kuchemsha yai ili kiini kibaki laini kidogo?",
    "fil-PH": "Gaano katagal ko dapat pakuluan ang itlog para malambot pa ang pula?",
    "ru-RU": "Сколько времени нужно варить яйцо, чтобы желток остался мягким?",
    "uk-UA": "Скільки часу потрібно варити яйце, щоб жовток залишився м'яким?",
    "ar-EG": "كم من الوقت يجب أن أسلق البيضة حتى يبقى الصفار طريا قليلا؟",
    "fa-IR": "چقدر باید تخم مرغ را بجوشانم تا زرده آن هنوز کمی نرم بماند؟",
    "ur-PK": "مجھے انڈا کتنی دیر تک ابالنا چاہیے کہ زردی تھوڑی نرم رہے؟",
    "he-IL": "כמה זמן צריך לבשל ביצה כדי שהחלמון יישאר עדיין קצת רך?",
    "hi-IN": "अंडे को कितनी देर उबालना चाहिए ताकि ज़र्दी थोड़ी नरम रहे?",
    "bn-BD": "ডিম কতক্ষণ সিদ্ধ করলে কুসুম একটু নরম থাকবে বলুন তো?",
    "ta-IN": "மஞ்சள் கரு மென்மையாக இருக்க முட்டையை எவ்வளவு நேரம் வேகவைக்க வேண்டும்?",
    "th-TH": "ต้องต้มไข่นานแค่ไหนเพื่อให้ไข่แดงยังนิ่มอยู่เล็กน้อย",
    "ja-JP": "黄身が少し柔らかいままにするには、卵をどのくらいゆでればいいですか。",
    "ko-KR": "노른자가 아직 조금 부드럽게 남으려면 달걀을 얼마나 삶아야 하나요?",
    "zh-CN": "鸡蛋要煮多长时间，蛋黄才能还有一点软？请说明每个步骤。",
    "zh-TW": "雞蛋要煮多長時間，蛋黃才能還有一點軟？請說明每個步驟。",
}


def _of(text: str, locale: str | None) -> Outcome:
    return LanguageScreen().screen([Text("demo/one", text, locale)], math.inf)[0]


@pytest.mark.parametrize("locale", OWN)
def test_a_text_in_its_own_language_is_not_flagged(locale: str) -> None:
    """In each script the declared language of an ordinary prompt is accepted."""
    outcome = _of(OWN[locale], locale)
    assert (outcome.status, outcome.kind) == ("screened", None)
    assert outcome.score is not None
    assert outcome.score < 0.5


@pytest.mark.parametrize("locale", OWN)
def test_a_text_in_any_other_language_is_flagged(locale: str) -> None:
    """Every prompt is foreign in every locale of another language, and the score says so."""
    language = locale.split("-", maxsplit=1)[0]
    others = [_of(text, locale) for other, text in OWN.items() if other.split("-", maxsplit=1)[0] != language]
    assert {outcome.kind for outcome in others} <= {"other_language", "other_script"}
    assert all(outcome.score is not None and outcome.score > 0.5 for outcome in others)


def test_the_language_found_is_named_with_its_gap() -> None:
    """Who reads the finding learns which language it is; the score is gap / (gap + 10)."""
    outcome = _of(OWN["de-DE"], "fr-FR")
    assert (outcome.kind, outcome.findings["detected"]) == ("other_language", "de")
    assert outcome.score == pytest.approx(outcome.findings["gap"] / (outcome.findings["gap"] + GAP), abs=1e-3)


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        (OWN["zh-TW"], "zh-CN"),
        (OWN["zh-CN"], "zh-TW"),
        (OWN["zh-CN"], "zh-Hant-HK"),
        ("Mera naam Ravi hai aur main Dilli mein rehta hoon", "hi-IN"),
        (OWN["ru-RU"], "sr-Latn"),
    ],
)
def test_another_script_is_flagged(text: str, locale: str) -> None:
    """Traditional characters in a simplified locale and the reverse, and a romanised text, are in the wrong script."""
    assert _of(text, locale).kind == "other_script"


@pytest.mark.parametrize(("locale", "text"), [("de", "Hallo"), ("ja", "こんにちは"), ("ar", "شكرا"), ("en", "OK 🙂")])
def test_a_short_text_is_neither_right_nor_wrong(locale: str, text: str) -> None:
    """A word or two tell nothing, in the declared language as in any other."""
    assert _of(text, locale) == _of(text, "fr-FR") == Outcome("unscreened", reason="too short to tell")


@pytest.mark.parametrize(
    "text",
    [
        "Erkläre: https://example.org/a/very/long/path?with=many&parameters=1 https://example.org/another/long/one",
        "Was tut das?\n```python\nfor name in names:\n    print(name.upper(), end=' and then some more words')\n```",
        "1729 + 4104 = 5833; 13832 - 20683 = -6851; und 32832 / 39312 = ?",
        "def boil(egg, minutes):\n    return egg.boil(minutes);\nlet result = boil(egg, 6);\n",
    ],
)
def test_code_numbers_and_addresses_are_in_no_language(text: str) -> None:
    """What is mostly code, numbers or addresses is not held against the locale."""
    assert _of(text, "de-DE").reason == "mostly code, numbers or addresses"


def test_an_empty_text_is_unscreened() -> None:
    """Nothing is said of a text without letters."""
    assert _of("", "de-DE").status == _of("🙂🙂 !!", "de-DE").status == "unscreened"


@pytest.mark.parametrize(
    ("text", "locale", "reason"),
    [
        (f"Übersetze das bitte ins Deutsche: {OWN['en-US']} {OWN['en-US']}", "de-DE", "in more than one language"),
        (
            "Please translate this into French: Guten Morgen, wie geht es Ihnen heute?",
            "en-US",
            "in more than one language",
        ),
        ("Comment traduire « How are you doing today my friend » ?", "fr-FR", "in more than one language"),
        (f"{OWN['es-MX']} {OWN['en-US']}", "es-MX", "in more than one language"),
        (f"{OWN['hi-IN']} {OWN['en-US']}", "hi-IN", "in more than one script"),
    ],
)
def test_a_mixed_text_is_left_to_people(text: str, locale: str, reason: str) -> None:
    """A translation prompt, or a text that switches languages or scripts, is not called foreign."""
    assert _of(text, locale).reason == reason


def test_languages_too_close_to_tell_apart_are_not_told_apart() -> None:
    """Danish in a Norwegian locale passes, and the outcome says that it would."""
    outcome = _of("Hvor længe skal jeg koge et æg, så blommen stadig er lidt blød?", "nb-NO")
    assert outcome.kind is None
    assert outcome.covers == "the language, not its regional variant; not told apart: da, nn, sv"


def test_regional_variants_are_said_to_be_unchecked() -> None:
    """A Brazilian text in a Portuguese locale is not flagged, and nobody is told that the region is right."""
    outcome = _of(OWN["pt-BR"], "pt-PT")
    assert outcome.kind is None
    assert outcome.covers is not None
    assert "not its regional variant" in outcome.covers


def test_a_language_the_identifier_does_not_know_is_checked_by_its_script_alone() -> None:
    """Cherokee is not identified: Latin letters are flagged, and more is not claimed."""
    assert _of(OWN["en-US"], "chr").kind == "other_script"
    outcome = _of("ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ ᎤᏬᏂᎯᏍᏗ ᎠᏂᏴᏫᏯ ᏧᎾᏕᎶᏆᏍᏗ", "chr")
    assert (outcome.kind, outcome.covers) == (None, "the script, not the language")


@pytest.mark.parametrize("locale", [None, "", "xx-YY", "not a locale", "de_DE.UTF-8"])
def test_without_a_locale_nothing_is_checked(locale: str | None) -> None:
    """A text whose locale is not known is unscreened, and no error stops the others."""
    outcomes = LanguageScreen().screen([Text("a", OWN["de-DE"], locale), Text("b", OWN["de-DE"], "de-DE")], math.inf)
    assert [outcome.status for outcome in outcomes] == ["unscreened", "screened"]


def test_long_texts_are_read_from_their_beginning() -> None:
    """Only the first characters are read, and the outcome says so."""
    outcome = _of(f"{OWN['de-DE']} " * 300, "de-DE")
    assert outcome.covers is not None
    assert outcome.covers.endswith(f"; the first {LONGEST} characters")


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300), st.sampled_from(sorted(OWN)))
def test_any_text_gets_an_outcome_in_form(text: str, locale: str) -> None:
    """Whatever the text, the score is 0 to 1, present if and only if screened, and over .5 exactly where flagged."""
    outcome = _of(text, locale)
    if outcome.status == "unscreened":
        assert (outcome.score, outcome.kind) == (None, None)
        assert outcome.reason
    else:
        assert outcome.score is not None
        assert 0 <= outcome.score <= 1
        assert (outcome.kind is not None) == (outcome.score > 0.5)


@settings(max_examples=30, deadline=None)
@given(st.text(st.sampled_from("a`<@/.:-(=\n{ "), max_size=4000))
def test_prose_takes_any_text(text: str) -> None:
    """Taking out code and addresses never adds characters but for the spaces in their place."""
    assert len(prose(text)) <= len(text)


@pytest.mark.parametrize("unit", ["`", "a@", "a.", "<a", "a(", "x", "import ", "\\a", "a = "])
def test_hostile_texts_are_answered(unit: str) -> None:
    """A hundred thousand characters made to keep a pattern busy are answered like others."""
    text = unit * (100_000 // len(unit))
    assert len(prose(text)) <= len(text)
    assert _of(text, "de-DE").status in {"screened", "unscreened"}
