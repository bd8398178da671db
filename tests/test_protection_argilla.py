"""Protection in a real Argilla: workspaces, hidden texts, and screens as metadata that annotators do not see."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from argilla_process import PASSWORD, Argilla, Person, running_argilla
from labelling_page import browser
from playwright.sync_api import expect
from plugin_samples import item_row, write_programme
from screening_samples import GUARD, PROVIDER, change_head, line, personal, write_screening

import guidelines
from plugins.argilla import Api, push
from plugins.argilla.errors import InvalidSettings
from plugins.argilla.pull import pull_frames
from plugins.marker import OPEN, SHIELDED
from plugins.programme import load
from plugins.protection import shielded
from plugins.pushing import PushReport

LIBRARY = guidelines.load()
EMAILS = ("ann1@concord.example", "ann2@concord.example")
LOCALE = "en-US"
Row = dict[str, Any]


@dataclass
class Manifests:
    """Remembers what analytics is told of screens."""

    screenings: list[Row] = field(default_factory=list)

    def send_manifest(self, source: str, **rows: Any) -> None:
        """Register."""
        self.screenings += rows.get("screenings", ())


@pytest.fixture(scope="module")
def argilla(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Argilla]:
    """A real, empty Argilla."""
    with running_argilla(tmp_path_factory.mktemp("argilla")) as argilla:
        yield argilla


@pytest.fixture(scope="module")
def people(argilla: Argilla) -> list[Person]:
    """The programme's annotators; the first one accepts sensitive work."""
    return [argilla.create_user(email) for email in EMAILS]


@pytest.fixture
def api(argilla: Argilla) -> Iterator[Api]:
    """Argilla with its owner's key."""
    with Api(argilla.url, argilla.key) as api:
        yield api


def item(number: int, workflow: str = "preference") -> str:
    """The name of an item."""
    return f"{workflow}-{LOCALE}-{number:03}"


def written(root: Path, items: int, rows: list[Row], workflow: str = "preference", **screening: Any) -> Path:
    """A programme of so many items, with these screenings and rules."""
    write_programme(root, programme=root.name, source="argilla", workflows=[workflow], locales=[LOCALE], items=items)
    change_head(root, screening={"protection": "reveal", "thresholds": {GUARD: 0.8}, "pass_share": 0, **screening})
    write_screening(root, rows)
    head, first, second = (root / "annotators.csv").read_text().splitlines()
    (root / "annotators.csv").write_text(f"{head},accepts\n{first},sensitive\n{second},\n")
    return root


def pushed(root: Path, api: Api, manifests: Manifests) -> PushReport:
    """The programme, pushed as it stands in its folder."""
    return push(load(root, LIBRARY), LIBRARY, api, manifests)


def dataset(report: PushReport, lane: str) -> str:
    """The id of a lane's dataset."""
    (found,) = (str(each.project) for each in report.projects if each.lane == lane)
    return found


def records(argilla: Argilla, report: PushReport, lane: str) -> dict[str, Row]:
    """The records of a lane's dataset by item."""
    listed = argilla.call("GET", f"/datasets/{dataset(report, lane)}/records?limit=100")["items"]
    return {record["external_id"]: record for record in listed}


def seen(argilla: Argilla, person: Person) -> set[str]:
    """The names of the datasets that somebody can work in."""
    return {each["name"] for each in argilla.call("GET", "/me/datasets", key=person.key)["items"]}


def test_what_is_over_a_threshold_is_in_a_dataset_of_its_own(
    tmp_path: Path, argilla: Argilla, api: Api, people: list[Person]
) -> None:
    """Its texts are hidden; what passes stands with all others; a later push moves, masks and tells nothing anew."""
    prompt = item_row("preference", LOCALE, 2)["prompt"]
    rows = [line(item(0), "response_1", 0.9), personal(item(2), "item", prompt, "cat", "phone")]
    root, manifests = written(tmp_path / "covers", 3, rows, mask=["phone"]), Manifests()
    report = pushed(root, api, manifests)
    assert [(each.name, each.tasks) for each in report.projects] == [
        ("preference en-US", 2),
        ("preference en-US covered", 1),
    ]
    written(root, 4, [*rows, line(item(3), score=1.0), line(item(1), score=1.0)], mask=["phone"], pass_share=1)
    report = pushed(root, api, manifests)
    covered, uncovered = (records(argilla, report, lane) for lane in (SHIELDED, OPEN))
    assert covered.keys() == {item(0)}
    assert uncovered.keys() == {item(1), item(2), item(3)}
    assert "cat" not in json.dumps(covered[item(0)]["fields"])
    assert uncovered[item(2)]["fields"]["prompt"] == "Where is [phone] 2?"
    decided = {row["item"]: row["decision"] for row in manifests.screenings if row["score"] != 0.1}
    assert decided == {item(0): "reveal", item(2): "masked", item(3): "passed"}

    told = list(manifests.screenings)
    change_head(root, screening={"protection": "none"})
    again = pushed(root, api, manifests)
    assert [(each.change, each.tasks_added) for each in again.projects] == [("unchanged", 0), ("unchanged", 0)]
    assert manifests.screenings == told


def test_routed_work_is_open_only_to_those_who_accept_it(
    tmp_path: Path, argilla: Argilla, api: Api, people: list[Person]
) -> None:
    """Also when the programme begins to route later."""
    root, manifests = written(tmp_path / "routes", 2, [line(item(0), score=1.0)]), Manifests()
    report = pushed(root, api, manifests)
    name = load(root, LIBRARY).programme
    workspaces = api.workspaces()
    assert {f"{name} en-US", f"{name} en-US covered"} <= workspaces.keys()
    both = {person.id for person in people}
    assert api.members(workspaces[f"{name} en-US covered"]) & both == both
    change_head(root, screening={"protection": "route", "thresholds": {GUARD: 0.8}})
    report = pushed(root, api, manifests)
    assert api.members(workspaces[f"{name} en-US covered"]) & both == {people[0].id}
    assert api.members(workspaces[f"{name} en-US"]) & both == both
    assert report.told[-1] == f"preference en-US covered is for those alone who accept sensitive work: {EMAILS[0]}"


def test_a_text_with_marks_cannot_be_hidden_but_can_be_routed(
    tmp_path: Path, argilla: Argilla, api: Api, people: list[Person]
) -> None:
    """Refused before anything is made, with what to do; routed, its marks come back."""
    rows = [line(item(0, "fluency_review"), "response_1", 1.0)]
    root = written(tmp_path / "marks", 1, rows, "fluency_review")
    before = len(api.datasets())
    with pytest.raises(InvalidSettings, match="cannot hide a text in which errors are marked") as refused:
        pushed(root, api, Manifests())
    assert "write protection: route" in refused.value.fix
    assert len(api.datasets()) == before
    change_head(root, screening={"protection": "route", "thresholds": {GUARD: 0.8}, "pass_share": 0})
    assert [each.tasks for each in pushed(root, api, Manifests()).projects] == [0, 1]
    change_head(root, screening={"protection": "none"})
    assert [each.change for each in pushed(root, api, Manifests()).projects] == ["unchanged", "unchanged"]


def test_screens_are_metadata_that_annotators_do_not_see(
    tmp_path: Path, argilla: Argilla, api: Api, people: list[Person]
) -> None:
    """The owner sorts by them; an annotator's page gets neither the property nor its values, nor any model."""
    rows = [line(item(0), score=0.25, screen="near_duplicate"), line(item(0), "response_1", 0.53125)]
    report = pushed(written(tmp_path / "scores", 2, rows), api, Manifests())
    found = records(argilla, report, OPEN)
    assert found[item(0)]["metadata"] == {"number": 1, "screen_near_duplicate": 0.25, f"screen_{GUARD}": 0.53125}
    assert found[item(1)]["metadata"] == {"number": 2}
    path = f"/me/datasets/{dataset(report, OPEN)}"
    shown = [argilla.call("GET", f"{path}/metadata-properties", key=people[1].key)]
    shown.append(argilla.call("POST", f"{path}/records/search?limit=10", {}, key=people[1].key))
    shown.append(argilla.call("GET", f"/datasets/{dataset(report, OPEN)}", key=people[1].key))
    text = json.dumps(shown)
    assert [word for word in ("screen_", "0.53125", PROVIDER, "aurora", "borealis") if word in text] == []


def test_a_covered_text_is_shown_when_it_is_asked_for_and_its_answers_count(
    tmp_path: Path, argilla: Argilla, api: Api, people: list[Person]
) -> None:
    """Answers arrive under the same workflow and locale as all others."""
    root = written(tmp_path / "reveals", 1, [line(item(0), score=1.0)])
    report = pushed(root, api, Manifests())
    words = shielded(LIBRARY.guideline("preference", LOCALE)).workflow.texts
    with browser() as started:
        page = started.new_page(viewport={"width": 1600, "height": 1000})
        page.goto(f"{argilla.url}/sign-in")
        page.locator("input").nth(0).fill(EMAILS[0])
        page.locator("input").nth(1).fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_text("Home").first).to_be_visible(timeout=30_000)
        page.goto(f"{argilla.url}/dataset/{dataset(report, SHIELDED)}/annotation-mode")
        expect(page.get_by_text("Pending").first).to_be_visible(timeout=30_000)
        page.wait_for_function("document.querySelectorAll('iframe').length > 2", timeout=30_000)
        page.wait_for_load_state("networkidle")
        frame = next(each for each in page.frames[1:] if words["warning"] in each.locator("body").inner_text())
        assert "blur" in frame.locator("#text").evaluate("element => getComputedStyle(element).filter")
        screenshot(page, "covered")
        frame.get_by_text(words["reveal"]).click()
        assert frame.locator("#text").evaluate("element => getComputedStyle(element).filter") == "none"
        screenshot(page, "revealed")
    (record,) = records(argilla, report, SHIELDED).values()
    said = {question: {"value": "tie"} for question in ("relevance", "safety", "clarity", "overall")}
    said |= {f"refusal__{position}": {"value": "right_answer"} for position in "ab"}
    response = {"record_id": record["id"], "status": "submitted", "values": said}
    answer = argilla.call("POST", "/me/responses/bulk", {"items": [response]}, key=people[0].key)
    assert answer["items"][0]["error"] is None
    frames = list(pull_frames(load(root, LIBRARY), LIBRARY, api, b"key"))
    assert [each.refused for each in frames if each.refused] == []
    judged = {(row["workflow"], row["locale"], row["item"]) for each in frames for row in each.judgments.to_pylist()}
    assert judged == {("preference", LOCALE, item(0))}


def screenshot(page: Any, name: str) -> None:
    """Kept where CONCORD_SCREENSHOTS asks for it."""
    if folder := os.environ.get("CONCORD_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"protection-argilla-{name}.png")
