"""`python launch.py PARENT COMMAND…`: become COMMAND, and end when the process PARENT ends.

A program of its own, because nothing but `exec` may safely run between fork and exec in a parent with threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Replace this process by `command`; on Linux the kernel sends it SIGTERM when its parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before the kernel was told
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - our own argument list, no shell


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
