"""Suggestions from the helper to the page and to the figures: in a real Label Studio, with a browser and analytics."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from analytics_bodies import ANALYST, config, service_of
from click.testing import CliRunner
from e2e_programme import SECRETS, TEXTS, write_programme
from e2e_services import Tool
from flask import Flask
from labelling_page import browser, logged_in
from language_tool_server import language_tool_server
from ml_model_endpoint import Handler, event, model_server
from playwright.sync_api import Locator, Page, expect

import guidelines
from analytics import create_app
from concord import main
from guidelines.model import Guideline
from plugins.analytics_client import AnalyticsClient
from plugins.label_studio.api import Api
from plugins.label_studio.pull import pull
from plugins.label_studio.push import Attachments, push
from plugins.local.label_studio import LabelStudio, NewUser
from plugins.programme import load
from plugins.pulling import Progress
from plugins.pushing import PushReport

LIBRARY = guidelines.load()
EMAIL, PASSWORD = "sam@concord.example", secrets.token_hex(8)
ITEMS = 24  # a locale: that all, or none, of them are shown happens once in eight million runs
RULES = [
    {"helper": "judge", "workflow": "preference", "questions": ["overall"], "model": "hidden-judge", "show": 0.5},
    {"helper": "rubric", "workflow": "preference", "questions": ["clarity"], "model": "hidden-judge", "show": 0},
    {"helper": "grammar", "workflow": "fluency_review", "show": 1},
]
HIDDEN = (*SECRETS, "hidden-judge", "hidden-model-name", "judge", "rubric", "LanguageTool")

Json = dict[str, Any]


def judge(handler: Handler, body: Json) -> None:
    """A model for which every response is better than the one that knows nothing."""
    text = body["messages"][0]["content"]
    others = (f"<text>\n{each['other']}\n" for each in TEXTS.values())
    code = "b_much" if max(text.find(other) for other in others) < text.rindex("<text>") else "a_much"
    answer = json.dumps({"code": code, "reason": "Look at A."}) if '"reason"' in text else code
    handler.send(event(answer) + b"data: [DONE]\n\n")


@dataclass(frozen=True)
class Site:
    """The labelling tool with the programme in it, and the analytics service."""

    api: Api
    tool: Tool
    root: Path
    app: Flask
    analytics: AnalyticsClient
    projects: dict[tuple[str, str], int]

    def push(self) -> PushReport:
        """Push the programme as it is now."""
        nowhere = Attachments("http://127.0.0.1:9/v1/webhooks/label-studio", "token")
        return push(load(self.root, LIBRARY), LIBRARY, self.api, self.analytics, nowhere)

    def tasks(self, workflow: str, locale: str) -> list[Json]:
        """The tasks of a project, as Label Studio tells them."""
        page = self.api.task_page(self.projects[workflow, locale], after=0, size=100, annotations=True)
        return [dict(task) for task in page.tasks]

    def told(self) -> list[Json]:
        """What the store holds of suggestions."""
        with service_of(self.app).store.snapshot() as snapshot:
            rows: list[Json] = snapshot.suggestions().to_pyarrow().to_pylist()
        return sorted(rows, key=lambda row: (row["item"], row["question"], row["target"]))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A programme with suggestions, made by the command."""
    folder = tmp_path_factory.mktemp("suggestions")
    root = write_programme(folder / "programme", "suggested")
    _many_items(root)
    head = json.loads((root / "programme.yaml").read_text(encoding="utf-8"))
    (root / "programme.yaml").write_text(json.dumps({**head, "suggestions": RULES}), encoding="utf-8")
    with model_server() as model, language_tool_server() as tool:
        model.behave = judge
        models = {"hidden-judge": {"url": model.endpoint.url, "model": "hidden-model-name"}}
        (folder / "settings.yaml").write_text(json.dumps({"models": models, "language_tool": tool.url}))
        env = {"CONCORD_ML_SETTINGS": str(folder / "settings.yaml"), "CONCORD_ML_DATA": str(folder / "ml")}
        ran = CliRunner(env=env).invoke(main, ["suggest", str(root)])
    assert ran.exit_code == 0, ran.output
    return root


def _many_items(root: Path) -> None:
    for path in (root / "items" / "preference").iterdir():
        row = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
        rows = [{**row, "item": f"{row['item']}-{number}"} for number in range(ITEMS)]
        path.write_text("".join(f"{json.dumps(each)}\n" for each in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def site(label_studio: LabelStudio, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The programme, pushed."""
    label_studio.create_users([NewUser(EMAIL, PASSWORD, secrets.token_hex(20))])
    settings = config(tmp_path_factory.mktemp("analytics"))
    app = create_app(settings)
    service = httpx.WSGITransport(app=app)
    with (
        Api(label_studio.url, label_studio.admin_token) as api,
        AnalyticsClient("http://analytics", settings.ingest_token, transport=service) as analytics,
    ):
        projects: dict[tuple[str, str], int] = {}
        site = Site(api, Tool(label_studio.url, label_studio.admin_token), root, app, analytics, projects)
        projects |= {(each.workflow, each.locale): int(each.project) for each in site.push().projects}
        yield site
        site.tool.close()
    service_of(app).close()


@pytest.fixture(scope="module")
def page(site: Site) -> Iterator[Page]:
    """A page in which an annotator is logged in."""
    with browser() as launched:
        yield logged_in(launched, site.api.url, EMAIL, PASSWORD)


def test_a_part_of_the_items_is_shown_and_nothing_tells_whose_it_is(site: Site) -> None:
    """Tasks hold what is shown and no more; who suggested it, and what is hidden, is in analytics alone."""
    told = site.told()
    for locale in ("en-US", "ar-EG"):
        tasks = site.tasks("preference", locale)
        shown = {task["data"]["item"] for task in tasks if task["data"]["suggestion"]}
        assert 0 < len(shown) < len(tasks) == ITEMS
        of_locale = [row for row in told if row["item"] in {task["data"]["item"] for task in tasks}]
        assert {row["item"] for row in of_locale if row["shown"]} == shown
        assert {row["helper"] for row in of_locale if row["shown"]} == {"judge"}
        assert {row["helper"] for row in of_locale if not row["shown"]} == {"judge", "rubric"}
    for pair in site.projects:
        held = json.dumps([task["data"] for task in site.tasks(*pair)], ensure_ascii=False)
        assert [secret for secret in HIDDEN if secret in held] == []


def test_a_suggestion_means_the_response_where_it_stands(site: Site) -> None:
    """The better response is A on some screens and B on others, and the suggestion and its row follow it."""
    told = {row["item"]: row["value"] for row in site.told() if row["helper"] == "judge"}
    codes = set()
    for task in site.tasks("preference", "en-US"):
        better = "b" if task["data"]["response_a"] == TEXTS["en-US"]["other"] else "a"
        assert told[task["data"]["item"]] == f"{better}_much"
        assert task["data"]["suggestion"] in ("", f"Overall: {better.upper()} is much better")
        codes.add(better)
    assert codes == {"a", "b"}


def test_a_second_push_changes_nothing(site: Site) -> None:
    """Who is shown what is read from the tasks, not drawn again."""
    before, tasks = site.told(), [site.tasks(*pair) for pair in site.projects]
    report = site.push()
    assert {(each.change, each.tasks_added) for each in report.projects} == {("unchanged", 0)}
    assert site.told() == before
    assert [site.tasks(*pair) for pair in site.projects] == tasks


def _opened(page: Page, site: Site, project: int, task: int) -> Locator:
    page.goto(f"{site.api.url}/projects/{project}/data?task={task}")
    close = page.get_by_role("button", name="Close modal")
    expect(page.locator(".concord-text").first.or_(close)).to_be_visible()
    if close.is_visible():
        close.click()
    expect(page.locator(".concord-text").first).to_be_visible()
    return page.locator(".concord-suggestion")


@pytest.mark.parametrize("locale", ["en-US", "ar-EG"])
def test_the_page_folds_what_is_shown_and_shows_nothing_else(site: Site, page: Page, locale: str) -> None:
    """One click away, with a heading in the locale; where there is nothing, there is no empty box either."""
    guideline: Guideline = LIBRARY.guideline("preference", locale)
    tasks = site.tasks("preference", locale)
    full = next(task for task in tasks if task["data"]["suggestion"])
    empty = next(task for task in tasks if not task["data"]["suggestion"])
    project = site.projects["preference", locale]
    panel = _opened(page, site, project, full["id"])
    expect(panel).to_be_visible()
    text = panel.locator(".lsf-richtext__line")
    expect(text).to_be_hidden()
    panel.get_by_text(guideline.terms["suggestion"], exact=True).click()
    expect(text).to_be_visible()
    expect(text).to_have_text(full["data"]["suggestion"])
    expect(page.locator(".concord-question input:checked")).to_have_count(0)
    expect(_opened(page, site, project, empty["id"])).to_be_hidden()


def test_marked_errors_are_listed_in_the_words_of_the_text(site: Site, page: Page) -> None:
    """Right-to-left, each on its line; it cannot be marked itself."""
    (task,) = [each for each in site.tasks("fluency_review", "ar-EG") if "جلس" in each["data"]["suggestion"]]
    panel = _opened(page, site, site.projects["fluency_review", "ar-EG"], task["id"])
    panel.locator(".ant-collapse-header").click()
    lines = panel.locator(".lsf-richtext__line")
    expect(lines).to_have_text(["الأخطاء:", "“جلس” → “جلست” – الفعل لا يطابق الفاعل"])
    assert lines.last.evaluate("line => getComputedStyle(line).direction") == "rtl"


def test_tasks_from_before_the_suggestions_open_as_they_did(site: Site, page: Page, tmp_path: Path) -> None:
    """They lack the field, which Label Studio lets pass, and show nothing."""
    older = write_programme(tmp_path / "older", "older", workflows=["fluency_review"], locales=["en-US"], items=1)
    earlier = Site(site.api, site.tool, older, site.app, site.analytics, {})
    (project,) = [int(each.project) for each in earlier.push().projects]
    head = json.loads((older / "programme.yaml").read_text(encoding="utf-8"))
    (older / "programme.yaml").write_text(json.dumps({**head, "suggestions": RULES[2:]}), encoding="utf-8")
    lines = (site.root / "suggestions.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    same = "".join(line for line in lines if json.loads(line)["item"] == "fluency_review-en-US-0")
    (older / "suggestions.jsonl").write_text(same, encoding="utf-8")
    (again,) = earlier.push().projects
    assert (again.change, again.tasks_added) == ("updated", 0)
    (task,) = earlier.api.task_page(project, after=0, size=5, annotations=False).tasks
    assert "suggestion" not in task["data"]
    expect(_opened(page, site, project, task["id"])).to_be_hidden()


def test_the_figures_tell_how_far_suggestions_pull(site: Site, tmp_path: Path) -> None:
    """Here everybody follows what is shown, and nobody says the same where it is hidden."""
    told = {row["item"]: row for row in site.told() if row["helper"] == "judge"}
    for task in site.tasks("preference", "en-US"):
        row = told[task["data"]["item"]]
        code = row["value"] if row["shown"] else "tie"
        _annotate(site, task["id"], code)
    list(pull(load(site.root, LIBRARY), site.api, site.analytics, Progress(tmp_path / "pull.json")))
    answer = site.app.test_client().get("/v1/suggestions?workflow=preference", headers=ANALYST)
    assert answer.status_code == 200, answer.text
    found = {(row["helper"], row["locale"], row["question"]): row for row in answer.json["rows"]}  # type: ignore[index]
    row = found["judge", "en-US", "overall"]
    assert (row["shown"]["value"], row["hidden"]["value"], row["difference"]["value"]) == (1.0, 0.0, 1.0)
    assert row["difference"]["n_items"] == ITEMS
    assert row["difference"]["low"] > 0.5


def _annotate(site: Site, task: int, code: str) -> None:
    result = [
        {"id": name, "from_name": name, "to_name": "prompt", "type": "choices", "value": {"choices": [code]}}
        for name in ("relevance", "safety", "clarity", "overall")
    ]
    site.tool.post(f"/api/tasks/{task}/annotations/", {"result": result})
