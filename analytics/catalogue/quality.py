"""How good the work is."""

from __future__ import annotations

from analytics import parameters
from analytics.accuracy import Accuracy, accuracy
from analytics.catalogue.statistic import Statistic
from analytics.output import exploded
from analytics.quality import Quality, quality
from analytics.query import Query, chosen, measurable, narrow, narrowed
from analytics.references import placed_questions, split
from analytics.scales import error_categories
from analytics.store import Snapshot
from analytics.trends import Trend, error_trends
from guidelines import Library


def accuracy_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Accuracy]:
    """Answers against a reference as asked; raises UnknownValue."""
    asked = measurable(snapshot, library, query)
    name, by, over = query.reference, query.columns, query.over
    placed = placed_questions(library.workflows)
    judgments, right = split(narrowed(snapshot.judgments(), snapshot, query), snapshot, placed, name)
    return accuracy(judgments, right, reference=name, categories=asked, by=by, over=over)


def quality_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Quality]:
    """MQM scores as asked; raises UnknownValue."""
    asked = chosen(error_categories(library.workflows), query)
    judgments = narrowed(snapshot.judgments(), snapshot, query)
    spans = narrow(snapshot.spans(), snapshot, query.workflow, query.locale)
    return quality(judgments, spans, questions=tuple(asked), by=query.columns, over=query.over)


def trend_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Trend]:
    """Weekly error rates and trends as asked; raises UnknownValue."""
    asked = chosen(error_categories(library.workflows), query)
    judgments = narrowed(snapshot.judgments(), snapshot, query)
    spans = narrow(snapshot.spans(), snapshot, query.workflow, query.locale)
    return error_trends(judgments, spans, categories=asked, by=query.columns)


STATISTICS: tuple[Statistic, ...] = (
    Statistic(
        name="accuracy",
        title="Answers against a reference: accuracy, precision, recall, F1 and what is taken for what",
        about="The share of answers equal to gold, to an audit, to adjudicated answers, to the majority of the others "
        "or to a model's, and figures per category, each with an interval; 1 is best.",
        takes=parameters.Referenced,
        row=Accuracy,
        rows=accuracy_rows,
        path="accuracy",
    ),
    Statistic(
        name="quality",
        title="Quality of what was reviewed",
        about="The MQM score: mean penalty per annotation of the marked errors, with an interval; 0 is best.",
        takes=parameters.Estimated,
        row=Quality,
        rows=quality_rows,
        path="quality",
    ),
    Statistic(
        name="trends",
        title="Weekly error rates and their trend, per error category",
        about="Errors per annotation with an interval, and the change of the log rate per week; CSV has a line a week.",
        takes=parameters.Weekly,
        row=Trend,
        rows=trend_rows,
        path="errors/trends",
        lines=lambda row: exploded(row, "weeks"),
    ),
)
