"""What can go wrong when a task is previewed.

ConcordError
└── EditorMissing            Label Studio's front end is not installed, or is another one than the known
"""

from __future__ import annotations

from guidelines.errors import ConcordError


class EditorMissing(ConcordError):
    """Label Studio's front end cannot be found in this Python environment."""

    def __init__(self) -> None:
        super().__init__(
            "Label Studio's front end is not installed in this Python environment, and it shows the tasks",
            fix='install it with: pip install "concord[server]", or use make run',
        )
