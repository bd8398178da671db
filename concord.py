"""The front door: the `concord` command, assembled from the commands of every part."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from guidelines.errors import ConcordError

# Which module brings which command: only the one that is called is imported, since all of them take seconds.
_MODULES = {
    "guidelines": "guidelines.cli",
    "push": "plugins.cli",
    "pull": "plugins.cli",
    "run": "plugins.local.cli",
    "simulate": "plugins.simulate.cli",
    "screen": "ml_backend.cli",
    "suggest": "ml_backend.helpers.cli",
    "respond": "ml_backend.models.cli",
    "load": "analytics.cli",
    "rebuild": "analytics.cli",
    "agreement": "analytics.cli",
    "forecast": "analytics.cli",
    "confusions": "analytics.cli",
    "contested": "analytics.cli",
    "disagreement": "analytics.cli",
    "dissent": "analytics.cli",
    "groups": "analytics.cli",
    "pairs": "analytics.cli",
    "icc": "analytics.cli",
    "sets": "analytics.cli",
    "options": "analytics.cli",
    "spans": "analytics.cli",
    "span-pairs": "analytics.cli",
    "numbers": "analytics.cli",
    "correlations": "analytics.cli",
    "pair-correlations": "analytics.cli",
    "annotator-correlations": "analytics.cli",
    "consensus": "analytics.cli",
    "certainty": "analytics.cli",
    "needs": "analytics.cli",
    "next": "analytics.cli",
    "annotators": "analytics.cli",
    "severity": "analytics.cli",
    "pace": "analytics.cli",
    "rankings": "analytics.cli",
    "preferences": "analytics.cli",
    "judges": "analytics.cli",
    "accuracy": "analytics.cli",
    "quality": "analytics.cli",
    "density": "analytics.cli",
    "reviews": "analytics.cli",
    "reviewers": "analytics.cli",
    "findings": "analytics.cli",
    "seeded": "analytics.cli",
    "trends": "analytics.cli",
    "locales": "analytics.cli",
    "edits": "analytics.cli",
    "screening": "analytics.cli",
    "suggestions": "analytics.cli",
}

# Commands of a group that need a part which the group's own may not import.
_FURTHER = {"guidelines": {"preview": "plugins.preview.command"}}


class _Extended(click.Group):
    """A group with further commands, imported when they are called."""

    def __init__(self, group: click.Group, further: Mapping[str, str]) -> None:
        super().__init__(group.name, commands=group.commands, help=group.help)
        self._further = further

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self._further])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self._further:
            command: click.Command = getattr(import_module(self._further[cmd_name]), f"{cmd_name}_command")
            return command
        return super().get_command(ctx, cmd_name)


class _Concord(click.Group):
    """A group whose commands report every error that a user is meant to read as one message and exit code 1."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return sorted(_MODULES)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MODULES:
            return None
        command = {each.name: each for each in import_module(_MODULES[cmd_name]).commands}[cmd_name]
        return _Extended(command, _FURTHER[cmd_name]) if cmd_name in _FURTHER else command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConcordError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Concord)
@click.version_option(package_name="concord")
def main() -> None:
    """Multilingual human-data operations for language models, on Label Studio and Argilla."""


if __name__ == "__main__":
    main()
