"""A provider that failed is left alone for a while, so that it does not cost every batch its time."""

from __future__ import annotations

import time


class Rest:
    """Whether a provider rests, and why."""

    def __init__(self, seconds: float) -> None:
        """It rests this long after a failure."""
        self._seconds = seconds
        self._until = 0.0
        self._reason: str | None = None

    def begin(self, reason: str) -> None:
        """It failed for this reason.

        >>> rest = Rest(60)
        >>> rest.begin("the model endpoint cannot be reached")
        >>> rest.reason()
        'the model endpoint cannot be reached'
        """
        self._reason, self._until = reason, time.monotonic() + self._seconds

    def reason(self) -> str | None:
        """Why it is left alone now; None if it may be asked."""
        return self._reason if time.monotonic() < self._until else None
