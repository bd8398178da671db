"""What the service counts, in Prometheus' form.

Several worker processes add up only where `PROMETHEUS_MULTIPROC_DIR` names a folder, empty at the start of the service.
"""

from __future__ import annotations

import os
from collections import Counter as Tally
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from ml_backend.screens.model import Outcome

_REGISTRY = CollectorRegistry()

TEXTS = Counter(
    "concord_screened_texts", "Texts that a screen was asked about", ["screen", "status"], registry=_REGISTRY
)
SCREEN_SECONDS = Histogram(
    "concord_screen_seconds", "Seconds a screen took for one chunk", ["screen"], registry=_REGISTRY
)
REQUESTS = Counter("concord_requests", "Requests to this service", ["route", "status"], registry=_REGISTRY)
REQUEST_SECONDS = Histogram("concord_request_seconds", "Seconds until the answer began", ["route"], registry=_REGISTRY)
MODEL_REQUESTS = Counter(
    "concord_model_requests", "Requests to model endpoints", ["model", "outcome"], registry=_REGISTRY
)
MODEL_SECONDS = Histogram("concord_model_seconds", "Seconds a model took to answer", ["model"], registry=_REGISTRY)


def screened(screen: str, outcomes: Sequence[Outcome], seconds: float) -> None:
    """Count one call of a screen."""
    for status, number in Tally(outcome.status for outcome in outcomes).items():
        TEXTS.labels(screen, status).inc(number)
    SCREEN_SECONDS.labels(screen).observe(seconds)


def exposition() -> bytes:
    """The text that Prometheus reads: of all workers where they share a folder, else of this one."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(_REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
