"""Argilla 2.8 through its HTTP API.

Not through its SDK: the SDK's exports lose discards, ties, response ids and times, its settings cannot be built
without a server, and its dependencies clash with Label Studio's. The API's JSON stays inside this package.
"""

from plugins.argilla.api import Api
from plugins.argilla.pull import pull
from plugins.argilla.push import push

__all__ = ["Api", "pull", "push"]
