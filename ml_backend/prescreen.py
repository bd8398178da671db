"""What is known about an item before anyone works on it. A summary claims nothing that did not run."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ml_backend import metrics
from ml_backend.errors import MLBackendError
from ml_backend.screens.model import PROMPT, Outcome, Screen, Text, unscreened
from ml_backend.tasks import Item

SUMMARY_VERSION = "prescreen/2"

_CHUNK = 100  # items screened together: about a tenth of a second, so that other workers get their turn

_log = logging.getLogger(__name__)

Outcomes = Mapping[str, Outcome]


@dataclass(frozen=True)
class Summary:
    """The outcomes by target and screen: the prompt's are under "item", those of responses under "a", "b", …"""

    outcomes: Mapping[str, Outcomes]

    @property
    def novelty(self) -> float:
        """1 − the similarity to the nearest earlier prompt; 0 where it was not compared: nothing is new unseen."""
        near = self.outcomes[PROMPT]["near_duplicate"]
        return 0.0 if near.score is None else round(1 - near.score, 4)

    def blinded(self) -> Summary:
        """Without the providers: one of them may be a model whose responses people are about to judge."""
        hidden = {
            target: {name: replace(outcome, provider=None) for name, outcome in outcomes.items()}
            for target, outcomes in self.outcomes.items()
        }
        return Summary(hidden)

    def to_json(self) -> dict[str, Any]:
        """The summary as plain values: version, the targets that were read, and one outcome per screen."""
        plain = {target: _plain(outcomes) for target, outcomes in self.outcomes.items()}
        told = {"version": SUMMARY_VERSION, "covers": list(plain), "screens": plain.pop(PROMPT)}
        return {**told, "responses": plain} if plain else told


class Prescreen:
    """The screens that are configured, run one after the other; `absent` gives the reason for each that is not."""

    def __init__(self, screens: Sequence[Screen], absent: Mapping[str, str]) -> None:
        self.screens = tuple(screens)
        self.absent = absent
        self._absent = {name: unscreened(reason) for name, reason in absent.items()}

    def summaries(self, items: Sequence[Item], deadline: float) -> Iterator[Summary]:
        """One summary per item, in order, chunk by chunk; never raises because of an item or a screen.

        Each chunk has its share of the time until the deadline (`time.monotonic()` seconds), so that a slow screen
        never keeps the others from the later items. What is left then is unscreened.
        """
        starts = range(0, len(items), _CHUNK)
        for left, start in zip(range(len(starts), 0, -1), starts, strict=True):
            now = time.monotonic()
            yield from self._chunk(items[start : start + _CHUNK], now + (deadline - now) / left)

    def _chunk(self, items: Sequence[Item], deadline: float) -> list[Summary]:
        texts = [text for item in items for text in item.texts]
        found: dict[Text, dict[str, Outcome]] = {text: dict(self._absent) for text in texts}
        for screen in self.screens:
            read = [text for text in found if text.target == PROMPT or not screen.prompts_only]
            for text, outcome in zip(read, _outcomes(screen, read, deadline), strict=True):
                found[text][screen.name] = replace(outcome, provider=outcome.provider or screen.provider)
        return [self._summary(item, found) for item in items]

    def _summary(self, item: Item, found: Mapping[Text, Outcomes]) -> Summary:
        if item.flaw:
            names = [*(screen.name for screen in self.screens), *self._absent]
            return Summary({PROMPT: dict.fromkeys(names, unscreened(item.flaw))})
        return Summary({text.target: found[text] for text in item.texts})


def _outcomes(screen: Screen, texts: Sequence[Text], deadline: float) -> list[Outcome]:
    started = time.monotonic()
    if started >= deadline:
        outcomes = [unscreened("out of time") for _ in texts]
    else:
        outcomes = _tried(screen, texts, deadline) if texts else []
    metrics.screened(screen.name, outcomes, time.monotonic() - started)
    return outcomes


def _tried(screen: Screen, texts: Sequence[Text], deadline: float) -> list[Outcome]:
    try:
        return screen.screen(texts, deadline)
    except MLBackendError as error:
        _log.warning("%s: %d texts were not screened: %s", screen.name, len(texts), error.message)
        return [unscreened(error.message) for _ in texts]


def _plain(outcomes: Outcomes) -> dict[str, Any]:
    return {name: outcome.to_json() for name, outcome in outcomes.items()}
