"""The process that trains what Label Studio asked for: `python -m ml_backend.own_labels.job DATA PROJECT`."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import guidelines
from guidelines.errors import ConcordError
from ml_backend.own_labels.calls import TOKEN, URL
from ml_backend.own_labels.errors import HeadError
from ml_backend.own_labels.run import train_programme
from ml_backend.own_labels.sources import from_label_studio
from plugins.label_studio.api import Api
from plugins.marker import read_marker
from plugins.tokens import token

_log = logging.getLogger(__name__)


def train_project(data: Path, project: int, environ: Mapping[str, str]) -> list[str]:
    """Train the programme that a project of Label Studio belongs to; what came of each language, a line each.

    Raises ConcordError.
    """
    folder = environ.get("CONCORD_GUIDELINES")
    library = guidelines.load(Path(folder) if folder else None)
    with Api(environ[URL], token(TOKEN, environ)) as api:
        marker = read_marker(api.project(project).description)
        if marker is None:
            raise HeadError(f"project {project} is not of Concord's making", fix="make it with `concord push`")
        name = marker.programme
        results = train_programme(data, name, lambda: from_label_studio(api, name, library))
    return [f"{name} {each.language}: {each.labels} labels: {each.said}" for each in results]


def main() -> int:
    """The process: 0 when it has trained, 1 when it could not and the log says why."""
    logging.basicConfig(format="%(asctime)s own_labels: %(message)s")
    _log.setLevel(logging.INFO)
    try:
        for line in train_project(Path(sys.argv[1]), int(sys.argv[2]), os.environ):
            _log.info("%s", line)
    except ConcordError as error:
        _log.error("no training: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
