"""The ML backend's settings, read once from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ml_backend.errors import InvalidSetting


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible endpoint: base URL (with its `/v1`), model name, and key (empty where none is needed)."""

    url: str
    name: str
    key: str = field(default="", repr=False)


@dataclass(frozen=True)
class Config:
    """Settings of one ML backend.

    `data` is the folder of the near-duplicate index, `basic_auth` is user and password or None, `seconds` is how long
    one prediction request may take: Label Studio hangs up after 100.
    """

    data: Path = Path(".concord/ml")
    basic_auth: tuple[str, str] | None = field(default=None, repr=False)
    endpoint: Endpoint | None = None
    seconds: float = 80.0

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Config:
        """Read `CONCORD_ML_DATA`, `CONCORD_ML_BASIC_AUTH` and `CONCORD_MODEL_URL`, `_NAME`, `_KEY`.

        Raises `InvalidSetting`.

        >>> Config.from_env({"CONCORD_ML_DATA": "/srv/ml"}).data.name
        'ml'
        """
        return cls(
            data=Path(environ.get("CONCORD_ML_DATA") or cls.data),
            basic_auth=_basic_auth(environ.get("CONCORD_ML_BASIC_AUTH", "")),
            endpoint=_endpoint(environ),
        )


def _basic_auth(text: str) -> tuple[str, str] | None:
    if not text:
        return None
    user, _, password = text.partition(":")
    if not (user and password):
        raise InvalidSetting("CONCORD_ML_BASIC_AUTH is not user:password", fix="set it to, for example, tool:secret")
    return user, password


def _endpoint(environ: Mapping[str, str]) -> Endpoint | None:
    url, name = environ.get("CONCORD_MODEL_URL", ""), environ.get("CONCORD_MODEL_NAME", "")
    if not url:
        return None
    if not urlsplit(url).scheme.startswith("http"):
        raise InvalidSetting(
            "CONCORD_MODEL_URL is not an http address", fix="set it to, e.g., http://127.0.0.1:8000/v1"
        )
    if not name:
        raise InvalidSetting(
            "CONCORD_MODEL_NAME is missing", fix="set it to the name of the model at CONCORD_MODEL_URL"
        )
    return Endpoint(url, name, environ.get("CONCORD_MODEL_KEY", ""))
