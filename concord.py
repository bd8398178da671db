"""The front door: the `concord` command, assembled from the commands of every part."""

from __future__ import annotations

from typing import Any

import click

import analytics.cli
import guidelines.cli
import ml_backend.cli
import plugins.cli
import plugins.local.cli
import plugins.simulate.cli
from guidelines.errors import ConcordError

_PARTS = (guidelines.cli, plugins.cli, plugins.local.cli, plugins.simulate.cli, ml_backend.cli, analytics.cli)


class _Concord(click.Group):
    """A group whose commands report every error that a user is meant to read as one message and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConcordError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Concord, commands=[command for part in _PARTS for command in part.commands])
@click.version_option(package_name="concord")
def main() -> None:
    """Multilingual human-data operations for language models, on Label Studio and Argilla."""


if __name__ == "__main__":
    main()
