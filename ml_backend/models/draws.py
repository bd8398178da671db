"""Which models answer an item: drawn at random once, and kept, so that a second call never shows another model."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence

from ml_backend.models.store import Store


class Draws:
    """Orders of models by item, shared by all processes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def order(self, item: str, models: Sequence[str]) -> tuple[str, ...]:
        """The models in the order in which they are asked for this item, every order equally likely.

        An item that was drawn for keeps its order; models that were configured since come last, in a random order,
        and those no longer configured are left out. Raises ModelRecordsUnavailable.
        """
        if not models:
            return ()
        with self._store.writing() as database:
            row = database.execute("SELECT models FROM draws WHERE item = ?", (item,)).fetchone()
            kept = json.loads(row[0]) if row else []
            new = [model for model in models if model not in kept]
            secrets.SystemRandom().shuffle(new)
            if new:
                order = json.dumps([*kept, *new], ensure_ascii=False)
                database.execute("INSERT OR REPLACE INTO draws VALUES (?, ?)", (item, order))
        return tuple(model for model in [*kept, *new] if model in models)
