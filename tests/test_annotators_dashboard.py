"""The dashboard's page of annotators: what it shows, to whom, and when there is nothing."""

from __future__ import annotations

import re

from analytics_bodies import INGEST, Answer, at, export, manifest
from flask.testing import FlaskClient
from html_tags import Tags

pytest_plugins = ["analytics_fixtures"]

TOKEN = {"token": "analyst-token-of-the-tests"}


def page(client: FlaskClient, asked: str = "") -> str:
    """The page after logging in."""
    assert client.post("/login", data=TOKEN).status_code == 303
    answer = client.get(f"/annotators{asked}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_without_a_session_the_page_is_not_shown(client: FlaskClient) -> None:
    """It leads to the login form."""
    answer = client.get("/annotators")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_an_empty_store_has_no_annotators(client: FlaskClient) -> None:
    """The page says so."""
    text = page(client)
    assert "Nobody has answered this question in this locale yet." in text
    assert 'href="/annotators" aria-current="page"' in text


def test_each_annotator_has_a_line_with_intervals_and_no_rank(filled: FlaskClient) -> None:
    """Well-formed, the headline question first, with agreement, severity and pace, the numbers, and what is missing."""
    text = page(filled, "?locale=de-DE&workflow=preference")
    tags = Tags()
    tags.feed(text)
    assert (tags.open, tags.wrong) == ([], [])
    assert '<option value="overall" selected>' in text
    assert len(set(re.findall(r'class="who"><code>([^<]+)<', text))) == 3
    assert text.count("<table>") == text.count("<caption") == 2
    assert re.search(r'<b>0\.\d\d</b> <span class="interval">0\.\d\d to [01]\.\d\d</span><small[^>]*>n 8<', text)
    assert "this annotator answered no item twice" in text
    assert "simulated annotators" in text
    assert "rank" not in text.replace("there is no rank", "")


def test_questions_without_an_order_have_no_severity(filled: FlaskClient) -> None:
    """And other workflows have their own questions; a question of another workflow is passed over."""
    text = page(filled, "?locale=de-DE&workflow=fluency_review&question=overall")
    assert '<option value="fluency" selected>' in text
    assert "completeness" in text


def test_what_is_not_known_is_refused(filled: FlaskClient) -> None:
    """A workflow or a locale that there is none of gets the error that lists those there are."""
    filled.post("/login", data=TOKEN)
    assert filled.get("/annotators?locale=xx-XX").status_code == 422
    assert filled.get("/annotators?workflow=cooking").status_code == 422


def test_many_annotators_are_paged_by_name(client: FlaskClient) -> None:
    """Fifty a page; the next page has the others."""
    assert client.post("/v1/manifests", json=manifest(), headers=INGEST).status_code == 200
    answers = [Answer(user * 10 + task, task, user, "tie", at(task)) for user in range(1, 56) for task in (1, 2)]
    assert client.post("/v1/exports", json=export(answers), headers=INGEST).status_code == 200
    first = page(client, "?locale=de-DE")
    assert len(set(re.findall(r'class="who"><code>([^<]+)<', first))) == 50
    assert "Later names" in first
    second = page(client, "?locale=de-DE&offset=50")
    assert len(set(re.findall(r'class="who"><code>([^<]+)<', second))) == 5
    assert "Earlier names" in second
