"""Training when Label Studio asks for it: in a process of its own, which the request does not wait for."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Lock, Thread

from guidelines.errors import ConcordError
from plugins.tokens import token

URL, TOKEN = "CONCORD_LABEL_STUDIO_URL", "CONCORD_LABEL_STUDIO_TOKEN"

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
        if not self._label_studio.get(URL):
            return f"{URL} is not set for the ML backend"
        try:
            token(TOKEN, self._label_studio)
        except ConcordError as error:
            return error.message
        return None

    def _started(self, number: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ml_backend.own_labels.job", str(self._data), number]
        environ = {**os.environ, **self._label_studio}
        process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL)  # noqa: S603  # our own module
        Thread(target=process.wait, daemon=True).start()  # or it would stay behind as a zombie
        return process
