"""What a screen is asked and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

PROMPT = "item"
"""The target of an item's prompt; a response's target is its position: a, b, …"""


@dataclass(frozen=True)
class Text:
    """A text to screen: `key` is `<project>/<item>`, `target` which text of the item.

    `locale` and `programme` are None where they are not known.
    """

    key: str
    text: str
    locale: str | None = None
    target: str = PROMPT
    programme: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What one screen says of one text.

    `score` is 0 to 1, higher is more of what the screen looks for; None where it gives none, and always where it is
    unscreened. `kind` names the finding in one word (near, hate, email, …; None where nothing was found), `reason` says
    why it did not run, `covers` what of the text was read where that is not all. `provider` is who answered, where that
    differs from text to text. `findings` are JSON values.
    """

    status: Literal["screened", "unscreened"]
    score: float | None = None
    kind: str | None = None
    reason: str | None = None
    covers: str | None = None
    provider: str | None = None
    findings: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain values, without what is not known.

        >>> unscreened("no word list for this language").to_json()
        {'status': 'unscreened', 'reason': 'no word list for this language'}
        """
        named = {name: getattr(self, name) for name in ("status", "score", "kind", "reason", "covers", "provider")}
        return {name: value for name, value in named.items() if value is not None} | dict(self.findings)


def unscreened(reason: str) -> Outcome:
    """The outcome of a screen that did not run: it never says that a text is safe."""
    return Outcome("unscreened", reason=reason)


class Screen(Protocol):
    """One kind of screen with its provider. An instance is used by several threads."""

    @property
    def name(self) -> str:
        """What it looks for: near_duplicate, language, pii, …"""

    @property
    def provider(self) -> str:
        """Who answers, with version: outcomes of different providers cannot be compared."""

    @property
    def prompts_only(self) -> bool:
        """Whether it is not asked about responses."""

    def screen(self, texts: Sequence[Text], deadline: float) -> list[Outcome]:
        """One outcome per text, in order, by the deadline (`time.monotonic()` seconds).

        A text that cannot be screened is `unscreened`. Raises MLBackendError, with a message that is safe to show, when
        none can.
        """

    def trouble(self) -> str | None:
        """Why it cannot run now, in words that are safe to show; None if it can. Answers within a tenth of a second."""
