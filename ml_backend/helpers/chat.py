"""A chat model as judge of one question, alone or with the guideline's clauses as a rubric."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Literal, TypeVar

from ml_backend.errors import GarbledAnswer
from ml_backend.helpers.model import INCONSISTENT, Asked, Proposal
from ml_backend.helpers.prompts import VERSION, prompt, read_code, read_places, read_reasoned
from ml_backend.models.asking import Models
from ml_backend.models.limits import places_of
from ml_backend.models.patience import Patience
from ml_backend.models.reply import Reply
from ml_backend.settings import Endpoint
from plugins.blinding import Order, mirrored

# Wishes: some endpoints refuse a temperature, few give log-probabilities.
_WISHES = {"temperature": 0, "logprobs": True}
_ATTEMPTS = 2  # at an answer in the form that was asked for

T = TypeVar("T")


class ChatHelper:
    """Asks a model; where responses are compared, in both orders, and keeps the answer only if both agree.

    A question about one response is asked with that response alone.
    """

    def __init__(
        self, name: Literal["judge", "rubric"], models: Models, endpoint: Endpoint, programme: str, patience: Patience
    ) -> None:
        self.name = name
        self.at_once = places_of(endpoint, ahead=True)
        self._models, self._endpoint, self._programme, self._patience = models, endpoint, programme, patience
        version = f"@{endpoint.iteration}" if endpoint.iteration else ""
        self._provider = f"{endpoint.name} {endpoint.model}{version} {name}/{VERSION}"

    def propose(self, asked: Asked) -> list[Proposal]:
        """One proposal per target; raises ModelFailed, GarbledAnswer for an answer that is none of the codes."""
        order = tuple(range(len(asked.item.responses)))
        if asked.question.kind == "ranking":
            return self._ranking(asked, order)
        if asked.question.kind == "preference":
            return [self._preference(asked, order)]
        codes = [code for code, _ in asked.question.steps]
        code, reason, probability = self._ask(asked, order, partial(read_code, codes=codes))
        # What is said of several responses names positions, which may be others on the screen.
        positions = len(order) > 1 and not asked.targets[0].startswith("response_")
        return [self._proposal(code, None if positions else reason, probability)]

    def _preference(self, asked: Asked, order: Order) -> Proposal:
        """A model may prefer whatever stands first; its reason speaks of positions, so it is not kept."""
        read = partial(read_code, codes=[code for code, _ in asked.question.steps])
        first, _, probability = self._ask(asked, order, read)
        second, _, other = self._ask(asked, order[::-1], read)
        if mirrored(asked.question, second) != first:
            return self._proposal(None, INCONSISTENT, None)
        return self._proposal(first, None, _smaller(probability, other))

    def _ranking(self, asked: Asked, order: Order) -> list[Proposal]:
        read = partial(read_places, responses=len(order))
        first, _, probability = self._ask(asked, order, read)
        second, _, other = self._ask(asked, order[::-1], read)
        if [order[::-1][place] for place in second] != list(first):
            return [self._proposal(None, INCONSISTENT, None) for _ in asked.targets]
        likely = _smaller(probability, other)
        return [self._proposal(str(first.index(at) + 1), None, likely) for at in order]

    def _proposal(self, value: str | None, reason: str | None, probability: float | None) -> Proposal:
        return Proposal(value, self._provider, reason, probability=probability)

    def _ask(self, asked: Asked, order: Order, read: Callable[[str], T]) -> tuple[T, str | None, float | None]:
        """What the model answered, with its reason and its probability where it gives them."""
        message = {"role": "user", "content": prompt(asked, order, rubric=self.name == "rubric")}
        for attempt in range(_ATTEMPTS - 1):
            try:
                return self._once(message, str(attempt), read)
            except GarbledAnswer:
                continue
        return self._once(message, str(_ATTEMPTS - 1), read)

    def _once(
        self, message: dict[str, str], sample: str, read: Callable[[str], T]
    ) -> tuple[T, str | None, float | None]:
        reply = self._models.ask(
            self._endpoint, [message], self._patience, programme=self._programme, sample=sample, wishes=_WISHES
        )
        if self.name == "rubric":
            code, reason = read_reasoned(reply.text)
            return read(code), reason, None
        return read(reply.text), None, _probability(reply)


def _probability(reply: Reply) -> float | None:
    """The probability that the model gave to the words it wrote; None where its endpoint does not tell.

    >>> _probability(Reply("tie"))
    """
    if reply.logprobs is None:
        return None
    return round(min(1.0, math.exp(sum(token.logprob for token in reply.logprobs))), 4)


def _smaller(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else min(one, other)
