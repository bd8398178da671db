"""Harm providers in the running ML backend: what annotators' tool is told of them, and what operators are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ml_model_endpoint import KEY, Handler, ModelServer, model_server

from ml_backend import Config, create_app
from ml_backend.settings import HarmProvider, Settings

TASKS = """<View><Text name="prompt" value="$prompt"/><TextArea name="prescreen" toName="prompt"/></View>"""


def moderate(handler: Handler, body: dict[str, Any]) -> None:
    scores = [{"category_scores": {"hate": 0.9 if "filth" in text else 0.1}} for text in body["input"]]
    handler.send(json.dumps({"results": scores}).encode(), kind="application/json")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as server:
        server.behave = moderate
        yield server


@pytest.fixture
def config(server: ModelServer, tmp_path: Path) -> Config:
    endpoint = replace(server.endpoint, model="moderator-9", seconds=30.0)
    providers = (
        HarmProvider("service", "moderation", endpoint=endpoint),
        HarmProvider("local", "classifier", model=str(tmp_path / "nowhere-7b"), labels={"toxic": "hate"}),
    )
    return Config(data=tmp_path / "ml", settings=Settings(toxicity=providers), seconds=60)


def _screens(config: Config, *prompts: str) -> list[dict[str, Any]]:
    tasks = [{"id": at, "data": {"item": str(at), "prompt": prompt}} for at, prompt in enumerate(prompts)]
    body = {"tasks": tasks, "project": "57.1", "label_config": TASKS}
    results = create_app(config).test_client().post("/predict", json=body).get_json()["results"]
    return [json.loads(result["result"][0]["value"]["text"][0])["screens"] for result in results]


def test_each_provider_is_a_screen_and_one_that_fails_says_so(config: Config) -> None:
    """What one cannot do does not keep the other from answering."""
    filth, fine = _screens(config, "you are filth", "have a nice day")
    assert (filth["toxicity_service"]["kind"], filth["toxicity_service"]["score"]) == ("hate", 0.9)
    assert fine["toxicity_service"] == {"status": "screened", "score": 0.1, "categories": {"hate": 0.1}}
    assert fine["toxicity_local"] == {"status": "unscreened", "reason": "the model cannot be loaded"}
    assert "toxicity" not in fine


def test_the_labelling_tool_is_not_told_who_judged(config: Config) -> None:
    """A provider may be a model whose responses people compare; operators are told by health."""
    assert "moderator-9" not in json.dumps(_screens(config, "you are filth"))
    assert "nowhere-7b" not in json.dumps(_screens(config, "you are filth"))
    health = create_app(config).test_client().get("/health")
    assert KEY not in health.text
    screens = health.get_json()["screens"]
    assert screens["toxicity_service"] == {"provider": "moderation moderator-9", "status": "up"}
    assert screens["toxicity_local"]["reason"] == "the model's folder is missing"


def test_without_a_provider_there_is_no_claim(tmp_path: Path) -> None:
    """Harm is unscreened, not absent."""
    (screens,) = _screens(Config(data=tmp_path), "you are filth")
    assert screens["toxicity"] == {"status": "unscreened", "reason": "no provider configured"}


def test_the_model_version_is_the_same_after_a_restart(tmp_path: Path) -> None:
    """Whatever order this Python has its sets in: another version would have all predictions made again."""
    settings = tmp_path / "settings.yaml"
    settings.write_text(
        "screens: {language: false, pii: false, profanity: false, toxicity: [{name: a, kind: moderation, "
        "url: 'http://127.0.0.1:9', model: m, languages: [de, en, fr, it]}]}",
        "utf-8",
    )
    program = "import os; from ml_backend import Config, create_app; "
    program += "print(create_app(Config.from_env(os.environ)).test_client().get('/health').json['model_version'])"
    environment = {**os.environ, "CONCORD_ML_SETTINGS": str(settings), "CONCORD_ML_DATA": str(tmp_path / "ml")}
    versions = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**environment, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(versions) == 1
