"""The command that fills a programme with model responses."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click
from tqdm import tqdm

import guidelines
from guidelines.options import guidelines_option
from ml_backend.config import Config
from ml_backend.errors import ItemsUnanswered
from ml_backend.models.asking import Models
from ml_backend.models.budget import Spent
from ml_backend.models.respond import Failure, Responder, lacking
from plugins.programme import load

_INTERRUPTED = 130  # the exit code of a program that Ctrl-C stopped
_STOPPING = "\nStopping: waiting for the answers under way."


@click.command()
@click.argument("programme_dir", metavar="PROGRAMME", type=click.Path(exists=True, file_okay=False, path_type=Path))
@guidelines_option
def respond(programme_dir: Path, guidelines_dir: Path | None) -> None:
    """Have models write the responses that the items of PROGRAMME lack, before it is pushed.

    Which models are asked, within which limits and budget, is in the file that CONCORD_ML_SETTINGS names. The models
    of each item are drawn at random, none twice while there are others. Answers are kept in the folder CONCORD_ML_DATA:
    run the command again after any failure, and nothing is asked twice.

    \b
    Example:
        concord respond my-programme
    """
    library = guidelines.load(guidelines_dir)
    programme = load(programme_dir, library, complete=False)
    number = lacking(programme, library)
    config = Config.from_env(os.environ)
    models = Models(config.settings, config.data)
    # The items were checked and counted; they are read again one by one.
    programme = replace(programme, items=())
    failures = _responded(Responder(programme, library, models), number)
    click.echo(f"{number - len(failures):,} items were filled; {_spending(models.budget.spent(programme.programme))}")
    if failures:
        raise ItemsUnanswered([str(failure) for failure in failures])


def _spending(spent: Spent) -> str:
    told = f"the programme has spent {spent.requests:,} requests and {spent.tokens:,} tokens"
    return f"{told}, {spent.estimated:,} of them estimated" if spent.estimated else told


def _responded(responder: Responder, number: int) -> list[Failure]:
    try:
        with tqdm(total=number, unit=" items", disable=None) as bar:
            return responder.respond(bar.update, on_stop=lambda: click.echo(_STOPPING, err=True))
    except KeyboardInterrupt:
        click.echo("Stopped. What was answered is kept: run the command again to go on.", err=True)
        raise SystemExit(_INTERRUPTED) from None


commands: list[click.Command] = [respond]
