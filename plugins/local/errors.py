"""What can go wrong when services are run on this machine.

ConcordError
└── LocalServiceError        a service on this machine
    ├── PortInUse            another program listens on the port
    ├── ServiceMissing       the program is not installed
    ├── ServiceFailed        it ended, or was not ready in time; shows the end of its log
    └── DataFolderInUse      another `concord run` works on the same folder
"""

from __future__ import annotations

from pathlib import Path

from guidelines.errors import ConcordError


class LocalServiceError(ConcordError):
    """Something about a service on this machine."""


class PortInUse(LocalServiceError):
    """A port that another program listens on."""

    def __init__(self, port: int, option: str) -> None:
        super().__init__(
            f"port {port} is in use", fix=f"stop the program that uses it or choose another port with {option}"
        )
        self.port = port


class ServiceMissing(LocalServiceError):
    """A program that is not installed in this Python environment."""

    def __init__(self, program: str) -> None:
        super().__init__(
            f"{program} is not installed in this Python environment",
            fix='install it with: pip install "concord[server]", or use make run',
        )


class ServiceFailed(LocalServiceError):
    """A service that ended by itself or was not ready in time; `log` is its log file."""

    def __init__(self, what: str, log: Path, tail: str) -> None:
        shown = "\n".join(f"    {line}" for line in tail.splitlines()) or "    (the log is empty)"
        super().__init__(f"{what}; its log is {log} and ends with:\n{shown}")
        self.log = log


class DataFolderInUse(LocalServiceError):
    """A data folder that another running `concord run` holds."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"another concord run is using {folder}", fix="stop it with Ctrl-C or choose another folder with --data"
        )


class BrokenCredentials(LocalServiceError):
    """A file of secrets that does not hold them."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} does not hold this run's secrets",
            fix="put it back from a copy, or remove its whole folder to start over",
        )
