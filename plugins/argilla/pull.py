"""Everything Argilla holds of a programme, page by page: into analytics, or as frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from plugins.argilla.api import Api
from plugins.argilla.datasets import number, record_pages, registered
from plugins.argilla.encoding import read_plain
from plugins.argilla.parse import STATUSES, read_records
from plugins.errors import PluginError
from plugins.frames import Frames
from plugins.programme import Programme
from plugins.projects import Project
from plugins.pulling import ExportSink, OnPage, Page, Progress, PulledProject, send

if TYPE_CHECKING:
    from guidelines import Library

PAGE = 200  # records


def pull(
    programme: Programme,
    api: Api,
    analytics: ExportSink,
    progress: Progress,
    *,
    page_size: int = PAGE,
    on_page: OnPage = lambda project, done, left: None,
) -> Iterator[PulledProject]:
    """Send every dataset of the programme to analytics; see `pulling.send`. `page_size` is 2 or more.

    Raises PluginError when nothing was pushed yet.
    """

    def pages(project: Project, after: int) -> Iterator[Page]:
        return pages_of(api, project, after, page_size)

    return send(_projects(api, programme), pages, analytics, progress, on_page)


def pull_frames(
    programme: Programme, library: Library, api: Api, key: bytes, *, page_size: int = PAGE
) -> Iterator[Frames]:
    """Every dataset of the programme as frames, a page at a time, without analytics.

    `key` makes the pseudonyms. Raises as `pull` does.
    """
    projects = registered(api, programme)
    for project in _projects(api, programme):
        for page in pages_of(api, project, 0, page_size):
            yield read_records(page.tasks, projects, library, key)


def _projects(api: Api, programme: Programme) -> Iterator[Project]:
    projects = list(registered(api, programme).by_id.values())
    if not projects:
        message = f"Argilla at {api.url} has no dataset of programme {programme.programme}"
        raise PluginError(message, fix="run `concord push` first, or give another address")
    yield from projects


def pages_of(api: Api, project: Project, after: int, size: int) -> Iterator[Page]:
    """The records with a larger number than `after`; the last page holds everything to the end."""
    for read in record_pages(api, project.project, responses=True, size=size):
        tasks = [task for record in read.records if (task := _task(record, project)) and task["id"] > after]
        if read.left and not tasks:
            continue  # sent before
        through = max(task["id"] for task in tasks) if read.left else None
        yield Page(tasks, after, through, read.fetched, read.left + len(tasks))
        after = through or after


def _task(record: dict[str, Any], project: Project) -> dict[str, Any] | None:
    """A record as analytics keeps it: answers as Argilla gave them, no drafts; None for a record of others."""
    if (place := number(record)) is None:
        return None
    return {
        "id": place,
        "project": project.project,
        "item": read_plain(str(record["external_id"])),
        "fields": record["fields"],
        "annotations": [each for each in record.get("responses") or () if each["status"] in STATUSES],
    }
