"""How a project in Label Studio is known to be ours: its description.

The first line says which programme, workflow and locale it is, the following ones which guideline version came into
force when. So the tool itself holds what a lost analytics store, or a push that failed half-way, needs to be healed.
No stage and no vendor: annotators can read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from plugins.errors import PluginError
from plugins.label_studio.api import Api
from plugins.programme import Programme
from plugins.projects import Project, Projects

_PREFIX = "concord:"


@dataclass(frozen=True)
class Marker:
    """A project's identity and its guideline versions, oldest first."""

    programme: str
    workflow: str
    locale: str
    versions: tuple[tuple[datetime, str], ...] = ()

    def __str__(self) -> str:
        """The description that `read_marker` reads."""
        lines = (f"{since.isoformat()} {version}" for since, version in self.versions)
        return "\n".join([f"{_PREFIX}{self.programme}/{self.workflow}/{self.locale}", *lines])

    @property
    def name(self) -> str:
        """What messages call the project."""
        return f"{self.workflow} {self.locale}"

    @property
    def identity(self) -> tuple[str, str, str]:
        """Programme, workflow, locale."""
        return self.programme, self.workflow, self.locale

    def with_version(self, version: str, now: datetime) -> Marker:
        """With this version in force from `now` on, unless it already is."""
        if self.versions and self.versions[-1][1] == version:
            return self
        return replace(self, versions=(*self.versions, (now, version)))

    def project(self, project: int, source: str, stage: str) -> Project:
        """The registration of the project with this marker."""
        return Project(source, str(project), *self.identity, stage, self.versions)


def read_marker(description: str) -> Marker | None:
    """The marker in a project's description, or None: lines that people added are passed over.

    >>> read_marker("concord:demo/preference/de-DE\\n2026-11-20T10:00:00+00:00 v1").versions[0][1]
    'v1'
    """
    first, *rest = description.splitlines() or [""]
    parts = first.removeprefix(_PREFIX).strip().split("/")
    if not first.startswith(_PREFIX) or len(parts) != 3:
        return None
    programme, workflow, locale = parts
    return Marker(programme, workflow, locale, tuple(_versions(rest)))


def _versions(lines: list[str]) -> Iterator[tuple[datetime, str]]:
    for line in lines:
        since, _, version = line.strip().partition(" ")
        try:
            when = datetime.fromisoformat(since)
        except ValueError:
            continue
        if when.tzinfo and version:
            yield when, version


def find(api: Api, programme: str) -> dict[tuple[str, str, str], tuple[int, Marker]]:
    """This programme's projects by identity: id and marker. Raises PluginError when two claim the same identity."""
    found: dict[tuple[str, str, str], tuple[int, Marker]] = {}
    for project, description in api.projects():
        marker = read_marker(description)
        if marker is None or marker.programme != programme:
            continue
        if marker.identity in found:
            both = f"projects {found[marker.identity][0]} and {project}"
            message = f"{both} are both marked as {marker.name} of {programme}"
            raise PluginError(message, fix="take the first line out of the description of the one that is a copy")
        found[marker.identity] = (project, marker)
    return found


def registered(api: Api, programme: Programme) -> Projects:
    """The programme's projects as Label Studio itself has them."""
    found = find(api, programme.programme).values()
    projects = [marker.project(project, programme.source, programme.stage) for project, marker in found]
    return Projects(programme.source, {each.project: each for each in projects if each.versions})
