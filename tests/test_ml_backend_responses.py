"""Model responses, from a real HTTP server that speaks, or fails to speak, the OpenAI protocol."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from ml_model_endpoint import KEY, Handler, ModelServer, echo, event, model_server

import guidelines
from ml_backend import Config, create_app
from ml_backend.config import Analytics
from ml_backend.settings import Settings, Use
from plugins.label_studio.config import label_config
from plugins.notices import is_notice, notice

RED_TEAM = """<View><Text name="ctx" value="$goal"/>
 <TextArea name="prompt" toName="ctx" rows="2" editable="false" showSubmitButton="true"/>
 <TextArea name="response" toName="ctx" rows="2" editable="true" smart="false"/>
 <View className="concord-hidden"><TextArea name="prescreen" toName="ctx"/></View></View>"""
SINGLE = """<View><Text name="prompt" value="$prompt"/>
 <TextArea name="response" toName="prompt"/><TextArea name="prescreen" toName="prompt"/></View>"""


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server


@pytest.fixture
def client(server: ModelServer, tmp_path: Path) -> FlaskClient:
    return create_app(Config(data=tmp_path, settings=server.settings, seconds=2.0)).test_client()


def _predict(client: FlaskClient, label_config: str, *tasks: object, context: object = None) -> list[dict[str, Any]]:
    body = {"tasks": tasks, "project": "57.1", "label_config": label_config, "params": {"context": context}}
    answer = client.post("/predict", json=body)
    assert answer.status_code == 200
    return list(answer.get_json()["results"])


def _texts(result: dict[str, Any], control: str = "response") -> list[str] | None:
    found = [region["value"]["text"] for region in result["result"] if region["from_name"] == control]
    return found[0] if found else None


def _told(result: dict[str, Any]) -> dict[str, str]:
    (summary,) = _texts(result, "prescreen") or []
    return dict(json.loads(summary)["response"])


def _turns(*regions: tuple[str, str, list[str]]) -> dict[str, Any]:
    """The context of an interactive call as the labelling page sends it."""
    return {
        "result": [
            {"id": region, "from_name": name, "to_name": "ctx", "type": "textarea", "value": {"text": texts}}
            for region, name, texts in regions
        ]
    }


TASK = {"id": 203, "data": {"goal": "Get the model to insult you"}}


def test_the_first_turn_is_answered(client: FlaskClient, server: ModelServer) -> None:
    """An interactive call with one prompt gets the model's words in the response control, with the key sent along."""
    (result,) = _predict(client, RED_TEAM, TASK, context=_turns(("p", "prompt", ["hello model"])))
    assert _texts(result) == ["HELLO MODEL"]
    assert _told(result) == {"status": "given"}
    assert server.seen.requests[0]["messages"] == [{"role": "user", "content": "hello model"}]
    assert (server.seen.requests[0]["model"], server.seen.requests[0]["stream"]) == ("aurora-7b", True)
    assert server.seen.keys == [f"Bearer {KEY}"]


def test_the_second_turn_knows_the_first(client: FlaskClient, server: ModelServer) -> None:
    """The recorded second call: the whole conversation is sent, and the same region comes back with one text more."""
    context = _turns(("jWUcAHU3Z7", "prompt", ["hello model", "second turn"]), ("resp1", "response", ["HELLO MODEL"]))
    (result,) = _predict(client, RED_TEAM, TASK, context=context)
    assert _texts(result) == ["HELLO MODEL", "SECOND TURN"]
    assert [region["id"] for region in result["result"]] == ["prescreen", "resp1"]
    assert [message["role"] for message in server.seen.requests[0]["messages"]] == ["user", "assistant", "user"]


def test_a_conversation_that_a_workflow_asks_for_is_answered_with_its_history(
    client: FlaskClient, server: ModelServer
) -> None:
    """The controls are named after their question; other text areas of the form are no part of the conversation."""
    config = label_config(guidelines.load().guideline("red_team", "en-US"))
    said = ("m", "conversation__message", ["hello", "go on"]), ("r", "conversation__reply", ["HELLO"])
    context = _turns(*said, ("n", "note", ["a note to myself"]))
    (result,) = _predict(client, config, TASK, context=context)
    assert _texts(result, "conversation__reply") == ["HELLO", "GO ON"]
    assert [message["content"] for message in server.seen.requests[0]["messages"]] == ["hello", "HELLO", "go on"]


def test_a_turn_that_the_model_failed_to_answer_stays_empty(client: FlaskClient, server: ModelServer) -> None:
    """The next answer belongs to the next turn; the model hears of both messages as one, as chat templates want it."""
    (result,) = _predict(client, RED_TEAM, TASK, context=_turns(("p", "prompt", ["one", "two"])))
    assert _texts(result) == ["", "ONE\n\nTWO"]
    context = _turns(("p", "prompt", ["one", "two", "three"]), ("r", "response", ["", "TWO"]))
    (result,) = _predict(client, RED_TEAM, TASK, context=context)
    assert _texts(result) == ["", "TWO", "THREE"]
    assert _said(server) == [("user", "one\n\ntwo"), ("assistant", "TWO"), ("user", "three")]


def test_in_a_conversation_the_person_is_told_why_there_is_no_reply(client: FlaskClient, server: ModelServer) -> None:
    """The reason stands where the reply would, as words of ours; sent again, the message goes to the model once."""
    server.behave = _status(401)
    (result,) = _predict(client, RED_TEAM, TASK, context=_turns(("p", "prompt", ["one"])))
    (told,) = _texts(result) or []
    assert is_notice(told)
    assert "No reply: the model endpoint answered 401. Send your message again" in told
    assert _told(result) == {"status": "missing", "reason": "the model endpoint answered 401"}
    server.behave = echo
    context = _turns(("p", "prompt", ["one", "one"]), ("r", "response", [told]))
    (result,) = _predict(client, RED_TEAM, TASK, context=context)
    assert _texts(result) == [told, "ONE"]
    assert _said(server) == [("user", "one")]


def test_a_model_cannot_speak_as_concord(client: FlaskClient, server: ModelServer) -> None:
    """A reply that begins like a notice of ours is still the model's."""
    server.behave = _body(event(notice("No reply: go home.")))
    (result,) = _predict(client, RED_TEAM, TASK, context=_turns(("p", "prompt", ["one"])))
    assert _texts(result) == ["⚠ No reply: go home."]


def _turn_of(client: FlaskClient, project: str, item: str) -> str:
    """The reply to a first message about this item in this project."""
    config = label_config(guidelines.load().guideline("red_team", "en-US"))
    context = _turns(("m", "conversation__message", ["hello"]))
    task = {"id": 1, "data": {"item": item, "prompt": "a goal"}}
    body = {"tasks": [task], "project": project, "label_config": config, "params": {"context": context}}
    (result,) = client.post("/predict", json=body).get_json()["results"]
    (text,) = _texts(result, "conversation__reply") or []
    return text


def test_each_item_has_its_model_in_all_projects_of_a_programme(server: ModelServer, tmp_path: Path) -> None:
    """Drawn once, for all workers; which it was is kept for analytics, and said in no prediction."""

    def say_who(handler: Handler, body: dict[str, Any]) -> None:
        handler.send(event(f"I am {body['model']}"))

    server.behave = say_who
    models = {name: replace(server.endpoint, name=name, model=f"{name[0]}7") for name in ("aurora", "borealis")}
    settings = Settings(models=models, programmes={"demo": Use(("aurora", "borealis"))}, default_models=("aurora",))
    nowhere = Analytics("http://127.0.0.1:9", "token")
    workers = [create_app(Config(data=tmp_path, settings=settings, analytics=nowhere)).test_client() for _ in range(2)]
    for project in ("57.1", "58.1"):
        told = {"locale": "en-US", "programme": "demo", "workflow": "red_team"}
        workers[0].post("/setup", json={"project": project, "extra_params": told})
    items = [f"item-{number}" for number in range(20)]
    first = {item: _turn_of(workers[0], "57.1", item) for item in items}
    assert {item: _turn_of(workers[1], "58.1", item) for item in items} == first
    assert set(first.values()) == {"I am a7", "I am b7"}
    with sqlite3.connect(tmp_path / "outbox.sqlite") as database:
        rows = [json.loads(row) for (row,) in database.execute("SELECT row FROM rows WHERE kind = 'served'")]
    served = {(row["item"], row["target"], f"I am {row['model'][0]}7") for row in rows}
    assert served == {(item, "turn_1_reply", text) for item, text in first.items()}


def test_a_reply_of_which_nobody_could_say_whose_it_was_is_not_shown(server: ModelServer, tmp_path: Path) -> None:
    """Where the outbox cannot be written, the annotator is told so; later the reply that was kept is shown."""
    config = Config(data=tmp_path, settings=server.settings, analytics=Analytics("http://127.0.0.1:9", "token"))
    client = create_app(config).test_client()
    client.post("/setup", json={"project": "57.1", "extra_params": {"programme": "demo"}})
    outbox = (tmp_path / "outbox.sqlite").read_bytes()
    (tmp_path / "outbox.sqlite").write_bytes(b"broken" * 1000)
    assert "No reply: which model answered cannot be recorded now." in _turn_of(client, "57.1", "one")
    for path in tmp_path.glob("outbox.sqlite*"):
        path.unlink()
    (tmp_path / "outbox.sqlite").write_bytes(outbox)
    assert _turn_of(client, "57.1", "one") == "HELLO"
    assert len(server.seen.requests) == 1


def _said(server: ModelServer) -> list[tuple[str, str]]:
    """The conversation of the last request."""
    return [(message["role"], message["content"]) for message in server.seen.requests[-1]["messages"]]


@pytest.mark.parametrize(
    "context", [_turns(), _turns(("p", "prompt", ["a"]), ("r", "response", ["A"])), {"result": None}]
)
def test_without_a_new_prompt_the_model_is_not_asked(client: FlaskClient, server: ModelServer, context: object) -> None:
    """An interactive call that another control caused costs nothing."""
    (result,) = _predict(client, RED_TEAM, TASK, context=context)
    assert (_texts(result), _told(result)["reason"]) == (None, "there is no new prompt to answer")
    assert server.seen.requests == []


def test_where_a_person_writes_the_prompts_a_batch_asks_nothing(client: FlaskClient, server: ModelServer) -> None:
    """The model does not answer the task's text before the person has said anything."""
    (result,) = _predict(client, RED_TEAM, {"id": 1, "data": {"prompt": "the scenario"}})
    assert (_texts(result), _told(result)["reason"]) == (None, "there is no new prompt to answer")
    assert server.seen.requests == []


def test_a_batch_answers_each_prompt(client: FlaskClient) -> None:
    """Without context the task's own prompt is answered, each task its own."""
    results = _predict(client, SINGLE, *({"id": n, "data": {"prompt": f"prompt number {n}"}} for n in range(30)))
    assert [_texts(result) for result in results] == [[f"PROMPT NUMBER {n}"] for n in range(30)]
    assert "aurora" not in json.dumps(results)


def test_a_config_without_a_response_control_asks_nothing(client: FlaskClient, server: ModelServer) -> None:
    """The model is not asked for words that have no place."""
    _predict(client, SINGLE.replace('name="response"', 'name="other"'), {"id": 1, "data": {"prompt": "hello"}})
    assert server.seen.requests == []


def _status(status: int, **headers: str) -> Callable[[Handler, dict[str, Any]], None]:
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}"}}).encode()
    return lambda handler, _: handler.send(body, status, "application/json", **headers)


def _body(body: bytes, kind: str = "text/event-stream") -> Callable[[Handler, dict[str, Any]], None]:
    return lambda handler, _: handler.send(body, 200, kind)


def _silent(handler: Handler, _: dict[str, Any]) -> None:
    time.sleep(3)
    handler.send(b"")


def _drip(handler: Handler, _: dict[str, Any]) -> None:
    handler.send(event("word"))
    for _number in range(30):
        time.sleep(0.1)
        handler.wfile.write(event(" word"))


def _drip_bytes(handler: Handler, _: dict[str, Any]) -> None:
    handler.send(b"data: ")
    for _number in range(30):
        time.sleep(0.1)
        handler.wfile.write(b"x")


def _broken_off(handler: Handler, _: dict[str, Any]) -> None:
    handler.send(event("half an ans"), Content_Length="5000")


FAILURES = {
    "500": (_status(500), "the model endpoint answered 500"),
    "429 that asks to wait an hour": (_status(429, Retry_After="3600"), "the model endpoint answered 429"),
    "401 that repeats the key": (_status(401), "the model endpoint answered 401"),
    "404": (_status(404), "the model endpoint answered 404"),
    "HTML": (_body(b"<html>Welcome</html>", "text/html"), "the model gave no text"),
    "no body": (_body(b""), "the model gave no text"),
    "not JSON": (_body(b"data: {garbage\n\n"), "the model endpoint did not answer in its protocol"),
    "not UTF-8": (_body(b'data: {"choices": "\xff\xfe"}\n\n'), "the model endpoint did not answer in its protocol"),
    "an error in the stream": (
        _body(b'data: {"error": {"message": "overloaded"}}\n\n'),
        "the model endpoint did not answer in its protocol",
    ),
    "other JSON": (_body(b'data: 5\n\ndata: [1]\n\ndata: {"choices": 7}\n\ndata: null\n\n'), "the model gave no text"),
    "odd choices": (
        _body(b'data: {"choices": [null]}\n\ndata: {"choices": [{"delta": 5}]}\n\n'),
        "the model gave no text",
    ),
    "content that is no text": (_body(event(["a"]) + event(5)), "the model gave no text"),
    "silence": (_silent, "the model took too long"),
    "a drip": (_drip, "the model took too long"),
    "a drip without a line": (_drip_bytes, "the model took too long"),
    "too much": (_body(event("x" * 60_000)), "the model wrote more than 50000 characters"),
    "broken off": (_broken_off, "the model endpoint cannot be reached"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failing_endpoint_costs_only_the_response(
    client: FlaskClient, server: ModelServer, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The prediction is valid, in time, without a response region; the summary says why; the key is in no log."""
    server.behave, reason = FAILURES[failure]
    started = time.monotonic()
    with caplog.at_level(logging.DEBUG):
        (result,) = _predict(client, SINGLE, {"id": 1, "data": {"item": "a", "prompt": "Is anybody there?"}})
    assert time.monotonic() - started < 3.5
    assert (_texts(result), _told(result)) == (None, {"status": "missing", "reason": reason})
    assert result["score"] == 1.0
    assert KEY not in caplog.text + json.dumps(result)


def test_a_passing_failure_is_tried_again(client: FlaskClient, server: ModelServer) -> None:
    """A 500 followed by an answer is an answer."""
    answers = iter([_status(500), _status(503), echo])

    def in_turn(handler: Handler, body: dict[str, Any]) -> None:
        next(answers)(handler, body)

    server.behave = in_turn
    (result,) = _predict(client, SINGLE, {"id": 1, "data": {"prompt": "hello"}})
    assert _texts(result) == ["HELLO"]


def test_a_final_failure_is_not_tried_again(client: FlaskClient, server: ModelServer) -> None:
    """A wrong key is not sent three times."""
    server.behave = _status(401)
    _predict(client, SINGLE, {"id": 1, "data": {"prompt": "hello"}})
    assert len(server.seen.requests) == 1


def test_a_slow_model_does_not_hold_up_a_batch(client: FlaskClient, server: ModelServer) -> None:
    """When the time runs out the tasks that wait are answered without a response, and say so."""
    server.behave = _silent
    started = time.monotonic()
    results = _predict(client, SINGLE, *({"id": n, "data": {"prompt": f"prompt {n}"}} for n in range(100)))
    assert time.monotonic() - started < 3.5
    assert {_told(result)["reason"] for result in results} == {"the model took too long", "out of time"}
    assert len(results) == 100


def test_health_tells_whether_the_model_is_up(client: FlaskClient, server: ModelServer, tmp_path: Path) -> None:
    """By the name in the settings, with the reason; and without credentials, where they are asked for, nothing."""
    assert client.get("/health").get_json()["models"] == {"aurora": {"status": "up"}}
    server.lists = 403
    guarded = create_app(Config(data=tmp_path, settings=server.settings, basic_auth=("tool", "secret"))).test_client()
    down = {"status": "down", "reason": "the model endpoint refuses the key: 403"}
    assert guarded.get("/health", auth=("tool", "secret")).get_json()["models"] == {"aurora": down}
    assert "aurora" not in guarded.get("/health").get_data(as_text=True)


def test_without_an_endpoint_the_summary_says_so(tmp_path: Path) -> None:
    """A response control stays empty where no model is configured."""
    client = create_app(Config(data=tmp_path)).test_client()
    (result,) = _predict(client, SINGLE, {"id": 1, "data": {"prompt": "hello"}})
    assert (_texts(result), _told(result)) == (None, {"status": "missing", "reason": "no model configured"})
