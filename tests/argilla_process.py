"""A real argilla-server on this machine, in a Python environment of its own (`make test` makes it)."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from plugins.local.ports import HOST, free_port
from plugins.local.process import Process

_ROOT = Path(__file__).resolve().parent.parent
_PYTHON = _ROOT / ".venv-argilla" / "bin" / "python"
_SERVE = Path(__file__).resolve().parent / "argilla_server" / "serve.py"
PASSWORD = "a-password-1"  # of every account
_START_TIMEOUT_S = 120


@dataclass(frozen=True)
class Person:
    """A user of the running server."""

    id: str
    username: str
    key: str


@dataclass(frozen=True)
class Argilla:
    """A running argilla-server and its owner's key."""

    url: str
    key: str

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """One request with the owner's key or another; a refusal fails the test with the server's reason."""
        headers = {"X-Argilla-Api-Key": key or self.key}
        response = httpx.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers, timeout=60)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def create_user(self, username: str, *, role: str = "annotator", password: str = PASSWORD) -> Person:
        """Someone with an account."""
        named = {"first_name": username, "username": username, "role": role, "password": password}
        made = self.call("POST", "/users", named)
        return Person(made["id"], username, made["api_key"])


@contextmanager
def running_argilla(folder: Path) -> Iterator[Argilla]:
    """Redis and argilla-server on free ports until the end of the block; everything they write is below `folder`."""
    redis_port, port, key = free_port(), free_port(), secrets.token_hex(20)
    with _redis(folder, redis_port), _server(folder, redis_port, port, key) as server:
        url = f"http://{HOST}:{port}"
        server.wait_until_ready(f"{url}/api/v1/version", timeout_s=_START_TIMEOUT_S)
        yield Argilla(url, key)


def _redis(folder: Path, port: int) -> Process:
    program = shutil.which("redis-server")
    assert program, "install redis-server (.ci/run does)"
    options = ["--port", str(port), "--bind", HOST, "--save", "", "--dir", str(folder)]
    return Process("Redis", [program, *options], log=folder / "redis.log", env={})


def _server(folder: Path, redis_port: int, port: int, key: str) -> Process:
    assert _PYTHON.exists(), f"{_PYTHON} is missing: run `make .venv-argilla/installed`"
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "HF_HUB_OFFLINE": "1",
        "ARGILLA_HOME_PATH": str(folder),
        "ARGILLA_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'argilla.db'}?check_same_thread=False",
        "ARGILLA_REDIS_URL": f"redis://{HOST}:{redis_port}/0",
        "ARGILLA_AUTH_SECRET_KEY": secrets.token_hex(20),
        "ARGILLA_SEARCH_ENGINE": "sql",
    }
    command = [str(_PYTHON), str(_SERVE), str(port), key]
    return Process("argilla-server", command, log=folder / "argilla.log", env=env, cwd=folder)
