"""A small HTTP server that speaks the OpenAI chat protocol, or fails to, as a test says."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from background_server import serving

from ml_backend.settings import Endpoint, Settings

KEY = "sk-this-is-secret"


class Handler(BaseHTTPRequestHandler):
    """Answers chat requests as the server's `behave` says."""

    server: ModelServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.requests.append(body)
        self.server.seen.keys.append(self.headers["Authorization"])
        try:
            self.server.behave(self, body)
        except OSError:
            self.server.seen.hung_up += 1

    def do_GET(self) -> None:
        """The list of models, of which only the status is of interest; 0 keeps silent."""
        if self.server.lists:
            self.send(b"{}", self.server.lists, "application/json")
        else:
            time.sleep(4)

    def send(self, body: bytes, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        """A head and the first bytes of a body that ends with the connection."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@dataclass
class Seen:
    """What the server was asked."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    hung_up: int = 0


class ModelServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = Seen()
        self.behave: Callable[[Handler, dict[str, Any]], None] = echo
        self.lists = 200

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens, as a setting."""
        return Endpoint("aurora", f"http://127.0.0.1:{self.server_port}/v1", "aurora-7b", KEY)

    @property
    def settings(self) -> Settings:
        """A settings file with this model alone, as read."""
        return Settings(models={"aurora": self.endpoint}, default_models=("aurora",))


def event(content: object) -> bytes:
    chunk = {"id": "1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": content}}]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def echo(handler: Handler, body: dict[str, Any]) -> None:
    """Stream the last message in capitals, with the chunks that real endpoints send around it."""
    words = body["messages"][-1]["content"].upper().split(" ")
    role = b'data: {"choices": [{"index": 0, "delta": {"role": "assistant"}}]}\n\n'
    usage = b'data: {"choices": [], "usage": {"total_tokens": 9}}\n\n'
    text = b"".join(event(("" if place == 0 else " ") + word) for place, word in enumerate(words))
    handler.send(b": ping\n\n" + role + text + event(None) + usage + b"data: [DONE]\n\n")


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """A running server that echoes in capitals until its `behave` is set to something else."""
    with serving(ModelServer()) as server:
        yield server
