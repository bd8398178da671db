"""A programme into Argilla: a workspace per locale, in it a dataset per workflow.

Whoever is in a workspace sees all its datasets, so annotators are put into the workspaces of their locales; shielded
datasets are in workspaces of their own. As in Label Studio the manifest goes to analytics before the first record, and
running it again goes on where it stopped. What helpers suggest is a field of the record, never a suggestion of
Argilla's: those are preselected, and people follow them.

Argilla changes no question and no code of a published dataset: a guideline that needs it is refused before anything is
changed. Titles, hints, the texts of labels and the guideline itself are brought up to date; the names of the responses
in a ranking are not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from plugins.annotators import Annotator
from plugins.argilla.api import Api
from plugins.argilla.datasets import Found, find, metadata, number, record_pages, version_property
from plugins.argilla.encoding import plain, read_plain
from plugins.argilla.errors import FrozenDataset, InvalidSettings
from plugins.argilla.form import SUGGESTION, marked_texts, to_data, to_fields, to_texts
from plugins.argilla.settings import NUMBER, DatasetSettings, frozen, screen_name, screen_property, settings
from plugins.blinding import Order, task_data
from plugins.errors import ServiceError
from plugins.marker import SHIELDED, Identity, Marker, in_lane
from plugins.programme import Programme
from plugins.projects import Project
from plugins.protection import Protected, accepting, markers, protected, shielded
from plugins.pushing import (
    ManifestSink,
    PushedProject,
    PushReport,
    people_of_lanes,
    register,
    shown_orders,
    without_account,
)
from plugins.suggesting import IDS, Suggested, has_panel, suggested
from plugins.suggestions import Suggestion, read_suggestions

if TYPE_CHECKING:
    from guidelines import Library
    from guidelines.model import Guideline, Workflow

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

    Annotators are known by their email as user name. Raises InvalidSettings, InvalidSuggestions, FrozenDataset, or what
    `protected` raises before anything is changed, and a ServiceError that says what was done and that the push can be
    run again.
    """
    suggestions = read_suggestions(programme, library)
    run = _Push(programme, library, api, batch, on_step)
    try:
        return run.all(suggestions, analytics)
    except ServiceError as error:
        raise error.after(run.done, "concord push") from error


@dataclass(frozen=True)
class _Wanted:
    """A dataset as it shall be."""

    marker: Marker
    guideline: Guideline
    settings: DatasetSettings

    @classmethod
    def of(cls, programme: Programme, library: Library, marker: Marker) -> _Wanted:
        guideline = library.guideline(marker.workflow, marker.locale)
        if marker.lane == SHIELDED:
            guideline = _shielded(guideline)
        return cls(marker, guideline, settings(guideline, suggestions=has_panel(programme, marker.workflow)))

    def fields(self, data: Mapping[str, Any]) -> Json:
        return to_fields(data, self.guideline.workflow, rtl=self.guideline.direction == "rtl")

    def data(self, record: Json) -> Json:
        """The task's data that a record shows."""
        workflow = self.guideline.workflow
        shown = to_texts(record["fields"], workflow, rtl=self.guideline.direction == "rtl")
        return {**to_data(_item(record), shown, workflow), IDS: (record.get("metadata") or {}).get(IDS)}


def _shielded(guideline: Guideline) -> Guideline:
    """Argilla can hide no text in which errors are marked: see `_check_hidden`."""
    return guideline if _shows_marks(guideline.workflow) else shielded(guideline)


def _check_hidden(plan: Protected, library: Library) -> None:
    """Raise InvalidSettings if a new item is to be hidden that cannot be: it may only go to people who accepted it."""
    for marker in markers(plan.programme):
        workflow = library.workflows[marker.workflow]
        new = [item for item in plan.items(marker) if item.item in plan.new]
        if (
            marker.lane == SHIELDED
            and new
            and _shows_marks(workflow)
            and plan.programme.screening.protection != "route"
        ):
            message = f"{workflow.id}: Argilla cannot hide a text in which errors are marked"
            raise InvalidSettings(message, fix="write protection: route in programme.yaml, or use Label Studio")


def _shows_marks(workflow: Workflow) -> bool:
    return bool(marked_texts(workflow)) and not workflow.sensitive


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

    def all(self, suggestions: Sequence[Suggestion], analytics: ManifestSink) -> PushReport:
        users = self._api.users()
        found = find(self._api, self._programme.programme)
        published = {each.marker.identity: each for each in found if each.is_published}
        known = {each.identity: self._wanted(each) for each in markers(self._programme) if each.identity in published}
        records = {identity: self._records(published[identity]) for identity in known}
        tasks = {
            identity: {_item(record): known[identity].data(record) for record in listed}
            for identity, listed in records.items()
        }
        plan = protected(self._programme, self._library, tasks)
        _check_hidden(plan, self._library)
        needed = [each for each in markers(self._programme) if each.identity in known or plan.needs(each)]
        wanted = [known.get(each.identity) or self._wanted(each) for each in needed]
        there = self._there(found, known)
        workspaces = self._workspaces(wanted, users)
        present = [self._dataset(each, there.get(each.marker.identity), workspaces) for each in wanted]
        orders = shown_orders(plan.programme, tasks.values())
        helped = suggested(plan.programme, self._library, suggestions, orders, tasks.values(), plan.masked)
        projects = [self._registration(each) for each in present]
        done = register(plan.programme, self._library, projects, orders, users, helped, plan.rows(orders), analytics)
        self._finished(done)
        pushed = tuple(self._add(each, records, plan, orders, helped) for each in present)
        told = (*plan.told, *people_of_lanes(self._programme, needed))
        return PushReport(pushed, without_account(self._programme, users), told)

    def _wanted(self, marker: Marker) -> _Wanted:
        return _Wanted.of(self._programme, self._library, marker)

    def _finished(self, step: str) -> None:
        self.done.append(step)
        self._on_step(step)

    def _there(self, found: Sequence[Found], known: Mapping[Identity, _Wanted]) -> dict[Identity, _There]:
        """The datasets that are there, each checked to take its changes; unfinished ones of ours are taken away."""
        there = {
            each.marker.identity: _There(each, self._changes(each, known[each.marker.identity]))
            for each in found
            if each.is_published and each.marker.identity in known
        }
        for each in found:
            if not each.is_published:
                self._api.delete_dataset(each.id)
        return there

    def _changes(self, found: Found, wanted: _Wanted) -> dict[tuple[str, str], Json]:
        """What is to change in fields and questions; raises FrozenDataset."""
        fields, questions = self._api.fields(found.id), self._api.questions(found.id)
        _check_frozen(found, wanted.settings, fields, questions)
        changes = {
            ("fields", fields[each["name"]]["id"]): _field_change(fields[each["name"]], each)
            for each in wanted.settings.fields
        }
        for each in wanted.settings.questions:
            changes["questions", questions[each["name"]]["id"]] = _question_change(questions[each["name"]], each)
        return {key: change for key, change in changes.items() if change}

    def _workspaces(self, wanted: Sequence[_Wanted], users: Mapping[str, str]) -> dict[tuple[str, str], str]:
        """The id of the workspace of each locale and lane, with those in it who work there."""
        known = self._api.workspaces()
        places = dict.fromkeys((each.marker.locale, each.marker.lane) for each in wanted)
        return {place: self._workspace(*place, known, users) for place in places}

    def _workspace(self, locale: str, lane: str, known: Mapping[str, str], users: Mapping[str, str]) -> str:
        name = in_lane(f"{self._programme.programme} {locale}", lane)
        workspace = known.get(name)
        if workspace is None:
            workspace = self._api.create_workspace(name)
            self._finished(f"workspace {name} created")
        members, people = self._api.members(workspace), accepting(self._programme, locale, lane)
        wanted = _accounts(people, users)
        for user in sorted(wanted - members):
            self._api.add_member(workspace, user)
        if lane == SHIELDED:
            for user in sorted(members & _accounts(self._programme.annotators, users) - wanted):
                self._api.remove_member(workspace, user)
        return workspace

    def _dataset(self, wanted: _Wanted, there: _There | None, workspaces: Mapping[tuple[str, str], str]) -> _Present:
        """Create, update or leave the dataset; a new version is told last, so that a run cut short tells it later."""
        before = there.found.marker if there else wanted.marker
        marker = before.with_version(str(wanted.guideline.version), datetime.now(UTC))
        body = {
            "guidelines": wanted.settings.guidelines,
            "distribution": {"strategy": "overlap", "min_submitted": self._programme.overlap},
        }
        if there is None:
            workspace = workspaces[marker.locale, marker.lane]
            body |= {"name": marker.name, "workspace_id": workspace, "metadata": metadata(marker)}
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

    def _records(self, found: Found) -> list[Json]:
        """The dataset's records that a push added."""
        pages = record_pages(self._api, found.id, responses=False)
        by_id = {record["id"]: record for page in pages for record in page.records}
        return [record for record in by_id.values() if number(record) is not None]

    def _registration(self, present: _Present) -> Project:
        return present.marker.project(present.dataset, self._programme.source, self._programme.stage)

    def _add(
        self,
        present: _Present,
        records: Mapping[Identity, Sequence[Json]],
        plan: Protected,
        orders: Mapping[str, Order],
        helped: Suggested,
    ) -> PushedProject:
        marker = present.marker
        known = records.get(marker.identity, ())
        there = {_item(record) for record in known}
        last = max((number(record) or 0 for record in known), default=0)
        items = [each for each in plan.items(marker) if each.item not in there]
        self._screens(present.dataset, {screen for item in items for screen in plan.scores(item.item)})
        missing = [
            _record(
                present.wanted,
                {**task_data(item, orders[item.item]), **helped.fields(item)},
                {NUMBER: at, **{screen_name(name): score for name, score in plan.scores(item.item).items()}},
            )
            for at, item in enumerate(items, start=last + 1)
        ]
        for start in range(0, len(missing), self._batch):
            part = missing[start : start + self._batch]
            self._api.add_records(present.dataset, part)
            self._finished(f"{len(part)} records added to dataset {marker.name}")
        total = len(there) + len(missing)
        about = present.dataset, marker.workflow, marker.locale, present.change
        return PushedProject(*about, len(missing), total, marker.lane)

    def _screens(self, dataset: str, screens: Collection[str]) -> None:
        """Give the dataset a property for each of these screens."""
        known = {each["name"] for each in self._api.properties(dataset)} if screens else set()
        for screen in sorted(screens):
            if screen_name(screen) not in known:
                self._api.add_property(dataset, screen_property(screen))


def _record(wanted: _Wanted, data: Mapping[str, Any], metadata: Json) -> Json:
    shown = {IDS: data[IDS]} if data.get(IDS) else {}
    return {"external_id": plain(data["item"]), "fields": wanted.fields(data), "metadata": {**metadata, **shown}}


def _accounts(people: Iterable[Annotator], users: Mapping[str, str]) -> set[str]:
    return {users[each.email.lower()] for each in people if each.email.lower() in users}


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
