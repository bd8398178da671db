"""Real services on this machine: they start, know their users, refuse a port in use, and stop."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

import httpx
import pytest

from plugins.local.errors import PortInUse, ServiceFailed
from plugins.local.label_studio import LabelStudio, NewUser, create_users, prepare_database, start_label_studio
from plugins.local.ports import HOST, free_port, require_free


def whoami(server: LabelStudio, token: str) -> httpx.Response:
    return httpx.get(f"{server.url}/api/current-user/whoami", headers={"Authorization": f"Token {token}"})


def test_the_administrator_signs_in_by_token(label_studio: LabelStudio) -> None:
    """The given token is the administrator's API token in the real Label Studio."""
    assert whoami(label_studio, label_studio.admin_token).json()["email"] == "admin@concord.example"


def test_a_wrong_token_is_refused(label_studio: LabelStudio) -> None:
    """Label Studio answers 401 to a token nobody has."""
    assert whoami(label_studio, "0" * 40).status_code == httpx.codes.UNAUTHORIZED


def test_users_are_created_with_their_tokens_and_passwords(label_studio: LabelStudio) -> None:
    """Many users are created in one go, and each can use its own token and password at once."""
    wanted = [NewUser(f"user{n}@services.example", f"password-{n}", secrets.token_hex(20)) for n in range(3)]
    created = label_studio.create_users(wanted)
    for user in created:
        assert whoami(label_studio, user.token).json()["id"] == user.id
    assert may_sign_in(label_studio.url, wanted[2])
    assert not may_sign_in(label_studio.url, NewUser(wanted[2].email, "wrong", ""))


def test_creating_users_again_changes_nothing(label_studio: LabelStudio) -> None:
    """A user that is there keeps its id and its password."""
    user = NewUser("again@services.example", "first-password", secrets.token_hex(20))
    first = label_studio.create_users([user])
    assert label_studio.create_users([NewUser(user.email, "second-password", user.token)]) == first
    assert may_sign_in(label_studio.url, user)


def may_sign_in(url: str, user: NewUser) -> bool:
    with httpx.Client(base_url=url) as browser:
        browser.get("/user/login/")
        form = {"email": user.email, "password": user.password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        return browser.post("/user/login/", data=form).status_code == httpx.codes.FOUND


def test_it_listens_on_this_machine_only(label_studio: LabelStudio) -> None:
    """Label Studio is bound to 127.0.0.1, not to every address of the machine."""
    port = httpx.URL(label_studio.url).port
    assert port is not None
    with socket.socket() as other:
        other.bind(("127.0.0.2", port))


def test_a_port_in_use_is_named_with_the_option() -> None:
    """The error names the port and the option that chooses another."""
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"port {port} is in use; .*CONCORD_X_PORT"):
            require_free(port, "CONCORD_X_PORT")


def test_a_free_port_is_accepted() -> None:
    """A port that nothing listens on is not refused."""
    require_free(free_port(), "CONCORD_X_PORT")


def test_a_port_in_use_stops_the_start_before_anything_is_written(tmp_path: Path) -> None:
    """Label Studio is not started on another port behind our back, and no data folder appears."""
    user = NewUser("admin@concord.example", "password", "a" * 40)
    with socket.create_server((HOST, 0)) as server, pytest.raises(PortInUse):
        start_label_studio(tmp_path / "data", port=server.getsockname()[1], users=[user])
    assert not (tmp_path / "data").exists()


def test_a_database_that_is_there_is_kept(tmp_path: Path) -> None:
    """Preparing a data folder never replaces the database in it."""
    (tmp_path / "label_studio.sqlite3").write_bytes(b"mine")
    prepare_database(tmp_path)
    assert (tmp_path / "label_studio.sqlite3").read_bytes() == b"mine"


def test_a_broken_database_is_said_with_the_log(tmp_path: Path) -> None:
    """A database that Label Studio cannot open is an error with the log's path, and no password in it."""
    (tmp_path / "label_studio.sqlite3").write_bytes(b"this is not a database" * 100)
    with pytest.raises(ServiceFailed) as caught:
        create_users(tmp_path, [NewUser("admin@concord.example", "secret-password", "b" * 40)])
    assert str(tmp_path / "users.log") in str(caught.value)
    assert "file is not a database" in str(caught.value)
    assert "secret-password" not in str(caught.value)
