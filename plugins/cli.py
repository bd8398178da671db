"""`concord push` and `concord pull`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

import guidelines
from guidelines.options import guidelines_option
from plugins import argilla
from plugins.analytics_client import WEBHOOK_PATH, AnalyticsClient
from plugins.errors import MissingToken
from plugins.label_studio.api import Api
from plugins.label_studio.pull import pull
from plugins.label_studio.push import Attachments, push
from plugins.programme import load
from plugins.projects import Project
from plugins.pulling import OnPage, Progress, PulledProject
from plugins.pushing import PushReport
from plugins.tokens import token

ARGILLA = "argilla"  # the source of programmes that Argilla serves

_SECRETS = """

\b
Secrets come from the environment, or from a file named by the same variable with _FILE:
  CONCORD_LABEL_STUDIO_TOKEN  an access token of Label Studio
  CONCORD_ARGILLA_KEY         the API key of an owner of Argilla
  CONCORD_INGEST_TOKEN        the analytics service's token for writing
"""


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """What both commands take: the programme, the guidelines, and the servers."""
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    for option in (
        click.option(
            "--analytics-url",
            envvar="CONCORD_ANALYTICS_URL",
            required=True,
            show_envvar=True,
            help="Address of the analytics service.",
        ),
        click.option(
            "--argilla-url",
            envvar="CONCORD_ARGILLA_URL",
            show_envvar=True,
            help="Address of Argilla, for programmes whose source is argilla.",
        ),
        click.option(
            "--label-studio-url",
            envvar="CONCORD_LABEL_STUDIO_URL",
            show_envvar=True,
            help="Address of Label Studio, for all other programmes.",
        ),
        guidelines_option,
        click.argument("programme_dir", type=folder),
    ):
        command = option(command)
    return command


@click.command(
    "push",
    epilog=_SECRETS + "  CONCORD_WEBHOOK_TOKEN       the token that webhooks carry\n"
    "  CONCORD_ML_BASIC_AUTH       user:password of the ML backend, if it asks for one",
)
@_options
@click.option(
    "--webhook-url",
    envvar="CONCORD_WEBHOOK_URL",
    show_envvar=True,
    help="Address of the analytics service as Label Studio sees it; the same as --analytics-url unless given.",
)
@click.option(
    "--ml-backend-url",
    envvar="CONCORD_ML_BACKEND_URL",
    show_envvar=True,
    help="Address of the ML backend as Label Studio sees it; none is attached unless given.",
)
def push_command(
    programme_dir: Path,
    guidelines_dir: Path | None,
    label_studio_url: str | None,
    argilla_url: str | None,
    analytics_url: str,
    webhook_url: str | None,
    ml_backend_url: str | None,
) -> None:
    """Create or update the programme's projects in the labelling tool that its source names.

    In Label Studio one project per workflow and locale, with its label config, instructions, overlap, webhook and ML
    backend; in Argilla one workspace per locale with a dataset per workflow. What screens found over the programme's
    thresholds goes to a second project that hides its texts. Models, vendors, response order, gold answers and what
    screens said go to analytics alone. Running it again changes only what differs.
    """
    library = guidelines.load(guidelines_dir)
    programme = load(programme_dir, library)
    if programme.source == ARGILLA:
        with _argilla(argilla_url) as tool, _analytics(analytics_url) as analytics:
            report = argilla.push(programme, library, tool, analytics, on_step=click.echo)
    else:
        attachments = Attachments(
            (webhook_url or analytics_url).rstrip("/") + WEBHOOK_PATH,
            token("CONCORD_WEBHOOK_TOKEN", os.environ),
            ml_backend_url,
            _basic_auth(),
        )
        with _label_studio(label_studio_url) as api, _analytics(analytics_url) as analytics:
            report = push(programme, library, api, analytics, attachments, on_step=click.echo)
    _tell_pushed(report)


@click.command("pull", epilog=_SECRETS)
@_options
@click.option(
    "--progress-file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="CONCORD_PULL_PROGRESS",
    show_envvar=True,
    help="Where an interrupted pull notes how far it got; below the programme's .concord folder unless given.",
)
def pull_command(
    programme_dir: Path,
    guidelines_dir: Path | None,
    label_studio_url: str | None,
    argilla_url: str | None,
    analytics_url: str,
    progress_file: Path | None,
) -> None:
    """Bring everything the labelling tool holds of the programme into analytics.

    It heals whatever a webhook missed, deletions too. An interrupted pull goes on where it stopped.
    """
    programme = load(programme_dir, guidelines.load(guidelines_dir))
    progress = Progress(progress_file or programme_dir / ".concord" / "pull.json")
    with tqdm(unit=" tasks", disable=None) as bar, _analytics(analytics_url) as analytics:
        on_page = _shown_on(bar)
        if programme.source == ARGILLA:
            with _argilla(argilla_url) as tool:
                _tell_each(argilla.pull(programme, tool, analytics, progress, on_page=on_page), bar)
        else:
            with _label_studio(label_studio_url) as api:
                _tell_each(pull(programme, api, analytics, progress, on_page=on_page), bar)


def _shown_on(bar: tqdm[Any]) -> OnPage:
    def on_page(project: Project, done: int, left: int) -> None:
        bar.set_description(f"{project.workflow} {project.locale}")
        bar.total = done + left
        bar.n = done
        bar.refresh()

    return on_page


def _tell_each(pulled: Iterator[PulledProject], bar: tqdm[Any]) -> None:
    for each in pulled:
        bar.clear()
        _tell_pulled(each)


def _label_studio(url: str | None) -> Api:
    return Api(_given(url, "--label-studio-url"), token("CONCORD_LABEL_STUDIO_TOKEN", os.environ))


def _argilla(url: str | None) -> argilla.Api:
    return argilla.Api(_given(url, "--argilla-url"), token("CONCORD_ARGILLA_KEY", os.environ))


def _given(url: str | None, option: str) -> str:
    if url is None:
        raise click.UsageError(f"Missing option '{option}'.")
    return url


def _analytics(url: str) -> AnalyticsClient:
    return AnalyticsClient(url, token("CONCORD_INGEST_TOKEN", os.environ))


def _basic_auth() -> tuple[str, str] | None:
    try:
        user, _, password = token("CONCORD_ML_BASIC_AUTH", os.environ).partition(":")
    except MissingToken:
        return None
    return user, password


def _tell_pushed(report: PushReport) -> None:
    for each in report.projects:
        tasks = f"{each.tasks} tasks, {each.tasks_added} of them new"
        click.echo(f"{each.name}: project {each.project} {each.change}, {tasks}")
    for told in report.told:
        click.echo(told, err=True)
    if report.without_account:
        missing = ", ".join(report.without_account)
        click.echo(f"without an account in the labelling tool (create it, then push again): {missing}", err=True)


def _tell_pulled(pulled: PulledProject) -> None:
    counts = ", ".join(f"{number} {name}" for name, number in pulled.counts.items())
    click.echo(f"{pulled.project.workflow} {pulled.project.locale}: {pulled.tasks} tasks; annotations: {counts}")
    for row in pulled.refused:
        click.echo(f"  refused {row['row']}: {row['field']}: {row['message']}; {row['fix']}", err=True)


commands: list[click.Command] = [push_command, pull_command]
