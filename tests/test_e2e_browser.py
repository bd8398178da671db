"""A person labels in a real browser, in Arabic, and an analyst finds exactly that work."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from e2e_programme import PEOPLE, write_programme
from e2e_services import Analytics, Row, stored
from labelling_page import browser, logged_in
from playwright.sync_api import Locator, Page, expect

import guidelines
from guidelines.model import Guideline, Question
from plugins import programme as programmes
from plugins.analytics_client import WEBHOOK_PATH, AnalyticsClient
from plugins.label_studio.api import Api
from plugins.label_studio.push import Attachments, push
from plugins.local import services
from plugins.local.label_studio import LabelStudio, NewUser
from plugins.local.ports import free_port

LIBRARY = guidelines.load()
LOCALE = "ar-EG"
PASSWORD = secrets.token_hex(8)
# On the second line, behind an emoji: counted in bytes, in UTF-16 or without the line's end it would stand elsewhere.
WORD = "ساعتين"
TEXT = "😀 القطة جلس على الطاولة،\nونامت من ساعتين."
CORRECTION = "منذ ساعتين 😀"


@dataclass(frozen=True)
class Site:
    """Where things are: Label Studio's address, the projects by workflow, analytics with its folder."""

    label_studio: str
    projects: dict[str, int]
    analytics: Analytics
    data: Path


@pytest.fixture(scope="module")
def site(label_studio: LabelStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The programme in Label Studio, an account for one person, and webhooks to an analytics service of our own."""
    folder = tmp_path_factory.mktemp("browser")
    label_studio.create_users([NewUser(PEOPLE[0], PASSWORD, secrets.token_hex(20))])
    names = ("ANALYST_TOKEN", "INGEST_TOKEN", "WEBHOOK_TOKEN", "PSEUDONYM_KEY", "SECRET_KEY")
    keys = {f"CONCORD_{name}": secrets.token_hex(20) for name in names}
    port, data = free_port(), folder / "analytics"
    env = {**os.environ, **keys, "CONCORD_DATA": str(data)}
    with services.launch(services.ANALYTICS, port=port, data=data, log=folder / "log", env=env) as process:
        services.wait(process, port)
        url = f"http://127.0.0.1:{port}"
        webhook = Attachments(url + WEBHOOK_PATH, keys["CONCORD_WEBHOOK_TOKEN"])
        programme = programmes.load(write_programme(folder / "p", "browser", locales=[LOCALE], items=1), LIBRARY)
        api = Api(label_studio.url, label_studio.admin_token)
        with api, AnalyticsClient(url, keys["CONCORD_INGEST_TOKEN"]) as ingest:
            pushed = push(programme, LIBRARY, api, ingest, webhook)
        projects = {each.workflow: int(each.project) for each in pushed.projects}
        with closing(Analytics(url, keys["CONCORD_ANALYST_TOKEN"])) as analytics:
            yield Site(label_studio.url, projects, analytics, data)


@pytest.fixture(scope="module")
def page(site: Site) -> Iterator[Page]:
    """A browser's page in which the person is logged in."""
    with browser() as launched:
        yield logged_in(launched, site.label_studio, PEOPLE[0], PASSWORD)


def test_a_marked_error_arrives_where_it_was_drawn(site: Site, page: Page, tmp_path: Path) -> None:
    """The Arabic reviewer sees Arabic names from right to left, marks a word behind an emoji, and submits; analytics
    holds exactly those answers and that word's place in code points, with nothing pulled."""
    guideline = LIBRARY.guideline("fluency_review", LOCALE)
    errors, fluency, completeness = guideline.workflow.questions
    before = site.analytics.annotations()
    open_stream(page, site, guideline)
    for title in [choice.title for choice in errors.choices] + [fluency.title, completeness.title]:
        expect(page.get_by_text(title, exact=True)).to_be_visible()
    text = page.locator(".concord-text").last
    reads_from_the_right(place(text, "القطة"), place(text, "الطاولة"))
    reads_from_the_right(*(box(radio(page, choice.title)) for choice in completeness.choices[:2]))

    page.locator(".lsf-label", has_text=errors.choice("word_choice").title).click()
    drag_over(page, place(text, WORD))
    expect(page.locator(".htx-highlight")).to_have_text(WORD)
    page.locator(".htx-highlight").click()
    choose(page, errors.severity("major").title)
    written = page.get_by_test_id("textarea-input").locator("visible=true")
    written.fill(CORRECTION)
    screenshot(page, "marked")
    page.locator(".ant-rate-star").nth(3).click()
    choose(page, completeness.choice("partial").title)
    screenshot(page, "answered")
    submit(page)

    site.analytics.wait_for(before + 1)
    tables = stored(site.data, tmp_path)
    start = TEXT.index(WORD)
    judgments = [row for row in tables.judgments if row["workflow"] == "fluency_review"]
    assert answers(judgments) == {
        ("errors", "a", "marked", 1.0),
        ("fluency", "item", "4", 4.0),
        ("completeness", "item", "partial", 1.0),
    }
    fields = ("start", "end", "text", "category", "severity", "weight", "correction")
    assert [tuple(row[name] for name in fields) for row in tables.spans] == [
        (start, start + len(WORD), WORD, "word_choice", "major", 5.0, CORRECTION)
    ]
    assert {row["guideline_version"] for row in judgments} == {str(guideline.version)}
    (row,) = site.analytics.rows("/v1/locales", workflow="fluency_review")
    assert (row["locale"], row["annotations"], row["annotators"]) == (LOCALE, 1, 1)
    trends = site.analytics.rows("/v1/errors/trends", workflow="fluency_review")
    assert {each["category"]: sum(week["errors"] for week in each["weeks"]) for each in trends}["word_choice"] == 1


def test_a_comparison_arrives_as_chosen(site: Site, page: Page, tmp_path: Path) -> None:
    """The Arabic annotator compares two responses by the names of the choices; analytics holds their codes."""
    guideline = LIBRARY.guideline("preference", LOCALE)
    chosen = {"relevance": "a_much", "safety": "tie", "clarity": "b_slightly", "overall": "a_slightly"}
    before = site.analytics.annotations()
    open_stream(page, site, guideline)
    first, second = (page.locator(".concord-response").nth(number) for number in (0, 1))
    reads_from_the_right(box(first), box(second))
    for question, code in chosen.items():
        choose(page, question_of(guideline, question).choice(code).title)
    refusal = question_of(guideline, "refusal")
    for response, code in ((first, "right_answer"), (second, "over_refusal")):
        response.locator("label.ant-radio-wrapper", has_text=refusal.choice(code).title).click()
    page.get_by_test_id("textarea-input").locator("visible=true").fill("الأولى أوضح 😀")
    screenshot(page, "compared")
    submit(page)

    site.analytics.wait_for(before + 1)
    tables = stored(site.data, tmp_path)
    numbers = {"a_much": -2.0, "a_slightly": -1.0, "tie": 0.0, "b_slightly": 1.0}
    judgments = [row for row in tables.judgments if row["workflow"] == "preference"]
    assert answers(judgments) == {(question, "item", code, numbers[code]) for question, code in chosen.items()} | {
        ("refusal", "a", "right_answer", None),
        ("refusal", "b", "over_refusal", None),
        ("reason", "item", "الأولى أوضح 😀", None),
    }
    (row,) = site.analytics.rows("/v1/locales", workflow="preference")
    assert (row["locale"], row["annotations"], row["annotators"]) == (LOCALE, 1, 1)


def answers(judgments: list[Row]) -> set[tuple[object, ...]]:
    said = {(row["question"], row["target"], row["value"], row["number"]) for row in judgments}
    assert len(said) == len(judgments)
    return said


def question_of(guideline: Guideline, question: str) -> Question:
    return next(each for each in guideline.workflow.questions if each.id == question)


def open_stream(page: Page, site: Site, guideline: Guideline) -> None:
    """Open the project's next task, and close the instructions after a look at them."""
    page.goto(f"{site.label_studio}/projects/{site.projects[guideline.workflow.id]}/data?labeling=1")
    instructions = page.locator(".concord-guideline")
    expect(instructions).to_contain_text(str(guideline.version))
    screenshot(page, f"instructions-{guideline.workflow.id}")
    page.get_by_role("button", name="Close modal").click()
    expect(instructions).to_be_hidden()
    screenshot(page, f"opened-{guideline.workflow.id}")


def radio(page: Page, title: str) -> Locator:
    return page.locator("label.ant-radio-wrapper", has=page.get_by_text(re.compile(rf"^{re.escape(title)}")))


def choose(page: Page, title: str) -> None:
    radio(page, title).click()
    expect(radio(page, title).locator("input")).to_be_checked()


def submit(page: Page) -> None:
    """Submit, and wait until Label Studio has taken it."""
    with page.expect_response(lambda reply: "/annotations" in reply.url and reply.request.method == "POST") as taken:
        page.get_by_test_id("bottombar-submit-button").click()
    assert taken.value.status == 201, taken.value.text()


Box = dict[str, float]

_PLACE = """(element, words) => {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const at = node.data.indexOf(words);
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + words.length);
    const {x, y, width, height} = range.getBoundingClientRect();
    return {x, y, width, height};
  }
  throw new Error(`not on the page: ${words}`);
}"""


def place(element: Locator, words: str) -> Box:
    """Where these words stand on the page, in pixels."""
    element.scroll_into_view_if_needed()
    found: Box = element.evaluate(_PLACE, words)
    return found


def box(element: Locator) -> Box:
    """Where an element stands on the page, in pixels."""
    found = element.bounding_box()
    assert found is not None
    return {"x": found["x"], "y": found["y"], "width": found["width"], "height": found["height"]}


def reads_from_the_right(first: Box, second: Box) -> None:
    """The first stands to the right of the second, on the same line."""
    assert first["x"] >= second["x"] + second["width"]
    assert abs(first["y"] - second["y"]) < first["height"]


def drag_over(page: Page, words: Box) -> None:
    """Select words that read from right to left, as a hand does."""
    middle = words["y"] + words["height"] / 2
    page.mouse.move(words["x"] + words["width"] - 1, middle)
    page.mouse.down()
    page.mouse.move(words["x"] + words["width"] / 2, middle)
    page.mouse.move(words["x"] + 1, middle)
    page.mouse.up()


def screenshot(page: Page, name: str) -> None:
    """Keep a picture where CONCORD_SCREENSHOTS asks for it."""
    if folder := os.environ.get("CONCORD_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")
