"""A child process that has a log, is waited for until it answers, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from plugins.local import launch
from plugins.local.errors import ServiceFailed, ServiceMissing

_POLL_S = 0.1


def installed_program(name: str) -> str:
    """The path of a program installed beside this Python; raises ServiceMissing."""
    path = shutil.which(name, path=str(Path(sys.executable).parent))
    if path is None:
        raise ServiceMissing(name)
    return path


class Process:
    """A started service: `name` is shown to people, `log` holds everything it writes.

    It runs in a session of its own, so Ctrl-C reaches only us and `stop` reaches only it and its children. On Linux
    it also ends when the thread that started it ends, however that happens.
    """

    def __init__(
        self, name: str, command: Sequence[str], *, log: Path, env: Mapping[str, str], cwd: Path | None = None
    ) -> None:
        """Start `command` (its first word an absolute path) with exactly the environment `env`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        self.name, self.log = name, log
        self._log_start = log.stat().st_size if log.exists() else 0
        launcher = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid())]
        with log.open("ab") as out:
            self._popen = subprocess.Popen(  # noqa: S603 - our own argument list, no shell
                [*launcher, *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id, which is also the id of its process group."""
        return self._popen.pid

    def has_ended(self) -> bool:
        """Whether it ended, by itself or by `stop`."""
        if self._popen.returncode is not None:
            return True
        # WNOWAIT leaves the ended process in the table, so that `stop` cannot signal a group that took over its id.
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def wait_until_ready(self, url: str, *, timeout_s: float) -> None:
        """Return when `url` answers 200; raises ServiceFailed when it ends first or `timeout_s` seconds pass."""
        deadline = time.monotonic() + timeout_s
        while not _answers(url):
            if self.has_ended():
                raise self.failure("ended while starting")
            if time.monotonic() > deadline:
                raise self.failure(f"was not ready after {timeout_s:.0f} s")
            time.sleep(_POLL_S)

    def wait_until_done(self, *, timeout_s: float) -> None:
        """Return when it ended well; raises ServiceFailed when it ended with an error or `timeout_s` seconds pass."""
        deadline = time.monotonic() + timeout_s
        while not self.has_ended():
            if time.monotonic() > deadline:
                raise self.failure(f"was not done after {timeout_s:.0f} s")
            time.sleep(_POLL_S)
        if self._popen.wait() != 0:
            raise self.failure(f"ended with code {self._popen.returncode}")

    def failure(self, what: str) -> ServiceFailed:
        """The error that says `what` happened to this service, with the end of its log."""
        return ServiceFailed(f"{self.name} {what}", self.log, self.log_tail())

    def log_tail(self, lines: int = 15) -> str:
        """The last lines written since this start."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            written = log.read().decode("utf-8", "replace")
        return "\n".join(written.splitlines()[-lines:])

    def stop(self, *, grace_s: float = 10.0) -> None:
        """Ask the process group to end, wait up to `grace_s` seconds, then kill what is left of it."""
        if self._popen.returncode is not None:
            return
        os.killpg(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        while not self.has_ended() and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2.0, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
