"""A model's answer to a conversation, from an OpenAI-compatible endpoint that may be slow, partial or broken."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import httpx
from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError, DefaultHttpxClient, OpenAI

from ml_backend.config import Endpoint
from ml_backend.errors import ModelFailed

_LONGEST_WAIT = 30.0  # seconds for one answer, retries included
_ATTEMPTS = 3
_PAUSE = 0.5  # seconds before the next attempt
_LONGEST_ANSWER = 50_000  # characters
_BUSY = 429


class Model:
    """A configured endpoint; use it in a `with` block, from several threads if need be."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = endpoint.name
        # Our own retries: the client's may sleep as long as the server tells it to.
        http = DefaultHttpxClient(event_hooks={"request": [_start_clock], "response": [_limit]})
        self._client = OpenAI(base_url=endpoint.url, api_key=endpoint.key or "none", max_retries=0, http_client=http)

    def __enter__(self) -> Model:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._client.close()

    def answer(self, messages: list[dict[str, str]], deadline: float) -> str:
        """The model's next turn, before the deadline (`time.monotonic()` seconds) and within half a minute.

        Raises `ModelFailed`, whose message is safe to show: it repeats nothing of what the endpoint said.
        """
        deadline = min(deadline, time.monotonic() + _LONGEST_WAIT)
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._attempt(messages, deadline)
            except _Passing:
                time.sleep(max(0.0, min(_PAUSE, deadline - time.monotonic())))
        return self._attempt(messages, deadline)

    def _attempt(self, messages: list[dict[str, str]], deadline: float) -> str:
        left = deadline - time.monotonic()
        if left <= 0:
            raise ModelFailed("out of time")
        with _explained():
            stream: Any = self._client.chat.completions.create(
                model=self.name,
                messages=messages,  # type: ignore[arg-type] # the client's types want one class per role
                stream=True,
                timeout=httpx.Timeout(left, connect=min(left, 5.0)),
            )
            with stream:
                answer = _join(stream)
        if not answer.strip():
            raise ModelFailed("the model gave no text")
        return answer


class _Passing(ModelFailed):
    """A failure that another attempt may not meet."""


@contextmanager
def _explained() -> Iterator[None]:
    """Each way an endpoint fails, in our words: its own may repeat the key."""
    try:
        yield
    except (APITimeoutError, httpx.TimeoutException) as error:
        raise ModelFailed("the model took too long") from error
    except APIStatusError as error:
        busy = error.status_code == _BUSY or error.status_code >= 500
        raise (_Passing if busy else ModelFailed)(f"the model endpoint answered {error.status_code}") from error
    except (APIConnectionError, httpx.TransportError) as error:
        raise _Passing("the model endpoint cannot be reached") from error
    except (APIError, ValueError, httpx.HTTPError) as error:
        raise ModelFailed("the model endpoint did not answer in its protocol") from error


def _start_clock(request: httpx.Request) -> None:
    request.extensions["started"] = time.monotonic()


def _limit(response: httpx.Response) -> None:
    """Hold the whole answer to the time that the HTTP client allows between two of its parts."""
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


def _join(chunks: Iterable[object]) -> str:
    parts: list[str] = []
    length = 0
    for chunk in chunks:
        parts.append(_text(chunk))
        length += len(parts[-1])
        if length > _LONGEST_ANSWER:
            raise ModelFailed(f"the model wrote more than {_LONGEST_ANSWER} characters")
    return "".join(parts)


def _text(chunk: object) -> str:
    """A chunk's text; the client does not check what endpoints send, and some chunks (usage, say) have no choices."""
    choices = getattr(chunk, "choices", None)
    first = choices[0] if isinstance(choices, list) and choices else None
    content = getattr(getattr(first, "delta", None), "content", None)
    return content if isinstance(content, str) else ""
