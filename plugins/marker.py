"""How a tool's project is known to be ours: a text that the tool keeps with it.

The first line says which programme, workflow and locale it is, and which lane where it is not the open one; the
following ones which guideline version came into force when. So the tool itself holds what a lost analytics store, or a
push that failed half-way, needs to be healed.
No stage and no vendor: annotators can read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from plugins.projects import Project

_PREFIX = "concord:"

OPEN, SHIELDED = "", "shielded"
"""The lanes of a workflow in a locale: its project, and one that hides every text until somebody asks for it."""

_COVERED = "covered"  # what annotators read instead, for it says nothing about the texts


Identity = tuple[str, str, str, str]
"""Programme, workflow, locale, lane."""


@dataclass(frozen=True)
class Marker:
    """A project's identity and its guideline versions, oldest first."""

    programme: str
    workflow: str
    locale: str
    versions: tuple[tuple[datetime, str], ...] = ()
    lane: str = OPEN

    def __str__(self) -> str:
        """The text that `read_marker` reads."""
        lines = (f"{since.isoformat()} {version}" for since, version in self.versions)
        return "\n".join([_PREFIX + "/".join(filter(None, self.identity)), *lines])

    @property
    def name(self) -> str:
        """What messages and annotators call the project."""
        return in_lane(f"{self.workflow} {self.locale}", self.lane)

    @property
    def identity(self) -> Identity:
        """Programme, workflow, locale, lane."""
        return self.programme, self.workflow, self.locale, self.lane

    def with_version(self, version: str, now: datetime) -> Marker:
        """With this version in force from `now` on, unless it already is."""
        if self.versions and self.versions[-1][1] == version:
            return self
        return replace(self, versions=(*self.versions, (now, version)))

    def project(self, project: int | str, source: str, stage: str) -> Project:
        """The registration of the project with this marker."""
        about = self.programme, self.workflow, self.locale
        return Project(source, str(project), *about, stage, self.versions)


def in_lane(name: str, lane: str) -> str:
    """The name of what is in this lane, in words that say nothing about its texts.

    >>> in_lane("preference de-DE", SHIELDED)
    'preference de-DE covered'
    """
    return f"{name} {_COVERED}" if lane == SHIELDED else name


def read_marker(text: str) -> Marker | None:
    """The marker in a project's text, or None: lines that people added are passed over.

    >>> read_marker("concord:demo/preference/de-DE\\n2026-11-20T10:00:00+00:00 v1").versions[0][1]
    'v1'
    >>> read_marker("concord:demo/preference/de-DE/shielded").lane
    'shielded'
    """
    first, *rest = text.splitlines() or [""]
    parts = first.removeprefix(_PREFIX).strip().split("/")
    lane = parts.pop() if len(parts) == 4 and parts[3] == SHIELDED else OPEN
    if not first.startswith(_PREFIX) or len(parts) != 3:
        return None
    programme, workflow, locale = parts
    return Marker(programme, workflow, locale, tuple(_versions(rest)), lane)


def _versions(lines: list[str]) -> Iterator[tuple[datetime, str]]:
    for line in lines:
        since, _, version = line.strip().partition(" ")
        try:
            when = datetime.fromisoformat(since)
        except ValueError:
            continue
        if when.tzinfo and version:
            yield when, version
