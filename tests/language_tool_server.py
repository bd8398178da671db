"""A small HTTP server that speaks LanguageTool's HTTP API as its public description gives it, or fails to.

LanguageTool itself is in no registry that the tests install from. So this stands in for it at the seam: it finds the
words it is told to, and counts offsets in UTF-16 units, as Java does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from background_server import serving

LANGUAGES = [
    {"name": "Arabic", "code": "ar", "longCode": "ar"},
    {"name": "English", "code": "en", "longCode": "en"},
    {"name": "English (US)", "code": "en", "longCode": "en-US"},
    {"name": "German (Germany)", "code": "de", "longCode": "de-DE"},
]

# Words that are wrong, what is said of them, and what should stand there.
ERRORS = {
    "sit": ("The verb does not agree with “the cat”.", ["sits", "sat"]),
    "the the": ("This word is repeated.", ["the"]),
    "جلس": ("الفعل لا يطابق الفاعل", ["جلست"]),
    "wide": ("A space is missing somewhere.", [" "]),
}


def match(text: str, words: str) -> dict[str, Any]:
    """One match, with all that a server says of it."""
    at = text.index(words)
    message, better = ERRORS[words]
    offset, length = len(text[:at].encode("utf-16-le")) // 2, len(words.encode("utf-16-le")) // 2
    return {
        "message": message,
        "shortMessage": "",
        "replacements": [{"value": each} for each in better],
        "offset": offset,
        "length": length,
        "context": {"text": text[:40], "offset": offset, "length": length},
        "sentence": text,
        "type": {"typeName": "Other"},
        "rule": {
            "id": "A_RULE",
            "description": "A rule",
            "issueType": "grammar",
            "category": {"id": "GRAMMAR", "name": "Grammar"},
        },
        "ignoreForIncompleteSentence": False,
        "contextForSureMatch": 0,
    }


def checked(text: str, language: str) -> dict[str, Any]:
    """What a server answers to a check."""
    return {
        "software": {
            "name": "LanguageTool",
            "version": "6.5",
            "buildDate": "2024-09-27 11:27:00 +0200",
            "apiVersion": 1,
            "premium": False,
            "status": "",
        },
        "warnings": {"incompleteResults": False},
        "language": {"name": language, "code": language, "detectedLanguage": {"name": language, "code": language}},
        "matches": [match(text, words) for words in ERRORS if words in text],
        "sentenceRanges": [[0, len(text)]],
    }


class Handler(BaseHTTPRequestHandler):
    """Answers as the server's `behave` says."""

    server: LanguageToolServer

    def do_GET(self) -> None:
        self.send(LANGUAGES if self.path == "/v2/languages" else {}, 200 if self.path == "/v2/languages" else 404)

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True)
        asked = {name: values[0] for name, values in form.items()}
        self.server.asked.append((self.path, asked))
        self.server.behave(self, asked)

    def send(self, said: object, status: int = 200) -> None:
        """An answer in JSON."""
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def check(handler: Handler, asked: dict[str, str]) -> None:
    """As a real server does."""
    handler.send(checked(asked["text"], asked["language"]))


class LanguageToolServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.behave: Callable[[Handler, dict[str, str]], None] = check

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def language_tool_server() -> Iterator[LanguageToolServer]:
    """A running server that checks until its `behave` is set to something else."""
    with serving(LanguageToolServer()) as server:
        yield server
