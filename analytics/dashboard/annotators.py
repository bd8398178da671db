"""What the page of annotators shows: scorecards, severity and pace side by side, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analytics.annotators.pace import Pace
from analytics.annotators.scorecard import Scorecard
from analytics.annotators.severity import Severity
from analytics.catalogue.annotators import pace_rows, scorecard_rows, severity_rows
from analytics.dashboard.names import LocaleName, locale_name
from analytics.dashboard.plots import IntervalPlot, interval_plot
from analytics.estimate import Estimate
from analytics.locales import Simulated, simulated_part
from analytics.query import Query, check_workflow, known_locales, narrow
from analytics.scales import categories
from analytics.store import Snapshot
from guidelines import Library

PAGE = 50
_EVERYBODY = 10**7


@dataclass(frozen=True)
class Line:
    """One annotator: the card, and severity and pace where there are any."""

    card: Scorecard
    severity: Severity | None
    pace: Pace | None

    @property
    def flags(self) -> tuple[str, ...]:
        """All flags, in words."""
        own = (*self.card.flags, *((self.severity.flag,) if self.severity and self.severity.flag else ()))
        return tuple(flag.replace("_", " ") for flag in (*own, *(self.pace.flags if self.pace else ())))


@dataclass(frozen=True)
class ShownAnnotators:
    """One page of annotators, what was and can be chosen, and where others start (None: there are none)."""

    lines: list[Line]
    name: LocaleName | None
    chosen: Mapping[str, str]
    choices: Mapping[str, Sequence[str]]
    plots: tuple[IntervalPlot, ...]
    undefined: tuple[str, ...]
    simulated: Simulated
    earlier: int | None
    later: int | None


def shown_annotators(snapshot: Snapshot, library: Library, asked: Mapping[str, str], offset: int) -> ShownAnnotators:
    """The annotators of one locale, workflow and question, as asked; raises UnknownValue."""
    chosen = _busiest(snapshot, library, asked)
    choices = _choices(snapshot, library, chosen["workflow"])
    if chosen["question"] not in choices["question"]:
        chosen["question"] = next(iter(choices["question"]), "")
    lines = _lines(snapshot, library, chosen, offset) if all(chosen.values()) else []
    shown = lines[:PAGE]
    return ShownAnnotators(
        lines=shown,
        name=locale_name(chosen["locale"]) if chosen["locale"] else None,
        chosen=chosen,
        choices=choices,
        plots=tuple(_plots(shown)),
        undefined=tuple(sorted({str(each.undefined) for line in shown for each in _missing(line)})),
        simulated=simulated_part(snapshot, None, None),
        earlier=None if offset == 0 else max(offset - PAGE, 0),
        later=offset + PAGE if len(lines) > PAGE else None,
    )


def _busiest(snapshot: Snapshot, library: Library, asked: Mapping[str, str]) -> dict[str, str]:
    """What is asked for; else the locale, and its workflow, with most annotations."""
    workflow, locale = asked.get("workflow"), asked.get("locale")
    check_workflow(library, workflow)
    annotations = narrow(snapshot.annotations(), snapshot, workflow, locale)
    counted = annotations.group_by("locale", "workflow").agg(count=annotations.count()).to_pyarrow().to_pylist()
    most: Mapping[str, Any] = min(counted, key=lambda row: (-row["count"], row["locale"], row["workflow"]), default={})
    chosen = {"locale": locale or most.get("locale", ""), "workflow": workflow or most.get("workflow", "")}
    return {**chosen, "question": asked.get("question", "")}


def _choices(snapshot: Snapshot, library: Library, workflow: str) -> dict[str, Sequence[str]]:
    """Locales, workflows that have projects, and the questions of the chosen one, its headline first."""
    running = set(snapshot.projects().select("workflow").distinct().to_pyarrow()["workflow"].to_pylist())
    known = categories(library.workflows)
    workflows = [name for name in dict.fromkeys(of for of, _ in known) if name in running]
    questions = [question for owner, question in known if owner == workflow]
    questions.sort(key=lambda question: question != library.workflows[workflow].headline)
    return {"locale": known_locales(snapshot), "workflow": workflows, "question": questions}


def _lines(snapshot: Snapshot, library: Library, chosen: Mapping[str, str], offset: int) -> list[Line]:
    workflow, question, locale = chosen["workflow"], chosen["question"], chosen["locale"]
    query = Query(workflow, question, locale, limit=PAGE + 1, offset=offset)
    everybody = Query(workflow, locale=locale, limit=_EVERYBODY)
    cards = scorecard_rows(snapshot, library, query)
    ordinal = categories(library.workflows)[workflow, question].scale == "ordinal"
    severe = {row.annotator: row for row in severity_rows(snapshot, library, query)} if ordinal else {}
    paces = {row.annotator: row for row in pace_rows(snapshot, library, everybody)}
    return [Line(card, severe.get(card.annotator), paces.get(card.annotator)) for card in cards]


def _missing(line: Line) -> list[Estimate]:
    """The estimates of a line that have no value."""
    found = [*line.card.estimates.values(), *(line.pace.estimates.values() if line.pace else ())]
    found += [line.severity.severity] if line.severity else []
    return [each for each in found if each.value is None]


def _plots(lines: Sequence[Line]) -> list[IntervalPlot]:
    if not lines:
        return []
    group = lines[0].card.of_group["agreement"]
    references = ((group, "the group"),) if group is not None else ()
    agreement = [(_named(line), line.card.estimates["agreement"]) for line in lines]
    return [interval_plot("Agreement with peers", agreement, limits=(0.0, 1.0), references=references)]


def _named(line: Line) -> LocaleName:
    return LocaleName(line.card.annotator, line.card.annotator, "")
