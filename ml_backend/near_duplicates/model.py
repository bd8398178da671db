"""What is asked of the near-duplicate index and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["exact", "near", "possible"]

NEAR = 0.7
POSSIBLE = 0.6


@dataclass(frozen=True)
class Entry:
    """A text to compare. `key` is `<project>/<item>`: the same item in two projects is no duplicate of itself."""

    key: str
    text: str
    locale: str | None = None

    @property
    def item(self) -> str:
        """The part of the key after the slash; the whole key where there is none."""
        return self.key.partition("/")[2] or self.key


@dataclass(frozen=True)
class Match:
    """The nearest earlier item: its key and locale, and the Jaccard similarity, .6 to 1, of the two texts.

    `kind` is exact (the same text but for case, punctuation and spacing), near (≥ .7) or possible (.6 to .7).
    """

    of: str
    locale: str | None
    similarity: float
    kind: Kind


def kind(similarity: float, *, same_text: bool) -> Kind:
    """What a similarity of at least `POSSIBLE` is called.

    >>> kind(0.7, same_text=False), kind(0.69, same_text=False), kind(1.0, same_text=True)
    ('near', 'possible', 'exact')
    """
    if same_text:
        return "exact"
    return "near" if similarity >= NEAR else "possible"


@dataclass(frozen=True)
class Nearest:
    """The nearest earlier item anywhere, and the nearest of the same locale (None where that is not known)."""

    anywhere: Match | None = None
    in_locale: Match | None = None
