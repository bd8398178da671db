"""What an analyst can ask of a snapshot of the store, and what of it that leaves to look at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import ibis.expr.types as ir

from analytics.dimensions import ALWAYS, DIMENSIONS, with_dimensions
from analytics.errors import UnknownValue
from analytics.estimate import Over
from analytics.layouts import placed_questions, told_apart
from analytics.pairs import MINIMUM
from analytics.rater_groups import ATTRIBUTES
from analytics.scales import Categories, QuestionKey, categories
from analytics.store import Snapshot
from guidelines import Library

GROUPINGS = (*ALWAYS, *DIMENSIONS)
HARMFUL = ("harmful",)
SAFETY = "safety_moderation"
OVER: tuple[Over, ...] = ("items_and_raters", "items")
_OF_THE_KIND = " of the kind that this statistic takes"
_ITS_QUESTIONS = f" with questions{_OF_THE_KIND}"

T = TypeVar("T")


@dataclass(frozen=True)
class Query:
    """What to look at (None: everything), how to group it, and for whom the interval should hold."""

    workflow: str | None = None
    question: str | None = None
    locale: str | None = None
    by: tuple[str, ...] = ("locale",)
    over: Over = "items_and_raters"
    metrics: tuple[str, ...] | None = None
    codes: tuple[str, ...] = HARMFUL
    target: float = 0.1
    method: str = "dawid_skene"
    under: float | None = None
    metric: str = "kappa"
    minimum: int = MINIMUM
    reference: str = "gold"
    attributes: tuple[str, ...] = ATTRIBUTES
    limit: int = 100
    offset: int = 0

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Query:
        """From parameters as read by a schema of `analytics.parameters`; `format` is not of the query."""
        known: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in given.items()
            if name != "format" and value is not None
        }
        return cls(**known)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of `by`, once each, without those that are always there."""
        return tuple(dict.fromkeys(column for column in self.by if column not in ALWAYS))


def known_locales(snapshot: Snapshot) -> list[str]:
    """The locales of all projects and annotations, sorted."""
    locales = snapshot.projects().select("locale").union(snapshot.annotations().select("locale"))
    return sorted(locales.distinct().to_pyarrow()["locale"].to_pylist())


def narrow(table: ir.Table, snapshot: Snapshot, workflow: str | None, locale: str | None) -> ir.Table:
    """Rows of one workflow or locale (None: all); raises UnknownValue for a locale that nothing is known of."""
    if locale is not None:
        check_known("locale", locale, known_locales(snapshot))
        table = table.filter(table.locale == locale)
    return table if workflow is None else table.filter(table.workflow == workflow)


def check_workflow(library: Library, workflow: str | None) -> None:
    """Raises UnknownValue for a workflow that the guidelines do not hold."""
    if workflow is not None:
        check_known("workflow", workflow, library.workflows)


def in_use(possible: dict[QuestionKey, T], snapshot: Snapshot, query: Query) -> dict[QuestionKey, T]:
    """Without the questions of workflows that have no project, unless asked for: each would cost a column of counts."""
    if query.workflow is not None or query.question is not None:
        return possible
    running = set(snapshot.projects().select("workflow").distinct().to_pyarrow()["workflow"].to_pylist())
    return {key: value for key, value in possible.items() if key[0] in running}


def measurable(snapshot: Snapshot, library: Library, query: Query) -> dict[QuestionKey, Categories]:
    """The questions asked for that are answered with one of several codes; raises UnknownValue."""
    return chosen(in_use(categories(library.workflows), snapshot, query), query)


def chosen(possible: dict[QuestionKey, T], query: Query) -> dict[QuestionKey, T]:
    """The questions that are asked for, out of those a statistic is possible for; raises UnknownValue."""
    if query.workflow is not None:
        check_known("workflow", query.workflow, {workflow for workflow, _ in possible}, _ITS_QUESTIONS)
        possible = {key: value for key, value in possible.items() if key[0] == query.workflow}
    if query.question is not None:
        check_known("question", query.question, {question for _, question in possible}, _OF_THE_KIND)
        possible = {key: value for key, value in possible.items() if key[1] == query.question}
    return possible


def allowing(
    asked: dict[QuestionKey, T], query: Query, possible: Callable[[T], Collection[str]], metrics: Collection[str]
) -> dict[QuestionKey, T]:
    """Where no question was named, those that all of these metrics are possible for; if there is none, all of them.

    The statistic then says of the first what is possible.
    """
    if query.question is not None:
        return asked
    return {key: each for key, each in asked.items() if set(metrics) <= set(possible(each))} or asked


def narrowed(table: ir.Table, snapshot: Snapshot, query: Query) -> ir.Table:
    """The rows to look at, with the columns to group them by; raises UnknownValue."""
    return with_dimensions(narrow(table, snapshot, query.workflow, query.locale), snapshot, query.columns)


def compared(snapshot: Snapshot, library: Library, query: Query) -> ir.Table:
    """The judgments to look at, of each item in one order of its responses, with the columns to group them by.

    Raises UnknownValue.
    """
    judgments = narrowed(snapshot.judgments(), snapshot, query)
    return told_apart(judgments, placed_questions(library.workflows), snapshot)


def check_known(field: str, value: str, known: Collection[str], among: str = "") -> None:
    """Raises UnknownValue, which names what is known; `among` says where it was looked for."""
    if value not in known:
        raise UnknownValue(field, value, known, among)
