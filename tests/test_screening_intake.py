"""Screenings and served models in the analytics service: taken, kept, rebuilt, and answered alike everywhere."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from analytics_bodies import ANALYST, INGEST, manifest, service_of
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

import concord
import guidelines
from analytics.intake import Intake
from analytics.raw import RawBodies
from analytics.rebuild import rebuild
from analytics.store import FILE, Store
from plugins import frames

pytest_plugins = ["analytics_fixtures"]

Row = dict[str, Any]
WHEN = "2026-11-20T10:00:00+00:00"
ROW: Row = {"item": "i", "target": "item", "screen": "guard", "status": "screened", "score": 0.5, "screened": WHEN}
SERVED: Row = {"item": "i", "target": "turn_1_reply", "model": "aurora", "served": WHEN}


@pytest.fixture
def send(client: FlaskClient) -> Callable[..., int]:
    """Sends rows as the ML backend does: nothing else is in the manifest."""

    def send(**rows: Any) -> int:
        answer = client.post("/v1/manifests", json={"source": "label_studio", **rows}, headers=INGEST)
        return answer.status_code

    return send


def stored(app: Flask, frame: str) -> list[Row]:
    """The rows of the store."""
    with service_of(app).store.snapshot() as snapshot:
        return list(getattr(snapshot, frame)().order_by("item", "target").to_pyarrow().to_pylist())


def test_rows_of_live_screens_are_taken_alone(app: Flask, send: Callable[..., int]) -> None:
    """Once each, the newest for a text and screen."""
    for _ in range(2):
        assert send(screenings=[ROW], served=[SERVED]) == 200
    assert send(screenings=[{**ROW, "score": 0.7, "kind": "insult"}]) == 200
    (row,), (model,) = stored(app, "screenings"), stored(app, "served")
    assert (row["score"], row["kind"], row["decision"]) == (0.7, "insult", None)
    assert model["model"] == "aurora"


@pytest.mark.parametrize("together", [True, False])
def test_what_decided_what_people_saw_is_not_overwritten(app: Flask, send: Callable[..., int], together: bool) -> None:
    """A screen that looks again decides nothing; another push does."""
    decided = {**ROW, "decision": "passed", "threshold": 0.4, "share": 0.05}
    for rows in [[decided, ROW]] if together else [[decided], [ROW]]:
        assert send(screenings=rows) == 200
    assert [row["decision"] for row in stored(app, "screenings")] == ["passed"]
    assert send(screenings=[{**decided, "decision": "reveal"}]) == 200
    assert [row["decision"] for row in stored(app, "screenings")] == ["reveal"]


@pytest.mark.parametrize(
    "change",
    [{"score": 1.1}, {"status": "safe"}, {"decision": "hidden"}, {"screened": "today"}, {"screen": ""}, {"x": 1}],
)
def test_a_wrong_row_is_refused(app: Flask, send: Callable[..., int], change: Row) -> None:
    """And nothing of its manifest is kept."""
    assert send(screenings=[{**ROW, "item": "j"}, {**ROW, **change}]) == 422
    assert stored(app, "screenings") == []


def test_a_rebuilt_store_holds_the_same(app: Flask, send: Callable[..., int], tmp_path: Path) -> None:
    """Screenings and served models too."""
    decided = {**ROW, "decision": "passed", "threshold": 0.4, "share": 0.05}
    for rows in ([decided], [ROW], [{**ROW, "target": "a"}]):
        assert send(screenings=rows, served=[SERVED]) == 200
    before = stored(app, "screenings"), stored(app, "served")
    service_of(app).close()
    rebuild(tmp_path, guidelines.load(), service_of(app).config.pseudonym_key)
    with Store(tmp_path / FILE) as store, store.snapshot() as snapshot:
        tables = (getattr(snapshot, name)().order_by("item", "target") for name in ("screenings", "served"))
        assert tuple(table.to_pyarrow().to_pylist() for table in tables) == before


NEEDED = {
    name: getattr(frames, name.upper())
    for name in ("judgments", "annotations", "spans", "items", "annotators", "projects")
}


@pytest.mark.parametrize("screened", [True, False])
def test_folders_with_and_without_screenings_are_loaded(tmp_path: Path, screened: bool) -> None:
    """Those that were made before there were any still load."""
    for name, schema in NEEDED.items():
        pq.write_table(schema.empty_table(), tmp_path / f"{name}.parquet")
    if screened:
        pq.write_table(
            frames.table([{"item": "i", "target": "item", "screen": "pii"}], frames.SCREENINGS),
            tmp_path / "screenings.parquet",
        )
    with Store(tmp_path / FILE) as store:
        Intake(store, RawBodies(tmp_path / "raw"), guidelines.load(), b"").frames(tmp_path)
        with store.snapshot() as snapshot:
            assert snapshot.screenings().count().to_pyarrow().as_py() == int(screened)


@pytest.fixture
def measured(app: Flask, client: FlaskClient, send: Callable[..., int]) -> FlaskClient:
    """A service that knows screenings of two locales."""
    items = [
        {"item": f"{locale} {number}", "programme": "p", "workflow": "safety_moderation", "locale": locale}
        for locale in ("de-DE", "ar-EG")
        for number in range(4)
    ]
    assert (
        client.post("/v1/manifests", json=manifest(simulated=True) | {"items": items}, headers=INGEST).status_code
        == 200
    )
    rows = [{**ROW, "item": item["item"], "threshold": 0.4, "decision": "open"} for item in items]
    failed = {**ROW, "item": "de-DE 0", "target": "a", "status": "unscreened", "score": None, "reason": "out of time"}
    assert send(screenings=[*rows, failed]) == 200
    return client


def test_the_api_answers_per_locale_and_screen(measured: FlaskClient) -> None:
    """Counts, estimates with reasons, and why texts were not screened."""
    answer = measured.get("/v1/screening?by=locale,screen", headers=ANALYST)
    assert answer.status_code == 200, answer.json
    rows = answer.json["rows"]  # type: ignore[index]
    assert [(row["locale"], row["screen"], row["over"], row["unscreened"]) for row in rows] == [
        ("ar-EG", "guard", 4, 0),
        ("de-DE", "guard", 4, 1),
    ]
    assert rows[1]["reasons"] == {"out of time": 1}
    assert rows[0]["recall"]["value"] is None
    assert rows[0]["recall"]["undefined"] == "no text that was shown without a warning was judged"
    only = measured.get("/v1/screening?locale=de-DE&by=target", headers=ANALYST).json
    assert only is not None
    assert [(row["target"], row["screened"]) for row in only["rows"]] == [("a", 0), ("item", 4)]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("codes=evil", "there is no codes 'evil'"),
        ("workflow=preference", "there is no codes 'harmful'"),
        ("question=severity", "there is no question 'severity'"),
        ("locale=fr-FR", "there is no locale 'fr-FR'"),
        ("by=vendor", "by.0: Must be one of: screen, locale, provider, target, workflow"),
    ],
)
def test_a_wrong_question_is_answered_with_what_there_is(measured: FlaskClient, query: str, said: str) -> None:
    """One error shape."""
    answer = measured.get(f"/v1/screening?{query}", headers=ANALYST)
    assert answer.status_code == 422
    assert said in answer.json["error"]["message"]  # type: ignore[index]


def test_csv_has_one_cell_for_the_reasons(measured: FlaskClient) -> None:
    """Whatever they are, the columns stay the same."""
    text = measured.get("/v1/screening?format=csv", headers=ANALYST).get_data(as_text=True)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["reasons"] for row in rows] == ["", "out of time (1)"]


def test_the_command_answers_as_the_api(app: Flask, measured: FlaskClient, tmp_path: Path) -> None:
    """`concord screening` over the same store."""
    answer = measured.get("/v1/screening?codes=harmful,borderline", headers=ANALYST).json
    service_of(app).close()
    run = ["screening", "--data", str(tmp_path), "--codes", "harmful,borderline", "--format", "json"]
    result = CliRunner().invoke(concord.main, run, catch_exceptions=False)
    assert json.loads(result.output) == answer
