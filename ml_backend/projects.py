"""What is known of each Label Studio project, as told when the backend is attached: tasks do not carry it."""

from __future__ import annotations

import json
import os
import re
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from ml_backend.tasks import mapping

_PROJECT = re.compile(r"\d{1,20}(\.\d{1,20})?")
_LOCALE = re.compile(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8}){0,8}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True)
class Project:
    """A project's locale, programme and workflow; None where it was never told."""

    locale: str | None = None
    programme: str | None = None
    workflow: str | None = None


class Projects:
    """A folder with one small file a project, shared by all workers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def remember(self, project: str, extra_params: object) -> None:
        """Keep what `extra_params` say of locale, programme and workflow; what is not a name is not kept."""
        if not _PROJECT.fullmatch(project):
            return
        told = mapping(extra_params)
        wanted = Project(
            _matching(_LOCALE, told.get("locale")),
            _matching(_NAME, told.get("programme")),
            _matching(_NAME, told.get("workflow")),
        )
        if wanted not in (Project(), self.of(project)):
            self._write(project, wanted)

    def of(self, project: str) -> Project:
        """What was told of the project.

        >>> import tempfile
        >>> projects = Projects(Path(tempfile.mkdtemp()))
        >>> projects.remember("57.1795220153", {"locale": "ar-EG", "programme": "demo"})
        >>> projects.of("57.1795220153")
        Project(locale='ar-EG', programme='demo', workflow=None)
        """
        path = self._folder / project
        if not (_PROJECT.fullmatch(project) and path.exists()):
            return Project()
        return _read(path.read_text("ascii"))

    def _write(self, project: str, told: Project) -> None:
        # Written aside and renamed, so that another worker never reads half of it.
        aside = self._folder / f".{project}.{os.getpid()}.{threading.get_ident()}"
        aside.write_text(json.dumps(asdict(told)), "ascii")
        aside.replace(self._folder / project)


def _read(text: str) -> Project:
    """Earlier versions kept the locale alone."""
    return Project(**json.loads(text)) if text.startswith("{") else Project(text)


def _matching(pattern: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None
