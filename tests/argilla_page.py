"""Argilla's page as an annotator sees it, in a headless Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from argilla_process import PASSWORD, Argilla
from labelling_page import browser
from playwright.sync_api import Page, expect


@contextmanager
def signed_in(argilla: Argilla, username: str) -> Iterator[Page]:
    """A page in which this user is signed in."""
    with browser() as started:
        page = started.new_page(viewport={"width": 1600, "height": 1000})
        page.goto(f"{argilla.url}/sign-in")
        page.locator("input").nth(0).fill(username)
        page.locator("input").nth(1).fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_text("Home").first).to_be_visible(timeout=30_000)
        yield page
