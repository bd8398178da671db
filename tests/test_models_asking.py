"""Asking one model: cache, retries, what endpoints leave out, and whether they can be reached."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ml_model_endpoint import Handler, ModelServer, echo, event, model_server

from ml_backend import metrics
from ml_backend.errors import ModelFailed
from ml_backend.models.asking import Models
from ml_backend.models.patience import Patience
from ml_backend.models.reply import Token
from ml_backend.settings import Endpoint, Settings, Use

HELLO = [{"role": "user", "content": "hello"}]
Behaviour = Callable[[Handler, dict[str, Any]], None]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server


@pytest.fixture
def models(server: ModelServer, tmp_path: Path) -> Models:
    return Models(replace(server.settings, programmes={"demo": Use(("aurora",))}), tmp_path)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Each request in its own way."""
    left = iter(behaviours)

    def next_one(handler: Handler, body: dict[str, Any]) -> None:
        next(left)(handler, body)

    return next_one


def status(code: int, **headers: str) -> Behaviour:
    return lambda handler, _: handler.send(b"{}", code, "application/json", **headers)


def soon(seconds: float = 10.0) -> Patience:
    return Patience().within(seconds)


def test_the_same_question_is_asked_once(models: Models, server: ModelServer, tmp_path: Path) -> None:
    """Also by another process later; another sample, message, parameter, model or iteration is another question."""
    endpoint = server.endpoint
    assert models.ask(endpoint, HELLO, soon()) == models.ask(endpoint, HELLO, soon())
    assert Models(server.settings, tmp_path).ask(endpoint, HELLO, soon()).text == "HELLO"
    assert len(server.seen.requests) == 1
    models.ask(endpoint, HELLO, soon(), sample="1")
    models.ask(endpoint, [*HELLO, *HELLO], soon())
    models.ask(endpoint, HELLO, soon(), parameters={"temperature": 0})
    models.ask(replace(endpoint, iteration="8"), HELLO, soon())
    models.ask(replace(endpoint, model="other"), HELLO, soon())
    models.ask(replace(endpoint, parameters={"top_p": 0.5}), HELLO, soon())
    assert len(server.seen.requests) == 7


def test_a_failure_is_not_kept(models: Models, server: ModelServer) -> None:
    """The next time the model is asked again."""
    server.behave = status(401)
    with pytest.raises(ModelFailed):
        models.ask(server.endpoint, HELLO, soon())
    server.behave = echo
    assert models.ask(server.endpoint, HELLO, soon()).text == "HELLO"


def test_the_parameters_of_a_model_and_of_a_question_are_sent(models: Models, server: ModelServer) -> None:
    """Those of the question win."""
    endpoint = replace(server.endpoint, parameters={"temperature": 0.7, "max_tokens": 50})
    models.ask(endpoint, HELLO, soon(), parameters={"temperature": 0})
    assert {name: server.seen.requests[0][name] for name in ("temperature", "max_tokens", "stream", "model")} == {
        "temperature": 0,
        "max_tokens": 50,
        "stream": True,
        "model": "aurora-7b",
    }


def test_an_endpoint_has_parameters_and_answers_of_its_own(models: Models, server: ModelServer) -> None:
    """What the client does not know is sent too; of several answers the first is taken."""

    def two(handler: Handler, _: dict[str, Any]) -> None:
        parts = [(0, "first "), (1, "second "), (0, "one"), (1, "two")]
        chunks = [{"choices": [{"index": index, "delta": {"content": text}}]} for index, text in parts]
        handler.send(b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks))

    server.behave = two
    endpoint = replace(server.endpoint, parameters={"top_k": 5, "n": 2, "stream": False})
    assert models.ask(endpoint, HELLO, soon()).text == "first one"
    assert {name: server.seen.requests[0][name] for name in ("top_k", "n", "stream")} == {
        "top_k": 5,
        "n": 2,
        "stream": True,
    }


def test_an_address_that_is_none_is_a_failure_in_our_words(tmp_path: Path) -> None:
    """Also of the health."""
    endpoint = Endpoint("aurora", "http://[", "aurora-7b")
    models = Models(Settings(models={"aurora": endpoint}), tmp_path)
    with pytest.raises(ModelFailed, match="the model endpoint"):
        models.ask(endpoint, HELLO, soon())
    assert models.health.troubles() == {"aurora": "the model endpoint cannot be reached"}


def _with_logprobs(handler: Handler, _: dict[str, Any]) -> None:
    top = [{"token": "Yes", "logprob": -0.1}, {"token": "No", "logprob": -2.4}]
    content = [{"token": "Yes", "logprob": -0.1, "top_logprobs": top}]
    chunk = {"choices": [{"index": 0, "delta": {"content": "Yes"}, "logprobs": {"content": content}}]}
    handler.send(b"data: " + json.dumps(chunk).encode() + b"\n\ndata: [DONE]\n\n")


WISHES = {"logprobs": True, "top_logprobs": 5}


def test_log_probabilities_are_read_and_kept(models: Models, server: ModelServer) -> None:
    """Each token with those that could have stood in its place, from the endpoint and from what is kept."""
    server.behave = _with_logprobs
    for _ in range(2):
        reply = models.ask(server.endpoint, HELLO, soon(), wishes=WISHES)
        assert (reply.text, reply.logprobs) == ("Yes", (Token("Yes", -0.1, {"Yes": -0.1, "No": -2.4}),))
    assert len(server.seen.requests) == 1


def test_an_endpoint_may_leave_out_log_probabilities(models: Models, server: ModelServer) -> None:
    """An answer without them is an answer."""
    reply = models.ask(server.endpoint, HELLO, soon(), wishes=WISHES)
    assert (reply.text, reply.logprobs, reply.tokens) == ("HELLO", None, 9)


def test_an_endpoint_may_refuse_what_it_need_not_know(models: Models, server: ModelServer) -> None:
    """It is asked once more without, and from then on only so."""

    def strict(handler: Handler, body: dict[str, Any]) -> None:
        (status(422) if {"logprobs", "stream_options"} & set(body) else echo)(handler, body)

    server.behave = strict
    assert models.ask(server.endpoint, HELLO, soon(), wishes=WISHES).text == "HELLO"
    assert models.ask(server.endpoint, HELLO, soon(), wishes=WISHES, sample="1").text == "HELLO"
    assert len(server.seen.requests) == 3


def test_a_request_that_is_refused_for_itself_is_a_failure(models: Models, server: ModelServer) -> None:
    """Refused with and without what may be left out: said so, and asked in full the next time."""
    server.behave = status(400)
    with pytest.raises(ModelFailed, match="answered 400"):
        models.ask(server.endpoint, HELLO, soon())
    server.behave = echo
    models.ask(server.endpoint, HELLO, soon())
    assert [("stream_options" in request) for request in server.seen.requests] == [True, False, True]


def test_an_endpoint_that_asks_to_wait_is_asked_after_that(models: Models, server: ModelServer) -> None:
    """Retry-After is kept to."""
    server.behave = in_turn(status(429, Retry_After="2"), echo)
    started = time.monotonic()
    assert models.ask(server.endpoint, HELLO, soon()).text == "HELLO"
    assert 2.0 <= time.monotonic() - started < 4.0


def test_nobody_waits_for_an_endpoint_that_asks_for_too_much(models: Models, server: ModelServer) -> None:
    """A Retry-After beyond the deadline is a failure at once."""
    server.behave = status(429, Retry_After="60")
    started = time.monotonic()
    with pytest.raises(ModelFailed, match="answered 429"):
        models.ask(server.endpoint, HELLO, soon())
    assert time.monotonic() - started < 1.0
    assert len(server.seen.requests) == 1


def test_each_attempt_is_a_request_of_the_budget(models: Models, server: ModelServer) -> None:
    """Three requests were sent; the tokens are those of the answer, and none of them is an estimate."""
    server.behave = in_turn(status(500), status(503), echo)
    models.ask(server.endpoint, HELLO, soon(), programme="demo")
    spent = models.budget.spent("demo")
    assert (spent.requests, spent.tokens, spent.estimated) == (3, 9, 0)


def test_tokens_that_no_endpoint_counts_are_estimated(models: Models, server: ModelServer) -> None:
    """A token for three bytes, of the question and the answer, marked as an estimate."""
    server.behave = lambda handler, _: handler.send(event("hello back"))
    models.ask(server.endpoint, HELLO, soon(), programme="demo")
    spent = models.budget.spent("demo")
    assert (spent.requests, spent.tokens, spent.estimated) == (1, 2 + 4, 2 + 4)


def test_what_no_store_takes_is_taken_out_of_answers(models: Models, server: ModelServer) -> None:
    """Line ends are those that browsers keep; a NUL and half a character become the replacement character."""
    server.behave = lambda handler, _: handler.send(event("a\r\nb\rc\0d\ud800e"))
    assert models.ask(server.endpoint, HELLO, soon()).text == "a\nb\nc\ufffdd\ufffde"


def test_an_endpoint_that_is_down_is_a_failure_in_our_words(tmp_path: Path) -> None:
    """It is tried for as long as the endpoint's time allows."""
    endpoint = Endpoint("aurora", "http://127.0.0.1:9/v1", "aurora-7b", seconds=1.5)
    with pytest.raises(ModelFailed, match="the model endpoint cannot be reached"):
        Models(Settings(), tmp_path).ask(endpoint, HELLO, Patience())


def test_requests_that_are_no_chat_are_limited_and_counted_too(models: Models, server: ModelServer) -> None:
    """What the function returns is returned; passing failures are tried again."""
    server.behave = in_turn(status(500), lambda handler, _: handler.send(b'{"results": []}', 200, "application/json"))
    found = models.call(
        server.endpoint,
        lambda client, timeout: client.moderations.create(input="hello", timeout=timeout),
        soon(),
        programme="demo",
    )
    assert found.results == []
    assert models.budget.spent("demo").requests == 2


def test_requests_are_counted_and_timed_for_prometheus(models: Models, server: ModelServer) -> None:
    """By model and outcome."""

    def counted(outcome: str) -> float:
        return float(metrics.MODEL_REQUESTS.labels("aurora", outcome)._value.get())

    before = {outcome: counted(outcome) for outcome in ("answered", "failed", "cached")}
    server.behave = in_turn(status(500), echo)
    models.ask(server.endpoint, HELLO, soon())
    models.ask(server.endpoint, HELLO, soon())
    assert {outcome: counted(outcome) - before[outcome] for outcome in before} == dict.fromkeys(before, 1.0)


def test_health_tells_which_endpoints_can_be_reached(server: ModelServer, tmp_path: Path) -> None:
    """Down, refusing the key, or up, even where the list of models is an error; it is kept for a while."""
    server.lists = 500
    down = Endpoint("down", "http://127.0.0.1:9/v1", "m")
    health = Models(Settings(models={"aurora": server.endpoint, "down": down}), tmp_path).health
    assert health.troubles() == {"aurora": None, "down": "the model endpoint cannot be reached"}
    server.lists = 401
    assert health.troubles()["aurora"] is None
    fresh = Models(server.settings, tmp_path).health
    assert fresh.troubles() == {"aurora": "the model endpoint refuses the key: 401"}


def test_health_does_not_wait_for_a_silent_endpoint(server: ModelServer, tmp_path: Path) -> None:
    """It is told after half a second that it has not answered, and later that it cannot be reached."""
    server.lists = 0
    health = Models(server.settings, tmp_path).health
    started = time.monotonic()
    assert health.troubles() == {"aurora": "the model endpoint has not answered yet"}
    assert time.monotonic() - started < 0.9
    while time.monotonic() - started < 20 and "not answered yet" in str(health.troubles()["aurora"]):
        time.sleep(0.05)
    assert health.troubles() == {"aurora": "the model endpoint cannot be reached"}
