"""A new store from the raw bodies, put in the place of the old one when it is complete."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from analytics.errors import StoreDamaged
from analytics.intake import Intake
from analytics.raw import RawBodies
from analytics.store import FILE, Store
from guidelines import Library

_UNFINISHED = "rebuilding.duckdb"


def rebuild(
    data: Path, library: Library, pseudonym_key: bytes, done: Callable[[int], None] = lambda _count: None
) -> int:
    """Merge all raw bodies of a data folder into a new store and replace the old one; how many bodies.

    `done` is called with the number of bodies merged so far. Raises StoreLocked while a service is running; a store
    that is damaged is replaced.
    """
    raw = RawBodies(data / "raw")
    with _old_store_held(data / FILE):
        count = _build(data / _UNFINISHED, raw, library, pseudonym_key, done)
    _wal(data / FILE).unlink(missing_ok=True)
    (data / _UNFINISHED).replace(data / FILE)
    return count


def _build(path: Path, raw: RawBodies, library: Library, pseudonym_key: bytes, done: Callable[[int], None]) -> int:
    for leftover in (path, _wal(path)):
        leftover.unlink(missing_ok=True)
    count = 0
    with Store(path) as store:
        intake = Intake(store, raw, library, pseudonym_key)
        for receipt, body in raw:
            intake.replay(receipt, body)
            count += 1
            done(count)
    return count


@contextmanager
def _old_store_held(path: Path) -> Iterator[None]:
    """Keep services out of the old store meanwhile."""
    try:
        old = Store(path)
    except StoreDamaged:
        yield
        return
    with old:
        yield


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")
