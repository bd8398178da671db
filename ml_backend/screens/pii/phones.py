"""Telephone numbers, by the numbering plans that phonenumbers knows."""

from __future__ import annotations

from collections.abc import Iterator

import regex
from phonenumbers import Leniency, PhoneNumberMatcher

from ml_backend.screens.pii.found import Found

_YEAR = r"(?:19|20)[0-9]{2}"
_DATE = regex.compile(
    rf"\(?{_YEAR}\s*[-/~]\s*{_YEAR}\)?|[0-3]?[0-9][./-][0-3]?[0-9][./-]{_YEAR}|{_YEAR}[./-][01]?[0-9][./-][0-3]?[0-9]"
)


def find_phones(text: str, region: str | None) -> Iterator[Found]:
    """Valid numbers as people write them: with + from any country, else as in this region. Dates are none.

    >>> [each.score for each in find_phones("+49 30 901820 or (202) 456-1111", "US")]
    [0.9, 0.7]
    """
    for match in PhoneNumberMatcher(text, region, leniency=Leniency.VALID):
        if not _DATE.fullmatch(match.raw_string):
            yield Found(match.start, match.end, "phone", 0.9 if match.raw_string.startswith(("+", "00")) else 0.7)
