"""`concord suggest`: what it writes, that it goes on where it stopped, and what it says of failures."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from language_tool_server import LanguageToolServer, language_tool_server
from ml_model_endpoint import Handler, ModelServer, event, model_server
from plugin_samples import write_programme

import guidelines
from concord import main
from plugins.errors import InvalidSuggestions
from plugins.programme import load
from plugins.suggestions import FILE, Suggestion, read_suggestions

JUDGE = {"helper": "judge", "workflow": "preference", "questions": ["overall", "refusal"], "model": "aurora", "show": 1}
GRAMMAR = {"helper": "grammar", "workflow": "fluency_review", "show": 0}


def answer(handler: Handler, body: dict[str, Any]) -> None:
    """A model that calls everything equal, and every answer right."""
    text = body["messages"][-1]["content"]
    handler.send(event("tie" if "- tie" in text else "right_answer") + b"data: [DONE]\n\n")


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """A model that answers."""
    with model_server() as running:
        running.behave = answer
        yield running


@pytest.fixture
def tool() -> Iterator[LanguageToolServer]:
    """A grammar check."""
    with language_tool_server() as running:
        yield running


Suggest = Callable[[], Result]


@pytest.fixture
def environment(model: ModelServer, tool: LanguageToolServer, tmp_path: Path) -> dict[str, str]:
    """Settings with the model and the grammar check."""
    settings = tmp_path / "settings.yaml"
    endpoint = {"url": model.endpoint.url, "model": "aurora-7b", "requests_at_once": 3}
    settings.write_text(json.dumps({"models": {"aurora": endpoint}, "language_tool": tool.url}))
    return {"CONCORD_ML_SETTINGS": str(settings), "CONCORD_ML_DATA": str(tmp_path / "ml")}


@pytest.fixture
def suggest(environment: dict[str, str], tmp_path: Path) -> Suggest:
    """The command, on the programme in the folder `probe`."""
    return lambda: CliRunner(env=environment).invoke(main, ["suggest", str(tmp_path / "probe")])


def read(root: Path) -> list[Suggestion]:
    """The programme's suggestions as push reads them."""
    library = guidelines.load()
    return read_suggestions(load(root, library), library)


def test_every_question_of_every_item_gets_its_suggestion(suggest: Suggest, tmp_path: Path) -> None:
    """Those about a response once for each; what annotators of the locale would answer stands there as a code."""
    root = write_programme(tmp_path / "probe", items=2, suggestions=[JUDGE, GRAMMAR])
    ran = suggest()
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [
        "judge preference: 12 suggested, 0 without an answer, 0 failed",
        "grammar fluency_review: 4 suggested, 0 without an answer, 0 failed",
    ]
    made = read(root)
    of_one = {(each.question, each.target): each.value for each in made if each.item == "preference-ar-EG-001"}
    assert of_one == {
        ("overall", "item"): "tie",
        ("refusal", "response_1"): "right_answer",
        ("refusal", "response_2"): "right_answer",
    }
    (marked,) = [each for each in made if each.item == "fluency_review-ar-EG-001"]
    assert (marked.value, [mark.replacement for mark in marked.marks]) == ("marked", ["جلست"])
    assert len({each.id for each in made}) == len(made) == 16


def test_a_second_run_asks_nothing(suggest: Suggest, model: ModelServer, tmp_path: Path) -> None:
    """And leaves the file as it is."""
    root = write_programme(tmp_path / "probe", items=1, suggestions=[JUDGE])
    suggest()
    before, asked = (root / FILE).read_bytes(), len(model.seen.requests)
    assert suggest().exit_code == 0
    assert ((root / FILE).read_bytes(), len(model.seen.requests)) == (before, asked)


def test_what_failed_is_listed_and_made_by_the_next_run(suggest: Suggest, model: ModelServer, tmp_path: Path) -> None:
    """Nothing is lost, and nothing that was made is asked again."""
    root = write_programme(tmp_path / "probe", items=2, suggestions=[{**JUDGE, "questions": ["overall"]}])

    def fail_for_one(handler: Handler, body: dict[str, Any]) -> None:
        if "Where is cat 1?" in body["messages"][-1]["content"]:
            handler.send(b"{}", 400, "application/json")
        else:
            answer(handler, body)

    model.behave = fail_for_one
    ran = suggest()
    assert ran.exit_code == 1
    assert ran.stdout == "judge preference: 3 suggested, 0 without an answer, 1 failed\n"
    line = "judge preference: preference-en-US-001 overall item: the model endpoint answered 400"
    assert "not all suggestions could be made" in ran.stderr
    assert line in ran.stderr
    assert len(read(root)) == 3
    model.behave, before = answer, len(model.seen.requests)
    assert suggest().stdout == "judge preference: 1 suggested, 0 without an answer, 0 failed\n"
    assert len(read(root)) == 4
    assert len(model.seen.requests) == before + 2  # in both orders


def test_a_helper_that_is_down_is_given_up(suggest: Suggest, model: ModelServer, tmp_path: Path) -> None:
    """After ten failures in a row; the next helper goes on."""
    write_programme(tmp_path / "probe", items=10, suggestions=[{**JUDGE, "questions": ["overall"]}, GRAMMAR])
    model.behave = lambda handler, _: handler.send(b"{}", 404, "application/json")
    ran = suggest()
    assert ran.stdout.splitlines() == [
        "judge preference: 0 suggested, 0 without an answer, 20 failed",
        "grammar fluency_review: 20 suggested, 0 without an answer, 0 failed",
    ]
    assert "judge preference: 10 more were not asked" in ran.stderr


def test_a_preference_for_a_position_is_recorded_as_no_answer(
    suggest: Suggest, model: ModelServer, tmp_path: Path
) -> None:
    """With its reason; a second run does not ask again."""
    root = write_programme(tmp_path / "probe", items=1, suggestions=[{**JUDGE, "questions": ["overall"]}])
    model.behave = lambda handler, _: handler.send(event("a_much") + b"data: [DONE]\n\n")
    assert suggest().stdout == "judge preference: 0 suggested, 2 without an answer, 0 failed\n"
    assert {(each.value, each.reason) for each in read(root)} == {
        (None, "the answer changed with the order of the responses")
    }
    assert suggest().stdout == "judge preference: 0 suggested, 0 without an answer, 0 failed\n"


def test_half_a_line_of_a_killed_run_is_made_anew(suggest: Suggest, tmp_path: Path) -> None:
    """Whole lines stay."""
    root = write_programme(tmp_path / "probe", items=1, suggestions=[JUDGE])
    suggest()
    lines = (root / FILE).read_bytes().splitlines(keepends=True)
    (root / FILE).write_bytes(b"".join(lines[:3]) + lines[3][:40])
    assert suggest().exit_code == 0
    assert (root / FILE).read_bytes().splitlines(keepends=True)[:3] == lines[:3]
    assert {each.key for each in read(root)} == {tuple(json.loads(line)[name] for name in KEY) for line in lines}


KEY = ("item", "question", "target", "helper")


def test_a_killed_run_loses_nothing_that_it_wrote(
    environment: dict[str, str], suggest: Suggest, model: ModelServer, tmp_path: Path
) -> None:
    """SIGKILL while the model answers: what was written is whole, and the next run makes the rest."""
    root = write_programme(tmp_path / "probe", items=8, suggestions=[{**JUDGE, "questions": ["overall"]}])
    hold = threading.Event()

    def hesitate(handler: Handler, body: dict[str, Any]) -> None:
        if len(model.seen.requests) > 12:
            hold.wait(20)
        answer(handler, body)

    model.behave = hesitate
    command = [sys.executable, "-m", "concord", "suggest", str(root)]
    with subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL) as run:
        _until(lambda: (root / FILE).exists() and (root / FILE).read_bytes().count(b"\n") >= 3)
        run.send_signal(signal.SIGKILL)
    hold.set()
    written = len(read(root))
    assert 3 <= written < 16
    model.behave = answer
    assert suggest().stdout == f"judge preference: {16 - written} suggested, 0 without an answer, 0 failed\n"
    assert len(read(root)) == 16


def test_an_interrupted_run_keeps_what_it_has(
    environment: dict[str, str], suggest: Suggest, model: ModelServer, tmp_path: Path
) -> None:
    """Ctrl-C ends the waiting; the next run goes on."""
    root = write_programme(tmp_path / "probe", items=8, suggestions=[{**JUDGE, "questions": ["overall"]}])

    def busy_later(handler: Handler, body: dict[str, Any]) -> None:
        if len(model.seen.requests) > 12:
            handler.send(b"{}", 503, "application/json", Retry_After="60")
        else:
            answer(handler, body)

    model.behave = busy_later
    command = [sys.executable, "-m", "concord", "suggest", str(root)]
    with subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True) as run:
        try:
            _until(lambda: len(model.seen.requests) > 12)
            run.send_signal(signal.SIGINT)
            _, said = run.communicate(timeout=30)
        finally:
            run.kill()
    assert run.returncode == 130
    assert said.endswith("Stopped. What was suggested is kept: run the command again to go on.\n")
    assert "Traceback" not in said
    written = len(read(root))
    assert 0 < written < 16
    model.behave = answer
    assert suggest().stdout == f"judge preference: {16 - written} suggested, 0 without an answer, 0 failed\n"


def test_a_spent_budget_ends_the_asking(
    environment: dict[str, str], suggest: Suggest, model: ModelServer, tmp_path: Path
) -> None:
    """Nothing more is sent; what was suggested is kept, and the reason says what was spent."""
    root = write_programme(tmp_path / "probe", items=8, suggestions=[{**JUDGE, "questions": ["overall"]}])
    settings = json.loads(Path(environment["CONCORD_ML_SETTINGS"]).read_text(encoding="utf-8"))
    spending = {**settings, "programmes": {"probe": {"models": ["aurora"], "budget": {"requests": 7}}}}
    Path(environment["CONCORD_ML_SETTINGS"]).write_text(json.dumps(spending), encoding="utf-8")
    ran = suggest()
    assert ran.exit_code == 1
    assert "the budget is spent: 7 of 7 requests" in ran.stderr
    assert len(model.seen.requests) == 7
    assert 1 <= len(read(root)) <= 3


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_was_said_of_other_texts_is_not_used(suggest: Suggest, tmp_path: Path) -> None:
    """An item that was edited after its suggestions were made is named, for push and for a second run."""
    root = write_programme(tmp_path / "probe", items=1, suggestions=[GRAMMAR])
    suggest()
    path = root / "items" / "fluency_review" / "en-US.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("Where is", "Where was"), encoding="utf-8")
    lines = (root / FILE).read_text("utf-8").splitlines(keepends=True)
    at = next(place for place, line in enumerate(lines) if "fluency_review-en-US-000" in line)  # written as they come
    said = (
        f"suggestions.jsonl:{at + 1}: item: 'fluency_review-en-US-000' has other texts now than the helper read; "
        "take the line"
    )
    with pytest.raises(InvalidSuggestions) as refused:
        read(root)
    assert said in str(refused.value)
    assert said in suggest().stderr
    (root / FILE).write_text("".join(lines[:at] + lines[at + 1 :]), "utf-8")
    assert suggest().stdout == "grammar fluency_review: 1 suggested, 0 without an answer, 0 failed\n"


def test_two_runs_do_not_write_the_same_file(suggest: Suggest, tmp_path: Path) -> None:
    """The second is told."""
    root = write_programme(tmp_path / "probe", items=1, suggestions=[JUDGE])
    with (root / FILE).open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        ran = suggest()
    assert ran.exit_code == 1
    assert "another process is filling" in ran.stderr


@pytest.mark.parametrize(
    ("rule", "settings", "said"),
    [
        (
            JUDGE,
            {"language_tool": "http://x"},
            "the settings have no model 'aurora', which judge of preference is to ask",
        ),
        (GRAMMAR, {"models": {}}, "the settings have no LanguageTool server"),
    ],
)
def test_a_helper_that_is_not_configured_is_named_before_anything_is_asked(
    rule: dict[str, Any], settings: dict[str, Any], said: str, suggest: Suggest, tmp_path: Path
) -> None:
    """With where to configure it."""
    (tmp_path / "settings.yaml").write_text(json.dumps(settings))
    root = write_programme(tmp_path / "probe", items=1, suggestions=[rule])
    ran = suggest()
    assert ran.exit_code == 1
    assert said in ran.stderr
    assert "CONCORD_ML_SETTINGS" in ran.stderr
    assert not (root / FILE).exists()


def test_a_programme_without_helpers_has_nothing_to_do(suggest: Suggest, tmp_path: Path) -> None:
    """It is no mistake."""
    write_programme(tmp_path / "probe", items=1)
    ran = suggest()
    assert ran.exit_code == 0
    assert "there is nothing to do" in ran.stdout


def test_a_language_that_is_not_checked_is_recorded_with_the_reason(
    suggest: Suggest, tool: LanguageToolServer, tmp_path: Path
) -> None:
    """It is no failure: no second run would change it."""
    root = write_programme(tmp_path / "probe", items=1, locales=["nb-NO"], suggestions=[GRAMMAR])
    ran = suggest()
    assert ran.stdout == "grammar fluency_review: 0 suggested, 1 without an answer, 0 failed\n"
    assert [each.reason for each in read(root)] == ["LanguageTool does not check nb-NO"]
    assert tool.asked == []
