"""Steps as people see them: what happens now, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def step(text: str) -> Iterator[None]:
    """Show `text` while the block runs, and its seconds behind it."""
    start = time.monotonic()
    click.echo(f"  {text} … ", nl=False)
    try:
        yield
    except BaseException:
        click.echo("not done")
        raise
    click.echo(f"{time.monotonic() - start:.1f} s")
