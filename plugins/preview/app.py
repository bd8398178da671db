"""The preview's pages, served on this machine alone."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, abort, jsonify, render_template, send_from_directory

from guidelines.errors import ConcordError
from plugins.label_studio.instructions import about
from plugins.preview.content import Content, read_content, stamp
from plugins.preview.editor import Editor


def create_app(root: Path, workflow: str, locale: str, editor: Editor) -> Flask:
    """An app that shows one workflow in one locale, anew whenever its files have changed."""
    app = Flask("plugins.preview", root_path=str(Path(__file__).parent), static_folder=None)
    read: dict[str, Content] = {}

    def content() -> tuple[str, Content]:
        now = stamp(root, locale)
        if now not in read:
            fresh = _content(root, workflow, locale)
            read.clear()
            read[now] = fresh
        return now, read[now]

    @app.get("/")
    def page() -> str:
        return render_template("preview.html", workflow=workflow, locale=locale)

    @app.get("/state.json")
    def state() -> Response:
        now, found = content()
        return jsonify(stamp=now, **_shown(found))

    @app.get("/task/<int:number>")
    def task(number: int) -> str:
        _, found = content()
        if number >= len(found.tasks):
            abort(404)
        return render_template("task.html", editor=editor, config=found.config, data=found.tasks[number][1])

    @app.get("/react-app/<path:name>")
    def front_end(name: str) -> Response:
        return send_from_directory(editor.folder, name)

    @app.get("/static/<path:name>")
    def fonts(name: str) -> Response:
        return send_from_directory(editor.static, name)

    return app


def _content(root: Path, workflow: str, locale: str) -> Content:
    """The present state; an error that a user is meant to read, such as of a folder renamed meanwhile, is shown too."""
    try:
        return read_content(root, workflow, locale)
    except ConcordError as error:
        return Content(problems=(str(error),))


def _shown(found: Content) -> dict[str, object]:
    guideline = found.guideline
    if guideline is None:
        return {"problems": found.problems}
    return {
        "problems": found.problems,
        "about": about(guideline),
        "direction": guideline.direction,
        "guideline": guideline.html,
        "tasks": [title for title, _ in found.tasks],
    }
