"""Label Studio's API through label-studio-sdk; its types and errors stay in here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

import httpx
from label_studio_sdk import ImportApiRequest, LabelStudio
from label_studio_sdk.base_client import LabelStudioBase
from label_studio_sdk.core.api_error import ApiError

from plugins.http_errors import answered, unreachable

WEBHOOK_ACTIONS = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED", "TASKS_DELETED")
_BACKEND = "Concord"  # the description by which an attached backend is known as ours

# What is read of tasks and annotations (one list for both levels): without predictions and drafts a page takes
# Label Studio less than half the time.
_TASK = "id,project,data"
_ANNOTATION = "annotations,result,completed_by,was_cancelled,created_at,updated_at,lead_time"


@dataclass(frozen=True)
class RemoteProject:
    """A project as it stands in Label Studio."""

    id: int
    description: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class TaskPage:
    """Tasks in id order; `fetched` (server clock) is a moment before the reading; `left` counts these and all later."""

    tasks: list[dict[str, Any]]
    fetched: datetime
    left: int


class Api:
    """What push and pull ask of one Label Studio; a context manager.

    Every method raises Unreachable, NotAllowed or ServiceFailure.

    Nothing is retried: an import that failed may have arrived all the same, so the way to go on is to look again.
    """

    def __init__(self, url: str, token: str, *, timeout: float = 110) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(timeout=timeout, follow_redirects=True)
        make: Callable[..., LabelStudioBase] = LabelStudio  # the SDK leaves its constructor untyped
        self._sdk = make(base_url=self.url, api_key=token, max_retries=0, httpx_client=self._http)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def users(self) -> dict[str, int]:
        """Ids of all users by email in lower case."""
        with self._doing("listing its users"):
            return {str(user.email).lower(): int(user.id) for user in self._sdk.users.list()}

    def projects(self) -> Iterator[tuple[int, str]]:
        """Id and description of every project the token may see."""
        with self._doing("listing its projects"):
            for project in self._sdk.projects.list(include="id,description", page_size=500):
                yield project.id, project.description or ""

    def project(self, project: int) -> RemoteProject:
        """One project with all its settings."""
        with self._doing(f"reading project {project}"):
            settings = self._sdk.projects.get(project).model_dump()
        return RemoteProject(project, settings["description"] or "", settings)

    def create_project(self, settings: Mapping[str, Any]) -> int:
        """Create a project; its id."""
        with self._doing(f"creating project {settings['title']!r}"):
            return int(self._sdk.projects.create(**settings).id or 0)

    def update_project(self, project: int, settings: Mapping[str, Any]) -> None:
        """Change these settings of a project, all or none."""
        with self._doing(f"updating project {project}"):
            self._sdk.projects.update(project, **settings)

    def used(self, project: int) -> dict[str, set[str]]:
        """The controls that annotations of a project answer, each with the codes they hold."""
        summary = self._get(f"reading what is used in project {project}", f"api/projects/{project}/summary/", {}).json()
        answered: dict[str, set[str]] = {name.partition("|")[0]: set() for name in summary["created_annotations"]}
        return answered | {control: set(codes) for control, codes in summary["created_labels"].items()}

    def task_page(self, project: int, *, after: int, size: int, annotations: bool) -> TaskPage:
        """Up to `size` tasks with id > `after`, with all their annotations (skipped ones too) if asked.

        By id and not by page number, so tasks deleted meanwhile shift nothing; and not the export endpoint, which
        leaves a copy of every answer on the server's disk.
        """
        beyond = {"filter": "filter:tasks:id", "operator": "greater", "type": "Number", "value": after}
        query = {"filters": {"conjunction": "and", "items": [beyond]}, "ordering": ["tasks:id"]}
        params = {
            "project": project,
            "fields": "all" if annotations else "task_only",
            "include": f"{_TASK},{_ANNOTATION}" if annotations else _TASK,
            "page_size": size,
            "resolve_uri": "false",
            "query": json.dumps(query),
        }
        response = self._get(f"reading project {project} after task {after}", "api/tasks", params)
        body = response.json()
        return TaskPage(body["tasks"], _before(response), body["total"])

    def import_tasks(self, project: int, tasks: Sequence[Mapping[str, Any]]) -> None:
        """Add these tasks, each with `data` and perhaps `annotations`."""
        with self._doing(f"importing {len(tasks)} tasks into project {project}"):
            self._sdk.projects.import_tasks(project, request=[ImportApiRequest(**task) for task in tasks])

    def retrieve_predictions(self, project: int) -> None:
        """Have Label Studio ask the project's ML backend about all tasks, as the Data Manager's action does."""
        doing = f"retrieving the predictions of project {project}"
        params = {"id": "retrieve_tasks_predictions", "project": project}
        self._request(doing, "POST", "/api/dm/actions", params, {"selectedItems": {"all": True, "excluded": []}})

    def set_webhook(self, project: int, url: str, token: str) -> bool:
        """Have annotations reported to `url` with this bearer token, by one webhook; True if something changed."""
        wanted: dict[str, Any] = {
            "url": url,
            "actions": sorted(WEBHOOK_ACTIONS),
            "headers": {"Authorization": f"Bearer {token}"},
            "send_for_all_actions": False,
            "send_payload": True,
            "is_active": True,
        }
        with self._doing(f"attaching the webhook to project {project}"):
            hooks = self._sdk.webhooks.list(project=str(project))
            ours = [hook for hook in hooks if hook.project == project and _path(hook.url) == _path(url)]
            if not ours:
                self._sdk.webhooks.create(project=project, **wanted)
                return True
            if all(_plain(getattr(ours[0], name)) == value for name, value in wanted.items()):
                return False
            self._sdk.webhooks.update(ours[0].id, **wanted)
            return True

    def set_ml_backend(
        self,
        project: int,
        url: str,
        basic_auth: tuple[str, str] | None,
        about: Mapping[str, str],
        *,
        interactive: bool,
    ) -> bool:
        """Attach the ML backend at `url`, once; True if something changed. Label Studio calls it at once.

        What the backend is to know `about` the project goes along, for tasks do not carry it; `interactive` lets
        annotators talk with the model.
        """
        wanted: dict[str, Any] = {
            "url": url,
            "description": _BACKEND,
            "is_interactive": interactive,
            "extra_params": dict(about),
        }
        if basic_auth:
            user, password = basic_auth
            wanted |= {"auth_method": "BASIC_AUTH", "basic_auth_user": user, "basic_auth_pass": password}
        with self._doing(f"attaching the ML backend to project {project}"):
            ours = [backend for backend in self._sdk.ml.list(project=project) if backend.description == _BACKEND]
            backend = ours[0] if ours else self._sdk.ml.create(project=project, title=_BACKEND, **wanted)
            # The project shows and sorts by scores of the version that its backend's title names.
            wanted["title"] = backend.model_version or _BACKEND
            if all(getattr(backend, name) == value for name, value in wanted.items() if name != "basic_auth_pass"):
                return not ours
            self._sdk.ml.update(backend.id, project=project, **wanted)
            return True

    def _get(self, doing: str, path: str, params: Mapping[str, Any]) -> httpx.Response:
        return self._request(doing, "GET", path, params)

    def _request(
        self, doing: str, method: str, path: str, params: Mapping[str, Any], body: Any = None
    ) -> httpx.Response:
        """Raw JSON through the SDK's own authenticated connection: its models would drop and convert fields."""
        connection = self._sdk._client_wrapper.httpx_client
        with self._doing(doing):
            response = connection.request(path, method=method, params=dict(params), json=body)
        if not response.is_success:
            raise answered("Label Studio", doing, response.status_code, response.text)
        return response

    @contextmanager
    def _doing(self, doing: str) -> Iterator[None]:
        try:
            yield
        except ApiError as error:
            raise answered("Label Studio", doing, error.status_code, error.body) from error
        except httpx.HTTPError as error:
            raise unreachable("Label Studio", self.url, doing, error) from error


def _before(response: httpx.Response) -> datetime:
    """A moment before the request by the server's own clock, whose `Date` has whole seconds."""
    stamped = parsedate_to_datetime(response.headers["date"]) if "date" in response.headers else datetime.now(UTC)
    return stamped - response.elapsed - timedelta(seconds=1)


def _path(url: str) -> str:
    return httpx.URL(url).path


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value
