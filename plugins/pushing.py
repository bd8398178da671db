"""What pushing into any labelling tool has in common: what analytics is told, and what a push reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from plugins.annotators import Annotator
from plugins.blinding import Order, drawn_order, manifest_item, shown_order
from plugins.marker import OPEN, Marker, in_lane
from plugins.pass_marks import pass_mark_rows, penalty_rows
from plugins.programme import Programme
from plugins.projects import Project
from plugins.protection import accepting
from plugins.suggesting import Suggested

if TYPE_CHECKING:
    from guidelines import Library


_SCREENINGS = 20_000  # a request: some 6 MB


class ManifestSink(Protocol):
    """Where the manifest goes: `AnalyticsClient`."""

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
    ) -> object:
        """Register projects, items, annotators, screenings, served models, suggestions, pass marks and penalties."""


@dataclass(frozen=True)
class PushedProject:
    """One project after the push: what was done to it, and how many tasks were added to how many."""

    project: int | str
    workflow: str
    locale: str
    change: str
    tasks_added: int
    tasks: int
    lane: str = OPEN

    @property
    def name(self) -> str:
        """What annotators call it."""
        return in_lane(f"{self.workflow} {self.locale}", self.lane)


@dataclass(frozen=True)
class PushReport:
    """The projects, and the annotators who have no account in the tool yet (their work could not be attributed).

    `told` is what else the operator should know, a sentence each.
    """

    projects: tuple[PushedProject, ...]
    without_account: tuple[str, ...]
    told: tuple[str, ...] = ()


def shown_orders(programme: Programme, there: Iterable[Mapping[str, Mapping[str, Any]]]) -> dict[str, Order]:
    """The order of each item's responses: as its task shows them, or drawn for a task to come.

    `there` holds each project's tasks: their data by item.
    """
    tasks = {item: data for project in there for item, data in project.items()}
    return {
        item.item: shown_order(item, tasks[item.item]) if item.item in tasks else drawn_order(item)
        for item in programme.items
    }


def register(
    programme: Programme,
    library: Library,
    projects: Sequence[Project],
    orders: Mapping[str, Order],
    users: Mapping[str, int | str],
    suggestions: Suggested,
    screenings: Sequence[Mapping[str, Any]],
    analytics: ManifestSink,
) -> str:
    """Tell analytics what the tool must not know; what was done. `users` are the tool's ids by account."""
    items = [
        manifest_item(programme.programme, item, library.workflows[item.workflow], orders[item.item])
        for item in programme.items
    ]
    people = [person for person in programme.annotators if person.email.lower() in users]
    analytics.send_manifest(
        programme.source,
        projects=[row for project in projects for row in project.rows()],
        items=items,
        annotators=[_annotator_row(person, users[person.email.lower()]) for person in people],
        suggestions=suggestions.rows(),
        pass_marks=pass_mark_rows(programme.programme, programme.pass_marks, programme.workflows, library.workflows),
        penalties=_penalties(projects, library),
    )
    for start in range(0, len(screenings), _SCREENINGS):
        rows = screenings[start : start + _SCREENINGS]
        analytics.send_manifest(programme.source, projects=(), items=(), annotators=(), screenings=rows)
    return f"manifest of {len(items)} items and {len(people)} annotators sent"


def _penalties(projects: Sequence[Project], library: Library) -> list[dict[str, Any]]:
    """What errors cost in the versions that are in force now: the guidelines at hand tell of no others."""
    rows = {}
    for project in projects:
        guideline = library.guideline(project.workflow, project.locale)
        if str(guideline.version) in (version for _, version in project.versions):
            rows[str(guideline.version)] = penalty_rows(guideline.workflow, str(guideline.version))
    return [row for each in rows.values() for row in each]


def without_account(programme: Programme, users: Mapping[str, int | str]) -> tuple[str, ...]:
    """The programme's annotators whom the tool does not know."""
    return tuple(each.email for each in programme.annotators if each.email.lower() not in users)


def people_of_lanes(programme: Programme, markers: Iterable[Marker]) -> Iterator[str]:
    """Who is to work in each shielded project of a programme that routes, a sentence each."""
    for marker in markers:
        if marker.lane == OPEN or programme.screening.protection != "route":
            continue
        people = ", ".join(person.email for person in accepting(programme, marker.locale, marker.lane))
        yield f"{marker.name} is for those alone who accept sensitive work: {people or 'nobody of this locale'}"


def _annotator_row(person: Annotator, user: int | str) -> dict[str, Any]:
    names = ("vendor", "locales", "domains", "education", "role", "qualified", "simulated", "gender", "region")
    row = {name: getattr(person, name) for name in names}
    return {
        "user": str(user),
        **{name: list(value) if isinstance(value, tuple) else value for name, value in row.items()},
    }
