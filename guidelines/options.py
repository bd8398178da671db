"""The option that all `concord guidelines` commands share."""

from __future__ import annotations

from pathlib import Path

import click

from guidelines.folder import PACKAGED

root_option = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="CONCORD_GUIDELINES",
    default=PACKAGED,
    show_default="the packaged guidelines",
    help="The folder that holds base/ and locales/.",
)
