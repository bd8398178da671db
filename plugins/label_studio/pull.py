"""Everything Label Studio holds of a programme, page by page: into analytics, or as frames."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from plugins.errors import PluginError, ServiceError
from plugins.frames import Frames
from plugins.label_studio.api import Api, TaskPage
from plugins.label_studio.marker import registered
from plugins.label_studio.parse import read_tasks
from plugins.programme import Programme
from plugins.projects import Project

if TYPE_CHECKING:
    from guidelines import Library

PAGE = 200  # tasks: some ten thousand answers, a second or two of Label Studio's time

COUNTS = ("received", "added", "updated", "unchanged", "deleted")


class ExportSink(Protocol):
    """Where pages go: `AnalyticsClient`."""

    def send_export(
        self, source: str, tasks: Sequence[Any], *, project: str, after: int, through: int | None, fetched: datetime
    ) -> Mapping[str, Any]:
        """Store everything a project has in a range of task ids."""


@dataclass(frozen=True)
class PulledProject:
    """One project after the pull: tasks seen, what analytics did with their annotations, and rows it refused."""

    project: Project
    tasks: int
    counts: Mapping[str, int]
    refused: tuple[Mapping[str, str], ...]


class Progress:
    """A small file that remembers how far an interrupted pull got; `path` None remembers nothing.

    A project that was finished is forgotten, so that the next pull looks at everything again.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def after(self, project: Project) -> int:
        """The last task id of this project that is safely stored; 0 at first."""
        return self._read().get(_key(project), 0)

    def reached(self, project: Project, task: int | None) -> None:
        """Note that everything up to this task is stored; None: all of it."""
        if self._path is None:
            return
        state = {key: value for key, value in self._read().items() if key != _key(project)}
        if task is not None:
            state[_key(project)] = task
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(".partial")
        partial.write_text(json.dumps(state), encoding="utf-8")
        partial.replace(self._path)

    def _read(self) -> dict[str, int]:
        if self._path is None or not self._path.exists():
            return {}
        try:
            state = json.loads(self._path.read_text(encoding="utf-8"))
            return {str(key): int(value) for key, value in state.items()}
        except (ValueError, AttributeError, TypeError) as error:
            raise PluginError(
                f"{self._path} is not what a pull writes", fix="delete it: the pull starts over"
            ) from error


def _key(project: Project) -> str:
    return f"{project.project} {project.programme}/{project.workflow}/{project.locale}"


def pull(
    programme: Programme,
    api: Api,
    analytics: ExportSink,
    progress: Progress,
    *,
    page_size: int = PAGE,
    on_page: Callable[[Project, int, int], None] = lambda project, done, left: None,
) -> Iterator[PulledProject]:
    """Send every project of the programme to analytics, page by page, yielding each finished project.

    `on_page` hears (project, tasks sent, tasks left). An interrupted pull goes on after the last page analytics
    confirmed. Raises PluginError when nothing was pushed yet, and ServiceErrors that say how far it got.
    """
    done: list[str] = []
    try:
        for project in _projects(api, programme):
            pulled = _pull(project, api, analytics, progress, page_size, on_page)
            done.append(f"project {project.project} ({project.workflow} {project.locale})")
            yield pulled
    except ServiceError as error:
        raise error.after(done, "concord pull") from error


def _projects(api: Api, programme: Programme) -> list[Project]:
    projects = list(registered(api, programme).by_id.values())
    if not projects:
        message = f"Label Studio at {api.url} has no project of programme {programme.programme}"
        raise PluginError(message, fix="run `concord push` first, or give another address")
    return projects


def _pull(
    project: Project,
    api: Api,
    analytics: ExportSink,
    progress: Progress,
    page_size: int,
    on_page: Callable[[Project, int, int], None],
) -> PulledProject:
    counts: Counter[str] = Counter()
    refused: list[Mapping[str, str]] = []
    tasks = 0
    for after, through, page in _pages(api, project, progress.after(project), page_size):
        reply = analytics.send_export(
            project.source,
            page.tasks,
            project=project.project,
            after=after,
            through=through,
            fetched=page.fetched,
        )
        counts.update({name: int(reply.get(name, 0)) for name in COUNTS})
        refused.extend(reply.get("refused", ()))
        tasks += len(page.tasks)
        progress.reached(project, through)
        on_page(project, tasks, page.left - len(page.tasks))
    return PulledProject(project, tasks, counts, tuple(refused))


def _pages(api: Api, project: Project, after: int, size: int) -> Iterator[tuple[int, int | None, TaskPage]]:
    """(after, through, page), through None on the last: it holds everything to the end, even when that is nothing."""
    while True:
        page = api.task_page(int(project.project), after=after, size=size, annotations=True)
        through = page.tasks[-1]["id"] if page.left > len(page.tasks) else None
        yield after, through, page
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
        for _, _, page in _pages(api, project, 0, page_size):
            yield read_tasks(page.tasks, projects, library, key)
