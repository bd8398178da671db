"""Penalties and errors reduced to sums and counts by the engine: what quality and error trends are computed from.

An *exposure* is one answer to an error-span question: an annotation that looked for errors, whether it found any or
not. The expressions are plain Ibis, so they run on DuckDB and on Spark alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import ibis
import ibis.expr.types as ir

from analytics.marked import ANSWER
from analytics.scales import QuestionKey

_DAY = 86_400
_THURSDAY = 3  # the epoch's weekday, Monday being 0


def exposures(judgments: ir.Table, questions: Iterable[QuestionKey]) -> ir.Table:
    """The judgments that answer these questions (workflow, question)."""
    tests = [(judgments.workflow == workflow) & (judgments.question == question) for workflow, question in questions]
    return judgments.filter(ibis.or_(*tests))


def reviews(judgments: ir.Table, spans: ir.Table, questions: Iterable[QuestionKey], group: Sequence[str]) -> ir.Table:
    """The newest exposure of each annotator to each response, with what its spans sum up to.

    `spans` as in `analytics.marked.counted`. Columns: `group`, `item`, `target`, `annotator`, `owner` (the programme),
    `looked` (1), `penalty`, `errors`, `marked` (spans, counted or not), `words` (0 where unknown) and what can be set
    beside them: `penalty_read` and `errors_read`.
    """
    newest = _newest(exposures(judgments, questions), list(dict.fromkeys((*group, "item", "target"))))
    found = spans.group_by(ANSWER).aggregate(
        penalty=spans.weight.sum(), errors=spans.errors.sum(), marked=spans.count()
    )
    joined = newest.left_join(found, [newest[key] == found[key] for key in ANSWER])
    joined = joined.drop(*(f"{key}_right" for key in ANSWER))
    summed = joined.mutate(
        looked=ibis.literal(1.0),
        **{name: joined[name].fill_null(0).cast("float64") for name in ("penalty", "errors", "marked", "words")},
    )
    read = (summed.words > 0).cast("float64")
    return summed.mutate(penalty_read=summed.penalty * read, errors_read=summed.errors * read)


def _newest(looked: ir.Table, unit: Sequence[str]) -> ir.Table:
    """Of an annotator's exposures to one unit the newest (of the same moment, the one of the last project and name)."""
    for name, kind in (("words", "float64"), ("programme", "string")):
        if name not in looked.columns:
            looked = looked.mutate(**{name: ibis.null(kind)})
    parts = ["updated", "source", "project", "annotation"]
    newest = ibis.struct({name: looked[name] for name in parts}).max()
    kept = looked.group_by(list(dict.fromkeys((*unit, "annotator")))).aggregate(
        newest=newest, words=looked.words.max(), owner=looked.programme.max().fill_null("")
    )
    return kept.mutate(**{name: kept.newest[name] for name in parts if name not in kept.columns}).drop("newest")


def weekly_exposures(looked: ir.Table, group: Sequence[str]) -> ir.Table:
    """Per group and week: the `annotations` that looked for errors."""
    dated = looked.mutate(week=week(looked.created))
    return dated.group_by([*group, "week"]).aggregate(annotations=dated.count())


def weekly_errors(looked: ir.Table, spans: ir.Table, group: Sequence[str]) -> ir.Table:
    """Per group, week and category: the number of `errors`; the week is the exposure's."""
    dated = looked.mutate(week=week(looked.created)).select(*ANSWER, *(set(group) - set(ANSWER)), "week")
    found = dated.join(spans.select(*ANSWER, "category"), list(ANSWER))
    return found.group_by([*group, "week", "category"]).aggregate(errors=found.count())


def totals(looked: ir.Table, group: Sequence[str]) -> ir.Table:
    """Per group: `items`, `annotations` and `annotators`."""
    return looked.group_by(group).aggregate(
        items=looked.item.nunique(), annotations=looked.count(), annotators=looked.annotator.nunique()
    )


def week(instant: ir.TimestampValue) -> ir.IntegerValue:
    """Whole ISO weeks (Monday 00:00 UTC) since the one that holds 1970-01-01.

    Counted from the epoch, so that a session's time zone does not move the Monday.
    """
    days = (instant.epoch_seconds().cast("int64") / _DAY).floor().cast("int64")
    return ((days + _THURSDAY) / 7).floor().cast("int64")
