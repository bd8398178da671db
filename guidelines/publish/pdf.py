"""HTML pages as PDF, printed by a Chromium browser: it sets every script right, and has fonts for them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from guidelines.errors import GuidelineError

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_LONGEST = 180  # seconds; the longest book takes a few


class NoBrowser(GuidelineError):
    """There is no browser that could print."""

    def __init__(self) -> None:
        super().__init__("no Chromium browser was found", fix="install chromium or Google Chrome, or publish HTML")


class NotPrinted(GuidelineError):
    """The browser printed nothing."""

    def __init__(self, browser: str, said: str) -> None:
        last = said.strip().splitlines()[-1:] or ["it said nothing"]
        super().__init__(f"{browser} printed nothing: {last[0]}", fix="run it by hand, or publish HTML")


def print_pdf(html: str, target: Path) -> None:
    """Print a page that needs nothing else to a PDF with an outline; raises NoBrowser and NotPrinted."""
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise NoBrowser
    with TemporaryDirectory() as folder:
        page, printed = Path(folder) / "page.html", Path(folder) / "page.pdf"
        page.write_text(html, encoding="utf-8")
        ran = subprocess.run(  # noqa: S603  # a browser by its own name, our own page
            [browser, *_options(Path(folder) / "profile"), f"--print-to-pdf={printed}", page.as_uri()],
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
        if not printed.is_file():
            raise NotPrinted(browser, ran.stderr)
        shutil.copyfile(printed, target)


def _options(profile: Path) -> list[str]:
    """A browser without a window, background traffic or a profile that stays; as root it runs only unsandboxed."""
    return [
        "--headless",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-pdf-header-footer",
        "--generate-pdf-document-outline",
        f"--user-data-dir={profile}",
    ]
