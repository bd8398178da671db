"""The `concord guidelines` commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from guidelines.errors import InvalidGuidelines
from guidelines.folder import PACKAGED
from guidelines.library import check_folder, load
from guidelines.model import Guideline, Question
from guidelines.publish import commands as publishing

_root = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="CONCORD_GUIDELINES",
    default=PACKAGED,
    show_default="the packaged guidelines",
    help="The folder that holds base/ and locales/.",
)


@click.group("guidelines")
def guidelines_group() -> None:
    """Check and read the guidelines of all workflows and locales."""


for published in publishing.commands:
    guidelines_group.add_command(published)


@guidelines_group.command("check")
@_root
def check_command(root: Path) -> None:
    """List every mistake in the guideline files: file, line, what is wrong, how to mend it."""
    problems, files = check_folder(root)
    if problems:
        raise InvalidGuidelines(problems)
    click.echo(f"{files} files in {root}: no problems")


@guidelines_group.command("show")
@click.argument("workflow")
@click.argument("locale")
@click.option("--html", is_flag=True, help="The guideline as HTML, as it goes to the labelling tool.")
@_root
def show_command(workflow: str, locale: str, html: bool, root: Path) -> None:
    """Print what annotators of LOCALE see in WORKFLOW: its version, its questions with their codes, its guideline."""
    guideline = load(root).guideline(workflow, locale)
    click.echo(guideline.html if html else "\n".join(_lines(guideline)))


def _lines(guideline: Guideline) -> Iterator[str]:
    workflow = guideline.workflow
    yield f"{guideline.version} ({guideline.status}, {guideline.direction})"
    yield f"\n{workflow.title}\n{workflow.summary}"
    yield "".join(f"\n  {name}: {text}" for name, text in workflow.texts.items())
    for question in workflow.questions:
        yield from _question_lines(question)
    yield f"\n{guideline.markdown}"


def _question_lines(question: Question) -> Iterator[str]:
    yield f"\n{question.title} [{question.id}, {question.kind}]"
    if question.hint:
        yield f"  {question.hint}"
    for choice in question.choices:
        yield f"  - {choice.title} [{choice.code}]" + (f": {choice.hint}" if choice.hint else "")
    for severity in question.severities:
        yield f"  - {severity.title} [{severity.code}, {severity.weight:g}]"


commands: list[click.Command] = [guidelines_group]
