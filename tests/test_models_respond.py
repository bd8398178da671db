"""`concord respond`: a programme's missing responses are written by its models; nothing is lost or asked twice."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from ml_model_endpoint import KEY, Handler, ModelServer, echo, model_server
from plugin_samples import write_programme

import guidelines
from concord import main
from plugins.programme import load

LIBRARY = guidelines.load()


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A programme whose items have no responses yet."""
    return emptied(write_programme(tmp_path / "probe", workflows=["preference"], locales=["en-US"], items=6))


def emptied(root: Path) -> Path:
    for path in root.glob("items/*/*.jsonl"):
        rows = [json.loads(line) | {"responses": [], "gold": None} for line in path.read_text("utf-8").splitlines()]
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return root


def environment(folder: Path, server: ModelServer, *models: str, **more: Any) -> dict[str, str]:
    """The variables of a service with these models, all at one server; `more` goes into each model's settings."""
    budget = more.pop("budget", None)
    named = {name: {"url": server.endpoint.url, "model": f"{name}-7b", "key_env": "THE_KEY", **more} for name in models}
    use = {"models": list(models), **({"budget": budget} if budget else {})}
    settings = folder / "settings.yaml"
    settings.write_text(json.dumps({"models": named, "programmes": {"probe": use}}), "utf-8")
    return {"CONCORD_ML_SETTINGS": str(settings), "CONCORD_ML_DATA": str(folder / "ml"), "THE_KEY": KEY}


def respond(root: Path, env: dict[str, str]) -> Result:
    return CliRunner().invoke(main, ["respond", str(root)], env=env)


def rows(root: Path) -> list[dict[str, Any]]:
    (path,) = root.glob("items/*/*.jsonl")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def asked(server: ModelServer) -> Counter[tuple[str, str]]:
    """How often each model was asked each prompt."""
    return Counter((request["model"], request["messages"][0]["content"]) for request in server.seen.requests)


def test_items_get_the_responses_that_they_lack(root: Path, tmp_path: Path, server: ModelServer) -> None:
    """Each item gets one of each of two models, named as in the settings with its iteration, and can then be pushed."""
    env = environment(tmp_path, server, "aurora", "borealis", iteration="7")
    result = respond(root, env)
    told = "the programme has spent 12 requests and 108 tokens\n"
    assert (result.exit_code, result.stdout) == (0, f"6 items were filled; {told}")
    for row in rows(root):
        assert sorted(each["model"] for each in row["responses"]) == ["aurora", "borealis"]
        assert {each["text"] for each in row["responses"]} == {row["prompt"].upper()}
        assert {each["iteration"] for each in row["responses"]} == {"7"}
    load(root, LIBRARY)
    assert set(asked(server).values()) == {1}
    assert respond(root, env).stdout == f"0 items were filled; {told}"
    assert len(server.seen.requests) == 12


def test_of_many_models_each_item_draws_its_own(tmp_path: Path, server: ModelServer) -> None:
    """Two of four models at random for each item, never the same twice; over many items each has its share."""
    names = ("aurora", "borealis", "corona", "dawn")
    root = emptied(write_programme(tmp_path / "probe", workflows=["preference"], locales=["en-US"], items=100))
    assert respond(root, environment(tmp_path, server, *names)).exit_code == 0
    drawn = [tuple(each["model"] for each in row["responses"]) for row in rows(root)]
    assert all(len(set(pair)) == 2 for pair in drawn)
    shares = Counter(name for pair in drawn for name in pair)
    assert all(25 <= shares[name] <= 75 for name in names), shares


def test_the_rest_of_a_line_stays_to_the_letter(root: Path, tmp_path: Path, server: ModelServer) -> None:
    """Order, numbers, escapes, white space, a byte order mark and line ends stay; only responses are added."""
    (path,) = root.glob("items/*/*.jsonl")
    lines = [
        '\ufeff{"prompt": "Gr\\u00fc\\u00dfe?",  "item": "one", "gold": null, "responses":[ ] , "domain":"a\\/b"}',
        '{"item": "two", "batch": null, "responses": [{"text": "Me", "model": "human"}], "prompt": "Where?\u2028 now"}',
        "  ",
        '{"responses": [{"text": "A", "model": "x"}, {"text": "B", "model": "y"}], "item": "three", "prompt": "Full?"}',
    ]
    path.write_bytes("\r\n".join(lines).encode())
    path.chmod(0o640)
    assert respond(root, environment(tmp_path, server, "aurora", "borealis")).exit_code == 0
    (one, two, *rest) = path.read_bytes().decode().split("\r\n")
    assert one.startswith(
        '\ufeff{"prompt": "Gr\\u00fc\\u00dfe?",  "item": "one", "gold": null, "responses":[ {"text": "GRÜSSE?"'
    )
    assert one.endswith('] , "domain":"a\\/b"}')
    assert two.startswith('{"item": "two", "batch": null, "responses": [{"text": "Me", "model": "human"}, {"text": ')
    assert two.endswith('"}], "prompt": "Where?\u2028 now"}')
    assert rest == lines[2:]
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_one_model_gives_several_samples(root: Path, tmp_path: Path, server: ModelServer) -> None:
    """Where there are fewer models than responses, a model is asked for another sample, not answered from memory."""
    assert respond(root, environment(tmp_path, server, "aurora")).exit_code == 0
    assert {tuple(each["model"] for each in row["responses"]) for row in rows(root)} == {("aurora", "aurora")}
    assert set(asked(server).values()) == {2}


def test_items_that_fail_are_listed_and_the_others_filled(root: Path, tmp_path: Path, server: ModelServer) -> None:
    """File, line, item, model and reason; a second run asks only for what is missing."""

    def refuse_one(handler: Handler, body: dict[str, Any]) -> None:
        refused = "cat 3" in body["messages"][0]["content"] and body["model"] == "borealis-7b"
        (handler.send(b"{}", 404) if refused else echo(handler, body))

    server.behave = refuse_one
    env = environment(tmp_path, server, "aurora", "borealis")
    result = respond(root, env)
    assert result.exit_code == 1
    line = f"{root}/items/preference/en-US.jsonl:4: preference-en-US-003: borealis: the model endpoint answered 404"
    assert f"items that still lack responses: 1\n{line}; mend" in result.stderr
    assert KEY not in result.output
    assert [len(row["responses"]) for row in rows(root)] == [2, 2, 2, 0, 2, 2]
    server.behave = echo
    before = len(server.seen.requests)
    assert respond(root, env).exit_code == 0
    assert [len(row["responses"]) for row in rows(root)] == [2] * 6
    again = Counter(request["model"] for request in server.seen.requests[before:])
    assert again["borealis-7b"] == 1
    assert max(asked(server).values()) <= 2


def test_a_spent_budget_stops_the_asking(root: Path, tmp_path: Path, server: ModelServer) -> None:
    """Not one request more than the programme may send; what was answered is in the files."""
    env = environment(tmp_path, server, "aurora", "borealis", budget={"requests": 5})
    result = respond(root, env)
    assert result.exit_code == 1
    assert "the budget is spent: 5 of 5 requests" in result.stderr
    assert len(server.seen.requests) == 5
    assert respond(root, env).exit_code == 1
    assert len(server.seen.requests) == 5
    respond(root, environment(tmp_path, server, "aurora", "borealis", budget={"requests": 12}))
    assert [len(row["responses"]) for row in rows(root)] == [2] * 6
    assert set(asked(server).values()) == {1}


def test_a_model_that_only_fails_is_given_up(tmp_path: Path, server: ModelServer) -> None:
    """After twenty failures in a row it is not asked again, and every item is listed."""
    root = emptied(write_programme(tmp_path / "probe", workflows=["preference"], locales=["en-US"], items=60))
    server.behave = lambda handler, _: handler.send(b"{}", 401)
    result = respond(root, environment(tmp_path, server, "aurora"))
    assert result.exit_code == 1
    assert result.stderr.count("preference-en-US-0") == 60
    assert "aurora was not asked: it failed 20 times in a row" in result.stderr
    assert 20 <= len(server.seen.requests) < 60


def test_a_programme_without_models_says_what_to_do(root: Path, tmp_path: Path) -> None:
    """The error names the settings file."""
    result = respond(root, {"CONCORD_ML_DATA": str(tmp_path / "ml")})
    assert result.exit_code == 1
    assert "the programme probe has no models" in result.stderr
    assert "CONCORD_ML_SETTINGS" in result.stderr


def test_a_file_that_somebody_else_changed_is_not_overwritten(root: Path, tmp_path: Path, server: ModelServer) -> None:
    """The run stops and says so; the answers are kept for the next."""
    (path,) = root.glob("items/*/*.jsonl")

    def edit(handler: Handler, body: dict[str, Any]) -> None:
        echo(handler, body)
        os.utime(path, ns=(1, 1))

    server.behave = edit
    env = environment(tmp_path, server, "aurora", "borealis")
    before = path.read_bytes()
    result = respond(root, env)
    assert result.exit_code == 1
    assert "somebody else changed it" in result.stderr
    assert path.read_bytes() == before
    number = len(server.seen.requests)
    assert respond(root, env).exit_code == 0
    assert set(asked(server).values()) == {1}
    assert len(server.seen.requests) >= number


def _started(root: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "concord", "respond", str(root)]
    return subprocess.Popen(command, env=os.environ | env, stderr=subprocess.PIPE, cwd=Path(__file__).parent.parent)


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def _kept(env: dict[str, str]) -> int:
    """Answers in the cache."""
    path = Path(env["CONCORD_ML_DATA"]) / "models.sqlite"
    if not path.exists():
        return 0
    with sqlite3.connect(path) as database:
        try:
            return int(database.execute("SELECT count(*) FROM answers").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def slow_echo(handler: Handler, body: dict[str, Any]) -> None:
    time.sleep(0.05)
    echo(handler, body)


def test_a_killed_run_goes_on_and_asks_nothing_twice(tmp_path: Path, server: ModelServer) -> None:
    """kill -9 in the middle: at most the requests under way are asked again, and all items end up filled."""
    root = emptied(write_programme(tmp_path / "probe", workflows=["preference"], locales=["en-US"], items=60))
    env = environment(tmp_path, server, "aurora", "borealis", requests_at_once=3)
    server.behave = slow_echo
    process = _started(root, env)
    _until(lambda: _kept(env) >= 30)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept, sent = _kept(env), len(server.seen.requests)
    assert 30 <= kept <= sent < 120
    assert len(rows(root)) == 60
    result = respond(root, env)
    assert (result.exit_code, [len(row["responses"]) for row in rows(root)]) == (0, [2] * 60)
    assert len(server.seen.requests) - sent == 120 - kept
    assert sum(asked(server).values()) - 120 <= 4


def test_an_interrupted_run_ends_in_order(tmp_path: Path, server: ModelServer) -> None:
    """Ctrl-C: what is answered is written to the file, the exit code is 130, and no traceback is shown."""
    root = emptied(write_programme(tmp_path / "probe", workflows=["preference"], locales=["en-US"], items=60))
    env = environment(tmp_path, server, "aurora", "borealis", requests_at_once=3)
    server.behave = slow_echo
    process = _started(root, env)
    _until(lambda: _kept(env) >= 30)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"run the command again to go on" in errors
    assert b"Traceback" not in errors
    filled = sum(len(row["responses"]) == 2 for row in rows(root))
    assert 5 <= filled < 60


def test_two_runs_on_one_programme_do_not_meet(root: Path, tmp_path: Path, server: ModelServer) -> None:
    """The second is refused while the first works."""
    env = environment(tmp_path, server, "aurora")
    entered, go_on = threading.Event(), threading.Event()

    def hold(handler: Handler, body: dict[str, Any]) -> None:
        entered.set()
        go_on.wait(60)
        echo(handler, body)

    server.behave = hold
    process = _started(root, env)
    entered.wait(60)
    result = respond(root, env)
    go_on.set()
    process.communicate(timeout=60)
    assert (result.exit_code, process.returncode) == (1, 0)
    assert "another process is filling" in result.stderr
