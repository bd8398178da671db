"""What was done, and what helpers and screens had to do with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import ibis.expr.types as ir

from analytics import parameters
from analytics.catalogue.statistic import Plain, Statistic
from analytics.dimensions import with_dimensions
from analytics.edits import Edit, edits
from analytics.locales import LocaleRow, locale_rows
from analytics.output import Row
from analytics.query import SAFETY, Query, check_known, chosen, narrow, narrowed
from analytics.scales import categories, edited_texts
from analytics.screening import Screening, screening
from analytics.store import Snapshot
from analytics.suggestions import Pull, pulls
from guidelines import Library


def suggestion_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Pull]:
    """The pull of helpers' suggestions as asked; raises UnknownValue."""
    every = {(each.id, question.id): None for each in library.workflows.values() for question in each.questions}
    chosen(every, query)
    judgments = with_dimensions(narrowed(snapshot.judgments(), snapshot, query), snapshot, ["programme"])
    if query.question is not None:
        judgments = judgments.filter(judgments.question == query.question)
    return pulls(_of_programme(judgments), _of_programme(_suggestions(snapshot)), by=query.columns)


def _suggestions(snapshot: Snapshot) -> ir.Table:
    """With their programme; those of items that no manifest named may be of any."""
    every = snapshot.suggestions()
    named, unnamed = every.filter(every.programme.notnull()), every.filter(every.programme.isnull()).drop("programme")
    anywhere = unnamed.cross_join(snapshot.projects().select("programme").distinct())
    return named.union(anywhere.select(*named.columns))


def _of_programme(rows: ir.Table) -> ir.Table:
    """With items of one programme each: another that shows the same item shows other suggestions, or none."""
    return rows.mutate(item=rows.programme + "\x1f" + rows.item)


def edit_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Edit]:
    """Edited texts as asked, the newest first; raises UnknownValue."""
    asked = chosen(dict.fromkeys(edited_texts(library.workflows)), query)
    judgments = narrow(snapshot.judgments(), snapshot, query.workflow, query.locale)
    judgments = with_dimensions(judgments, snapshot, ["vendor"])
    return edits(judgments, snapshot.served(), questions=tuple(asked), limit=query.limit, offset=query.offset)


def screening_rows(snapshot: Snapshot, library: Library, query: Query) -> list[Screening]:
    """Recall and precision of screens as asked; raises UnknownValue."""
    known, workflow = categories(library.workflows), query.workflow or SAFETY
    check_known("workflow", workflow, {workflow for workflow, _ in known})
    of_workflow = {key: value for key, value in known.items() if key[0] == workflow}
    for code in query.codes:
        check_known("codes", code, {code for value in of_workflow.values() for code in value.codes})
    asked = {key: value for key, value in of_workflow.items() if set(query.codes) <= set(value.codes)}
    if query.question is not None or not asked:
        check_known("question", str(query.question), {question for _, question in asked})
        asked = {key: value for key, value in asked.items() if key[1] == query.question}
    judgments = narrow(snapshot.judgments(), snapshot, workflow, query.locale)
    items, found = snapshot.items(), snapshot.screenings()
    if query.locale is not None:
        found = found.semi_join(items.filter(items.locale == query.locale), "item")
    return screening(found, items, judgments, workflow=workflow, questions=asked, codes=query.codes, by=query.by)


def _locales(snapshot: Snapshot, library: Library, query: Query) -> Sequence[Row]:
    return locale_rows(snapshot, library, workflow=query.workflow, locale=query.locale)


def _without_pieces(row: Plain) -> Iterable[Plain]:
    flat = {name: value for name, value in row.items() if name != "pieces"}
    return (flat | {"served": ", ".join(row["served"])},)


def _with_reasons(row: Plain) -> Iterable[Plain]:
    told = "; ".join(f"{reason} ({number})" for reason, number in row["reasons"].items())
    return ({**row, "reasons": told},)


STATISTICS: tuple[Statistic, ...] = (
    Statistic(
        name="locales",
        title="Every locale and workflow at a glance: work done and agreement",
        about="What was done, and how far annotators agree on the question that sums the workflow up.",
        takes=parameters.Filters,
        row=LocaleRow,
        rows=_locales,
        path="locales",
    ),
    Statistic(
        name="suggestions",
        title="How far helpers' suggestions pull answers",
        about="The share of answers equal to a suggestion when it was shown and when it was hidden, and shown "
        "less hidden, each with an interval; a difference of 0 is no pull.",
        takes=parameters.Grouped,
        row=Pull,
        rows=suggestion_rows,
        path="suggestions",
    ),
    Statistic(
        name="edits",
        title="What annotators changed in edited texts, the newest first",
        about="What annotators changed, as pieces that stayed, went and came, with edit distances; 0 is unchanged.",
        takes=parameters.Paged,
        row=Edit,
        rows=edit_rows,
        path="edits",
        lines=_without_pieces,
    ),
    Statistic(
        name="screening",
        title="How much of what people call harmful each screen finds",
        about="Recall and precision of each screen, with intervals, and what was done with what it found; 1 is best.",
        takes=parameters.Screened,
        row=Screening,
        rows=screening_rows,
        path="screening",
        lines=_with_reasons,
    ),
)
