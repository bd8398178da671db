"""The secrets of a local run: made once, kept in one file that only its owner can read."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, fields
from pathlib import Path

from plugins.local.errors import BrokenCredentials
from plugins.local.label_studio import NewUser

_BYTES = 20


@dataclass(frozen=True, repr=False)
class Credentials:
    """Random secrets, each of 40 hexadecimal digits; `accounts_key` is what people's passwords are derived from."""

    accounts_key: str
    analyst_token: str
    ingest_token: str
    webhook_token: str
    pseudonym_key: str
    secret_key: str
    ml_password: str

    def user(self, email: str) -> NewUser:
        """This person's account, the same at every run."""
        return NewUser(email, password=self._derived("password", email)[:12], token=self._derived("token", email))

    def _derived(self, purpose: str, email: str) -> str:
        message = f"{purpose}:{email}".encode()
        return hmac.new(self.accounts_key.encode(), message, hashlib.sha256).hexdigest()[: 2 * _BYTES]


def load_or_create(path: Path) -> Credentials:
    """The secrets kept in `path`, made there at the first run; raises BrokenCredentials."""
    if not path.exists():
        made = {field.name: secrets.token_hex(_BYTES) for field in fields(Credentials)}
        write_private(path, json.dumps(made, indent=2))
    try:
        return Credentials(**json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError):
        raise BrokenCredentials(path) from None


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    half = path.with_suffix(".new")
    half.unlink(missing_ok=True)
    half.touch(mode=0o600)
    half.write_text(text, "utf-8")
    half.replace(path)
