"""The durable inbox: a webhook is on disk before it is acknowledged, and merged afterwards.

    put ─► inbox/<received>-<id>.json ─► merged, kept raw ─► removed
                     │    ▲
          unreadable ▼    │ a manifest arrives, or the service starts
               inbox/failed/<same name> + <same name>.reason

A crash between any two steps leaves the body in the inbox; merging it twice changes nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import duckdb

from analytics.durable import move, remove_unfinished, write_file
from analytics.intake import Webhook
from guidelines.errors import ConcordError

_STAMP = "%Y%m%dT%H%M%S.%fZ"
_BATCH = 200
_PATIENCE = 30.0  # seconds between attempts when the disk is full, say
_OURS = (OSError, duckdb.IOException, duckdb.OutOfMemoryException)  # no fault of the body: it keeps waiting

_log = logging.getLogger(__name__)


class Inbox:
    """The folder of bodies that wait; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._failed = folder, folder / "failed"
        self._failed.mkdir(parents=True, exist_ok=True)
        remove_unfinished(folder)
        self.arrived = threading.Event()

    def put(self, source: str, body: bytes) -> None:
        """Keep a body until it is merged; it is on disk when this returns."""
        stamp = datetime.now(UTC).strftime(_STAMP)
        write_file(self._folder / f"{stamp}-{source}-{uuid4().hex}.json", body)
        self.arrived.set()

    def waiting(self) -> list[Path]:
        """What waits, oldest first."""
        return sorted(self._folder.glob("*.json"))

    def failed(self) -> list[Path]:
        """What could not be read, oldest first; the reason stands in the file beside each."""
        return sorted(self._failed.glob("*.json"))

    def fail(self, path: Path, reason: str) -> None:
        """Set a body aside with the reason."""
        write_file(self._failed / f"{path.name}.reason", reason.encode())
        move(path, self._failed)

    def retry(self) -> None:
        """Let everything that failed wait again."""
        for path in self.failed():
            move(path, self._folder)
            (self._failed / f"{path.name}.reason").unlink(missing_ok=True)
        self.arrived.set()


def read(path: Path) -> Webhook:
    """A waiting body, with the source and the time that its name holds."""
    stamp, source, _ = path.name.split("-", 2)
    return Webhook(source, datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC), path.read_bytes())


class Drainer:
    """The thread that merges what waits; starts with what an earlier run left."""

    def __init__(self, inbox: Inbox, merge: Callable[[Sequence[Webhook]], None]) -> None:
        self._inbox, self._merge = inbox, merge
        self._stopping = threading.Event()
        self._draining = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)

    def start(self) -> None:
        """Begin; also tries again what failed in an earlier run."""
        self._inbox.retry()
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch at hand and end; the rest waits for the next start."""
        self._stopping.set()
        self._inbox.arrived.set()
        self._thread.join()

    def drain(self) -> None:
        """Merge everything that waits, many at a time; what cannot be read is set aside one by one."""
        with self._draining:
            while (batch := self._inbox.waiting()[:_BATCH]) and not self._stopping.is_set():
                self._merge_batch(batch)

    def _merge_batch(self, batch: Sequence[Path]) -> None:
        try:
            self._merge([read(path) for path in batch])
        except _OURS:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, one body must not hold up the others
            for path in batch:
                self._merge_one(path)
        else:
            _remove(batch)

    def _merge_one(self, path: Path) -> None:
        try:
            self._merge([read(path)])
        except _OURS:
            raise
        except ConcordError as error:
            self._set_aside(path, str(error))
        except Exception:  # noqa: BLE001 - logged with its traceback; the thread must outlive any one body
            _log.exception("webhook %s", path.name)
            self._set_aside(path, "an error of the service; its log has more")
        else:
            _remove([path])

    def _set_aside(self, path: Path, reason: str) -> None:
        _log.warning("webhook %s set aside: %s", path.name, reason)
        self._inbox.fail(path, reason)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._inbox.arrived.wait(_PATIENCE)
            self._inbox.arrived.clear()
            try:
                self.drain()
            except _OURS:
                _log.exception("the inbox waits and is tried again in %s s", _PATIENCE)


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink()
