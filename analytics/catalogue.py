"""Every statistic once: its name, what it takes and what it answers. API and commands are made from this list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema

from analytics import parameters, queries
from analytics.accuracy import Accuracy
from analytics.agreement import Agreement
from analytics.confusions import Confusion
from analytics.consensus.answers import Certainty, Consensus
from analytics.edits import Edit
from analytics.forecast import Forecast
from analytics.locales import LocaleRow, locale_rows
from analytics.output import Row, exploded
from analytics.pairs import Pair
from analytics.quality import Quality
from analytics.queries import Query
from analytics.ratings import Icc
from analytics.screening import Screening
from analytics.store import Snapshot
from analytics.suggestions import Pull
from analytics.trends import Trend
from guidelines import Library

Plain = Mapping[str, Any]


@dataclass(frozen=True)
class Statistic:
    """One statistic: `concord <name>` and `GET /v1/<path>` with the same parameters.

    `title` is one line, `about` says how to read it. `takes` are the parameters, `row` the dataclass of an answer's
    rows, which `rows` works out. `lines` makes of a plain row what stands in a table or in CSV, if not the row.
    """

    name: str
    title: str
    about: str
    takes: type[Schema]
    row: type
    rows: Callable[[Snapshot, Library, Query], Sequence[Row]]
    path: str
    lines: Callable[[Plain], Iterable[Plain]] = lambda row: (row,)


def _locales(snapshot: Snapshot, library: Library, query: Query) -> Sequence[Row]:
    return locale_rows(snapshot, library, workflow=query.workflow, locale=query.locale)


def _without_pieces(row: Plain) -> Iterable[Plain]:
    flat = {name: value for name, value in row.items() if name != "pieces"}
    return (flat | {"served": ", ".join(row["served"])},)


def _with_reasons(row: Plain) -> Iterable[Plain]:
    told = "; ".join(f"{reason} ({number})" for reason, number in row["reasons"].items())
    return ({**row, "reasons": told},)


def _told(row: Plain) -> Iterable[Plain]:
    probabilities = "; ".join(f"{code} ({number:.3f})" for code, number in row["probabilities"].items())
    return ({**row, "tied": ", ".join(row["tied"]), "probabilities": probabilities},)


def _exemplified(row: Plain) -> Iterable[Plain]:
    told = "; ".join(f"{each['item']} ({each['target']})" for each in row["examples"])
    return ({**row, "examples": told},)


def _widths(row: Plain) -> Iterable[Plain]:
    return exploded(row, "expected") if row["expected"] else ({**row, "expected": None},)


STATISTICS = (
    Statistic(
        name="agreement",
        title="Agreement between annotators, per question",
        about="Raw agreement, Krippendorff's alpha, Gwet's AC1 and others, each with an interval; 1 is best.",
        takes=parameters.Coefficients,
        row=Agreement,
        rows=queries.agreement_rows,
        path="agreement",
    ),
    Statistic(
        name="confusions",
        title="Which two codes are given to the same item most often, the most frequent first",
        about="Their share of all disagreement, and how often they meet by how often chance would make them; "
        "a ratio of 1 is chance, 0 is best.",
        takes=parameters.Confused,
        row=Confusion,
        rows=queries.confusion_rows,
        path="confusions",
        lines=_exemplified,
    ),
    Statistic(
        name="forecast",
        title="How much narrower the interval of agreement would be with more items, and how many it takes",
        about="The expected width with 2, 4 and 10 times the items, by the same annotators and by more of them.",
        takes=parameters.Foretold,
        row=Forecast,
        rows=queries.forecast_rows,
        path="forecast",
        lines=_widths,
    ),
    Statistic(
        name="pairs",
        title="Agreement of each pair of annotators, the lowest first",
        about="Cohen's kappa of those with enough items in common, with an interval, and percent beside it; 1 is best.",
        takes=parameters.Paired,
        row=Pair,
        rows=queries.pair_rows,
        path="pairs",
    ),
    Statistic(
        name="icc",
        title="Intraclass correlations of ratings, per question",
        about="How much of the variance of ratings is that of the items, by ICC(1), ICC(2) and ICC(3), of single "
        "ratings and of their mean, each with an interval; 1 is best.",
        takes=parameters.Grouped,
        row=Icc,
        rows=queries.icc_rows,
        path="icc",
    ),
    Statistic(
        name="consensus",
        title="The answer of each item that its annotators' answers point to, the least certain first",
        about="The most probable answer and how probable it is, by a model of how often each annotator errs.",
        takes=parameters.Consensual,
        row=Consensus,
        rows=queries.consensus_rows,
        path="consensus",
        lines=_told,
    ),
    Statistic(
        name="certainty",
        title="How certain the answers of items are, per question",
        about="The share of items whose answer is settled at a certainty of .95, and the mean certainty; 1 is best.",
        takes=parameters.ByMethod,
        row=Certainty,
        rows=queries.certainty_rows,
        path="certainty",
    ),
    Statistic(
        name="accuracy",
        title="Answers against a reference: accuracy, precision, recall, F1 and what is taken for what",
        about="The share of answers equal to gold, to an audit or to adjudicated answers, and figures per category, "
        "each with an interval; 1 is best.",
        takes=parameters.Referenced,
        row=Accuracy,
        rows=queries.accuracy_rows,
        path="accuracy",
    ),
    Statistic(
        name="quality",
        title="Quality of what was reviewed",
        about="The MQM score: mean penalty per annotation of the marked errors, with an interval; 0 is best.",
        takes=parameters.Estimated,
        row=Quality,
        rows=queries.quality_rows,
        path="quality",
    ),
    Statistic(
        name="trends",
        title="Weekly error rates and their trend, per error category",
        about="Errors per annotation with an interval, and the change of the log rate per week; CSV has a line a week.",
        takes=parameters.Weekly,
        row=Trend,
        rows=queries.trend_rows,
        path="errors/trends",
        lines=lambda row: exploded(row, "weeks"),
    ),
    Statistic(
        name="suggestions",
        title="How far suggestions pull answers, per helper",
        about="The share of answers equal to a suggestion when it was shown and when it was hidden, and shown "
        "less hidden, each with an interval; a difference of 0 is no pull.",
        takes=parameters.Grouped,
        row=Pull,
        rows=queries.suggestion_rows,
        path="suggestions",
    ),
    Statistic(
        name="locales",
        title="Every locale and workflow at a glance",
        about="What was done, and how far annotators agree on the question that sums the workflow up.",
        takes=parameters.Filters,
        row=LocaleRow,
        rows=_locales,
        path="locales",
    ),
    Statistic(
        name="edits",
        title="Edited texts, the newest first",
        about="What annotators changed, as pieces that stayed, went and came, with edit distances; 0 is unchanged.",
        takes=parameters.Paged,
        row=Edit,
        rows=queries.edit_rows,
        path="edits",
        lines=_without_pieces,
    ),
    Statistic(
        name="screening",
        title="What the screens find of what people call harmful",
        about="Recall and precision of each screen, with intervals, and what was done with what it found; 1 is best.",
        takes=parameters.Screened,
        row=Screening,
        rows=queries.screening_rows,
        path="screening",
        lines=_with_reasons,
    ),
)
