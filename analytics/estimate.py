"""A figure with what is needed to trust it: interval, method, for whom it holds, and how much it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SMALL = 30
"""Below so many items a sample is small."""

Over = Literal["items", "items_and_raters"]


@dataclass(frozen=True)
class Estimate:
    """A value and its interval.

    `over` says for whom the interval holds: `items` is these annotators on other items, `items_and_raters` is other
    annotators as well. `undefined` says why something is missing: the interval, where `value` is there and `low` is
    None, else the value itself. `n_items`, `n_judgments` and `n_annotators` count what the value rests on; `small`
    says that these are fewer than 30 items.
    """

    value: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    over: str
    n_items: int
    n_judgments: int
    n_annotators: int
    undefined: str | None = None
    small: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "small", self.n_items < SMALL)
