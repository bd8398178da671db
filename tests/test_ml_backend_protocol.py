"""The ML backend protocol as Label Studio 1.23.2 speaks it: requests recorded from it, and odd ones."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from label_studio_sdk.label_interface import LabelInterface

from ml_backend import Config, create_app
from ml_backend.errors import IndexUnavailable, InvalidSetting
from ml_backend.near_duplicates import VERSION

LABEL_CONFIG = """<View><Text name="prompt" value="$prompt"/>
 <View className="concord-hidden"><TextArea name="prescreen" toName="prompt" maxSubmissions="1"/></View>
 <Choices name="overall" toName="prompt"><Choice value="A" alias="a"/></Choices></View>"""
TEXT = "How long should I boil an egg so that the yolk stays soft?"
TOKEN = "aaaabbbbccccddddeeeeffff0000111122223333"

# Recorded from Label Studio 1.23.2; names and times shortened.
SETUP = {
    "project": "57.1795217349",
    "schema": LABEL_CONFIG,
    "hostname": "http://localhost:18080",
    "access_token": TOKEN,
    "extra_params": {"locale": "de-DE"},
}
START_TRAINING = {"action": "START_TRAINING", "project": {"id": 2, "title": "MLProbe", "label_config": LABEL_CONFIG}}
ANNOTATION_CREATED = {
    "action": "ANNOTATION_CREATED",
    "annotation": {"id": 13, "result": [], "was_cancelled": False, "task": 13, "project": 2, "completed_by": 1},
    "project": {"id": 2, "title": "MLProbe"},
    "task": {"id": 13, "data": {"text": "task 2"}, "meta": {"k": 2}},
}


def _task(number: int, **data: object) -> dict[str, Any]:
    return {
        "id": number,
        "data": data,
        "meta": {},
        "created_at": "2026-11-20T23:30:09.015072Z",
        "is_labeled": False,
        "overlap": 1,
        "inner_id": number,
        "total_predictions": 0,
        "project": 57,
        "file_upload": None,
        "annotations": [],
        "predictions": [],
    }


def _request(*tasks: object, label_config: object = LABEL_CONFIG, context: object = None) -> dict[str, Any]:
    return {
        "tasks": list(tasks),
        "project": "57.1795217349",
        "label_config": label_config,
        "params": {"login": None, "password": None, "context": context},
    }


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data=tmp_path / "ml")


@pytest.fixture
def app(config: Config) -> Flask:
    return create_app(config)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def _predict(client: FlaskClient, *tasks: object, **options: object) -> list[dict[str, Any]]:
    answer = client.post("/predict", json=_request(*tasks, **options))
    assert answer.status_code == 200
    results = answer.get_json()["results"]
    assert isinstance(results, list)
    return results


def _summary(result: dict[str, Any]) -> dict[str, Any]:
    (region,) = (region for region in result["result"] if region["from_name"] == "prescreen")
    return dict(json.loads(region["value"]["text"][0]))


def _near(result: dict[str, Any]) -> dict[str, Any]:
    return dict(_summary(result)["screens"]["near_duplicate"])


def _why(result: dict[str, Any]) -> object:
    """The reason why a prompt was not compared."""
    near = _near(result)
    assert near["status"] == "unscreened"
    return near["reason"]


def test_attaching_finds_it_up_and_learns_the_model_version(client: FlaskClient) -> None:
    """The four calls of an attachment and the versions call name one and the same model version."""
    for _ in range(2):
        health, setup = client.get("/health"), client.post("/setup", json=SETUP)
        assert (health.status_code, health.get_json()["status"]) == (200, "UP")
        version = health.get_json()["model_version"]
        assert (setup.status_code, setup.get_json()) == (200, {"model_version": version})
    assert client.get("/versions").get_json() == {"versions": [version]}
    assert client.get("/").get_json() == client.get("/health").get_json()


def test_a_batch_gets_one_valid_prediction_per_task(client: FlaskClient) -> None:
    """Each task gets the version of /setup, a score from 0 to 1 and a region that Label Studio's own check accepts."""
    tasks = [_task(n, item=f"demo-{n}", prompt=f"{TEXT} Number {n * 7919} of {n * 104729}.") for n in range(250)]
    results = _predict(client, *tasks)
    assert len(results) == 250
    interface = LabelInterface(LABEL_CONFIG)
    for result in results:
        assert result["model_version"] == client.get("/health").get_json()["model_version"]
        assert 0 <= result["score"] <= 1
        assert interface.validate_prediction(result, return_errors=True) == []


def test_a_duplicate_is_named_with_its_locale_and_scores_low(client: FlaskClient) -> None:
    """The later of two similar prompts names the earlier one and scores 1 − similarity; the earlier one scores 1."""
    client.post("/setup", json=SETUP)
    first, second = _predict(
        client,
        _task(1, item="demo-1", prompt=TEXT),
        _task(2, item="demo-2", prompt=TEXT.replace("an egg", "a goose egg")),
    )
    assert first["score"] == 1.0
    assert "kind" not in _near(first)
    near = _near(second)
    assert near == {
        "status": "screened",
        "kind": "near",
        "score": pytest.approx(0.8, abs=0.1),
        "of": "57.1795217349/demo-1",
        "of_locale": "de-DE",
        "within_locale": True,
    }
    assert second["score"] == pytest.approx(1 - near["score"])


def test_a_duplicate_across_locales_says_so(client: FlaskClient) -> None:
    """The same text in a project of another locale is reported as across locales."""
    client.post("/setup", json=SETUP)
    client.post("/setup", json=SETUP | {"project": "58.1795217349", "extra_params": {"locale": "de-AT"}})
    _predict(client, _task(1, item="demo-1", prompt=TEXT))
    answer = client.post("/predict", json=_request(_task(9, item="demo-9", prompt=TEXT)) | {"project": "58.1795217349"})
    near = _near(answer.get_json()["results"][0])
    assert (near["of_locale"], near["within_locale"]) == ("de-DE", False)


def test_screens_that_did_not_run_are_not_claimed(client: FlaskClient) -> None:
    """The summary says of screens without a provider that they are unscreened, and why."""
    (result,) = _predict(client, _task(1, item="demo-1", prompt=TEXT))
    summary = _summary(result)
    assert (summary["version"], summary["covers"]) == ("prescreen/2", ["item"])
    not_run = {"status": "unscreened", "reason": "no provider configured"}
    for name in ("toxicity", "semantic_duplicate"):
        assert summary["screens"][name] == not_run
    assert "response" not in summary


def test_asking_again_for_a_task_gives_the_same_prediction(client: FlaskClient) -> None:
    """Label Studio retries and asks again: a task is never reported as its own duplicate."""
    tasks = [_task(1, item="demo-1", prompt=TEXT), _task(2, item="demo-2", prompt=TEXT + " Please.")]
    assert _predict(client, *tasks) == _predict(client, *tasks)


def test_a_task_without_an_item_name_goes_by_its_id(client: FlaskClient) -> None:
    """Tasks that a person imported by hand are compared too."""
    _, second = _predict(client, _task(1, prompt=TEXT), _task(2, prompt=TEXT))
    assert _near(second)["of"] == "57.1795217349#1"


ODD_TASKS = [
    None,
    "text",
    7,
    [],
    {},
    {"id": None, "data": None},
    {"id": {}, "data": []},
    {"id": 1, "data": {"prompt": None}},
    {"id": 1, "data": {"prompt": ["a", "b"]}},
    {"id": 1, "data": {"prompt": {"text": "a"}}},
    {"id": 1, "data": {"prompt": 5}},
    {"id": 1, "data": {"prompt": ""}},
    {"id": 1, "data": {"prompt": "?!"}},
    {"id": 1, "data": {"prompt": "\ud800\udfff\ud800"}},
    {"data": {"prompt": "no id"}},
    {"id": True, "data": {"prompt": "an id that is none"}},
]


@pytest.mark.parametrize("task", ODD_TASKS, ids=repr)
def test_an_odd_task_is_unscreened_with_a_reason(client: FlaskClient, task: object) -> None:
    """It gets a valid prediction with score 0, so that it still opens, and its neighbours are screened."""
    before, odd, after = _predict(client, _task(8, item="a", prompt=TEXT), task, _task(9, item="b", prompt=TEXT))
    assert odd["score"] == 0.0
    assert (_near(odd)["status"], bool(_near(odd)["reason"])) == ("unscreened", True)
    assert (_near(before).get("kind"), _near(after).get("kind")) == (None, "exact")


ODD_TEXTS = ["\ud800 hello", "\x00 hello", "a", "ﷺ" * 30_000, "x" * 3_000_000, "🙂 hello", "\u202eolleh"]


@pytest.mark.parametrize("text", ODD_TEXTS, ids=lambda text: ascii(text[:8]))
def test_an_odd_text_is_screened(client: FlaskClient, text: str) -> None:
    """Broken, huge and one-letter texts are compared like others, under names as odd as they are."""
    one, two = _predict(client, _task(1, item=text[:20], prompt=text), _task(2, item="plain", prompt=text))
    assert (_near(one)["status"], _near(two).get("kind")) == ("screened", "exact")


def test_a_text_that_is_read_in_part_says_so(client: FlaskClient) -> None:
    """Of a very long prompt the summary says how much was compared."""
    (result,) = _predict(client, _task(1, item="long", prompt=TEXT * 1000))
    assert _near(result)["covers"] == "the first 20000 characters"


@pytest.mark.parametrize(
    "label_config", [None, 5, "", "<View>", "<View/>", "<a>&#0;</a>", '<TextArea name="prescreen"/>']
)
def test_regions_name_only_controls_that_exist(client: FlaskClient, label_config: object) -> None:
    """Without a usable `prescreen` text area the prediction is a bare score."""
    (result,) = _predict(client, _task(1, item="a", prompt=TEXT), label_config=label_config)
    assert (result["result"], result["score"]) == ([], 1.0)


def test_a_config_with_entities_is_not_expanded(client: FlaskClient) -> None:
    """A config that would expand to gigabytes is treated as one without controls."""
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE View [<!ENTITY e0 "bang">{levels}]><View>&e11;</View>'
    (result,) = _predict(client, _task(1, item="a", prompt=TEXT), label_config=bomb)
    assert result["result"] == []


def test_no_tasks_no_results(client: FlaskClient) -> None:
    """An empty batch is well-formed."""
    assert _predict(client) == []


@pytest.mark.parametrize(
    "params", [None, 5, [], {"context": 5}, {"context": {"result": 5}}, {"context": {"result": [5]}}]
)
def test_odd_params_are_answered(client: FlaskClient, params: object) -> None:
    """Whatever the context is, the task gets its summary."""
    answer = client.post("/predict", json=_request(_task(1, item="a", prompt=TEXT)) | {"params": params})
    assert _near(answer.get_json()["results"][0]).get("kind") is None


def test_an_interactive_call_gets_its_summary(client: FlaskClient) -> None:
    """The recorded context of a marked span is no obstacle."""
    span = {"type": "labels", "from_name": "l", "to_name": "t", "value": {"start": 0, "end": 4, "labels": ["X"]}}
    (result,) = _predict(client, _task(1, item="a", prompt=TEXT), context={"result": [span]})
    assert _near(result).get("kind") is None


MALFORMED = [
    b"",
    b"not json",
    b"[1]",
    b"{}",
    b'{"tasks": 5}',
    b'{"tasks": null}',
    b"[" * 200_000,
    b"\xff",
    b'{"tasks": {}}',
]


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: repr(body[:12]))
def test_a_malformed_request_gets_one_clear_error(client: FlaskClient, body: bytes) -> None:
    """400, in the one error shape, with a message and a fix."""
    answer = client.post("/predict", data=body, content_type="application/json")
    error = answer.get_json()["error"]
    assert (answer.status_code, sorted(error)) == (400, ["code", "details", "fix", "message"])
    assert error["code"] == "invalid_request"
    assert error["message"]
    assert error["fix"]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/predict", 405), ("PUT", "/", 405)]
)
def test_other_addresses_get_the_same_error_shape(client: FlaskClient, method: str, path: str, status: int) -> None:
    """No HTML, whatever is asked."""
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert sorted(answer.get_json()["error"]) == ["code", "details", "fix", "message"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/webhook", START_TRAINING, 201),
        ("/train", {"annotations": [], "project": "2.1", "label_config": LABEL_CONFIG}, 201),
        ("/webhook", ANNOTATION_CREATED, 200),
        ("/webhook", {"action": "PROJECT_DELETED"}, 200),
    ],
)
def test_training_and_events_are_acknowledged(
    client: FlaskClient, path: str, body: dict[str, Any], status: int
) -> None:
    """They are accepted; a training call that cannot be followed is told what is missing."""
    reason = "CONCORD_LABEL_STUDIO_URL is not set for the ML backend"
    told = {"status": "not started", "reason": reason} if status == 201 else {"status": "nothing to do"}
    answer = client.post(path, json=body)
    assert (answer.status_code, answer.get_json()) == (status, told)
    assert client.post("/webhook", data=b"{").status_code == 400


def test_basic_auth_guards_what_label_studio_authenticates(tmp_path: Path) -> None:
    """With a user and password set, only health and webhook answer without them, and a wrong one is refused."""
    client = create_app(Config(data=tmp_path, basic_auth=("tool", "geheim-ß"))).test_client()
    paths = [("POST", "/setup"), ("POST", "/predict"), ("POST", "/train"), ("GET", "/versions")]
    for credentials in (None, ("tool", "wrong"), ("other", "geheim-ß"), ("", "")):
        for method, path in paths:
            answer = client.open(path, method=method, json={}, auth=credentials)
            assert answer.status_code == 401, path
            assert answer.headers["WWW-Authenticate"].startswith("Basic")
            assert answer.get_json()["error"]["code"] == "unauthorized"
    assert client.post("/setup", json=SETUP, headers={"Authorization": "Bearer x"}).status_code == 401
    assert client.get("/metrics").status_code == 401
    assert "screens" not in client.get("/health").get_json()
    assert client.post("/setup", json=SETUP, auth=("tool", "geheim-ß")).status_code == 200
    assert client.get("/health").status_code == 200
    assert client.post("/webhook", json=ANNOTATION_CREATED).status_code == 200


def test_a_secret_may_be_sent_in_place_of_user_and_password(tmp_path: Path) -> None:
    """With a secret set, a bearer token equal to it opens every route, and another one or none does not."""
    client = create_app(Config(data=tmp_path, secret="s3cret")).test_client()
    for header, status in (("Bearer s3cret", 200), ("Bearer other", 401), ("Basic Zzp6", 401), ("", 401)):
        assert client.get("/versions", headers={"Authorization": header}).status_code == status, header


def test_health_tells_which_screens_are_up(client: FlaskClient) -> None:
    """Each screen is up with its provider, or absent with the reason."""
    screens = client.get("/health").get_json()["screens"]
    assert screens["near_duplicate"] == {"status": "up", "provider": VERSION}
    assert screens["toxicity"] == {"status": "absent", "reason": "no provider configured"}


def test_metrics_count_requests_and_screened_texts(client: FlaskClient) -> None:
    """Prometheus reads how many texts each screen was asked about, and how often each route was called."""
    _predict(client, _task(1, item="demo-1", prompt=TEXT), _task(2, data=None))
    lines = client.get("/metrics").get_data(as_text=True).splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert float(values['concord_screened_texts_total{screen="near_duplicate",status="screened"}']) >= 1
    assert float(values['concord_requests_total{route="/predict",status="200"}']) >= 1
    assert float(values['concord_request_seconds_count{route="/predict"}']) >= 1


def test_the_access_token_is_neither_kept_nor_logged(
    client: FlaskClient, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    """After /setup no file in the data folder and no log record holds the token."""
    with caplog.at_level(logging.DEBUG):
        answer = client.post("/setup", json=SETUP)
        client.post("/setup", json=SETUP | {"project": {"access_token": TOKEN}, "extra_params": TOKEN})
    files = [path for path in config.data.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []
    assert TOKEN not in caplog.text + answer.get_data(as_text=True)


def test_when_the_index_fails_tasks_are_unscreened(client: FlaskClient, config: Config, app: Flask) -> None:
    """A broken index file gives valid predictions that say so, with score 0."""
    (path,) = config.data.glob("minhash*/log.sqlite")
    path.write_bytes(b"broken" * 1000)
    (result,) = _predict(client, _task(1, item="a", prompt=TEXT))
    assert result["score"] == 0.0
    assert _why(result) == "the near-duplicate index is not available"


def test_when_time_runs_out_the_rest_is_unscreened(tmp_path: Path) -> None:
    """Tasks left over at the end of the time are answered, with the reason."""
    client = create_app(Config(data=tmp_path, seconds=0.3)).test_client()
    tasks = [_task(n, item=f"d-{n}", prompt=f"{n * 7919} {n * 104729} {n * 1299709}") for n in range(5000)]
    started = time.monotonic()
    results = _predict(client, *tasks)
    assert time.monotonic() - started < 5
    assert len(results) == 5000
    assert _near(results[0])["status"] == "screened"
    assert _why(results[-1]) == "out of time"


TEN_THOUSAND = """
import json, re, sys, time
from pathlib import Path
from ml_backend import Config, create_app

def peak():  # in kB; getrusage would tell of the process that started this one too
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

client = create_app(Config(data=Path(sys.argv[1]))).test_client()
body = sys.stdin.buffer.read()
client.post("/predict", json={"tasks": []})
before = peak()
started = time.monotonic()
answer = client.post("/predict", data=body)
seconds = time.monotonic() - started
kilobytes = peak() - before
statuses = [json.loads(each["result"][0]["value"]["text"][0])["screens"]["near_duplicate"]["status"]
            for each in answer.get_json()["results"]]
print(json.dumps([seconds, kilobytes, statuses.count("screened")]))
"""


def test_ten_thousand_tasks_in_one_request(tmp_path: Path) -> None:
    """A batch retrieval of 10,000 similar tasks, the worst case, is screened inside 80 s and takes less than 150 MB."""
    tasks = [_task(n, item=f"d-{n}", prompt=f"{TEXT} {n * 7919} {n * 104729} {n * 1299709}") for n in range(10_000)]
    command = [sys.executable, "-c", TEN_THOUSAND, str(tmp_path)]
    done = subprocess.run(
        command,
        input=json.dumps(_request(*tasks)).encode(),
        stdout=subprocess.PIPE,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    seconds, kilobytes, screened = json.loads(done.stdout)
    assert screened == 10_000
    assert seconds < 80
    assert kilobytes < 150_000


def test_settings_come_from_the_environment(tmp_path: Path) -> None:
    """All settings are read once, and none of the secrets is in the configuration's text form."""
    environ = {
        "CONCORD_ML_DATA": str(tmp_path),
        "CONCORD_ML_BASIC_AUTH": "tool:a:b",
        "CONCORD_MODEL_URL": "http://127.0.0.1:9/v1",
        "CONCORD_MODEL_NAME": "aurora",
        "CONCORD_MODEL_KEY": "sk-secret",
    }
    config = Config.from_env(environ)
    assert (config.data, config.basic_auth) == (tmp_path, ("tool", "a:b"))
    aurora = config.settings.models["aurora"]
    assert (aurora.url, aurora.model, aurora.key) == ("http://127.0.0.1:9/v1", "aurora", "sk-secret")
    assert config.settings.use("any programme").models == ("aurora",)
    assert "sk-secret" not in repr(config)
    assert "a:b" not in repr(config)


@pytest.mark.parametrize(
    "environ",
    [
        {"CONCORD_ML_BASIC_AUTH": "nocolon"},
        {"CONCORD_ML_BASIC_AUTH": ":x"},
        {"CONCORD_MODEL_URL": "localhost:8000", "CONCORD_MODEL_NAME": "aurora"},
        {"CONCORD_MODEL_URL": "http://localhost:8000/v1"},
    ],
    ids=repr,
)
def test_a_setting_that_cannot_be_used_is_refused(environ: dict[str, str]) -> None:
    """The error names the variable and says what to set it to."""
    with pytest.raises(InvalidSetting, match=r"CONCORD_.*set it to"):
        Config.from_env(environ)


def test_a_data_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """The service does not start on a folder it cannot write."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(IndexUnavailable, match="file"):
        create_app(Config(data=tmp_path / "file"))
