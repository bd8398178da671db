"""Pictures of every workflow in Label Studio, as annotators of some locales see it: `make screenshots`.

The items are the guidelines' own worked examples, filled in with their answers. Look at the pictures after a change of
a label config or of its style: `build/screenshots/<workflow>_<locale>.png`.
"""

from __future__ import annotations

import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labelling_page import Form, browser, logged_in
from playwright.sync_api import Page

import guidelines
from guidelines.model import Example, Guideline
from plugins.label_studio.api import Api
from plugins.label_studio.config import label_config
from plugins.label_studio.instructions import instructions
from plugins.local.label_studio import NewUser, start_label_studio
from plugins.local.ports import free_port

LOCALES = ("en-US", "ar-EG", "ja-JP", "hi-IN", "th-TH")
HEIGHT = 1500  # pixels: most tasks stand on one page


def main(folder: Path, locales: list[str]) -> None:
    """Write one picture a workflow and locale into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    library = guidelines.load()
    with tempfile.TemporaryDirectory() as data, _open(Path(data)) as (page, api):
        for workflow in library.workflows:
            for locale in locales:
                _picture(page, api, library.guideline(workflow, locale), folder)


@contextmanager
def _open(data: Path) -> Iterator[tuple[Page, Api]]:
    """The page of somebody logged in to a Label Studio of its own, and its API."""
    admin = NewUser("screen@concord.example", secrets.token_hex(8), secrets.token_hex(20))
    with (
        start_label_studio(data, port=free_port(), users=[admin]) as server,
        browser() as launched,
        Api(server.url, admin.token) as api,
    ):
        yield logged_in(launched, server.url, admin.email, admin.password, height=HEIGHT), api


def _picture(page: Page, api: Api, guideline: Guideline, folder: Path) -> None:
    workflow, example = guideline.workflow, guideline.examples[0]
    settings = {
        "title": f"{workflow.id} {guideline.locale}",
        "label_config": label_config(guideline),
        "expert_instruction": instructions(guideline),
        "show_instruction": True,
    }
    project = api.create_project(settings)
    api.import_tasks(project, [{"data": _data(example)}])
    form = Form(page, api.url, project, workflow)
    form.show()
    form.fill({key: value for key, value in example.answers.items() if value and _is_plain(guideline, key[0])})
    page.mouse.move(0, 0)
    page.screenshot(path=folder / f"{workflow.id}_{guideline.locale}.png")


def _is_plain(guideline: Guideline, question: str) -> bool:
    return guideline.workflow.question(question).kind not in ("error_spans", "conversation")


def _data(example: Example) -> dict[str, Any]:
    responses = {f"response_{place}": text for place, text in zip("abcdefgh", example.responses, strict=False)}
    claims = {"claims": list(example.claims)} if example.claims else {}
    return {"item": example.id, "prompt": example.prompt, **responses, **claims, **example.materials}


if __name__ == "__main__":
    main(Path("build/screenshots"), sys.argv[1:] or list(LOCALES))
