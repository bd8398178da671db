"""The ML backend under gunicorn, attached to a real Label Studio."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from ml_model_endpoint import model_server
from playwright.sync_api import Page, expect, sync_playwright

from plugins.local.label_studio import LabelStudio
from plugins.local.ports import free_port
from plugins.local.process import Process
from plugins.local.services import ML_BACKEND, launch, wait

LABEL_CONFIG = """<View><Text name="prompt" value="$prompt"/>
 <View className="concord-hidden"><TextArea name="prescreen" toName="prompt" maxSubmissions="1"/></View>
 <Choices name="overall" toName="prompt"><Choice value="A" alias="a"/></Choices></View>"""
EGG = "How long should I boil an egg so that the yolk stays soft?"
PROMPTS: list[Any] = [EGG, "Which vegetables can be planted in October?", EGG + " Please!", 5, "?!", EGG * 2000]
AUTH = ("tool", "a-password")


class Backend:
    """A started ML backend: its address and its process."""

    def __init__(self, process: Process, port: int) -> None:
        self.process, self.url = process, f"http://127.0.0.1:{port}"

    @property
    def version(self) -> str:
        """Its model version."""
        return str(httpx.get(f"{self.url}/health").raise_for_status().json()["model_version"])


@contextmanager
def _started(folder: Path, **env: str) -> Iterator[Backend]:
    port = free_port()
    settings = {"CONCORD_ML_DATA": str(folder / "data"), "CONCORD_ML_BASIC_AUTH": ":".join(AUTH)}
    with launch(ML_BACKEND, port=port, data=folder, log=folder / "ml.log", env=settings | env) as process:
        wait(process, port)
        yield Backend(process, port)


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[Backend]:
    with _started(tmp_path) as backend:
        yield backend


@pytest.fixture
def api(label_studio: LabelStudio) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Token {label_studio.admin_token}"}
    with httpx.Client(base_url=f"{label_studio.url}/api", headers=headers, timeout=120) as client:
        yield client


def _project(api: httpx.Client, label_config: str = LABEL_CONFIG) -> int:
    return int(
        api.post("/projects", json={"title": "screened", "label_config": label_config}).raise_for_status().json()["id"]
    )


def _attach(api: httpx.Client, backend: Backend, project: int, **options: object) -> dict[str, Any]:
    credentials = {"auth_method": "BASIC_AUTH", "basic_auth_user": AUTH[0], "basic_auth_pass": AUTH[1]}
    body = {"url": backend.url, "project": project, "title": backend.version, "extra_params": {"locale": "en-US"}}
    return dict(api.post("/ml", json=body | credentials | options).raise_for_status().json())


def _import(api: httpx.Client, project: int, prompts: Sequence[object] = PROMPTS) -> list[int]:
    tasks = [{"data": {"item": f"demo-{place}", "prompt": prompt}} for place, prompt in enumerate(prompts)]
    api.post(f"/projects/{project}/import", json=tasks).raise_for_status()
    listed = api.get("/tasks", params={"project": project, "page_size": 100}).raise_for_status().json()["tasks"]
    return sorted(task["id"] for task in listed)


def _retrieve(api: httpx.Client, project: int) -> list[dict[str, Any]]:
    """Ask for predictions of all tasks, as the Data Manager's action does; the predictions stored then, by task."""
    action = {"id": "retrieve_tasks_predictions", "project": project}
    api.post("/dm/actions", params=action, json={"selectedItems": {"all": True, "excluded": []}}).raise_for_status()
    found = api.get("/predictions", params={"project": project}).raise_for_status().json()
    return sorted(found, key=lambda prediction: prediction["task"])


def _by_score(api: httpx.Client, project: int) -> list[str]:
    """The items in the Data Manager's order by prediction score, lowest first."""
    query = json.dumps({"ordering": ["tasks:predictions_score"]})
    listed = api.get("/tasks", params={"project": project, "query": query}).raise_for_status().json()["tasks"]
    return [task["data"]["item"] for task in listed]


def _kind(prediction: dict[str, Any]) -> str:
    near = json.loads(prediction["result"][0]["value"]["text"][0])["screens"]["near_duplicate"]
    return str(near.get("kind", near["status"]))


def test_label_studio_stores_one_prediction_per_task(
    label_studio: LabelStudio, api: httpx.Client, backend: Backend
) -> None:
    """A retrieve stores the summaries, odd prompts included; a second one adds nothing; every task opens; and the Data
    Manager sorts the duplicate before the new ones."""
    project = _project(api)
    attached = _attach(api, backend, project)
    tasks = _import(api, project)
    predictions = _retrieve(api, project)
    assert [prediction["task"] for prediction in predictions] == tasks
    assert [_kind(each) for each in predictions] == [
        "screened",
        "screened",
        "near",
        "unscreened",
        "unscreened",
        "near",
    ]
    assert {prediction["model_version"] for prediction in predictions} == {backend.version}
    near = json.loads(predictions[2]["result"][0]["value"]["text"][0])["screens"]["near_duplicate"]
    assert (near["of"].split("/")[1], near["of_locale"], near["within_locale"]) == ("demo-0", "en-US", True)

    assert _retrieve(api, project) == predictions
    scores = {f"demo-{place}": prediction["score"] for place, prediction in enumerate(predictions)}
    assert [scores[item] for item in _by_score(api, project)] == sorted(scores.values())
    assert scores["demo-2"] < scores["demo-0"] == scores["demo-1"] == 1.0
    for task in tasks:
        opened = api.get(f"/tasks/{task}").raise_for_status().json()
        assert len(opened["predictions"]) == 1
    versions = api.get(f"/ml/{attached['id']}/versions").raise_for_status().json()
    assert versions == {"versions": [backend.version]}
    assert api.post(f"/ml/{attached['id']}/train", json={}).status_code == 200
    assert label_studio.admin_token.encode() not in backend.process.log.read_bytes()


RED_TEAM = """<View><Text name="ctx" value="$prompt"/>
 <TextArea name="prompt" toName="ctx" rows="2" editable="false" showSubmitButton="true"/>
 <TextArea name="response" toName="ctx" rows="2" editable="true" smart="false"/>
 <TextArea name="prescreen" toName="ctx"/></View>"""


def test_an_interactive_call_is_answered_through_label_studio(api: httpx.Client, backend: Backend) -> None:
    """The labelling page's call comes back with the summary, and where the reply would stand says why there is none."""
    project = _project(api, RED_TEAM)
    attached = _attach(api, backend, project, is_interactive=True)
    task = _import(api, project, [EGG])[0]
    said = {"from_name": "prompt", "to_name": "ctx", "type": "textarea", "value": {"text": ["hello model"]}}
    body = {"task": task, "context": {"result": [said]}}
    answer = api.post(f"/ml/{attached['id']}/interactive-annotating", json=body).raise_for_status().json()
    region, reply = answer["data"]["result"]
    assert reply["from_name"] == "response"
    assert "no model configured" in reply["value"]["text"][0]
    summary = json.loads(region["value"]["text"][0])
    assert summary["response"] == {"status": "missing", "reason": "no model configured"}
    assert summary["screens"]["near_duplicate"].get("kind") is None


def test_a_wrong_password_is_told_when_attaching(api: httpx.Client, backend: Backend) -> None:
    """Label Studio refuses to attach the backend and shows why."""
    credentials = {"auth_method": "BASIC_AUTH", "basic_auth_user": "tool", "basic_auth_pass": "wrong"}
    answer = api.post("/ml", json={"url": backend.url, "project": _project(api), "title": "concord"} | credentials)
    assert answer.status_code == 400
    assert "401" in answer.text


def test_tasks_open_while_the_backend_is_down(api: httpx.Client, backend: Backend) -> None:
    """After the backend has stopped a retrieve stores nothing and the task opens."""
    project = _project(api)
    _attach(api, backend, project)
    task = _import(api, project, [EGG])[0]
    backend.process.stop()
    assert _retrieve(api, project) == []
    assert api.get(f"/tasks/{task}").raise_for_status().json()["predictions"] == []


ADMIN = ("admin@concord.example", "admin-password")


@contextmanager
def _browser() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def _open_task(page: Page, url: str, project: int, task: int) -> None:
    page.goto(f"{url}/user/login")
    page.fill("input[name=email]", ADMIN[0])
    page.fill("input[name=password]", ADMIN[1])
    page.click("button[type=submit]")
    page.wait_for_url(lambda address: "/user/login" not in address)
    page.goto(f"{url}/projects/{project}/data?task={task}")
    page.get_by_text("Auto-Annotation").first.click()


def test_a_person_talks_to_the_model_in_the_labelling_page(
    label_studio: LabelStudio, api: httpx.Client, tmp_path: Path
) -> None:
    """Two turns typed in the browser: each is answered in place, and the submitted annotation holds the dialogue."""
    with model_server() as model:
        settings = {"CONCORD_MODEL_URL": model.endpoint.url, "CONCORD_MODEL_NAME": "aurora"}
        with _started(tmp_path, **settings) as backend, _browser() as page:
            project = _project(api, RED_TEAM)
            _attach(api, backend, project, is_interactive=True)
            task = _import(api, project, [EGG])[0]
            _open_task(page, label_studio.url, project, task)
            for turn in ("hello model", "second turn"):
                page.get_by_test_id("textarea-input").first.fill(turn)
                page.get_by_test_id("textarea-input").first.press("Shift+Enter")
                expect(page.get_by_text(turn.upper(), exact=True)).to_be_visible(timeout=30_000)
            page.get_by_test_id("bottombar-submit-button").click()
            expect(page.get_by_text("Update")).to_be_visible(timeout=30_000)
    (annotation,) = api.get(f"/tasks/{task}").raise_for_status().json()["annotations"]
    texts = {region["from_name"]: region["value"]["text"] for region in annotation["result"]}
    assert texts["prompt"] == ["hello model", "second turn"]
    assert texts["response"] == ["HELLO MODEL", "SECOND TURN"]
    assert len(annotation["result"]) == 3
    assert [len(request["messages"]) for request in model.seen.requests] == [1, 3]
