"""`concord suggest`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

import click
from tqdm import tqdm

import guidelines
from guidelines import Library
from guidelines.options import guidelines_option
from ml_backend.config import Config
from ml_backend.errors import HelperMissing, SuggestionsFailed
from ml_backend.helpers.chat import ChatHelper
from ml_backend.helpers.file import appending
from ml_backend.helpers.grammar import GrammarHelper
from ml_backend.helpers.language_tool import LanguageTool
from ml_backend.helpers.model import Helper
from ml_backend.helpers.run import Made, make, missing
from ml_backend.models.asking import Models
from ml_backend.models.patience import Patience
from plugins.programme import Programme, load
from plugins.suggestion_rules import SuggestionRule
from plugins.suggestions import FILE, read_suggestions

_INTERRUPTED = 130  # the exit code of a program that Ctrl-C stopped

Prepare = Callable[[SuggestionRule, Event], Helper]


@click.command()
@click.argument("programme_dir", metavar="PROGRAMME", type=click.Path(exists=True, file_okay=False, path_type=Path))
@guidelines_option
def suggest(programme_dir: Path, guidelines_dir: Path | None) -> None:
    """Have helpers suggest answers for PROGRAMME, as its programme.yaml says, before it is pushed.

    The models and the LanguageTool server are those of the file that CONCORD_ML_SETTINGS names. Suggestions are added
    to suggestions.jsonl in the programme's folder: run the command again after any failure, and nothing is asked twice.

    \b
    Example:
        concord suggest my-programme
    """
    library = guidelines.load(guidelines_dir)
    programme = load(programme_dir, library)
    if not programme.suggestions:
        click.echo("programme.yaml names no helpers under suggestions: there is nothing to do")
        return
    prepare = _preparing(programme, Config.from_env(os.environ))
    try:
        made = _make_all(programme, library, prepare)
    except KeyboardInterrupt:
        click.echo("Stopped. What was suggested is kept: run the command again to go on.", err=True)
        raise SystemExit(_INTERRUPTED) from None
    for each in made:
        _tell(each)
    if failures := [_failure(each, text) for each in made for text in _failures(each)]:
        raise SuggestionsFailed(failures)


def _preparing(programme: Programme, config: Config) -> Prepare:
    """How a rule gets its helper; raises HelperMissing before anything is asked."""
    settings = config.settings
    for rule in programme.suggestions:
        if rule.model is not None and rule.model not in settings.models:
            known = ", ".join(settings.models) or "none are defined"
            message = f"the settings have no model {rule.model!r}, which {rule.helper} of {rule.workflow} is to ask"
            raise HelperMissing(message, fix=f"define it in the file of CONCORD_ML_SETTINGS, or choose: {known}")
        if rule.helper == "grammar" and settings.language_tool is None:
            fix = "give its address as language_tool in the file of CONCORD_ML_SETTINGS"
            raise HelperMissing("the settings have no LanguageTool server", fix=fix)
    models = Models(settings, config.data)
    server = LanguageTool(settings.language_tool) if settings.language_tool else None

    def prepare(rule: SuggestionRule, stopped: Event) -> Helper:
        if rule.helper == "grammar":
            assert server is not None  # noqa: S101 - checked above
            return GrammarHelper(server)
        patience = Patience(ahead=True, stopped=stopped)
        return ChatHelper(rule.helper, models, settings.models[str(rule.model)], programme.programme, patience)

    return prepare


def _make_all(programme: Programme, library: Library, prepare: Prepare) -> list[Made]:
    with appending(programme.root / FILE) as file, tqdm(unit=" questions", disable=None) as bar:
        there = {each.key for each in read_suggestions(programme, library)}
        asked = [list(missing(programme, library, rule, there)) for rule in programme.suggestions]
        bar.reset(sum(map(len, asked)))
        made = []
        for rule, questions in zip(programme.suggestions, asked, strict=True):
            bar.set_description(f"{rule.helper} {rule.workflow}")
            stopped = Event()
            made.append(make(rule, prepare(rule, stopped), questions, there, file, stopped, bar.update))
        return made


def _tell(made: Made) -> None:
    failed = len(made.failures) + made.left
    counts = f"{made.answered:,} suggested, {made.unanswered:,} without an answer, {failed:,} failed"
    click.echo(f"{made.rule.helper} {made.rule.workflow}: {counts}")


def _failures(made: Made) -> Sequence[str]:
    given_up = [f"{made.left:,} more were not asked"] if made.left else []
    return [*made.failures, *given_up]


def _failure(made: Made, text: str) -> str:
    return f"  {made.rule.helper} {made.rule.workflow}: {text}"


commands: list[click.Command] = [suggest]
