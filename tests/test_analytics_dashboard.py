"""The dashboard: login, what it shows, what it never shows."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from analytics_bodies import INGEST, manifest
from flask.testing import FlaskClient
from html_tags import Tags

from analytics.dashboard.names import LocaleName, locale_name
from analytics.dashboard.plots import interval_plot, spark
from analytics.estimate import Estimate

pytest_plugins = ["analytics_fixtures"]

TOKEN = {"token": "analyst-token-of-the-tests"}
SURE = Estimate(0.74, 0.68, 0.80, 0.95, "jackknife", "items", 20, 60, 3)
GERMAN = locale_name("de-DE")


def page(client: FlaskClient) -> str:
    """The overview after logging in."""
    assert client.post("/login", data=TOKEN).status_code == 303
    response = client.get("/")
    assert response.status_code == 200
    return response.get_data(as_text=True)


def test_without_a_session_there_is_only_the_login_form(filled: FlaskClient) -> None:
    """No figure is shown before the analyst token was given."""
    text = filled.get("/").get_data(as_text=True)
    assert 'name="token"' in text
    assert "de-DE" not in text


@pytest.mark.parametrize("token", ["wrong", "", "webhook-token-of-the-tests"])
def test_a_token_that_may_not_read_does_not_log_in(client: FlaskClient, token: str) -> None:
    """Such a token gets the form again, told so, with 401 and without a session."""
    response = client.post("/login", data={"token": token})
    assert response.status_code == 401
    assert 'role="alert"' in response.get_data(as_text=True)
    assert 'name="token"' in client.get("/").get_data(as_text=True)


def test_the_session_cookie_is_shut_away_and_logout_ends_it(client: FlaskClient) -> None:
    """The cookie is HttpOnly and SameSite, and after logging out the form is back."""
    cookie = client.post("/login", data=TOKEN).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN["token"] not in cookie
    assert "Log out" in client.get("/").get_data(as_text=True)
    client.post("/logout")
    assert 'name="token"' in client.get("/").get_data(as_text=True)


def test_a_changed_token_ends_the_sessions(client: FlaskClient) -> None:
    """A session begun with an analyst token that has been replaced is no session."""
    client.post("/login", data=TOKEN)
    running = client.application.extensions["concord"]
    running.config = replace(running.config, analyst_token="another-analyst-token")
    assert 'name="token"' in client.get("/").get_data(as_text=True)


def test_the_overview_shows_every_locale_with_its_names(filled: FlaskClient) -> None:
    """Tag, name in the locale's own language (isolated, with its language) and in English."""
    text = page(filled)
    assert '<bdi lang="ar-EG">العربية (مصر)</bdi>' in text
    assert "Arabic (Egypt)" in text
    assert '<bdi lang="de-DE">Deutsch (Deutschland)</bdi>' in text


def test_simulated_work_is_declared(filled: FlaskClient) -> None:
    """The page says so at its top, and every line of simulated work as well."""
    text = page(filled)
    assert "All annotations shown here were made by simulated annotators" in text
    assert text.count('<span class="tag">simulated</span>') == 3


def test_real_work_is_not_called_simulated(filled: FlaskClient) -> None:
    """When the annotators are real, nothing on the page says simulated."""
    assert filled.post("/v1/manifests", json=manifest(simulated=False), headers=INGEST).status_code == 200
    assert "imulated" not in page(filled)


def test_an_undefined_estimate_shows_its_reason(filled: FlaskClient) -> None:
    """Everyone gave the same fluency, so alpha has no value: the reason stands in its place."""
    assert re.search(r'<small class="reason">no variation[^<]*</small>', page(filled))


@pytest.mark.parametrize("path", ["login", "overview", "empty"])
def test_the_page_is_well_formed_and_loads_nothing(request: pytest.FixtureRequest, path: str) -> None:
    """Every tag is closed, ids are unique, and there is no script, no inline style and no foreign address."""
    client: FlaskClient = request.getfixturevalue("filled" if path == "overview" else "client")
    text = client.get("/").get_data(as_text=True) if path == "login" else page(client)
    tags = Tags()
    tags.feed(text)
    assert (tags.open, tags.wrong) == ([], [])
    assert len(tags.ids) == len(set(tags.ids))
    assert "<h1>" in text


def test_charts_and_tables_can_be_read_aloud(filled: FlaskClient) -> None:
    """Every table has a caption and every chart a title; what aria refers to exists."""
    text = page(filled)
    assert text.count("<table>") == text.count("<caption") > 1
    assert text.count("<svg") == text.count("<title id=") > 2
    named = " ".join(re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', text)).split()
    assert [name for name in named if f'id="{name}"' not in text] == []


def test_pages_are_neither_cached_nor_framed(client: FlaskClient) -> None:
    """Figures stay out of caches, and the policy allows nothing from elsewhere."""
    headers = client.get("/").headers
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    with client.get("/dashboard.css") as style:
        assert style.mimetype == "text/css"


def test_an_interval_plot_puts_values_where_the_axis_says() -> None:
    """The dot and the ends lie between the ticks around their values."""
    plot = interval_plot("Test", [(GERMAN, SURE)], limits=(0.0, 1.0), references=[(0.8, "0.8")])
    assert [tick.text for tick in plot.ticks] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    (row,) = plot.rows
    assert row.dot == pytest.approx(plot.left + 0.74 * (plot.right - plot.left))
    assert plot.references[0].x == plot.ticks[4].x
    assert row.path.count("v8") == 2
    assert row.text == "0.74 (0.68 to 0.80)"


def test_an_interval_beyond_the_axis_is_cut_without_a_stop() -> None:
    """An interval that reaches far below the axis ends at its edge, open."""
    plot = interval_plot("Test", [(GERMAN, replace(SURE, low=-3.0))], limits=(0.0, 1.0))
    assert plot.rows[0].path.startswith(f"M{plot.left} ")
    assert plot.rows[0].path.count("v8") == 1


def test_an_undefined_estimate_has_a_row_without_a_dot() -> None:
    """A row says undefined, or that there is no interval, and draws what there is."""
    nothing = Estimate(None, None, None, 0.95, "jackknife", "items", 0, 0, 0, "no items")
    plot = interval_plot("T", [(GERMAN, nothing), (GERMAN, replace(SURE, low=None, high=None))], limits=(0.0, None))
    assert [(row.dot is None, row.path, row.text) for row in plot.rows] == [
        (True, "", "undefined"),
        (False, "", "0.74 (no interval)"),
    ]


def test_a_line_of_one_week_or_no_errors_can_be_drawn() -> None:
    """A single week is a dot on the left, and weeks without errors lie on the ground."""
    assert spark([1.0], 2.0, "").last == (6.0, 24.0)
    assert spark([0.0, 0.0], 0.0, "").points == "6.0,42.0 162.0,42.0"


def test_a_locale_without_a_name_shows_its_tag() -> None:
    """A tag that CLDR does not know stands for itself."""
    assert locale_name("xx-XX") == LocaleName("xx-XX", "xx-XX", "xx-XX")
