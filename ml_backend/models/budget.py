"""What each programme has spent on models, against what it may."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ml_backend.errors import BudgetSpent
from ml_backend.models.store import Store
from ml_backend.settings import Use

_BYTES_A_TOKEN = 3  # of UTF-8; English has four, scripts that models know less about two


@dataclass(frozen=True)
class Spent:
    """Requests sent and tokens used so far; `estimated` of the tokens were not counted by an endpoint."""

    requests: int = 0
    tokens: int = 0
    estimated: int = 0


@dataclass
class Bill:
    """What one request turned out to cost: whether it was sent, its tokens, or an estimate where none were counted."""

    sent: bool = False
    tokens: int | None = None
    estimate: int = 0


def estimated_tokens(text: str) -> int:
    """Tokens of a text, where no endpoint counted them.

    >>> estimated_tokens("How are you?")
    4
    """
    return -(-len(text.encode("utf-8", "replace")) // _BYTES_A_TOKEN)


class Budget:
    """Spending of all programmes, shared by all processes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def spent(self, programme: str) -> Spent:
        """So far. Raises ModelRecordsUnavailable."""
        with self._store.reading() as database:
            query = "SELECT requests, tokens, estimated FROM spent WHERE programme = ?"
            row = database.execute(query, (programme,)).fetchone()
        return Spent(*row) if row else Spent()

    @contextmanager
    def spending(self, programme: str, use: Use, most: int) -> Iterator[Bill]:
        """A block that sends one request which may take `most` tokens; what it writes into the bill is counted.

        `most` is set aside for as long as the block lasts, so that processes together keep to the budget; a process
        that is killed in it has spent that. Raises BudgetSpent, before anything is sent.
        """
        self._reserve(programme, use, most)
        bill = Bill()
        try:
            yield bill
        finally:
            self._settle(programme, most, bill)

    def _reserve(self, programme: str, use: Use, most: int) -> None:
        with self._store.writing() as database:
            database.execute("INSERT OR IGNORE INTO spent VALUES (?, 0, 0, 0)", (programme,))
            query = "SELECT requests, tokens FROM spent WHERE programme = ?"
            over = _over(use, most, *database.execute(query, (programme,)).fetchone())
            if over is None:
                self._add(database, programme, 1, most, most)
        if over is not None:
            raise BudgetSpent(over)

    def _settle(self, programme: str, most: int, bill: Bill) -> None:
        tokens, estimated = (bill.estimate, bill.estimate) if bill.tokens is None else (bill.tokens, 0)
        with self._store.writing() as database:
            self._add(database, programme, 0 if bill.sent else -1, tokens - most, estimated - most)

    def _add(self, database: sqlite3.Connection, programme: str, *numbers: int) -> None:
        update = "UPDATE spent SET requests = requests + ?, tokens = tokens + ?, estimated = estimated + ?"
        database.execute(f"{update} WHERE programme = ?", (*numbers, programme))


def _over(use: Use, most: int, requests: int, tokens: int) -> str | None:
    """What stands against one more request, if anything does."""
    if use.requests is not None and requests >= use.requests:
        return f"{requests:,} of {use.requests:,} requests"
    if use.tokens is not None and tokens + most > use.tokens:
        return f"{tokens:,} of {use.tokens:,} tokens, and the next request may take {most:,}"
    return None
