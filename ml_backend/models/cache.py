"""Answers that were given before, by content: the same question to the same model is asked once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ml_backend.models.reply import Reply, Token
from ml_backend.models.store import Store
from ml_backend.settings import Endpoint


def content_key(endpoint: Endpoint, request: Mapping[str, Any], sample: str) -> bytes:
    """What identifies an answer: the model where it is served, its iteration, the whole request, and which sample.

    >>> aurora = Endpoint("aurora", "http://127.0.0.1:8000/v1", "aurora-7b")
    >>> content_key(aurora, {"messages": []}, "0") == content_key(aurora, {"messages": []}, "1")
    False
    """
    content = [endpoint.url, endpoint.model, endpoint.iteration, request, sample]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()


class Cache:
    """Answers in the store; they stay until the file is deleted."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, key: bytes) -> Reply | None:
        """The answer kept under this key. Raises ModelRecordsUnavailable."""
        with self._store.reading() as database:
            row = database.execute("SELECT reply FROM answers WHERE key = ?", (key,)).fetchone()
        return _reply(json.loads(row[0])) if row else None

    def put(self, key: bytes, model: str, reply: Reply) -> Reply:
        """Keep an answer; the answer that is kept, which is an earlier one where another process was faster."""
        row = (key, json.dumps(asdict(reply), ensure_ascii=False), model, datetime.now(UTC).isoformat())
        with self._store.writing() as database:
            database.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?)", row)
            kept = database.execute("SELECT reply FROM answers WHERE key = ?", (key,)).fetchone()
        return _reply(json.loads(kept[0]))


def _reply(kept: dict[str, Any]) -> Reply:
    tokens: Sequence[dict[str, Any]] | None = kept["logprobs"]
    return Reply(kept["text"], None if tokens is None else tuple(Token(**each) for each in tokens), kept["tokens"])
