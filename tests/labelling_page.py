"""Label Studio's page as an annotator uses it, in a headless Chromium."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from guidelines.model import Question, Workflow

_QUIET = ["gpu", "quic", "background-networking", "component-update", "sync"]
_ARGUMENTS = ["--no-sandbox", "--no-first-run", *(f"--disable-{each}" for each in _QUIET)]


def chromium() -> str:
    """The browser's path; without one the tests are skipped on a laptop and fail in CI."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        missing = "Chromium is missing: install it, or set CHROMIUM to its path"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    return path


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=_ARGUMENTS)
        expect.set_options(timeout=30_000)
        yield launched
        launched.close()


def logged_in(browser: Browser, url: str, email: str, password: str, *, height: int = 900) -> Page:
    """A page in which this person is logged in."""
    page = browser.new_page(viewport={"width": 1440, "height": height})
    page.set_default_timeout(60_000)
    page.goto(f"{url}/user/login/")
    page.locator("input[name=email]").fill(email)
    page.locator("input[name=password]").fill(password)
    page.locator("button[type=submit]").click()
    expect(page).not_to_have_url(re.compile("login"))
    return page


class Form:
    """A project's next task, open in the page; `workflow` has the words that stand there."""

    def __init__(self, page: Page, url: str, project: int, workflow: Workflow) -> None:
        self._page, self._workflow = page, workflow
        page.goto(f"{url}/projects/{project}/data?labeling=1")
        close = page.get_by_role("button", name="Close modal")
        close.click()
        expect(close).to_be_hidden()
        self.reveal = page.locator(".concord-warning label")

    def show(self) -> None:
        """Have the texts shown, where they are hidden at first."""
        if self._workflow.sensitive:
            self.reveal.click()
        expect(self._page.locator(".concord-text").first).to_be_visible()

    def fill(self, answers: Mapping[tuple[str, str], str]) -> None:
        """Enter these answers, in this order; a question must be in sight when its turn comes."""
        for (question, target), value in answers.items():
            if not target.endswith("_reply"):
                self._answer(self._workflow.question(question), target, value)

    def refused(self) -> str:
        """Submit and be refused; what the page then says."""
        self._page.get_by_test_id("bottombar-submit-button").click()
        warning = self._page.locator(".ant-modal").last
        expect(warning).to_be_visible()
        expect(warning).not_to_have_class(re.compile("ant-zoom"))  # while it unfolds it takes no click
        told = warning.inner_text()
        warning.get_by_role("button", name="OK").click()
        expect(warning).to_be_hidden()
        return told

    def submit(self) -> None:
        """Submit, and wait until Label Studio has taken it."""
        with self._page.expect_response(
            lambda got: "/annotations" in got.url and got.request.method == "POST"
        ) as taken:
            self._page.get_by_test_id("bottombar-submit-button").click()
        assert taken.value.status == 201, taken.value.text()

    def _answer(self, question: Question, target: str, value: str) -> None:
        box = self.box(question, target)
        if question.kind in ("text", "edited_text"):
            box.locator("textarea").fill(value)
        elif question.kind == "conversation":
            self._say(box, value)
        elif question.kind == "rating":
            box.locator(".ant-rate-star").nth(int(value) - 1).click()
        else:
            for code in value.split("|"):
                title = code if question.kind == "ranking" else question.choice(code).title
                option = box.locator("label").filter(has_text=re.compile(rf"^\s*{re.escape(title)}\s*(\[\w])?\s*$"))
                option.click()
                expect(option.locator("input")).to_be_checked()

    def _say(self, box: Locator, message: str) -> None:
        replies = box.locator(".concord-reply").get_by_test_id("textarea-region")
        before = replies.count()
        field = box.get_by_test_id("textarea-input").locator("visible=true")
        field.fill(message)
        field.press("Shift+Enter")
        expect(replies).to_have_count(before + 1)

    def box(self, question: Question, target: str) -> Locator:
        """Where a question about a target stands."""
        named = self._page.locator(".concord-asked").get_by_text(question.title, exact=True)
        return self._scope(question, target).locator(".concord-question").filter(has=named).locator("visible=true")

    def _scope(self, question: Question, target: str) -> Locator:
        if question.target == "claim":
            return self._page.locator(".concord-claim").nth(int(target.removeprefix("claim_")) - 1)
        if self._workflow.responses > 1 and len(target) == 1:
            return self._page.locator(".concord-response").nth("abcdefgh".index(target))
        return self._page.locator(".concord").first
