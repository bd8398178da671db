"""The locale of each Label Studio project, as told when the backend is attached: tasks do not carry it."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

from ml_backend.tasks import mapping

_PROJECT = re.compile(r"\d{1,20}(\.\d{1,20})?")
_LOCALE = re.compile(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8}){0,8}")


class Locales:
    """A folder with one small file a project, shared by all workers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def remember(self, project: str, extra_params: object) -> None:
        """Keep `extra_params.locale`, if there is one."""
        locale = mapping(extra_params).get("locale")
        if not (isinstance(locale, str) and _LOCALE.fullmatch(locale) and _PROJECT.fullmatch(project)):
            return
        if self.of(project) != locale:
            self._write(project, locale)

    def of(self, project: str) -> str | None:
        """The project's locale, None where it was never told.

        >>> import tempfile
        >>> locales = Locales(Path(tempfile.mkdtemp()))
        >>> locales.remember("57.1795220153", {"locale": "ar-EG"})
        >>> locales.of("57.1795220153")
        'ar-EG'
        """
        path = self._folder / project
        return path.read_text("ascii") if _PROJECT.fullmatch(project) and path.exists() else None

    def _write(self, project: str, locale: str) -> None:
        # Written aside and renamed, so that another worker never reads half a locale.
        aside = self._folder / f".{project}.{os.getpid()}.{threading.get_ident()}"
        aside.write_text(locale, "ascii")
        aside.replace(self._folder / project)
