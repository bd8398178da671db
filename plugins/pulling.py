"""Everything a labelling tool holds of its projects, page by page into analytics."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from plugins.errors import PluginError, ServiceError
from plugins.projects import Project

COUNTS = ("received", "added", "updated", "unchanged", "deleted")


class ExportSink(Protocol):
    """Where pages go: `AnalyticsClient`."""

    def send_export(
        self, source: str, tasks: Sequence[Any], *, project: str, after: int, through: int | None, fetched: datetime
    ) -> Mapping[str, Any]:
        """Store everything a project has in a range of task ids."""


@dataclass(frozen=True)
class Page:
    """Everything a project has with after < task id ≤ through (None: to the end), as seen at `fetched`.

    `left` counts these tasks and all later ones.
    """

    tasks: list[dict[str, Any]]
    after: int
    through: int | None
    fetched: datetime
    left: int


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


OnPage = Callable[[Project, int, int], None]


def send(
    projects: Iterable[Project],
    pages: Callable[[Project, int], Iterable[Page]],
    analytics: ExportSink,
    progress: Progress,
    on_page: OnPage,
) -> Iterator[PulledProject]:
    """Send these projects to analytics, page by page, yielding each finished project.

    `pages` gives a project's pages after a task id; `on_page` hears (project, tasks sent, tasks left). An interrupted
    pull goes on after the last page analytics confirmed. Raises ServiceErrors that say how far it got.
    """
    done: list[str] = []
    try:
        for project in projects:
            pulled = _send(project, pages, analytics, progress, on_page)
            done.append(f"project {project.project} ({project.workflow} {project.locale})")
            yield pulled
    except ServiceError as error:
        raise error.after(done, "concord pull") from error


def _send(
    project: Project,
    pages: Callable[[Project, int], Iterable[Page]],
    analytics: ExportSink,
    progress: Progress,
    on_page: OnPage,
) -> PulledProject:
    counts: Counter[str] = Counter()
    refused: list[Mapping[str, str]] = []
    tasks = 0
    for page in pages(project, progress.after(project)):
        reply = analytics.send_export(
            project.source,
            page.tasks,
            project=project.project,
            after=page.after,
            through=page.through,
            fetched=page.fetched,
        )
        counts.update({name: int(reply.get(name, 0)) for name in COUNTS})
        refused.extend(reply.get("refused", ()))
        tasks += len(page.tasks)
        progress.reached(project, page.through)
        on_page(project, tasks, page.left - len(page.tasks))
    return PulledProject(project, tasks, counts, tuple(refused))
