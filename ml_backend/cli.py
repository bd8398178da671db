"""Commands of the ML backend."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click
from tqdm import tqdm

import guidelines
from guidelines.options import guidelines_option
from ml_backend import screen_programme, screen_table
from ml_backend.config import Config
from ml_backend.own_labels import commands as own_labels
from ml_backend.prescreen import Prescreen
from ml_backend.screens import registry
from ml_backend.screens.toxicity import commands as toxicity
from plugins.programme import load


class _Screen(click.Group):
    """A group whose first word may also be a file or a programme, which is then screened."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["texts", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_Screen,
    commands=[*own_labels.commands, *toxicity.commands],
    subcommand_metavar="FILE|PROGRAMME|COMMAND [OPTIONS]",
)
def screen() -> None:
    """Screen texts before they are pushed: a file of items, or a programme.

    \b
    Examples:
        concord screen items.jsonl > screened.jsonl
        concord screen my-programme
    """


@screen.command()
@click.argument("path", metavar="FILE|PROGRAMME", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write; standard output unless given."
)
@guidelines_option
def texts(path: Path, output: Path | None, guidelines_dir: Path | None) -> None:
    """Screen a file of items or a programme; what `concord screen FILE` and `concord screen PROGRAMME` do.

    FILE is JSON Lines, CSV or Parquet with item, prompt and, if known, locale and responses (or response_a, response_b,
    …). The answer is the same rows in the same format with what the screens say: `prescreen` as JSON and, in CSV and
    Parquet, columns with the scores for the prompt. PROGRAMME is a programme's folder: the answer goes into
    screening.jsonl there, which `concord push` reads.

    Prompts are compared with each other and with all that the ML backend of the folder CONCORD_ML_DATA has seen, and
    are remembered there.
    """
    if path.is_dir():
        _programme(path, guidelines_dir)
    else:
        _table(path, output)


def _table(path: Path, output: Path | None) -> None:
    items = screen_table.check(path)
    with _written(output) as out, tqdm(total=items, unit=" items", disable=None) as bar:
        screen_table.screen(path, _prescreen(), out, bar.update)


@contextmanager
def _written(output: Path | None) -> Iterator[IO[bytes]]:
    """The file or the standard output, as bytes: a Parquet file is no text."""
    if output is None:
        yield sys.stdout.buffer
    else:
        with output.open("wb") as file:
            yield file


def _programme(folder: Path, guidelines_dir: Path | None) -> None:
    programme = load(folder, guidelines.load(guidelines_dir))
    with tqdm(total=len(programme.items), unit=" items", disable=None) as bar:
        path = screen_programme.screen(programme, _prescreen(), bar.update)
    click.echo(f"{len(programme.items)} items screened: {path}")


def _prescreen() -> Prescreen:
    config = Config.from_env(os.environ)
    screens = registry.build(config.settings, config.data)
    return Prescreen(screens, registry.absent(config.settings, screens))


commands: list[click.Command] = [screen]
