"""The items of a programme: prompts with what is shown beside them, and what is known about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Response:
    """A response to judge, and the model that wrote it."""

    text: str
    model: str
    iteration: str | None = None


@dataclass(frozen=True)
class SeededError:
    """A known error in the first response: offsets in code points."""

    start: int
    end: int
    text: str
    category: str
    severity: str


@dataclass(frozen=True)
class Item:
    """A prompt with its responses, claims and materials, as far as its workflow shows them.

    `gold` maps a question, or `question@target` (a, b, …, claim_1, …), to its code, for the order of `responses`.
    """

    item: str
    workflow: str
    locale: str
    prompt: str
    responses: tuple[Response, ...]
    domain: str | None = None
    batch: str | None = None
    gold: Mapping[str, str] | None = None
    seeded_errors: tuple[SeededError, ...] | None = None
    claims: tuple[str, ...] = ()
    materials: Mapping[str, str] = field(default_factory=dict)

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text that annotators are shown."""
        responses = (response.text for response in self.responses)
        return (self.prompt, *responses, *self.claims, *self.materials.values())


def read_item(row: Mapping[str, Any], workflow: str, locale: str) -> Item:
    """The item of a line in a programme's items, in the form of the schema."""
    responses = tuple(Response(**response) for response in row["responses"])
    seeded = row.get("seeded_errors")
    errors = None if seeded is None else tuple(SeededError(**error) for error in seeded)
    claims, materials = tuple(row.get("claims", ())), row.get("materials", {})
    rest = {name: row.get(name) for name in ("domain", "batch", "gold")}
    head: dict[str, Any] = {"responses": responses, "claims": claims, "materials": materials, **rest}
    return Item(row["item"], workflow, locale, row["prompt"], seeded_errors=errors, **head)
