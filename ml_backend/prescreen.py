"""What is known about a prompt before anyone works on it. A summary claims nothing that did not run."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ml_backend.errors import IndexUnavailable
from ml_backend.near_duplicates import LONGEST, VERSION, Entry, Index, Match, normalise

SUMMARY_VERSION = "prescreen/1"

_CHUNK = 100  # prompts in one transaction: about a tenth of a second, so that other workers get their turn
_NOT_CONFIGURED = ("toxicity", "language", "pii")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prompt:
    """A prompt to screen under its key `<project>/<item>`; `flaw` says why it cannot be screened, if so."""

    key: str
    text: str
    locale: str | None = None
    flaw: str | None = None


@dataclass(frozen=True)
class Summary:
    """What the screens say of one prompt.

    `near_duplicate` is the screen's outcome as it goes into the JSON; `novelty` is 1 − the similarity to the nearest
    earlier prompt, 1 where none is similar, and 0 where the screen did not run: nothing is called new unseen.
    """

    near_duplicate: dict[str, Any]
    novelty: float

    def to_json(self) -> dict[str, Any]:
        """The summary as plain values: version, what was read, and one outcome per screen."""
        others = {screen: unscreened("no provider configured") for screen in _NOT_CONFIGURED}
        screens = {"near_duplicate": self.near_duplicate, **others}
        return {"version": SUMMARY_VERSION, "covers": ["prompt"], "screens": screens}


class Prescreen:
    """The screens that are configured."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def summaries(self, prompts: Iterable[Prompt], deadline: float) -> Iterator[Summary]:
        """One summary per prompt, in order, chunk by chunk; never raises because of a prompt.

        What is left at the deadline (`time.monotonic()` seconds) is unscreened, and so is a chunk that fails.
        """
        remaining = iter(prompts)
        while chunk := list(islice(remaining, _CHUNK)):
            if time.monotonic() < deadline:
                yield from self._screen(chunk)
            else:
                yield from (_unscreened("out of time") for _ in chunk)

    def _screen(self, chunk: Sequence[Prompt]) -> list[Summary]:
        flaws = [prompt.flaw or _flaw(prompt.text) for prompt in chunk]
        sound = [prompt for prompt, flaw in zip(chunk, flaws, strict=True) if not flaw]
        try:
            matches = iter(self._index.check_and_add_many([Entry(each.key, each.text, each.locale) for each in sound]))
        except IndexUnavailable as error:
            _log.warning("%d prompts were not screened: %s", len(sound), error)
            return [_unscreened(flaw or "the near-duplicate index is not available") for flaw in flaws]
        return [
            _unscreened(flaw) if flaw else _screened(prompt, next(matches))
            for prompt, flaw in zip(chunk, flaws, strict=True)
        ]


def unscreened(reason: str) -> dict[str, str]:
    """The outcome of a screen that did not run."""
    return {"status": "unscreened", "reason": reason}


def _flaw(text: str) -> str | None:
    return None if normalise(text) else "the prompt has no letters or numbers to compare"


def _unscreened(reason: str) -> Summary:
    return Summary(unscreened(reason), novelty=0.0)


def _screened(prompt: Prompt, match: Match | None) -> Summary:
    outcome: dict[str, Any] = {"status": "screened", "provider": VERSION, "kind": "none"}
    if match:
        outcome |= {"kind": match.kind, "similarity": match.similarity, "of": match.of, "of_locale": match.locale}
        outcome |= {"within_locale": _within(prompt.locale, match.locale)}
    if len(prompt.text) > LONGEST:
        outcome |= {"covers": f"the first {LONGEST} characters"}
    return Summary(outcome, novelty=round(1 - match.similarity, 4) if match else 1.0)


def _within(locale: str | None, other: str | None) -> bool | None:
    """None where a locale is not known."""
    return locale == other if locale and other else None
