"""`concord guidelines book` and `concord guidelines course`."""

from __future__ import annotations

from pathlib import Path

import click

from guidelines.library import load
from guidelines.options import root_option
from guidelines.publish.book import book
from guidelines.publish.course import course
from guidelines.publish.pdf import print_pdf
from guidelines.publish.qualification import write_items, write_programme

_workflows = click.option("--workflow", "workflows", multiple=True, help="Only this workflow; can be given repeatedly.")
_output = click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default="the current folder",
    help="The folder to write to.",
)


@click.command("book")
@click.argument("locale")
@_workflows
@click.option("--pdf", is_flag=True, help="Print it to PDF too; needs Chromium or Google Chrome.")
@_output
@root_option
def book_command(locale: str, workflows: tuple[str, ...], pdf: bool, output: Path, root: Path) -> None:
    """Publish the guideline book of LOCALE as one HTML page."""
    page = book(load(root), locale, workflows or None)
    path = _written(output / f"guidelines-{locale}.html", page)
    if pdf:
        print_pdf(page, path.with_suffix(".pdf"))
        click.echo(path.with_suffix(".pdf"))


@click.command("course")
@click.argument("locale")
@_workflows
@_output
@root_option
def course_command(locale: str, workflows: tuple[str, ...], output: Path, root: Path) -> None:
    """Make courses of LOCALE, one HTML page a workflow, and a qualification programme with known answers."""
    library = load(root)
    guidelines = [library.guideline(name, locale) for name in workflows or library.workflows]
    programme = output / f"qualification-{locale}"
    for guideline in guidelines:
        _written(output / f"course-{guideline.workflow.id}-{locale}.html", course(guideline))
        click.echo(write_items(guideline, programme))
    click.echo(write_programme(guidelines, programme))


def _written(path: Path, page: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    click.echo(path)
    return path


commands: list[click.Command] = [book_command, course_command]
