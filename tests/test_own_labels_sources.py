"""Where labels come from: the commands, Label Studio's answers and its training call, Argilla's files."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from background_server import serving
from click.testing import CliRunner
from flask.testing import FlaskClient
from own_labels_texts import votes, write_labels, write_programme

import guidelines
from guidelines.errors import ConcordError
from ml_backend import Config, create_app
from ml_backend.cli import commands
from ml_backend.own_labels.calls import Trainings
from ml_backend.own_labels.job import train_project
from ml_backend.own_labels.labels import HARM, Vote, text_key
from ml_backend.own_labels.sources import from_label_studio, votes_in
from ml_backend.own_labels.status import Status, read
from ml_backend.own_labels.store import Heads
from plugins.label_studio.api import Api
from plugins.label_studio.controls import controls
from plugins.label_studio.results import to_result
from plugins.marker import Marker

LIBRARY = guidelines.load()
SAFETY = LIBRARY.workflows["safety_moderation"]
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
TOKEN = "t" * 40


def _task(number: int, vote: Vote, project: int) -> dict[str, Any]:
    """A task with the answer that its prompt is as harmful as the vote says, and its response safe."""
    data = {"item": f"i-{number - 1}", "prompt": vote.text, "response_a": f"I would rather not answer that, {number}."}
    code = {0.0: "harmless", 0.5: "borderline", 1.0: "harmful"}[vote.harm]
    answers = {("prompt_harm", "item"): code, ("response_harm", "a"): "safe", ("refusal", "a"): "right_refusal"}
    times = {"created_at": "2026-11-20T11:00:00Z", "updated_at": "2026-11-20T11:00:00Z", "lead_time": 9.5}
    annotation = {"id": number, "completed_by": 1, "was_cancelled": False, **times}
    skipped = annotation | {"id": 100_000 + number, "was_cancelled": True}
    given = [{**each, "result": to_result(answers, SAFETY, data)} for each in (annotation, skipped)]
    return {"id": number, "project": project, "data": data, "annotations": given}


class _LabelStudio:
    """The answers of a Label Studio with these projects; it serves what `Api` asks for."""

    def __init__(self, projects: dict[int, tuple[str, list[dict[str, Any]]]]) -> None:
        self.projects, self.tokens = projects, set[str]()

    def answer(self, path: str) -> Any:
        parts, query = urlsplit(path).path.strip("/").split("/"), parse_qs(urlsplit(path).query)
        listed = [{"id": number, "description": text} for number, (text, _) in self.projects.items()]
        if parts == ["api", "projects"]:
            return {"count": len(listed), "results": listed if query["page"] == ["1"] else []}
        if parts[:2] == ["api", "projects"]:
            return {"id": int(parts[2]), "description": self.projects[int(parts[2])][0]}
        tasks = self.projects[int(query["project"][0])][1]
        after = json.loads(query["query"][0])["filters"]["items"][0]["value"]
        left = [task for task in tasks if task["id"] > after]
        return {"tasks": left[: int(query["page_size"][0])], "total": len(left)}


@contextmanager
def _served(projects: dict[int, tuple[str, list[dict[str, Any]]]]) -> Iterator[tuple[str, _LabelStudio]]:
    told = _LabelStudio(projects)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.tokens.add(self.headers["Authorization"])
            body = json.dumps(told.answer(self.path)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}", told


def _marked(workflow: str, locale: str, programme: str = "guard") -> str:
    return str(Marker(programme, workflow, locale, ((NOW, "v1"),)))


@pytest.fixture
def projects() -> dict[int, tuple[str, list[dict[str, Any]]]]:
    """A safety project of `guard` in English, and others that are not to be read."""
    own = [_task(number, vote, 7) for number, vote in enumerate(votes(130), start=1)]
    other = [_task(number, vote, 8) for number, vote in enumerate(votes(20, seed=9), start=500)]
    return {
        7: (_marked("safety_moderation", "en-US"), own),
        8: (_marked("safety_moderation", "en-US", "other"), other),
        9: (_marked("preference", "en-US"), []),
        10: ("somebody's own", []),
    }


def test_labels_are_read_from_the_programmes_safety_projects(projects: dict[int, Any]) -> None:
    """Prompts and responses as they were shown, page by page; no skips, no other programmes, no other answers."""
    with _served(projects) as (url, _), Api(url, TOKEN) as api:
        collected = from_label_studio(api, "guard", LIBRARY)
    prompts = [vote for vote in collected.votes if vote.target == "item"]
    assert [(vote.text, vote.locale, vote.harm) for vote in prompts] == [
        (vote.text, vote.locale, vote.harm) for vote in votes(130)
    ]
    responses = [vote for vote in collected.votes if vote.target == "response_1"]
    assert {(vote.locale, vote.harm) for vote in responses} == {("en-US", 0.0)}
    assert responses[2].text == "I would rather not answer that, 3."
    assert (prompts[4].item, collected.texts) == ("i-4", {"en-US": 260})


def test_only_answers_about_harm_are_votes() -> None:
    """Each code counts as declared; other questions, other codes and unknown texts are left out."""
    asked = [("prompt_harm", "harmful"), ("prompt_harm", "borderline"), ("response_harm", "safe"), ("severity", "high")]
    rows = [
        {"workflow": "safety_moderation", "locale": "de-DE", "item": "i", "question": question, "value": value}
        for question, value in [*asked, ("prompt_harm", "from a later release")]
    ]
    rows += [rows[0] | {"workflow": "red_team"}, rows[0] | {"item": "unknown"}]
    texts = {("i", "item"): "P", ("i", "response_1"): "R"}
    assert [(vote.text, vote.harm) for vote in votes_in(rows, texts)] == [("P", 1.0), ("P", 0.5), ("R", 0.0)]


def test_each_answer_about_harm_has_a_declared_meaning() -> None:
    """The workflow's codes are all known, so that a new one does not go by unseen."""
    codes = {choice.code for name in ("prompt_harm", "response_harm") for choice in SAFETY.question(name).choices}
    assert codes == set(HARM)
    assert {control.target for control in controls(SAFETY).values() if control.question.id == "response_harm"} == {"a"}


# The commands


def _run(data: Path, *arguments: object, **environ: str) -> tuple[int, str]:
    clean = {name: None for name in os.environ if name.startswith("CONCORD_")}
    ran = CliRunner(env={**clean, "CONCORD_ML_DATA": str(data), **environ}).invoke(commands[0], [*map(str, arguments)])
    return ran.exit_code, ran.output if ran.exception is None else str(ran.exception)


def test_a_programme_is_trained_listed_and_rolled_back_by_command(tmp_path: Path) -> None:
    """From a file: figures, learning curve and coverage are listed with what is in use."""
    given = [*votes(130), *votes(30, locale="de-DE")]
    programme, data = write_programme(tmp_path / "guard", given), tmp_path / "data"
    labels = write_labels(tmp_path / "labels.jsonl", given)
    code, said = _run(data, "train", programme, "--labels", labels)
    assert (code, said.splitlines()[0]) == (
        0,
        "de: 30 labels (15 harmful, 0 undecided left out): no head: 30 labels of 100",
    )
    assert "en: 130 labels (65 harmful, 0 undecided left out): head 1 is in use: AUC " in said

    code, said = _run(data, "heads", programme)
    assert code == 0
    for expected in (
        "training: done 20",
        "de: no head is in use",
        "last training: no head: 30 labels of 100",
        "en: head 1 is in use",
        "130 labels, 65 harmful  AUC ",
        "learning curve: 50: ",
        "en-US: 130 texts labelled (65 harmful, 65 harmless, 0 undecided)",
    ):
        assert expected in said
    assert _run(data, "rollback", programme, "en") == (0, "en: no head is in use\n")
    assert "rolled back" in _run(data, "heads", programme)[1]
    assert _run(data, "rollback", programme, "en", 1) == (0, "en: head 1 is in use\n")
    assert "choose: 1" in _run(data, "rollback", programme, "en", 2)[1]


def test_the_command_trains_from_label_studio(tmp_path: Path, projects: dict[int, Any]) -> None:
    """On the texts of the programme's files, which a push may have masked in the tool."""
    given = votes(130)
    programme = write_programme(tmp_path / "guard", given)
    projects[7][1][5]["data"]["prompt"] = "[masked]"
    with _served(projects) as (url, told):
        code, said = _run(
            tmp_path / "data", "train", programme, CONCORD_LABEL_STUDIO_URL=url, CONCORD_LABEL_STUDIO_TOKEN=TOKEN
        )
    assert (code, said.startswith("en: 260 labels (65 harmful")) == (0, True), said
    assert told.tokens == {f"Token {TOKEN}"}
    heads = Heads(tmp_path / "data", "guard")
    (version,) = heads.versions("en")
    assert version.about["locales"]["en-US"]["texts"] == 260
    assert {text_key(vote.text) for vote in given} <= set(heads.load("en", version).held_out)


def test_what_is_missing_to_reach_the_tool_is_told(tmp_path: Path) -> None:
    """The address or the token, by the name of its variable."""
    label_studio = write_programme(tmp_path / "guard", votes(4))
    argilla = write_programme(tmp_path / "argilla", votes(4), source="argilla")
    assert "CONCORD_LABEL_STUDIO_URL is not set" in _run(tmp_path, "train", label_studio)[1]
    url = "http://127.0.0.1:9"
    assert (
        "CONCORD_LABEL_STUDIO_TOKEN is not set"
        in _run(tmp_path, "train", label_studio, CONCORD_LABEL_STUDIO_URL=url)[1]
    )
    assert "CONCORD_ARGILLA_URL is not set" in _run(tmp_path, "train", argilla)[1]
    assert "CONCORD_ARGILLA_KEY is not set" in _run(tmp_path, "train", argilla, CONCORD_ARGILLA_URL=url)[1]


# Label Studio's call


def _client(data: Path, **label_studio: str) -> FlaskClient:
    return create_app(Config(data=data, label_studio=label_studio)).test_client()


def _trained(data: Path) -> Status:
    deadline = time.monotonic() + 60
    while (status := read(data / "own_labels" / "guard")).state in ("never", "training"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return status


@pytest.mark.parametrize(
    ("path", "body"),
    [("/webhook", {"action": "START_TRAINING", "project": {"id": 7}}), ("/train", {"project": "7.1795217349"})],
)
def test_label_studios_call_trains_in_the_background(
    tmp_path: Path, projects: dict[int, Any], path: str, body: dict[str, Any]
) -> None:
    """It is answered at once, a second call meanwhile starts nothing more, and the head is in use when it is done."""
    with _served(projects) as (url, _):
        client = _client(tmp_path, CONCORD_LABEL_STUDIO_URL=url, CONCORD_LABEL_STUDIO_TOKEN=TOKEN)
        started = time.monotonic()
        answers = [client.post(path, json=body) for _ in range(3)]
        assert time.monotonic() - started < 1
        assert [(answer.status_code, answer.get_json()) for answer in answers] == [(201, {"status": "training"})] * 3
        assert _trained(tmp_path).state == "done"
    assert [each.usable for each in Heads(tmp_path, "guard").versions("en")] == [True]


@pytest.mark.parametrize(
    ("label_studio", "project", "reason"),
    [
        ({}, "7", "CONCORD_LABEL_STUDIO_URL is not set for the ML backend"),
        ({"CONCORD_LABEL_STUDIO_URL": "http://127.0.0.1:9"}, "7", "CONCORD_LABEL_STUDIO_TOKEN is not set"),
        ({"CONCORD_LABEL_STUDIO_URL": "http://127.0.0.1:9"}, "unknown", "the request names no project"),
    ],
)
def test_a_call_that_cannot_be_followed_says_what_is_missing(
    tmp_path: Path, label_studio: dict[str, str], project: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In the answer and in the log; nothing is started."""
    with caplog.at_level(logging.WARNING):
        answer = Trainings(tmp_path, label_studio).start(project)
    assert answer == {"status": "not started", "reason": reason}
    assert reason in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_a_project_of_others_is_not_learnt_from(tmp_path: Path, projects: dict[int, Any]) -> None:
    """Only what Concord made says which programme it belongs to."""
    with _served(projects) as (url, _):
        environ = {"CONCORD_LABEL_STUDIO_URL": url, "CONCORD_LABEL_STUDIO_TOKEN": TOKEN}
        with pytest.raises(ConcordError, match="project 10 is not of Concord's making"):
            train_project(tmp_path, 10, environ)
        (line,) = train_project(tmp_path, 9, environ)
    assert line.startswith("guard en: 260 labels: head 1 is in use")
