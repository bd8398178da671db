"""`concord push` and `concord pull` for a programme whose source is Argilla."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from e2e_programme import write_programme

from plugins.cli import commands
from plugins.errors import MissingToken, Unreachable

NOWHERE = "http://127.0.0.1:9"


def run(command: click.Command, folder: Path, *options: str) -> Result:
    """The command on a programme for Argilla."""
    root = write_programme(folder / "probe", "probe", workflows=["fluency_review"], locales=["en-US"], items=1)
    head = root / "programme.yaml"
    head.write_text(head.read_text("utf-8").replace("label_studio", "argilla"), "utf-8")
    return CliRunner().invoke(command, [str(root), "--analytics-url", NOWHERE, *options])


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every secret that is needed, and no address."""
    monkeypatch.setenv("CONCORD_ARGILLA_KEY", "secret-key")
    monkeypatch.setenv("CONCORD_INGEST_TOKEN", "secret-token")
    monkeypatch.delenv("CONCORD_ARGILLA_URL", raising=False)


@pytest.mark.parametrize("command", commands, ids=lambda command: str(command.name))
def test_argilla_is_asked_for_by_its_address(command: click.Command, tmp_path: Path) -> None:
    """Not Label Studio, whose address and tokens are not needed; the error holds no secret."""
    result = run(command, tmp_path, "--argilla-url", NOWHERE)
    assert isinstance(result.exception, Unreachable)
    assert f"Argilla at {NOWHERE} does not answer" in str(result.exception)
    assert "secret" not in f"{result.output}{result.exception}"


@pytest.mark.parametrize("command", commands, ids=lambda command: str(command.name))
def test_the_address_of_the_tool_is_needed(command: click.Command, tmp_path: Path) -> None:
    """The option is named, and the address of another tool does not help."""
    result = run(command, tmp_path, "--label-studio-url", NOWHERE)
    assert result.exit_code == 2
    assert "Missing option '--argilla-url'" in result.output


@pytest.mark.parametrize("command", commands, ids=lambda command: str(command.name))
def test_the_key_comes_from_the_environment(
    command: click.Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the name of the variable."""
    monkeypatch.delenv("CONCORD_ARGILLA_KEY")
    result = run(command, tmp_path, "--argilla-url", NOWHERE)
    assert isinstance(result.exception, MissingToken)
    assert "CONCORD_ARGILLA_KEY" in str(result.exception)
