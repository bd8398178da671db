"""Whether the model endpoints can be reached, told within a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx

from ml_backend.settings import Endpoint

_SECONDS = 0.8  # for one look at an endpoint
_FRESH = 15.0  # seconds that a look is good for


class Health:
    """The endpoints' state, looked at again after a quarter of a minute; for several threads."""

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._endpoints = endpoints
        self._looks: dict[str, tuple[float, str | None]] = {}
        self._lock = threading.Lock()

    def troubles(self) -> dict[str, str | None]:
        """Why an endpoint cannot be used now, by name, in words that are safe to show; None if it can be reached.

        An endpoint that answers with an error of its own can be reached: some do not list their models.
        """
        with self._lock:
            oldest = time.monotonic() - _FRESH
            stale = [name for name in self._endpoints if self._looks.get(name, (0.0, None))[0] < oldest]
            if stale:
                with ThreadPoolExecutor(len(stale)) as pool:
                    found = pool.map(_trouble, (self._endpoints[name] for name in stale))
                    self._looks |= {
                        name: (time.monotonic(), trouble) for name, trouble in zip(stale, found, strict=True)
                    }
            return {name: self._looks[name][1] for name in self._endpoints}


def _trouble(endpoint: Endpoint) -> str | None:
    headers = {"Authorization": f"Bearer {endpoint.key or 'none'}"}
    try:
        with httpx.stream("GET", f"{endpoint.url.rstrip('/')}/models", headers=headers, timeout=_SECONDS) as answer:
            refused = answer.status_code in (401, 403)
    except httpx.HTTPError:
        return "the model endpoint cannot be reached"
    return f"the model endpoint refuses the key: {answer.status_code}" if refused else None
