"""Steps as people see them: what happens now, and how long it took."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import click

# Says what a step is doing at the moment.
Note = Callable[[str], None]

# `with step("What happens") as note:` shows people what takes time.
Step = Callable[[str], AbstractContextManager[Note]]

_CLEAR_LINE = "\r\033[K"


@contextmanager
def step(text: str) -> Iterator[Note]:
    """Show `text` while the block runs, and its seconds behind it; a terminal also shows each note, in that line."""
    start = time.monotonic()
    ending = "not done"
    on_terminal = sys.stdout.isatty()

    def note(detail: str) -> None:
        if on_terminal:
            line = f"  {text} … {time.monotonic() - start:.0f} s, {detail}"
            click.echo(_CLEAR_LINE + line[: shutil.get_terminal_size().columns - 1], nl=False)

    click.echo(f"  {text} … ", nl=False)
    try:
        yield note
        ending = f"{time.monotonic() - start:.1f} s"
    finally:
        click.echo(f"{_CLEAR_LINE}  {text} … {ending}" if on_terminal else ending)
