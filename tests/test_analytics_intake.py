"""Inbox, raw bodies and rebuilding: nothing is lost and nothing counted twice, whatever stops in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from analytics_bodies import (
    ANALYST,
    INGEST,
    WEBHOOK,
    Answer,
    at,
    config,
    deletion,
    export,
    manifest,
    service_of,
    webhook,
)
from flask import Flask
from flask.testing import FlaskClient

import guidelines
from analytics import create_app
from analytics.durable import append_line
from analytics.errors import StoreLocked
from analytics.inbox import Drainer, Inbox
from analytics.intake import Intake, Webhook, load_manifest
from analytics.raw import RawBodies, Receipt
from analytics.rebuild import rebuild
from analytics.store import FILE, Store

pytest_plugins = ["analytics_fixtures"]

KEY = b"pseudonym-key-of-the-tests"


def post(client: FlaskClient, body: dict[str, object]) -> None:
    """Post a webhook; it must be acknowledged."""
    assert client.post("/v1/webhooks/label-studio", json=body, headers=WEBHOOK).status_code == 202


def annotations(store: Store) -> list[str]:
    """The ids of the stored annotations, sorted."""
    with store.snapshot() as snapshot:
        return sorted(snapshot.annotations().to_pyarrow()["annotation"].to_pylist())


def figures(client: FlaskClient) -> tuple[bytes, ...]:
    """What the service says of its data."""
    paths = ("/v1/locales", "/v1/agreement?by=locale,vendor", "/v1/quality", "/v1/errors/trends")
    return tuple(client.get(path, headers=ANALYST).data for path in paths)


class Killed(BaseException):
    """The process ends here, as by kill -9: nothing after it runs."""


def dies_before(_webhooks: Sequence[Webhook]) -> None:
    """A merge that never starts."""
    raise Killed


def dies_after(merge: Callable[[Sequence[Webhook]], None]) -> Callable[[Sequence[Webhook]], None]:
    """A merge after which nothing more happens: the body stays in the inbox."""

    def merged(webhooks: Sequence[Webhook]) -> None:
        merge(webhooks)
        raise Killed

    return merged


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    """An intake whose store knows the projects."""
    intake = Intake(Store(tmp_path / FILE), RawBodies(tmp_path / "raw"), guidelines.load(), KEY)
    body = json.dumps(manifest()).encode()

    intake.manifest(load_manifest(body), body)
    return intake


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_around_merging_loses_and_doubles_nothing(tmp_path: Path, intake: Intake, moment: str) -> None:
    """A body whose merge was cut off, before or after the store took it, is counted once by the next run."""
    inbox = Inbox(tmp_path / "inbox")
    inbox.put("label_studio", json.dumps(webhook(Answer(1, 1, 1, "tie"))).encode())
    dying = dies_before if moment == "before" else dies_after(intake.webhooks)
    with pytest.raises(Killed):
        Drainer(inbox, dying).drain()
    assert len(inbox.waiting()) == 1
    Drainer(Inbox(tmp_path / "inbox"), intake.webhooks).drain()
    assert inbox.waiting() == []
    assert annotations(intake.store) == ["1"]
    intake.store.close()


def test_a_half_written_body_is_removed_at_the_start(tmp_path: Path) -> None:
    """What a crash left half-written was never acknowledged; it neither waits nor stays."""
    (tmp_path / ".abc.unfinished").write_bytes(b'{"action": "ANN')
    assert Inbox(tmp_path).waiting() == []
    assert list(tmp_path.glob(".*")) == []


def test_a_torn_receipt_is_passed_over(tmp_path: Path) -> None:
    """A receipt that a crash tore is no receipt, and the next one stands on a line of its own."""
    raw = RawBodies(tmp_path)
    raw.keep(Receipt("webhook", "label_studio", at(0)), b"{}")
    with (tmp_path / "receipts.jsonl").open("ab") as file:
        file.write(b'{"kind": "webh')
    raw.keep(Receipt("webhook", "label_studio", at(1)), b"[]")
    assert [body for _, body in raw] == [b"{}", b"[]"]
    append_line(tmp_path / "receipts.jsonl", b"")
    assert len(list(raw)) == 2


def test_a_webhook_before_its_manifest_is_counted_once_the_manifest_arrives(app: Flask, client: FlaskClient) -> None:
    """An unknown project sets the webhook aside with the reason; the manifest brings it back."""
    post(client, webhook(Answer(1, 1, 1, "tie")))
    drainer, inbox = service_of(app).drainer, service_of(app).inbox
    drainer.drain()
    (failed,) = inbox.failed()
    assert "no manifest has named project 11" in failed.with_name(f"{failed.name}.reason").read_text()
    assert client.get("/health").json == {"status": "ok", "annotations": 0, "inbox": {"waiting": 0, "failed": 1}}
    client.post("/v1/manifests", json=manifest(), headers=INGEST)
    drainer.drain()
    assert client.get("/health").json == {"status": "ok", "annotations": 1, "inbox": {"waiting": 0, "failed": 0}}
    assert list((service_of(app).config.data / "inbox" / "failed").iterdir()) == []


def test_one_bad_webhook_does_not_hold_up_the_others(app: Flask, client: FlaskClient) -> None:
    """Of three webhooks in one batch the unreadable one is set aside and the others are counted."""
    client.post("/v1/manifests", json=manifest(), headers=INGEST)
    post(client, webhook(Answer(1, 1, 1, "tie")))
    post(client, {"hello": "world"})
    post(client, webhook(Answer(2, 1, 2, "tie")))
    service_of(app).drainer.drain()
    assert client.get("/health").json == {"status": "ok", "annotations": 2, "inbox": {"waiting": 0, "failed": 1}}


def test_a_webhook_from_the_future_is_set_aside(app: Flask, client: FlaskClient) -> None:
    """A forged time that no later version could ever overtake is refused, with the reason."""
    client.post("/v1/manifests", json=manifest(), headers=INGEST)
    post(client, webhook(Answer(1, 1, 1, "tie", updated=at(60 * 24 * 365 * 50))))
    service_of(app).drainer.drain()
    (failed,) = service_of(app).inbox.failed()
    assert "updated lies in the future" in failed.with_name(f"{failed.name}.reason").read_text()
    assert annotations(service_of(app).store) == []


def test_deleted_tasks_take_their_annotations_along(app: Flask, client: FlaskClient) -> None:
    """A webhook for deleted tasks deletes the annotations of these tasks alone."""
    client.post("/v1/manifests", json=manifest(), headers=INGEST)
    client.post("/v1/exports", json=export([Answer(1, 1, 1, "tie"), Answer(2, 2, 1, "tie")]), headers=INGEST)
    post(client, {"action": "TASKS_DELETED", "tasks": [{"id": 1}], "project": {"id": 11}})
    service_of(app).drainer.drain()
    assert annotations(service_of(app).store) == ["2"]


def test_a_second_service_on_the_same_folder_is_told_why_it_cannot_start(tmp_path: Path) -> None:
    """A rebuild or a second service beside a running one gets StoreLocked and changes nothing."""
    script = (
        f"import duckdb, time; c = duckdb.connect({str(tmp_path / FILE)!r}); print('open', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(StoreLocked):
            rebuild(tmp_path, guidelines.load(), KEY)
    finally:
        holder.kill()
        holder.communicate()


def test_a_rebuilt_store_gives_the_same_figures(tmp_path: Path, filled: FlaskClient) -> None:
    """From the raw bodies alone, pages, webhooks and deletions included, every figure comes out the same."""
    app = filled.application
    gone = {"project": "12", "after": 7, "fetched": at(600).isoformat()}
    found = filled.post("/v1/exports", query_string=gone, json=[], headers=INGEST).json
    assert found is not None
    assert found["deleted"] == 3
    post(filled, webhook(Answer(1, 1, 1, "b_much", at(900)), "ANNOTATION_UPDATED"))
    post(filled, deletion(5, 6))
    service_of(app).drainer.drain()
    before = figures(filled)
    service_of(app).close()
    (tmp_path / FILE).unlink()
    assert rebuild(tmp_path, guidelines.load(), KEY) == 7
    again = create_app(config(tmp_path))
    assert figures(again.test_client()) == before
    service_of(again).close()


SENDER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from analytics_bodies import INGEST, WEBHOOK, Answer, config, manifest, webhook
from analytics import create_app
client = create_app(config(Path({data!r}))).test_client()
assert client.post("/v1/manifests", json=manifest(), headers=INGEST).status_code == 200
for number in range(1, 10_000):
    sent = client.post("/v1/webhooks/label-studio", json=webhook(Answer(number, 1, 1, "tie")), headers=WEBHOOK)
    assert sent.status_code == 202
    print(number, flush=True)
"""


def test_kill_9_loses_no_acknowledged_webhook(tmp_path: Path) -> None:
    """Every webhook that was acknowledged before the process was killed is in the store after the next start, once."""
    script = SENDER.format(tests=str(Path(__file__).parent), data=str(tmp_path))
    sender = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert sender.stdout is not None
    acknowledged = [sender.stdout.readline().strip() for _ in range(60)]
    os.kill(sender.pid, signal.SIGKILL)
    acknowledged += sender.stdout.read().split()
    sender.wait()
    sender.stdout.close()
    app = create_app(config(tmp_path))
    service_of(app).drainer.drain()
    stored = annotations(service_of(app).store)
    service_of(app).close()
    assert len(set(stored)) == len(stored)
    assert set(acknowledged) <= set(stored)


def test_the_service_drains_by_itself(app: Flask, client: FlaskClient) -> None:
    """Nobody has to ask: a webhook is counted soon after it was acknowledged."""
    client.post("/v1/manifests", json=manifest(), headers=INGEST)
    post(client, webhook(Answer(1, 1, 1, "tie")))
    deadline = time.monotonic() + 30
    while annotations(service_of(app).store) != ["1"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
