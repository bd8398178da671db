"""Ports on this machine."""

from __future__ import annotations

import errno
import socket

from plugins.local.errors import PortInUse

HOST = "127.0.0.1"


def free_port() -> int:
    """A port that nothing listens on now.

    >>> 0 < free_port() < 65536
    True
    """
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def require_free(port: int, option: str) -> None:
    """Raises PortInUse, naming the `option` that chooses another port, when something listens on `port`."""
    with socket.socket() as probe:
        # Without it, connections of a server that has just stopped would count as a listener for a minute.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortInUse(port, option) from None
