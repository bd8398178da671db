"""How far annotators agree."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import partial

from analytics import coefficients, parameters
from analytics.agreement import Agreement, agreement
from analytics.catalogue.statistic import Plain, Statistic, with_widths, without_benchmarks
from analytics.confusions import Confusion, confusions
from analytics.forecast import Forecast, forecast
from analytics.judges import Judge, judges
from analytics.layouts import in_layout, placed_questions
from analytics.literature import Benchmark, choices, limits
from analytics.numeric import numeric
from analytics.pairs import Pair, pairs
from analytics.pairs import possible as kappas
from analytics.preferences import preference_questions
from analytics.query import Query, allowing, chosen, compared, in_use, measurable, narrowed
from analytics.ratings import Icc, intraclass
from analytics.references import suggested
from analytics.scales import QuestionKey
from analytics.store import Snapshot
from guidelines import Library


def agreement_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Agreement]:
    """Agreement as asked; raises UnknownValue."""
    asked = allowing(measurable(snapshot, library, query), query, coefficients.possible, query.metrics or ())
    judgments = compared(snapshot, library, query)
    rows = agreement(judgments, categories=asked, by=query.columns, metrics=query.metrics, over=query.over)
    choosing = preference_questions(library.workflows)
    return [replace(row, benchmarks=_benchmarks(row, choosing)) for row in rows]


def _benchmarks(row: Agreement, choosing: Collection[QuestionKey]) -> tuple[Benchmark, ...]:
    """What the literature says beside the estimates; `choosing` are the questions about which response is better."""
    asked = str(row.group["workflow"]), str(row.group["question"])
    percent = choices("percent") if asked in choosing and "percent" in row.estimates else ()
    return *limits(row.estimates), *percent


def judge_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Judge]:
    """How far people agree with models that judge, as asked; raises UnknownValue."""
    asked, placed = measurable(snapshot, library, query), placed_questions(library.workflows)
    judgments = in_layout(narrowed(snapshot.judgments(), snapshot, query), placed, snapshot)
    return judges(judgments, suggested(snapshot, placed), categories=asked, by=query.columns, over=query.over)


def confusion_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Confusion]:
    """The codes that annotators confuse, as asked, the most frequent first; raises UnknownValue."""
    asked = measurable(snapshot, library, query)
    judgments = compared(snapshot, library, query)
    return confusions(judgments, categories=asked, by=query.columns, over=query.over, limit=query.limit)


def forecast_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Forecast]:
    """What more items would do for the intervals of agreement, as asked; raises UnknownValue."""
    asked = allowing(measurable(snapshot, library, query), query, coefficients.possible, query.metrics or ())
    judgments = compared(snapshot, library, query)
    return forecast(judgments, categories=asked, by=query.columns, metrics=query.metrics, target=query.target)


def pair_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Pair]:
    """The agreement of each pair of annotators as asked, the lowest kappa first; raises UnknownValue."""
    asked = allowing(measurable(snapshot, library, query), query, kappas, (query.metric,))
    return pairs(
        compared(snapshot, library, query),
        categories=asked,
        by=query.columns,
        metric=query.metric,
        minimum=query.minimum,
        limit=query.limit,
        offset=query.offset,
    )


def icc_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Icc]:
    """Intraclass correlations as asked, of questions whose codes have numbers; raises UnknownValue."""
    asked = chosen(in_use(numeric(library.workflows), snapshot, query), query)
    return intraclass(compared(snapshot, library, query), questions=asked, by=query.columns)


def _exemplified(row: Plain) -> Iterable[Plain]:
    told = "; ".join(f"{each['item']} ({each['target']})" for each in row["examples"])
    return ({**row, "examples": told},)


STATISTICS: tuple[Statistic, ...] = (
    Statistic(
        name="agreement",
        title="Agreement between annotators, per question",
        about="Raw agreement, Krippendorff's alpha, Gwet's AC1 and others, each with an interval; 1 is best.",
        takes=parameters.Coefficients,
        row=Agreement,
        rows=agreement_rows,
        path="agreement",
        lines=without_benchmarks,
    ),
    Statistic(
        name="judges",
        title="Agreement of people with models that judge",
        about="Percent, kappa, alpha and AC1 of people's answers and the model's, where they did not see it, beside "
        "that of two people, and how often the model answers as most people do; 1 is best.",
        takes=parameters.Estimated,
        row=Judge,
        rows=judge_rows,
        path="judges",
        lines=without_benchmarks,
    ),
    Statistic(
        name="confusions",
        title="Which two codes annotators give to the same item most often",
        about="The share of two codes in all disagreement, and how often they meet by how often chance would make "
        "them; a ratio of 1 is chance, 0 is best. The most frequent come first.",
        takes=parameters.Confused,
        row=Confusion,
        rows=confusion_rows,
        path="confusions",
        lines=_exemplified,
    ),
    Statistic(
        name="forecast",
        title="How many more items it takes to measure agreement precisely",
        about="The expected width of the interval with 2, 4 and 10 times the items, by the same annotators and by more "
        "of them.",
        takes=parameters.Foretold,
        row=Forecast,
        rows=forecast_rows,
        path="forecast",
        lines=partial(with_widths, step="times", name="times_items"),
    ),
    Statistic(
        name="pairs",
        title="Agreement of each pair of annotators (Cohen's kappa), the lowest first",
        about="Cohen's kappa of those with enough items in common, with an interval, and percent beside it; 1 is best.",
        takes=parameters.Paired,
        row=Pair,
        rows=pair_rows,
        path="pairs",
    ),
    Statistic(
        name="icc",
        title="Agreement on ratings: intraclass correlations",
        about="How much of the variance of ratings is that of the items, by ICC(1), ICC(2) and ICC(3), of single "
        "ratings and of their mean, each with an interval; 1 is best.",
        takes=parameters.Grouped,
        row=Icc,
        rows=icc_rows,
        path="icc",
    ),
)
