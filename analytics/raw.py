"""Everything that arrived, kept for good: compressed bodies under their content hash, and the receipts in order.

The store can be rebuilt from here. A receipt is written after its body is safe, so a crash leaves at most a body
without a receipt, and its sender has not been told that it arrived.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import orjson

from analytics.durable import append_line, write_file


@dataclass(frozen=True)
class Extent:
    """What a complete page covers: everything of a project with after < task ≤ through when it was fetched."""

    project: str
    after: int
    through: int | None
    fetched: datetime


@dataclass(frozen=True)
class Receipt:
    """What a body is, where it came from and when; `extent` for exports that are a complete page."""

    kind: Literal["manifest", "export", "webhook", "frames"]
    source: str
    received: datetime
    extent: Extent | None = None


class RawBodies:
    """The folder of raw bodies; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._bodies = folder / "bodies"
        self._receipts = folder / "receipts.jsonl"
        self._appending = threading.Lock()
        self._bodies.mkdir(parents=True, exist_ok=True)

    def keep(self, receipt: Receipt, body: bytes) -> None:
        """Keep a body and its receipt; both are on disk when this returns."""
        digest = self.keep_body(body)
        with self._appending:
            append_line(self._receipts, orjson.dumps({**asdict(receipt), "sha256": digest}))

    def keep_body(self, body: bytes) -> str:
        """Keep a body that a receipt will be written for; its digest."""
        digest = hashlib.sha256(body).hexdigest()
        path = self._path(digest)
        if not path.exists():
            write_file(path, gzip.compress(body, compresslevel=5, mtime=0))
        return digest

    def body(self, digest: str) -> bytes:
        """A body by its digest."""
        return gzip.decompress(self._path(digest).read_bytes())

    def __iter__(self) -> Iterator[tuple[Receipt, bytes]]:
        """Receipts with their bodies, in order of arrival; a last line torn by a crash was never promised."""
        lines = self._receipts.read_bytes().split(b"\n") if self._receipts.exists() else []
        for line in lines:
            if line.endswith(b"}"):
                row = orjson.loads(line)
                yield _receipt(row), self.body(row["sha256"])

    def _path(self, digest: str) -> Path:
        return self._bodies / digest[:2] / f"{digest}.gz"


def _receipt(row: dict[str, object]) -> Receipt:
    extent = row["extent"]
    if isinstance(extent, dict):
        extent = Extent(**{**extent, "fetched": datetime.fromisoformat(extent["fetched"])})
    received = datetime.fromisoformat(str(row["received"]))
    return Receipt(row["kind"], str(row["source"]), received, extent)  # type: ignore[arg-type]
