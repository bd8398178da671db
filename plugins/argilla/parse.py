"""Records of Argilla with their responses, as `pull` sends them, as frames.

Argilla keeps no lead time, so there is none. Drafts are no answers and have no row; a discarded response has a row and
no answers. Nothing in a response is trusted: what cannot be read is refused with its place, and the rest is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from guidelines.errors import ConcordError
from plugins.argilla.answers import Answers, Form
from plugins.errors import MalformedExport
from plugins.frames import Frames
from plugins.gathered import Gathered
from plugins.projects import Project, Projects
from plugins.pseudonym import pseudonym
from plugins.values import Garbled, dict_of, encodable, name_of

if TYPE_CHECKING:
    from guidelines import Library

STATUSES = ("submitted", "discarded")


def read_records(tasks: Sequence[Any], projects: Projects, library: Library, key: bytes) -> Frames:
    """Records, each with `id` (its number), `project` (its dataset), `item`, `fields` and `annotations`, as frames.

    `projects` says which workflow and locale a dataset is, `library` what its questions are, `key` makes the
    pseudonyms. Raises MalformedExport when `tasks` is no list; everything smaller is refused row by row.
    """
    if not isinstance(tasks, list | tuple):
        raise MalformedExport(f"an export is a list of records, this is a {type(tasks).__name__}", fix="use a pull")
    reader = _Reader(projects, library, key)
    for number, task in enumerate(tasks):
        reader.task(task, f"record {number} of the export")
    return reader.frames()


@dataclass(frozen=True)
class _Task:
    """A record and the dataset it is in."""

    id: str
    item: str
    fields: Mapping[str, Any]
    project: Project
    form: Form


class _Reader:
    """Gathers rows of all three frames."""

    def __init__(self, projects: Projects, library: Library, key: bytes) -> None:
        self._projects, self._library, self._key = projects, library, key
        self._forms: dict[tuple[str, str], Form] = {}
        self._gathered = Gathered()

    def frames(self) -> Frames:
        """What was read."""
        return self._gathered.frames()

    def task(self, task: Any, where: str) -> None:
        """Read one record."""
        try:
            head = self._head(dict_of(task, "record"))
            responses = task.get("annotations")
            if not isinstance(responses, list):
                raise Garbled("annotations", "no list of responses", "use a pull")
        except Garbled as garbled:
            self._gathered.refused.append(garbled.refused(where))
            return
        for response in responses:
            self._try(response, head)

    def _head(self, task: dict[str, Any]) -> _Task:
        project = self._projects.get(str(task.get("project")))
        if project is None:
            fix = "register the dataset with `concord push`"
            raise Garbled("project", f"dataset {task.get('project')!r} is not registered", fix)
        fields, item = dict_of(task.get("fields"), "fields"), name_of(task.get("item"), "item")
        return _Task(str(task.get("id")), item, fields, project, self._form(project))

    def _form(self, project: Project) -> Form:
        pair = project.workflow, project.locale
        if pair not in self._forms:
            try:
                self._forms[pair] = Form.of(self._library.guideline(*pair))
            except ConcordError as error:
                raise Garbled("project", error.message, error.fix) from error
        return self._forms[pair]

    def _try(self, response: Any, task: _Task) -> None:
        known = response.get("id") if isinstance(response, dict) else None
        where = f"record {task.id}, response {known}"
        try:
            self._response(dict_of(response, "annotations"), task, where)
        except Garbled as garbled:
            self._gathered.refused.append(garbled.refused(where))

    def _response(self, response: dict[str, Any], task: _Task, where: str) -> None:
        project, status = task.project, response.get("status")
        if status == "draft":
            return
        if status not in STATUSES:
            raise Garbled("status", f"{status!r}", f"give one of: {', '.join(STATUSES)}, draft")
        key = (project.source, project.project, name_of(response.get("id"), "id"))
        annotator = pseudonym(self._key, project.source, name_of(response.get("user_id"), "user_id"))
        lead = (*key, project.workflow, project.locale, task.item, annotator, project.stage)
        when = _when(response, project)
        read = None
        if status == "submitted":
            read = Answers(task.form, dict_of(response.get("values"), "values"), task.fields, where)
        self._gathered.submission(lead, task.id, status, when)
        if read is not None:
            self._gathered.answers(read.answers, read.spans, lead, when)
            self._gathered.refused.extend(read.refused)


def _when(response: Mapping[str, Any], project: Project) -> tuple[str, datetime, datetime, None]:
    """Guideline version, created, updated, no lead time: the last four columns of judgments and annotations."""
    created, updated = _time(response, "inserted_at"), _time(response, "updated_at")
    return project.version_at(updated), created, updated, None


def _time(row: Mapping[str, Any], name: str) -> datetime:
    """Argilla's times are UTC and do not say so."""
    try:
        when = datetime.fromisoformat(encodable(str(row.get(name)), name))
    except ValueError as error:
        raise Garbled(name, f"{row.get(name)!r} is not a time", "send e.g. 2026-11-20T23:26:55.123456") from error
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when
