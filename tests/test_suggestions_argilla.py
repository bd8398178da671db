"""Suggestions in a real Argilla: a field of the record, never preselected, absent where nothing is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from argilla_page import signed_in
from argilla_process import Argilla, running_argilla
from playwright.sync_api import Page, expect

import guidelines
from plugins.argilla import Api, push
from plugins.argilla.errors import FrozenDataset
from plugins.programme import load
from plugins.pushing import PushReport
from plugins.suggestions import FILE, Suggestion

LIBRARY = guidelines.load()
EMAIL = "nadia@concord.example"
QUESTIONS = {"fluency_review": "fluency", "safety_moderation": "severity"}
TITLE = LIBRARY.guideline("fluency_review", "en-US").terms["suggestion"]
REASON = "Look: <img src=x onerror='window.top.ran = 1'> reads badly."


class Manifests:
    """Remembers what analytics was told of suggestions."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def send_manifest(self, source: str, **rows: Any) -> None:
        """Register."""
        self.rows = rows["suggestions"]


@pytest.fixture(scope="module")
def argilla(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Argilla]:
    """A real, empty Argilla with an annotator."""
    with running_argilla(tmp_path_factory.mktemp("argilla")) as argilla:
        argilla.create_user(EMAIL)
        yield argilla


def write(root: Path, show: float) -> None:
    """Two items a workflow; a suggestion for the first."""
    rules = [
        {"helper": "rubric", "workflow": workflow, "questions": [question], "model": "m", "show": show}
        for workflow, question in QUESTIONS.items()
    ]
    head = {"programme": "suggested", "title": "S", "source": "argilla", "workflows": list(QUESTIONS), "overlap": 2}
    written = {**head, "locales": ["en-US"], "suggestions": rules}
    (root / "programme.yaml").write_text(json.dumps(written), "utf-8")
    columns = "email,name,vendor,locales,domains,education,role,qualified,simulated"
    (root / "annotators.csv").write_text(f"{columns}\n{EMAIL},N,v,en-US,,,annotator,,true\n", "utf-8")
    lines = []
    for workflow, question in QUESTIONS.items():
        path = root / "items" / workflow / "en-US.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        items = [
            {
                "item": f"{workflow}-{number}",
                "prompt": f"Number {number}?",
                "responses": [{"text": "So.", "model": "m"}],
            }
            for number in (1, 2)
        ]
        path.write_text("".join(f"{json.dumps(item)}\n" for item in items), "utf-8")
        lines.append(_suggestion(f"{workflow}-1", workflow, question).to_json())
    (root / FILE).write_text("\n".join(lines), "utf-8")


def _suggestion(item: str, workflow: str, question: str) -> Suggestion:
    asked = LIBRARY.workflows[workflow].question(question)
    target = "response_1" if asked.target == "response" else "item"
    made = datetime(2026, 11, 20, tzinfo=UTC)
    return Suggestion(f"id-{item}", item, question, target, "rubric", "m", asked.steps[0][0], made, reason=REASON)


def pushed(argilla: Argilla, root: Path) -> tuple[PushReport, list[dict[str, Any]]]:
    """What a push reports, and what analytics is told."""
    manifests = Manifests()
    with Api(argilla.url, argilla.key) as api:
        return push(load(root, LIBRARY), LIBRARY, api, manifests), manifests.rows


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programme's folder."""
    root = tmp_path_factory.mktemp("programme")
    write(root, 1)
    return root


@pytest.fixture(scope="module")
def datasets(argilla: Argilla, root: Path) -> dict[str, str]:
    """The datasets' ids by workflow."""
    report, _ = pushed(argilla, root)
    return {each.workflow: str(each.project) for each in report.projects}


@pytest.fixture(scope="module")
def page(argilla: Argilla, datasets: dict[str, str]) -> Iterator[Page]:
    """Argilla's page, signed in."""
    with signed_in(argilla, EMAIL) as page:
        yield page


@pytest.mark.parametrize("workflow", list(QUESTIONS))
def test_a_record_holds_what_is_shown_and_no_suggestion_of_argillas(
    argilla: Argilla, datasets: dict[str, str], workflow: str
) -> None:
    """What Argilla calls a suggestion is preselected; ours is a text, and its id is hidden from annotators."""
    path = f"/datasets/{datasets[workflow]}/records?include=suggestions"
    full, empty = sorted(argilla.call("GET", path)["items"], key=lambda record: record["external_id"])
    assert "suggestion" in full["fields"]
    assert full["metadata"] == {"number": 1, "suggestion_ids": [f"id-{workflow}-1"]}
    assert "suggestion" not in empty["fields"]
    assert empty["metadata"] == {"number": 2}
    assert [record["suggestions"] for record in (full, empty)] == [[], []]


def test_the_page_shows_the_text_and_runs_nothing_of_it(page: Page, argilla: Argilla, datasets: dict[str, str]) -> None:
    """Under a heading of the locale; no answer is chosen by it, and a record without it has no heading."""
    page.goto(f"{argilla.url}/dataset/{datasets['fluency_review']}/annotation-mode")
    expect(page.get_by_text("Number 1?")).to_be_visible(timeout=30_000)
    expect(page.get_by_text(TITLE)).to_be_visible()
    expect(page.get_by_text("Overall fluency: 1 – Look:")).to_be_visible()
    expect(page.get_by_role("button", name="Submit")).to_be_disabled()
    page.goto(f"{argilla.url}/dataset/{datasets['fluency_review']}/annotation-mode?page=2&status=pending")
    expect(page.get_by_text("Number 2?")).to_be_visible(timeout=30_000)
    expect(page.get_by_text(TITLE)).to_have_count(0)
    assert page.evaluate("window.ran") is None


def test_where_texts_are_covered_suggestions_are_too(page: Page, argilla: Argilla, datasets: dict[str, str]) -> None:
    """They may quote what is hidden."""
    page.goto(f"{argilla.url}/dataset/{datasets['safety_moderation']}/annotation-mode")
    expect(page.get_by_text(TITLE)).to_be_visible(timeout=30_000)
    page.wait_for_load_state("networkidle")
    frames = [frame for frame in page.frames[1:] if "reads badly" in frame.locator("body").inner_text()]
    (frame,) = frames
    assert "blur" in frame.locator("#text").evaluate("element => getComputedStyle(element).filter")
    page.goto(f"{argilla.url}/dataset/{datasets['safety_moderation']}/annotation-mode?page=2&status=pending")
    expect(page.get_by_text("Pending").first).to_be_visible(timeout=30_000)
    page.wait_for_load_state("networkidle")
    expect(page.get_by_text(TITLE)).to_have_count(0)
    assert page.evaluate("window.ran") is None


def test_a_later_push_reads_what_records_show(argilla: Argilla, root: Path, datasets: dict[str, str]) -> None:
    """Even when nothing is to be shown any more; the field stays, for Argilla takes none away."""
    for show, change in ((1, "unchanged"), (0, "unchanged")):
        write(root, show)
        report, rows = pushed(argilla, root)
        assert [each.tasks_added for each in report.projects] == [0, 0]
        assert {each.change for each in report.projects} == {change}
        assert [row["shown"] for row in rows] == [True, True]


def test_a_dataset_that_was_published_without_the_field_refuses_it(argilla: Argilla, tmp_path: Path) -> None:
    """Before anything is changed, and naming it."""
    write(tmp_path, 0)
    head = json.loads((tmp_path / "programme.yaml").read_text("utf-8")) | {"programme": "later"}
    (tmp_path / "programme.yaml").write_text(json.dumps(head), "utf-8")
    pushed(argilla, tmp_path)
    shown = [{**rule, "show": 1} for rule in head["suggestions"]]
    (tmp_path / "programme.yaml").write_text(json.dumps({**head, "suggestions": shown}), "utf-8")
    with pytest.raises(FrozenDataset, match="suggestion"):
        pushed(argilla, tmp_path)
