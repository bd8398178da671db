"""Argilla's HTTP API as push and pull use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

import httpx

from plugins.argilla.settings import DatasetSettings
from plugins.http_errors import answered, unreachable

_SERVICE = "Argilla"

Json = dict[str, Any]


@dataclass(frozen=True)
class RecordPage:
    """Records in the order they were added; `fetched` (server clock) is a moment before the reading.

    `left` counts the records after these.
    """

    records: list[Json]
    fetched: datetime
    left: int


class Api:
    """What push and pull ask of one Argilla; a context manager. `transport` is where tests put a server of their own.

    Every method raises Unreachable, NotAllowed or ServiceFailure. Nothing is retried: what failed may have arrived
    all the same, so the way to go on is to look again.
    """

    def __init__(self, url: str, key: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        headers = {"X-Argilla-Api-Key": key}
        self._http = httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=110, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def users(self) -> dict[str, str]:
        """Ids of all users by name in lower case; only an owner's key may ask."""
        return {user["username"].lower(): user["id"] for user in self._call("listing its users", "GET", "/users")}

    def workspaces(self) -> dict[str, str]:
        """Ids of the workspaces by name."""
        return {each["name"]: each["id"] for each in self._call("listing its workspaces", "GET", "/me/workspaces")}

    def create_workspace(self, name: str) -> str:
        """Create a workspace; its id."""
        return str(self._call(f"creating workspace {name}", "POST", "/workspaces", {"name": name})["id"])

    def members(self, workspace: str) -> set[str]:
        """Ids of the users of a workspace."""
        return {user["id"] for user in self._call("listing a workspace", "GET", f"/workspaces/{workspace}/users")}

    def add_member(self, workspace: str, user: str) -> None:
        """Let a user work in a workspace."""
        self._call("assigning an annotator", "POST", f"/workspaces/{workspace}/users", {"user_id": user})

    def remove_member(self, workspace: str, user: str) -> None:
        """Let a user work in a workspace no more."""
        self._call("taking an annotator away", "DELETE", f"/workspaces/{workspace}/users/{user}")

    def datasets(self) -> list[Json]:
        """All datasets, whether published or not."""
        return list(self._call("listing its datasets", "GET", "/me/datasets"))

    def create_dataset(self, body: Mapping[str, Any], settings: DatasetSettings) -> str:
        """Create a dataset with its fields and questions and publish it, so that records can be added; its id.

        A failure half-way leaves a dataset that is not published.
        """
        name = body["name"]
        dataset = str(self._call(f"creating dataset {name}", "POST", "/datasets", body)["id"])
        for part, bodies in self._parts(settings):
            for each in bodies:
                self._call(f"adding {each['name']} to {name}", "POST", f"/datasets/{dataset}/{part}", each)
        self._call(f"publishing dataset {name}", "PUT", f"/datasets/{dataset}/publish")
        return dataset

    def delete_dataset(self, dataset: str) -> None:
        """Take a dataset away."""
        self._call(f"taking dataset {dataset} away", "DELETE", f"/datasets/{dataset}")

    @staticmethod
    def _parts(settings: DatasetSettings) -> Iterator[tuple[str, Sequence[Json]]]:
        yield "fields", settings.fields
        yield "questions", settings.questions
        yield "metadata-properties", settings.metadata

    def fields(self, dataset: str) -> dict[str, Json]:
        """A dataset's fields by name."""
        listed = self._call("reading fields", "GET", f"/datasets/{dataset}/fields")
        return {field["name"]: field for field in listed}

    def questions(self, dataset: str) -> dict[str, Json]:
        """A dataset's questions by name."""
        listed = self._call("reading questions", "GET", f"/datasets/{dataset}/questions")
        return {question["name"]: question for question in listed}

    def properties(self, dataset: str) -> list[Json]:
        """A dataset's metadata properties, in the order they were added."""
        listed = self._call("reading metadata properties", "GET", f"/me/datasets/{dataset}/metadata-properties")
        return sorted(listed, key=lambda each: str(each["inserted_at"]))

    def add_property(self, dataset: str, body: Mapping[str, Any]) -> None:
        """Add a metadata property."""
        self._call("adding a metadata property", "POST", f"/datasets/{dataset}/metadata-properties", body)

    def update(self, kind: str, identity: str, changes: Mapping[str, Any]) -> None:
        """Change a dataset, field or question (`kind` is "datasets", "fields" or "questions")."""
        self._call(f"updating {kind[:-1]} {identity}", "PATCH", f"/{kind}/{identity}", changes)

    def add_records(self, dataset: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Add these records."""
        doing = f"adding {len(records)} records to dataset {dataset}"
        self._call(doing, "POST", f"/datasets/{dataset}/records/bulk", {"items": list(records)})

    def record_page(self, dataset: str, *, offset: int, size: int, responses: bool) -> RecordPage:
        """Up to `size` records, with everybody's responses if asked; never with suggestions or vectors."""
        include = "&include=responses" if responses else ""
        path = f"/datasets/{dataset}/records?limit={size}&offset={offset}{include}"
        response = self._send(f"reading records of dataset {dataset}", "GET", path, None)
        body = response.json()
        left = max(body["total"] - offset - len(body["items"]), 0)
        return RecordPage(body["items"], _before(response), left)

    def _call(self, doing: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = self._send(doing, method, path, body)
        said = answer.json() if answer.content else None
        return said["items"] if isinstance(said, dict) and set(said) == {"items"} else said

    def _send(self, doing: str, method: str, path: str, body: Mapping[str, Any] | None) -> httpx.Response:
        try:
            response = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise unreachable(_SERVICE, self.url, doing, error) from error
        if not response.is_success:
            raise answered(_SERVICE, doing, response.status_code, response.content)
        return response


def _before(response: httpx.Response) -> datetime:
    """A moment before the request by the server's own clock, whose `Date` has whole seconds."""
    stamped = parsedate_to_datetime(response.headers["date"]) if "date" in response.headers else datetime.now(UTC)
    return stamped - response.elapsed - timedelta(seconds=1)
