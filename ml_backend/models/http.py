"""An HTTP client whose time-outs bound a whole answer, not only the pause between two of its parts."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
from openai import DefaultHttpxClient

_CONNECT = 5.0  # seconds


def bounded_client() -> httpx.Client:
    """The HTTP client to give to `OpenAI(http_client=…)`."""
    return DefaultHttpxClient(event_hooks={"request": [_start_clock], "response": [_limit]})


def within(seconds: float) -> httpx.Timeout:
    """The `timeout` of a request that has this long in all."""
    return httpx.Timeout(seconds, connect=min(seconds, _CONNECT))


def _start_clock(request: httpx.Request) -> None:
    request.extensions["started"] = time.monotonic()


def _limit(response: httpx.Response) -> None:
    limit = response.request.extensions["started"] + response.request.extensions["timeout"]["read"]
    if isinstance(response.stream, httpx.SyncByteStream):
        response.stream = _Limited(response.stream, limit)


class _Limited(httpx.SyncByteStream):
    """A body that must end by a deadline: an endpoint that drips bytes never exceeds the time between two of them."""

    def __init__(self, stream: httpx.SyncByteStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def __iter__(self) -> Iterator[bytes]:
        for part in self._stream:
            if time.monotonic() > self._deadline:
                raise httpx.ReadTimeout("the answer goes on after its time")
            yield part

    def close(self) -> None:
        self._stream.close()
