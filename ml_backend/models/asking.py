"""Asking a model: from what is kept, or within the endpoint's limits and the programme's budget, again if need be."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ml_backend import metrics
from ml_backend.errors import ModelFailed, PassingFailure, RequestRefused
from ml_backend.models.budget import Bill, Budget, estimated_tokens
from ml_backend.models.cache import Cache, content_key
from ml_backend.models.draws import Draws
from ml_backend.models.health import Health
from ml_backend.models.limits import Limits
from ml_backend.models.patience import Patience
from ml_backend.models.reply import Reply
from ml_backend.models.store import Store
from ml_backend.settings import Endpoint, Settings

if TYPE_CHECKING:
    import httpx
    from openai import OpenAI

    from ml_backend.models.client import Client

_ATTEMPTS = 4
_ATTEMPTS_AHEAD = 7
_PAUSE = 0.25  # seconds before the second attempt, twice as long before each further one
_LONGEST_PAUSE = 300.0  # seconds; an endpoint that asks for more is asked another time
_USAGE = {"stream_options": {"include_usage": True}}

Message = Mapping[str, str]
T = TypeVar("T")


class Models:
    """The models of the settings, for several threads; what must hold for all processes is kept in the folder."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        store = Store(folder)
        self.draws, self.budget = Draws(store), Budget(store)
        self._cache, self._limits = Cache(store), Limits(store)
        self.health = Health(settings.models)
        self._clients: dict[tuple[str, str], Client] = {}
        self._plain: set[str] = set()  # endpoints that refuse the parameters that they need not know
        self._lock = threading.Lock()

    def ask(
        self,
        endpoint: Endpoint,
        messages: Sequence[Message],
        patience: Patience,
        *,
        programme: str | None = None,
        sample: str = "0",
        parameters: Mapping[str, Any] | None = None,
        wishes: Mapping[str, Any] | None = None,
    ) -> Reply:
        """The model's next turn in this conversation; the same question for the same `sample` is asked once ever.

        `parameters` are those of a chat request and win over the endpoint's; `wishes` (logprobs, …) too, but an
        endpoint that refuses them answers without. Raises ModelFailed, whose message is safe to show.
        """
        request = {**endpoint.parameters, **(parameters or {}), "model": endpoint.model, "messages": list(messages)}
        key = content_key(endpoint, {**request, **(wishes or {})}, sample)
        if kept := self._cache.get(key):
            metrics.MODEL_REQUESTS.labels(endpoint.name, "cached").inc()
            return kept
        return self._cache.put(key, endpoint.name, self._chat(endpoint, request, wishes or {}, patience, programme))

    def call(
        self,
        endpoint: Endpoint,
        function: Callable[[OpenAI, httpx.Timeout], T],
        patience: Patience,
        *,
        programme: str | None = None,
    ) -> T:
        """What `function(client, timeout)` returns, for requests that are no chat; not kept, and counted as a request.

        Raises ModelFailed, whose message is safe to show.
        """

        def once(left: Patience) -> T:
            with self._turn(endpoint, left, programme, 0) as (client, seconds, _):
                return client.call(function, seconds)

        return _persistent(once, endpoint, patience)

    def _chat(
        self,
        endpoint: Endpoint,
        request: dict[str, Any],
        wishes: Mapping[str, Any],
        patience: Patience,
        programme: str | None,
    ) -> Reply:
        def asked(wanted: Mapping[str, Any]) -> Reply:
            whole = {**request, **wanted}
            return _persistent(lambda left: self._once(endpoint, whole, left, programme), endpoint, patience)

        if endpoint.name in self._plain:
            return asked({})
        try:
            return asked({**_USAGE, **wishes})
        except RequestRefused:
            reply = asked({})
        self._plain.add(endpoint.name)
        return reply

    def _once(self, endpoint: Endpoint, request: dict[str, Any], patience: Patience, programme: str | None) -> Reply:
        prompt = sum(estimated_tokens(message["content"]) for message in request["messages"])
        most = prompt + _longest(request)
        with self._turn(endpoint, patience, programme, most) as (client, seconds, bill):
            bill.estimate = prompt
            reply = client.chat(request, seconds)
            bill.tokens, bill.estimate = reply.tokens, prompt + estimated_tokens(reply.text)
            return reply

    @contextmanager
    def _turn(
        self, endpoint: Endpoint, patience: Patience, programme: str | None, most: int
    ) -> Iterator[tuple[Client, float, Bill]]:
        """A block that sends one request: on the programme's bill, when the limits allow it, counted and timed."""
        with self._billed(programme, most) as bill, self._limits.turn(endpoint, patience):
            client, seconds = self._client(endpoint), min(endpoint.seconds, patience.left)
            if seconds <= 0:
                raise ModelFailed("out of time")
            bill.sent = True
            with _counted(endpoint.name):
                yield client, seconds, bill

    @contextmanager
    def _billed(self, programme: str | None, most: int) -> Iterator[Bill]:
        if programme is None:
            yield Bill()
            return
        with self.budget.spending(programme, self.settings.use(programme), most) as bill:
            try:
                yield bill
            except (PassingFailure, RequestRefused):
                bill.estimate = 0
                raise

    def _client(self, endpoint: Endpoint) -> Client:
        # Imported here: the client takes a second to load, which every command would pay.
        from ml_backend.models.client import Client  # noqa: PLC0415

        with self._lock:
            key = (endpoint.name, endpoint.url)
            if key not in self._clients:
                self._clients[key] = Client(endpoint)
            return self._clients[key]


def _longest(request: Mapping[str, Any]) -> int:
    """Tokens that the answer may have, where the request says so."""
    given = request.get("max_completion_tokens", request.get("max_tokens"))
    return given if isinstance(given, int) else 0


def _persistent(once: Callable[[Patience], T], endpoint: Endpoint, patience: Patience) -> T:
    """What `once` returns, tried again while it fails in passing and time is left.

    People wait no longer than the endpoint's `seconds` in all; ahead of labelling each attempt may take so long.
    """
    left = patience if patience.ahead else patience.within(endpoint.seconds)
    for attempt in range((_ATTEMPTS_AHEAD if patience.ahead else _ATTEMPTS) - 1):
        try:
            return once(left)
        except PassingFailure as failure:
            pause = _pause(attempt, failure.wait)
            if pause > _LONGEST_PAUSE:
                raise
            left.wait(pause, failure)
    return once(left)


def _pause(attempt: int, asked: float | None) -> float:
    """Seconds before the next attempt: as asked, else longer each time; random, so that workers do not come at once."""
    pause = _PAUSE * (1 << attempt) * random.uniform(0.5, 1.5)  # noqa: S311 - nothing secret
    return max(asked or 0.0, pause)


@contextmanager
def _counted(name: str) -> Iterator[None]:
    started = time.monotonic()
    outcome = "failed"
    try:
        yield
        outcome = "answered"
    finally:
        metrics.MODEL_REQUESTS.labels(name, outcome).inc()
        metrics.MODEL_SECONDS.labels(name).observe(time.monotonic() - started)
