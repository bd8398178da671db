"""The three services together: secrets are kept private, and nothing starts where it must not."""

from __future__ import annotations

import json
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from plugins.local.credentials import load_or_create
from plugins.local.errors import BrokenCredentials, DataFolderInUse, PortInUse
from plugins.local.ports import HOST, free_port
from plugins.local.stack import Port, Ports, held, running


def ports(**taken: int) -> Ports:
    names = ("label_studio", "ml_backend", "analytics")
    return Ports(**{name: Port(taken.get(name) or free_port(), f"CONCORD_{name.upper()}_PORT") for name in names})


@contextmanager
def a_listener() -> Iterator[int]:
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


def test_secrets_can_be_read_by_their_owner_only(tmp_path: Path) -> None:
    """The file of secrets has mode 0600 from the moment it exists."""
    load_or_create(tmp_path / "credentials.json")
    assert stat.S_IMODE((tmp_path / "credentials.json").stat().st_mode) == 0o600


def test_secrets_are_kept(tmp_path: Path) -> None:
    """A second run has the first run's secrets, and so the same passwords and tokens for everyone."""
    first = load_or_create(tmp_path / "credentials.json")
    again = load_or_create(tmp_path / "credentials.json")
    assert again == first
    assert again.user("a@concord.example") == first.user("a@concord.example")


def test_every_secret_is_its_own(tmp_path: Path) -> None:
    """No two secrets are alike, nor are two people's, nor those of two runs."""
    one, two = load_or_create(tmp_path / "one"), load_or_create(tmp_path / "two")
    kept = [*json.loads((tmp_path / "one").read_text()).values(), *json.loads((tmp_path / "two").read_text()).values()]
    derived = [
        each for run in (one, two) for name in ("a", "b") for each in (run.user(name).password, run.user(name).token)
    ]
    assert len(set(kept + derived)) == len(kept) + len(derived) == 22


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    """Printing the secrets, or an account, shows none of them."""
    credentials = load_or_create(tmp_path / "credentials.json")
    user = credentials.user("a@concord.example")
    shown = repr(credentials) + repr(user)
    assert not [secret for secret in (credentials.analyst_token, user.password, user.token) if secret in shown]


def test_broken_secrets_are_not_replaced(tmp_path: Path) -> None:
    """A file of secrets that cannot be read is an error, because new secrets would lock everyone out."""
    path = tmp_path / "credentials.json"
    path.write_text("{}")
    with pytest.raises(BrokenCredentials, match=r"credentials\.json does not hold"):
        load_or_create(path)
    assert path.read_text() == "{}"


@pytest.mark.parametrize("service", ["label_studio", "ml_backend", "analytics"])
def test_a_port_in_use_starts_nothing(tmp_path: Path, service: str) -> None:
    """Whichever port is in use, its variable is named and no secret, database or log is written."""
    with (
        a_listener() as port,
        pytest.raises(PortInUse, match=rf"port {port} is in use; .* port with CONCORD_{service.upper()}_PORT"),
        running(tmp_path, ports(**{service: port}), [], lambda text: nullcontext()),
    ):
        pytest.fail("it started")
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_a_folder_is_used_by_one_run_at_a_time(tmp_path: Path) -> None:
    """A second run on the same folder is refused while the first one runs, and not after it."""
    with held(tmp_path), pytest.raises(DataFolderInUse, match="another concord run is using"), held(tmp_path):
        pytest.fail("it started")
    with held(tmp_path):
        pass
