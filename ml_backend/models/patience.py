"""How long a question to a model may wait for its turn and its answer."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field

from ml_backend.errors import ModelFailed

_SHORTEST = 0.5  # seconds; with less left than this, a question is not worth sending


@dataclass(frozen=True)
class Patience:
    """Until `deadline` (`time.monotonic()` seconds), or until `stopped` is set.

    Work `ahead` of labelling leaves room for the requests of people who wait.
    """

    deadline: float = math.inf
    ahead: bool = False
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()

    def wait(self, seconds: float, otherwise: ModelFailed) -> None:
        """Wait this long; raises `otherwise` at once where too little time would be left; ModelFailed when stopped."""
        if seconds > self.left - _SHORTEST:
            raise otherwise
        if self.stopped.wait(seconds):
            raise ModelFailed("stopped")

    def within(self, seconds: float) -> Patience:
        """The same, but no longer than this from now."""
        return Patience(min(self.deadline, time.monotonic() + seconds), self.ahead, self.stopped)
