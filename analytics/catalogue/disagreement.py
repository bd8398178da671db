"""Where annotators disagree, and whether groups of them do."""

from __future__ import annotations

from collections.abc import Iterable

from analytics import parameters
from analytics.catalogue.statistic import Plain, Statistic
from analytics.contested import Contested, contested
from analytics.disagreement import Disagreement, disagreement
from analytics.dissent import Dissent, dissent
from analytics.query import Query, allowing, compared, measurable
from analytics.rater_groups import RaterGroup, possible, rater_groups
from analytics.store import Snapshot
from guidelines import Library


def contested_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Contested]:
    """The items that annotators disagree on as asked, the most contested first; raises UnknownValue."""
    return contested(
        compared(snapshot, library, query),
        categories=measurable(snapshot, library, query),
        by=query.columns,
        minimum=query.minimum,
        limit=query.limit,
        offset=query.offset,
    )


def disagreement_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Disagreement]:
    """The disagreement of each group as asked, of each question the largest first; raises UnknownValue."""
    return disagreement(
        compared(snapshot, library, query),
        categories=measurable(snapshot, library, query),
        by=query.columns,
        minimum=query.minimum,
        over=query.over,
    )


def dissent_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Dissent]:
    """The annotators who disagree with their peers as asked, those who surely do most first; raises UnknownValue."""
    return dissent(
        compared(snapshot, library, query),
        categories=measurable(snapshot, library, query),
        by=query.columns,
        minimum=query.minimum,
        limit=query.limit,
        offset=query.offset,
    )


def rater_group_rows(snapshot: Snapshot, library: Library, query: Query) -> list[RaterGroup]:
    """Groups of annotators as asked, of questions that the metric is possible for; raises UnknownValue."""
    asked = allowing(measurable(snapshot, library, query), query, possible, (query.metric,))
    return rater_groups(
        compared(snapshot, library, query),
        snapshot.annotators(),
        categories=asked,
        by=query.columns,
        attributes=query.attributes,
        metric=query.metric,
        over=query.over,
    )


def _counted(row: Plain) -> Iterable[Plain]:
    told = "; ".join(f"{code} ({number})" for code, number in row["answers"].items())
    return ({**row, "answers": told},)


STATISTICS: tuple[Statistic, ...] = (
    Statistic(
        name="contested",
        title="The items on which annotators disagree, the most contested first",
        about="The share of pairs of annotators with different answers, and how many gave which; 0 is best.",
        takes=parameters.Disputed,
        row=Contested,
        rows=contested_rows,
        path="contested",
        lines=_counted,
    ),
    Statistic(
        name="disagreement",
        title="Which groups of answers, such as locales, disagree more than all others",
        about="The share of pairs of annotators with different answers and its difference from all other groups of the "
        "question, each with an interval; a q-value below .05 is no chance. 0 is best.",
        takes=parameters.Compared,
        row=Disagreement,
        rows=disagreement_rows,
        path="disagreement",
    ),
    Statistic(
        name="dissent",
        title="Annotators who answer otherwise than their peers, the surest first",
        about="The share of peers with another answer, with an interval, and by what the frequencies of answers would "
        "make it: a ratio of 1 is chance, 0 is best. Whoever disagrees is not thereby wrong.",
        takes=parameters.Dissenting,
        row=Dissent,
        rows=dissent_rows,
        path="dissent",
    ),
    Statistic(
        name="groups",
        title="How far groups of annotators agree within, and with the others",
        about="Alpha within (irr), cross-replication reliability with the others (xrr) and their ratio (gai), each "
        "with an interval; a gai of 1 is no difference. Nothing is told of fewer than 5 annotators.",
        takes=parameters.OfPeople,
        row=RaterGroup,
        rows=rater_group_rows,
        path="groups",
    ),
)
