"""A real Label Studio on this machine: SQLite in WAL mode, migrated once and copied, users with known tokens."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from plugins.local import django_users
from plugins.local.errors import ServiceFailed, ServiceMissing
from plugins.local.ports import HOST, require_free
from plugins.local.process import Process, installed_program

DATABASE = "label_studio.sqlite3"
_MIGRATION_TIMEOUT_S = 600
_START_TIMEOUT_S = 180
_USERS_TIMEOUT_S = 300

# Label Studio also reads bare names such as HOST, PORT or USERNAME, so it is given no others than these.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")

SETTINGS = {
    "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
    "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
    "LABEL_STUDIO_SENTRY_DSN": "",
    "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
    "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
    # The ML backend and the webhooks are on 127.0.0.1; other private and link-local addresses stay refused.
    "LABEL_STUDIO_USE_DEFAULT_BANNED_SUBNETS": "false",
    "LABEL_STUDIO_USER_ADDITIONAL_BANNED_SUBNETS": "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16",
    # This is what switches SQLite to WAL: three times the annotations a second.
    "LABEL_STUDIO_AZURE_MOUNT_FIX": "1",
}


@dataclass(frozen=True)
class NewUser:
    """A user to create; `token` is the API token, 40 hexadecimal digits."""

    email: str
    password: str = field(repr=False)
    token: str = field(repr=False)


class User(NamedTuple):
    """A user of the running server, with Label Studio's own id."""

    id: int
    email: str
    token: str


class LabelStudio:
    """A running Label Studio: `url`, `admin_token` and `data_dir`; use it as a context manager or call `stop`."""

    def __init__(self, process: Process, url: str, admin: User, data_dir: Path) -> None:
        self.process, self.url, self.data_dir = process, url, data_dir
        self.admin = admin
        self.admin_token = admin.token

    def create_users(self, users: Sequence[NewUser]) -> list[User]:
        """Create these users in one go, some seconds however many; those that are there keep their password."""
        return create_users(self.data_dir, users)

    def stop(self) -> None:
        """Stop the server; its data folder stays."""
        self.process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def start_label_studio(
    data_dir: Path, *, port: int, users: Sequence[NewUser], port_option: str = "port"
) -> LabelStudio:
    """Start Label Studio on 127.0.0.1:`port` and return when it answers.

    `users` are created if they are not there; the first is the administrator. `data_dir` holds the database, which is
    made there if it is missing, and `label-studio.log`. Raises PortInUse (before anything is written), ServiceMissing
    or ServiceFailed.
    """
    require_free(port, port_option)
    data_dir = data_dir.resolve()
    prepare_database(data_dir)
    admin, *_ = create_users(data_dir, users)
    process = launch(data_dir, port=port, log=data_dir / "label-studio.log")
    url = f"http://{HOST}:{port}"
    try:
        wait(process, port)
    except BaseException:
        process.stop()
        raise
    return LabelStudio(process, url, admin, data_dir)


def launch(data_dir: Path, *, port: int, log: Path) -> Process:
    """The started server, not waited for."""
    options = ["--no-browser", "--internal-host", HOST, "--port", str(port), "--data-dir", str(data_dir)]
    return Process(
        "Label Studio",
        [installed_program("label-studio"), "start", *options],
        log=log,
        env=_environment(data_dir),
        cwd=data_dir,
    )


def wait(process: Process, port: int) -> None:
    """Return when the server answers; raises ServiceFailed."""
    process.wait_until_ready(f"http://{HOST}:{port}/health", timeout_s=_START_TIMEOUT_S)


def default_cache() -> Path:
    """The folder that keeps the migrated database between runs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "concord"


def prepare_database(data_dir: Path, cache: Path | None = None) -> None:
    """Put a migrated, empty database into `data_dir` unless there is one; the first time ever takes about a minute."""
    target = data_dir / DATABASE
    if target.exists():
        return
    template = database_template(cache or default_cache())
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = target.with_suffix(".copying")
    shutil.copyfile(template, half)
    half.replace(target)


def database_template(cache: Path) -> Path:
    """The migrated database of the installed Label Studio, made once; a second process waits for the first."""
    template = cache / f"label-studio-{_installed_version()}.sqlite3"
    cache.mkdir(parents=True, exist_ok=True)
    with template.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            _migrate(template)
    return template


def create_users(data_dir: Path, users: Sequence[NewUser]) -> list[User]:
    """Create users in the database of `data_dir`, whether or not its server runs; raises ServiceFailed."""
    log = data_dir / "users.log"
    with log.open("w", encoding="utf-8") as errors:
        done = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, "-I", django_users.__file__],
            input=json.dumps([asdict(user) for user in users]),
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(data_dir),
            cwd=data_dir,
            text=True,
            timeout=_USERS_TIMEOUT_S,
            check=False,
        )
    if done.returncode != 0:
        raise ServiceFailed("Label Studio refused to create users", log, log.read_text("utf-8")[-2000:])
    ids = json.loads(done.stdout.splitlines()[-1])
    return [User(id_, user.email, user.token) for id_, user in zip(ids, users, strict=True)]


def _installed_version() -> str:
    try:
        return version("label-studio")
    except PackageNotFoundError:
        raise ServiceMissing("label-studio") from None


def _migrate(template: Path) -> None:
    with tempfile.TemporaryDirectory(dir=template.parent) as folder:
        data_dir = Path(folder)
        # Every command migrates first; this one does nothing else.
        command = [installed_program("label-studio"), "version", "--data-dir", folder]
        with Process(
            "Label Studio", command, log=template.with_suffix(".log"), env=_environment(data_dir), cwd=data_dir
        ) as process:
            process.wait_until_done(timeout_s=_MIGRATION_TIMEOUT_S)
        database = data_dir / DATABASE
        with sqlite3.connect(database) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        database.replace(template)


def _environment(data_dir: Path) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**inherited, **SETTINGS, "LABEL_STUDIO_BASE_DATA_DIR": str(data_dir)}
