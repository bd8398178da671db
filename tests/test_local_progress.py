"""Steps as people see them."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from plugins.local.progress import step


def test_a_finished_step_shows_its_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    """Away from a terminal a step is one line: what it did and how long it took, without its notes."""
    with step("Push") as note:
        note("project 3")
    assert re.fullmatch(r"  Push … \d+\.\d s\n", capsys.readouterr().out)


def test_a_failed_step_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """A step that ends with an error is not shown as done, and the error goes on."""
    with pytest.raises(RuntimeError), step("Push"):
        raise RuntimeError
    assert capsys.readouterr().out == "  Push … not done\n"


def test_a_terminal_also_shows_notes() -> None:
    """On a terminal, the line is rewritten with what the step is doing, and at last with its seconds."""
    code = "from plugins.local.progress import step\nwith step('Push') as note: note('project 3')"
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", code], stdout=theirs, check=True)
    os.close(theirs)
    lines = os.read(ours, 10_000).decode().split("\r\x1b[K")
    os.close(ours)
    assert lines[1] == "  Push … 0 s, project 3"
    assert re.fullmatch(r"  Push … \d+\.\d s\r\n", lines[2])
