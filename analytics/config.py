"""The settings of the analytics service, read from the environment once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from analytics.errors import SettingsError

PREFIX = "CONCORD_"
SHORTEST_SECRET = 16
_SECRETS = ("ANALYST_TOKEN", "INGEST_TOKEN", "WEBHOOK_TOKEN", "PSEUDONYM_KEY", "SECRET_KEY")


@dataclass(frozen=True)
class Config:
    """What the service needs: its folder, three bearer tokens, the pseudonym key and the session key.

    `data` holds the store, the raw bodies and the inbox. `guidelines` None means the packaged guidelines.
    """

    data: Path
    analyst_token: str = field(repr=False)
    ingest_token: str = field(repr=False)
    webhook_token: str = field(repr=False)
    pseudonym_key: bytes = field(repr=False)
    secret_key: str = field(repr=False)
    guidelines: Path | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Config:
        """The configuration in `CONCORD_…` variables; raises SettingsError naming every problem at once."""
        problems = _problems(environ)
        if problems:
            raise SettingsError(problems)
        secrets = {name: environ[PREFIX + name] for name in _SECRETS}
        guidelines = environ.get(f"{PREFIX}GUIDELINES")
        return cls(
            data=Path(environ[f"{PREFIX}DATA"]),
            analyst_token=secrets["ANALYST_TOKEN"],
            ingest_token=secrets["INGEST_TOKEN"],
            webhook_token=secrets["WEBHOOK_TOKEN"],
            pseudonym_key=secrets["PSEUDONYM_KEY"].encode(),
            secret_key=secrets["SECRET_KEY"],
            guidelines=Path(guidelines) if guidelines else None,
        )


def _problems(environ: Mapping[str, str]) -> list[str]:
    missing = [PREFIX + name for name in ("DATA", *_SECRETS) if not environ.get(PREFIX + name)]
    found = {PREFIX + name: environ[PREFIX + name] for name in _SECRETS if environ.get(PREFIX + name)}
    short = [
        f"{name} is shorter than {SHORTEST_SECRET} characters" for name in found if len(found[name]) < SHORTEST_SECRET
    ]
    same = ["each secret needs a value of its own"] if len(set(found.values())) < len(found) else []
    return [f"{name} is not set" for name in missing] + short + same
