"""What is kept about models: answers, draws, spending, starts of requests; one SQLite file shared by all processes."""

from __future__ import annotations

from pathlib import Path

from ml_backend.database import Database
from ml_backend.errors import ModelRecordsUnavailable

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, reply TEXT NOT NULL, model TEXT NOT NULL, made TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS draws (item TEXT PRIMARY KEY, models TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (
    programme TEXT PRIMARY KEY, requests INTEGER NOT NULL, tokens INTEGER NOT NULL, estimated INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS starts (endpoint TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS starts_by_time ON starts (endpoint, at);
"""


class Store(Database):
    """The file `models.sqlite` in a folder, which is made if need be; every method raises ModelRecordsUnavailable."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(folder / "models.sqlite", _SCHEMA, lambda _: ModelRecordsUnavailable())
