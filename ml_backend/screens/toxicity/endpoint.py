"""A provider behind an OpenAI-compatible endpoint: several questions at once, and none while it does not answer."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ml_backend.errors import BudgetSpent, ModelFailed
from ml_backend.models.patience import Patience
from ml_backend.rest import Rest
from ml_backend.screens.model import Text
from ml_backend.screens.toxicity.model import Reading

LONGEST = 20_000
"""Characters of a text that are sent."""

_RESTS = 15.0  # seconds

Ask = Callable[[Sequence[Text]], list[Reading]]


class Questions:
    """Questions about texts to one endpoint, which is left alone for a while after a call in which all failed."""

    def __init__(self, at_once: int) -> None:
        """With at most this many questions waiting for their answers."""
        self._at_once = at_once
        self._rest = Rest(_RESTS)

    def trouble(self) -> str | None:
        """Why all failed a moment ago."""
        return self._rest.reason()

    def readings(self, groups: Sequence[Sequence[Text]], ask: Ask, deadline: float) -> list[Reading]:
        """One reading per text: each question is `ask(group)`, which has a reading for each text of its group.

        Raises ModelFailed when no question was answered.
        """
        if reason := self._rest.reason():
            raise ModelFailed(reason)
        call = _Call(ask, self._at_once)
        with ThreadPoolExecutor(self._at_once) as pool:
            answers = list(pool.map(call.tried, groups))
        if not call.answered:
            self._failed(call.failures[0], deadline)
        return [reading for group, answer in zip(groups, answers, strict=True) for reading in _readings(group, answer)]

    def _failed(self, failure: ModelFailed, deadline: float) -> None:
        # That there was no time or no money left is not the endpoint's fault.
        if time.monotonic() < deadline and not isinstance(failure, BudgetSpent):
            self._rest.begin(failure.message)
        raise failure


def patience(deadline: float) -> Patience:
    """Until the deadline; without one nobody waits, and the work is done ahead of labelling."""
    return Patience(deadline, ahead=math.isinf(deadline))


def head(text: str) -> tuple[str, str | None]:
    """As much of a text as is sent, and what it covers where that is not all.

    >>> head("short")
    ('short', None)
    """
    return text[:LONGEST], f"the first {LONGEST} characters" if len(text) > LONGEST else None


class _Call:
    """The questions of one call; when as many as wait at once have failed and none was answered, no more are asked."""

    def __init__(self, ask: Ask, at_once: int) -> None:
        self._ask, self._enough = ask, at_once
        self.failures: list[ModelFailed] = []
        self.answered = False

    def tried(self, texts: Sequence[Text]) -> list[Reading] | ModelFailed:
        if not self.answered and len(self.failures) >= self._enough:
            return self.failures[0]
        try:
            readings = self._ask(texts)
        except ModelFailed as failure:
            self.failures.append(failure)
            return failure
        self.answered = True
        return readings


def _readings(texts: Sequence[Text], answer: list[Reading] | ModelFailed) -> list[Reading]:
    return [Reading(reason=answer.message) for _ in texts] if isinstance(answer, ModelFailed) else answer
