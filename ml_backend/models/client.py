"""One OpenAI-compatible endpoint, which may be slow, partial or broken: one attempt, held to its time."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx
from openai import OpenAI

from ml_backend.models.failures import explained
from ml_backend.models.http import bounded_client, within
from ml_backend.models.reply import Reply, join
from ml_backend.settings import Endpoint

T = TypeVar("T")


class Client:
    """An endpoint's client, for several threads; its connections are closed when it is forgotten."""

    def __init__(self, endpoint: Endpoint) -> None:
        http = bounded_client()
        # Retries are ours: the client's may sleep as long as the server tells it to.
        with explained():
            self._openai = OpenAI(
                base_url=endpoint.url, api_key=endpoint.key or "none", max_retries=0, http_client=http
            )
        weakref.finalize(self, http.close)

    def chat(self, request: Mapping[str, Any], seconds: float) -> Reply:
        """The answer to a chat request, read as it is written. Raises ModelFailed like `call`."""

        # In the body as they are: the client refuses parameters that it does not know, and endpoints have their own.
        more = {name: value for name, value in request.items() if name not in ("model", "messages", "stream")}

        def stream(client: OpenAI, timeout: httpx.Timeout) -> Reply:
            chunks: Any = client.chat.completions.create(
                model=request["model"], messages=request["messages"], stream=True, extra_body=more, timeout=timeout
            )
            with chunks:
                return join(chunks)

        return self.call(stream, seconds)

    def call(self, function: Callable[[OpenAI, httpx.Timeout], T], seconds: float) -> T:
        """What `function(client, timeout)` returns within these seconds.

        Raises ModelFailed, whose message is safe to show: it repeats nothing of what the endpoint said.
        """
        with explained():
            return function(self._openai, within(seconds))
