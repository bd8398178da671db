"""Training when Label Studio asks for it: in a process of its own, which the request does not wait for.

`python -m ml_backend.own_labels.calls DATA PROJECT` is that process.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Lock, Thread

import guidelines
from guidelines.errors import ConcordError
from ml_backend.own_labels.errors import HeadError
from ml_backend.own_labels.run import train_programme
from ml_backend.own_labels.sources import from_label_studio
from plugins.label_studio.api import Api
from plugins.marker import read_marker
from plugins.tokens import token

_URL, _TOKEN = "CONCORD_LABEL_STUDIO_URL", "CONCORD_LABEL_STUDIO_TOKEN"

_log = logging.getLogger(__name__)


class Trainings:
    """The trainings that this worker has started; `label_studio` are the variables that say where to read the labels.

    The token that Label Studio sends when a backend is attached is not kept, so it needs one of its own.
    """

    def __init__(self, data: Path, label_studio: Mapping[str, str]) -> None:
        self._data, self._label_studio = data.resolve(), label_studio
        self._lock = Lock()
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, project: str) -> dict[str, str]:
        """Start training the programme of this project (its id, or the unique name `<id>.<seconds>`).

        Returns at once with what the answer says: "training", or "not started" and the reason.
        """
        number = project.partition(".")[0]
        if reason := self._missing(number):
            _log.warning("no training: %s", reason)
            return {"status": "not started", "reason": reason}
        with self._lock:
            if number not in self._running or self._running[number].poll() is not None:
                self._running[number] = self._started(number)
        return {"status": "training"}

    def _missing(self, number: str) -> str | None:
        if not number.isdecimal():
            return "the request names no project"
        if not self._label_studio.get(_URL):
            return f"{_URL} is not set for the ML backend"
        try:
            token(_TOKEN, self._label_studio)
        except ConcordError as error:
            return error.message
        return None

    def _started(self, number: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ml_backend.own_labels.calls", str(self._data), number]
        environ = {**os.environ, **self._label_studio}
        process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL)  # noqa: S603  # our own module
        Thread(target=process.wait, daemon=True).start()  # or it would stay behind as a zombie
        return process


def train_project(data: Path, project: int, environ: Mapping[str, str]) -> list[str]:
    """Train the programme that a project of Label Studio belongs to; what came of each language, a line each.

    Raises ConcordError.
    """
    folder = environ.get("CONCORD_GUIDELINES")
    library = guidelines.load(Path(folder) if folder else None)
    with Api(environ[_URL], token(_TOKEN, environ)) as api:
        marker = read_marker(api.project(project).description)
        if marker is None:
            raise HeadError(f"project {project} is not of Concord's making", fix="make it with `concord push`")
        name = marker.programme
        results = train_programme(data, name, lambda: from_label_studio(api, name, library))
    return [f"{name} {each.language}: {each.labels} labels: {each.said}" for each in results]


def main() -> int:
    """The process: 0 when it has trained, 1 when it could not and the log says why."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s own_labels: %(message)s")
    try:
        for line in train_project(Path(sys.argv[1]), int(sys.argv[2]), os.environ):
            _log.info("%s", line)
    except ConcordError as error:
        _log.error("no training: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
