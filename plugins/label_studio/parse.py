"""Label Studio's JSON (exports, task lists, webhooks) as frames.

JSON only: JSON_MIN and CSV drop skipped annotations and the link between a marked error and its severity.
Nothing in an annotation is trusted, because Label Studio checks nothing: a row that cannot be read is refused
with its place and what to do, and the others are kept. A required question without an answer has no row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from plugins.errors import MalformedExport
from plugins.frames import Frames
from plugins.gathered import Gathered
from plugins.label_studio.answers import Form
from plugins.projects import Project, Projects
from plugins.pseudonym import pseudonym
from plugins.values import Garbled, encodable, finite

if TYPE_CHECKING:
    from guidelines import Library


def read_tasks(tasks: Sequence[Any], projects: Projects, library: Library, key: bytes) -> Frames:
    """An export (a list of tasks, each with its annotations) as frames.

    `projects` says which workflow and locale a project is, `library` what its questions are, `key` makes the
    pseudonyms. Raises MalformedExport when `tasks` is no list; everything smaller is refused row by row.
    """
    if not isinstance(tasks, list | tuple):
        message = f"an export is a list of tasks, this is {_a(tasks)}"
        raise MalformedExport(message, fix="export as JSON, not as JSON_MIN or CSV")
    reader = _Reader(projects, library, key)
    for number, task in enumerate(tasks):
        reader.task(task, f"task {number} of the export")
    return reader.frames()


@dataclass(frozen=True)
class WebhookEvent:
    """What one webhook says: annotations to store (`frames`), or ids of annotations or tasks that are gone."""

    kind: Literal["upsert", "deletion", "other"]
    action: str
    source: str
    project: str
    frames: Frames = field(default_factory=Frames)
    annotations: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()


def read_webhook(body: Any, projects: Projects, library: Library, key: bytes) -> WebhookEvent:
    """One webhook body; raises MalformedExport when it is not one of Label Studio's.

    A deletion names annotations, or (TASKS_DELETED) tasks whose annotations are all gone. Actions that say
    nothing about answers are "other".
    """
    action, project = _action(body)
    event = (action, projects.source, project)
    if action in ("ANNOTATION_CREATED", "ANNOTATION_UPDATED"):
        task = body.get("task")
        shown = {**task, "annotations": [body.get("annotation")]} if isinstance(task, dict) else task
        return WebhookEvent("upsert", *event, read_tasks([shown], projects, library, key))
    if action == "ANNOTATIONS_DELETED":
        return WebhookEvent("deletion", *event, annotations=_gone(body, "annotations"))
    if action == "TASKS_DELETED":
        return WebhookEvent("deletion", *event, tasks=_gone(body, "tasks"))
    return WebhookEvent("other", *event)


def _action(body: Any) -> tuple[str, str]:
    project = body.get("project") if isinstance(body, dict) else None
    if isinstance(project, dict) and isinstance(body.get("action"), str):
        return body["action"], str(project.get("id"))
    raise MalformedExport(
        "not a Label Studio webhook: no action or no project", fix="send the body as Label Studio does"
    )


def _gone(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    rows = body.get(name)
    if isinstance(rows, list) and all(isinstance(row, dict) and isinstance(row.get("id"), int) for row in rows):
        return tuple(str(row["id"]) for row in rows)
    raise MalformedExport(f"{name!r} is no list of ids", fix="send the body as Label Studio does")


class _Reader:
    """Collects rows as tuples in schema order: an export has millions of cells."""

    def __init__(self, projects: Projects, library: Library, key: bytes) -> None:
        self._projects, self._library, self._key = projects, library, key
        self._forms: dict[str, Form] = {}
        self._people: dict[str, str] = {}
        self._gathered = Gathered()

    def frames(self) -> Frames:
        """What was read."""
        return self._gathered.frames()

    def task(self, task: Any, where: str) -> None:
        try:
            head = self._head(task)
            annotations = _list(task.get("annotations"), "annotations")
        except Garbled as garbled:
            self._gathered.refused.append(garbled.refused(where))
            return
        for annotation in annotations:
            self._try(annotation, head)

    def _head(self, task: Any) -> _Task:
        if not isinstance(task, dict):
            raise Garbled("task", f"{_a(task)} where a task is expected", "export as JSON")
        data = task.get("data")
        item = data.get("item") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(item, str) or not item:
            raise Garbled("data.item", "the task names no item", "push tasks with `concord push`")
        project = self._projects.get(str(task.get("project")))
        if project is None:
            fix = "register the project with `concord push`"
            raise Garbled("project", f"project {task.get('project')!r} is not registered", fix)
        return _Task(_id(task, "id"), encodable(item, "data.item"), data, project, self._form(project.workflow))

    def _form(self, workflow: str) -> Form:
        if workflow not in self._forms:
            if workflow not in self._library.workflows:
                raise Garbled("project", f"its workflow {workflow!r} is unknown", "add the workflow to the guidelines")
            self._forms[workflow] = Form.of(self._library.workflows[workflow])
        return self._forms[workflow]

    def _try(self, annotation: Any, task: _Task) -> None:
        known = annotation.get("id") if isinstance(annotation, dict) else None
        where = f"task {task.id}, annotation {known}"
        try:
            self._annotation(annotation, task, where)
        except Garbled as garbled:
            self._gathered.refused.append(garbled.refused(where))

    def _annotation(self, annotation: Any, task: _Task, where: str) -> None:
        if not isinstance(annotation, dict):
            raise Garbled("annotations", f"{_a(annotation)} where an annotation is expected", "export as JSON")
        project = task.project
        skipped = bool(annotation.get("was_cancelled"))
        result = _list(annotation.get("result"), "result")
        key = (project.source, project.project, _id(annotation, "id"))
        author = self._author(annotation)
        lead = (*key, project.workflow, project.locale, task.item, author, project.stage)
        when = _when(annotation, project)
        self._gathered.submission(lead, task.id, "skipped" if skipped else "submitted", when)
        if not skipped:
            read = task.form.read(result, task.data, where)
            self._gathered.answers(read.answers, read.spans, lead, when)
            self._gathered.refused.extend(read.refused)

    def _author(self, annotation: Mapping[str, Any]) -> str:
        who = annotation.get("completed_by")
        user = _id({"completed_by": who.get("id") if isinstance(who, dict) else who}, "completed_by")
        if user not in self._people:
            self._people[user] = pseudonym(self._key, self._projects.source, user)
        return self._people[user]


@dataclass(frozen=True)
class _Task:
    id: str
    item: str
    data: dict[str, Any]
    project: Project
    form: Form


def _when(annotation: Mapping[str, Any], project: Project) -> tuple[str, datetime, datetime, float | None]:
    """Guideline version, created, updated, lead time: the last four columns of judgments and annotations."""
    created, updated = _time(annotation, "created_at"), _time(annotation, "updated_at")
    lead = annotation.get("lead_time")
    return project.version_at(updated), created, updated, None if lead is None else finite(lead, "lead_time")


def _time(row: Mapping[str, Any], name: str) -> datetime:
    try:
        when = datetime.fromisoformat(row.get(name, ""))
    except (TypeError, ValueError):
        when = datetime.min  # noqa: DTZ901  # without a zone, so refused with the others below
    if when.tzinfo is None:
        raise Garbled(name, f"{row.get(name)!r} is not a time with a zone", "send e.g. 2026-11-20T23:26:55Z")
    return when


def _id(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Garbled(name, f"{value!r} is not an id", "send the number Label Studio gave")


def _list(value: Any, name: str) -> list[Any]:
    if isinstance(value, list):
        return value
    raise Garbled(name, f"{_a(value)} where a list is expected", "export as JSON, with annotations")


def _a(value: Any) -> str:
    return f"a {type(value).__name__}"
