"""The screen for personal data and secrets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version

from babel.core import get_global

from guidelines.errors import ConcordError
from guidelines.tags import parse_locale
from ml_backend.screens.model import Outcome, Text
from ml_backend.screens.one_by_one import one_by_one
from ml_backend.screens.pii.finding import find
from plugins.masking import merge, most_sensitive

LONGEST = 20_000
"""Characters that are read."""


class PiiScreen:
    """By patterns, check digits and numbering plans. Names of people are not looked for."""

    name = "pii"
    prompts_only = False

    @property
    def provider(self) -> str:
        """Our rules, and the numbering plans."""
        return f"pii/1+phonenumbers/{version('phonenumbers')}"

    def screen(self, texts: Sequence[Text], deadline: float) -> list[Outcome]:
        """One outcome per text: the score is that of the surest finding, the kind the most sensitive one.

        `spans` are start, end and kind of each, in code points, none overlapping; what stands there is never told.
        """
        return one_by_one(_outcome, texts, deadline)

    def trouble(self) -> str | None:
        """It needs nothing, so nothing is known to be wrong."""
        return None


def _outcome(text: Text) -> Outcome:
    covers = f"the first {LONGEST} characters" if len(text.text) > LONGEST else None
    found = find(text.text[:LONGEST], _region(text.locale))
    if not found:
        return Outcome("screened", 0.0, covers=covers)
    spans = merge((each.start, each.end, each.kind) for each in found)
    findings = {"spans": [list(span) for span in spans]}
    kind = most_sensitive(kind for _, _, kind in spans)
    return Outcome("screened", max(each.score for each in found), kind, covers=covers, findings=findings)


@cache
def _region(locale: str | None) -> str | None:
    """The region of a locale, or the one where most people speak its language; None where it is not known."""
    try:
        parts = parse_locale(locale or "").tag.split("-")
    except ConcordError:
        return None
    if len(parts[-1]) in {2, 3} and len(parts) > 1:
        return parts[-1]
    likely = get_global("likely_subtags")
    full: str = likely.get("_".join(parts)) or likely[parts[0]]
    return full.rsplit("_", maxsplit=1)[-1]
