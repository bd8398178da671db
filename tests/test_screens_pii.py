"""The screen for personal data: what it finds, where, in every script, and that it tells no one what stood there."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from importlib import import_module
from string import ascii_uppercase

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from ml_backend.screens.model import Outcome, Text
from ml_backend.screens.pii import PiiScreen
from ml_backend.screens.pii.finding import find
from ml_backend.screens.pii.national_ids import TABLE, NationalId, find_ids
from ml_backend.screens.pii.screen import LONGEST
from plugins.masking import KINDS, mask, merge

REGIONS = "AR BD BR CN CZ DE DK EG ES FI FR GB GR HU ID IL IN IR IT JP KE KR MX NL NO PH PK PL PT RO RU SA SE TH TR TW UA US VN".split()  # noqa: E501, SIM905 - a list of regions reads best in one line


def _of(text: str, locale: str | None = "en-US") -> Outcome:
    return PiiScreen().screen([Text("demo/one", text, locale)], math.inf)[0]


def _parts(text: str, locale: str | None = "en-US") -> list[tuple[str, str]]:
    """Kind and text of what was found."""
    return [(kind, text[start:end]) for start, end, kind in _of(text, locale).findings.get("spans", [])]


@pytest.mark.parametrize(
    ("text", "locale", "kind", "part"),
    [
        ("Mail ana.b+c@mail.example.co.uk, please.", "en-GB", "email", "ana.b+c@mail.example.co.uk"),
        ("请发到zhang.wei@example.com谢谢", "zh-CN", "email", "zhang.wei@example.com"),
        ("Schreib an jörg.müller@bücher.example.de!", "de-DE", "email", "jörg.müller@bücher.example.de"),
        ("josé@example.org", "es-MX", "email", "josé@example.org"),
        ("Пишите на иван@пример.рф сегодня", "ru-RU", "email", "иван@пример.рф"),
        ("メールはｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐです", "ja-JP", "email", "ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ"),
        ("اتصل بي على ٠١٠٠١٢٣٤٥٦٧ غدا", "ar-EG", "phone", "٠١٠٠١٢٣٤٥٦٧"),
        ("मुझे ०८१२३४ ५६७८९ पर फोन करें", "hi-IN", "phone", "०८१२३४ ५६७८९"),
        ("电话＋８６ １３８ １２３４ ５６７８。", "zh-CN", "phone", "＋８６ １３８ １２３４ ５６７８"),
        ("Ring +44 20 7946 0018 tonight", None, "phone", "+44 20 7946 0018"),
        ("Karte 4111-1111-1111-1111, bitte", "de-DE", "card", "4111-1111-1111-1111"),
        ("amex 3782 822463 10005", "en-US", "card", "3782 822463 10005"),
        ("کارت ۵۱۰۵۱۰۵۱۰۵۱۰۵۱۰۰", "fa-IR", "card", "۵۱۰۵۱۰۵۱۰۵۱۰۵۱۰۰"),
        ("IBAN GB82 WEST 1234 5698 7654 32 today", "en-GB", "iban", "GB82 WEST 1234 5698 7654 32"),
        ("at FR1420041010050500013M02606.", "fr-FR", "iban", "FR1420041010050500013M02606"),
        ("It came from 185.199.108.153.", "en-US", "ip", "185.199.108.153"),
        ("It came from 2606:4700:4700::1111", "en-US", "ip", "2606:4700:4700::1111"),
        ("900101-1234568입니다", "ko-KR", "national_id", "900101-1234568"),
        ("身份证号是11010519491231002X。", "zh-CN", "national_id", "11010519491231002X"),
        ("codice RSSMRA85T10A562S", "en-US", "national_id", "RSSMRA85T10A562S"),
        ("СНИЛС 112-233-445 95", "ru-RU", "national_id", "112-233-445 95"),
        ("我的身分證字號是A123456789", "zh-TW", "national_id", "A123456789"),
        ("کد ملی ۰۴۹۹۳۷۰۸۹۹ است", "fa-IR", "national_id", "۰۴۹۹۳۷۰۸۹۹"),
        ("QQ is none; AB123456C is one", "en-GB", "national_id", "AB123456C"),
        ("SSN 219-09-9999", "en-US", "national_id", "219-09-9999"),
    ],
)
def test_each_kind_is_found_where_it_stands(text: str, locale: str | None, kind: str, part: str) -> None:
    """In any script, with any digits, and without spaces around it, exactly what is sensitive is marked."""
    assert _parts(text, locale) == [(kind, part)]


def _secrets() -> list[str]:
    """Made here in pieces, so that no scanner takes this file for a leak."""
    letters = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5"
    token = ".".join("eyJ" + letters for _ in range(2)) + "." + letters
    key = "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIE" + letters + "\n-----END RSA PRIVATE " + "KEY-----"
    return [
        "gh" + "p_" + letters,
        "AK" + "IA" + "ABCDEFGHIJ234567",
        "sk" + "-proj-" + letters,
        "xox" + "b-12345-" + letters,
        "AI" + "za" + letters[:35],
        "hf" + "_" + letters[:34],
        token,
        key,
    ]


@pytest.mark.parametrize("secret", _secrets(), ids=lambda secret: secret[:6])
def test_keys_and_tokens_are_secrets(secret: str) -> None:
    """A key in the form of its issuer is found whole."""
    assert _parts(f"Use {secret} for it.") == [("secret", secret)]
    assert _of(f"Use {secret} for it.").score == 1.0


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("git clone https://me:pa55@example.org/x", "me:pa55"),
        ("postgres://app:S3cr3t!@db.example.org/main", "app:S3cr3t!"),
        ("password: hunter2hunter2", "hunter2hunter2"),
        ("The API key is 'f00dbabe12345678'", "f00dbabe12345678"),
    ],
)
def test_passwords_are_secrets(text: str, part: str) -> None:
    """The password of an address, and what is named a key or password and is no word."""
    assert ("secret", part) in _parts(text) or _parts(text)[0][1].startswith(part)
    assert _of(text).kind == "secret"


@pytest.mark.parametrize(
    "text",
    [
        "Forgot your password? Contact support now.",
        "The secret is patience and the key is practice.",
        "It runs on 127.0.0.1 and 192.168.0.12, version 1.2.3.4, section 3.2.2.5.",
        "Call it at 12:30:45, or from 2010 - 2012, on 24.09.2002.",
        "The number 4111111111111112 and GB82WEST12345698765433 do not add up.",
        "a@b, @mention, me@localhost and 5 @ 3 dollars",
        "std::vector and ::operator, fe80::1",
        "3.14159265358979323846264338327950288",
        "ISBN 978-3-16-148410-0, 1,234,567.89 and 2^64 = 18446744073709551616",
        "🙂🙂🙂 ½ ⅔ Ⅷ",
    ],
)
def test_ordinary_texts_are_left_alone(text: str) -> None:
    """Words, versions, dates, private addresses and numbers that do not add up are not personal data."""
    assert _of(text) == Outcome("screened", 0.0)


@pytest.mark.parametrize("region", REGIONS)
def test_the_phone_numbers_of_every_region_are_found(region: str) -> None:
    """A mobile number of each region is found as it is written there and internationally."""
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    for form in (PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164):
        written = phonenumbers.format_number(number, form)
        assert [(each.kind, each.score) for each in find(f"☎ {written}", None)] == [("phone", 0.9)]
    assert "phone" in {each.kind for each in find(f"☎ {national}!", region)}


def test_the_region_is_that_of_the_locale() -> None:
    """A national number is read in the region of the locale, or where most people speak its language."""
    assert [_of("(030) 901820", locale).kind for locale in ("de-DE", "de", "en-US", None, "no locale")] == [
        "phone",
        "phone",
        None,
        None,
        None,
    ]
    assert _of("011-26593-700", "hi").kind == "phone"
    assert _of("110101194912310028 13812345678", "zh-Hans").kind is not None


_draw = random.Random(4)  # noqa: S311 - a seeded draw


def _digits(count: int) -> str:
    return "".join(_draw.choices("0123456789", k=count))


def _letters(count: int, among: str = ascii_uppercase) -> str:
    return "".join(_draw.choices(among, k=count))


def _two(low: int, high: int) -> str:
    return f"{_draw.randint(low, high):02}"


def _ymd() -> str:
    return _two(0, 25) + _two(1, 12) + _two(1, 28)


def _dmy() -> str:
    return _two(1, 28) + _two(1, 12) + _two(0, 25)


# What a number starts with, how many digits (or letters) are tried behind it, and the module of the peer.
PEERS: dict[tuple[str, str], tuple[Callable[[], str], int, str]] = {
    ("AR", "CUIT"): (lambda: "27" + _digits(8), 1, "ar.cuit"),
    ("BR", "CPF"): (lambda: _digits(9), 2, "br.cpf"),
    ("CA", "SIN"): (lambda: _digits(8), 1, "ca.sin"),
    ("CN", "resident identity number"): (lambda: "11010119" + _ymd() + _digits(3), 1, "cn.ric"),
    ("CZ", "rodné číslo"): (lambda: _two(60, 99) + _two(51, 62) + _two(1, 28) + _digits(3), 1, "cz.rc"),
    ("DE", "tax identification number"): (lambda: _letters(10, "0123456789"), 1, "de.idnr"),
    ("ES", "DNI"): (lambda: _digits(8), 0, "es.dni"),
    ("ES", "NIE"): (lambda: _letters(1, "XYZ") + _digits(7), 0, "es.nie"),
    ("FI", "hetu"): (lambda: _dmy() + "-" + "1" + _digits(2), 0, "fi.hetu"),
    ("FR", "NIR"): (lambda: "1" + _ymd() + _digits(6), 2, "fr.nir"),
    ("GB", "NHS number"): (lambda: _digits(9), 1, "gb.nhs"),
    ("GR", "AMKA"): (lambda: _dmy() + _digits(4), 1, "gr.amka"),
    ("IL", "identity number"): (lambda: _digits(8), 1, "il.idnr"),
    ("IN", "Aadhaar"): (lambda: _digits(11), 1, "in_.aadhaar"),
    ("IT", "codice fiscale"): (lambda: _letters(6) + "85" + _letters(1, "ABCT") + "41F205", 0, "it.codicefiscale"),
    ("JP", "My Number"): (lambda: _digits(11), 1, "jp.in_"),
    ("KR", "resident registration number"): (lambda: _ymd() + "108" + _digits(3), 1, "kr.rrn"),
    ("MX", "CURP"): (lambda: "GA" + _letters(2) + _ymd() + "MDF" + _letters(3, "BCDF") + "0", 1, "mx.curp"),
    ("NL", "BSN"): (lambda: _digits(8), 1, "nl.bsn"),
    ("NO", "fødselsnummer"): (lambda: _dmy() + _two(0, 49) + _digits(1), 2, "no.fodselsnummer"),
    ("PL", "PESEL"): (lambda: _ymd() + _digits(4), 1, "pl.pesel"),
    ("PT", "NIF"): (lambda: "2" + _digits(7), 1, "pt.nif"),
    ("RO", "CNP"): (lambda: "2" + _ymd() + "12" + _digits(3), 1, "ro.cnp"),
    ("RU", "INN"): (lambda: _digits(10), 2, "ru.inn"),
    ("SE", "personnummer"): (lambda: _ymd() + "-" + _digits(3), 1, "se.personnummer"),
    ("TH", "identity number"): (lambda: _letters(1, "12345678") + _digits(11), 1, "th.pin"),
    ("TR", "T.C. kimlik no"): (lambda: _letters(1, "123456789") + _digits(8), 2, "tr.tckimlik"),
    ("UA", "RNTRC"): (lambda: _digits(9), 1, "ua.rntrc"),
    ("US", "SSN"): (lambda: _digits(3) + "-" + _digits(2) + "-" + _digits(3), 1, "us.ssn"),
}


@pytest.mark.parametrize("row", [each for each in TABLE if (each.region, each.name) in PEERS], ids=lambda row: row.name)
def test_national_numbers_are_those_that_python_stdnum_accepts(row: NationalId) -> None:
    """Of thousands of numbers with every check digit, both accept the same ones, and some."""
    start, tail, module = PEERS[row.region, row.name]
    peer = import_module(f"stdnum.{module}")
    tails = [f"{number:0{tail}}" for number in range(10**tail)] if tail else [*"0123456789", *ascii_uppercase]
    numbers = [begin + end for begin in (start() for _ in range(4_000 // len(tails))) for end in tails]
    ours = [number for number in numbers if list(find_ids(number, row.region))]
    assert [number for number in numbers if peer.is_valid(number)] == [n for n in ours if row.valid(n)]
    assert len(ours) > (0 if row.name == "tax identification number" else 10)


@pytest.mark.parametrize(
    ("region", "valid", "invalid"),
    [
        ("EG", "29001011234567", "29013011234567"),
        ("HU", "111 111 110", "111 111 111"),
        ("HU", "8000000008", "8000000007"),
        ("IR", "0499370899", "0499370898"),
        ("RU", "112-233-445 95", "112-233-445 96"),
        ("SA", "1000000008", "1000000009"),
        ("TW", "A123456789", "A123456788"),
        ("PK", "35202-1234567-1", "95202-1234567-1"),
        ("ID", "3174014107900001", "3174011413900001"),
        ("DK", "010190-1234", "320190-1234"),
        ("IN", "ABCPE1234F", "ABCXE1234F"),
    ],
)
def test_numbers_without_a_peer(region: str, valid: str, invalid: str) -> None:
    """Published examples, or numbers made by the published rule, are found; with a wrong digit they are not."""
    assert list(find_ids(f"({valid})", region))
    assert not list(find_ids(f"({invalid})", region))


def test_a_number_within_a_longer_one_is_not_taken_out_of_it() -> None:
    """Neither the beginning nor the middle of a longer number is read as one."""
    assert not list(find_ids("529.982.247-25-12 and 1529.982.247-25 and x529.982.247-25", "BR"))


def test_the_most_sensitive_kind_is_named_and_the_surest_score() -> None:
    """With several findings the outcome has the kind to worry about most."""
    outcome = _of("ana@example.org 4111 1111 1111 1111")
    assert (outcome.kind, outcome.score) == ("card", 1.0)
    assert outcome.to_json()["spans"] == [[0, 15, "email"], [16, 35, "card"]]


def test_what_was_found_is_never_told() -> None:
    """The outcome has places and kinds, and no part of what stands there."""
    told = json.dumps(_of("I am ana@example.org, 219-09-9999, +1 202 456 1111").to_json())
    assert [part for part in ("ana", "example", "219", "9999", "202", "1111") if part in told] == []


def test_long_texts_are_read_to_a_limit_that_is_told() -> None:
    """What stands behind the limit is not found, and the outcome says what was read."""
    outcome = _of("a " * (LONGEST // 2) + "ana@example.org")
    assert (outcome.kind, outcome.covers) == (None, f"the first {LONGEST} characters")


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "1 ",
        "1-",
        "1.",
        "a@",
        "a.",
        "a@a.",
        "@",
        ":",
        "1:",
        "1/",
        "(1)",
        "+1",
        "a",
        "password ",
        "://a:",
        "sk-",
        "eyJa.",
        "AB12 ",
        "DE89 3704 ",
        "4111 ",
        "12345678 ",
        "2025550123 ",
        "-----BEGIN PRIVATE KEY-----",
        "é",
        "١",
        "e\u0301",
        "\u200b1",
    ],
)
def test_hostile_texts_are_answered(unit: str) -> None:
    """Twenty thousand characters made to keep a pattern busy are answered like others, in any of three regions."""
    text = unit * (LONGEST // len(unit))
    for locale in ("en-US", "zh-CN", "de-DE"):
        assert _of(text, locale).status == "screened"


PIECES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "ana@example.org",
            "4111 1111 1111 1111",
            "+49 30 901820",
            "٠١٠٠١٢٣٤٥٦٧",
            "185.199.108.153",
            "🙂",
            "e\u0301",
            "GB82 WEST 1234 5698 7654 32",
            "529.982.247-25",
            "https://me:pa55@example.org",
            "\u200d",
            "１２３",
        ]
    ),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=8).map("".join), st.sampled_from(["en-US", "pt-BR", "ar-EG", "ja-JP", None]))
def test_spans_lie_within_the_text_in_order(text: str, locale: str | None) -> None:
    """Whatever the text, spans are not empty, do not overlap, and are of a kind that can be masked."""
    outcome = _of(text, locale)
    spans = outcome.findings.get("spans", [])
    bounds = [bound for start, end, _ in spans for bound in (start, end)]
    assert bounds == sorted(bounds)
    assert all(0 <= start < end <= len(text) and kind in KINDS for start, end, kind in spans)
    assert (outcome.kind is None) == (not spans) == (outcome.score == 0)


SENSITIVE = [
    "ana@example.org",
    "4111 1111 1111 1111",
    "+49 30 901820",
    "185.199.108.153",
    "GB82 WEST 1234 5698 7654 32",
    "529.982.247-25",
    "https://me:pa55@example.org",
    "（＋４９）３０ ９０１８２０",
]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Ligue para", "write to", "电话", "🙂 e\u0301", "اتصل"]), st.sampled_from(SENSITIVE)
        ),
        max_size=6,
    )
)
def test_masking_leaves_nothing_to_find(pieces: list[tuple[str, str]]) -> None:
    """What was masked is not found again, and masking again changes nothing."""
    text = "; ".join(f"{before} {found}" for before, found in pieces)
    masked = mask(text, map(tuple, _of(text, "pt-BR").findings.get("spans", [])), KINDS)  # type: ignore[arg-type]
    assert _of(masked, "pt-BR").kind is None
    assert [part for part in ("ana@", "4111", "901820", "9982", "pa55", "９０") if part in masked] == []


def test_only_the_kinds_asked_for_are_masked() -> None:
    """A programme that masks e-mail addresses keeps telephone numbers."""
    text = "ana@example.org or +49 30 901820"
    spans = [(0, 15, "email"), (19, 32, "phone")]
    assert mask(text, spans, {"email"}) == "[email] or +49 30 901820"
    assert mask(text, spans, set()) == text
    assert mask(text, reversed(spans), KINDS) == "[email] or [phone]"


@given(st.text(max_size=30), st.data())
def test_masking_keeps_what_is_outside_the_spans(text: str, data: st.DataObject) -> None:
    """Overlapping spans become one, and every character outside of them stays in its order."""
    bound = st.integers(0, len(text))
    pairs = data.draw(st.lists(st.tuples(bound, bound).filter(lambda pair: pair[0] < pair[1]), max_size=4))
    covered = {place for start, end in pairs for place in range(start, end)}
    kept = "".join(character for place, character in enumerate(text) if place not in covered)
    masked = mask(text, [(start, end, "ip") for start, end in pairs], {"ip"})
    assert len(masked) == len(kept) + len("[ip]") * len(merge((start, end, "ip") for start, end in pairs))


@pytest.mark.parametrize("span", [(0, 99, "email"), (-1, 2, "email"), (3, 3, "email"), (4, 2, "email")])
def test_a_span_of_another_text_is_refused(span: tuple[int, int, str]) -> None:
    """A span that does not lie in the text is not applied to it."""
    with pytest.raises(ValueError, match="not within a text of 5 characters"):
        mask("Hello", [span], {"email"})
