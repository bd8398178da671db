"""How good the work is."""

from __future__ import annotations

from typing import Any

import ibis.expr.types as ir

from analytics import parameters
from analytics.accuracy import Accuracy, accuracy, accuracy_by_majority
from analytics.catalogue.statistic import Statistic
from analytics.density import Density, density
from analytics.dimensions import with_dimensions
from analytics.layouts import in_layout, placed_questions
from analytics.marked import counted, in_force, with_words
from analytics.output import exploded
from analytics.quality import Quality, quality
from analytics.query import Query, chosen, measurable, narrow, narrowed
from analytics.references import split
from analytics.scales import error_categories, error_scales
from analytics.store import Snapshot
from analytics.trends import Trend, error_trends
from guidelines import Library


def accuracy_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Accuracy]:
    """Answers against a reference as asked; raises UnknownValue."""
    asked = measurable(snapshot, library, query)
    name, by, over = query.reference, query.columns, query.over
    placed = placed_questions(library.workflows)
    judgments = narrowed(snapshot.judgments(), snapshot, query)
    if name == "majority":
        laid_out = in_layout(judgments, placed, snapshot)
        return accuracy_by_majority(laid_out, categories=asked, by=by, over=over)
    measured, right = split(judgments, snapshot, placed, name)
    return accuracy(measured, right, reference=name, categories=asked, by=by, over=over)


def quality_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Quality]:
    """MQM scores as asked; raises UnknownValue."""
    asked = chosen(error_scales(library.workflows), query)
    judgments, spans = _reviewed(snapshot, library, query)
    marks = {(row["programme"], row["workflow"], row["measure"]): row["at_most"] for row in _pass_marks(snapshot)}
    return quality(judgments, spans, questions=asked, marks=marks, by=query.columns, over=query.over)


def density_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Density]:
    """Errors by category and severity as asked; raises UnknownValue."""
    asked = chosen(error_scales(library.workflows), query)
    judgments, spans = _reviewed(snapshot, library, query)
    return density(judgments, spans, questions=asked, by=query.columns, over=query.over)


def _reviewed(snapshot: Snapshot, library: Library, query: Query) -> tuple[ir.Table, ir.Table]:
    """The judgments with what they are about, and the errors that count, each with its penalty."""
    judgments = with_dimensions(narrowed(snapshot.judgments(), snapshot, query), snapshot, ["programme"])
    once = [key for key, scale in error_scales(library.workflows).items() if scale.once]
    spans = narrow(snapshot.spans(), snapshot, query.workflow, query.locale)
    return with_words(judgments, snapshot.items()), counted(in_force(spans, snapshot.penalties(), once))


def _pass_marks(snapshot: Snapshot) -> list[dict[str, Any]]:
    marks = snapshot.pass_marks()
    rows: list[dict[str, Any]] = marks.filter(marks.at_most.notnull()).to_pyarrow().to_pylist()
    return rows


def trend_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Trend]:
    """Weekly error rates and trends as asked; raises UnknownValue."""
    asked = chosen(error_categories(library.workflows), query)
    judgments = narrowed(snapshot.judgments(), snapshot, query)
    spans = narrow(snapshot.spans(), snapshot, query.workflow, query.locale)
    return error_trends(judgments, spans, categories=asked, by=query.columns)


STATISTICS: tuple[Statistic, ...] = (
    Statistic(
        name="accuracy",
        title="Answers against gold, audits, the majority or a model: accuracy and F1",
        about="The share of answers equal to gold, to an audit, to adjudicated answers, to the majority of the others "
        "or to a model's, and figures per category, each with an interval; 1 is best.",
        takes=parameters.Referenced,
        row=Accuracy,
        rows=accuracy_rows,
        path="accuracy",
    ),
    Statistic(
        name="quality",
        title="MQM scores of reviewed responses, and whether they pass",
        about="MQM scores: the penalty of the marked errors per annotation and per 1,000 words, with intervals; 0 is "
        "best. `result` says whether the whole interval is on one side of the programme's pass marks.",
        takes=parameters.Estimated,
        row=Quality,
        rows=quality_rows,
        path="quality",
    ),
    Statistic(
        name="density",
        title="Marked errors per 1,000 words, by category and severity",
        about="How many errors of each category were marked per 1,000 words and per annotation, each with an interval.",
        takes=parameters.Estimated,
        row=Density,
        rows=density_rows,
        path="errors/density",
    ),
    Statistic(
        name="trends",
        title="Rates of marked errors by week, and their trend",
        about="Errors per annotation with an interval, and the change of the log rate per week; CSV has a line a week.",
        takes=parameters.Weekly,
        row=Trend,
        rows=trend_rows,
        path="errors/trends",
        lines=lambda row: exploded(row, "weeks"),
    ),
)
