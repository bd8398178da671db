"""National identity, tax and social security numbers: one row of the table a kind of number.

The forms and checks are those that the issuing authorities publish. A number is looked for in the region of the text's
locale; those that can hardly be anything else are looked for everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import regex

from ml_backend.screens.pii.checks import (
    Check,
    Date,
    Digit,
    egyptian_governorate,
    finnish_letter,
    french_key,
    italian_date,
    italian_letter,
    luhn,
    mod_11_10,
    not_one_digit,
    repeats_once,
    snils,
    spanish_letter,
    swedish,
    taiwanese_digit,
    verhoeff,
)

SURE, LIKELY = 1.0, 0.8
"""Scores: of a number with more than one check (a date, a letter, two digits), and of one with a single check."""

BY_FORM = 0.7
"""The score of a number that has no check digit, by its form alone."""

_BEFORE = r"(?<![A-Za-z0-9])(?<![0-9][.,/-])"
_AFTER = r"(?![A-Za-z0-9])(?![.,/-][0-9])"


@dataclass(frozen=True)
class NationalId:
    """A kind of number: where it is used, how it is written, and what must hold for its letters and digits alone."""

    name: str
    region: str
    pattern: str
    checks: tuple[Check, ...]
    score: float
    everywhere: bool = False

    def valid(self, number: str) -> bool:
        """Whether a number in this form passes its checks.

        >>> ids_of("BR")[0].valid("529.982.247-25"), ids_of("BR")[0].valid("529.982.247-26")
        (True, False)
        """
        compact = _compact(number)
        return all(check(compact) for check in self.checks)


# What a check digit must be at each remainder: the remainder or its complement, and what stands for ten.
_PLAIN_10 = "0123456789"
_COMPLEMENT_10 = "0987654321"
_PLAIN_11 = "0123456789-"
_PLAIN_11_ZERO = "01234567890"
_COMPLEMENT_11 = "0-987654321"
_COMPLEMENT_11_ZERO = "00987654321"
_COMPLEMENT_11_TURNED = "10987654321"

_DOWN_FROM_10 = tuple(range(10, 1, -1))
_DOWN_FROM_9 = tuple(range(9, 1, -1))
_LETTERS = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
_CHINESE = Digit((7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432")
_TAX_CARD = r"[A-Z]{3}[ABCFGHLJPT][A-Z][0-9]{4}[A-Z]"
_NINO = r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]"
_CURP = r"[A-Z][AEIOUX][A-ZÑ]{2}[0-9]{6}[HMX][A-Z]{2}[B-DF-HJ-NP-TV-ZÑ]{3}[0-9A-Z][0-9]"
_CODICE = r"[A-Z]{6}[0-9L-NP-V]{2}[A-EHLMPR-T][0-9L-NP-V]{2}[A-Z][0-9L-NP-V]{3}[A-Z]"

TABLE: tuple[NationalId, ...] = (
    NationalId(
        "CUIT",
        "AR",
        r"(?:20|2[3-7]|30|33|34)-?[0-9]{8}-?[0-9]",
        (Digit((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), "09987654321"),),
        LIKELY,
    ),
    NationalId(
        "CPF",
        "BR",
        r"[0-9]{3}\.?[0-9]{3}\.?[0-9]{3}-?[0-9]{2}",
        (not_one_digit, Digit(_DOWN_FROM_10, _COMPLEMENT_11_ZERO), Digit((11, *_DOWN_FROM_10), _COMPLEMENT_11_ZERO)),
        SURE,
    ),
    NationalId("SIN", "CA", r"[1-79][0-9]{2}([ -]?)[0-9]{3}\1[0-9]{3}", (luhn, not_one_digit), LIKELY),
    NationalId(
        "resident identity number",
        "CN",
        r"[1-9][0-9]{5}(?:19|20)[0-9]{9}[0-9Xx]",
        (Date(8, 10, 12), _CHINESE),
        SURE,
        everywhere=True,
    ),
    NationalId(
        "rodné číslo",
        "CZ",
        r"[0-9]{6}/?[0-9]{4}",
        (Date(0, 2, 4, (50, 20)), Digit((1, -1) * 4 + (1,), _PLAIN_11_ZERO)),
        SURE,
    ),
    NationalId("tax identification number", "DE", r"[1-9][0-9](?: ?[0-9]{3}){3}", (repeats_once, mod_11_10), SURE),
    NationalId("CPR", "DK", r"[0-9]{6}-[0-9]{4}", (Date(4, 2, 0),), LIKELY),
    NationalId("national number", "EG", r"[23][0-9]{13}", (Date(1, 3, 5), egyptian_governorate), LIKELY),
    NationalId("DNI", "ES", r"[0-9]{2}\.?[0-9]{3}\.?[0-9]{3}[ -]?[A-HJ-NP-TV-Z]", (spanish_letter,), SURE),
    NationalId("NIE", "ES", r"[XYZ]-?[0-9]{7}-?[A-HJ-NP-TV-Z]", (spanish_letter,), SURE),
    NationalId(
        "hetu",
        "FI",
        r"[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]",
        (Date(4, 2, 0), finnish_letter),
        SURE,
        everywhere=True,
    ),
    NationalId(
        "NIR", "FR", r"[12] ?[0-9]{2} ?[0-9]{2} ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", (french_key,), SURE
    ),
    NationalId(
        "NHS number",
        "GB",
        r"[0-9]{3}([ -]?)[0-9]{3}\1[0-9]{4}",
        (not_one_digit, Digit(_DOWN_FROM_10, _COMPLEMENT_11)),
        LIKELY,
    ),
    NationalId("National Insurance number", "GB", _NINO, (), BY_FORM),
    NationalId("AMKA", "GR", r"[0-9]{11}", (Date(4, 2, 0), luhn), SURE),
    NationalId(
        "TAJ", "HU", r"[0-9]{3}([ -]?)[0-9]{3}\1[0-9]{3}", (not_one_digit, Digit((3, 7) * 4, _PLAIN_10)), LIKELY
    ),
    NationalId("tax number", "HU", r"8[0-9]{9}", (Digit(tuple(range(1, 10)), _PLAIN_11),), LIKELY),
    NationalId("NIK", "ID", r"[1-9][0-9]{15}", (Date(10, 8, 6, day_modulo=40),), BY_FORM),
    NationalId("identity number", "IL", r"[0-9]{9}", (luhn, not_one_digit), LIKELY),
    NationalId("Aadhaar", "IN", r"[2-9][0-9]{3}([ -]?)[0-9]{4}\1[0-9]{4}", (not_one_digit, verhoeff), LIKELY),
    NationalId("PAN", "IN", _TAX_CARD, (), BY_FORM),
    NationalId(
        "national number",
        "IR",
        r"[0-9]{3}-?[0-9]{6}-?[0-9]",
        (not_one_digit, Digit(_DOWN_FROM_10, "01987654321")),
        LIKELY,
    ),
    NationalId("codice fiscale", "IT", _CODICE, (italian_date, italian_letter), SURE, everywhere=True),
    NationalId(
        "My Number",
        "JP",
        r"[0-9]{4}([ -]?)[0-9]{4}\1[0-9]{4}",
        (not_one_digit, Digit((6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2), _COMPLEMENT_11_ZERO)),
        LIKELY,
    ),
    NationalId(
        "resident registration number",
        "KR",
        r"[0-9]{6}-?[0-9]{7}",
        (Date(0, 2, 4), Digit((2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), _COMPLEMENT_11_TURNED)),
        SURE,
    ),
    NationalId(
        "CURP",
        "MX",
        _CURP,
        (Date(4, 6, 8), Digit(tuple(range(18, 1, -1)), _COMPLEMENT_10, _LETTERS)),
        SURE,
        everywhere=True,
    ),
    NationalId("BSN", "NL", r"[0-9]{4}\.?[0-9]{2}\.?[0-9]{3}", (not_one_digit, Digit(_DOWN_FROM_9, _PLAIN_11)), LIKELY),
    NationalId(
        "fødselsnummer",
        "NO",
        r"[0-9]{6} ?[0-9]{5}",
        (
            Date(4, 2, 0, (40,), 40),
            Digit((3, 7, 6, 1, 8, 9, 4, 5, 2), _COMPLEMENT_11),
            Digit((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), _COMPLEMENT_11),
        ),
        SURE,
    ),
    NationalId("CNIC", "PK", r"[1-7][0-9]{4}-[0-9]{7}-[1-9]", (), BY_FORM),
    NationalId(
        "PESEL", "PL", r"[0-9]{11}", (Date(0, 2, 4, (20,)), Digit((1, 3, 7, 9) * 2 + (1, 3), _COMPLEMENT_10)), SURE
    ),
    NationalId(
        "NIF",
        "PT",
        r"(?:[123][0-9]|45)[0-9]([ ]?)[0-9]{3}\1[0-9]{3}",
        (not_one_digit, Digit(_DOWN_FROM_9, _COMPLEMENT_11_ZERO)),
        LIKELY,
    ),
    NationalId(
        "CNP",
        "RO",
        r"[1-9][0-9]{12}",
        (Date(1, 3, 5), Digit((2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9), "01234567891")),
        SURE,
    ),
    NationalId(
        "INN",
        "RU",
        r"[0-9]{12}",
        (
            not_one_digit,
            Digit((7, 2, 4, 10, 3, 5, 9, 4, 6, 8), _PLAIN_11_ZERO),
            Digit((3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8), _PLAIN_11_ZERO),
        ),
        SURE,
    ),
    NationalId("SNILS", "RU", r"[0-9]{3}-?[0-9]{3}-?[0-9]{3}[ -]?[0-9]{2}", (not_one_digit, snils), SURE),
    NationalId("identity number", "SA", r"[12][0-9]{9}", (luhn, not_one_digit), LIKELY),
    NationalId("personnummer", "SE", r"(?:19|20)?[0-9]{6}[-+]?[0-9]{4}", (swedish,), SURE),
    NationalId(
        "identity number",
        "TH",
        r"[1-8]([ -]?)[0-9]{4}\1[0-9]{5}\1[0-9]{2}\1[0-9]",
        (Digit(tuple(range(13, 1, -1)), _COMPLEMENT_11_TURNED),),
        LIKELY,
    ),
    NationalId(
        "T.C. kimlik no",
        "TR",
        r"[1-9][0-9]{10}",
        (Digit((3, 1) * 4 + (3,), _COMPLEMENT_10), Digit((1,) * 10, _PLAIN_10)),
        SURE,
    ),
    NationalId("identity number", "TW", r"[A-Z][1289][0-9]{8}", (taiwanese_digit,), SURE),
    NationalId(
        "RNTRC", "UA", r"[0-9]{10}", (not_one_digit, Digit((-1, 5, 7, 9, 4, 6, 10, 5, 7), _PLAIN_11_ZERO)), LIKELY
    ),
    NationalId("SSN", "US", r"(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}", (), BY_FORM),
)


def find_ids(text: str, region: str | None) -> Iterator[tuple[int, int, float]]:
    """Start, end and score of each valid number in a plain text, of this region or that can be no other.

    >>> list(find_ids("CPF 529.982.247-25", "BR")), list(find_ids("CPF 529.982.247-25", "DE"))
    ([(4, 18, 1.0)], [])
    """
    for each, pattern in _patterns(region):
        for found in pattern.finditer(text):
            if each.valid(found[0]):
                yield found.start(), found.end(), each.score


@cache
def _patterns(region: str | None) -> tuple[tuple[NationalId, regex.Pattern[str]], ...]:
    rows = [each for each in TABLE if each.region == region or each.everywhere]
    return tuple((each, regex.compile(_BEFORE + each.pattern + _AFTER, regex.IGNORECASE)) for each in rows)


def ids_of(region: str) -> list[NationalId]:
    """The kinds of number of a region.

    >>> [each.name for each in ids_of("GB")]
    ['NHS number', 'National Insurance number']
    """
    return [each for each in TABLE if each.region == region]


def _compact(number: str) -> str:
    return number.upper().translate(_SEPARATORS)


_SEPARATORS = str.maketrans("", "", " .-/+")
