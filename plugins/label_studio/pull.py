"""Everything Label Studio holds of a programme, page by page: into analytics, or as frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from plugins.errors import PluginError
from plugins.frames import Frames
from plugins.label_studio.api import Api
from plugins.label_studio.marker import registered
from plugins.label_studio.parse import read_tasks
from plugins.programme import Programme
from plugins.projects import Project
from plugins.pulling import ExportSink, OnPage, Page, Progress, PulledProject, send

if TYPE_CHECKING:
    from guidelines import Library

PAGE = 200  # tasks: some ten thousand answers, a second or two of Label Studio's time


def pull(
    programme: Programme,
    api: Api,
    analytics: ExportSink,
    progress: Progress,
    *,
    page_size: int = PAGE,
    on_page: OnPage = lambda project, done, left: None,
) -> Iterator[PulledProject]:
    """Send every project of the programme to analytics; see `pulling.send`.

    Raises PluginError when nothing was pushed yet.
    """

    def pages(project: Project, after: int) -> Iterator[Page]:
        return _pages(api, project, after, page_size)

    return send(_projects(api, programme), pages, analytics, progress, on_page)


def _projects(api: Api, programme: Programme) -> Iterator[Project]:
    projects = list(registered(api, programme).by_id.values())
    if not projects:
        message = f"Label Studio at {api.url} has no project of programme {programme.programme}"
        raise PluginError(message, fix="run `concord push` first, or give another address")
    yield from projects


def _pages(api: Api, project: Project, after: int, size: int) -> Iterator[Page]:
    """The last page holds everything to the end, even when that is nothing."""
    while True:
        read = api.task_page(int(project.project), after=after, size=size, annotations=True)
        through = read.tasks[-1]["id"] if read.left > len(read.tasks) else None
        yield Page(read.tasks, after, through, read.fetched, read.left)
        if through is None:
            return
        after = through


def pull_frames(
    programme: Programme, library: Library, api: Api, key: bytes, *, page_size: int = PAGE
) -> Iterator[Frames]:
    """Every project of the programme as frames, a page at a time, without analytics.

    `key` makes the pseudonyms. Raises as `pull` does.
    """
    projects = registered(api, programme)
    for project in _projects(api, programme):
        for page in _pages(api, project, 0, page_size):
            yield read_tasks(page.tasks, projects, library, key)
