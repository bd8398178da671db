"""Child processes on this machine: they say why they failed and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plugins.local.errors import ServiceFailed, ServiceMissing
from plugins.local.ports import free_port
from plugins.local.process import Process, installed_program

FAMILY = "import subprocess, sys, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"


def python(code: str, log: Path) -> Process:
    return Process("Sample service", [sys.executable, "-c", code], log=log, env=dict(os.environ))


def first_number(log: Path) -> int:
    for _ in range(100):
        if log.exists() and log.read_text():
            return int(log.read_text().split()[0])
        time.sleep(0.05)
    raise AssertionError(f"nothing was written to {log}")


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def ends_soon(pid: int) -> bool:
    for _ in range(100):
        if not is_running(pid):
            return True
        time.sleep(0.05)
    return False


def test_stop_leaves_no_process_of_the_group(tmp_path: Path) -> None:
    """Stopping a service also ends the processes that it started itself."""
    with python(FAMILY, tmp_path / "log") as service:
        grandchild = first_number(service.log)
        assert is_running(grandchild)
    assert service.has_ended()
    assert ends_soon(service.pid)
    assert ends_soon(grandchild)


def test_stop_kills_what_ignores_the_request(tmp_path: Path) -> None:
    """A service that ignores SIGTERM is killed after the grace time."""
    service = python(STUBBORN, tmp_path / "log")
    first_number(service.log)
    service.stop(grace_s=0.3)
    assert ends_soon(service.pid)


def test_a_failed_start_shows_the_end_of_the_log(tmp_path: Path) -> None:
    """A service that ends while starting is reported with its name, its log's path and the log's last lines."""
    with (
        python("raise SystemExit('the database is locked')", tmp_path / "log") as service,
        pytest.raises(ServiceFailed) as caught,
    ):
        service.wait_until_ready(f"http://127.0.0.1:{free_port()}/health", timeout_s=20)
    message = str(caught.value)
    assert "Sample service ended while starting" in message
    assert str(service.log) in message
    assert "the database is locked" in message


def test_an_earlier_log_is_kept_but_not_shown(tmp_path: Path) -> None:
    """The log grows from start to start, and an error shows the lines of the last start only."""
    log = tmp_path / "log"
    log.write_text("an earlier run\n")
    with python("print('this run')", log) as service:
        service.wait_until_done(timeout_s=20)
    assert service.log_tail() == "this run"
    assert log.read_text() == "an earlier run\nthis run\n"


def test_a_service_that_never_answers_is_given_up(tmp_path: Path) -> None:
    """Waiting for a service ends after the given time, and the error names that time."""
    with python(STUBBORN, tmp_path / "log") as service, pytest.raises(ServiceFailed, match="not ready after 1 s"):
        try:
            service.wait_until_ready(f"http://127.0.0.1:{free_port()}/health", timeout_s=1)
        finally:
            service.stop(grace_s=0.1)


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel tells a child that its parent ended")
def test_a_service_ends_with_its_parent(tmp_path: Path) -> None:
    """When the process that started it is killed, a service ends by itself."""
    log = tmp_path / "log"
    code = f"""
import os, pathlib, sys, time
from plugins.local.process import Process
service = Process("s", [sys.executable, "-c", {FAMILY!r}], log=pathlib.Path({str(log)!r}), env=dict(os.environ))
print(service.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        service = int(parent.stdout.readline())
        grandchild = first_number(log)
        parent.kill()
    assert ends_soon(service)
    os.kill(grandchild, signal.SIGTERM)


def test_a_missing_program_is_named() -> None:
    """A program that is not installed beside this Python is an error that says how to install it."""
    with pytest.raises(ServiceMissing, match="no-such-program is not installed"):
        installed_program("no-such-program")
