"""Toy texts about harm that a tiny model can tell apart, and how a test asks a provider."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ml_backend.screens.model import Outcome, Text
from ml_backend.screens.toxicity.model import Provider
from ml_backend.screens.toxicity.screen import ToxicityScreen

EXAMPLES = [
    ("kill", "threat"),
    ("filth", "insult"),
    ("a nice cat", "fine"),
    ("i will kill you", "threat"),
    ("we kill them all", "threat"),
    ("you are filth", "insult"),
    ("they are filth", "insult"),
    ("have a nice day", "fine"),
    ("the cat will sleep all day", "fine"),
    ("are you nice", "fine"),
    ("we sleep", "fine"),
    ("sleep sleep sleep sleep", "fine"),
    ("sleep sleep i will kill you", "threat"),
]
LABELS = {"threat": "violent_crimes", "insult": "hate"}


def screened(
    provider: Provider, texts: Sequence[str], *, locale: str | None = "en-US", seconds: float = 60, target: str = "item"
) -> list[Outcome]:
    """What the screen over this provider, which is made for English, says of texts."""
    screen = ToxicityScreen("tiny", provider, ("en",))
    asked = [Text(f"p/{place}", text, locale, target) for place, text in enumerate(texts)]
    return screen.screen(asked, time.monotonic() + seconds)
