"""The ML backend tells a real analytics service what its screens found, though it was down at first."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
from e2e_services import until

from analytics.store import FILE
from ml_backend import Config, create_app
from ml_backend.config import Analytics
from ml_backend.near_duplicates import VERSION
from ml_backend.outbox import Outbox
from plugins.local import services
from plugins.local.ports import free_port

INGEST = "i" * 20
TASK = {"id": 1, "data": {"item": "demo-1", "prompt": "Wie lange kocht ein Ei?", "response_a": "Sechs Minuten."}}
SETUP = {"project": "57.1", "extra_params": {"locale": "de-DE", "programme": "demo", "workflow": "fluency_review"}}


def _settings(data: Path) -> dict[str, str]:
    secrets = {"ANALYST": "a" * 20, "INGEST": INGEST, "WEBHOOK": "w" * 20}
    tokens = {f"CONCORD_{name}_TOKEN": value for name, value in secrets.items()}
    return {
        **os.environ,
        **tokens,
        "CONCORD_DATA": str(data),
        "CONCORD_PSEUDONYM_KEY": "p" * 20,
        "CONCORD_SECRET_KEY": "s" * 20,
    }


def test_what_screens_found_reaches_analytics_once_it_is_there(tmp_path: Path) -> None:
    """Rows are kept while nobody listens, and arrive in the store when analytics has started."""
    port, data, ml_data = free_port(), tmp_path / "analytics", tmp_path / "ml"
    config = Config(data=ml_data, analytics=Analytics(f"http://127.0.0.1:{port}", INGEST))
    client = create_app(config).test_client()
    client.post("/setup", json=SETUP)
    client.post("/predict", json={"tasks": [TASK], "project": "57.1"}).get_data()
    outbox = Outbox(ml_data)
    assert outbox.waiting() > 0
    with services.launch(
        services.ANALYTICS, port=port, data=data, log=tmp_path / "log", env=_settings(data)
    ) as process:
        services.wait(process, port)
        until(lambda: outbox.waiting() == 0, "an empty outbox", outbox.waiting)
    with duckdb.connect(str(data / FILE), read_only=True) as store:
        rows = store.sql("SELECT item, target, screen, status, provider, decision FROM screenings").fetchall()
    assert {(item, target) for item, target, *_ in rows} == {("demo-1", "item"), ("demo-1", "a")}
    near = next(row for row in rows if row[1:3] == ("item", "near_duplicate"))
    assert near[3:] == ("screened", VERSION, None)
    assert {row[3] for row in rows if row[2] == "toxicity"} == {"unscreened"}
