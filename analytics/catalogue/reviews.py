"""What reviewers decide, whether it stands, and which known errors are found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from analytics import parameters
from analytics.catalogue.statistic import Plain, Statistic
from analytics.query import Query, chosen, narrowed
from analytics.reviews.asked import Asked, asked
from analytics.reviews.findings import Finding, findings
from analytics.reviews.outcomes import Reviewer, Reviews, reviewers, reviews
from analytics.scales import error_categories
from analytics.seeded import Seeded, seeded
from analytics.store import Snapshot
from guidelines import Library


def review_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Reviews]:
    """Outcomes of reviews as asked; raises UnknownValue."""
    decided = _decisions(library, query)
    judgments = narrowed(snapshot.judgments(), snapshot, query)
    return reviews(judgments, snapshot.items(), asked=decided, by=query.columns, over=query.over)


def reviewer_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Reviewer]:
    """Outcomes of each reviewer's reviews as asked; raises UnknownValue."""
    decided = _decisions(library, query)
    judgments = narrowed(snapshot.judgments(), snapshot, query)
    page = {"limit": query.limit, "offset": query.offset}
    return reviewers(judgments, snapshot.items(), asked=decided, by=query.columns, **page)


def finding_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Finding]:
    """What reviews name as asked; raises UnknownValue."""
    every = asked(library.workflows)
    found = replace(every, findings=chosen(dict(every.findings), query))
    judgments = narrowed(snapshot.judgments(), snapshot, query)
    return findings(judgments, snapshot.items(), asked=found, by=query.columns, over=query.over)


def seeded_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Seeded]:
    """Seeded errors found as asked; raises UnknownValue."""
    questions = chosen(error_categories(library.workflows), query)
    judgments = narrowed(snapshot.judgments(), snapshot, query)
    spans, items = snapshot.spans(), snapshot.items()
    return seeded(judgments, spans, items, questions=questions, by=query.columns, over=query.over)


def _decisions(library: Library, query: Query) -> Asked:
    every = asked(library.workflows)
    return replace(every, decisions=tuple(chosen(dict.fromkeys(every.decisions), query)))


def _labelled(row: Plain) -> Iterable[Plain]:
    return ({**row, "category": row["category"] or "(all)"},)


STATISTICS: tuple[Statistic, ...] = (
    Statistic(
        name="reviews",
        title="What reviewers accept, fix and reject, and whether it stands",
        about="Shares of reviews that accept, fix and reject; how much fixes change; how often a later look decides "
        "otherwise, and how often what is known to be wrong is found, each with an interval.",
        takes=parameters.Estimated,
        row=Reviews,
        rows=review_rows,
        path="reviews",
    ),
    Statistic(
        name="reviewers",
        title="What each reviewer accepts, fixes and rejects, and whether it stands",
        about="One row a reviewer, by pseudonym; intervals hold for this reviewer on other items, and rank nobody.",
        takes=parameters.Scored,
        row=Reviewer,
        rows=reviewer_rows,
        path="reviewers",
    ),
    Statistic(
        name="findings",
        title="What reviews name as wrong, and what is then decided",
        about="How often reviews name each error type, severity and state of the guideline, and what is then decided.",
        takes=parameters.Estimated,
        row=Finding,
        rows=finding_rows,
        path="findings",
    ),
    Statistic(
        name="seeded",
        title="Which errors put in on purpose annotators find, by category",
        about="Of the errors that were put into responses on purpose, the share that annotators mark, and of those "
        "marked, the shares with the right category and severity, each with an interval; 1 is best.",
        takes=parameters.Estimated,
        row=Seeded,
        rows=seeded_rows,
        path="errors/seeded",
        lines=_labelled,
    ),
)
