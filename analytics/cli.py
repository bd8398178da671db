"""`concord load`, `agreement`, `quality`, `trends` and `rebuild`: the store without the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

import guidelines
from analytics.errors import StoreMissing
from analytics.intake import Intake
from analytics.locales import simulated_part
from analytics.output import declared, exploded, plain, shortened, to_csv, to_table
from analytics.queries import GROUPINGS, OVER, Query, agreement_rows, quality_rows, trend_rows
from analytics.raw import RawBodies
from analytics.rebuild import rebuild
from analytics.store import FILE, Snapshot, Store

Command = TypeVar("Command", bound=Callable[..., Any])
Rows = Sequence[Mapping[str, Any]]

_data = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="CONCORD_DATA",
    show_envvar=True,
    required=True,
    help="The service's data folder.",
)
_guidelines = click.option(
    "--guidelines",
    "guidelines_root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    envvar="CONCORD_GUIDELINES",
    show_envvar=True,
    help="The guideline folder; the packaged one if not given.",
)
_over = click.option(
    "--over", type=click.Choice(OVER), default=OVER[0], show_default=True, help="For whom the interval should hold."
)


def _columns(_context: click.Context, _option: click.Parameter, text: str) -> tuple[str, ...]:
    columns = tuple(text.split(","))
    unknown = set(columns) - set(GROUPINGS)
    if unknown:
        raise click.BadParameter(f"{', '.join(sorted(unknown))}: choose from {', '.join(GROUPINGS)}")
    return columns


def _asked(command: Command) -> Command:
    """The options that every statistic has."""
    options = [
        _data,
        _guidelines,
        click.option("--workflow", help="Only this workflow."),
        click.option("--question", help="Only this question."),
        click.option("--locale", help="Only this locale."),
        click.option("--by", default="locale", show_default=True, callback=_columns, help="Columns to group by: a,b."),
        click.option(
            "--format",
            "form",
            type=click.Choice(["table", "csv", "json"]),
            default="table",
            show_default=True,
            help="How to print the rows.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@_data
def load(folder: Path, data: Path) -> None:
    """Load the Parquet frames in FOLDER, as `concord simulate` makes them, into a store."""
    with Store(data / FILE) as store:
        intake = Intake(store, RawBodies(data / "raw"), guidelines.load(), b"")
        found = intake.frames(folder)
    click.echo(f"{found.added:,} annotations added, {found.updated:,} updated, {found.unchanged:,} unchanged")


@click.command()
@_asked
@_over
def agreement(data: Path, guidelines_root: Path | None, form: str, **asked: Any) -> None:
    """Agreement between annotators, per question, with intervals; 1 is best."""
    with _opened(data) as snapshot:
        found = [plain(row) for row in agreement_rows(snapshot, guidelines.load(guidelines_root), Query(**asked))]
        _print(snapshot, form, asked, found, found)


@click.command()
@_asked
@_over
def quality(data: Path, guidelines_root: Path | None, form: str, **asked: Any) -> None:
    """MQM scores: mean penalty per annotation, with intervals; 0 is best."""
    with _opened(data) as snapshot:
        found = [plain(row) for row in quality_rows(snapshot, guidelines.load(guidelines_root), Query(**asked))]
        _print(snapshot, form, asked, found, found)


@click.command()
@_asked
def trends(data: Path, guidelines_root: Path | None, form: str, **asked: Any) -> None:
    """Weekly error rates by category, and whether they rise or fall; one line is one week."""
    with _opened(data) as snapshot:
        found = [plain(row) for row in trend_rows(snapshot, guidelines.load(guidelines_root), Query(**asked))]
        _print(snapshot, form, asked, found, [week for row in found for week in exploded(row, "weeks")])


@click.command("rebuild")
@_data
@_guidelines
@click.option(
    "--pseudonym-key",
    envvar="CONCORD_PSEUDONYM_KEY",
    show_envvar=True,
    required=True,
    help="The key of the service, or annotators get other names.",
)
def rebuild_command(data: Path, guidelines_root: Path | None, pseudonym_key: str) -> None:
    """Build the store again from the raw bodies that were kept; the figures are the same."""
    if not data.is_dir():
        raise StoreMissing(data / FILE)
    count = rebuild(data, guidelines.load(guidelines_root), pseudonym_key.encode())
    click.echo(f"{data / FILE} rebuilt from {count:,} bodies")


@contextmanager
def _opened(data: Path) -> Iterator[Snapshot]:
    path = data / FILE
    if not path.is_file():
        raise StoreMissing(path)
    with Store(path) as store, store.snapshot() as snapshot:
        yield snapshot


def _print(snapshot: Snapshot, form: str, asked: Mapping[str, Any], rows: Rows, lines: Rows) -> None:
    """Rows as asked; `lines` are the rows of tables and CSV."""
    simulated = simulated_part(snapshot, asked["workflow"], asked["locale"])
    if form == "json":
        answer = {"simulated": simulated, "rows": rows}
        click.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode())
    elif form == "csv":
        click.echo(to_csv(declared(lines, simulated)), nl=False)
    else:
        click.echo(to_table([shortened(line) for line in lines]) if lines else "nothing to show")
        if lines and simulated != "none":
            click.echo(f"simulated annotators: {simulated}")


commands: list[click.Command] = [load, agreement, quality, trends, rebuild_command]
