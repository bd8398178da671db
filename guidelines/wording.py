"""Turns of phrase that several messages share."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def instead(given: object, known: Iterable[object]) -> str:
    """What to write instead, with a guess where one is close.

    >>> instead("relevanse", ["relevance", "safety"])
    "did you mean 'relevance'? choose one of: relevance, safety"
    >>> instead("x", [])
    'remove it'
    """
    names = [str(each) for each in known]
    close = get_close_matches(str(given), names, n=1)
    guess = f"did you mean {close[0]!r}? " if close else ""
    return f"{guess}choose one of: {', '.join(names)}" if names else "remove it"
