"""Protection in a real Label Studio: what annotators see of items over a threshold, and what analytics is told."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from labelling_page import Form, browser, logged_in
from playwright.sync_api import expect
from plugin_samples import item_row, write_programme
from pushing_analytics import Analytics, running_analytics
from screening_samples import GUARD, PROVIDER, change_head, line, personal, write_screening

import guidelines
from plugins.errors import InvalidScreening
from plugins.label_studio.api import Api
from plugins.label_studio.pull import pull
from plugins.label_studio.push import Attachments, push, task_pages
from plugins.local.label_studio import LabelStudio, NewUser
from plugins.marker import OPEN, SHIELDED
from plugins.programme import load
from plugins.protection import shielded
from plugins.pulling import Progress
from plugins.pushing import PushReport

LIBRARY = guidelines.load()
PERSON = NewUser("covered1@concord.example", secrets.token_hex(8), secrets.token_hex(20))
ATTACHED = Attachments("http://127.0.0.1:9/v1/webhooks/label-studio", "webhook token")
WORKFLOW, LOCALE = "preference", "ar-EG"
Row = dict[str, Any]


@pytest.fixture
def analytics(tmp_path: Path) -> Iterator[Analytics]:
    """A service with an empty store."""
    with running_analytics(tmp_path / "analytics") as analytics:
        yield analytics


@pytest.fixture
def api(label_studio: LabelStudio) -> Iterator[Api]:
    """Label Studio with the administrator's token."""
    with Api(label_studio.url, label_studio.admin_token) as api:
        yield api


def item(number: int) -> str:
    """The name of an item."""
    return f"{WORKFLOW}-{LOCALE}-{number:03}"


def written(root: Path, items: int, rows: list[Row], **screening: Any) -> Path:
    """A programme of so many items, with these screenings and rules."""
    write_programme(root, programme=root.name, workflows=[WORKFLOW], locales=[LOCALE], items=items)
    change_head(root, screening={"protection": "reveal", "thresholds": {GUARD: 0.8}, **screening})
    write_screening(root, rows)
    return root


def pushed(root: Path, api: Api, analytics: Analytics) -> PushReport:
    """The programme, pushed as it stands in its folder."""
    return push(load(root, LIBRARY), LIBRARY, api, analytics.client, ATTACHED)


def shown(api: Api, report: PushReport, lane: str) -> dict[str, Row]:
    """The data of the tasks of a lane's project, by item."""
    (project,) = (int(each.project) for each in report.projects if each.lane == lane)
    tasks = (task for page in task_pages(api, project, size=100, annotations=False) for task in page)
    return {task["data"]["item"]: task["data"] for task in tasks}


def test_what_is_over_a_threshold_is_covered_and_what_passes_is_not(
    tmp_path: Path, api: Api, analytics: Analytics
) -> None:
    """And a later push moves, masks, draws and tells nothing anew, whatever the rules are by then."""
    prompt = item_row(WORKFLOW, LOCALE, 2)["prompt"]
    rows = [
        line(item(0), "response_1", 0.9),
        line(item(0), "response_2"),
        personal(item(2), "item", prompt, "2", "card"),
    ]
    root = written(tmp_path / "covers", 3, rows, mask=["card"], pass_share=0)
    report = pushed(root, api, analytics)
    assert [(each.name, each.tasks) for each in report.projects] == [
        ("preference ar-EG", 2),
        ("preference ar-EG covered", 1),
    ]
    written(root, 4, [*rows, line(item(3), score=1.0), line(item(1), score=1.0)], mask=["card"], pass_share=1)
    report = pushed(root, api, analytics)
    assert shown(api, report, SHIELDED).keys() == {item(0)}
    assert shown(api, report, OPEN).keys() == {item(1), item(2), item(3)}
    assert shown(api, report, OPEN)[item(2)]["prompt"] == "أين القطة [card]؟"
    told = analytics.rows("screenings")
    decisions = {(row["item"], row["screen"]): row["decision"] for row in told if row["target"] != "b"}
    assert decisions[item(2), "pii"] == "masked"
    assert decisions[item(3), GUARD] == "passed"
    assert item(1) not in {row["item"] for row in told}
    assert {
        (row["decision"], row["threshold"], row["share"], row["provider"]) for row in told if row["score"] == 0.9
    } == {("reveal", 0.8, 0.0, PROVIDER)}

    change_head(root, screening={"protection": "none", "thresholds": {}})
    again = pushed(root, api, analytics)
    assert [(each.change, each.tasks_added) for each in again.projects] == [("unchanged", 0), ("unchanged", 0)]
    assert analytics.rows("screenings") == told


def test_tasks_say_nothing_of_screens_and_models(tmp_path: Path, api: Api, analytics: Analytics) -> None:
    """Neither their data nor their project, in either lane."""
    root = written(tmp_path / "silent", 2, [line(item(0), score=0.91234), line(item(1), score=0.1)], pass_share=0)
    report = pushed(root, api, analytics)
    known = [shown(api, report, lane) for lane in (OPEN, SHIELDED)]
    known += [dict(api.project(int(each.project)).settings) for each in report.projects]
    text = json.dumps(known, default=str)
    assert [word for word in (GUARD, PROVIDER, "0.91234", "toxic", "aurora", "borealis", "harm") if word in text] == []


def test_a_wrong_file_stops_a_push_before_it_begins(tmp_path: Path, api: Api, analytics: Analytics) -> None:
    """No project is made."""
    root = written(tmp_path / "wrong", 1, [line(item(0), score=7.0)])
    before = len(list(api.projects()))
    with pytest.raises(InvalidScreening):
        pushed(root, api, analytics)
    assert len(list(api.projects())) == before


def test_routed_work_names_its_people(tmp_path: Path, api: Api, analytics: Analytics) -> None:
    """Label Studio Community keeps nobody out, so the operator is told whom the project is for."""
    root = written(tmp_path / "routes", 1, [line(item(0), score=1.0)], protection="route", pass_share=0)
    assert pushed(root, api, analytics).told == (
        "preference ar-EG covered is for those alone who accept sensitive work: nobody of this locale; "
        "Label Studio keeps nobody else out",
    )
    head, *people = (root / "annotators.csv").read_text().splitlines()
    (root / "annotators.csv").write_text("\n".join([f"{head},accepts", *(f"{each},sensitive" for each in people)]))
    assert pushed(root, api, analytics).told == (
        "preference ar-EG covered is for those alone who accept sensitive work: ann1@concord.example; "
        "Label Studio keeps nobody else out",
    )


def test_a_covered_text_is_shown_when_it_is_asked_for_and_its_answers_count(
    label_studio: LabelStudio, tmp_path: Path, api: Api, analytics: Analytics
) -> None:
    """With the warning in the locale's words; answers arrive under the same workflow and locale as all others."""
    label_studio.create_users([PERSON])
    root = written(tmp_path / "reveals", 2, [line(item(0), score=1.0)], pass_share=0)
    report = pushed(root, api, analytics)
    projects = {each.lane: int(each.project) for each in report.projects}
    guideline = shielded(LIBRARY.guideline(WORKFLOW, LOCALE))
    with browser() as launched:
        page = logged_in(launched, label_studio.url, PERSON.email, PERSON.password)
        form = Form(page, label_studio.url, projects[SHIELDED], guideline.workflow)
        expect(page.get_by_text(guideline.workflow.texts["warning"])).to_be_visible()
        expect(page.locator(".concord-text").first).to_be_hidden()
        screenshot(page, "covered")
        form.show()
        expect(page.get_by_text("أين القطة 0؟")).to_be_visible()
        screenshot(page, "revealed")
        choices = dict.fromkeys(("relevance", "safety", "clarity", "overall"), "tie")
        answers = {(question, "item"): code for question, code in choices.items()}
        form.fill({**answers, ("refusal", "a"): "right_answer", ("refusal", "b"): "right_answer"})
        form.submit()
        Form(page, label_studio.url, projects[OPEN], LIBRARY.workflows[WORKFLOW])
        expect(page.locator(".concord-text").first).to_be_visible()
        screenshot(page, "open")
    programme = load(root, LIBRARY)
    (first, second) = pull(programme, api, analytics.client, Progress(None))
    assert first.refused == second.refused == ()
    judged = {(row["workflow"], row["locale"], row["item"], row["project"]) for row in analytics.rows("judgments")}
    assert judged == {(WORKFLOW, LOCALE, item(0), str(projects[SHIELDED]))}


def screenshot(page: Any, name: str) -> None:
    """Kept where CONCORD_SCREENSHOTS asks for it."""
    if folder := os.environ.get("CONCORD_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"protection-{name}.png")
