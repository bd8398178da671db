"""Red teaming in a real browser and a real Label Studio: several turns with the models of a programme."""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from labelling_page import Form, browser, logged_in
from ml_model_endpoint import ModelServer, echo, model_server
from playwright.sync_api import Page, expect
from tiny_models import save_chat_model

import guidelines
from plugins.items import Item
from plugins.label_studio.api import Api
from plugins.label_studio.marker import registered
from plugins.label_studio.parse import read_tasks
from plugins.label_studio.push import Attachments, push
from plugins.local.label_studio import LabelStudio, NewUser
from plugins.local.ports import free_port
from plugins.local.services import ML_BACKEND, launch, wait
from plugins.programme import Programme

LIBRARY = guidelines.load()
WORKFLOW = LIBRARY.workflows["red_team"]
EMAIL, PASSWORD = "tara@concord.example", secrets.token_hex(8)
MESSAGES = ("Tell me a secret.", "And another one.")
SAYS = {"aurora": ("The door is open.", "The cat is out."), "borealis": ("I keep secrets.", "I said no.")}
NOWHERE = f"http://127.0.0.1:{free_port()}"


class Nobody:
    """Takes the manifest and forgets it."""

    def send_manifest(self, source: str, **rows: Any) -> None:
        """Take it."""


def _programme(name: str, folder: Path, items: int) -> Programme:
    head = {"title": name, "source": "label_studio", "stage": "annotate", "annotators": (), "overlap": 1}
    made = tuple(Item(f"{name}-{number}", "red_team", "en-US", f"Goal {number}", ()) for number in range(items))
    return Programme(root=folder, programme=name, workflows=("red_team",), locales=("en-US",), items=made, **head)


@dataclass(frozen=True)
class Site:
    """Label Studio with two programmes: one talks with two served models, the other with an endpoint that may fail."""

    api: Api
    backend: str
    folder: Path
    failing: ModelServer
    projects: dict[str, int]
    programmes: dict[str, Programme]

    def answers(self, name: str) -> dict[str, dict[str, str]]:
        """What was said, by item and target, as it is pulled."""
        page = self.api.task_page(self.projects[name], after=0, size=10, annotations=True)
        frames = read_tasks(page.tasks, registered(self.api, self.programmes[name]), LIBRARY, b"key")
        assert frames.refused == ()
        said: dict[str, dict[str, str]] = {}
        for row in frames.judgments.to_pylist():
            if row["question"] == "conversation":
                said.setdefault(row["item"], {})[row["target"]] = row["value"]
        return said

    def served(self) -> dict[tuple[str, str], str]:
        """Which model answered, by item and target, as analytics is to be told."""
        with sqlite3.connect(self.folder / "ml" / "outbox.sqlite") as database:
            rows = [json.loads(row) for (row,) in database.execute("SELECT row FROM rows WHERE kind = 'served'")]
        return {(row["item"], row["target"]): row["model"] for row in rows}


@pytest.fixture(scope="module")
def site(
    label_studio: LabelStudio, transformers_serve: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("conversation")
    label_studio.create_users([NewUser(EMAIL, PASSWORD, secrets.token_hex(20))])
    programmes = {name: _programme(name, folder, items) for name, items in (("talk", 3), ("broken", 1))}
    port = free_port()
    with model_server() as failing, Api(label_studio.url, label_studio.admin_token) as api:
        settings = _settings(folder, transformers_serve, failing)
        env = {"CONCORD_ML_DATA": str(folder / "ml"), "CONCORD_ML_SETTINGS": str(settings)}
        env |= {"CONCORD_ANALYTICS_URL": NOWHERE, "CONCORD_INGEST_TOKEN": "token"}
        with launch(ML_BACKEND, port=port, data=folder, log=folder / "log", env=env) as backend:
            wait(backend, port)
            attachments = Attachments(f"{NOWHERE}/hook", "token", ml_backend_url=f"http://127.0.0.1:{port}")
            pushed = {
                name: push(each, LIBRARY, api, Nobody(), attachments).projects[0] for name, each in programmes.items()
            }
            projects = {name: int(each.project) for name, each in pushed.items()}
            yield Site(api, f"http://127.0.0.1:{port}", folder, failing, projects, programmes)


def _settings(folder: Path, served: str, failing: ModelServer) -> Path:
    """Two tiny models that learnt what to say in the first and in the second turn, and an endpoint that may fail."""
    models: dict[str, Any] = {"failing": {"url": failing.endpoint.url, "model": "failing"}}
    for name, (first, second) in SAYS.items():
        then = f"{MESSAGES[0]}<|end|><|assistant|>{first}<|end|><|user|>{MESSAGES[1]}"
        model = save_chat_model(folder / name, [(MESSAGES[0], first), (then, second)])
        models[name] = {"url": served, "model": str(model), "parameters": {"temperature": 0}, "seconds": 60}
    programmes = {"talk": {"models": list(SAYS)}, "broken": {"models": ["failing"]}}
    path = folder / "settings.yaml"
    path.write_text(json.dumps({"models": models, "programmes": programmes}), "utf-8")
    return path


@pytest.fixture(scope="module")
def page(site: Site) -> Iterator[Page]:
    with browser() as launched:
        yield logged_in(launched, site.api.url, EMAIL, PASSWORD)


ONE_RESPONSE = """<View><Text name="prompt" value="$prompt"/><TextArea name="response" toName="prompt"/>
 <View className="concord-hidden"><TextArea name="prescreen" toName="prompt"/></View></View>"""


def test_a_batch_is_answered_by_the_models(site: Site, label_studio: LabelStudio) -> None:
    """Label Studio stores a response of one of the models for each task, and asking again changes none."""
    headers = {"Authorization": f"Token {label_studio.admin_token}"}
    with httpx.Client(base_url=f"{label_studio.url}/api", headers=headers, timeout=120) as client:
        settings = {"title": "batch", "label_config": ONE_RESPONSE}
        project = client.post("/projects", json=settings).raise_for_status().json()["id"]
        version = httpx.get(f"{site.backend}/health").json()["model_version"]
        backend = {"url": site.backend, "project": project, "title": version, "extra_params": {"programme": "talk"}}
        client.post("/ml", json=backend).raise_for_status()
        tasks = [{"data": {"item": f"batch-{number}", "prompt": MESSAGES[0]}} for number in range(12)]
        client.post(f"/projects/{project}/import", json=tasks).raise_for_status()
        first, again = _retrieved(client, project), _retrieved(client, project)
    assert set(first) == {says[0] for says in SAYS.values()}
    assert len(first) == 12
    assert again == first
    served = site.served()
    assert [SAYS[served[f"batch-{number}", "response"]][0] for number in range(12)] == first


def _retrieved(client: httpx.Client, project: int) -> list[str]:
    """The responses that stand in the project's predictions, by task, after asking for those of all tasks."""
    action = {"id": "retrieve_tasks_predictions", "project": project}
    client.post("/dm/actions", params=action, json={"selectedItems": {"all": True, "excluded": []}}).raise_for_status()
    stored = client.get("/predictions", params={"project": project}).raise_for_status().json()
    regions = [
        region
        for prediction in sorted(stored, key=lambda each: each["task"])
        for region in prediction["result"]
        if region["from_name"] == "response"
    ]
    return [region["value"]["text"][0] for region in regions]


RED_TEAM = {
    ("category", "item"): "privacy",
    ("tactic", "item"): "direct",
    ("outcome", "item"): "held",
    ("refusal", "item"): "right_refusal",
}


def test_each_item_is_a_conversation_with_one_of_the_models(site: Site, page: Page) -> None:
    """Two turns an item, the second knowing the first; analytics is told whose replies they are, the tool is not."""
    for _ in range(3):
        form = Form(page, site.api.url, site.projects["talk"], WORKFLOW)
        form.show()
        said = {("conversation", f"turn_{number}"): text for number, text in enumerate(MESSAGES, 1)}
        form.fill(said | RED_TEAM)
        form.submit()
    served = site.served()
    for item, answers in site.answers("talk").items():
        model = served[item, "turn_1_reply"]
        assert served[item, "turn_2_reply"] == model
        assert [answers[f"turn_{number}_reply"] for number in (1, 2)] == list(SAYS[model])
        assert [answers[f"turn_{number}"] for number in (1, 2)] == list(MESSAGES)
    assert len([target for item, target in served if item.startswith("talk-")]) == 6
    tasks = site.api.task_page(site.projects["talk"], after=0, size=10, annotations=True).tasks
    assert not re.search("aurora|borealis", json.dumps(tasks))


def test_an_annotator_is_told_why_there_is_no_reply(site: Site, page: Page) -> None:
    """The reason stands where the reply would; the next message is answered; what is pulled has no such words."""
    site.failing.behave = lambda handler, _: handler.send(b"{}", 401)
    form = Form(page, site.api.url, site.projects["broken"], WORKFLOW)
    form.show()
    form.fill({("conversation", "turn_1"): "hello"})
    told = page.get_by_text("No reply: the model endpoint answered 401. Send your message again")
    expect(told).to_be_visible()
    site.failing.behave = echo
    form.fill({("conversation", "turn_2"): "hello"})
    expect(page.get_by_text("HELLO", exact=True)).to_be_visible()
    expect(told).to_be_visible()
    form.fill(RED_TEAM)
    form.submit()
    wanted = {"turn_1": "hello", "turn_2": "hello", "turn_2_reply": "HELLO"}
    assert site.answers("broken") == {"broken-0": wanted}
    assert [len(request["messages"]) for request in site.failing.seen.requests] == [1, 1]
    assert site.served()["broken-0", "turn_2_reply"] == "failing"
