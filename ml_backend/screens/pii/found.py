"""Something found in a plain text."""

from __future__ import annotations

from typing import NamedTuple


class Found(NamedTuple):
    """Where it stands in the plain text, what it is, and how sure that is: 0 to 1."""

    start: int
    end: int
    kind: str
    score: float
