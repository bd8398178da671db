"""A programme into Label Studio: one project per workflow and locale.

The order makes a failure half-way harmless: projects with their configs first, then webhook and ML backend, then the
manifest to analytics, and tasks last, so that no answer can arrive about something analytics does not know. Each step
looks at what is there before it changes anything, so running it again goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from plugins.blinding import Order, task_data
from plugins.errors import GuidelineChange, ServiceError
from plugins.label_studio.api import Api
from plugins.label_studio.config import label_config
from plugins.label_studio.controls import control_names, has_conversation, in_config
from plugins.label_studio.instructions import about, instructions
from plugins.label_studio.marker import find
from plugins.label_studio.tags import codes, stars
from plugins.marker import SHIELDED, Identity, Marker
from plugins.programme import Programme
from plugins.projects import Project
from plugins.protection import Protected, Tasks, markers, protected, shielded
from plugins.pushing import (
    ManifestSink,
    PushedProject,
    PushReport,
    people_of_lanes,
    register,
    shown_orders,
    without_account,
)
from plugins.suggesting import Suggested, has_panel, suggested
from plugins.suggestions import Suggestion, read_suggestions

if TYPE_CHECKING:
    from guidelines import Library

BATCH = 200  # tasks a request: small enough to be quick, and to lose little when one fails
_TITLE_LIMIT = 50  # Label Studio's


@dataclass(frozen=True)
class Attachments:
    """What each project is attached to, at addresses as Label Studio sees them. Secrets stay out of the repr."""

    webhook_url: str
    webhook_token: str = field(repr=False)
    ml_backend_url: str | None = None
    ml_basic_auth: tuple[str, str] | None = field(default=None, repr=False)


def push(
    programme: Programme,
    library: Library,
    api: Api,
    analytics: ManifestSink,
    attachments: Attachments,
    *,
    batch: int = BATCH,
    on_step: Callable[[str], None] = lambda step: None,
) -> PushReport:
    """Create or update the programme's projects, register them in analytics, and import the tasks not there yet.

    `batch` is the number of tasks sent in one request, `on_step` hears of each finished step. Raises InvalidConfig
    or InvalidSuggestions, or what `protected` raises, before anything is changed, GuidelineChange before that project
    is changed, and a ServiceError that says what was done and that the push can be run again.
    """
    suggestions = read_suggestions(programme, library)
    run = _Push(programme, library, api, attachments, batch, on_step)
    try:
        return run.all(suggestions, analytics)
    except ServiceError as error:
        raise error.after(run.done, "concord push") from error


@dataclass(frozen=True)
class _Wanted:
    """A project as it shall be."""

    marker: Marker
    version: str
    about: str
    settings: Mapping[str, Any]
    controls: frozenset[str]

    @classmethod
    def of(cls, programme: Programme, library: Library, marker: Marker) -> _Wanted:
        guideline = library.guideline(marker.workflow, marker.locale)
        if marker.lane == SHIELDED:
            guideline = shielded(guideline)
        settings = {
            "title": f"{marker.name} · {programme.title}"[:_TITLE_LIMIT],
            "label_config": label_config(guideline, suggestions=has_panel(programme, marker.workflow)),
            "expert_instruction": instructions(guideline),
            "show_instruction": True,
            "show_skip_button": True,
            "show_collab_predictions": False,  # a prediction on screen biases the answer
            "maximum_annotations": programme.overlap,
        }
        names = frozenset(control_names(guideline.workflow))
        return cls(marker, str(guideline.version), about(guideline), settings, names)


@dataclass(frozen=True)
class _Present:
    """A project that is now as it shall be."""

    project: int
    marker: Marker
    change: str


class _Push:
    """One run; `done` lists the finished steps."""

    def __init__(
        self,
        programme: Programme,
        library: Library,
        api: Api,
        attachments: Attachments,
        batch: int,
        on_step: Callable[[str], None],
    ) -> None:
        self._programme, self._library, self._api = programme, library, api
        self._attachments, self._batch, self._on_step = attachments, batch, on_step
        self.done: list[str] = []

    def all(self, suggestions: Sequence[Suggestion], analytics: ManifestSink) -> PushReport:
        lanes = markers(self._programme)
        possible = [_Wanted.of(self._programme, self._library, each) for each in lanes]
        users = self._api.users()
        found = find(self._api, self._programme.programme)
        there = {each.identity: self._tasks_there(found[each.identity][0]) for each in lanes if each.identity in found}
        plan = protected(self._programme, self._library, there)
        wanted = [each for each in possible if each.marker.identity in found or plan.needs(each.marker)]
        present = [self._project(each, found.get(each.marker.identity)) for each in wanted]
        for each in present:
            self._attach(each)
        orders = shown_orders(plan.programme, there.values())
        helped = suggested(plan.programme, self._library, suggestions, orders, there.values(), plan.masked)
        projects = [self._registration(each) for each in present]
        done = register(plan.programme, self._library, projects, orders, users, helped, plan.rows(orders), analytics)
        self._finished(done)
        pushed = tuple(self._import(each, plan, there, orders, helped) for each in present)
        people = people_of_lanes(self._programme, [each.marker for each in present])
        told = (*plan.told, *(f"{each}; Label Studio keeps nobody else out" for each in people))
        return PushReport(pushed, without_account(self._programme, users), told)

    def _finished(self, step: str) -> None:
        self.done.append(step)
        self._on_step(step)

    def _project(self, wanted: _Wanted, found: tuple[int, Marker] | None) -> _Present:
        """Create, update or leave the project; its versions and its config change in one request, so never apart."""
        marker = (found[1] if found else wanted.marker).with_version(wanted.version, datetime.now(UTC))
        settings = {**wanted.settings, "description": str(marker)}
        if found is None:
            project = self._api.create_project(settings)
            change = "created"
        else:
            project = found[0]
            change = self._update(project, wanted, settings)
        self._finished(f"project {project} ({marker.name}) {change}")
        return _Present(project, marker, change)

    def _update(self, project: int, wanted: _Wanted, settings: Mapping[str, Any]) -> str:
        now = self._api.project(project).settings
        changed = {name: value for name, value in settings.items() if now.get(name) != value}
        # Label Studio keeps the instructions without their anchors, so they are known by the line that dates them.
        if wanted.about in now["expert_instruction"]:
            changed.pop("expert_instruction", None)
        if not changed:
            return "unchanged"
        self._keep_answers(project, wanted, now["label_config"])
        self._api.update_project(project, changed)
        return "updated"

    def _keep_answers(self, project: int, wanted: _Wanted, before: str) -> None:
        """Raise GuidelineChange if answers would lose their question, target or code; Label Studio lets codes go."""
        after = wanted.settings["label_config"]
        if lost := orphans(self._api.used(project), before, after, wanted.controls):
            raise GuidelineChange(f"project {project} ({wanted.marker.name})", lost)

    def _attach(self, present: _Present) -> None:
        to = self._attachments
        changed = self._api.set_webhook(present.project, to.webhook_url, to.webhook_token)
        if to.ml_backend_url:
            marker = present.marker
            known = {"programme": marker.programme, "workflow": marker.workflow, "locale": marker.locale}
            interactive = has_conversation(self._library.workflows[marker.workflow])
            changed |= self._api.set_ml_backend(
                present.project, to.ml_backend_url, to.ml_basic_auth, known, interactive=interactive
            )
        if changed:
            self._finished(f"project {present.project} ({present.marker.name}) attached")

    def _tasks_there(self, project: int) -> dict[str, Mapping[str, Any]]:
        """The data of every task of a project, by item."""
        pages = task_pages(self._api, project, size=1000, annotations=False)
        return {str(task["data"].get("item")): task["data"] for page in pages for task in page}

    def _registration(self, present: _Present) -> Project:
        return present.marker.project(present.project, self._programme.source, self._programme.stage)

    def _import(
        self,
        present: _Present,
        plan: Protected,
        there: Mapping[Identity, Tasks],
        orders: Mapping[str, Order],
        helped: Suggested,
    ) -> PushedProject:
        marker = present.marker
        tasks = there.get(marker.identity, {})
        missing = [
            {"data": {**task_data(item, orders[item.item]), **helped.fields(item)}}
            for item in plan.items(marker)
            if item.item not in tasks
        ]
        for start in range(0, len(missing), self._batch):
            part = missing[start : start + self._batch]
            self._api.import_tasks(present.project, part)
            self._finished(f"{len(part)} tasks imported into project {present.project} ({marker.name})")
        total = len(tasks) + len(missing)
        about = present.project, marker.workflow, marker.locale, present.change
        return PushedProject(*about, len(missing), total, marker.lane)


def orphans(used: Mapping[str, set[str]], before: str, after: str, controls: Collection[str]) -> set[str]:
    """Controls, and codes of controls, that answers use and the config `after` has no more; others' are passed over.

    `used` holds the codes by control, `controls` all that can be answered with `after`. Label Studio does not tell
    which stars were given: of a rating that is used, all may have been.
    """
    old, new = codes(before), codes(after)
    stars_before, stars_after = stars(before), stars(after)
    lost = set()
    for control, held in used.items():
        name = in_config(control)
        if name in old and control not in controls:
            lost.add(control)
            continue
        lost |= {f"{control}={code}" for code in (held & old.get(name, set())) - new.get(name, held)}
        beyond = range(stars_after.get(name, stars_before.get(name, 0)) + 1, stars_before.get(name, 0) + 1)
        lost |= {f"{control}={number}" for number in beyond}
    return lost


def task_pages(api: Api, project: int, *, size: int, annotations: bool) -> Iterator[list[dict[str, Any]]]:
    """All tasks of a project in id order, page by page."""
    after = 0
    while tasks := api.task_page(project, after=after, size=size, annotations=annotations).tasks:
        yield tasks
        after = tasks[-1]["id"]
