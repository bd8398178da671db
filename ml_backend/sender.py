"""The thread that tells analytics what the outbox keeps."""

from __future__ import annotations

import fcntl
import logging
import threading
from pathlib import Path

from ml_backend.config import Analytics
from ml_backend.errors import OutboxUnavailable
from ml_backend.outbox import Outbox, Row
from plugins.analytics_client import AnalyticsClient
from plugins.errors import ServiceError

_EVERY = 5.0  # seconds
_SOURCE = "label_studio"

_log = logging.getLogger(__name__)


def start(outbox: Outbox, analytics: Analytics, lock: Path) -> threading.Event:
    """Send now and every few seconds, in a thread that ends with the process or when the event is set.

    Of several workers the one that holds the lock sends.
    """
    stop = threading.Event()
    threading.Thread(target=_run, args=(outbox, analytics, lock, stop), name="outbox", daemon=True).start()
    return stop


def _run(outbox: Outbox, analytics: Analytics, lock: Path, stop: threading.Event) -> None:
    with lock.open("w") as held, AnalyticsClient(analytics.url, analytics.token) as client:
        while not stop.is_set():
            if _taken(held.fileno()):
                _send(outbox, client)
            stop.wait(_EVERY)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _send(outbox: Outbox, client: AnalyticsClient) -> None:
    def send(lists: dict[str, list[Row]]) -> None:
        client.send_manifest(_SOURCE, projects=(), items=(), annotators=(), **lists)

    try:
        outbox.empty_into(send)
    except (ServiceError, OutboxUnavailable) as error:
        _log.warning("analytics was not told yet: %s", error.message)
