"""The `concord guidelines` commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click

from guidelines.diff import at_revision, compare
from guidelines.drift import drift
from guidelines.errors import InvalidGuidelines, UnknownLocale
from guidelines.library import check_folder, load
from guidelines.model import Guideline, Question
from guidelines.options import root_option
from guidelines.publish import commands as publishing
from guidelines.scaffold import new_locale
from guidelines.sign_off import sign
from guidelines.status import matrix, table


@click.group("guidelines")
def guidelines_group() -> None:
    """Write, check, compare and publish the guidelines of all workflows and locales."""


for published in publishing.commands:
    guidelines_group.add_command(published)


@guidelines_group.command("check")
@root_option
def check_command(root: Path) -> None:
    """List every mistake in the guideline files, and what has drifted from the base.

    Each is told with file, line, what is wrong and how to mend it. A locale with a mistake is not served until it is
    mended; one that has only drifted (an older base, English left in, another language, no examples) still is.
    """
    problems, files = check_folder(root)
    problems = sorted({*problems, *drift(root)})
    if problems:
        raise InvalidGuidelines(problems)
    click.echo(f"{files} files in {root}: no problems")


@guidelines_group.command("show")
@click.argument("workflow")
@click.argument("locale")
@click.option("--html", is_flag=True, help="The guideline as HTML, as it goes to the labelling tool.")
@root_option
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


@guidelines_group.command("new")
@click.argument("locale")
@root_option
def new_command(locale: str, root: Path) -> None:
    """Write the files of a new LOCALE, and of its language where it has none, ready to be filled in."""
    written = new_locale(root, locale)
    for name in written:
        click.echo(name)
    click.echo(f"{len(written)} files written; `concord guidelines check` lists what is left to do")


@guidelines_group.command("status")
@click.option("--locale", "locales", multiple=True, help="Only this locale; can be given repeatedly.")
@click.option("--json", "as_json", is_flag=True, help="As JSON: locale, workflow, state.")
@root_option
def status_command(locales: tuple[str, ...], as_json: bool, root: Path) -> None:
    """Show how far every workflow is in every locale: complete, draft, stale or missing."""
    found = matrix(root)
    for tag in locales:
        if tag not in found:
            raise UnknownLocale(tag, found)
    found = {tag: row for tag, row in found.items() if not locales or tag in locales}
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(table(found)))


@guidelines_group.command("diff")
@click.argument("workflow")
@click.argument("locale")
@click.argument("other", required=False)
@click.option(
    "--against",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Another guideline folder, to compare with LOCALE there.",
)
@click.option("--since", metavar="REVISION", help="A git revision, to compare with LOCALE as it was then.")
@root_option
def diff_command(
    workflow: str, locale: str, other: str | None, against: Path | None, since: str | None, root: Path
) -> None:
    """Compare the guideline of WORKFLOW in LOCALE: with another locale, another folder or an earlier revision."""
    if sum(each is not None for each in (other, against, since)) != 1:
        raise click.UsageError("name one to compare with: another locale, --against or --since")
    library = load(root)
    with ExitStack() as stack:
        if since is not None:
            against = stack.enter_context(at_revision(root, since))
        before = library.guideline(workflow, locale) if other else load(against).guideline(workflow, locale)
    for line in compare(before, library.guideline(workflow, other or locale)):
        click.echo(line)


@guidelines_group.command("sign-off")
@click.argument("locale")
@click.argument("workflows", nargs=-1)
@click.option("--by", required=True, help="Who approves: the name of the locale's lead.")
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    default=lambda: datetime.now(UTC).replace(tzinfo=None),
    show_default="today",
    help="The day of the approval.",
)
@root_option
def sign_off_command(locale: str, workflows: tuple[str, ...], by: str, on: datetime, root: Path) -> None:
    """Sign off the files of LOCALE and of its language, for all WORKFLOWS or those named.

    A file in which `check` finds a problem is not signed. A later change of a file makes it a draft again.
    """
    written = sign(root, locale, workflows, by, on.date().isoformat())
    for name in written:
        click.echo(name)
    click.echo(f"{len(written)} files signed off by {by}")


commands: list[click.Command] = [guidelines_group]
