"""The screen for prompts that were seen before in almost the same words."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from ml_backend.errors import IndexUnavailable, ScreenFailed
from ml_backend.near_duplicates import LONGEST, VERSION, Entry, Index, Nearest, normalise
from ml_backend.screens.model import Outcome, Text, unscreened

_log = logging.getLogger(__name__)


class NearDuplicateScreen:
    """Over one index; each prompt is remembered."""

    name = "near_duplicate"
    provider = VERSION
    prompts_only = True

    def __init__(self, index: Index) -> None:
        self._index = index

    def screen(self, texts: Sequence[Text], deadline: float) -> list[Outcome]:
        """One outcome per prompt, in one transaction; the score is the similarity to the nearest earlier prompt.

        `kind` is exact, near or possible; `of`, `of_locale` and `within_locale` tell of which item, and `in_locale` of
        the nearest one of the text's own locale, if that is another. Raises ScreenFailed.
        """
        flaws = [_flaw(each.text) for each in texts]
        sound = [each for each, flaw in zip(texts, flaws, strict=True) if not flaw]
        found = iter(self._nearest(sound))
        return [
            unscreened(flaw) if flaw else _outcome(each, next(found)) for each, flaw in zip(texts, flaws, strict=True)
        ]

    def _nearest(self, texts: Sequence[Text]) -> list[Nearest]:
        try:
            return self._index.nearest_and_add_many([Entry(each.key, each.text, each.locale) for each in texts])
        except IndexUnavailable as error:
            _log.warning("%s", error.message)  # names the file, which is not for annotators
            raise ScreenFailed("the near-duplicate index is not available") from error

    def trouble(self) -> str | None:
        """Its folder is looked at when it is made, so nothing is known to be wrong before a call."""
        return None


def _flaw(text: str) -> str | None:
    return None if normalise(text) else "the prompt has no letters or numbers to compare"


def _outcome(text: Text, nearest: Nearest) -> Outcome:
    covers = f"the first {LONGEST} characters" if len(text.text) > LONGEST else None
    match, own = nearest.anywhere, nearest.in_locale
    if match is None:
        return Outcome("screened", score=0.0, covers=covers)
    within = text.locale == match.locale if text.locale and match.locale else None
    findings: dict[str, Any] = {"of": match.of, "of_locale": match.locale, "within_locale": within}
    if own and own != match:
        findings |= {"in_locale": {"of": own.of, "similarity": own.similarity, "kind": own.kind}}
    return Outcome("screened", match.similarity, match.kind, covers=covers, findings=findings)
