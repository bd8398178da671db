"""`concord simulate`: a programme of any size whose truth is known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from tqdm import tqdm

import guidelines
from guidelines.errors import ConcordError, UnknownWorkflow
from plugins.simulate.people import Population
from plugins.simulate.plan import LOCALES, Plan
from plugins.simulate.write import write


class ImpossiblePlan(ConcordError):
    """The numbers asked for do not fit together."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--workflow", default="preference", show_default=True, help="What is judged.")
@click.option(
    "--locales", default=35, show_default=True, type=click.IntRange(1, len(LOCALES)), help="How many locales."
)
@click.option("--annotators", default=9500, show_default=True, type=click.IntRange(1), help="People, over all locales.")
@click.option("--items", default=1000, show_default=True, type=click.IntRange(1), help="Items per locale.")
@click.option("--overlap", default=3, show_default=True, type=click.IntRange(1), help="Annotations per item.")
@click.option("--weeks", default=8, show_default=True, type=click.IntRange(1), help="Weeks the work is spread over.")
@click.option("--start", default="2026-01-05", show_default=True, type=click.DateTime(["%Y-%m-%d"]), help="First day.")
@click.option("--skill", default=0.8, show_default=True, help="Mean chance to know an answer, 0 to 1.")
@click.option("--skill-sd", default=0.1, show_default=True, help="Its standard deviation over people.")
@click.option(
    "--bias", default=0.0, show_default=True, help="Mean shift on ordered scales, in steps; above 0 is lenient."
)
@click.option("--bias-sd", default=0.2, show_default=True, help="Its standard deviation over people.")
@click.option("--drift", default=0.0, show_default=True, help="Mean change of skill per week.")
@click.option("--drift-sd", default=0.0, show_default=True, help="Its standard deviation over people.")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same data.")
def simulate(
    folder: Path,
    workflow: str,
    locales: int,
    annotators: int,
    items: int,
    overlap: int,
    weeks: int,
    start: datetime,
    seed: int,
    **population: float,
) -> None:
    """Write simulated work of annotators of known skill to FOLDER, as Parquet frames.

    Beside the frames of real work, `truth.parquet` holds the right answers and `skills.parquet` what each annotator
    can do, so that any estimate can be checked. `concord load FOLDER` puts the frames into an analytics store.
    """
    known = guidelines.load().workflows
    if workflow not in known:
        raise UnknownWorkflow(workflow, known)
    try:
        plan = Plan(
            known[workflow], LOCALES[:locales], annotators, items, overlap, weeks, Population(**population),
            start.replace(tzinfo=UTC), seed,
        )  # fmt: skip
    except ValueError as error:
        raise ImpossiblePlan(str(error), fix="see `concord simulate --help`") from error
    with tqdm(total=locales, unit="locale", desc="simulating") as bar:

        def done(locale: str) -> None:
            bar.set_postfix_str(locale, refresh=False)
            bar.update()

        rows = write(plan, folder, done)
    for name, count in rows.items():
        click.echo(f"{folder / name}.parquet  {count:,} rows")


commands: list[click.Command] = [simulate]
