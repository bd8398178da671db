"""Whether the model endpoints can be reached."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import httpx

from ml_backend.settings import Endpoint

_SECONDS = 2.0  # for one look at an endpoint
_PATIENCE = 0.4  # seconds to wait for looks: Label Studio gives a health check one second
_FRESH = 15.0  # seconds that a look is good for


@dataclass(frozen=True)
class _Look:
    began: float
    found: Future[str | None]
    before: str | None


class Health:
    """The endpoints' state, looked at again after a quarter of a minute; for several threads."""

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._endpoints = endpoints
        self._looks: dict[str, _Look] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max(1, len(endpoints)))

    def troubles(self) -> dict[str, str | None]:
        """Why an endpoint cannot be used now, by name, in words that are safe to show; None if it can be reached.

        Answers within half a second: of an endpoint that takes longer, what was known before. An endpoint that answers
        with an error of its own can be reached: some do not list their models.
        """
        with self._lock:
            for name, endpoint in self._endpoints.items():
                if name not in self._looks or time.monotonic() - self._looks[name].began > _FRESH:
                    began, before = time.monotonic(), self._known(name)
                    self._looks[name] = _Look(began, self._pool.submit(_trouble, endpoint), before)
            looks = dict(self._looks)
        wait([look.found for look in looks.values()], _PATIENCE)
        return {name: self._known(name) for name in looks}

    def _known(self, name: str) -> str | None:
        if name not in self._looks:
            return "the model endpoint has not answered yet"
        look = self._looks[name]
        return look.found.result() if look.found.done() else look.before


def _trouble(endpoint: Endpoint) -> str | None:
    headers = {"Authorization": f"Bearer {endpoint.key or 'none'}"}
    try:
        with httpx.stream("GET", f"{endpoint.url.rstrip('/')}/models", headers=headers, timeout=_SECONDS) as answer:
            refused = answer.status_code in (401, 403)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return "the model endpoint cannot be reached"
    return f"the model endpoint refuses the key: {answer.status_code}" if refused else None
