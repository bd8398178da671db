"""What Label Studio asks for in one request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml_backend.projects import Project


@dataclass(frozen=True)
class Job:
    """A prediction request: its tasks, unchecked; the project's unique name and what is known of it; the config's text
    areas; and the context of an interactive call, None in a batch."""

    tasks: Sequence[object]
    name: str
    project: Project
    areas: dict[str, str]
    context: object = None
