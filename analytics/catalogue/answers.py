"""How far annotators agree on answers that are not one of several codes: sets, spans, rankings, numbers."""

from __future__ import annotations

from collections.abc import Iterable

import ibis.expr.types as ir

from analytics import parameters
from analytics.catalogue.statistic import Plain, Statistic, without_benchmarks
from analytics.dimensions import with_dimensions
from analytics.numbers import Numbers, numbers
from analytics.numeric import numeric
from analytics.orders import ranking_questions
from analytics.preferences import Preference, preference_questions, preferences
from analytics.query import Query, chosen, compared, in_use, narrow, narrowed
from analytics.rank_correlations import (
    AnnotatorCorrelation,
    Correlation,
    PairCorrelation,
    annotator_correlations,
    correlations,
    ordered,
    pair_correlations,
)
from analytics.rankings import Ranking, rankings
from analytics.scales import QuestionKey
from analytics.sets.agreement import OptionAgreement, SetAgreement, option_agreement, set_agreement
from analytics.sets.questions import Options, set_questions, with_empty
from analytics.spans.agreement import SpanAgreement, span_agreement
from analytics.spans.marks import span_questions
from analytics.spans.pairs import SpanPair, span_pairs
from analytics.store import Snapshot
from guidelines import Library


def set_rows(snapshot: Snapshot, library: Library, query: Query) -> list[SetAgreement]:
    """Agreement on sets of codes as asked; raises UnknownValue."""
    judgments, asked = _sets(snapshot, library, query)
    return set_agreement(judgments, questions=asked, by=query.columns, over=query.over)


def option_rows(snapshot: Snapshot, library: Library, query: Query) -> list[OptionAgreement]:
    """Agreement on each option as asked; raises UnknownValue."""
    judgments, asked = _sets(snapshot, library, query)
    return option_agreement(judgments, questions=asked, by=query.columns, over=query.over)


def _sets(snapshot: Snapshot, library: Library, query: Query) -> tuple[ir.Table, dict[QuestionKey, Options]]:
    """The answers to questions that several codes can answer, what was left empty among them, and these questions."""
    asked = chosen(in_use(set_questions(library.workflows), snapshot, query), query)
    judgments = narrow(snapshot.judgments(), snapshot, query.workflow, query.locale)
    return with_dimensions(with_empty(judgments, asked), snapshot, query.columns), asked


def span_rows(snapshot: Snapshot, library: Library, query: Query) -> list[SpanAgreement]:
    """Agreement on marked errors as asked; raises UnknownValue."""
    asked = chosen(in_use(span_questions(library.workflows), snapshot, query), query)
    judgments = narrowed(snapshot.judgments(), snapshot, query)
    spans = snapshot.spans()
    return span_agreement(judgments, spans, questions=asked, by=query.columns, metrics=query.metrics, over=query.over)


def span_pair_rows(snapshot: Snapshot, library: Library, query: Query) -> list[SpanPair]:
    """How the marks of each two annotators meet as asked, the lowest first; raises UnknownValue."""
    asked = chosen(in_use(span_questions(library.workflows), snapshot, query), query)
    return span_pairs(
        narrowed(snapshot.judgments(), snapshot, query),
        snapshot.spans(),
        questions=asked,
        by=query.columns,
        minimum=query.minimum,
        limit=query.limit,
        offset=query.offset,
    )


def ranking_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Ranking]:
    """Agreement on rankings as asked; raises UnknownValue."""
    asked = chosen(in_use(ranking_questions(library.workflows), snapshot, query), query)
    judgments = narrowed(snapshot.judgments(), snapshot, query)
    return rankings(judgments, questions=asked, by=query.columns, over=query.over)


def preference_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Preference]:
    """Agreement on preferences as asked; raises UnknownValue."""
    asked = chosen(in_use(preference_questions(library.workflows), snapshot, query), query)
    judgments = narrowed(snapshot.judgments(), snapshot, query)
    return preferences(judgments, questions=asked, by=query.columns, over=query.over)


def number_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Numbers]:
    """Interval alpha and the mean of numbers as asked; raises UnknownValue."""
    asked = chosen(in_use(numeric(library.workflows), snapshot, query), query)
    judgments = compared(snapshot, library, query)
    return numbers(judgments, questions=asked, by=query.columns, over=query.over)


def correlation_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Correlation]:
    """The mean correlation of pairs of annotators as asked; raises UnknownValue."""
    asked = chosen(in_use(ordered(library.workflows), snapshot, query), query)
    judgments = compared(snapshot, library, query)
    return correlations(judgments, questions=asked, by=query.columns, minimum=query.minimum, over=query.over)


def pair_correlation_rows(snapshot: Snapshot, library: Library, query: Query) -> list[PairCorrelation]:
    """The correlation of each pair of annotators as asked, the lowest first; raises UnknownValue."""
    asked = chosen(in_use(ordered(library.workflows), snapshot, query), query)
    return pair_correlations(
        compared(snapshot, library, query),
        questions=asked,
        by=query.columns,
        minimum=query.minimum,
        limit=query.limit,
        offset=query.offset,
    )


def annotator_correlation_rows(snapshot: Snapshot, library: Library, query: Query) -> list[AnnotatorCorrelation]:
    """The correlation of each annotator with the others as asked, the lowest first; raises UnknownValue."""
    asked = chosen(in_use(ordered(library.workflows), snapshot, query), query)
    return annotator_correlations(
        compared(snapshot, library, query),
        questions=asked,
        by=query.columns,
        minimum=query.minimum,
        limit=query.limit,
        offset=query.offset,
    )


def _with_sides(row: Plain) -> Iterable[Plain]:
    (line,) = without_benchmarks(row)
    shares = {f"share_{side}": share for side, share in row["sides"].items()}
    return ({name: value for name, value in line.items() if name != "sides"} | shares,)


def _labelled(row: Plain) -> Iterable[Plain]:
    return ({**row, "label": row["label"] or "(all)"},)


STATISTICS: tuple[Statistic, ...] = (
    Statistic(
        name="sets",
        title="Agreement on questions that several codes can answer",
        about="The share of equal sets, their mean Jaccard similarity, and Krippendorff's alpha with Jaccard and MASI "
        "distance, each with an interval; 1 is best.",
        takes=parameters.Estimated,
        row=SetAgreement,
        rows=set_rows,
        path="sets",
    ),
    Statistic(
        name="options",
        title="Agreement on each option of questions that several codes can answer",
        about="Raw agreement, Krippendorff's alpha and Gwet's AC1 of each option, each with an interval; 1 is best.",
        takes=parameters.Estimated,
        row=OptionAgreement,
        rows=option_rows,
        path="sets/options",
    ),
    Statistic(
        name="spans",
        title="Agreement on marked errors: their places, categories and severities",
        about="F1 of equal spans, of spans that overlap and of characters, their mean over texts, and Krippendorff's "
        "unitised alpha, each with an interval; 1 is best.",
        takes=parameters.Marked,
        row=SpanAgreement,
        rows=span_rows,
        path="spans",
        lines=_labelled,
    ),
    Statistic(
        name="span-pairs",
        title="Agreement of each pair of annotators on marked errors, the lowest first",
        about="Precision, recall and F1 of spans and of characters, each with an interval; 1 is best.",
        takes=parameters.MarkedPage,
        row=SpanPair,
        rows=span_pair_rows,
        path="spans/pairs",
    ),
    Statistic(
        name="rankings",
        title="Agreement on the order of responses (Kendall's W)",
        about="Kendall's W, the mean of the items; and agreement on which of each two responses is better, each with "
        "an interval; 1 is best.",
        takes=parameters.Ranked,
        row=Ranking,
        rows=ranking_rows,
        path="rankings",
        lines=without_benchmarks,
    ),
    Statistic(
        name="preferences",
        title="Agreement on which of two responses is better, with and without ties",
        about="Agreement on the answer with its strength, on the side, and on the side among those who took one; and "
        "the shares of both sides and of ties, each with an interval; 1 is best.",
        takes=parameters.Estimated,
        row=Preference,
        rows=preference_rows,
        path="preferences",
        lines=_with_sides,
    ),
    Statistic(
        name="numbers",
        title="Agreement on numbers and ratings, and their mean",
        about="Krippendorff's alpha for numbers, 1 is best; the mean; the standard deviation of one item's ratings.",
        takes=parameters.Estimated,
        row=Numbers,
        rows=number_rows,
        path="numbers",
    ),
    Statistic(
        name="correlations",
        title="How alike annotators order items by ratings or numbers",
        about="Spearman's rho and Kendall's tau-b, the mean of all pairs of annotators with enough items in common; "
        "1 is the same order, 0 none.",
        takes=parameters.Correlated,
        row=Correlation,
        rows=correlation_rows,
        path="correlations",
    ),
    Statistic(
        name="pair-correlations",
        title="How alike each two annotators order items, the lowest first",
        about="Spearman's rho and Kendall's tau-b of those with enough items in common; 1 is the same order, 0 none.",
        takes=parameters.CorrelatedPage,
        row=PairCorrelation,
        rows=pair_correlation_rows,
        path="correlations/pairs",
    ),
    Statistic(
        name="annotator-correlations",
        title="How alike each annotator and the others order items, the lowest first",
        about="Spearman's rho and Kendall's tau-b of those with enough items rated by others too; 1 is the same order.",
        takes=parameters.CorrelatedPage,
        row=AnnotatorCorrelation,
        rows=annotator_correlation_rows,
        path="correlations/annotators",
    ),
)
