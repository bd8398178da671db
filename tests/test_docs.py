"""The documents tell the truth: commands and settings are described, links lead somewhere, examples run."""

from __future__ import annotations

import doctest
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import click
import pytest

import concord
from analytics.catalogue import STATISTICS
from analytics.query import GROUPINGS

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("*/README.md")])
PACKAGES = ("guidelines", "plugins", "ml_backend", "analytics")
MODULES = [
    module.name
    for package in PACKAGES
    for module in walk_packages([str(ROOT / package)], f"{package}.")
    if not module.ispkg
]
SETTING = re.compile(r"CONCORD_[A-Z_]*[A-Z]")


def _commands(group: click.Group, path: str = "concord") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = list(_commands(concord.main))


def test_the_front_door_has_every_command_of_every_part() -> None:
    """No part's command is left out of `concord`."""
    clis = [path for package in PACKAGES for path in (ROOT / package).rglob("cli.py")]
    parts = [import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)) for path in clis]
    assert sorted(command.name for part in parts for command in part.commands) == concord.main.list_commands(
        click.Context(concord.main)
    )


def test_every_command_is_described_for_operators() -> None:
    """Each command, whole, stands in docs/operators.md, unless it is a statistic."""
    text = (ROOT / "docs/operators.md").read_text("utf-8")
    statistics = {f"concord {each.name}" for each in STATISTICS}
    assert [path for path, _ in COMMANDS if path not in statistics and f"`{path}`" not in text] == []


def test_every_statistic_is_described_for_analysts() -> None:
    """The command and the route of each statistic stand in one line of docs/analysts.md, and so does every column."""
    text = (ROOT / "docs/analysts.md").read_text("utf-8")
    assert [each.name for each in STATISTICS if f" | `{each.name}` | `{each.path}` | " not in text] == []
    assert [column for column in GROUPINGS if f"`{column}`" not in text] == []


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[path for path, _ in COMMANDS])
def test_every_command_and_option_has_help(path: str, command: click.Command) -> None:
    """`--help` says what a command does and what each option means."""
    assert command.help, path
    assert [option.name for option in command.params if isinstance(option, click.Option) and not option.help] == []


def test_every_setting_is_described_for_operators() -> None:
    """Each CONCORD_ variable that the code reads stands in docs/operators.md, and none that it does not read."""
    code = "\n".join(path.read_text("utf-8") for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    described = set(SETTING.findall((ROOT / "docs/operators.md").read_text("utf-8")))
    assert described == set(SETTING.findall(code))


@pytest.mark.parametrize("document", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_every_link_leads_to_a_file(document: Path) -> None:
    """A relative link in a document names a file that is there."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_examples_in_docstrings_run() -> None:
    """Every example in every docstring gives what it says, and there are many."""
    results = {name: doctest.testmod(import_module(name)) for name in MODULES}
    assert [name for name, result in results.items() if result.failed] == []
    assert sum(result.attempted for result in results.values()) > 100
