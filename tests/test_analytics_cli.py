"""`concord load`, `agreement`, `quality`, `trends`, `rebuild`, and the settings of the service."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from analytics_bodies import ANALYST, config, service_of
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

import guidelines
from analytics import create_app
from analytics.ask import ask
from analytics.catalogue import STATISTICS, Statistic
from analytics.cli import commands
from analytics.config import Config
from analytics.errors import (
    ImpossibleMetric,
    ImpossibleParameter,
    MalformedFrame,
    MissingFrames,
    SettingsError,
    StoreMissing,
    UnknownStatistic,
    UnknownValue,
)
from analytics.output import plain
from guidelines.errors import ConcordError
from plugins.simulate.people import Population
from plugins.simulate.plan import LOCALES, Plan
from plugins.simulate.write import write

pytest_plugins = ["analytics_fixtures"]

ENVIRONMENT = {
    "CONCORD_DATA": "/data",
    "CONCORD_ANALYST_TOKEN": "analyst-token-of-the-tests",
    "CONCORD_INGEST_TOKEN": "ingest-token-of-the-tests",
    "CONCORD_WEBHOOK_TOKEN": "webhook-token-of-the-tests",
    "CONCORD_PSEUDONYM_KEY": "pseudonym-key-of-the-tests",
    "CONCORD_SECRET_KEY": "session-key-of-the-tests",
}


def run(*arguments: str | Path) -> Result:
    """Run a command; its errors are raised."""
    name, *rest = map(str, arguments)
    command = {command.name: command for command in commands}[name]
    return CliRunner().invoke(command, rest, catch_exceptions=False)


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated fluency reviews of two locales."""
    folder = tmp_path_factory.mktemp("frames")
    people = Population(skill=0.8, skill_sd=0.1, bias=0.0, bias_sd=0.2, drift=0.0, drift_sd=0.0)
    workflow = guidelines.load().workflows["fluency_review"]
    write(Plan(workflow, LOCALES[:2], 12, 20, 3, 4, people, datetime(2026, 1, 5, tzinfo=UTC), 7), folder)
    return folder


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with simulated work that has each kind of answer."""
    data = tmp_path_factory.mktemp("several")
    for workflow in ("red_team", "ranking", "review"):
        plan = Plan(guidelines.load().workflows[workflow], LOCALES[:1], 4, 6, 3, 2)
        write(plan, data / workflow)
        run("load", data / workflow, "--data", data)
    return data


@pytest.fixture
def data(tmp_path: Path, frames: Path) -> Path:
    """A data folder with the simulated reviews."""
    assert run("load", frames, "--data", tmp_path).output == "120 annotations added, 0 updated, 0 unchanged\n"
    return tmp_path


def test_loading_again_changes_nothing(data: Path, frames: Path) -> None:
    """Frames that are in the store already are counted as unchanged."""
    assert run("load", frames, "--data", data).output == "0 annotations added, 0 updated, 120 unchanged\n"


def grouped(statistic: Statistic) -> dict[str, Any]:
    """By locale and stage, where the statistic can be."""
    by: Any = statistic.takes().fields.get("by")
    choices = {name for check in (by.inner.validators if by else ()) for name in check.choices}
    return {"by": "locale,stage"} if {"locale", "stage"} <= choices else {}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, frames: Path) -> tuple[Path, dict[str, tuple[Any, str]]]:
    """A data folder, and what the API says of it: of each statistic the JSON and the CSV."""
    data = tmp_path_factory.mktemp("data")
    run("load", frames, "--data", data)
    app = create_app(config(data))
    client: FlaskClient = app.test_client()
    answers = {}
    for each in STATISTICS:
        replies = [
            client.get(f"/v1/{each.path}", query_string=grouped(each) | more, headers=ANALYST)
            for more in ({}, {"format": "csv"})
        ]
        answers[each.name] = replies[0].json, replies[1].get_data(as_text=True)
    service_of(app).close()
    return data, answers


@pytest.mark.parametrize("statistic", STATISTICS, ids=lambda each: each.name)
def test_commands_and_python_say_what_the_api_says(told: Any, statistic: Statistic) -> None:
    """The CSV of a command and the rows in Python are those of the route of the same name and parameters."""
    data, answers = told
    expected, lines = answers[statistic.name]
    options = [text for name, value in grouped(statistic).items() for text in (f"--{name}", value)]
    command = (statistic.name, "--data", data, *options)
    assert table(run(*command, "--format", "csv").output) == table(lines)
    rows = [plain(row) for row in ask(data, statistic.name, **grouped(statistic))]
    assert rounded(json.loads(orjson.dumps(rows, option=orjson.OPT_SERIALIZE_NUMPY))) == rounded(expected["rows"])


def table(lines: str) -> Any:
    """CSV as rows."""
    return rounded([{name: number(text) for name, text in row.items()} for row in csv.DictReader(io.StringIO(lines))])


def number(text: str) -> Any:
    """The number that a text is, else the text."""
    try:
        return float(text)
    except ValueError:
        return text


def rounded(value: Any) -> Any:
    """Without the last digits of numbers: the engine adds up in any order."""
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return float(f"{round(value, 12):.8g}") if isinstance(value, float) else value


def test_python_takes_lists_and_refuses_what_the_api_refuses(data: Path) -> None:
    """Several values are a list; an unknown statistic, parameter or value is an error that lists what is possible."""
    found = ask(data, "agreement", workflow="fluency_review", by=["locale", "week"], metrics=("percent",))
    assert {tuple(plain(row))[:4] for row in found} == {("workflow", "question", "locale", "week")}
    with pytest.raises(UnknownStatistic, match="agreement"):
        ask(data, "agreements")
    with pytest.raises(ImpossibleParameter, match=r"there is no such parameter; there are: .*question"):
        ask(data, "agreement", limits=3)
    with pytest.raises(ImpossibleParameter, match="metrics: Must be one of: percent"):
        ask(data, "agreement", metrics=["percent", "kappa"])
    with pytest.raises(UnknownValue, match="no workflow"):
        ask(data, "agreement", workflow="nothing")
    with pytest.raises(UnknownValue, match=r"no question 'errors' of the kind that this statistic takes; .*fluency"):
        ask(data, "icc", question="errors")
    with pytest.raises(StoreMissing):
        ask(data / "nowhere", "agreement")


@pytest.mark.parametrize("command", ["agreement", "forecast", "consensus", "certainty", "quality", "trends"])
def test_a_table_declares_simulated_work(data: Path, command: str) -> None:
    """The table has a header, a line a row, and says that the annotators were simulated."""
    lines = run(command, "--data", data).output.splitlines()
    assert lines[0].startswith("workflow")
    assert lines[-1] == "simulated annotators: all"
    assert len(lines) > 3


def test_a_table_fits_its_width_and_says_what_is_missing_and_what_is_small(tmp_path: Path, frames: Path) -> None:
    """What is too wide follows below with its names, also where a code is named as a field of estimates is."""
    workflow = guidelines.load().workflows["red_team"]  # severity: low, medium, high, extreme
    write(Plan(workflow, LOCALES[:2], 6, 20, 1, 4, seed=1), tmp_path / "frames")
    run("load", tmp_path / "frames", "--data", tmp_path)
    first, *blocks, notes = run("agreement", "--data", tmp_path, "--question", "severity").output.split("\n\n")
    assert first.splitlines()[0].startswith("workflow  question  locale  percent        n_items  alpha_nominal")
    assert re.search(r"red_team +severity +en-US +undefined \[1\] +0", first)
    assert any("low 0." in block for block in blocks)
    assert notes == "[1] no item has two annotators\nsimulated annotators: all\n"
    run("load", frames, "--data", tmp_path)
    text = run("agreement", "--data", tmp_path, "--question", "fluency").output
    assert max(map(len, text.splitlines())) <= 120
    assert re.search(r"fluency +en-US .* 20\*", text)
    assert "* a small sample: fewer than 30 items" in text


@pytest.mark.parametrize("statistic", STATISTICS, ids=lambda each: each.name)
def test_each_kind_of_answer_can_be_shown_as_a_table(several: Path, statistic: Statistic) -> None:
    """No command fails, also where codes are named as fields of estimates are."""
    assert run(statistic.name, "--data", several).exit_code == 0


def test_a_target_is_a_number(data: Path) -> None:
    """`--target` is heard, and something else than a number in its range is refused, as the API does."""
    rows = json.loads(run("forecast", "--data", data, "--target", "0.25", "--format", "json").output)["rows"]
    assert {row["target"] for row in rows} == {0.25}
    assert run("forecast", "--data", data, "--target", "narrow").exit_code == 2
    assert "not in the range" in run("forecast", "--data", data, "--target", "2").output
    assert "1<=x<=1000" in run("consensus", "--data", data, "--limit", "0").output


def test_rebuilding_keeps_what_was_loaded(data: Path) -> None:
    """Loaded frames are among the raw bodies, so a rebuilt store has them too."""
    before = run("quality", "--data", data).output
    (data / "concord.duckdb").unlink()
    assert run("rebuild", "--data", data, "--pseudonym-key", "key").output.endswith("rebuilt from 1 bodies\n")
    assert run("quality", "--data", data).output == before


def test_a_damaged_store_can_be_rebuilt(data: Path) -> None:
    """Garbage where the store was is replaced."""
    before = run("quality", "--data", data).output
    (data / "concord.duckdb").write_bytes(b"garbage" * 1000)
    with pytest.raises(ConcordError, match="concord rebuild"):
        run("quality", "--data", data)
    run("rebuild", "--data", data, "--pseudonym-key", "key")
    assert run("quality", "--data", data).output == before


def test_a_folder_without_a_store_is_said_plainly(tmp_path: Path) -> None:
    """Asking makes no empty store."""
    with pytest.raises(StoreMissing, match="there is no store"):
        run("agreement", "--data", tmp_path)
    with pytest.raises(StoreMissing):
        run("rebuild", "--data", tmp_path / "nowhere", "--pseudonym-key", "key")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_frames_is_said_plainly(tmp_path: Path, frames: Path) -> None:
    """What is missing, or which file is not the frame it is named after."""
    with pytest.raises(MissingFrames, match=r"lacks judgments\.parquet, annotations\.parquet"):
        run("load", tmp_path, "--data", tmp_path / "data")
    for path in frames.glob("*.parquet"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    pq.write_table(pq.read_table(tmp_path / "spans.parquet").drop_columns(["weight"]), tmp_path / "spans.parquet")
    with pytest.raises(MalformedFrame, match=r"spans\.parquet is not this frame"):
        run("load", tmp_path, "--data", tmp_path / "data")


def test_questions_that_a_metric_is_impossible_for_are_left_out_unless_named(several: Path) -> None:
    """Of all questions the ordinal ones have an ordinal alpha; a nominal one that is named is an error."""
    rows = ask(several, "agreement", workflow="red_team", metrics=["alpha_ordinal"])
    assert [row.group["question"] for row in rows] == ["outcome", "severity"]
    assert {
        row.group["question"] for row in ask(several, "pairs", workflow="red_team", metric="kappa_linear", minimum=2)
    } <= {
        "outcome",
        "severity",
    }
    with pytest.raises(ImpossibleMetric, match="percent, alpha_nominal"):
        ask(several, "agreement", workflow="red_team", question="category", metrics=["alpha_ordinal"])


def test_an_unknown_column_or_locale_lists_what_is_possible(data: Path) -> None:
    """Parameters are checked as in the API."""
    column = run("agreement", "--data", data, "--by", "colour")
    assert column.exit_code == 2
    assert "guideline_version" in column.output
    with pytest.raises(ConcordError, match="choose one of"):
        run("agreement", "--data", data, "--locale", "fr-CA")


def test_settings_come_from_the_environment() -> None:
    """Every setting is read, and no secret is in what is printed of them."""
    found = Config.from_env(ENVIRONMENT)
    assert (found.data, found.guidelines, found.pseudonym_key) == (Path("/data"), None, b"pseudonym-key-of-the-tests")
    assert "of-the-tests" not in repr(found)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"CONCORD_DATA": ""}, "CONCORD_DATA is not set"),
        ({"CONCORD_SECRET_KEY": "short"}, "CONCORD_SECRET_KEY is shorter than 16 characters"),
        ({"CONCORD_INGEST_TOKEN": "analyst-token-of-the-tests"}, "each secret needs a value of its own"),
    ],
)
def test_bad_settings_are_named(change: dict[str, str], problem: str) -> None:
    """What is missing, too short or the same as another is said, without its value."""
    with pytest.raises(SettingsError, match=problem) as raised:
        Config.from_env({**ENVIRONMENT, **change})
    assert "of-the-tests" not in str(raised.value)


def test_all_missing_settings_are_named_at_once() -> None:
    """An empty environment is one error with every name in it."""
    with pytest.raises(SettingsError) as raised:
        Config.from_env({})
    assert all(name in str(raised.value) for name in ENVIRONMENT)
