"""An analytics service in this process, that programmes are pushed to and pulled into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from analytics_bodies import config, service_of

from analytics import create_app
from plugins.analytics_client import AnalyticsClient


@dataclass(frozen=True)
class Analytics:
    """A real analytics service: its client, and the rows of a frame in its store."""

    client: AnalyticsClient
    rows: Callable[[str], list[dict[str, Any]]]


@contextmanager
def running_analytics(folder: Path) -> Iterator[Analytics]:
    """A service with an empty store, until the end of the block."""
    settings = config(folder)
    app = create_app(settings)

    def rows(frame: str) -> list[dict[str, Any]]:
        with service_of(app).intake.store.snapshot() as snapshot:
            return list(getattr(snapshot, frame)().to_pyarrow().to_pylist())

    transport = httpx.WSGITransport(app)
    with AnalyticsClient("http://analytics", settings.ingest_token, transport=transport) as client:
        yield Analytics(client, rows)
    service_of(app).close()
