"""Files that are whole or not there, also after a power cut."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4


def write_file(path: Path, content: bytes) -> None:
    """Write a whole file under its final name; it is on disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{uuid4().hex}.unfinished")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    _sync(path.parent)


def append_line(path: Path, line: bytes) -> None:
    """Append a line; it is on disk when this returns. A line torn by an earlier crash is closed first."""
    new = not path.exists()
    with path.open("ab+") as file:
        if file.tell() and not _ends_whole(path):
            file.write(b"\n")
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if new:
        _sync(path.parent)


def move(path: Path, folder: Path) -> None:
    """Move a file into a folder on the same disk; it is there when this returns."""
    folder.mkdir(parents=True, exist_ok=True)
    path.rename(folder / path.name)
    _sync(folder)


def remove_unfinished(folder: Path) -> None:
    """Remove what a crash left half-written in this folder."""
    for path in folder.glob(".*.unfinished"):
        path.unlink()


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
