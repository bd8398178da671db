"""What the page of the screens shows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analytics.catalogue.work import screening_rows
from analytics.dashboard.names import LocaleName, locale_name
from analytics.dashboard.plots import IntervalPlot, interval_plot
from analytics.estimate import Estimate
from analytics.locales import Simulated, simulated_part
from analytics.query import Query
from analytics.screening import Screening
from analytics.store import Snapshot
from guidelines import Library

_UNKNOWN = LocaleName("–", "unknown", "unknown")  # an item that no push has named


@dataclass(frozen=True)
class Line:
    """One screen in one locale."""

    name: LocaleName
    row: Screening


@dataclass(frozen=True)
class Screen:
    """One screen: its locales, plots of what is known, and why texts were not screened."""

    title: str
    lines: tuple[Line, ...]
    plots: tuple[IntervalPlot, ...]
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Screens:
    """Everything on the page: screens that read something, and `idle` ones."""

    simulated: Simulated
    screens: tuple[Screen, ...]
    idle: tuple[Screen, ...]


def shown_screens(snapshot: Snapshot, library: Library) -> Screens:
    """All screens in all locales, by what people call harmful in `safety_moderation`."""
    lines: dict[str, list[Line]] = defaultdict(list)
    for row in screening_rows(snapshot, library, Query()):
        locale = row.group["locale"]
        lines[str(row.group["screen"])].append(Line(locale_name(locale) if locale else _UNKNOWN, row))
    ran: dict[bool, list[Screen]] = {True: [], False: []}
    for name, found in lines.items():
        ran[any(line.row.counts.screened for line in found)].append(_screen(name, found))
    return Screens(simulated_part(snapshot, None, None), tuple(ran[True]), tuple(ran[False]))


def _screen(name: str, lines: Sequence[Line]) -> Screen:
    reasons: Counter[str] = Counter()
    for line in lines:
        reasons.update(line.row.counts.reasons)
    known = {
        "Recall": [(line.name, line.row.recall) for line in lines],
        "Precision": [(line.name, line.row.precision) for line in lines],
    }
    plots = tuple(plot for title, rows in known.items() for plot in _plots(title, rows))
    return Screen(name.replace("_", " "), tuple(lines), plots, tuple(reasons.most_common()))


def _plots(title: str, rows: Sequence[tuple[LocaleName, Estimate]]) -> Iterator[IntervalPlot]:
    """A plot of what has a value; none if nothing has."""
    if drawn := [(name, each) for name, each in rows if each.value is not None]:
        yield interval_plot(title, drawn, limits=(0.0, 1.0))
