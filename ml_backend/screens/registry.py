"""Which screens run: those that need no model unless they are switched off, and those that the settings configure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ml_backend.near_duplicates import Index
from ml_backend.screens.model import Screen
from ml_backend.screens.near_duplicate import NearDuplicateScreen
from ml_backend.settings import Settings

NAMES = ("near_duplicate", "language", "pii", "profanity", "own_labels", "semantic_duplicate", "toxicity")
"""What can be screened for: what is not configured is reported as unscreened, not left out."""


def build(settings: Settings, data: Path) -> list[Screen]:
    """The screens of these settings, whose own files are in the folder `data`.

    Raises InvalidSettings, and IndexUnavailable if the folder cannot be used.
    """
    return list(_screens(settings, data))


def _screens(settings: Settings, data: Path) -> Iterator[Screen]:
    if "near_duplicate" not in settings.off:
        yield NearDuplicateScreen(Index(data))
