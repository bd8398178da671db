"""A programme labelled in a real Label Studio, learnt from at its training call, and screened with what was learnt."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean
from typing import Any

import httpx
from own_labels_texts import votes, write_programme

import guidelines
from ml_backend.own_labels.status import Status, read
from ml_backend.own_labels.store import Heads
from plugins.label_studio.api import Api
from plugins.label_studio.push import Attachments, push
from plugins.label_studio.results import to_result
from plugins.local.label_studio import LabelStudio
from plugins.local.ports import free_port
from plugins.local.services import ML_BACKEND, launch, wait
from plugins.programme import load

AUTH = ("tool", "a-password")
CODES = {0.0: "harmless", 1.0: "harmful"}


class _Nowhere:
    """Where the manifest goes when there is no analytics service."""

    def send_manifest(self, source: str, **rows: Sequence[Mapping[str, Any]]) -> None:
        """Forget it."""


def _annotate(api: httpx.Client, project: int, by_item: Mapping[str, str]) -> None:
    workflow = guidelines.load().workflows["safety_moderation"]
    listed = api.get("/tasks", params={"project": project, "page_size": 200}).raise_for_status().json()["tasks"]

    def annotate(task: dict[str, Any]) -> None:
        code = by_item[task["data"]["item"]]
        answers = {("prompt_harm", "item"): code, ("response_harm", "a"): "safe", ("refusal", "a"): "right_refusal"}
        body = {"result": to_result(answers, workflow, task["data"]), "lead_time": 5.0}
        api.post(f"/tasks/{task['id']}/annotations", json=body).raise_for_status()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(annotate, listed))


def _trained(folder: Path) -> Status:
    deadline = time.monotonic() + 120
    while (status := read(folder)).state in ("never", "training"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return status


def _screened(api: httpx.Client, project: int) -> dict[int, dict[str, Any]]:
    """What own labels say of each task's prompt, as Label Studio stored it."""
    action = {"id": "retrieve_tasks_predictions", "project": project}
    api.post("/dm/actions", params=action, json={"selectedItems": {"all": True, "excluded": []}}).raise_for_status()
    found = api.get("/predictions", params={"project": project}).raise_for_status().json()
    summaries = {each["task"]: json.loads(each["result"][0]["value"]["text"][0]) for each in found}
    return {task: summary["screens"]["own_labels"] for task, summary in summaries.items()}


def test_label_studios_training_call_makes_a_head_that_screens(label_studio: LabelStudio, tmp_path: Path) -> None:
    """Sixty annotated tasks are 120 labels; the button's call trains on them, and the running workers use the head."""
    given = votes(60)
    library = guidelines.load()
    programme = load(write_programme(tmp_path / "guard", given), library)
    port, data = free_port(), tmp_path / "data"
    settings = {
        "CONCORD_ML_DATA": str(data),
        "CONCORD_ML_BASIC_AUTH": ":".join(AUTH),
        "CONCORD_LABEL_STUDIO_URL": label_studio.url,
        "CONCORD_LABEL_STUDIO_TOKEN": label_studio.admin_token,
    }
    with (
        launch(ML_BACKEND, port=port, data=tmp_path, log=tmp_path / "ml.log", env=settings) as process,
        httpx.Client(
            base_url=f"{label_studio.url}/api",
            headers={"Authorization": f"Token {label_studio.admin_token}"},
            timeout=120,
        ) as api,
    ):
        wait(process, port)
        backend = f"http://127.0.0.1:{port}"
        attachments = Attachments("http://127.0.0.1:9/v1/webhooks/label-studio", "w" * 20, backend, AUTH)
        with Api(label_studio.url, label_studio.admin_token) as tool:
            (pushed,) = push(programme, library, tool, _Nowhere(), attachments).projects
        project = int(pushed.project)
        (attached,) = api.get("/ml", params={"project": project}).raise_for_status().json()
        _annotate(api, project, {f"i-{at}": CODES[vote.harm] for at, vote in enumerate(given)})

        started = time.monotonic()
        api.post(f"/ml/{attached['id']}/train", json={}).raise_for_status()
        assert time.monotonic() - started < 5
        status = _trained(data / "own_labels" / "guard")
        assert status.state == "done", status
        (version,) = Heads(data, "guard").versions("en")
        assert version.usable
        assert version.about["locales"]["en-US"] == {"harmful": 30, "harmless": 90, "undecided": 0, "texts": 120}

        outcomes = _screened(api, project)
        assert {outcome["status"] for outcome in outcomes.values()} == {"screened"}, outcomes
        listed = api.get("/tasks", params={"project": project, "page_size": 200}).json()["tasks"]
        harm = {task["id"]: given[int(task["data"]["item"].removeprefix("i-"))].harm for task in listed}
        rough = [outcome["score"] for task, outcome in outcomes.items() if harm[task]]
        plain = [outcome["score"] for task, outcome in outcomes.items() if not harm[task]]
        assert mean(rough) > mean(plain) + 0.4
        assert label_studio.admin_token.encode() not in (tmp_path / "ml.log").read_bytes()
