"""Argilla 2.8 through its HTTP API.

Not through its SDK: the SDK's exports lose discards, ties, response ids and times, its settings cannot be built
without a server, and its dependencies clash with Label Studio's. The API's JSON stays inside this package.
"""
