"""docker-compose.yml runs what is tested on one machine."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import pytest
import yaml

from plugins.local.credentials import Credentials
from plugins.local.label_studio import SETTINGS
from plugins.local.services import ANALYTICS, ML_BACKEND, Service

COMPOSE = Path(__file__).parent.parent / "docker-compose.yml"


@pytest.fixture(scope="module")
def compose() -> Any:
    """The parsed file."""
    return yaml.safe_load(COMPOSE.read_text("utf-8"))


@pytest.mark.parametrize(("name", "service"), [("ml-backend", ML_BACKEND), ("analytics", ANALYTICS)])
def test_our_services_run_the_tested_command(compose: Any, name: str, service: Service) -> None:
    """Apart from the address, the command of each of our services is the one `concord run` starts."""
    command = compose["services"][name]["command"]
    assert command == ["gunicorn", *service.arguments(command[-1])]


def test_label_studio_has_the_tested_settings(compose: Any) -> None:
    """Label Studio's settings are those of `concord run`, but for the database and the refused addresses."""
    environment = compose["services"]["label-studio"]["environment"]
    local = {"LABEL_STUDIO_AZURE_MOUNT_FIX", "LABEL_STUDIO_USER_ADDITIONAL_BANNED_SUBNETS"}
    shared = {name: value for name, value in SETTINGS.items() if name not in local}
    assert {name: environment[name] for name in shared} == shared


@pytest.mark.parametrize(
    ("address", "refused"),
    [("172.30.0.5", False), ("172.29.0.5", True), ("172.31.0.5", True), ("10.1.1.1", True), ("169.254.169.254", True)],
)
def test_label_studio_reaches_our_services_and_no_other_private_address(
    compose: Any, address: str, refused: bool
) -> None:
    """The refused networks leave out the one that holds the ML backend and analytics, and nothing else."""
    environment = compose["services"]["label-studio"]["environment"]
    networks = environment["LABEL_STUDIO_USER_ADDITIONAL_BANNED_SUBNETS"].split(",")
    wanted = ipaddress.ip_address(address)
    assert any(wanted in ipaddress.ip_network(network) for network in networks) is refused


def test_nothing_is_open_to_other_machines(compose: Any) -> None:
    """Every published port is bound to 127.0.0.1."""
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_secret_has_a_default(compose: Any) -> None:
    """A secret that is not set stops the start: every secret is written `${NAME:?…}`."""
    environment = compose["services"]["analytics"]["environment"]
    secrets = [field for field in Credentials.__dataclass_fields__ if field.endswith(("_token", "_key"))]
    named = [f"CONCORD_{field.upper()}" for field in secrets if field != "accounts_key"]
    assert len(named) == 5
    assert all(environment[name].startswith(f"${{{name}:?") for name in named)
