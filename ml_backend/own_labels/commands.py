"""`concord screen train`, `heads`, `rollback` and `calibrate`: what is done with a programme's own labels."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

import guidelines
from guidelines.options import guidelines_option
from ml_backend.calibration import Entry, Goal, calibrate, scored_texts, write_thresholds
from ml_backend.config import Config
from ml_backend.own_labels.labels import settle
from ml_backend.own_labels.run import train_programme
from ml_backend.own_labels.sources import collect
from ml_backend.own_labels.status import Status, read
from ml_backend.own_labels.store import Heads, Version
from plugins.programme import load
from plugins.screening import read_screening
from plugins.thresholds import read_thresholds

_SHARE = click.FloatRange(min=0, max=1, min_open=True)

programme_argument = click.argument(
    "programme_dir", metavar="PROGRAMME", type=click.Path(exists=True, file_okay=False, path_type=Path)
)


def source_options(command: Callable[..., None]) -> Callable[..., None]:
    """Where the labels come from."""
    for option in (
        click.option(
            "--argilla-url",
            envvar="CONCORD_ARGILLA_URL",
            show_envvar=True,
            help="Address of Argilla, for programmes whose source is argilla; the key is in CONCORD_ARGILLA_KEY.",
        ),
        click.option(
            "--label-studio-url",
            envvar="CONCORD_LABEL_STUDIO_URL",
            show_envvar=True,
            help="Address of Label Studio, for all others; the token is in CONCORD_LABEL_STUDIO_TOKEN.",
        ),
        click.option(
            "--labels",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="A file of labels in place of the labelling tool: JSON Lines with text, locale and harmful.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@programme_argument
@source_options
@guidelines_option
def train(programme_dir: Path, guidelines_dir: Path | None, labels: Path | None, **urls: str | None) -> None:
    """Learn from PROGRAMME's own safety labels: a head per language, in the folder CONCORD_ML_DATA.

    The labels are the answers to prompt_harm and response_harm of its safety_moderation projects, or those in --labels.
    A head screens as soon as the lower end of its AUC's interval on held-out texts reaches .70; running ML backends
    pick it up. Of a failed or interrupted training nothing is left: run it again.

    \b
    Example:
        concord screen train my-programme --labels labels.jsonl
    """
    library = guidelines.load(guidelines_dir)
    programme = load(programme_dir, library)
    collected = partial(collect, programme, library, labels, urls, os.environ)
    for each in train_programme(_data(), programme.programme, collected):
        counted = f"{each.labels} labels ({each.harmful} harmful, {each.undecided} undecided left out)"
        click.echo(f"{each.language}: {counted}: {each.said}")


@click.command()
@programme_argument
@guidelines_option
def heads(programme_dir: Path, guidelines_dir: Path | None) -> None:
    """List the heads of PROGRAMME with their figures, and say which are in use.

    For each language: its versions; the learning curve of the newest one (the AUC from so many labels, with its 95 %
    interval); and per locale how many texts were labelled, of how many.
    """
    programme = load(programme_dir, guidelines.load(guidelines_dir))
    found = Heads(_data(), programme.programme)
    status = read(found.folder)
    click.echo(f"training: {_told(status)}")
    for language in sorted({*found.languages(), *status.languages}):
        _tell(found, language, status)


@click.command()
@programme_argument
@click.argument("language")
@click.argument("version", type=click.IntRange(min=1), required=False)
@guidelines_option
def rollback(programme_dir: Path, language: str, version: int | None, guidelines_dir: Path | None) -> None:
    """Stop using PROGRAMME's head for LANGUAGE, and use the one before it, or VERSION.

    Heads that are rolled back are kept; name a newer VERSION to use it again.
    """
    programme = load(programme_dir, guidelines.load(guidelines_dir))
    current = Heads(_data(), programme.programme).roll_back(language, version)
    click.echo(f"{language}: {f'head {current.number} is in use' if current else 'no head is in use'}")


@click.command("calibrate")
@programme_argument
@click.option("--precision", type=_SHARE, help="Flag as much as this share of right findings allows.")
@click.option("--recall", type=_SHARE, help="Flag as little as finding this share of harmful texts needs.")
@source_options
@guidelines_option
def calibrate_command(
    programme_dir: Path,
    precision: float | None,
    recall: float | None,
    guidelines_dir: Path | None,
    labels: Path | None,
    **urls: str | None,
) -> None:
    """Set PROGRAMME's thresholds from the scores in its screening.jsonl and its own safety labels.

    Give --precision or --recall. Writes thresholds.yaml: per locale and screen the threshold with its held-out
    precision and recall. Where a locale has too few labels, those of its language or of the whole programme count, and
    it says so.

    \b
    Example:
        concord screen calibrate my-programme --precision 0.9
    """
    goal = _goal(precision, recall)
    library = guidelines.load(guidelines_dir)
    programme = load(programme_dir, library)
    before = read_thresholds(programme_dir)
    settled = settle(collect(programme, library, labels, urls, os.environ).votes)
    screening = read_screening(programme_dir, programme.items)
    found = Heads(_data(), programme.programme)
    entries = calibrate(scored_texts(programme, settled.labels, screening, found), goal)
    path = write_thresholds(programme_dir, entries, goal, before)
    click.echo(f"{len(settled.labels)} labelled texts, {settled.undecided} undecided left out: {path}")
    for entry in entries:
        click.echo(f"{entry.locale} {entry.screen}: {_set(entry, goal)}")


def _goal(precision: float | None, recall: float | None) -> Goal:
    if precision is not None and recall is None:
        return Goal("precision", precision)
    if recall is not None and precision is None:
        return Goal("recall", recall)
    raise click.UsageError("Give either --precision or --recall.")


def _set(entry: Entry, goal: Goal) -> str:
    whose = "" if entry.scope == "locale" else f" [labels of the {entry.scope}: {', '.join(entry.locales) or 'none'}]"
    if isinstance(entry.found, str):
        return f"no threshold: {entry.found}{whose}"
    found = entry.found
    texts = f"{found.texts} texts, {found.harmful} harmful"
    reached = found.precision if goal.measure == "precision" else found.recall
    short = f"; held out it falls short of {goal.at_least:g}" if reached.high < goal.at_least else ""
    return f"{found.threshold:.4g}: precision {found.precision}, recall {found.recall} on {texts}{whose}{short}"


commands: list[click.Command] = [train, heads, rollback, calibrate_command]


def _data() -> Path:
    return Config.from_env(os.environ).data


def _told(status: Status) -> str:
    return " ".join(filter(None, (status.state, status.when, status.message)))


def _tell(found: Heads, language: str, status: Status) -> None:
    versions, current = found.versions(language), found.in_use(language)
    last = status.languages.get(language, {}).get("said")
    click.echo(f"\n{language}: {f'head {current.number} is in use' if current else 'no head is in use'}")
    if last:
        click.echo(f"  last training: {last}")
    for each in versions:
        click.echo(f"  head {each.number}  {_figures(each)}  {_state(each, current)}")
    if versions:
        _tell_newest(versions[-1].about)


def _figures(version: Version) -> str:
    about = version.about
    total = about["harmful"] + about["harmless"]
    labels = f"{total} labels, {about['harmful']} harmful"
    labels += f", learnt from {about['learnt_from']} of them" if about["learnt_from"] < total else ""
    errors = f"Brier {about['brier']:.3f}  calibration error {about['calibration_error']:.3f}"
    return f"{about['made'][:16]}  {labels}  AUC {_interval(about['auc'])}  {errors}"


def _state(version: Version, current: Version | None) -> str:
    if current and version.number == current.number:
        return "in use"
    if version.rolled_back:
        return "rolled back"
    return "older" if version.about["passes"] else f"hidden: under the bar of {version.about['bar']:.2f}"


def _tell_newest(about: Mapping[str, Any]) -> None:
    points = [f"{point['texts']}: {_interval(point['auc'])}" for point in about["curve"]]
    click.echo(f"  learning curve: {', '.join(points) or 'too few labels'}")
    for locale, counted in about["locales"].items():
        labelled = counted["harmful"] + counted["harmless"] + counted["undecided"]
        of = f" of {counted['texts']}" if counted["texts"] else ""
        kinds = ", ".join(f"{counted[kind]} {kind}" for kind in ("harmful", "harmless", "undecided"))
        click.echo(f"  {locale}: {labelled}{of} texts labelled ({kinds})")


def _interval(told: Mapping[str, float]) -> str:
    return f"{told['value']:.2f} ({told['low']:.2f} to {told['high']:.2f})"
