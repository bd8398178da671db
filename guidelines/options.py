"""How commands are told which guidelines to read."""

from __future__ import annotations

from pathlib import Path

import click

from guidelines.folder import PACKAGED

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)

root_option = click.option(
    "--root",
    type=_FOLDER,
    envvar="CONCORD_GUIDELINES",
    default=PACKAGED,
    show_default="the packaged guidelines",
    help="The folder that holds base/ and locales/.",
)
"""Of commands about guidelines: `root`, always a folder."""

guidelines_option = click.option(
    "--guidelines",
    "guidelines_dir",
    type=_FOLDER,
    envvar="CONCORD_GUIDELINES",
    show_envvar=True,
    help="Folder of guidelines; those that come with Concord unless given.",
)
"""Of all other commands: `guidelines_dir`, which `guidelines.load` takes; None for the packaged guidelines."""
