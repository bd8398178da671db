"""Which screens run: those that need no model unless they are switched off, and those that the settings configure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ml_backend.near_duplicates import Index
from ml_backend.screens.language import LanguageScreen
from ml_backend.screens.model import Screen
from ml_backend.screens.near_duplicate import NearDuplicateScreen
from ml_backend.screens.own_labels import OwnLabelsScreen
from ml_backend.screens.pii import PiiScreen
from ml_backend.screens.profanity import ProfanityScreen
from ml_backend.screens.semantic_duplicate import SemanticDuplicateScreen
from ml_backend.screens.toxicity.build import toxicity_screens
from ml_backend.semantic import Encoder
from ml_backend.settings import Settings

NAMES = ("near_duplicate", "language", "pii", "profanity", "own_labels", "semantic_duplicate", "toxicity")
"""What can be screened for: what is not configured is reported as unscreened, not left out."""


def build(settings: Settings, data: Path) -> list[Screen]:
    """The screens of these settings, whose own files are in the folder `data`.

    Raises InvalidSettings, and IndexUnavailable or ModelRecordsUnavailable if the folder cannot be used.
    """
    return list(_screens(settings, data))


def absent(settings: Settings, screens: Iterable[Screen]) -> dict[str, str]:
    """Why each screen that is not among these does not run."""
    there = {screen.name for screen in screens}
    there |= {"toxicity"} if any(name.startswith("toxicity") for name in there) else set()
    return {
        name: "switched off" if name in settings.off else "no provider configured"
        for name in NAMES
        if name not in there
    }


def _screens(settings: Settings, data: Path) -> Iterator[Screen]:
    if "near_duplicate" not in settings.off:
        yield NearDuplicateScreen(Index(data))
    if "language" not in settings.off:
        yield LanguageScreen()
    if "pii" not in settings.off:
        yield PiiScreen()
    if "profanity" not in settings.off:
        yield ProfanityScreen()
    if "own_labels" not in settings.off:
        yield OwnLabelsScreen(data)
    if settings.semantic_duplicate:
        yield SemanticDuplicateScreen(Encoder(**settings.semantic_duplicate), data)
    yield from toxicity_screens(settings, data)
