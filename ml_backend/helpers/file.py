"""A programme's `suggestions.jsonl` while it is being written: by one process, whole lines only."""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ml_backend.errors import ProgrammeBusy
from plugins.suggestions import Suggestion

_BLOCK = 65536


@contextmanager
def appending(path: Path) -> Iterator[BinaryIO]:
    """The file, opened to add lines; what a killed process left of a last line is taken away.

    Raises ProgrammeBusy while another process has it.
    """
    with path.open("ab+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ProgrammeBusy(path.parent) from error
        file.truncate(_end_of_last_line(file))
        yield file


def _end_of_last_line(file: BinaryIO) -> int:
    """How many bytes of the file are whole lines."""
    end = file.seek(0, 2)
    while end:
        start = max(0, end - _BLOCK)
        file.seek(start)
        if (at := file.read(end - start).rfind(b"\n")) >= 0:
            return start + at + 1
        end = start
    return 0


def add(file: BinaryIO, suggestions: Iterable[Suggestion]) -> None:
    """Add these lines, all at once, so that they are in the file whatever happens to the process."""
    file.write("".join(f"{each.to_json()}\n" for each in suggestions).encode())
    file.flush()
