"""What annotators' answers say of items and of annotators."""

from __future__ import annotations

from collections.abc import Iterable

from analytics import parameters
from analytics.catalogue.statistic import Plain, Statistic
from analytics.consensus.answers import Certainty, Consensus, certainties, consensus
from analytics.query import Query, measurable, narrowed
from analytics.store import Snapshot
from guidelines import Library


def consensus_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Consensus]:
    """The answer of each item as asked, the least certain first; raises UnknownValue."""
    asked = measurable(snapshot, library, query)
    judgments = narrowed(snapshot.judgments(), snapshot, query)
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
    asked = measurable(snapshot, library, query)
    judgments = narrowed(snapshot.judgments(), snapshot, query)
    return certainties(judgments, categories=asked, by=query.columns, method=query.method)


def _told(row: Plain) -> Iterable[Plain]:
    probabilities = "; ".join(f"{code} ({number:.3f})" for code, number in row["probabilities"].items())
    return ({**row, "tied": ", ".join(row["tied"]), "probabilities": probabilities},)


STATISTICS: tuple[Statistic, ...] = (
    Statistic(
        name="consensus",
        title="The answer of each item that its annotators' answers point to, the least certain first",
        about="The most probable answer and how probable it is, by a model of how often each annotator errs.",
        takes=parameters.Consensual,
        row=Consensus,
        rows=consensus_rows,
        path="consensus",
        lines=_told,
    ),
    Statistic(
        name="certainty",
        title="How certain the answers of items are, per question",
        about="The share of items whose answer is settled at a certainty of .95, and the mean certainty; 1 is best.",
        takes=parameters.ByMethod,
        row=Certainty,
        rows=certainty_rows,
        path="certainty",
    ),
)
