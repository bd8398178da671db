"""Which workflow, locale and guideline version a tool's project stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Project:
    """One project of a labelling tool and the guideline versions in force in it, oldest first."""

    source: str
    project: str
    programme: str
    workflow: str
    locale: str
    stage: str
    versions: tuple[tuple[datetime, str], ...]

    def version_at(self, when: datetime) -> str:
        """The version in force at this moment; the earliest for moments before it."""
        past = [version for since, version in self.versions if since <= when]
        return past[-1] if past else self.versions[0][1]

    def rows(self) -> list[dict[str, Any]]:
        """The rows of `frames.PROJECTS`, one a version."""
        fields = ("source", "project", "programme", "workflow", "locale", "stage")
        base = {name: getattr(self, name) for name in fields}
        return [{**base, "guideline_version": version, "since": since} for since, version in self.versions]


@dataclass(frozen=True)
class Projects:
    """The registered projects of one source, by the tool's own project id."""

    source: str
    by_id: Mapping[str, Project]

    @classmethod
    def of(cls, source: str, rows: Iterable[Mapping[str, Any]]) -> Projects:
        """From rows of `frames.PROJECTS`; rows of other sources are left out.

        >>> from datetime import UTC
        >>> row = {"source": "ls", "project": "3", "programme": "demo", "workflow": "preference", "locale": "de-DE",
        ...        "stage": "annotate", "guideline_version": "v1", "since": datetime(2026, 1, 1, tzinfo=UTC)}
        >>> Projects.of("ls", [row]).get("3").locale
        'de-DE'
        """
        grouped: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            if row["source"] == source:
                grouped.setdefault(row["project"], []).append(row)
        return cls(source, {project: _project(versions) for project, versions in grouped.items()})

    def get(self, project: str) -> Project | None:
        """The project with this id, or None when it is not registered."""
        return self.by_id.get(project)


def _project(rows: list[Mapping[str, Any]]) -> Project:
    ordered = sorted(rows, key=lambda row: row["since"])
    last = ordered[-1]
    fields = ("source", "project", "programme", "workflow", "locale", "stage")
    versions = tuple((row["since"], row["guideline_version"]) for row in ordered)
    return Project(**{name: last[name] for name in fields}, versions=versions)
