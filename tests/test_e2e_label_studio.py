"""A programme pushed into a real Label Studio, annotated there by three people, and pulled back."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from background_server import serving
from plugin_samples import write_programme

import guidelines
from guidelines import Library
from guidelines.model import Guideline
from plugins.errors import GuidelineChange, NotAllowed, PluginError, ServiceFailure, Unreachable
from plugins.frames import Frames
from plugins.label_studio.api import Api
from plugins.label_studio.marker import registered
from plugins.label_studio.parse import read_webhook
from plugins.label_studio.pull import pull, pull_frames
from plugins.label_studio.push import Attachments, push, task_pages
from plugins.label_studio.results import Given, Span, to_result
from plugins.local.label_studio import LabelStudio, NewUser, User
from plugins.programme import Programme, load
from plugins.pseudonym import pseudonym
from plugins.pulling import Progress
from plugins.pushing import PushReport

KEY = b"pseudonym key"
NAMES = count()


@dataclass
class Manifests:
    """Remembers what is registered, and what `looking` saw at that moment."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    looking: Callable[[], Any] = lambda: None
    seen: list[Any] = field(default_factory=list)

    def send_manifest(self, source: str, **rows: Sequence[Mapping[str, Any]]) -> None:
        """Register."""
        self.sent.append({"source": source, **rows})
        self.seen.append(self.looking())


class Proxy:
    """A real HTTP server in front of Label Studio: the requests that `fails` picks are answered with 500."""

    def __init__(self, target: str, fails: Callable[[str, str], str | None]) -> None:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                how = fails(self.command, self.path)
                if how != "before":
                    answer = proxy.forward(self.command, self.path, self.headers, body)
                status, content = (answer.status_code, answer.content) if how is None else (500, b"<html>oops</html>")
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        self.client = httpx.Client(base_url=target, timeout=60)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def forward(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> httpx.Response:
        """Pass a request on."""
        kept = {name: headers[name] for name in ("Authorization", "Content-Type") if name in headers}
        return self.client.request(method, path, headers=kept, content=body)


@contextmanager
def failing(target: str, fails: Callable[[str, str], str | None]) -> Iterator[str]:
    """The address of a proxy."""
    proxy = Proxy(target, fails)
    with serving(proxy.server), proxy.client:
        yield proxy.url


@pytest.fixture(scope="module")
def library() -> Library:
    """The guidelines that come with the product."""
    return guidelines.load()


@pytest.fixture(scope="module")
def people(label_studio: LabelStudio) -> list[User]:
    """Three annotators with accounts."""
    wanted = [NewUser(f"ann{number}@concord.example", "a-password-1", secrets.token_hex(20)) for number in (1, 2, 3)]
    return label_studio.create_users(wanted)


@pytest.fixture
def programme(tmp_path: Path, library: Library) -> Programme:
    """A small programme of its own for each test."""
    return load(write_programme(tmp_path / "programme", programme=f"probe{next(NAMES)}"), library)


@pytest.fixture
def api(label_studio: LabelStudio) -> Iterator[Api]:
    """Label Studio with the administrator's token."""
    with Api(label_studio.url, label_studio.admin_token) as api:
        yield api


ATTACHED = Attachments("http://127.0.0.1:9/v1/webhooks/label-studio", "webhook token")


def tasks_of(api: Api, project: int, *, annotations: bool = False) -> list[dict[str, Any]]:
    """All tasks of a project."""
    return [task for page in task_pages(api, project, size=100, annotations=annotations) for task in page]


def pushed(programme: Programme, library: Library, api: Api) -> dict[tuple[str, str], int]:
    """Project ids by workflow and locale, after a push."""
    report = push(programme, library, api, Manifests(), ATTACHED)
    return {(each.workflow, each.locale): each.project for each in report.projects}


@dataclass(frozen=True)
class Annotator:
    """A person at Label Studio's API."""

    url: str
    user: User

    def call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """One request with this person's own token."""
        headers = {"Authorization": f"Token {self.user.token}"}
        response = httpx.request(method, f"{self.url}{path}", headers=headers, json=body or None, timeout=60)
        assert response.is_success, response.text
        return response.json() if response.content else {}

    def submit(self, task: int, result: list[dict[str, Any]], *, skip: bool = False) -> int:
        """Submit or skip; the annotation's id."""
        body = {"result": result, "was_cancelled": skip, "lead_time": 12.5}
        return int(self.call("POST", f"/api/tasks/{task}/annotations/", **body)["id"])


PREFERENCE: dict[tuple[str, str], Given] = {
    ("relevance", "item"): "a_much",
    ("safety", "item"): "tie",
    ("clarity", "item"): "b_slightly",
    ("overall", "item"): "a_slightly",
    ("reason", "item"): "لأنها أوضح 😀",
}
FLUENCY: dict[tuple[str, str], Given] = {
    ("errors", "a"): [Span(6, 9, "grammar", "major", "جلست"), Span(0, 5, "spelling", "minor")],
    ("fluency", "item"): "3",
    ("completeness", "item"): "partial",
}


CHANGED: dict[str, dict[tuple[str, str], Given]] = {
    "preference": {("safety", "item"): "b_much"},
    "fluency_review": {("fluency", "item"): "1"},
}


def collected(programme: Programme, library: Library, api: Api, page_size: int = 2) -> Frames:
    """All pages of a pull as lists of rows."""
    pages = list(pull_frames(programme, library, api, KEY, page_size=page_size))
    rows = {name: [row for page in pages for row in getattr(page, name).to_pylist()] for name in ("judgments", "spans")}
    annotations = [row for page in pages for row in page.annotations.to_pylist()]
    return Frames(rows["judgments"], annotations, rows["spans"], tuple(each for page in pages for each in page.refused))


def test_push_makes_a_project_per_workflow_and_locale_and_nothing_in_it_unblinds(
    programme: Programme, library: Library, api: Api, people: list[User]
) -> None:
    """Tasks hold item and texts alone; arms, gold, vendor and accounts are registered before a task is there."""
    manifests = Manifests(
        looking=lambda: [tasks_of(api, int(row["project"])) for row in manifests.sent[-1]["projects"]]
    )
    report = push(programme, library, api, manifests, ATTACHED)
    assert [(each.workflow, each.locale, each.change, each.tasks_added, each.tasks) for each in report.projects] == [
        (workflow, locale, "created", 3, 3)
        for workflow in ("preference", "fluency_review")
        for locale in ("en-US", "ar-EG")
    ]
    assert manifests.seen == [[[], [], [], []]]
    kept = {item["item"]: item for item in manifests.sent[0]["items"]}
    for each in report.projects:
        settings = api.project(each.project).settings
        assert settings["maximum_annotations"] == 3
        assert settings["show_collab_predictions"] is False
        guideline = library.guideline(each.workflow, each.locale)
        assert guideline.terms["draft"] in settings["expert_instruction"]
        for task in tasks_of(api, each.project):
            assert set(task["data"]) <= {"item", "prompt", "response_a", "response_b"}
            assert {arm["model"] for arm in kept[task["data"]["item"]]["arms"]} <= {"aurora", "borealis"}
        everything = json.dumps([settings, tasks_of(api, each.project)], default=str)
        assert not {word for word in ("aurora", "borealis", "norvend", "sudvend") if word in everything}
    user = {user.email: str(user.id) for user in people}
    assert [(row["user"], row["vendor"]) for row in manifests.sent[0]["annotators"]] == [
        (user["ann1@concord.example"], "norvend"),
        (user["ann2@concord.example"], "sudvend"),
    ]


def test_pushing_again_changes_nothing(programme: Programme, library: Library, api: Api) -> None:
    """Projects, tasks, webhooks and the registered versions are the same after a second push."""
    manifests = Manifests()

    def look(report: PushReport) -> list[Any]:
        names = ("label_config", "description", "expert_instruction", "title", "maximum_annotations")
        return [
            (
                {name: api.project(each.project).settings[name] for name in names},
                [(task["id"], task["data"]) for task in tasks_of(api, each.project)],
                [hook.url for hook in api._sdk.webhooks.list(project=str(each.project))],
            )
            for each in report.projects
        ]

    first = push(programme, library, api, manifests, ATTACHED)
    before = look(first)
    second = push(programme, library, api, manifests, ATTACHED)
    assert [(each.project, each.change, each.tasks_added) for each in second.projects] == [
        (each.project, "unchanged", 0) for each in first.projects
    ]
    assert look(second) == before
    assert all(hooks == [ATTACHED.webhook_url] for _, _, hooks in before)
    assert manifests.sent[0] == manifests.sent[1]


def test_every_judgment_pulled_is_what_three_people_entered(
    programme: Programme, library: Library, api: Api, label_studio: LabelStudio, people: list[User]
) -> None:
    """Submitted, updated, skipped and deleted annotations come back as entered, in both directions of writing."""
    projects = pushed(programme, library, api)
    one, two, three = (Annotator(label_studio.url, user) for user in people)
    expected: dict[tuple[str, str, str, str], str] = {}
    spans: dict[str, list[Span]] = {}
    for (workflow, _), project in projects.items():
        asked = library.workflows[workflow]
        answers = PREFERENCE if workflow == "preference" else FLUENCY
        first, second, third = tasks_of(api, project)
        for person in (one, two):
            annotation = person.submit(first["id"], to_result(answers, asked, first["data"]))
            expected |= _rows(annotation, answers)
            spans[str(annotation)] = [
                each for given in answers.values() if not isinstance(given, str) for each in given
            ]
        changed = {**answers, **CHANGED[workflow]}
        updated = three.submit(first["id"], to_result(answers, asked, first["data"]))
        three.call("PATCH", f"/api/annotations/{updated}/", result=to_result(changed, asked, first["data"]))
        expected |= _rows(updated, changed)
        spans[str(updated)] = spans[str(annotation)]
        skipped = two.submit(second["id"], [], skip=True)
        expected[(str(skipped), "", "", "")] = "skipped"
        gone = one.submit(third["id"], to_result(answers, asked, third["data"]))
        one.call("DELETE", f"/api/annotations/{gone}/")
    pulled = collected(programme, library, api)
    assert pulled.refused == ()
    found = {(row["annotation"], row["question"], row["target"], ""): row["value"] for row in pulled.judgments}
    found |= {(row["annotation"], "", "", ""): "skipped" for row in pulled.annotations if row["status"] == "skipped"}
    assert found == expected
    for annotation, marked in spans.items():
        rows = [row for row in pulled.spans if row["annotation"] == annotation]
        assert [
            Span(row["start"], row["end"], row["category"], row["severity"], row["correction"] or "") for row in rows
        ] == marked
    assert {row["annotator"] for row in pulled.annotations} == {
        pseudonym(KEY, "label_studio", str(user.id)) for user in people
    }
    assert {row["lead_time"] for row in pulled.annotations} == {12.5}
    assert {row["stage"] for row in pulled.annotations} == {"annotate"}


def _rows(annotation: int, answers: Mapping[tuple[str, str], Given]) -> dict[tuple[str, str, str, str], str]:
    values = {
        key: given if isinstance(given, str) else ("marked" if given else "none") for key, given in answers.items()
    }
    return {(str(annotation), question, target, ""): value for (question, target), value in values.items()}


@pytest.mark.parametrize("how", ["before", "after"])
def test_a_500_half_way_through_a_push_is_one_clear_error_and_a_rerun_heals_it(
    how: str,
    programme: Programme,
    library: Library,
    api: Api,
    label_studio: LabelStudio,
) -> None:
    """Whether the failed import had arrived or not, afterwards each item is there exactly once."""
    imports = count(1)

    def third_import(method: str, path: str) -> str | None:
        return how if method == "POST" and path.endswith("/import") and next(imports) == 3 else None

    with failing(label_studio.url, third_import) as url, Api(url, label_studio.admin_token) as broken:
        with pytest.raises(ServiceFailure) as failure:
            push(programme, library, broken, Manifests(), ATTACHED, batch=2)
        assert "answered 500 while importing 2 tasks into project" in str(failure.value)
        assert "manifest of 12 items" in str(failure.value)
        assert "run `concord push` again" in str(failure.value)
        assert label_studio.admin_token not in str(failure.value)
    report = push(programme, library, api, Manifests(), ATTACHED)
    for each in report.projects:
        items = [task["data"]["item"] for task in tasks_of(api, each.project)]
        wanted = [item.item for item in programme.items_of(each.workflow, each.locale)]
        assert (sorted(items), each.tasks) == (sorted(wanted), 3)
    assert len({each.project for each in report.projects}) == 4


def test_a_label_studio_that_is_down_or_refuses_the_token_is_said_plainly(
    programme: Programme, library: Library, label_studio: LabelStudio
) -> None:
    """Unreachable and NotAllowed, each naming what to do."""
    with Api("http://127.0.0.1:9", "token") as down, pytest.raises(Unreachable, match=r"does not answer.*start it"):
        push(programme, library, down, Manifests(), ATTACHED)
    with (
        Api(label_studio.url, "0" * 40) as stranger,
        pytest.raises(NotAllowed, match=r"refuses the token.*give a token"),
    ):
        push(programme, library, stranger, Manifests(), ATTACHED)
    with Api(label_studio.url, label_studio.admin_token) as api, pytest.raises(PluginError, match="concord push"):
        list(pull_frames(replace(programme, programme="never-pushed"), library, api, KEY))


@dataclass(frozen=True)
class Changed:
    """The library with another guideline for `preference`."""

    library: Library
    change: Callable[[Guideline], Guideline]

    @property
    def workflows(self) -> Mapping[str, Any]:
        """The base workflows."""
        return self.library.workflows

    def guideline(self, workflow: str, locale: str) -> Guideline:
        """The changed guideline."""
        found = self.library.guideline(workflow, locale)
        return self.change(found) if workflow == "preference" else found


def _without_tie(found: Guideline) -> Guideline:
    questions = tuple(
        replace(question, choices=tuple(choice for choice in question.choices if choice.code != "tie"))
        for question in found.workflow.questions
    )
    return replace(found, workflow=replace(found.workflow, questions=questions))


def _next_version(found: Guideline) -> Guideline:
    return replace(found, version=replace(found.version, overlay="2"), html="<p>New.</p>")


def test_a_guideline_that_drops_a_code_in_use_is_refused_and_changes_nothing(
    programme: Programme, library: Library, api: Api, label_studio: LabelStudio, people: list[User]
) -> None:
    """Label Studio would let the answers become orphans; the push does not."""
    project = pushed(programme, library, api)["preference", "en-US"]
    task = tasks_of(api, project)[0]
    result = to_result(PREFERENCE, library.workflows["preference"], task["data"])
    Annotator(label_studio.url, people[0]).submit(task["id"], result)
    before = api.project(project).settings["label_config"]
    with pytest.raises(GuidelineChange, match="safety=tie"):
        push(programme, Changed(library, _without_tie), api, Manifests(), ATTACHED)  # type: ignore[arg-type]
    assert api.project(project).settings["label_config"] == before


def test_a_new_guideline_version_is_in_force_from_the_push_on(
    programme: Programme, library: Library, api: Api, label_studio: LabelStudio, people: list[User]
) -> None:
    """Annotations made before it keep the old version, those made after have the new; both stay registered."""
    project = pushed(programme, library, api)["preference", "en-US"]
    task = tasks_of(api, project)[0]
    result = to_result(PREFERENCE, library.workflows["preference"], task["data"])
    early = Annotator(label_studio.url, people[0]).submit(task["id"], result)
    manifests = Manifests()
    push(programme, Changed(library, _next_version), api, manifests, ATTACHED)  # type: ignore[arg-type]
    late = Annotator(label_studio.url, people[1]).submit(task["id"], result)
    version = {row["annotation"]: row["guideline_version"] for row in collected(programme, library, api).annotations}
    assert ("en-US 1 @" in version[str(early)], "en-US 2 @" in version[str(late)]) == (True, True)
    rows = [row for row in manifests.sent[0]["projects"] if row["project"] == str(project)]
    assert [row["guideline_version"] for row in rows] == [version[str(early)], version[str(late)]]
    assert "New." in api.project(project).settings["expert_instruction"]


@dataclass
class Store:
    """An export sink that keeps ranges, and breaks down once when told to."""

    breaks_at: int = 0
    pages: list[tuple[str, int, int | None, list[int]]] = field(default_factory=list)

    def send_export(
        self, source: str, tasks: Sequence[Any], *, project: str, after: int, through: int | None, fetched: datetime
    ) -> Mapping[str, Any]:
        """Keep the page, or fail."""
        if len(self.pages) + 1 == self.breaks_at:
            self.breaks_at = 0
            raise ServiceFailure("the analytics service answered 503", fix="see its log")
        self.pages.append((project, after, through, [task["id"] for task in tasks]))
        return {"received": len(tasks), "added": 0, "updated": 0, "unchanged": 0, "deleted": 0, "refused": []}


def test_an_interrupted_pull_goes_on_where_it_stopped(
    programme: Programme, library: Library, api: Api, tmp_path: Path
) -> None:
    """No page is sent twice, none is left out, and the ranges of each project join up to the end."""
    projects = pushed(programme, library, api)
    store, progress = Store(breaks_at=4), Progress(tmp_path / "state" / "pull.json")
    with pytest.raises(ServiceFailure, match=r"503.*run `concord pull` again"):
        list(pull(programme, api, store, progress, page_size=1))
    stopped = len(store.pages)
    list(pull(programme, api, store, progress, page_size=1))
    resumed = [page for page in store.pages[stopped:] if page[0] == store.pages[0][0]]
    assert stopped == 3
    for project in projects.values():
        ids = [task["id"] for task in tasks_of(api, project)]
        wanted = [
            (after, through, [task]) for after, through, task in zip([0, *ids], [*ids[:-1], None], ids, strict=False)
        ]
        sent = [(after, through, tasks) for each, after, through, tasks in store.pages if each == str(project)]
        assert sent[-3:] == wanted
    assert resumed[0][1] in (0, *(page[2] or 0 for page in store.pages[:stopped]))
    assert json.loads((tmp_path / "state" / "pull.json").read_text()) == {}


def test_webhooks_say_the_same_as_the_pull(
    programme: Programme, library: Library, api: Api, label_studio: LabelStudio, people: list[User]
) -> None:
    """Created, updated and deleted arrive with the bearer token and read as the same rows the pull gives."""
    got: list[tuple[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            got.append((self.headers["Authorization"], body))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    url = f"http://127.0.0.1:{server.server_port}/v1/webhooks/label-studio"
    with serving(server):
        report = push(programme, library, api, Manifests(), Attachments(url, "webhook token"))
        task = tasks_of(api, report.projects[0].project)[0]
        person = Annotator(label_studio.url, people[0])
        result = to_result(PREFERENCE, library.workflows["preference"], task["data"])
        kept = person.submit(task["id"], result)
        person.call("PATCH", f"/api/annotations/{kept}/", result=result[:2])
        gone = person.submit(task["id"], result)
        person.call("DELETE", f"/api/annotations/{gone}/")
        pulled = collected(programme, library, api)
        person.call("DELETE", f"/api/tasks/{task['id']}/")
    assert {header for header, _ in got} == {"Bearer webhook token"}
    events = [read_webhook(body, registered(api, programme), library, KEY) for _, body in got]
    assert [(event.kind, event.annotations, event.tasks) for event in events] == [
        ("upsert", (), ()),
        ("upsert", (), ()),
        ("upsert", (), ()),
        ("deletion", (str(gone),), ()),
        ("deletion", (), (str(task["id"]),)),
    ]
    assert events[1].frames.judgments.to_pylist() == pulled.judgments
    assert events[1].frames.annotations.to_pylist() == pulled.annotations


def test_the_ml_backend_is_attached_once_and_moved_when_its_address_changes(
    programme: Programme, library: Library, api: Api
) -> None:
    """A second push attaches nothing, another address updates the one that is there, and the password is passed on."""
    asked: list[tuple[str, str | None]] = []

    class Backend(BaseHTTPRequestHandler):
        def do(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            asked.append((self.path, self.headers["Authorization"]))
            content = b'{"status": "UP", "model_version": "v1"}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    def backends() -> list[tuple[int, str]]:
        return [(backend.id, backend.url) for backend in api._sdk.ml.list(project=project)]

    one, two = (ThreadingHTTPServer(("127.0.0.1", 0), Backend) for _ in range(2))
    with serving(one), serving(two):
        first, second = (
            replace(ATTACHED, ml_backend_url=f"http://127.0.0.1:{server.server_port}", ml_basic_auth=("ls", "s3cret"))
            for server in (one, two)
        )
        project = push(programme, library, api, Manifests(), first).projects[0].project
        [(backend, url)] = backends()
        steps: list[str] = []
        push(programme, library, api, Manifests(), first, on_step=steps.append)
        assert (url, backends()) == (first.ml_backend_url, [(backend, url)])
        assert not [step for step in steps if "attached" in step]
        push(programme, library, api, Manifests(), second)
        assert backends() == [(backend, second.ml_backend_url)]
    assert {path for path, _ in asked} >= {"/health", "/setup"}
    # Label Studio adds a webhook of its own at <url>/webhook and sends no password there.
    assert {header for path, header in asked if path != "/webhook"} == {"Basic bHM6czNjcmV0"}
