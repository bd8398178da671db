"""How far annotators agree on answers that are not one of several codes: sets, spans, rankings, numbers."""

from __future__ import annotations

from collections.abc import Iterable

from analytics import parameters
from analytics.catalogue.statistic import Plain, Statistic, without_benchmarks
from analytics.numbers import Numbers, numbers
from analytics.numeric import numeric
from analytics.orders import ranking_questions
from analytics.preferences import Preference, preference_questions, preferences
from analytics.query import Query, chosen, in_use, narrowed
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
from analytics.store import Snapshot
from guidelines import Library


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
    judgments = narrowed(snapshot.judgments(), snapshot, query)
    return numbers(judgments, questions=asked, by=query.columns, over=query.over)


def correlation_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Correlation]:
    """The mean correlation of pairs of annotators as asked; raises UnknownValue."""
    asked = chosen(in_use(ordered(library.workflows), snapshot, query), query)
    judgments = narrowed(snapshot.judgments(), snapshot, query)
    return correlations(judgments, questions=asked, by=query.columns, minimum=query.minimum, over=query.over)


def pair_correlation_rows(snapshot: Snapshot, library: Library, query: Query) -> list[PairCorrelation]:
    """The correlation of each pair of annotators as asked, the lowest first; raises UnknownValue."""
    asked = chosen(in_use(ordered(library.workflows), snapshot, query), query)
    return pair_correlations(
        narrowed(snapshot.judgments(), snapshot, query),
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
        narrowed(snapshot.judgments(), snapshot, query),
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


STATISTICS: tuple[Statistic, ...] = (
    Statistic(
        name="rankings",
        title="Agreement on the order of responses",
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
        title="Agreement on numbers, and their mean, per question",
        about="Krippendorff's alpha for numbers, 1 is best; the mean; the standard deviation of one item's ratings.",
        takes=parameters.Estimated,
        row=Numbers,
        rows=number_rows,
        path="numbers",
    ),
    Statistic(
        name="correlations",
        title="How alike annotators order items, per question",
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
        title="How alike each annotator and the mean of the others order items, the lowest first",
        about="Spearman's rho and Kendall's tau-b of those with enough items rated by others too; 1 is the same order.",
        takes=parameters.CorrelatedPage,
        row=AnnotatorCorrelation,
        rows=annotator_correlation_rows,
        path="correlations/annotators",
    ),
)
