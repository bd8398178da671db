"""One OpenAI-compatible endpoint, which may be slow, partial or broken: time-outs and retries."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

import httpx
from openai import OpenAI

from ml_backend.errors import ModelFailed
from ml_backend.models.failures import PassingFailure, explained
from ml_backend.models.http import bounded_client, within
from ml_backend.models.reply import Reply, join
from ml_backend.settings import Endpoint

_ATTEMPTS = 4
_PAUSE = 0.5  # seconds before the second attempt, twice as long before each further one

T = TypeVar("T")


class Client:
    """A configured endpoint; use it in a `with` block, from several threads if need be."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        # Our own retries: the client's may sleep as long as the server tells it to.
        self._client = OpenAI(
            base_url=endpoint.url, api_key=endpoint.key or "none", max_retries=0, http_client=bounded_client()
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._client.close()

    def chat(self, messages: Sequence[Mapping[str, str]], deadline: float, **parameters: Any) -> Reply:
        """The model's next turn, before the deadline (`time.monotonic()` seconds).

        `parameters` are those of a chat request (temperature, logprobs, top_logprobs, …) and win over the endpoint's.
        Raises ModelFailed, whose message is safe to show: it repeats nothing of what the endpoint said.
        """
        request = {"model": self.endpoint.model, **self.endpoint.parameters, **parameters, "messages": messages}

        def stream(client: OpenAI, timeout: httpx.Timeout) -> Reply:
            chunks: Any = client.chat.completions.create(**request, stream=True, timeout=timeout)
            with chunks:
                return join(chunks)

        return self.call(stream, deadline)

    def call(self, function: Callable[[OpenAI, httpx.Timeout], T], deadline: float) -> T:
        """What `function(client, timeout)` returns, tried again while it fails in passing and time is left.

        Raises ModelFailed like `chat`; takes no longer than the endpoint's `seconds`.
        """
        deadline = min(deadline, time.monotonic() + self.endpoint.seconds)
        for attempt in range(_ATTEMPTS - 1):
            try:
                return self._attempt(function, deadline)
            except PassingFailure as failure:
                if not _waited(_pause(attempt, failure.wait), deadline):
                    raise
        return self._attempt(function, deadline)

    def _attempt(self, function: Callable[[OpenAI, httpx.Timeout], T], deadline: float) -> T:
        left = deadline - time.monotonic()
        if left <= 0:
            raise ModelFailed("out of time")
        with explained():
            return function(self._client, within(left))


def _pause(attempt: int, asked: float | None) -> float:
    """Seconds before the next attempt: as asked, else longer each time; random, so that workers do not come at once."""
    pause = _PAUSE * (1 << attempt)
    return max(asked or 0.0, pause * random.uniform(0.5, 1.5))  # noqa: S311 - nothing secret


def _waited(seconds: float, deadline: float) -> bool:
    """Wait, unless nothing could be asked afterwards."""
    if time.monotonic() + seconds >= deadline:
        return False
    time.sleep(seconds)
    return True
