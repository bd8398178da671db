"""Argilla's own page in a browser: what annotators see of harmful and hostile texts, and where their marks fall."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argilla_page import signed_in
from argilla_process import Argilla, Person, running_argilla
from playwright.sync_api import Frame, Page, expect

import guidelines
from plugins.argilla import Api, push
from plugins.argilla.pull import pull_frames
from plugins.programme import Programme, load

WORKFLOWS = ("fluency_review", "safety_moderation")
EMAIL = "nadia@concord.example"
HOSTILE = "<script>window.top.ran = 1</script><img src=x onerror='window.top.ran = 1'> $& $' #TEMPLATE#"
TEXTS = {
    "en-US": (f"Where is it? {HOSTILE}", f"🐈 The cat sit there 😀\nand {HOSTILE} sleeps."),
    "ar-EG": (f"أين ذهبت القطة؟ {HOSTILE}", f"😀 القطة {HOSTILE} جلس على الطاولة في مطعم Café."),
}
WORDS = {"en-US": "sleeps", "ar-EG": "جلس"}

# Where the words stand on the page, inside the text in which errors are marked.
PLACE = """word => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode, start = text.data.indexOf(word), range = document.createRange();
    if (start < 0 || !text.parentElement.closest("[class*=span]")) continue;
    range.setStart(text, start);
    range.setEnd(text, start + word.length);
    const box = range.getBoundingClientRect();
    return [box.left + 1, box.right - 1, (box.top + box.bottom) / 2];
  }
}"""


class Manifests:
    """Forgets what is registered."""

    def send_manifest(self, source: str, **rows: Any) -> None:
        """Register."""


@pytest.fixture(scope="module")
def argilla(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Argilla]:
    """A real, empty Argilla."""
    with running_argilla(tmp_path_factory.mktemp("argilla")) as argilla:
        yield argilla


@pytest.fixture(scope="module")
def person(argilla: Argilla) -> Person:
    """An annotator with an account."""
    return argilla.create_user(EMAIL)


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    """One hostile item for each workflow and locale."""
    root = tmp_path_factory.mktemp("programme")
    head = {"programme": "browser", "title": "Browser", "source": "argilla", "workflows": WORKFLOWS, "overlap": 2}
    (root / "programme.yaml").write_text(json.dumps({**head, "locales": list(TEXTS)}), "utf-8")
    columns = "email,name,vendor,locales,domains,education,role,qualified,simulated"
    (root / "annotators.csv").write_text(f"{columns}\n{EMAIL},N,v,en-US;ar-EG,,,annotator,,true\n", "utf-8")
    for workflow in WORKFLOWS:
        for locale, (prompt, text) in TEXTS.items():
            path = root / "items" / workflow / f"{locale}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            item = {
                "item": f"{workflow} {locale} </script>",
                "prompt": prompt,
                "responses": [{"text": text, "model": "m"}],
            }
            path.write_text(json.dumps(item), "utf-8")
    return load(root, guidelines.load())


@pytest.fixture(scope="module")
def datasets(argilla: Argilla, person: Person, programme: Programme) -> dict[tuple[str, str], str]:
    """The datasets' ids by workflow and locale, after a push."""
    with Api(argilla.url, argilla.key) as api:
        report = push(programme, guidelines.load(), api, Manifests())
    assert report.without_account == ()
    return {(each.workflow, each.locale): str(each.project) for each in report.projects}


@pytest.fixture(scope="module")
def page(argilla: Argilla, person: Person) -> Iterator[Page]:
    """Argilla's page, signed in."""
    with signed_in(argilla, EMAIL) as page:
        yield page


def opened(page: Page, argilla: Argilla, dataset: str) -> None:
    """The first record of a dataset."""
    page.goto(f"{argilla.url}/dataset/{dataset}/annotation-mode")
    expect(page.get_by_text("Pending").first).to_be_visible(timeout=30_000)
    page.wait_for_function("document.querySelectorAll('iframe').length > 0", timeout=30_000)
    page.wait_for_load_state("networkidle")


def frame_of(page: Page, text: str) -> Frame:
    """The frame that holds this text."""
    return next(frame for frame in page.frames[1:] if text in frame.locator("body").inner_text())


@pytest.mark.parametrize("locale", list(TEXTS))
def test_a_mark_made_on_the_page_comes_back_as_the_words_that_were_marked(
    page: Page, argilla: Argilla, programme: Programme, datasets: dict[tuple[str, str], str], locale: str
) -> None:
    """After emoji, hostile markup and in Arabic; nothing of the text has run."""
    library = guidelines.load()
    opened(page, argilla, datasets["fluency_review", locale])
    errors = library.guideline("fluency_review", locale).workflow.question("errors")
    page.get_by_text(f"{errors.choice('grammar').title} · {errors.severity('major').title}", exact=True).first.click()
    left, right, middle = page.evaluate(PLACE, WORDS[locale])
    page.mouse.move(left, middle)
    page.mouse.down()
    page.mouse.move((left + right) / 2, middle, steps=4)
    page.mouse.move(right, middle, steps=4)
    page.mouse.up()
    page.locator("label[for=fluency_3]").click()
    page.locator("label[for=completeness_partial]").click()
    with page.expect_response(lambda response: "/responses" in response.url):
        page.get_by_role("button", name="Submit").click()
    assert page.evaluate("window.ran") is None
    with Api(argilla.url, argilla.key) as api:
        frames = list(pull_frames(programme, library, api, b"key"))
    spans = [row for each in frames for row in each.spans.to_pylist() if row["locale"] == locale]
    assert [(row["text"], row["category"], row["severity"]) for row in spans] == [(WORDS[locale], "grammar", "major")]
    start = TEXTS[locale][1].index(WORDS[locale])
    assert (spans[0]["start"], spans[0]["item"]) == (start, f"fluency_review {locale} </script>")


@pytest.mark.parametrize("locale", list(TEXTS))
def test_a_harmful_text_stays_out_of_focus_until_it_is_asked_for(
    page: Page, argilla: Argilla, datasets: dict[tuple[str, str], str], locale: str
) -> None:
    """Warned of in the locale's words and direction; then shown to the letter, and nothing of it has run."""
    guideline = guidelines.load().guideline("safety_moderation", locale)
    opened(page, argilla, datasets["safety_moderation", locale])
    frame = frame_of(page, TEXTS[locale][1][:5])
    text = frame.locator("#text")
    assert "blur" in text.evaluate("element => getComputedStyle(element).filter")
    assert frame.locator("#warning").inner_text() == guideline.workflow.texts["warning"]
    assert frame.locator("#all").get_attribute("dir") == guideline.direction
    frame.get_by_text(guideline.workflow.texts["reveal"]).click()
    assert text.evaluate("element => getComputedStyle(element).filter") == "none"
    assert text.inner_text() == TEXTS[locale][1]
    assert page.evaluate("window.ran") is None


def test_the_whole_guideline_opens_in_its_field(
    page: Page, argilla: Argilla, datasets: dict[tuple[str, str], str], tmp_path: Path
) -> None:
    """At its full height, so that nothing is cut off."""
    guideline = guidelines.load().guideline("safety_moderation", "en-US")
    opened(page, argilla, datasets["safety_moderation", "en-US"])
    frame = frame_of(page, str(guideline.version))
    closed = frame.evaluate("frameElement.offsetHeight")
    frame.locator("summary").click()
    frame.wait_for_function("frameElement.offsetHeight > 1000", timeout=10_000)
    assert closed < 100
    assert frame.evaluate("document.getElementById('all').offsetHeight <= frameElement.offsetHeight")
