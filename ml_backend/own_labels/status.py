"""One training of a programme at a time, and how the last one went: `lock` and `status.json` in its folder of heads."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ml_backend.own_labels.errors import TrainingRuns

_LOCK, _STATUS = "lock", "status.json"

State = Literal["never", "training", "done", "failed", "interrupted"]


@dataclass(frozen=True)
class Status:
    """How the last training went, or goes; `languages` holds per language what came of it and what was missing."""

    state: State
    when: str = ""
    message: str = ""
    languages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@contextmanager
def training(folder: Path) -> Iterator[None]:
    """Hold the programme's training, told in its status; raises TrainingRuns where another process holds it.

    The system lets go of it when the process ends, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TrainingRuns(folder.name) from error
        write(folder, Status("training", languages=_read(folder).languages))
        yield


def write(folder: Path, status: Status) -> None:
    """Tell how it went, with the time; for those who hold the training."""
    told = asdict(status) | {"when": datetime.now(UTC).isoformat(timespec="seconds")}
    aside = folder / f".{_STATUS}.{os.getpid()}"
    aside.write_text(json.dumps(told, indent=1, ensure_ascii=False), "utf-8")
    aside.replace(folder / _STATUS)


def read(folder: Path) -> Status:
    """How the last training of the programme with this folder went; "interrupted" if its process ended before it."""
    status = _read(folder)
    if status.state == "training" and not _is_held(folder):
        return Status("interrupted", status.when, languages=status.languages)
    return status


def _read(folder: Path) -> Status:
    try:
        return Status(**json.loads((folder / _STATUS).read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):  # nothing yet, or nothing of ours
        return Status("never")


def _is_held(folder: Path) -> bool:
    try:
        with (folder / _LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
