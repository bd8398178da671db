"""`concord load`, `concord rebuild` and the statistics of the catalogue: the store without the service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from shutil import get_terminal_size
from typing import Any, TypeVar

import click
import orjson
from marshmallow import fields, missing, validate
from webargs.fields import DelimitedList

import guidelines
from analytics.ask import opened
from analytics.catalogue import STATISTICS, Statistic
from analytics.errors import StoreMissing
from analytics.intake import Intake
from analytics.locales import simulated_part
from analytics.output import declared, for_the_eye, plain, to_csv
from analytics.query import Query
from analytics.raw import RawBodies
from analytics.rebuild import rebuild
from analytics.store import FILE, Snapshot, Store
from guidelines.options import guidelines_option

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
_form = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="How to print the rows.",
)


def _option(name: str, field: fields.Field[Any]) -> Callable[[Command], Command]:
    """A parameter of a statistic as an option of its command."""
    default = None if field.load_default is missing else field.load_default
    if isinstance(default, list):
        default = ",".join(default)
    return click.option(
        f"--{name.replace('_', '-')}",
        name,
        type=_type(field),
        default=default,
        show_default=default is not None,
        help=_sentence(str(field.metadata["description"])),
    )


def _sentence(text: str) -> str:
    """
    >>> _sentence("only this locale, e.g. `fr-CA`")
    'Only this locale, e.g. fr-CA.'
    """
    return f"{text[:1].upper()}{text[1:]}.".replace("`", "")


def _type(field: fields.Field[Any]) -> click.ParamType[Any] | type:
    choices = [list(each.choices) for each in field.validators if isinstance(each, validate.OneOf)]
    if isinstance(field, DelimitedList):
        return _Names([each for check in field.inner.validators for each in check.choices])  # type: ignore[attr-defined]
    if choices:
        return click.Choice(choices[0])
    for limits in (each for each in field.validators if isinstance(each, validate.Range)):
        return (click.IntRange if isinstance(field, fields.Integer) else click.FloatRange)(limits.min, limits.max)
    return str


class _Names(click.ParamType[list[str]]):
    """Names, separated by commas: out of a list, or any where it is empty."""

    name = "a,b"

    def __init__(self, known: Sequence[str]) -> None:
        self._known = known

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        names = str(value).split(",")
        if self._known and (unknown := sorted(set(names) - set(self._known))):
            self.fail(f"{', '.join(unknown)}: choose from {', '.join(self._known)}", param, ctx)
        return names


def _command(statistic: Statistic) -> click.Command:
    """`concord <name>` with the parameters of the statistic."""

    def run(data: Path, guidelines_dir: Path | None, form: str, **asked: Any) -> None:
        with opened(data) as snapshot:
            rows = statistic.rows(snapshot, guidelines.load(guidelines_dir), Query.of(asked))
            found = [plain(row) for row in rows]
            _print(snapshot, form, asked, found, [line for row in found for line in statistic.lines(row)])

    declared_fields = statistic.takes().fields
    taken = [_option(name, field) for name, field in declared_fields.items() if name != "format"]
    for option in (_form, *reversed(taken), guidelines_option, _data):
        run = option(run)
    return click.command(statistic.name, help=f"{statistic.title}.\n\n{statistic.about}")(run)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@_data
def load(folder: Path, data: Path) -> None:
    """Load the Parquet frames in FOLDER, as `concord simulate` makes them, into a store."""
    with Store(data / FILE) as store:
        intake = Intake(store, RawBodies(data / "raw"), guidelines.load(), b"")
        found = intake.frames(folder)
    click.echo(f"{found.added:,} annotations added, {found.updated:,} updated, {found.unchanged:,} unchanged")


@click.command("rebuild")
@_data
@guidelines_option
@click.option(
    "--pseudonym-key",
    envvar="CONCORD_PSEUDONYM_KEY",
    show_envvar=True,
    required=True,
    help="The key of the service, or annotators get other names.",
)
def rebuild_command(data: Path, guidelines_dir: Path | None, pseudonym_key: str) -> None:
    """Build the store again from the raw bodies that were kept; the figures are the same."""
    if not data.is_dir():
        raise StoreMissing(data / FILE)
    count = rebuild(data, guidelines.load(guidelines_dir), pseudonym_key.encode())
    click.echo(f"{data / FILE} rebuilt from {count:,} bodies")


def _print(snapshot: Snapshot, form: str, asked: Mapping[str, Any], rows: Rows, lines: Rows) -> None:
    """Rows as asked; `lines` are the rows of tables and CSV."""
    simulated = simulated_part(snapshot, asked.get("workflow"), asked.get("locale"))
    if form == "json":
        answer = {"simulated": simulated, "rows": rows}
        click.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode())
    elif form == "csv":
        click.echo(to_csv(declared(lines, simulated)), nl=False)
    else:
        click.echo(for_the_eye(lines, get_terminal_size((120, 24)).columns) if lines else "nothing to show")
        if lines and simulated != "none":
            click.echo(f"simulated annotators: {simulated}")


commands: list[click.Command] = [load, rebuild_command, *(_command(each) for each in STATISTICS)]
