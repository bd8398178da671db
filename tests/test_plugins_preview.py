"""The preview: the real task beside its guideline, live while the files are edited."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from background_server import serving
from flask.testing import FlaskClient
from guideline_folder import CANADA, FRENCH, replaced, write_folder
from labelling_page import browser
from playwright.sync_api import expect
from werkzeug.serving import make_server

from guidelines import UnknownWorkflow
from plugins.preview.app import create_app
from plugins.preview.command import _Quiet
from plugins.preview.content import read_content
from plugins.preview.editor import find_editor
from plugins.preview.errors import EditorMissing


def _client(root: Path) -> FlaskClient:
    return create_app(root, "taste", "fr-CA", find_editor()).test_client()


def test_state_follows_the_files(tmp_path: Path) -> None:
    """The state has the guideline and a task for each example, and another stamp after each edit."""
    client = _client(write_folder(tmp_path))
    first = client.get("/state.json").get_json()
    assert first["tasks"][0] == "La poutine"
    assert "Tutoyez." in first["guideline"]
    assert client.get("/state.json").get_json()["stamp"] == first["stamp"]
    write_folder(tmp_path, {"locales/fr-CA/taste.yaml": replaced(CANADA, "Fluidité", "Aise")})
    assert client.get("/state.json").get_json()["stamp"] != first["stamp"]
    assert "Aise" in client.get("/task/0").text


def test_mistakes_are_told_with_file_and_line(tmp_path: Path) -> None:
    """A file with a mistake gives its problem in place of a guideline; a task that is not there is not found."""
    write_folder(tmp_path, {"locales/fr/taste.yaml": replaced(FRENCH, "overall:", "overal:")})
    client = _client(tmp_path)
    state = client.get("/state.json").get_json()
    assert any(problem.startswith("locales/fr/taste.yaml:11: ") for problem in state["problems"])
    assert "guideline" not in state
    assert client.get("/task/0").status_code == 404


def test_what_goes_wrong_meanwhile_is_told(tmp_path: Path) -> None:
    """A folder that is taken away while it is looked at is told as such, and is shown again when it is back."""
    client = _client(write_folder(tmp_path))
    (tmp_path / "locales").rename(tmp_path / "elsewhere")
    assert client.get("/state.json").get_json()["problems"] == [
        "there is no locale 'fr-CA'; check the codes of language, script and region"
    ]
    (tmp_path / "elsewhere").rename(tmp_path / "locales")
    assert "guideline" in client.get("/state.json").get_json()


def test_unknown_workflow(tmp_path: Path) -> None:
    """An unknown workflow is named before anything is served."""
    with pytest.raises(UnknownWorkflow):
        read_content(write_folder(tmp_path), "toste", "fr-CA")


def test_without_label_studio(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the labelling server's package the error says what to install."""
    monkeypatch.setattr("plugins.preview.editor.find_spec", lambda _name: None)
    with pytest.raises(EditorMissing, match=r"concord\[server\]"):
        find_editor()


@contextmanager
def _served(root: Path) -> Iterator[str]:
    app = create_app(root, "taste", "fr-CA", find_editor())
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}/"


def test_the_task_is_live_in_a_browser(tmp_path: Path) -> None:
    """Label Studio's own editor shows the words of the locale, new ones after an edit, and mistakes at once."""
    write_folder(tmp_path)
    with _served(tmp_path) as url, browser() as chromium:
        page = chromium.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)
        task = page.frame_locator("#task")
        expect(task.get_by_text("Que mettre dans la poutine ?")).to_be_visible()
        expect(task.get_by_text("A est meilleure")).to_be_visible()
        expect(page.locator("#guideline")).to_contain_text("Tutoyez.")
        write_folder(tmp_path, {"locales/fr-CA/taste.yaml": replaced(CANADA, "Fluidité", "Aise")})
        expect(task.get_by_text("Aise", exact=True).first).to_be_visible()
        write_folder(tmp_path, {"locales/fr-CA/taste.yaml": replaced(CANADA, "fluency", "fluenzy")})
        expect(page.locator("#problems li")).to_contain_text("locales/fr-CA/taste.yaml:6: ")
