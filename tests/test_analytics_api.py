"""The HTTP API: rights, one error shape, exports, manifests, statistics, CSV."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from analytics_bodies import (
    ANALYST,
    INGEST,
    WEBHOOK,
    Answer,
    at,
    deletion,
    export,
    manifest,
    service_of,
    webhook,
)
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

pytest_plugins = ["analytics_fixtures"]

GETS = ["/v1/agreement", "/v1/quality", "/v1/errors/trends", "/v1/locales"]
POSTS = ["/v1/manifests", "/v1/exports", "/v1/webhooks/label-studio"]


def assert_error(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The response is an error in the one shape, with this status and code; its body."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.mimetype == "application/json"
    body = response.json
    assert isinstance(body, dict)
    assert set(body) == {"error"}
    error = body["error"]
    assert set(error) == {"code", "message", "fix", "details"}
    assert error["code"] == code
    assert error["message"]
    assert error["fix"]
    assert all(set(detail) == {"field", "message"} for detail in error["details"])
    return dict(error)


def counts(client: FlaskClient) -> int:
    """How many annotations the store holds."""
    health = client.get("/health").json
    assert health is not None
    return int(health["annotations"])


def registered(client: FlaskClient) -> FlaskClient:
    """The client, after its manifest has been sent."""
    assert client.post("/v1/manifests", json=manifest(), headers=INGEST).status_code == 200
    return client


@pytest.mark.parametrize("path", [*GETS, *POSTS])
def test_every_route_asks_for_a_token(client: FlaskClient, path: str) -> None:
    """Without a token, or with one that is wrong, every route under /v1 answers 401 in the error shape."""
    send = client.get if path in GETS else client.post
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer ü"},
    ):
        response = send(path, headers=headers)
        assert_error(response, 401, "unauthorized")
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        (ANALYST, set(GETS)),
        (INGEST, {*GETS, *POSTS}),
        (WEBHOOK, {"/v1/webhooks/label-studio"}),
    ],
)
def test_a_token_opens_its_own_routes_only(client: FlaskClient, headers: dict[str, str], allowed: set[str]) -> None:
    """The analyst token reads, the webhook token posts webhooks, the ingest token does everything."""
    for path in (*GETS, *POSTS):
        response = client.get(path, headers=headers) if path in GETS else client.post(path, headers=headers)
        if path in allowed:
            assert response.status_code in (200, 415)
        else:
            assert_error(response, 403, "forbidden")


@pytest.mark.parametrize("path", [*GETS, *POSTS, "/health", "/openapi.json"])
def test_a_wrong_method_is_told_which_are_right(client: FlaskClient, path: str) -> None:
    """Every route answers 405 to DELETE, with the methods it takes."""
    response = client.delete(path, headers=INGEST)
    assert_error(response, 405, "method_not_allowed")
    assert ("GET" if path not in POSTS else "POST") in response.headers["Allow"]


def test_an_unknown_address_has_the_error_shape(client: FlaskClient) -> None:
    """There is no route of this name."""
    assert_error(client.get("/v1/agrement", headers=ANALYST), 404, "not_found")


@pytest.mark.parametrize("path", POSTS)
def test_a_body_that_is_too_large_is_refused(app: Flask, client: FlaskClient, path: str) -> None:
    """Above the limit every upload answers 413."""
    app.config["MAX_CONTENT_LENGTH"] = 10
    assert_error(client.post(path, json={"many": "letters"}, headers=INGEST), 413, "body_too_large")


@pytest.mark.parametrize("path", POSTS)
def test_a_body_of_another_type_is_refused(client: FlaskClient, path: str) -> None:
    """Uploads take JSON (exports a form as well), not text."""
    assert_error(client.post(path, data="[]", content_type="text/plain", headers=INGEST), 415, "wrong_type")


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"", b"[" * 100_000])
def test_a_body_that_is_not_json_changes_nothing(client: FlaskClient, path: str, body: bytes) -> None:
    """Every upload answers 400 to a body that is not JSON, and keeps nothing of it."""
    response = client.post(path, data=body, content_type="application/json", headers=INGEST)
    assert_error(response, 400, "not_json")
    assert client.get("/health").json == {"status": "ok", "annotations": 0, "inbox": {"waiting": 0, "failed": 0}}


@pytest.mark.parametrize("path", GETS)
def test_an_unknown_parameter_is_refused(client: FlaskClient, path: str) -> None:
    """A misspelt parameter is an error that names it and those there are, never ignored."""
    error = assert_error(client.get(f"{path}?local=de-DE", headers=ANALYST), 422, "invalid_parameters")
    (detail,) = error["details"]
    assert detail["field"] == "local"
    assert detail["message"].startswith("there is no such parameter; there are: workflow, locale, format")
    assert error["message"] == f"local: {detail['message']}"


@pytest.mark.parametrize("path", GETS)
def test_an_unknown_locale_is_told_which_are_known(filled: FlaskClient, path: str) -> None:
    """A locale without data is an error that lists those with data."""
    error = assert_error(filled.get(f"{path}?locale=fr-CA", headers=ANALYST), 422, "unknown_locale")
    assert error["message"] == "there is no locale 'fr-CA'"
    assert error["fix"] == "choose one of: ar-EG, de-DE"


@pytest.mark.parametrize(
    ("query", "code", "choices"),
    [
        ("/v1/agreement?workflow=prefrence", "unknown_workflow", ["preference", "fluency_review"]),
        ("/v1/agreement?workflow=preference&question=fluency", "unknown_question", ["overall", "safety"]),
        ("/v1/quality?workflow=preference", "unknown_workflow", ["fluency_review"]),
        ("/v1/agreement?by=vendor,color", "invalid_parameters", ["locale", "guideline_version", "stage"]),
        ("/v1/agreement?over=raters", "invalid_parameters", ["items", "items_and_raters"]),
        ("/v1/agreement?by=locale&by=vendor", "invalid_parameters", ["by", "commas"]),
        ("/v1/agreement?overr=items", "invalid_parameters", ["overr", "no such parameter", "over"]),
        ("/v1/locales?format=xml", "invalid_parameters", ["json", "csv"]),
    ],
)
def test_a_parameter_error_lists_what_is_possible(
    filled: FlaskClient, query: str, code: str, choices: list[str]
) -> None:
    """Whatever the parameter, the error names the values it can take."""
    error = assert_error(filled.get(query, headers=ANALYST), 422, code)
    said = error["fix"] + error["message"] + "".join(detail["message"] for detail in error["details"])
    assert [choice for choice in choices if choice not in said] == []


def test_an_error_of_ours_shows_no_traceback(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure inside the service is 500 in the error shape; its cause stands in the log alone."""

    def explode() -> None:
        raise RuntimeError("secret cause")

    monkeypatch.setattr(service_of(app).store, "snapshot", explode)
    with caplog.at_level(logging.ERROR):
        error = assert_error(client.get("/v1/locales", headers=ANALYST), 500, "internal_error")
    assert "secret cause" not in str(error)
    assert "secret cause" in caplog.text


def test_an_export_adds_updates_and_is_idempotent(client: FlaskClient) -> None:
    """Uploading an export counts what it changed; the same again changes nothing, a newer version one annotation."""
    registered(client)
    answers = [Answer(1, 1, 1, "tie"), Answer(2, 1, 2, "a_much"), Answer(3, 2, 1, "tie", skipped=True)]
    expected = {"received": 2, "added": 3, "updated": 0, "unchanged": 0, "deleted": 0, "refused": []}
    assert client.post("/v1/exports", json=export(answers), headers=INGEST).json == expected
    expected |= {"added": 0, "unchanged": 3}
    assert client.post("/v1/exports", json=export(answers), headers=INGEST).json == expected
    newer = [Answer(1, 1, 1, "b_much", at(5))]
    found = client.post("/v1/exports?source=label_studio", json=export(newer), headers=INGEST).json
    assert found == expected | {"received": 1, "updated": 1, "unchanged": 0}


def test_an_export_can_be_a_form_with_a_file(client: FlaskClient) -> None:
    """A multipart upload of `file` does what the JSON body does; a form without it is refused."""
    registered(client)
    body = client.application.json.dumps(export([Answer(1, 1, 1, "tie")])).encode()
    sent = client.post("/v1/exports", data={"file": (io.BytesIO(body), "export.json")}, headers=INGEST)
    assert sent.json is not None
    assert sent.json["added"] == 1
    without = client.post("/v1/exports", data={"other": (io.BytesIO(body), "export.json")}, headers=INGEST)
    assert_error(without, 422, "malformed_body")


def test_a_complete_page_deletes_what_it_lacks(client: FlaskClient) -> None:
    """With project, after and fetched, annotations of the range that the page lacks are deleted."""
    registered(client)
    kept, gone = Answer(1, 1, 1, "tie"), Answer(2, 2, 2, "a_much")
    client.post("/v1/exports", json=export([kept, gone]), headers=INGEST)
    query = {"project": "11", "after": 0, "through": 5, "fetched": at(60).isoformat()}
    found = client.post("/v1/exports", query_string=query, json=export([kept], empty=[gone]), headers=INGEST).json
    assert found == {"received": 2, "added": 0, "updated": 0, "unchanged": 1, "deleted": 1, "refused": []}
    assert counts(client) == 1


def _bad_pages() -> Iterator[tuple[dict[str, Any], list[Any], str]]:
    page = {"project": "11", "after": 0, "fetched": at(60).isoformat()}
    task = export([Answer(1, 1, 1, "tie")])
    yield {"after": 0}, task, "invalid_parameters"
    yield {"through": 3}, task, "invalid_parameters"
    yield {**page, "through": 0}, task, "invalid_parameters"
    yield {**page, "fetched": "yesterday"}, task, "invalid_parameters"
    yield {**page, "fetched": "2026-11-21T10:00:00"}, task, "invalid_parameters"
    yield {**page, "fetched": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}, task, "input_error"
    yield {**page, "project": "99"}, task, "unknown_project"
    yield {**page, "project": "12"}, task, "malformed_body"
    yield {**page, "after": 1}, task, "malformed_body"
    yield {"source": "doccano"}, task, "invalid_parameters"
    yield {}, {"tasks": task}, "malformed_export"  # type: ignore[misc]


@pytest.mark.parametrize(("query", "body", "code"), list(_bad_pages()))
def test_a_malformed_export_changes_nothing(
    client: FlaskClient, query: dict[str, Any], body: list[Any], code: str
) -> None:
    """One clear error, and the store and the raw bodies stay as they were."""
    registered(client)
    receipts = service_of(client.application).config.data / "raw" / "receipts.jsonl"
    before = receipts.read_bytes()
    assert_error(client.post("/v1/exports", query_string=query, json=body, headers=INGEST), 422, code)
    assert counts(client) == 0
    assert receipts.read_bytes() == before


def test_rows_that_cannot_be_read_are_refused_and_the_rest_is_kept(client: FlaskClient) -> None:
    """A code that the workflow lacks refuses its row, with place and fix; the other annotation is stored."""
    registered(client)
    tasks = export([Answer(1, 1, 1, "tie"), Answer(2, 1, 2, "tie")])
    tasks[0]["annotations"][1]["updated_at"] = "yesterday"
    found = client.post("/v1/exports", json=tasks, headers=INGEST).json
    assert found is not None
    assert found["added"] == 1
    (refused,) = found["refused"]
    assert set(refused) == {"row", "field", "message", "fix"}
    assert refused["field"] == "updated_at"


def test_half_a_surrogate_pair_is_refused_not_an_error_of_ours(client: FlaskClient) -> None:
    """Text that UTF-8 cannot hold refuses its row in an export, and the whole manifest."""
    registered(client)
    tasks = export([Answer(1, 1, 1, "tie")])
    tasks[0]["data"]["item"] = "\ud83d"
    found = client.post("/v1/exports", json=tasks, headers=INGEST).json
    assert found is not None
    assert (found["added"], len(found["refused"])) == (0, 1)
    bad = manifest()
    bad["annotators"][0]["vendor"] = "\ud83d"
    assert_error(client.post("/v1/manifests", json=bad, headers=INGEST), 422, "invalid_parameters")


def test_a_manifest_is_idempotent_and_hides_users(client: FlaskClient) -> None:
    """Sending it again changes nothing; users are stored under pseudonyms."""
    sent = [client.post("/v1/manifests", json=manifest(), headers=INGEST).json for _ in range(2)]
    assert sent == [{"projects": 3, "items": 0, "annotators": 5}] * 2
    with service_of(client.application).store.snapshot() as snapshot:
        people = snapshot.annotators().to_pyarrow().to_pylist()
        assert snapshot.projects().count().to_pyarrow().as_py() == 3
    assert len(people) == 5
    assert all(person["annotator"].startswith("r") and len(person["annotator"]) == 13 for person in people)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"locale": "german"}, "invalid_parameters"),
        ({"locale": "xx-XX"}, "invalid_parameters"),
        ({"workflow": "prefrence"}, "malformed_body"),
        ({"source": "doccano"}, "malformed_body"),
        ({"since": "2026-11-02"}, "invalid_parameters"),
        ({"colour": "red"}, "invalid_parameters"),
    ],
)
def test_a_malformed_manifest_changes_nothing(client: FlaskClient, change: dict[str, str], code: str) -> None:
    """One row that cannot be used refuses the whole manifest."""
    bad = manifest()
    bad["projects"][1] |= change
    assert_error(client.post("/v1/manifests", json=bad, headers=INGEST), 422, code)
    with service_of(client.application).store.snapshot() as snapshot:
        assert snapshot.projects().count().to_pyarrow().as_py() == 0


def test_agreement_is_grouped_as_asked(filled: FlaskClient) -> None:
    """Workflow and question are always there, the columns of `by` beside them, and the figure with its interval."""
    found = filled.get("/v1/agreement?question=overall&by=vendor,locale&locale=de-DE", headers=ANALYST).json
    assert found is not None
    assert found["simulated"] == "all"
    assert [(row["workflow"], row["question"], row["locale"], row["vendor"]) for row in found["rows"]] == [
        ("preference", "overall", "de-DE", "north"),
        ("preference", "overall", "de-DE", "south"),
    ]
    (row,) = filled.get("/v1/agreement?question=overall&locale=ar-EG", headers=ANALYST).json["rows"]  # type: ignore[index]
    alpha = row["estimates"]["alpha_ordinal"]
    assert alpha["low"] < alpha["value"] < alpha["high"]
    assert (alpha["n_items"], alpha["n_judgments"], alpha["n_annotators"]) == (8, 24, 3)


def test_the_locale_overview_counts_submitted_work(filled: FlaskClient) -> None:
    """Skipped annotations are counted apart, and each row says whether its work was simulated."""
    found = filled.get("/v1/locales", headers=ANALYST).json
    assert found is not None
    rows = {(row["locale"], row["workflow"]): row for row in found["rows"]}
    assert list(rows) == [("ar-EG", "preference"), ("de-DE", "fluency_review"), ("de-DE", "preference")]
    row = rows["ar-EG", "preference"]
    counted = {name: row[name] for name in ("items", "annotations", "annotators", "skipped", "simulated", "question")}
    assert counted == {
        "items": 8, "annotations": 24, "annotators": 3, "skipped": 1, "simulated": "all", "question": "overall",
    }  # fmt: skip
    assert row["alpha"]["over"] == "items_and_raters"
    assert row["raw_agreement"]["value"] == pytest.approx(0.5)


def test_quality_is_the_mean_penalty(filled: FlaskClient) -> None:
    """The MQM score of the fluency project is the mean of its penalties: five for a major error."""
    found = filled.get("/v1/quality", headers=ANALYST).json
    assert found is not None
    (row,) = found["rows"]
    errors = [(task + user) % 3 for task in range(1, 9) for user in (1, 2)]
    assert row["estimate"]["value"] == pytest.approx(5 * sum(errors) / len(errors))
    assert (row["workflow"], row["question"], row["locale"]) == ("fluency_review", "errors", "de-DE")


def test_trends_have_a_row_a_category(filled: FlaskClient) -> None:
    """Every category that was marked has its weeks, each with errors, annotations and a rate."""
    found = filled.get("/v1/errors/trends", headers=ANALYST).json
    assert found is not None
    grammar = next(row for row in found["rows"] if row["category"] == "grammar")
    assert sum(week["errors"] for week in grammar["weeks"]) == sum(
        (task + user) % 3 >= 1 for task in range(1, 9) for user in (1, 2)
    )
    assert [week["monday"] for week in grammar["weeks"]] == ["2026-11-02", "2026-11-09", "2026-11-16", "2026-11-23"]


@pytest.mark.parametrize("path", GETS)
def test_every_statistic_comes_as_csv(filled: FlaskClient, path: str) -> None:
    """By parameter or by Accept header, with flat columns; the parameter wins."""
    asked = filled.get(f"{path}?format=csv", headers=ANALYST)
    accepted = filled.get(path, headers={**ANALYST, "Accept": "text/csv"})
    assert asked.mimetype == accepted.mimetype == "text/csv"
    assert asked.data == accepted.data
    lines = list(csv.DictReader(io.StringIO(asked.get_data(as_text=True))))
    simulated = filled.get(path, headers=ANALYST).get_json()["simulated"]
    assert {line["simulated"] for line in lines} == {simulated}
    assert lines
    assert {"workflow", "locale"} <= set(lines[0])
    assert not any("{" in cell for line in lines for cell in line.values())
    wins = filled.get(f"{path}?format=json", headers={**ANALYST, "Accept": "text/csv"})
    assert wins.mimetype == "application/json"


def test_csv_and_json_say_the_same(filled: FlaskClient) -> None:
    """The nested figure of the JSON is the column of the same path in the CSV."""
    found = filled.get("/v1/locales?workflow=preference&locale=ar-EG", headers=ANALYST).json
    assert found is not None
    text = filled.get("/v1/locales?workflow=preference&locale=ar-EG&format=csv", headers=ANALYST).get_data(as_text=True)
    (line,) = csv.DictReader(io.StringIO(text))
    assert float(line["alpha.value"]) == found["rows"][0]["alpha"]["value"]
    assert line["alpha.undefined"] == ""


def test_health_needs_no_token_and_shows_no_secret(app: Flask, client: FlaskClient) -> None:
    """Health counts annotations and waiting webhooks, and names no setting."""
    text = client.get("/health").get_data(as_text=True)
    config = service_of(app).config
    assert not any(secret in text for secret in (config.analyst_token, str(config.data), config.secret_key))


def test_a_webhook_is_acknowledged_and_then_counted(app: Flask, client: FlaskClient) -> None:
    """A webhook is answered with 202 and its annotation is in the store as soon as the inbox is empty."""
    registered(client)
    response = client.post("/v1/webhooks/label-studio", json=webhook(Answer(1, 1, 1, "tie")), headers=WEBHOOK)
    assert (response.status_code, response.json) == (202, {"accepted": True})
    service_of(app).drainer.drain()
    assert counts(client) == 1
    client.post("/v1/webhooks/label-studio", json=deletion(1), headers=WEBHOOK)
    service_of(app).drainer.drain()
    assert counts(client) == 0


@pytest.mark.parametrize("body", ["[]", "3", '"text"', "null"])
def test_a_webhook_that_is_no_object_is_refused(client: FlaskClient, body: str) -> None:
    """JSON of another shape is told so at once."""
    response = client.post("/v1/webhooks/label-studio", data=body, content_type="application/json", headers=WEBHOOK)
    assert_error(response, 422, "malformed_body")
