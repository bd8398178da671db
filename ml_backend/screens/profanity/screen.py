"""The screen for profanity."""

from __future__ import annotations

from collections.abc import Sequence

from guidelines.errors import ConcordError
from guidelines.tags import parse_locale
from ml_backend.screens.model import Outcome, Text, unscreened
from ml_backend.screens.one_by_one import one_by_one
from ml_backend.screens.profanity.folding import fold
from ml_backend.screens.profanity.lists import list_of, pattern_of

LONGEST = 20_000
"""Characters that are read."""

_COVERS = "words of a list, not what is meant"


class ProfanityScreen:
    """Counts the words of the list in the language of the text's locale; without a list the text is unscreened."""

    name = "profanity"
    provider = "profanity-lists/1"
    prompts_only = False

    def screen(self, texts: Sequence[Text], deadline: float) -> list[Outcome]:
        """One outcome per text: the score is 1 − 2^−n for n words found, the kind profanity from one word on.

        `words` is their number; which they are is not told.
        """
        return one_by_one(_outcome, texts, deadline)

    def trouble(self) -> str | None:
        """The lists come with the package: nothing is known to be wrong before a call."""
        return None


def _outcome(text: Text) -> Outcome:
    if not text.locale:
        return unscreened("the text has no locale")
    try:
        tag = parse_locale(text.locale).tag
    except ConcordError:
        return unscreened("the locale is not one of CLDR")
    name = list_of(tag)
    if not name:
        return unscreened(f"no word list for {tag}")
    words = count(text.text[:LONGEST], name)
    covers = f"{_COVERS}; the first {LONGEST} characters" if len(text.text) > LONGEST else _COVERS
    kind = "profanity" if words else None
    return Outcome("screened", round(1 - 0.5**words, 4), kind, covers=covers, findings={"words": words})


def count(text: str, name: str) -> int:
    """How many words of this list stand in a text.

    >>> count("What the fuck, you bastard!", "en"), count("The classic cocktail from Scunthorpe", "en")
    (2, 0)
    """
    return sum(found["term"] is not None for found in pattern_of(name).finditer(fold(text, name)))
