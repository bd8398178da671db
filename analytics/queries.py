"""What an analyst can ask of a snapshot of the store, and the answers as rows; the API and the commands share it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import ibis.expr.types as ir

from analytics.accuracy import Accuracy, accuracy
from analytics.agreement import Agreement, agreement
from analytics.confusions import Confusion, confusions
from analytics.consensus.answers import Certainty, Consensus, certainties, consensus
from analytics.dimensions import ALWAYS, DIMENSIONS, with_dimensions
from analytics.edits import Edit, edits
from analytics.errors import UnknownValue
from analytics.estimate import Over
from analytics.forecast import Forecast, forecast
from analytics.pairs import MINIMUM, Pair, pairs
from analytics.quality import Quality, quality
from analytics.ratings import Icc, intraclass
from analytics.references import split
from analytics.scales import QuestionKey, categories, edited_texts, error_categories
from analytics.screening import Screening, screening
from analytics.store import Snapshot
from analytics.suggestions import Pull, pulls
from analytics.trends import Trend, error_trends
from guidelines import Library

GROUPINGS = (*ALWAYS, *DIMENSIONS)
HARMFUL = ("harmful",)
SAFETY = "safety_moderation"
OVER: tuple[Over, ...] = ("items_and_raters", "items")

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
    metric: str = "kappa"
    minimum: int = MINIMUM
    reference: str = "gold"
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


def screening_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Screening]:
    """Recall and precision of screens as asked; raises UnknownValue."""
    known, workflow = categories(library.workflows), query.workflow or SAFETY
    _check("workflow", workflow, {workflow for workflow, _ in known})
    of_workflow = {key: value for key, value in known.items() if key[0] == workflow}
    for code in query.codes:
        _check("codes", code, {code for value in of_workflow.values() for code in value.codes})
    asked = {key: value for key, value in of_workflow.items() if set(query.codes) <= set(value.codes)}
    if query.question is not None or not asked:
        _check("question", str(query.question), {question for _, question in asked})
        asked = {key: value for key, value in asked.items() if key[1] == query.question}
    judgments = narrow(snapshot.judgments(), snapshot, workflow, query.locale)
    items, found = snapshot.items(), snapshot.screenings()
    if query.locale is not None:
        found = found.semi_join(items.filter(items.locale == query.locale), "item")
    return screening(found, items, judgments, workflow=workflow, questions=asked, codes=query.codes, by=query.by)


def agreement_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Agreement]:
    """Agreement as asked; raises UnknownValue."""
    asked = _asked(_in_use(categories(library.workflows), snapshot, query), query)
    judgments = _narrow(snapshot.judgments(), snapshot, query)
    return agreement(judgments, categories=asked, by=query.columns, metrics=query.metrics, over=query.over)


def confusion_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Confusion]:
    """The codes that annotators confuse, as asked, the most frequent first; raises UnknownValue."""
    asked = _asked(_in_use(categories(library.workflows), snapshot, query), query)
    judgments = _narrow(snapshot.judgments(), snapshot, query)
    return confusions(judgments, categories=asked, by=query.columns, over=query.over, limit=query.limit)


def forecast_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Forecast]:
    """What more items would do for the intervals of agreement, as asked; raises UnknownValue."""
    asked = _asked(_in_use(categories(library.workflows), snapshot, query), query)
    judgments = _narrow(snapshot.judgments(), snapshot, query)
    return forecast(judgments, categories=asked, by=query.columns, metrics=query.metrics, target=query.target)


def pair_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Pair]:
    """The agreement of each pair of annotators as asked, the lowest kappa first; raises UnknownValue."""
    asked = _asked(_in_use(categories(library.workflows), snapshot, query), query)
    return pairs(
        _narrow(snapshot.judgments(), snapshot, query),
        categories=asked,
        by=query.columns,
        metric=query.metric,
        minimum=query.minimum,
        limit=query.limit,
        offset=query.offset,
    )


def icc_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Icc]:
    """Intraclass correlations as asked, of questions whose codes have numbers; raises UnknownValue."""
    numbered = {key: each for key, each in categories(library.workflows).items() if each.numbers is not None}
    asked = _asked(_in_use(numbered, snapshot, query), query)
    return intraclass(_narrow(snapshot.judgments(), snapshot, query), categories=asked, by=query.columns)


def consensus_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Consensus]:
    """The answer of each item as asked, the least certain first; raises UnknownValue."""
    asked = _asked(_in_use(categories(library.workflows), snapshot, query), query)
    judgments = _narrow(snapshot.judgments(), snapshot, query)
    return consensus(
        judgments,
        categories=asked,
        by=query.columns,
        method=query.method,
        limit=query.limit,
        offset=query.offset,
    )


def certainty_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Certainty]:
    """How certain the answers of items are, as asked; raises UnknownValue."""
    asked = _asked(_in_use(categories(library.workflows), snapshot, query), query)
    judgments = _narrow(snapshot.judgments(), snapshot, query)
    return certainties(judgments, categories=asked, by=query.columns, method=query.method)


def accuracy_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Accuracy]:
    """Answers against a reference as asked; raises UnknownValue."""
    asked = _asked(_in_use(categories(library.workflows), snapshot, query), query)
    judgments, right = split(_narrow(snapshot.judgments(), snapshot, query), snapshot.items(), query.reference)
    name, by, over = query.reference, query.columns, query.over
    return accuracy(judgments, right, reference=name, categories=asked, by=by, over=over)


def quality_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Quality]:
    """MQM scores as asked; raises UnknownValue."""
    asked = _asked(error_categories(library.workflows), query)
    judgments = _narrow(snapshot.judgments(), snapshot, query)
    spans = narrow(snapshot.spans(), snapshot, query.workflow, query.locale)
    return quality(judgments, spans, questions=tuple(asked), by=query.columns, over=query.over)


def trend_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Trend]:
    """Weekly error rates and trends as asked; raises UnknownValue."""
    asked = _asked(error_categories(library.workflows), query)
    judgments = _narrow(snapshot.judgments(), snapshot, query)
    spans = narrow(snapshot.spans(), snapshot, query.workflow, query.locale)
    return error_trends(judgments, spans, categories=asked, by=query.columns)


def suggestion_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Pull]:
    """The pull of helpers' suggestions as asked; raises UnknownValue."""
    every = {(each.id, question.id): None for each in library.workflows.values() for question in each.questions}
    _asked(every, query)
    judgments = _narrow(snapshot.judgments(), snapshot, query)
    if query.question is not None:
        judgments = judgments.filter(judgments.question == query.question)
    return pulls(judgments, snapshot.suggestions(), by=query.columns)


def edit_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Edit]:
    """Edited texts as asked, the newest first; raises UnknownValue."""
    asked = _asked(dict.fromkeys(edited_texts(library.workflows)), query)
    judgments = narrow(snapshot.judgments(), snapshot, query.workflow, query.locale)
    return edits(judgments, snapshot.served(), questions=tuple(asked), limit=query.limit, offset=query.offset)


def known_locales(snapshot: Snapshot) -> list[str]:
    """The locales of all projects and annotations, sorted."""
    locales = snapshot.projects().select("locale").union(snapshot.annotations().select("locale"))
    return sorted(locales.distinct().to_pyarrow()["locale"].to_pylist())


def narrow(table: ir.Table, snapshot: Snapshot, workflow: str | None, locale: str | None) -> ir.Table:
    """Rows of one workflow or locale (None: all); raises UnknownValue for a locale that nothing is known of."""
    if locale is not None:
        _check("locale", locale, known_locales(snapshot))
        table = table.filter(table.locale == locale)
    return table if workflow is None else table.filter(table.workflow == workflow)


def check_workflow(library: Library, workflow: str | None) -> None:
    """Raises UnknownValue for a workflow that the guidelines do not hold."""
    if workflow is not None:
        _check("workflow", workflow, library.workflows)


def _in_use(possible: dict[QuestionKey, T], snapshot: Snapshot, query: Query) -> dict[QuestionKey, T]:
    """Without the questions of workflows that have no project, unless asked for: each would cost a column of counts."""
    if query.workflow is not None or query.question is not None:
        return possible
    running = set(snapshot.projects().select("workflow").distinct().to_pyarrow()["workflow"].to_pylist())
    return {key: value for key, value in possible.items() if key[0] in running}


def _asked(possible: dict[QuestionKey, T], query: Query) -> dict[QuestionKey, T]:
    """The questions that are asked for, out of those this statistic is possible for."""
    if query.workflow is not None:
        _check("workflow", query.workflow, {workflow for workflow, _ in possible})
        possible = {key: value for key, value in possible.items() if key[0] == query.workflow}
    if query.question is not None:
        _check("question", query.question, {question for _, question in possible})
        possible = {key: value for key, value in possible.items() if key[1] == query.question}
    return possible


def _narrow(table: ir.Table, snapshot: Snapshot, query: Query) -> ir.Table:
    """The rows to look at, with the columns to group them by."""
    return with_dimensions(narrow(table, snapshot, query.workflow, query.locale), snapshot, query.columns)


def _check(field: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        raise UnknownValue(field, value, known)
