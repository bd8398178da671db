"""Every workflow in a real Label Studio and a real browser: what an annotator enters is what is pulled."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from labelling_page import Form, browser, logged_in
from ml_model_endpoint import model_server
from playwright.sync_api import Page, expect

import guidelines
from guidelines.model import Guideline, Question, Workflow
from plugins.conditions import is_asked
from plugins.errors import GuidelineChange
from plugins.items import Item, Response
from plugins.label_studio.api import Api
from plugins.label_studio.marker import registered
from plugins.label_studio.parse import read_tasks
from plugins.label_studio.push import Attachments, push
from plugins.local.label_studio import LabelStudio, NewUser
from plugins.local.ports import free_port
from plugins.local.services import ML_BACKEND, launch, wait
from plugins.programme import Programme
from plugins.targets import targets

LIBRARY = guidelines.load()
WORKFLOWS = sorted(LIBRARY.workflows)
LOCALE = "en-US"
EMAIL, PASSWORD = "wanda@concord.example", secrets.token_hex(8)
MESSAGES = ("Tell me a secret,\nin two lines.", "And another one.")

Answers = dict[tuple[str, str], str]


class Nowhere:
    """Takes the manifest and forgets it: these tests read what Label Studio itself holds."""

    def send_manifest(self, source: str, **rows: Any) -> None:
        """Take it."""


@dataclass(frozen=True)
class Site:
    """The tool, the programme in it, and what the push was told."""

    api: Api
    programme: Programme
    attachments: Attachments
    projects: dict[str, int]

    def pulled(self, workflow: str) -> list[dict[str, Any]]:
        """The judgments that Label Studio holds of a workflow."""
        page = self.api.task_page(self.projects[workflow], after=0, size=10, annotations=True)
        frames = read_tasks(page.tasks, registered(self.api, self.programme), LIBRARY, b"key")
        assert frames.refused == ()
        rows: list[dict[str, Any]] = frames.judgments.to_pylist()
        return rows


def item(workflow: Workflow) -> Item:
    """An item that shows what the workflow can show, with three claims at most."""
    responses = tuple(Response(f"Response {number} 😀\n\nends here", "aurora") for number in range(workflow.responses))
    claims = tuple(f"Claim {number}" for number in range(min(workflow.claims, 3)))
    materials = {name: f"The {name}\nin two lines" for name in workflow.materials}
    name = f"item-{workflow.id}"
    return Item(name, workflow.id, LOCALE, "The prompt 😀\nin lines", responses, claims=claims, materials=materials)


@pytest.fixture(scope="module")
def site(label_studio: LabelStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """All workflows pushed, with an ML backend whose model answers in capitals."""
    folder = tmp_path_factory.mktemp("workflows")
    label_studio.create_users([NewUser(EMAIL, PASSWORD, secrets.token_hex(20))])
    items = tuple(item(workflow) for workflow in LIBRARY.workflows.values())
    head = {"programme": "all", "title": "All", "source": "label_studio", "stage": "annotate"}
    programme = Programme(
        root=folder, workflows=tuple(WORKFLOWS), locales=(LOCALE,), overlap=1, items=items, annotators=(), **head
    )
    port = free_port()
    with model_server() as model, Api(label_studio.url, label_studio.admin_token) as api:
        env = {"CONCORD_ML_DATA": str(folder), "CONCORD_MODEL_URL": model.endpoint.url, "CONCORD_MODEL_NAME": "aurora"}
        with launch(ML_BACKEND, port=port, data=folder, log=folder / "log", env=env) as backend:
            wait(backend, port)
            nobody = f"http://127.0.0.1:{free_port()}/hook"
            attachments = Attachments(nobody, "token", ml_backend_url=f"http://127.0.0.1:{port}")
            pushed = push(programme, LIBRARY, api, Nowhere(), attachments)
            yield Site(api, programme, attachments, {each.workflow: int(each.project) for each in pushed.projects})


@pytest.fixture(scope="module")
def page(site: Site) -> Iterator[Page]:
    """A page in which the annotator is logged in."""
    with browser() as launched:
        yield logged_in(launched, site.api.url, EMAIL, PASSWORD)


def chosen(workflow: Workflow) -> Answers:
    """Answers that bring as many questions as possible into sight; the last claim gets another answer."""
    answers: Answers = {}
    wanted = Counter(
        (each.asked_when.question, code)
        for each in workflow.questions
        if each.asked_when
        for code in each.asked_when.codes
    )
    for question in workflow.questions:
        for target in targets(question, workflow):
            beyond = target.startswith("claim_") and int(target[-1]) > 3
            if not beyond and is_asked(question, target, answers):
                answers |= _answer(question, target, wanted)
    return answers


def _answer(question: Question, target: str, wanted: Counter[tuple[str, str]]) -> Answers:
    known = [code for code, _ in question.steps]
    if question.kind == "conversation":
        said = {("conversation", f"turn_{number}"): text for number, text in enumerate(MESSAGES, 1)}
        return said | {(key, f"{turn}_reply"): text.upper() for (key, turn), text in said.items()}
    if question.kind == "error_spans":
        return {}
    if question.kind == "multiple_choice":
        return {(question.id, target): "|".join(sorted([known[0], known[-1]]))}
    if question.kind == "ranking":
        return {(question.id, target): {"a": "2", "b": "1", "c": "4"}.get(target, "2")}
    if not known:
        return {(question.id, target): f"{question.title} 😀\nفي سطرين"}
    best = known[-1] if target == "claim_3" else max(known, key=lambda code: wanted[question.id, code])
    return {(question.id, target): best}


def guideline(workflow: str) -> Guideline:
    return LIBRARY.guideline(workflow, LOCALE)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_what_is_entered_is_what_is_pulled(site: Site, page: Page, name: str) -> None:
    """Untouched, a task cannot be submitted; filled in by hand and submitted, it holds those answers and no others."""
    workflow = guideline(name).workflow
    form = Form(page, site.api.url, site.projects[name], workflow)
    if workflow.sensitive:
        expect(page.get_by_text("The prompt 😀")).to_be_hidden()
    form.refused()
    form.show()
    answers = chosen(workflow)
    form.fill(answers)
    form.submit()
    rows = site.pulled(name)
    marked = {(each.id, "a"): "none" for each in workflow.questions if each.kind == "error_spans"}
    assert {(row["question"], row["target"]): row["value"] for row in rows} == answers | marked
    assert {row["question"]: row["original"] for row in rows if row["original"] is not None} == edited(
        workflow, answers
    )


def edited(workflow: Workflow, answers: Answers) -> dict[str, str]:
    """The texts that the edited ones among these answers started from."""
    shown = item(workflow)
    starts = {"prompt": shown.prompt, "response": shown.responses[0].text if shown.responses else "", **shown.materials}
    asked = {question for question, _ in answers}
    return {
        each.id: starts[each.edits or "prompt"]
        for each in workflow.questions
        if each.kind == "edited_text" and each.id in asked
    }


@pytest.mark.parametrize(
    ("workflow", "changes", "lost"),
    [
        ("ranking", {"responses": 3}, "place__d"),
        ("fact_verification", {"claims": 2}, "verdict__claims_2"),
        ("red_team", {"questions": LIBRARY.workflows["red_team"].questions[1:]}, "conversation__message"),
    ],
)
def test_a_version_that_would_orphan_answers_is_refused(
    site: Site, workflow: str, changes: dict[str, Any], lost: str
) -> None:
    """Fewer responses, fewer claims or a question less: named before the project is changed."""
    before = site.api.project(site.projects[workflow]).settings
    library = _Changed(replace(LIBRARY.workflows[workflow], version="9", **changes))
    programme = replace(site.programme, workflows=(workflow,), items=())
    with pytest.raises(GuidelineChange, match=lost):
        push(programme, library, site.api, Nowhere(), site.attachments)  # type: ignore[arg-type]
    assert site.api.project(site.projects[workflow]).settings == before


@dataclass(frozen=True)
class _Changed:
    """A library in which one workflow is another."""

    workflow: Workflow

    @property
    def workflows(self) -> dict[str, Workflow]:
        return {**LIBRARY.workflows, self.workflow.id: self.workflow}

    def guideline(self, workflow: str, locale: str) -> Guideline:
        known = LIBRARY.guideline(workflow, locale)
        return replace(known, workflow=self.workflow, version=replace(known.version, base=self.workflow.version))
