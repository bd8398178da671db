"""Screening text by text, as far as the time goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ml_backend.screens.model import Outcome, Text, unscreened


def one_by_one(screen: Callable[[Text], Outcome], texts: Sequence[Text], deadline: float) -> list[Outcome]:
    """One outcome per text, in order; those not reached by the deadline (`time.monotonic()` seconds) are unscreened.

    >>> one_by_one(lambda text: Outcome("screened", 0.0), [Text("demo/one", "Hello")], deadline=0.0)[0].reason
    'out of time'
    """
    return [screen(text) if time.monotonic() < deadline else unscreened("out of time") for text in texts]
