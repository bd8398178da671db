"""How a tool's project is known to be ours: a text that the tool keeps with it.

The first line says which programme, workflow and locale it is, the following ones which guideline version came into
force when. So the tool itself holds what a lost analytics store, or a push that failed half-way, needs to be healed.
No stage and no vendor: annotators can read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from plugins.projects import Project

_PREFIX = "concord:"


@dataclass(frozen=True)
class Marker:
    """A project's identity and its guideline versions, oldest first."""

    programme: str
    workflow: str
    locale: str
    versions: tuple[tuple[datetime, str], ...] = ()

    def __str__(self) -> str:
        """The text that `read_marker` reads."""
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

    def project(self, project: int | str, source: str, stage: str) -> Project:
        """The registration of the project with this marker."""
        return Project(source, str(project), *self.identity, stage, self.versions)


def read_marker(text: str) -> Marker | None:
    """The marker in a project's text, or None: lines that people added are passed over.

    >>> read_marker("concord:demo/preference/de-DE\\n2026-11-20T10:00:00+00:00 v1").versions[0][1]
    'v1'
    """
    first, *rest = text.splitlines() or [""]
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
