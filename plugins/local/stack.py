"""Label Studio, ML backend and analytics together on one folder: started in order, stopped together, resumed."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path

from plugins.local import label_studio, services
from plugins.local.credentials import Credentials, load_or_create, write_private
from plugins.local.errors import DataFolderInUse
from plugins.local.ports import HOST, require_free
from plugins.local.process import Process
from plugins.local.progress import Step

ADMIN = "admin@concord.example"
ML_USER = "label-studio"


@dataclass(frozen=True)
class Port:
    """A port and the environment variable that chooses it."""

    number: int
    variable: str

    @property
    def url(self) -> str:
        """The address of what listens there."""
        return f"http://{HOST}:{self.number}"


@dataclass(frozen=True)
class Ports:
    """Where the three services listen on this machine."""

    label_studio: Port
    ml_backend: Port
    analytics: Port


@dataclass(frozen=True)
class Account:
    """A user of the running Label Studio, with Label Studio's own id."""

    id: int
    email: str
    password: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True)
class Stack:
    """The running services, their secrets and the accounts in Label Studio, the administrator's first."""

    folder: Path
    ports: Ports
    credentials: Credentials
    accounts: tuple[Account, ...]
    processes: tuple[Process, ...]

    @property
    def admin(self) -> Account:
        """The account that owns the projects."""
        return self.accounts[0]

    @property
    def label_studio_data(self) -> Path:
        """Label Studio's own folder, with its database."""
        return _label_studio_data(self.folder)

    def ended(self) -> Process | None:
        """A service that is no longer running, if there is one."""
        return next((process for process in self.processes if process.has_ended()), None)


@contextmanager
def running(folder: Path, ports: Ports, emails: Sequence[str], step: Step) -> Iterator[Stack]:
    """Start the three services on `folder`, with an account for each of `emails`; stop them on the way out.

    What is there already (secrets, database, accounts) is kept. Raises DataFolderInUse, PortInUse (before anything
    is written), ServiceMissing or ServiceFailed.
    """
    folder = folder.resolve()  # each service works in a folder of its own
    with ExitStack() as stop:
        stop.enter_context(held(folder))
        for port in (ports.label_studio, ports.ml_backend, ports.analytics):
            require_free(port.number, port.variable)
        credentials = load_or_create(folder / "credentials.json")
        ml_backend = stop.enter_context(_ml_backend(folder, ports, credentials))
        analytics = stop.enter_context(_analytics(folder, ports.analytics, credentials))
        with step("Label Studio's database"):
            label_studio.prepare_database(_label_studio_data(folder))
        with step(f"Accounts for {1 + len(emails)} people"):
            accounts = _accounts(folder, [ADMIN, *emails], credentials)
        server = stop.enter_context(_label_studio(folder, ports.label_studio))
        with step(f"ML backend on {ports.ml_backend.url}"):
            services.wait(ml_backend, ports.ml_backend.number)
        with step(f"Analytics on {ports.analytics.url}"):
            services.wait(analytics, ports.analytics.number)
        with step(f"Label Studio on {ports.label_studio.url}"):
            label_studio.wait(server, ports.label_studio.number)
        yield Stack(folder, ports, credentials, accounts, (server, ml_backend, analytics))


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep a second run off the folder; the system lets go of the lock however this process ends."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataFolderInUse(folder) from None
        yield


def _ml_backend(folder: Path, ports: Ports, credentials: Credentials) -> Process:
    data = folder / "ml-backend"
    env = {
        "CONCORD_ML_DATA": str(data),
        "CONCORD_ML_BASIC_AUTH": f"{ML_USER}:{credentials.ml_password}",
        "CONCORD_ANALYTICS_URL": ports.analytics.url,
        "CONCORD_INGEST_TOKEN": credentials.ingest_token,
        "CONCORD_LABEL_STUDIO_URL": ports.label_studio.url,
        "CONCORD_LABEL_STUDIO_TOKEN": credentials.user(ADMIN).token,
        "PROMETHEUS_MULTIPROC_DIR": str(_emptied(data / "metrics")),
    }
    return _launched(services.ML_BACKEND, ports.ml_backend, data, env)


def _emptied(folder: Path) -> Path:
    """What an earlier run counted is not what this one did."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _analytics(folder: Path, port: Port, credentials: Credentials) -> Process:
    data = folder / "analytics"
    env = {
        "CONCORD_DATA": str(data),
        "CONCORD_ANALYST_TOKEN": credentials.analyst_token,
        "CONCORD_INGEST_TOKEN": credentials.ingest_token,
        "CONCORD_WEBHOOK_TOKEN": credentials.webhook_token,
        "CONCORD_PSEUDONYM_KEY": credentials.pseudonym_key,
        "CONCORD_SECRET_KEY": credentials.secret_key,
    }
    return _launched(services.ANALYTICS, port, data, env)


def _label_studio(folder: Path, port: Port) -> Process:
    data = _label_studio_data(folder)
    return label_studio.launch(data, port=port.number, log=_log(data))


def _launched(service: services.Service, port: Port, data: Path, env: dict[str, str]) -> Process:
    return services.launch(service, port=port.number, data=data, log=_log(data), env={**os.environ, **env})


def _log(data: Path) -> Path:
    return data.parent / "logs" / f"{data.name}.log"


def _label_studio_data(folder: Path) -> Path:
    return folder / "label-studio"


def _accounts(folder: Path, emails: Sequence[str], credentials: Credentials) -> tuple[Account, ...]:
    """An account for each of `emails`; only those that no earlier run created take time."""
    kept = folder / "accounts.json"
    known = {account.email: account for account in _read_accounts(kept)}
    new = [credentials.user(email) for email in emails if email not in known]
    if new:
        created = label_studio.create_users(_label_studio_data(folder), new)
        made = [Account(user.id, *astuple(asked)) for user, asked in zip(created, new, strict=True)]
        known |= {account.email: account for account in made}
        write_private(kept, json.dumps([asdict(account) for account in known.values()], indent=2))
    return tuple(known[email] for email in emails)


def _read_accounts(kept: Path) -> list[Account]:
    return [Account(**row) for row in json.loads(kept.read_text("utf-8"))] if kept.exists() else []
