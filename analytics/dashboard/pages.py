"""The dashboard's pages: login, overview, edits, annotators, screens, logout."""

from __future__ import annotations

import hashlib
import hmac

from flask import Blueprint, Response, redirect, render_template, request, send_from_directory, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from analytics.api.tokens import rights_of
from analytics.dashboard.annotators import shown_annotators
from analytics.dashboard.edits import PAGE, shown_edits
from analytics.dashboard.overview import overview
from analytics.dashboard.screening import shown_screens
from analytics.service import service

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

_FURTHEST = 2**31  # as in the API

blueprint = Blueprint("dashboard", __name__, template_folder=".")


@blueprint.get("/")
def index() -> str:
    """The overview, or the login form."""
    if not _logged_in():
        return render_template("login.html", failed=False)
    running = service()
    with running.store.snapshot() as snapshot:
        shown = overview(snapshot, running.library, failed=len(running.inbox.failed()))
        return render_template("overview.html", shown=shown)


@blueprint.get("/edits")
def edits() -> str | BaseResponse:
    """What annotators changed in texts, page by page."""
    if not _logged_in():
        return redirect(url_for("dashboard.index"), 303)
    chosen = {name: request.args[name] for name in ("workflow", "locale") if request.args.get(name)}
    offset = _offset()
    running = service()
    with running.store.snapshot() as snapshot:
        found = shown_edits(snapshot, running.library, chosen, offset)
    newer = None if offset == 0 else max(offset - PAGE, 0)
    return render_template("edits.html", chosen=chosen, newer=newer, **vars(found))


@blueprint.get("/annotators")
def annotators() -> str | BaseResponse:
    """What is known of single annotators, by name."""
    if not _logged_in():
        return redirect(url_for("dashboard.index"), 303)
    asked = {name: request.args[name] for name in ("workflow", "locale", "question") if request.args.get(name)}
    running = service()
    with running.store.snapshot() as snapshot:
        return render_template("annotators.html", shown=shown_annotators(snapshot, running.library, asked, _offset()))


@blueprint.get("/screening")
def screening() -> str | BaseResponse:
    """What screens found, and how much of what people call harmful."""
    if not _logged_in():
        return redirect(url_for("dashboard.index"), 303)
    running = service()
    with running.store.snapshot() as snapshot:
        return render_template("screening.html", shown=shown_screens(snapshot, running.library))


@blueprint.post("/login")
def login() -> BaseResponse | tuple[str, int]:
    """Start a session for a token that may read."""
    if "read" not in rights_of(request.form.get("token", "").strip()):
        return render_template("login.html", failed=True), 401
    session.permanent = True
    session["reader"] = _reader()
    return redirect(url_for("dashboard.index"), 303)


@blueprint.post("/logout")
def logout() -> BaseResponse:
    """End the session."""
    session.clear()
    return redirect(url_for("dashboard.index"), 303)


@blueprint.get("/dashboard.css")
def style() -> Response:
    """The style sheet."""
    return send_from_directory(blueprint.root_path, "dashboard.css", max_age=300)


@blueprint.after_request
def protect(response: Response) -> Response:
    """Nothing is loaded from elsewhere, framed or kept by caches."""
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if response.mimetype == "text/html":
        response.headers["Cache-Control"] = "no-store"
    return response


def _offset() -> int:
    return min(max(request.args.get("offset", 0, type=int), 0), _FURTHEST)


def _reader() -> str:
    """What a session holds: it ends when the analyst token is changed."""
    return hashlib.sha256(service().config.analyst_token.encode()).hexdigest()


def _logged_in() -> bool:
    return hmac.compare_digest(str(session.get("reader", "")), _reader())
