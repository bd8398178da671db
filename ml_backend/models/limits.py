"""How many requests an endpoint gets at once and in a minute, from all processes on one data folder together."""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ml_backend.errors import ModelFailed
from ml_backend.models.patience import Patience
from ml_backend.models.store import Store
from ml_backend.settings import Endpoint

_MINUTE = 60.0
_LOOK = 0.05  # seconds between two looks for a free place

_BUSY = "too many requests wait for the model"


class Limits:
    """Places and starts, kept beside the store: a killed process frees its places at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folder = store.folder / "places"
        self._folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def turn(self, endpoint: Endpoint, patience: Patience) -> Iterator[None]:
        """A block in which one request may be sent; waits for a place and for the minute's rate.

        Raises ModelFailed when there would be none in time.
        """
        with self._place(endpoint, patience):
            self._start(endpoint, patience)
            yield

    @contextmanager
    def _place(self, endpoint: Endpoint, patience: Patience) -> Iterator[None]:
        """One of the endpoint's places: a locked file each, which the system unlocks when a process dies."""
        places = places_of(endpoint, ahead=patience.ahead)
        name = hashlib.sha256(endpoint.name.encode()).hexdigest()[:16]
        while (held := self._locked(name, places)) is None:
            patience.wait(_LOOK * random.uniform(0.5, 1.5), ModelFailed(_BUSY))  # noqa: S311 - nothing secret
        try:
            yield
        finally:
            os.close(held)

    def _locked(self, name: str, places: int) -> int | None:
        for place in range(places):
            file = os.open(self._folder / f"{name}.{place}", os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
            else:
                return file
        return None

    def _start(self, endpoint: Endpoint, patience: Patience) -> None:
        """Wait for the next start that the rate allows: no minute, wherever it begins, has more than its number."""
        if endpoint.requests_per_minute is None:
            return
        with self._store.writing() as database:
            now = time.time()
            database.execute("DELETE FROM starts WHERE endpoint = ? AND at < ?", (endpoint.name, now - 2 * _MINUTE))
            # A start may be reserved ahead of time; so the newest ones may lie in the future.
            row = database.execute(
                "SELECT at FROM starts WHERE endpoint = ? ORDER BY at DESC LIMIT 1 OFFSET ?",
                (endpoint.name, _per_minute(endpoint.requests_per_minute, ahead=patience.ahead) - 1),
            ).fetchone()
            at = max(now, row[0] + _MINUTE) if row else now
            if at - now < patience.left:
                database.execute("INSERT INTO starts VALUES (?, ?)", (endpoint.name, at))
        patience.wait(at - now, ModelFailed(_BUSY))


def places_of(endpoint: Endpoint, *, ahead: bool) -> int:
    """Requests at once: work ahead of labelling leaves a place for people who wait, where there are two."""
    return max(1, endpoint.requests_at_once - 1) if ahead else endpoint.requests_at_once


def _per_minute(rate: int, *, ahead: bool) -> int:
    """Work ahead of labelling leaves a fifth of the rate."""
    return max(1, rate - -(-rate // 5)) if ahead else rate
