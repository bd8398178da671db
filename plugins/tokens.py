"""Secrets: from the environment or a file it names, never from the command line, where every user can read them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from plugins.errors import EmptyToken, MissingToken


def token(variable: str, environment: Mapping[str, str]) -> str:
    """The secret in `variable`, or in the file that `variable`_FILE names; raises MissingToken.

    >>> token("CONCORD_INGEST_TOKEN", {"CONCORD_INGEST_TOKEN": "s3cret"})
    's3cret'
    """
    if given := environment.get(variable):
        return given
    if not (file := environment.get(f"{variable}_FILE")):
        raise MissingToken(variable)
    return _read(variable, Path(file))


def _read(variable: str, path: Path) -> str:
    try:
        if held := path.read_text(encoding="utf-8").strip():
            return held
    except (OSError, UnicodeDecodeError) as error:
        raise EmptyToken(variable, path) from error
    raise EmptyToken(variable, path)
