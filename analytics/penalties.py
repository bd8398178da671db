"""Penalties and errors reduced to sums and counts by the engine: what quality and error trends are computed from.

An *exposure* is one answer to an error-span question: an annotation that looked for errors, whether it found any or
not. The expressions are plain Ibis, so they run on DuckDB and on Spark alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import ibis
import ibis.expr.types as ir

from analytics.scales import QuestionKey

_ANSWER = ("source", "project", "annotation", "question", "target")
_DAY = 86_400
_THURSDAY = 3  # the epoch's weekday, Monday being 0


def exposures(judgments: ir.Table, questions: Iterable[QuestionKey]) -> ir.Table:
    """The judgments that answer these questions (workflow, question)."""
    tests = [(judgments.workflow == workflow) & (judgments.question == question) for workflow, question in questions]
    return judgments.filter(ibis.or_(*tests))


def moments(looked: ir.Table, spans: ir.Table, group: Sequence[str]) -> ir.Table:
    """Per group, what the mean penalty per exposure and its variances need.

    Columns: `n` exposures, `penalty` their sum, `squares` the sum of squared penalties; and for items and for
    annotators the number of them (`items`, `raters`) with, over their own sums s and numbers c of exposures,
    `items_ss` = Σs², `items_sc` = Σsc, `items_cc` = Σc², `raters_ss`, `raters_sc`, `raters_cc`.
    """
    scored = penalties(looked, spans)
    every = scored.group_by(group).aggregate(
        n=scored.count(), penalty=scored.penalty.sum(), squares=(scored.penalty * scored.penalty).sum()
    )
    for name, column in (("items", "item"), ("raters", "annotator")):
        part = _moments(scored, group, column, name)
        every = every.left_join(part, [every[key].identical_to(part[key]) for key in group])
        every = every.drop(*(f"{key}_right" for key in group))
    return every


def penalties(looked: ir.Table, spans: ir.Table) -> ir.Table:
    """The exposures with `penalty`, the sum of the weights of their spans (0 without a span)."""
    found = spans.group_by(_ANSWER).aggregate(weight=spans.weight.sum())
    joined = looked.left_join(found, list(_ANSWER))
    return joined.mutate(penalty=joined.weight.fill_null(0.0)).drop("weight", *(f"{key}_right" for key in _ANSWER))


def _moments(scored: ir.Table, group: Sequence[str], column: str, name: str) -> ir.Table:
    each = scored.group_by([*group, column]).aggregate(s=scored.penalty.sum(), c=scored.count().cast("float64"))
    return each.group_by(group).aggregate(
        **{
            name: each.count(),
            f"{name}_ss": (each.s * each.s).sum(),
            f"{name}_sc": (each.s * each.c).sum(),
            f"{name}_cc": (each.c * each.c).sum(),
        }
    )


def weekly_exposures(looked: ir.Table, group: Sequence[str]) -> ir.Table:
    """Per group and week: the `annotations` that looked for errors."""
    dated = looked.mutate(week=week(looked.created))
    return dated.group_by([*group, "week"]).aggregate(annotations=dated.count())


def weekly_errors(looked: ir.Table, spans: ir.Table, group: Sequence[str]) -> ir.Table:
    """Per group, week and category: the number of `errors`; the week is the exposure's."""
    dated = looked.mutate(week=week(looked.created)).select(*_ANSWER, *(set(group) - set(_ANSWER)), "week")
    found = dated.join(spans.select(*_ANSWER, "category"), list(_ANSWER))
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
