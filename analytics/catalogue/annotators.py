"""What annotators' answers say of items and of annotators."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from analytics import parameters
from analytics.annotators.pace import Pace, pace
from analytics.annotators.scorecard import Scorecard, scorecards
from analytics.annotators.severity import Severity, severity
from analytics.catalogue.statistic import Plain, Statistic, with_widths
from analytics.consensus.answers import Certainty, Consensus, certainties, consensus
from analytics.consensus.next_rating import NextRating, next_ratings
from analytics.needs import Need, needs, possible
from analytics.numeric import numeric
from analytics.query import Query, allowing, check_workflow, chosen, compared, in_use, measurable, narrowed
from analytics.references import gold
from analytics.scales import categories
from analytics.store import Snapshot
from guidelines import Library


def consensus_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Consensus]:
    """The answer of each item as asked, the least certain first; raises UnknownValue."""
    asked = measurable(snapshot, library, query)
    judgments = compared(snapshot, library, query)
    return consensus(
        judgments,
        categories=asked,
        by=query.columns,
        method=query.method,
        under=query.under,
        limit=query.limit,
        offset=query.offset,
    )


def certainty_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Certainty]:
    """How certain the answers of items are, as asked; raises UnknownValue."""
    asked = measurable(snapshot, library, query)
    judgments = compared(snapshot, library, query)
    return certainties(judgments, categories=asked, by=query.columns, method=query.method)


def need_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Need]:
    """What more ratings an item would do for intervals, as asked; raises UnknownValue."""
    every = {**numeric(library.workflows), **categories(library.workflows)}
    asked = allowing(chosen(in_use(every, snapshot, query), query), query, possible, query.metrics or ())
    judgments = compared(snapshot, library, query)
    return needs(judgments, questions=asked, by=query.columns, metrics=query.metrics, target=query.target)


def next_rows(snapshot: Snapshot, library: Library, query: Query) -> list[NextRating]:
    """What one more rating would do for each item as asked, the contested ones first; raises UnknownValue."""
    asked = measurable(snapshot, library, query)
    return next_ratings(
        compared(snapshot, library, query),
        categories=asked,
        by=query.columns,
        method=query.method,
        limit=query.limit,
        offset=query.offset,
    )


def scorecard_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Scorecard]:
    """What is known of each annotator as asked; raises UnknownValue."""
    return scorecards(
        compared(snapshot, library, query),
        gold(snapshot.items()),
        categories=measurable(snapshot, library, query),
        by=query.columns,
        limit=query.limit,
        offset=query.offset,
    )


def severity_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Severity]:
    """How severe each annotator is as asked, on questions with an ordinal scale; raises UnknownValue."""
    ordinal = {key: each for key, each in categories(library.workflows).items() if each.scale == "ordinal"}
    return severity(
        compared(snapshot, library, query),
        categories=chosen(in_use(ordinal, snapshot, query), query),
        by=query.columns,
        limit=query.limit,
        offset=query.offset,
    )


def pace_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Pace]:
    """How many annotations each annotator made and skipped, and how fast, as asked; raises UnknownValue."""
    check_workflow(library, query.workflow)
    annotations = narrowed(snapshot.annotations(), snapshot, query)
    return pace(annotations, by=query.columns, limit=query.limit, offset=query.offset)


def _flagged(row: Plain) -> Iterable[Plain]:
    return ({**row, "flags": ", ".join(row["flags"])},)


def _told(row: Plain) -> Iterable[Plain]:
    probabilities = "; ".join(f"{code} ({number:.3f})" for code, number in row["probabilities"].items())
    return ({**row, "tied": ", ".join(row["tied"]), "probabilities": probabilities},)


STATISTICS: tuple[Statistic, ...] = (
    Statistic(
        name="annotators",
        title="Scorecard of each annotator: accuracy, agreement, consistency, drift",
        about="Volume, accuracy against gold, agreement with peers and with oneself, drift, and the longest run of one "
        "answer, each with an interval. Annotators are sorted by name and have no rank.",
        takes=parameters.Scored,
        row=Scorecard,
        rows=scorecard_rows,
        path="annotators",
        lines=_flagged,
    ),
    Statistic(
        name="severity",
        title="How severe or lenient each annotator is on ordinal questions",
        about="Severity in logits by a many-facet Rasch model, with an interval; 0 is the mean of a subset. Severities "
        "of different subsets cannot be compared. Annotators are sorted by name and have no rank.",
        takes=parameters.Scored,
        row=Severity,
        rows=severity_rows,
        path="severity",
    ),
    Statistic(
        name="pace",
        title="How many annotations each annotator made and skipped, and how fast",
        about="Seconds (median and 90th percentile), the share that was too fast and the share that was skipped, each "
        "with an interval. Annotators are sorted by name and have no rank.",
        takes=parameters.Paced,
        row=Pace,
        rows=pace_rows,
        path="pace",
        lines=_flagged,
    ),
    Statistic(
        name="consensus",
        title="The most probable answer to each item, the least certain first",
        about="The most probable answer and how probable it is, by a model of how often each annotator errs.",
        takes=parameters.Consensual,
        row=Consensus,
        rows=consensus_rows,
        path="consensus",
        lines=_told,
    ),
    Statistic(
        name="certainty",
        title="How certain the answers to items are, and how many are settled",
        about="The share of items whose answer is settled at a certainty of .95, and the mean certainty; 1 is best.",
        takes=parameters.ByMethod,
        row=Certainty,
        rows=certainty_rows,
        path="certainty",
    ),
    Statistic(
        name="needs",
        title="How many ratings each item needs to measure a question precisely",
        about="The expected width of the interval with 2 to 20 ratings an item, by the same annotators and by more of "
        "them, how many it takes, and how reliable the mean of numbers is.",
        takes=parameters.Needed,
        row=Need,
        rows=need_rows,
        path="needs",
        lines=partial(with_widths, step="ratings", name="with_ratings"),
    ),
    Statistic(
        name="next",
        title="Which items need one more rating, and which are settled",
        about="How probable the answer is now and, in the mean, after one more rating, and how many settle it. Those "
        "that it helps most come first.",
        takes=parameters.Continued,
        row=NextRating,
        rows=next_rows,
        path="next",
    ),
)
