"""Which datasets in Argilla are ours, and what stands in them.

A dataset's metadata holds its marker (see `marker`) as it was made. Argilla drops changes of that metadata without a
word, so each later guideline version is a metadata property of its own: a name and a title that no record uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from plugins.argilla.api import Api, RecordPage
from plugins.argilla.settings import NUMBER, hidden_property
from plugins.errors import PluginError
from plugins.marker import Identity, Marker, read_marker
from plugins.programme import Programme
from plugins.projects import Projects

_KEY = "concord"
_PAGE = 500


@dataclass(frozen=True)
class Found:
    """A dataset of ours as Argilla tells it."""

    dataset: dict[str, Any]
    marker: Marker

    @property
    def id(self) -> str:
        """Argilla's id of the dataset."""
        return str(self.dataset["id"])

    @property
    def is_published(self) -> bool:
        """Whether it was finished; records and answers are in no other."""
        return bool(self.dataset["status"] == "ready")


def metadata(marker: Marker) -> dict[str, str]:
    """The metadata of a new dataset with this marker."""
    return {_KEY: str(marker)}


def version_property(marker: Marker) -> dict[str, Any]:
    """The metadata property that adds the last version of this marker to a dataset."""
    return hidden_property(f"version-{len(marker.versions)}", str(marker).splitlines()[-1])


def find(api: Api, programme: str) -> list[Found]:
    """This programme's datasets. Raises PluginError when two that are published claim the same identity."""
    found = [found for each in api.datasets() if (found := _found(api, each, programme))]
    seen: dict[Identity, str] = {}
    for each in found:
        other = seen.setdefault(each.marker.identity, each.id) if each.is_published else each.id
        if other != each.id:
            message = f"datasets {other} and {each.id} are both marked as {each.marker.name} of {programme}"
            raise PluginError(message, fix="delete the one that is a copy")
    return found


def _found(api: Api, dataset: dict[str, Any], programme: str) -> Found | None:
    first = str((dataset.get("metadata") or {}).get(_KEY, ""))
    marker = read_marker(first)
    if marker is None or marker.programme != programme:
        return None
    later = read_marker("\n".join([first, *(each["title"] for each in api.properties(str(dataset["id"])))]))
    return Found(dataset, later or marker)


def registered(api: Api, programme: Programme) -> Projects:
    """The programme's datasets as Argilla itself has them."""
    found = [each for each in find(api, programme.programme) if each.is_published and each.marker.versions]
    projects = [each.marker.project(each.id, programme.source, programme.stage) for each in found]
    return Projects(programme.source, {each.project: each for each in projects})


def number(record: dict[str, Any]) -> int | None:
    """The record's number in its dataset; None for one that somebody else added."""
    given = (record.get("metadata") or {}).get(NUMBER)
    return given if isinstance(given, int) else None


def record_pages(api: Api, dataset: str, *, responses: bool, size: int = _PAGE) -> Iterator[RecordPage]:
    """All records, page by page in the order they were added; at least one page. `size` is 2 or more.

    Argilla counts pages by offset, so a record deleted meanwhile would hide another. Each page is therefore read from
    the last record of the one before; if that is gone, reading starts anew, and records come a second time.
    """
    offset, last = 0, None
    while True:
        page = api.record_page(dataset, offset=offset, size=size, responses=responses)
        if last is not None and (not page.records or page.records[0]["id"] != last):
            offset, last = 0, None
            continue
        records = page.records if last is None else page.records[1:]
        left = page.left if records else 0
        yield RecordPage(records, page.fetched, left)
        if not left:
            return
        offset, last = offset + len(page.records) - 1, page.records[-1]["id"]
