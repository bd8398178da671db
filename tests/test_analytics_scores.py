"""From a manifest and an export to scores: lengths, penalties of the version in force, pass marks."""

from __future__ import annotations

from typing import Any

from analytics_bodies import ANALYST, INGEST, at, manifest, marked
from flask.testing import FlaskClient

pytest_plugins = ["analytics_fixtures"]

VERSION = "fluency_review 1.0 / de-DE 1 @000000000000"


def told(**more: Any) -> dict[str, Any]:
    """A manifest of eight items, each with a response of 6 words."""
    about = {"programme": "test", "workflow": "fluency_review", "locale": "de-DE"}
    items = [{"item": f"fluency-{task}", **about, "words": [{"target": "a", "words": 6.0}]} for task in range(1, 9)]
    return {**manifest(), "items": items, **more}


def penalty(category: str, weight: float, repeated: str = "each") -> dict[str, Any]:
    """What a major error of this category costs."""
    error = {"guideline_version": VERSION, "question": "errors", "category": category, "severity": "major"}
    return {**error, "weight": weight, "repeated_errors": repeated}


def mark(measure: str, at_most: float | None) -> dict[str, Any]:
    """A pass mark of the programme."""
    return {"programme": "test", "workflow": "fluency_review", "measure": measure, "at_most": at_most}


def send(client: FlaskClient, **more: Any) -> None:
    """The manifest, and sixteen reviews by two annotators: the first marks a grammar error in every second item."""
    assert client.post("/v1/manifests", json=told(**more), headers=INGEST).status_code == 200
    tasks = [
        marked(10 * task + user, task, user, ["grammar"] if user == 1 and task % 2 else [], at(task))
        for task in range(1, 9)
        for user in (1, 2)
    ]
    assert client.post("/v1/exports", json=tasks, headers=INGEST).status_code == 200


def row(client: FlaskClient, path: str = "quality", **asked: str) -> dict[str, Any]:
    """The first row of a statistic."""
    answer = client.get(f"/v1/{path}", query_string=asked, headers=ANALYST).json
    assert answer is not None
    found: dict[str, Any] = answer["rows"][0]
    return found


def test_a_score_per_word_takes_lengths_from_the_manifest(client: FlaskClient) -> None:
    """Four major errors, 5 each, in sixteen readings of 6 words."""
    send(client)
    found = row(client)
    assert found["per_1000_words"]["value"] == 1000 * 20 / 96
    assert (found["n_words"], found["n_without_words"], found["result"], found["pass_marks"]) == (96.0, 0, None, {})
    assert found["small"] is True


def test_penalties_are_those_of_the_version_in_force(client: FlaskClient) -> None:
    """What the manifest told of the version wins over what the guidelines at hand say when the work is read."""
    send(client, penalties=[penalty("grammar", 0.5)])
    assert row(client)["estimate"]["value"] == 4 * 0.5 / 16


def test_a_pass_mark_is_judged_by_the_interval(client: FlaskClient) -> None:
    """A mark beyond the interval passes; one that was taken back is not judged any more."""
    send(client, pass_marks=[mark("per_annotation", 1000.0), mark("per_1000_words", None)])
    found = row(client, over="items")
    assert found["estimate"]["high"] < 1000
    assert (found["result"], found["pass_marks"]) == (
        "passed",
        {"per_annotation": {"at_most": 1000.0, "result": "passed"}},
    )
    send(client, pass_marks=[mark("per_annotation", 1.25)])
    assert row(client, over="items", by="programme,locale")["result"] == "uncertain"
    send(client, pass_marks=[mark("per_annotation", None)])
    assert row(client, over="items")["result"] is None


def test_density_is_answered_by_category(client: FlaskClient) -> None:
    """Each declared category has a row; one that nobody marked has an upper limit."""
    send(client)
    first = row(client, "errors/density", by="locale", over="items")
    assert (first["category"], first["n_errors"], first["per_1000_words"]["method"]) == ("accuracy", 0, "Poisson")
    assert set(first["severities"]) == {"minor", "major", "critical"}


def test_a_manifest_with_a_penalty_below_zero_is_refused(client: FlaskClient) -> None:
    """Nothing of it is registered, and the field is named."""
    refused = client.post("/v1/manifests", json=told(penalties=[penalty("grammar", -1)]), headers=INGEST)
    assert refused.status_code == 422
    assert "weight" in refused.text


def test_the_overview_shows_scores_and_whether_the_mark_is_met(client: FlaskClient) -> None:
    """In words, beside the score per 1,000 words; of two annotators one marked nothing, so nothing is certain."""
    send(client, pass_marks=[mark("per_annotation", 1000.0)])
    client.post("/login", data={"token": ANALYST["Authorization"].removeprefix("Bearer ")})
    page = client.get("/").text
    section = page[page.index('<h2 id="quality">') :]
    assert "<b>208.3</b>" in section
    assert "<td>uncertain</td>" in section
