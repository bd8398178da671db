"""Dates for the demo's imported work: Label Studio dates every imported annotation today.

The demo's earlier batches are named after the month they were annotated in. So that trends have weeks to show, their
annotations are dated over that month, in the local demo's own database. Real programmes never need this.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from plugins.items import Item
from plugins.label_studio.annotate import earlier_batches
from plugins.label_studio.api import Api
from plugins.label_studio.marker import find
from plugins.label_studio.push import task_pages
from plugins.programme import Programme

_DAYS = 28
_LOCKED_TIMEOUT_S = 60


def date_history(api: Api, programme: Programme, database: Path) -> int:
    """Date the annotations of earlier batches over the months their batches name; how many were dated."""
    dates = dict(_annotations(api, programme, _planned(programme)))
    rows = [(f"{when:%Y-%m-%d %H:%M:%S}", f"{when:%Y-%m-%d %H:%M:%S}", id_) for id_, when in dates.items()]
    with closing(sqlite3.connect(database, timeout=_LOCKED_TIMEOUT_S)) as connection, connection:
        connection.executemany("UPDATE task_completion SET created_at = ?, updated_at = ? WHERE id = ?", rows)
    return len(rows)


def _planned(programme: Programme) -> dict[str, datetime]:
    """When each item of an earlier batch was annotated: a file's items of a batch are spread evenly over its month."""
    together: dict[tuple[str, str, str | None], list[Item]] = {}
    for item in earlier_batches(programme):
        together.setdefault((item.workflow, item.locale, item.batch), []).append(item)
    planned = {}
    for (_workflow, _locale, batch), items in together.items():
        month = datetime.strptime(f"{batch}-01 09 +0000", "%Y-%m-%d %H %z").astimezone(UTC)
        for number, item in enumerate(items):
            planned[item.item] = month + timedelta(days=_DAYS * number / len(items))
    return planned


def _annotations(api: Api, programme: Programme, planned: Mapping[str, datetime]) -> Iterator[tuple[int, datetime]]:
    """Annotations of the planned items that bear another day, a quarter of an hour apart within an item."""
    for project, _marker in find(api, programme.programme).values():
        for page in task_pages(api, project, size=200, annotations=True):
            for task in page:
                day = planned.get(task["data"]["item"])
                for number, annotation in enumerate(sorted(task["annotations"], key=lambda each: each["id"])):
                    when = day + timedelta(minutes=15 * number) if day else None
                    if when and datetime.fromisoformat(annotation["created_at"]).date() != when.date():
                        yield annotation["id"], when
