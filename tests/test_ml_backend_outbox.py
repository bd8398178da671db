"""What analytics is to be told: kept until it has been, through failures and killed processes."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ml_backend.errors import OutboxUnavailable
from ml_backend.outbox import Outbox, Row
from plugins.errors import Unreachable

ROW = {"item": "demo-1", "target": "turn_1_reply", "model": "aurora", "served": "2026-11-21T08:00:00+00:00"}


class Analytics:
    """Takes rows, except while it is down."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.calls = 0
        self.down = False

    def __call__(self, lists: dict[str, list[Row]]) -> None:
        self.calls += 1
        if self.down:
            raise Unreachable("analytics does not answer", fix="start it")
        for kind, rows in lists.items():
            self.rows.setdefault(kind, []).extend(rows)


def test_rows_arrive_in_order_and_once(tmp_path: Path) -> None:
    """All kinds of rows go out in the order they were kept in, and are then gone."""
    outbox, analytics = Outbox(tmp_path), Analytics()
    outbox.put("served", [ROW, ROW | {"target": "turn_2_reply"}])
    outbox.put("screenings", [{"item": "demo-1", "reason": "日本語 🙂"}])
    assert outbox.waiting() == 3
    outbox.empty_into(analytics)
    outbox.empty_into(analytics)
    assert [row["target"] for row in analytics.rows["served"]] == ["turn_1_reply", "turn_2_reply"]
    assert analytics.rows["screenings"] == [{"item": "demo-1", "reason": "日本語 🙂"}]
    assert (outbox.waiting(), analytics.calls) == (0, 1)


def test_rows_wait_while_analytics_is_down(tmp_path: Path) -> None:
    """What could not be sent is sent later, and a new process finds it."""
    analytics = Analytics()
    Outbox(tmp_path).put("served", [ROW])
    analytics.down = True
    with pytest.raises(Unreachable):
        Outbox(tmp_path).empty_into(analytics)
    analytics.down = False
    Outbox(tmp_path).empty_into(analytics)
    assert analytics.rows == {"served": [ROW]}


def test_many_rows_go_in_several_requests(tmp_path: Path) -> None:
    """No request grows with what has gathered."""
    outbox, analytics = Outbox(tmp_path), Analytics()
    outbox.put("served", [ROW | {"item": str(number)} for number in range(4500)])
    outbox.empty_into(analytics)
    assert analytics.calls == 3
    assert [row["item"] for row in analytics.rows["served"]] == [str(number) for number in range(4500)]


ENDLESS = """
import sys
from pathlib import Path
from ml_backend.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]))
for number in range(10**9):
    outbox.put("served", [{"item": str(number), "part": part} for part in (1, 2)])
    print(number, flush=True)
"""


def test_a_killed_process_loses_nothing_it_has_kept(tmp_path: Path) -> None:
    """After kill -9 every call that had returned is there, whole."""
    command = [sys.executable, "-c", ENDLESS, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent) as process:
        assert process.stdout is not None
        kept = [process.stdout.readline() for _ in range(200)]
        process.send_signal(signal.SIGKILL)
        process.wait()
        kept += process.stdout.readlines()
    analytics = Analytics()
    Outbox(tmp_path).empty_into(analytics)
    rows: list[Any] = analytics.rows["served"]
    assert len(rows) % 2 == 0
    assert {row["item"] for row in rows} >= {line.strip() for line in kept if line.endswith("\n")}


def test_a_folder_that_cannot_be_used_is_our_error(tmp_path: Path) -> None:
    """The error names the file and what to do."""
    (tmp_path / "outbox.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(OutboxUnavailable, match=r"outbox\.sqlite"):
        Outbox(tmp_path)
