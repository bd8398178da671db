"""What Label Studio calls the model version: it changes with the settings and tells nothing about them."""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from ml_backend.settings import Settings

_FORM = "concord-2"  # the predictions' form: another one makes Label Studio ask for all predictions again


def model_version(settings: Settings, data: Path) -> str:
    """The same for all workers on one data folder, as long as the settings stay.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> model_version(Settings(), folder) == model_version(Settings(), folder)
    True
    """
    # The settings name models: without a salt, whoever guesses them could tell.
    digest = hmac.new(_salt(data / "salt"), repr(settings).encode(), "sha256").hexdigest()
    return f"{_FORM}.{digest[:8]}"


def _salt(path: Path) -> bytes:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".salt.{os.getpid()}")
        aside.write_bytes(secrets.token_bytes(16))
        with suppress(FileExistsError):  # of workers that start together one is first, and all take what it wrote
            os.link(aside, path)
        aside.unlink()
    return path.read_bytes()
