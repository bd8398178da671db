"""What the overview shows of preferences: how far people agree on the better response, beside what others published."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from analytics.dashboard.names import LocaleName, locale_name
from analytics.estimate import Estimate
from analytics.literature import Benchmark, choices
from analytics.preferences import Preference, preference_questions, preferences
from analytics.store import Snapshot
from guidelines import Library


@dataclass(frozen=True)
class ChoiceLine:
    """Agreement on the better response in one locale and workflow, and how often the one shown first was better."""

    name: LocaleName
    workflow: str
    with_ties: Estimate
    without_ties: Estimate
    tie: Estimate
    first: Estimate


@dataclass(frozen=True)
class Choices:
    """The lines, and published figures of people who agree on the better of two responses."""

    lines: tuple[ChoiceLine, ...]
    published: tuple[Benchmark, ...]


def choices_shown(snapshot: Snapshot, library: Library, running: Collection[str]) -> Choices:
    """Of those of the running workflows that a preference sums up."""
    headlines = {(each, library.workflows[each].headline) for each in running}
    asked = {key: each for key, each in preference_questions(library.workflows).items() if key in headlines}
    rows = preferences(snapshot.judgments(), questions=asked) if asked else []
    return Choices(tuple(_line(row) for row in rows), choices("percent"))


def _line(row: Preference) -> ChoiceLine:
    return ChoiceLine(
        name=locale_name(str(row.group["locale"])),
        workflow=str(row.group["workflow"]),
        with_ties=row.estimates["direction_percent"],
        without_ties=row.estimates["without_ties_percent"],
        tie=row.sides["tie"],
        first=row.first_share,
    )
