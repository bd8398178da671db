"""What can go wrong with Argilla alone; everything else is in `plugins.errors`.

PluginError
├── InvalidSettings   a workflow that Argilla cannot show (also a ValueError)
└── FrozenDataset     a published dataset that would need another form or other codes
"""

from __future__ import annotations

from collections.abc import Iterable

from plugins.errors import PluginError


class InvalidSettings(PluginError, ValueError):
    """A workflow that Argilla cannot show."""


class FrozenDataset(PluginError):
    """A guideline whose questions or codes differ from those of its dataset, which Argilla no longer changes."""

    def __init__(self, dataset: str, questions: Iterable[str]) -> None:
        super().__init__(
            f"dataset {dataset} is published with other questions or codes: {', '.join(sorted(questions))}",
            fix="put them back as they were, or start a programme of another name for the new guideline",
        )
