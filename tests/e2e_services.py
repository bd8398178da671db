"""What the end-to-end tests ask of the running services, as a person, an analyst or an operator would."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from analytics.store import FILE, Store

_TIMEOUT_S = 60.0
_POLL_S = 0.1

Row = dict[str, Any]


@dataclass(frozen=True)
class Tables:
    """What the store holds, as rows."""

    judgments: list[Row]
    annotations: list[Row]
    spans: list[Row]


def stored(data: Path, scratch: Path) -> Tables:
    """The rows of the analytics service's store, read from a copy: only one process may have the store open."""
    scratch.mkdir(parents=True, exist_ok=True)
    for part in data.glob(f"{FILE}*"):
        shutil.copy(part, scratch / part.name)
    with Store(scratch / FILE) as store, store.snapshot() as snapshot:
        people = snapshot.annotators().select("annotator", "vendor", "simulated")
        judgments = snapshot.judgments().left_join(people, "annotator").drop("annotator_right")
        tables = (judgments, snapshot.annotations(), snapshot.spans())
        return Tables(*(table.to_pyarrow().to_pylist() for table in tables))


class Tool:
    """Label Studio's API with one person's token; every answer is checked and read as JSON."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Token {token}"}, timeout=_TIMEOUT_S)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def get(self, path: str, **params: Any) -> Any:
        """Read."""
        return self._http.get(path, params=params).raise_for_status().json()

    def post(self, path: str, body: Any) -> Any:
        """Add."""
        return self._http.post(path, json=body).raise_for_status().json()

    def patch(self, path: str, body: Any) -> Any:
        """Change."""
        return self._http.patch(path, json=body).raise_for_status().json()

    def delete(self, path: str) -> None:
        """Take away."""
        self._http.delete(path).raise_for_status()

    def projects(self) -> list[int]:
        """Ids of all projects."""
        return [project["id"] for project in self.get("/api/projects", page_size=100)["results"]]

    def tasks(self, project: int) -> dict[str, Row]:
        """A project's tasks by item, with everything Label Studio tells about them."""
        listed = self.get("/api/tasks", project=project, page_size=100, fields="all")["tasks"]
        return {task["data"]["item"]: task for task in listed}


class Analytics:
    """The analytics API with one token."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=_TIMEOUT_S)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def rows(self, path: str, **params: str) -> list[Row]:
        """The rows a route answers with."""
        answer: Mapping[str, Any] = self._http.get(path, params=params).raise_for_status().json()
        return list(answer["rows"])

    def text(self, path: str, **params: str) -> str:
        """What a route answers with, as it is."""
        return self._http.get(path, params=params).raise_for_status().text

    def annotations(self) -> int:
        """How many annotations are stored."""
        return self._health()[0]

    def wait_for(self, annotations: int) -> None:
        """Return when no webhook waits and this many annotations are stored."""
        until(lambda: self._health() == (annotations, 0), f"{annotations} annotations, none waiting", self._health)

    def _health(self) -> tuple[int, int]:
        health = self._http.get("/health").raise_for_status().json()
        return health["annotations"], health["inbox"]["waiting"] + health["inbox"]["failed"]


def until(condition: Callable[[], bool], wanted: str, seen: Callable[[], Any]) -> None:
    """Return when the condition holds; fails, saying what was seen instead, after a minute."""
    deadline = time.monotonic() + _TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, f"wanted {wanted}, seen {seen()}"
        time.sleep(_POLL_S)
