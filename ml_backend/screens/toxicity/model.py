"""What every provider of harm probabilities can be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ml_backend.screens.model import Text


@dataclass(frozen=True)
class Reading:
    """What a provider says of one text: the probability of each harm category it gave one for, 0 to 1.

    `covers` is what it read, where that is not all. With a `reason` it says nothing, and that is why.
    """

    categories: Mapping[str, float] = field(default_factory=dict)
    covers: str | None = None
    reason: str | None = None


class Provider(Protocol):
    """Reads texts for harm. An instance is used by several threads."""

    @property
    def version(self) -> str:
        """The model, with what tells its versions apart."""

    def read(self, texts: Sequence[Text], deadline: float) -> list[Reading]:
        """One reading per text, in order, by the deadline (`time.monotonic()` seconds).

        Raises MLBackendError, with a message that is safe to show, when it can read none.
        """

    def trouble(self) -> str | None:
        """Why it cannot read now, in words that are safe to show; None if it can. Answers at once."""


def is_probability(value: object) -> bool:
    """Whether a value is a number from 0 to 1.

    >>> is_probability(0.5), is_probability(True), is_probability(float("nan"))
    (True, False, False)
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
