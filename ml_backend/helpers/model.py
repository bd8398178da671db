"""What a helper is asked and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from guidelines.model import Guideline, Question
from plugins.items import Item
from plugins.suggestions import Mark

INCONSISTENT = "the answer changed with the order of the responses"


@dataclass(frozen=True)
class Asked:
    """One question about one item in its locale, for targets as `plugins.suggestions` names them.

    A ranking is asked about all responses together, any other question about one target.
    """

    item: Item
    guideline: Guideline
    question: Question
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """What a helper says for one target, in the order of the item's file.

    `value` is None where it came to no answer, for this `reason`; otherwise the reason is why it chose the value, where
    it says so. `probability` is the model's own for its words, where its endpoint tells it.
    """

    value: str | None
    provider: str
    reason: str | None = None
    marks: tuple[Mark, ...] = ()
    probability: float | None = None


class Helper(Protocol):
    """Somebody who suggests answers. An instance is used by several threads."""

    @property
    def name(self) -> str:
        """What kind of helper it is: judge, rubric, grammar."""

    @property
    def at_once(self) -> int:
        """How many questions it takes at once."""

    def propose(self, asked: Asked) -> list[Proposal]:
        """One proposal per target, in order. Raises MLBackendError, with a message that is safe to show."""
