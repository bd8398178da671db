"""The dashboard's page of screens: what it shows, to whom, and when there is nothing."""

from __future__ import annotations

from collections.abc import Callable

from analytics_bodies import INGEST, manifest
from flask.testing import FlaskClient
from html_tags import Tags

pytest_plugins = ["analytics_fixtures"]

TOKEN = {"token": "analyst-token-of-the-tests"}
WHEN = "2026-11-20T10:00:00+00:00"


def page(client: FlaskClient) -> str:
    """The page after logging in."""
    assert client.post("/login", data=TOKEN).status_code == 303
    answer = client.get("/screening")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def screened(client: FlaskClient, screen: str, locale: str | None, judge: Callable[[int], float | None]) -> None:
    """Twelve screened prompts of a locale; without a score they could not be screened."""
    names = [f"{screen} {locale} {number}" for number in range(12)]
    items = [{"item": item, "programme": "p", "workflow": "safety_moderation", "locale": locale} for item in names]
    rows = [
        {"item": item, "target": "item", "screen": screen, "score": score, "threshold": 0.5, "decision": "open"}
        | {"status": "unscreened" if score is None else "screened", "reason": None if score else "<out> of time"}
        | {"screened": WHEN}
        for item, score in zip(names, map(judge, range(12)), strict=True)
    ]
    body = manifest() | {"items": items if locale else [], "screenings": rows}
    assert client.post("/v1/manifests", json=body, headers=INGEST).status_code == 200


def test_without_a_session_the_page_is_not_shown(client: FlaskClient) -> None:
    """It leads to the login form."""
    answer = client.get("/screening")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_nothing_screened_yet_is_said(client: FlaskClient) -> None:
    """With the commands that change it."""
    text = page(client)
    assert "Nothing has been screened yet." in text
    assert 'href="/screening" aria-current="page"' in text


def test_each_screen_has_its_locales_counts_and_reasons(client: FlaskClient) -> None:
    """Well-formed, with names of locales, what is not known and why; nothing of a reason is taken for markup."""
    screened(client, "toxicity_guard", "de-DE", lambda number: 0.9 if number < 3 else 0.1)
    screened(client, "profanity", "ar-EG", lambda number: None)
    screened(client, "profanity", None, lambda number: 0.2)
    text = page(client)
    tags = Tags()
    tags.feed(text)
    assert (tags.open, tags.wrong) == ([], [])
    assert len(tags.ids) == len(set(tags.ids))
    assert text.count("<table>") == text.count("<caption") == 2
    assert "<h2" in text and ">toxicity guard</h2>" in text
    assert '<bdi lang="de-DE">Deutsch (Deutschland)</bdi>' in text
    assert "Not screened: &lt;out&gt; of time (12)." in text
    assert text.count("no text that was shown without a warning was judged") == 6
    assert "<svg" not in text


def test_a_screen_that_read_nothing_stands_in_one_line_with_its_reason(client: FlaskClient) -> None:
    """It has no table of zeros."""
    screened(client, "guard", "de-DE", lambda number: number / 12)
    screened(client, "toxicity", "de-DE", lambda number: None)
    shown = page(client)
    assert shown.count("<table>") == 1
    assert "<strong>toxicity</strong>: &lt;out&gt; of time (12)" in shown
