"""All kinds of personal data and secrets in one text."""

from __future__ import annotations

from collections.abc import Iterator

from ml_backend.screens.pii.accounts import find_cards, find_ibans
from ml_backend.screens.pii.addresses import find_emails, find_ips
from ml_backend.screens.pii.found import Found
from ml_backend.screens.pii.national_ids import find_ids
from ml_backend.screens.pii.phones import find_phones
from ml_backend.screens.pii.plain import plain
from ml_backend.screens.pii.secrets import find_secrets

_FEWEST_DIGITS = 7  # no telephone number and no card has fewer
_FEWEST_DIGITS_OF_ID = 4


def find(text: str, region: str | None) -> list[Found]:
    """What stands in a text, in order of place, in code points of `text`; what overlaps is there more than once.

    `region` is that of the locale, for numbers that are written without their country.

    >>> [(each.start, each.end, each.kind) for each in find("☎ ＋٤٩ ٣٠ ٩٠١٨٢٠", None)]
    [(2, 15, 'phone')]
    """
    simple = plain(text)
    return sorted(Found(*simple.span(each.start, each.end), *each[2:]) for each in _find(simple.text, region))


def _find(text: str, region: str | None) -> Iterator[Found]:
    yield from find_secrets(text)
    yield from find_emails(text)
    yield from find_ips(text)
    yield from find_ibans(text)
    digits = sum(map(text.count, "0123456789"))
    if digits >= _FEWEST_DIGITS_OF_ID:
        yield from (Found(start, end, "national_id", score) for start, end, score in find_ids(text, region))
    if digits >= _FEWEST_DIGITS:
        yield from find_cards(text)
        yield from find_phones(text, region)
