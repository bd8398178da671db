"""The analytics service as `push` and `pull` use it: manifests and exports go in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

from plugins.http_errors import answered, unreachable

_SERVICE = "the analytics service"
WEBHOOK_PATH = "/v1/webhooks/label-studio"


class AnalyticsClient:
    """A client with the ingest token; a context manager. `transport` is where tests put a server of their own.

    Every method raises Unreachable, NotAllowed or ServiceFailure.
    """

    def __init__(self, url: str, token: str, *, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=120, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def send_manifest(
        self,
        source: str,
        *,
        projects: Sequence[Mapping[str, Any]],
        items: Sequence[Mapping[str, Any]],
        annotators: Sequence[Mapping[str, Any]],
        screenings: Sequence[Mapping[str, Any]] = (),
        served: Sequence[Mapping[str, Any]] = (),
        suggestions: Sequence[Mapping[str, Any]] = (),
        pass_marks: Sequence[Mapping[str, Any]] = (),
        penalties: Sequence[Mapping[str, Any]] = (),
    ) -> dict[str, Any]:
        """Register projects, items, annotators (each with the tool's `user`) and the rest of a manifest.

        Sending it again changes nothing.
        """
        body = {"source": source, "projects": projects, "items": items, "annotators": annotators}
        told = {"screenings": screenings, "served": served, "suggestions": suggestions}
        told |= {"pass_marks": pass_marks, "penalties": penalties}
        body |= {name: rows for name, rows in told.items() if rows}
        return self._post("sending the manifest", "/v1/manifests", body, {})

    def send_export(
        self,
        source: str,
        tasks: Sequence[Any],
        *,
        project: str,
        after: int,
        through: int | None,
        fetched: datetime,
    ) -> dict[str, Any]:
        """Send *everything* a project has with after < task id ≤ through (None: to the end), as seen at `fetched`.

        Answers with counts: received, added, updated, unchanged, deleted, and the rows refused.
        """
        page = {"source": source, "project": project, "after": after, "fetched": fetched.isoformat()}
        if through is not None:
            page["through"] = through
        return self._post(f"sending project {project} after task {after}", "/v1/exports", tasks, page)

    def _post(self, doing: str, path: str, body: Any, params: Mapping[str, Any]) -> dict[str, Any]:
        # Plain json, not orjson: it carries half a surrogate pair through to where it is refused as one row.
        content = json.dumps(body, default=_plain)
        headers = {"Content-Type": "application/json"}
        try:
            response = self._http.post(path, content=content, params=dict(params), headers=headers)
        except httpx.HTTPError as error:
            raise unreachable(_SERVICE, self.url, doing, error) from error
        if not response.is_success:
            raise answered(_SERVICE, doing, response.status_code, response.content)
        reply: dict[str, Any] = response.json()
        return reply


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")
