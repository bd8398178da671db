"""Guidelines away from the labelling tool: the book of a locale, its PDF, courses and qualification items."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, Page, sync_playwright

import guidelines
from guidelines.cli import commands
from guidelines.publish import pdf
from guidelines.publish.book import book
from guidelines.publish.course import course
from guidelines.publish.qualification import items
from plugins import programme

LIBRARY = guidelines.load()
CHROMIUM = "/usr/bin/chromium"
ANNOTATORS = "email,name,vendor,locales,domains,education,role,qualified,simulated\n"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.parametrize("locale", ["en-US", "ar-EG", "ja-JP", "es-MX", "th-TH"])
def test_a_book_is_one_page_whose_links_all_lead_somewhere(locale: str) -> None:
    """Every workflow and clause is there, ids are unique, links have targets, and nothing comes from elsewhere."""
    page = book(LIBRARY, locale)
    ids = re.findall(r' id="([^"]+)"', page)
    assert [name for name, times in Counter(ids).items() if times > 1] == []
    assert set(re.findall(r' href="#([^"]+)"', page)) <= set(ids)
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', page) == []
    for workflow in LIBRARY.workflows:
        guideline = LIBRARY.guideline(workflow, locale)
        assert str(guideline.version) in page
        titles = re.findall(r"<h2[^>]*>(.*?)</h2>", "".join(clause.html for clause in guideline.clauses))
        assert titles
        assert all(f">{title}</h2>" in page or f">{title}</h1>" in page for title in titles)


def test_a_book_says_which_texts_are_drafts_and_which_are_not_translated() -> None:
    """Each chapter has its status; English in a book of another language is announced, in an English book it is not."""
    thai, english = book(LIBRARY, "th-TH", ["ranking"]), book(LIBRARY, "en-US", ["ranking"])
    terms = LIBRARY.guideline("ranking", "th-TH").terms
    assert terms["draft"] in thai
    assert terms["not_translated"] in thai
    assert LIBRARY.guideline("ranking", "en-US").terms["not_translated"] not in english


def test_a_book_is_printed_with_the_fonts_of_its_script(tmp_path: Path) -> None:
    """The PDF of a Thai book embeds a Thai font."""
    pdf.print_pdf(book(LIBRARY, "th-TH", ["ranking"]), tmp_path / "book.pdf")
    printed = (tmp_path / "book.pdf").read_bytes()
    assert printed.startswith(b"%PDF")
    assert b"NotoSansThai" in printed


def test_without_a_browser_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Chromium gets one sentence with the fix."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pdf.NoBrowser, match="install chromium"):
        pdf.print_pdf("<p>", tmp_path / "book.pdf")


def _open_first_case(page: Page) -> None:
    while not page.locator("section.step:not([hidden]) form.case").count():
        page.click(".next")


def test_a_course_tells_right_from_wrong_and_why(browser: Browser, tmp_path: Path) -> None:
    """The right answer is confirmed, a wrong one is put right, the reason appears, and the score counts both."""
    guideline = LIBRARY.guideline("preference", "ar-EG")
    (tmp_path / "course.html").write_text(course(guideline), encoding="utf-8")
    page = browser.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto((tmp_path / "course.html").as_uri())
    _open_first_case(page)
    here = page.locator("section.step:not([hidden])")
    asked = here.locator("fieldset").all()
    asked[0].locator("input[data-right]").check()
    for fieldset in asked[1:]:
        fieldset.locator("input:not([data-right])").first.check()
    here.locator("button[type=submit]").click()
    verdicts = [fieldset.locator(".verdict").inner_text() for fieldset in asked]
    assert verdicts[0] == guideline.terms["right"]
    assert all(verdict.startswith(guideline.terms["wrong"].split("{")[0]) for verdict in verdicts[1:])
    assert here.locator(".feedback").is_visible()
    while page.locator(".next").is_enabled():
        page.click(".next")
    total = page.locator("fieldset").count()
    assert page.locator(".score").inner_text() == guideline.terms["score"].format(right=1, total=total)
    assert failures == []


@pytest.mark.parametrize("workflow", LIBRARY.workflows)
@pytest.mark.parametrize("locale", ["en-US", "hi-IN"])
def test_a_course_asks_about_every_example_that_has_an_answer_to_choose(workflow: str, locale: str) -> None:
    """Each case asks something, one option of each question is right, and nothing comes from elsewhere."""
    guideline = LIBRARY.guideline(workflow, locale)
    page = course(guideline)
    assert page.count('<form class="case">') == len(guideline.examples)
    assert page.count(" data-right>") == page.count("<fieldset>") > 0
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', page) == []


def test_examples_become_a_programme_that_can_be_pushed(tmp_path: Path) -> None:
    """`course` writes a programme that loads without a problem: every workflow, each item with its gold answers."""
    (group,) = commands
    result = CliRunner().invoke(group, ["course", "ar-EG", "--output", str(tmp_path)], catch_exceptions=False)
    assert result.exit_code == 0
    folder = tmp_path / "qualification-ar-EG"
    loaded = programme.load(folder, LIBRARY)
    assert (loaded.stage, loaded.workflows) == ("qualification", tuple(LIBRARY.workflows))
    assert {item.workflow for item in loaded.items} == set(LIBRARY.workflows)
    assert all(item.gold for item in loaded.items)
    assert (folder / "annotators.csv").read_text("utf-8") == ANNOTATORS


def test_a_programme_that_was_changed_is_kept(tmp_path: Path) -> None:
    """Running `course` again renews the items, and leaves what its owner filled in."""
    (group,) = commands
    arguments = ["course", "en-US", "--workflow", "ranking", "--output", str(tmp_path)]
    CliRunner().invoke(group, arguments, catch_exceptions=False)
    people = tmp_path / "qualification-en-US" / "annotators.csv"
    people.write_text(ANNOTATORS + "a@example.org,A,north,en-US,,,annotator,,false\n", encoding="utf-8")
    CliRunner().invoke(group, arguments, catch_exceptions=False)
    assert "a@example.org" in people.read_text("utf-8")


def test_seeded_errors_stand_where_the_example_marks_them() -> None:
    """Offsets are code points of the response, also in a text with Arabic letters."""
    found = [item for item in items(LIBRARY.guideline("fluency_review", "ar-EG")) if item["seeded_errors"]]
    assert found
    for item in found:
        text = item["responses"][0]["text"]
        assert all(text[each["start"] : each["end"]] == each["text"] for each in item["seeded_errors"])
        assert json.dumps(item)


def test_a_book_and_its_pdf_are_written_where_asked(tmp_path: Path) -> None:
    """`book LOCALE --pdf` names both files."""
    (group,) = commands
    arguments = ["book", "en-US", "--workflow", "ranking", "--pdf", "--output", str(tmp_path)]
    result = CliRunner().invoke(group, arguments, catch_exceptions=False)
    assert result.output.split() == [str(tmp_path / f"guidelines-en-US.{form}") for form in ("html", "pdf")]
    assert all(Path(name).is_file() for name in result.output.split())
