"""The ML backend's settings, read once from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from ml_backend.errors import InvalidSetting
from ml_backend.settings import Endpoint, Settings, read_settings
from plugins.tokens import token


@dataclass(frozen=True)
class Analytics:
    """The analytics service that is told which model wrote what and what the screens found."""

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class Config:
    """Settings of one ML backend.

    `data` is the folder of all that it keeps, `basic_auth` is user and password or None, `secret` is a bearer token
    that may be sent instead, `seconds` is how long one prediction request may take: Label Studio hangs up after 100.
    `label_studio` are the variables by which a training that Label Studio asks for reads the labels.
    """

    data: Path = Path(".concord/ml")
    basic_auth: tuple[str, str] | None = field(default=None, repr=False)
    secret: str = field(default="", repr=False)
    settings: Settings = field(default_factory=Settings)
    analytics: Analytics | None = None
    label_studio: Mapping[str, str] = field(default_factory=dict, repr=False)
    seconds: float = 80.0

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Config:
        """Read `CONCORD_ML_DATA`, `_BASIC_AUTH`, `_SECRET`, `_SETTINGS`, `CONCORD_MODEL_URL`, `_NAME`, `_KEY`,
        `CONCORD_ANALYTICS_URL` with `CONCORD_INGEST_TOKEN`, and `CONCORD_LABEL_STUDIO_URL`, `_TOKEN`.

        Raises `InvalidSetting`, or `InvalidSettings` for the settings file.

        >>> Config.from_env({"CONCORD_ML_DATA": "/srv/ml"}).data.name
        'ml'
        """
        return cls(
            data=Path(environ.get("CONCORD_ML_DATA") or cls.data),
            basic_auth=_basic_auth(environ.get("CONCORD_ML_BASIC_AUTH", "")),
            secret=environ.get("CONCORD_ML_SECRET", ""),
            settings=_settings(environ),
            analytics=_analytics(environ),
            label_studio=_for_training(environ),
        )


_FOR_TRAINING = ("CONCORD_LABEL_STUDIO_URL", "CONCORD_LABEL_STUDIO_TOKEN", "CONCORD_GUIDELINES")


def _for_training(environ: Mapping[str, str]) -> dict[str, str]:
    """A secret may be in a file, which is then named instead."""
    names = [f"{name}{behind}" for name in _FOR_TRAINING for behind in ("", "_FILE")]
    return {name: environ[name] for name in names if environ.get(name)}


def _basic_auth(text: str) -> tuple[str, str] | None:
    if not text:
        return None
    user, _, password = text.partition(":")
    if not (user and password):
        raise InvalidSetting("CONCORD_ML_BASIC_AUTH is not user:password", fix="set it to, for example, tool:secret")
    return user, password


def _settings(environ: Mapping[str, str]) -> Settings:
    """The settings file; a single model may be given without one."""
    path, endpoint = environ.get("CONCORD_ML_SETTINGS"), _endpoint(environ)
    settings = read_settings(Path(path), environ) if path else Settings()
    if endpoint is None:
        return settings
    models = {**settings.models, endpoint.name: endpoint}
    return replace(settings, models=models, default_models=tuple(models))


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
    return Endpoint(name, url, name, environ.get("CONCORD_MODEL_KEY", ""))


def _analytics(environ: Mapping[str, str]) -> Analytics | None:
    url = environ.get("CONCORD_ANALYTICS_URL", "")
    return Analytics(url, token("CONCORD_INGEST_TOKEN", environ)) if url else None
