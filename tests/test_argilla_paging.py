"""Reading an Argilla dataset page by page, while somebody deletes and adds records."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from plugins.argilla.api import Api
from plugins.argilla.datasets import record_pages
from plugins.argilla.pull import pages_of
from plugins.projects import Project

PROJECT = Project(
    "argilla", "d1", "p", "fluency_review", "en-US", "annotate", ((datetime(2026, 1, 1, tzinfo=UTC), "v"),)
)


@dataclass
class Dataset:
    """Records by number; `between` is called after each page."""

    numbers: list[int]
    between: Callable[[int], None] = lambda page: None
    pages: int = 0
    asked: list[int] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """One page."""
        offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        body = {"items": [record(each) for each in self.numbers[offset : offset + limit]], "total": len(self.numbers)}
        self.asked.append(offset)
        self.pages += 1
        self.between(self.pages)
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps(body).encode()))

    def api(self) -> Api:
        """A client that asks this dataset."""
        return Api("http://argilla", "key", transport=httpx.MockTransport(self.answer))


def record(number: int) -> dict[str, Any]:
    """A record as Argilla lists it; 0 is one that somebody else added."""
    metadata = {"number": number} if number else None
    return {"id": f"r{number}", "external_id": f"i{number}", "fields": {}, "metadata": metadata, "responses": []}


def pulled(dataset: Dataset, after: int = 0) -> list[tuple[int, int | None, list[int], int]]:
    """What a pull sends: after, through, the numbers between, and how many are left."""
    with dataset.api() as api:
        pages = list(pages_of(api, PROJECT, after, 3))
    return [(each.after, each.through, [task["id"] for task in each.tasks], each.left) for each in pages]


def test_pages_join_and_the_last_goes_to_the_end() -> None:
    """Each is read from the last record of the one before."""
    assert pulled(Dataset([1, 2, 3, 4, 5, 6])) == [(0, 3, [1, 2, 3], 6), (3, 5, [4, 5], 3), (5, None, [6], 1)]
    assert pulled(Dataset([1, 2, 3])) == [(0, None, [1, 2, 3], 3)]
    assert pulled(Dataset([])) == [(0, None, [], 0)]


def test_a_pull_goes_on_after_what_was_sent_and_leaves_others_records_out() -> None:
    """A page that was sent is not sent again."""
    assert pulled(Dataset([1, 2, 3, 4, 5, 6]), after=4) == [(4, 5, [5], 2), (5, None, [6], 1)]
    assert pulled(Dataset([1, 0, 0, 0, 2])) == [(0, 1, [1], 3), (1, None, [2], 1)]


def test_a_record_deleted_meanwhile_hides_no_other() -> None:
    """By offset alone record 4 would be passed over, and its answers taken for deleted."""
    dataset = Dataset([1, 2, 3, 4, 5])
    dataset.between = lambda page: dataset.numbers.remove(1) if page == 1 else None
    assert pulled(dataset) == [(0, 3, [1, 2, 3], 5), (3, 4, [4], 2), (4, None, [5], 1)]
    assert dataset.asked == [0, 2, 0, 2]


def test_records_deleted_at_the_end_end_the_reading() -> None:
    """The page that should begin with a record that is gone is empty."""
    dataset = Dataset([1, 2, 3, 4])
    dataset.between = lambda page: dataset.numbers.__delitem__(slice(1, None)) if page == 1 else None
    with dataset.api() as api:
        pages = [[each["id"] for each in page.records] for page in record_pages(api, "d1", responses=False, size=3)]
    assert pages == [["r1", "r2", "r3"], ["r1"]]
