"""Our own two services under gunicorn; `docker-compose.yml` runs the same commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plugins.local.ports import HOST
from plugins.local.process import Process, installed_program


@dataclass(frozen=True)
class Service:
    """A Flask app: `name` as people read it, `app` as gunicorn reads it."""

    name: str
    app: str
    workers: int
    threads: int

    def arguments(self, bind: str) -> list[str]:
        """The arguments of gunicorn, with `bind` as `host:port`.

        >>> ML_BACKEND.arguments("127.0.0.1:9090")[:3]
        ['ml_backend:create_app()', '--workers', '2']
        """
        size = ["--workers", str(self.workers), "--threads", str(self.threads)]
        # The control socket has one path for all of a user's gunicorns, and nothing here uses it.
        return [self.app, *size, "--no-control-socket", "--bind", bind]


ML_BACKEND = Service("ML backend", "ml_backend:create_app()", workers=2, threads=4)
# One process owns the embedded store.
ANALYTICS = Service("Analytics", "analytics:create_app()", workers=1, threads=8)


def launch(service: Service, *, port: int, data: Path, log: Path, env: Mapping[str, str]) -> Process:
    """The started service on 127.0.0.1:`port`, not waited for; it works in the folder `data`."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [installed_program("gunicorn"), *service.arguments(f"{HOST}:{port}")]
    return Process(service.name, command, log=log, env=env, cwd=data)


def wait(process: Process, port: int, *, timeout_s: float = 60.0) -> None:
    """Return when the service answers its health check; raises ServiceFailed."""
    process.wait_until_ready(f"http://{HOST}:{port}/health", timeout_s=timeout_s)
