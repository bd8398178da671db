"""Model responses from two real models that a real server serves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from plugin_samples import write_programme
from tiny_models import save_chat_model

from concord import main
from ml_backend.errors import ModelFailed
from ml_backend.models.asking import Models
from ml_backend.models.patience import Patience
from ml_backend.settings import Endpoint, Settings, Use

PROMPTS = [f"Where is cat {number}?" for number in range(4)]
SAYS = {"aurora": "On the table.", "borealis": "Sous la table, près du mur 😀"}


@pytest.fixture(scope="module")
def endpoints(transformers_serve: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Endpoint]:
    """Two models with two ways to answer."""
    folder = tmp_path_factory.mktemp("models")
    served = {}
    for name, words in SAYS.items():
        model = save_chat_model(folder / name, [(prompt, words) for prompt in PROMPTS])
        served[name] = Endpoint(name, transformers_serve, str(model), parameters={"temperature": 0})
    return served


def test_a_served_model_answers_and_is_counted(endpoints: dict[str, Endpoint], tmp_path: Path) -> None:
    """Its stream is read to the end; log-probabilities that it leaves out are not missed; its tokens are counted."""
    aurora = endpoints["aurora"]
    models = Models(Settings(models=endpoints, programmes={"demo": Use(("aurora",))}), tmp_path)
    messages = [{"role": "user", "content": PROMPTS[0]}]
    reply = models.ask(aurora, messages, Patience(), programme="demo", wishes={"logprobs": True, "top_logprobs": 5})
    assert (reply.text, reply.logprobs) == (SAYS["aurora"], None)
    spent = models.budget.spent("demo")
    assert (spent.requests, spent.estimated) == (1, 0)
    assert spent.tokens > 10
    assert models.health.troubles() == {"aurora": None, "borealis": None}


def test_a_served_model_goes_on_with_a_conversation(endpoints: dict[str, Endpoint], tmp_path: Path) -> None:
    """The history goes through its chat template, and something comes back."""
    talk = [("user", PROMPTS[0]), ("assistant", SAYS["aurora"]), ("user", PROMPTS[1])]
    messages = [{"role": role, "content": content} for role, content in talk]
    assert Models(Settings(models=endpoints), tmp_path).ask(endpoints["aurora"], messages, Patience()).text


def test_a_model_that_is_not_served_is_a_failure(endpoints: dict[str, Endpoint], tmp_path: Path) -> None:
    """A wrong name is told in our words, without the server's."""
    wrong = replace(endpoints["aurora"], model=str(tmp_path / "no-such-model"))
    with pytest.raises(ModelFailed, match="the model endpoint") as failed:
        Models(Settings(), tmp_path).ask(wrong, [{"role": "user", "content": "hello"}], Patience().within(20))
    assert "no-such-model" not in str(failed.value)


def test_a_programme_is_filled_by_served_models(endpoints: dict[str, Endpoint], tmp_path: Path) -> None:
    """Each item gets what each of the two models says, under the model's name."""
    root = write_programme(tmp_path / "probe", workflows=["preference"], locales=["en-US"], items=4)
    (path,) = root.glob("items/*/*.jsonl")
    rows = [json.loads(line) | {"responses": [], "gold": None} for line in path.read_text("utf-8").splitlines()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    named = {
        name: {"url": each.url, "model": each.model, "parameters": {"temperature": 0}, "requests_at_once": 2}
        for name, each in endpoints.items()
    }
    settings = tmp_path / "settings.yaml"
    settings.write_text(json.dumps({"models": named}), "utf-8")
    env = {"CONCORD_ML_SETTINGS": str(settings), "CONCORD_ML_DATA": str(tmp_path / "ml")}
    result = CliRunner().invoke(main, ["respond", str(root)], env=env)
    assert result.exit_code == 0, result.output
    for line in path.read_text("utf-8").splitlines():
        assert {each["model"]: each["text"] for each in json.loads(line)["responses"]} == SAYS
