"""The settings file of models, as the document for operators gives it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ml_backend.errors import InvalidSettings
from ml_backend.settings import Endpoint, Use, read_settings

OPERATORS = Path(__file__).parent.parent / "docs" / "operators.md"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example of the document as a file."""
    text = re.findall(r"```yaml\n(models:\n.*?)```", OPERATORS.read_text("utf-8"), re.DOTALL)[0]
    path = tmp_path / "settings.yaml"
    path.write_text(text, "utf-8")
    return path


def test_the_example_for_operators_can_be_used(example: Path) -> None:
    """It is read whole, keys come from the environment, and no key is in its text form."""
    settings = read_settings(example, {"AURORA_KEY": "sk-secret"})
    assert settings.models["aurora"] == Endpoint(
        name="aurora",
        url="https://models.example/v1",
        model="aurora-7b-instruct",
        key="sk-secret",
        iteration="2026-11",
        seconds=40,
        requests_at_once=4,
        requests_per_minute=120,
        parameters={"temperature": 0.7, "max_tokens": 800},
    )
    assert settings.models["borealis"] == Endpoint("borealis", "http://127.0.0.1:8001/v1", "borealis")
    assert settings.use("demo") == Use(("aurora", "borealis"), requests=20_000, tokens=5_000_000)
    assert settings.use("another") == Use(("aurora", "borealis"))
    assert "sk-secret" not in repr(settings)


def test_a_programme_may_have_a_budget_and_all_models(example: Path) -> None:
    """Only an empty list means no models."""
    text = example.read_text("utf-8").replace("models: [aurora, borealis]", "# all")
    example.write_text(text.replace("programmes:\n", "programmes:\n  silent: {models: []}\n"), "utf-8")
    settings = read_settings(example, {"AURORA_KEY": "k"})
    assert settings.use("demo") == Use(("aurora", "borealis"), requests=20_000, tokens=5_000_000)
    assert settings.use("silent") == Use()


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("seconds: 40", "seconds: 400", "seconds, up to 90"),
        ("requests_at_once: 4", "requests_at_once: 0", "a number of requests, 1 or more"),
        ("http://127.0.0.1:8001/v1", "127.0.0.1:8001", "an http address"),
        ("[aurora, borealis]", "[aurora, corona]", "choose: aurora, borealis"),
        ("requests: 20000", "request: 20000", "requests, tokens or both"),
        ("key_env: AURORA_KEY", "key_env: NO_KEY", "NO_KEY"),
    ],
)
def test_a_mistake_is_told_with_line_and_fix(example: Path, right: str, wrong: str, told: str) -> None:
    """The service does not start with it."""
    text = example.read_text("utf-8")
    line = text[: text.index(right)].count("\n") + 1
    example.write_text(text.replace(right, wrong), "utf-8")
    with pytest.raises(InvalidSettings, match=re.escape(told)) as refused:
        read_settings(example, {"AURORA_KEY": "k"})
    assert [problem.line for problem in refused.value.problems] == [line]


def test_a_judge_of_harm_answers_no_programme_unasked(tmp_path: Path) -> None:
    """A model that a screen asks is drawn for programmes that name it, and for no other."""
    path = tmp_path / "settings.yaml"
    endpoint = "url: http://127.0.0.1:8001/v1"
    path.write_text(
        f"models:\n  aurora: {{{endpoint}, model: a}}\n  judge: {{{endpoint}, model: j}}\n"
        "screens:\n  toxicity:\n    - {name: judge, kind: judge, model: judge}\n"
        "programmes:\n  budgeted: {budget: {requests: 5}}\n  named: {models: [judge]}\n"
    )
    settings = read_settings(path, {})
    assert settings.use("another").models == settings.use("budgeted").models == ("aurora",)
    assert settings.use("named").models == ("judge",)
