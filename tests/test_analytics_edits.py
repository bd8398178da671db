"""What was changed in edited texts: the difference, its size, the route and the page that show it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from analytics_bodies import ANALYST, INGEST, at, manifest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from analytics.differences import Kind, difference

pytest_plugins = ["analytics_fixtures"]

TEXTS = st.text(st.sampled_from("ab .,良いสวัสดี👩\u200d🦰नमते\u0301\u200f الح"), max_size=30)


def _joined(original: str, edited: str, kinds: Sequence[Kind]) -> str:
    return "".join(piece.text for piece in difference(original, edited).pieces if piece.kind in kinds)


@given(TEXTS, TEXTS)
def test_pieces_make_up_both_texts(original: str, edited: str) -> None:
    """What stayed and went is the original, what stayed and came is the edited text, in any script."""
    assert _joined(original, edited, ("same", "removed")) == original
    assert _joined(original, edited, ("same", "added")) == edited


@given(TEXTS, TEXTS)
def test_distances_do_not_depend_on_the_direction(original: str, edited: str) -> None:
    """Undoing a change is as far as making it; only equal texts are at distance 0."""
    there, back = difference(original, edited), difference(edited, original)
    assert (there.characters, there.words, there.share) == (back.characters, back.words, back.share)
    assert (there.characters == 0) == (original == edited)
    assert 0 <= there.share <= 1


@pytest.mark.parametrize(
    ("original", "edited", "characters", "words"),
    [
        ("kitten", "sitting", 3, 1),
        ("今日は良い天気です", "今日はいい天気です", 1, 1),
        ("👩‍👩‍👧 hi", "👩‍👩‍👧‍👦 hi", 1, 0),
        ("cafe\u0301", "cafe", 1, 1),
        ("", "", 0, 0),
        ("", "two words", 9, 2),
    ],
)
def test_distances_count_what_readers_see(original: str, edited: str, characters: int, words: int) -> None:
    """A letter with its accent, or a family of emoji, is one character; Chinese and Japanese count by character."""
    found = difference(original, edited)
    assert (found.characters, found.words) == (characters, words)


PROMPT, RESPONSE, IMPROVED = "السؤال", "الحافلة تغادر الساعة ٧.", "الحافلة تغادر الساعة السابعة."


def _rated(annotation: int, improved: str) -> dict[str, object]:
    row = {
        "id": "x",
        "from_name": "improved__a",
        "to_name": "response_a",
        "type": "textarea",
        "value": {"text": [improved]},
    }
    return {
        "id": annotation,
        "completed_by": 1,
        "result": [row],
        "was_cancelled": False,
        "created_at": at(0).isoformat(),
        "updated_at": at(annotation).isoformat(),
        "lead_time": 30.0,
    }


@pytest.fixture
def edited(client: FlaskClient) -> FlaskClient:
    """A service that holds one edited response in Egyptian Arabic, and one left as it was."""
    body = manifest()
    body["projects"] = [{**body["projects"][1], "project": "31", "workflow": "response_rating"}]
    assert client.post("/v1/manifests", json=body, headers=INGEST).status_code == 200
    data = {"item": "rating-1", "prompt": PROMPT, "response_a": RESPONSE}
    task = {"id": 1, "project": 31, "data": data, "annotations": [_rated(1, IMPROVED), _rated(2, RESPONSE)]}
    assert client.post("/v1/exports", json=[task], headers=INGEST).status_code == 200
    return client


def test_an_edit_is_shown_with_its_difference(edited: FlaskClient) -> None:
    """The route gives original, edited text, pieces and distances; a text left as it was is no edit."""
    answer = edited.get("/v1/edits?workflow=response_rating&locale=ar-EG", headers=ANALYST).json
    assert answer is not None
    (row,) = answer["rows"]
    assert (row["original"], row["edited"], row["target"], row["words"]) == (RESPONSE, IMPROVED, "a", 1)
    assert [(piece["kind"], piece["text"]) for piece in row["pieces"] if piece["kind"] != "same"] == [
        ("removed", "٧"),
        ("added", "السابعة"),
    ]


def test_edits_come_as_csv_too(edited: FlaskClient) -> None:
    """In CSV one line is one edit, without its pieces."""
    lines = edited.get("/v1/edits?format=csv", headers=ANALYST).text.splitlines()
    assert len(lines) == 2
    assert "share" in lines[0]
    assert "pieces" not in lines[0]


def test_a_workflow_without_edited_texts_is_refused(edited: FlaskClient) -> None:
    """Asking for edits of a workflow that has none says which workflows have some."""
    reply = edited.get("/v1/edits?workflow=preference", headers=ANALYST)
    assert reply.status_code == 422
    assert "response_rating" in reply.text


def test_the_page_shows_edits_to_analysts_alone(edited: FlaskClient) -> None:
    """The page marks what went and came, in the direction of the locale; strangers are sent to the login."""
    assert edited.get("/edits").status_code == 303
    edited.post("/login", data={"token": "analyst-token-of-the-tests"})
    page = edited.get("/edits?locale=ar-EG").text
    assert "<del>٧</del><ins>السابعة</ins>" in page
    assert '<p class="diff" lang="ar-EG" dir="rtl">' in page
    assert edited.get("/edits?offset=99999999999999999999").status_code == 200


def test_an_edit_names_the_models_that_answered_while_people_worked(edited: FlaskClient) -> None:
    """Each once, in the answer, the table and on the page; none for other items."""
    when = "2026-11-20T10:00:00+00:00"
    rows = [("rating-1", "borealis"), ("rating-1", "aurora"), ("rating-1", "aurora"), ("another", "cirrus")]
    served = [
        {"item": item, "target": f"turn_{turn}_reply", "model": model, "served": when}
        for turn, (item, model) in enumerate(rows)
    ]
    assert edited.post("/v1/manifests", json={**manifest(), "served": served}, headers=INGEST).status_code == 200
    answer = edited.get("/v1/edits", headers=ANALYST).json
    assert answer is not None
    assert [row["served"] for row in answer["rows"]] == [["aurora", "borealis"]]
    assert '"aurora, borealis"' in edited.get("/v1/edits?format=csv", headers=ANALYST).text
    edited.post("/login", data={"token": "analyst-token-of-the-tests"})
    assert "replies by aurora, borealis" in edited.get("/edits").text
