"""Payment cards and bank accounts."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from ml_backend.screens.pii.checks import luhn
from ml_backend.screens.pii.found import Found

# First digits, how many of them, and the lengths they are issued in: Visa, Mastercard, American Express, Diners Club,
# Discover, JCB, UnionPay, Maestro, Mir, RuPay, Troy, Elo. Source: the schemes' published ranges of ISO/IEC 7812.
_ISSUERS: tuple[tuple[range, int, range], ...] = (
    (range(4, 5), 1, range(13, 20, 3)),
    (range(51, 56), 2, range(16, 17)),
    (range(2221, 2721), 4, range(16, 17)),
    (range(34, 38, 3), 2, range(15, 16)),
    (range(300, 306), 3, range(14, 20)),
    (range(3095, 3096), 4, range(14, 20)),
    (range(36, 37), 2, range(14, 20)),
    (range(38, 40), 2, range(14, 20)),
    (range(6011, 6012), 4, range(16, 20)),
    (range(644, 650), 3, range(16, 20)),
    (range(65, 66), 2, range(16, 20)),
    (range(3528, 3590), 4, range(16, 20)),
    (range(62, 63), 2, range(16, 20)),
    (range(5018, 5039, 2), 4, range(12, 20)),
    (range(6304, 6305), 4, range(12, 20)),
    (range(6759, 6764), 4, range(12, 20)),
    (range(2200, 2205), 4, range(16, 20)),
    (range(60, 61), 2, range(16, 17)),
    (range(81, 83), 2, range(16, 17)),
    (range(508, 509), 3, range(16, 17)),
    (range(9792, 9793), 4, range(16, 17)),
    (range(5066, 5068), 4, range(16, 17)),
)
_CARD = regex.compile(
    r"""(?<![A-Za-z0-9])(?<![0-9][ .,/-])
        (?: [0-9]{12,19}
          | [0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{1,4}(?:\1[0-9]{1,3})?
          | [0-9]{4}([ -])[0-9]{6}\2[0-9]{4,5} )
        (?![A-Za-z0-9])(?![.,/-][0-9])""",
    regex.VERBOSE,
)

_IBAN = regex.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?=[ -]?[A-Za-z0-9])")
# Source: SWIFT, IBAN registry, release 99.
_IBAN_LENGTHS = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE", "BI"), 16),
    **dict.fromkeys(("DK", "FI", "FK", "FO", "GL", "NL", "SD"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "MN", "XK"), 20),
    **dict.fromkeys(("CH", "CR", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "BH", "DE", "GB", "GE", "IE", "ME", "RS", "VA"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "IQ", "OM", "SO", "TL"), 23),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"), 24),
    **dict.fromkeys(("LY", "PT", "ST"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("BY", "DJ", "FR", "GR", "IT", "MC", "MR", "SM"), 27),
    **dict.fromkeys(("AL", "AZ", "CY", "DO", "GT", "HN", "HU", "LB", "NI", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA"), 29),
    **dict.fromkeys(("JO", "KW", "MU", "YE"), 30),
    **dict.fromkeys(("MT", "SC"), 31),
    **dict.fromkeys(("LC",), 32),
    **dict.fromkeys(("RU",), 33),
}


def find_cards(text: str) -> Iterator[Found]:
    """Numbers of an issuer's range and length whose check digit fits, written as one or in the usual groups.

    >>> [each.end for each in find_cards("card 4111 1111 1111 1111 12/27")]
    [24]
    """
    for found in _CARD.finditer(text):
        if _is_card(found[0].translate(_SEPARATORS)):
            yield Found(found.start(), found.end(), "card", 1.0)


_SEPARATORS = str.maketrans("", "", " -")


def _is_card(digits: str) -> bool:
    issued = any(len(digits) in lengths and int(digits[:first]) in firsts for firsts, first, lengths in _ISSUERS)
    return issued and luhn(digits)


def find_ibans(text: str) -> Iterator[Found]:
    """Account numbers of ISO 13616: a country's length, and the remainder of 97.

    >>> [(each.start, each.end) for each in find_ibans("to DE89 3704 0044 0532 0130 00 please")]
    [(3, 30)]
    """
    for found in _IBAN.finditer(text):
        end = _end_of_iban(text, found.start(), _IBAN_LENGTHS.get(found[0][:2].upper(), 0))
        if end and _is_iban(text[found.start() : end]):
            yield Found(found.start(), end, "iban", 1.0)


def _end_of_iban(text: str, start: int, length: int) -> int | None:
    """Where so many letters and digits end, with at most one space or hyphen between; None if something else comes."""
    at, seen = start, 0
    while seen < length and at < len(text):
        seen += text[at].isascii() and text[at].isalnum()
        if not (text[at].isascii() and text[at].isalnum()) and (text[at] not in " -" or text[at - 1] in " -"):
            return None
        at += 1
    follows = text[at : at + 1]
    return at if length and seen == length and not (follows.isascii() and follows.isalnum()) else None


def _is_iban(written: str) -> bool:
    compact = written.translate(_SEPARATORS).upper()
    return int("".join(str(int(character, 36)) for character in compact[4:] + compact[:4])) % 97 == 1
