"""A programme into Argilla: a workspace per locale, in it a dataset per workflow.

Whoever is in a workspace sees all its datasets, so annotators are put into the workspaces of their locales. As in Label
Studio the manifest goes to analytics before the first record, and running it again goes on where it stopped. Nothing is
ever suggested: Argilla preselects suggestions, and annotators would follow them.

Argilla changes no question and no code of a published dataset: a guideline that needs it is refused before anything is
changed. Titles, hints, the texts of labels and the guideline itself are brought up to date; the names of the responses
in a ranking are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from plugins.argilla.api import Api
from plugins.argilla.datasets import Found, find, metadata, number, record_pages, version_property
from plugins.argilla.encoding import plain, read_plain
from plugins.argilla.errors import FrozenDataset
from plugins.argilla.form import SUGGESTION, to_data, to_fields, to_texts
from plugins.argilla.settings import NUMBER, DatasetSettings, frozen, settings
from plugins.blinding import Order, task_data
from plugins.errors import ServiceError
from plugins.marker import Identity, Marker
from plugins.programme import Programme
from plugins.projects import Project
from plugins.pushing import ManifestSink, PushedProject, PushReport, register, shown_orders, without_account
from plugins.suggesting import IDS, Suggested, has_panel, suggested
from plugins.suggestions import Suggestion, read_suggestions

if TYPE_CHECKING:
    from guidelines import Library
    from guidelines.model import Guideline

BATCH = 200  # records a request: Argilla adds some 70 a second

Json = dict[str, Any]


def push(
    programme: Programme,
    library: Library,
    api: Api,
    analytics: ManifestSink,
    *,
    batch: int = BATCH,
    on_step: Callable[[str], None] = lambda step: None,
) -> PushReport:
    """Create or update the programme's datasets, register them in analytics, and add the records not there yet.

    Annotators are known by their email as user name. Raises InvalidSettings, InvalidSuggestions or FrozenDataset
    before anything is changed, and a ServiceError that says what was done and that the push can be run again.
    """
    suggestions = read_suggestions(programme, library)
    wanted = [_Wanted.of(programme, library, *pair) for pair in _pairs(programme)]
    run = _Push(programme, library, api, batch, on_step)
    try:
        return run.all(wanted, suggestions, analytics)
    except ServiceError as error:
        raise error.after(run.done, "concord push") from error


def _pairs(programme: Programme) -> Iterator[tuple[str, str]]:
    yield from ((workflow, locale) for workflow in programme.workflows for locale in programme.locales)


@dataclass(frozen=True)
class _Wanted:
    """A dataset as it shall be."""

    marker: Marker
    guideline: Guideline
    settings: DatasetSettings

    @classmethod
    def of(cls, programme: Programme, library: Library, workflow: str, locale: str) -> _Wanted:
        guideline = library.guideline(workflow, locale)
        made = settings(guideline, suggestions=has_panel(programme, workflow))
        return cls(Marker(programme.programme, workflow, locale), guideline, made)

    def fields(self, data: Mapping[str, Any]) -> Json:
        return to_fields(data, self.guideline.workflow, rtl=self.guideline.direction == "rtl")

    def data(self, record: Json) -> Json:
        """The task's data that a record shows."""
        workflow = self.guideline.workflow
        shown = to_texts(record["fields"], workflow, rtl=self.guideline.direction == "rtl")
        return {**to_data(_item(record), shown, workflow), IDS: (record.get("metadata") or {}).get(IDS)}


@dataclass(frozen=True)
class _There:
    """A dataset before the push: what would change in it, by kind and id."""

    found: Found
    changes: Mapping[tuple[str, str], Json]


@dataclass(frozen=True)
class _Present:
    """A dataset that is now as it shall be."""

    dataset: str
    wanted: _Wanted
    marker: Marker
    change: str


class _Push:
    """One run; `done` lists the finished steps."""

    def __init__(
        self, programme: Programme, library: Library, api: Api, batch: int, on_step: Callable[[str], None]
    ) -> None:
        self._programme, self._library, self._api = programme, library, api
        self._batch, self._on_step = batch, on_step
        self.done: list[str] = []

    def all(self, wanted: Sequence[_Wanted], suggestions: Sequence[Suggestion], analytics: ManifestSink) -> PushReport:
        users = self._api.users()
        there = self._there(wanted)
        workspaces = self._workspaces(users)
        present = [self._dataset(each, there.get(each.marker.identity), workspaces) for each in wanted]
        records = {each.dataset: self._records(each) for each in present}
        tasks = [{_item(record): each.wanted.data(record) for record in records[each.dataset]} for each in present]
        orders = shown_orders(self._programme, tasks)
        helped = suggested(self._programme, self._library, suggestions, orders, tasks)
        projects = [self._registration(each) for each in present]
        self._finished(register(self._programme, self._library, projects, orders, users, helped, analytics))
        pushed = tuple(self._add(each, records[each.dataset], orders, helped) for each in present)
        return PushReport(pushed, without_account(self._programme, users))

    def _finished(self, step: str) -> None:
        self.done.append(step)
        self._on_step(step)

    def _there(self, wanted: Sequence[_Wanted]) -> dict[Identity, _There]:
        """The datasets that are there, each checked to take its changes; unfinished ones of ours are taken away."""
        found = find(self._api, self._programme.programme)
        published = {each.marker.identity: each for each in found if each.is_published}
        there = {
            each.marker.identity: _There(published[each.marker.identity], self._changes(published, each))
            for each in wanted
            if each.marker.identity in published
        }
        for each in found:
            if not each.is_published:
                self._api.delete_dataset(each.id)
        return there

    def _changes(self, published: Mapping[Identity, Found], wanted: _Wanted) -> dict[tuple[str, str], Json]:
        """What is to change in fields and questions; raises FrozenDataset."""
        found = published[wanted.marker.identity]
        fields, questions = self._api.fields(found.id), self._api.questions(found.id)
        _check_frozen(found, wanted.settings, fields, questions)
        changes = {
            ("fields", fields[each["name"]]["id"]): _field_change(fields[each["name"]], each)
            for each in wanted.settings.fields
        }
        for each in wanted.settings.questions:
            changes["questions", questions[each["name"]]["id"]] = _question_change(questions[each["name"]], each)
        return {key: change for key, change in changes.items() if change}

    def _workspaces(self, users: Mapping[str, str]) -> dict[str, str]:
        """The id of each locale's workspace, with the locale's annotators in it."""
        known = self._api.workspaces()
        return {locale: self._workspace(locale, known, users) for locale in self._programme.locales}

    def _workspace(self, locale: str, known: Mapping[str, str], users: Mapping[str, str]) -> str:
        name = f"{self._programme.programme} {locale}"
        workspace = known.get(name)
        if workspace is None:
            workspace = self._api.create_workspace(name)
            self._finished(f"workspace {name} created")
        emails = [each.email.lower() for each in self._programme.annotators if locale in each.locales]
        for user in sorted({users[email] for email in emails if email in users} - self._api.members(workspace)):
            self._api.add_member(workspace, user)
        return workspace

    def _dataset(self, wanted: _Wanted, there: _There | None, workspaces: Mapping[str, str]) -> _Present:
        """Create, update or leave the dataset; a new version is told last, so that a run cut short tells it later."""
        before = there.found.marker if there else wanted.marker
        marker = before.with_version(str(wanted.guideline.version), datetime.now(UTC))
        body = {
            "guidelines": wanted.settings.guidelines,
            "distribution": {"strategy": "overlap", "min_submitted": self._programme.overlap},
        }
        if there is None:
            body |= {"name": marker.name, "workspace_id": workspaces[marker.locale], "metadata": metadata(marker)}
            dataset = self._api.create_dataset({**body, "allow_extra_metadata": False}, wanted.settings)
            change = "created"
        else:
            dataset, change = there.found.id, self._update(there, body, marker)
        self._finished(f"dataset {marker.name} {change}")
        return _Present(dataset, wanted, marker, change)

    def _update(self, there: _There, body: Json, marker: Marker) -> str:
        dataset = there.found.dataset
        for (kind, identity), change in there.changes.items():
            self._api.update(kind, identity, change)
        changed = {name: value for name, value in body.items() if dataset.get(name) != value}
        if changed:
            self._api.update("datasets", there.found.id, changed)
        if marker != there.found.marker:
            self._api.add_property(there.found.id, version_property(marker))
        return "updated" if changed or there.changes or marker != there.found.marker else "unchanged"

    def _records(self, present: _Present) -> list[Json]:
        """The dataset's records that a push added."""
        pages = record_pages(self._api, present.dataset, responses=False)
        by_id = {record["id"]: record for page in pages for record in page.records}
        return [record for record in by_id.values() if number(record) is not None]

    def _registration(self, present: _Present) -> Project:
        return present.marker.project(present.dataset, self._programme.source, self._programme.stage)

    def _add(
        self, present: _Present, records: Sequence[Json], orders: Mapping[str, Order], helped: Suggested
    ) -> PushedProject:
        marker = present.marker
        there = {_item(record) for record in records}
        last = max((number(record) or 0 for record in records), default=0)
        items = [each for each in self._programme.items_of(marker.workflow, marker.locale) if each.item not in there]
        missing = [
            _record(present.wanted, {**task_data(item, orders[item.item]), **helped.fields(item)}, at)
            for at, item in enumerate(items, start=last + 1)
        ]
        for start in range(0, len(missing), self._batch):
            part = missing[start : start + self._batch]
            self._api.add_records(present.dataset, part)
            self._finished(f"{len(part)} records added to dataset {marker.name}")
        total = len(there) + len(missing)
        return PushedProject(present.dataset, marker.workflow, marker.locale, present.change, len(missing), total)


def _record(wanted: _Wanted, data: Mapping[str, Any], number: int) -> Json:
    shown = {IDS: data[IDS]} if data.get(IDS) else {}
    metadata = {NUMBER: number, **shown}
    return {"external_id": plain(data["item"]), "fields": wanted.fields(data), "metadata": metadata}


def _item(record: Json) -> str:
    return read_plain(str(record["external_id"]))


def _check_frozen(
    found: Found, wanted: DatasetSettings, fields: Mapping[str, Json], questions: Mapping[str, Json]
) -> None:
    """Raise FrozenDataset if questions, codes or fields would have to come, go or change their form."""
    asked = {each["name"]: frozen(each) for each in wanted.questions}
    shown = {each["name"]: each["settings"]["type"] for each in wanted.fields}
    before = {name: frozen(each) for name, each in questions.items()}
    shown_before = {name: each["settings"]["type"] for name, each in fields.items()}
    differ = {name for name in asked.keys() | before.keys() if asked.get(name) != before.get(name)}
    shown_before = {name: kind for name, kind in shown_before.items() if name != SUGGESTION or name in shown}
    differ |= {name for name in shown.keys() | shown_before.keys() if shown.get(name) != shown_before.get(name)}
    if differ:
        raise FrozenDataset(found.marker.name, differ)


def _field_change(now: Json, wanted: Json) -> Json:
    return {name: wanted[name] for name in ("title", "settings") if now[name] != wanted[name]}


def _question_change(now: Json, wanted: Json) -> Json:
    change = {name: wanted.get(name) for name in ("title", "description") if now[name] != wanted.get(name)}
    given = wanted["settings"]
    if given["type"] in ("text", "rating", "ranking") or _options(now["settings"]) == _options(given):
        return change
    return {**change, "settings": {name: value for name, value in given.items() if name != "field"}}


def _options(given: Json) -> list[tuple[Any, ...]]:
    return [(option["value"], option["text"], option.get("description")) for option in given["options"]]
