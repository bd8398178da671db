"""The front door: the `concord` command, assembled from the commands of every part."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from guidelines.errors import ConcordError

# Which module brings which command: only the one that is called is imported, since all of them take seconds.
_SECTIONS: dict[str, dict[str, str]] = {
    "Programmes": {
        "run": "plugins.local.cli",
        "guidelines": "guidelines.cli",
        "screen": "ml_backend.cli",
        "respond": "ml_backend.models.cli",
        "suggest": "ml_backend.helpers.cli",
        "push": "plugins.cli",
        "pull": "plugins.cli",
        "simulate": "plugins.simulate.cli",
    },
    "The store": dict.fromkeys(("load", "rebuild", "locales", "edits"), "analytics.cli"),
    "Agreement": dict.fromkeys(
        (
            "agreement",
            "pairs",
            "confusions",
            "judges",
            "preferences",
            "rankings",
            "sets",
            "options",
            "spans",
            "span-pairs",
        ),
        "analytics.cli",
    ),
    "Ratings and numbers": dict.fromkeys(
        ("icc", "numbers", "correlations", "pair-correlations", "annotator-correlations"), "analytics.cli"
    ),
    "Disagreement": dict.fromkeys(("contested", "disagreement", "dissent", "groups"), "analytics.cli"),
    "Answers out of several": dict.fromkeys(("consensus", "certainty", "next", "needs", "forecast"), "analytics.cli"),
    "Annotators": dict.fromkeys(("annotators", "severity", "pace"), "analytics.cli"),
    "Quality": dict.fromkeys(
        ("accuracy", "quality", "density", "trends", "reviews", "reviewers", "findings", "seeded"), "analytics.cli"
    ),
    "Helpers": dict.fromkeys(("suggestions", "screening"), "analytics.cli"),
}
_MODULES = {name: module for section in _SECTIONS.values() for name, module in section.items()}

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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in _SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, self._title(ctx, name)) for name in names])

    def _title(self, ctx: click.Context, name: str) -> str:
        command = self.get_command(ctx, name)
        return command.get_short_help_str(limit=200) if command else ""

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
