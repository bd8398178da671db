"""Runs a leg of a benchmark in a process of its own, so that its peak memory is its own."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Measured:
    """What a leg found, its seconds by the clock and of the processors, and the peak memory of its process in MB."""

    found: Any
    seconds: float
    busy: float
    peak: float


class Watch:
    """Measures seconds by the clock on the wall, and those that this process has kept processors busy."""

    def __init__(self) -> None:
        self._started = time.perf_counter(), time.process_time()

    def stop(self, found: Any) -> Measured:
        """What was found, after so much time; the peak is of the whole process."""
        seconds, busy = time.perf_counter() - self._started[0], time.process_time() - self._started[1]
        return Measured(found, seconds, busy, _peak())


def _peak() -> float:
    """MB; by Linux's file, since getrusage tells of the process too that started this one."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def alone(leg: Callable[..., Measured], *given: Any) -> Measured:
    """The leg in a new process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(leg, *given).result()
