"""What marked errors count for: the penalty of the guideline version in force, and repeated errors once.

The expressions are plain Ibis, so they run on DuckDB and on Spark alike.
"""

from __future__ import annotations

from collections.abc import Collection

import ibis
import ibis.expr.types as ir

from analytics.scales import QuestionKey

ANSWER = ("source", "project", "annotation", "question", "target")
"""One annotation's answer to an error-span question about one response."""

_ERROR = ("guideline_version", "question", "category", "severity")


def in_force(spans: ir.Table, penalties: ir.Table, once: Collection[QuestionKey]) -> ir.Table:
    """Spans with the `weight` that their guideline version gives them, and whether repeats count `once`.

    `penalties` as in `plugins.frames`. Where they do not know a span's version, the weight it was stored with stays,
    and `once` names the questions (workflow, question) whose repeated errors count once.
    """
    known = penalties.select(*_ERROR, told="weight", repeated="repeated_errors")
    joined = spans.left_join(known, list(_ERROR)).drop(*(f"{key}_right" for key in _ERROR))
    otherwise = ibis.or_(
        ibis.literal(False),
        *((spans.workflow == workflow) & (spans.question == question) for workflow, question in once),
    )
    return joined.mutate(
        weight=joined.told.coalesce(joined.weight), once=(joined.repeated == "once").fill_null(otherwise)
    ).drop("told", "repeated")


def counted(spans: ir.Table) -> ir.Table:
    """Spans with `errors`, 1 or 0, and a `weight` of 0 where they are not counted: repeated errors count once.

    `spans` have `once`, which says of which it is asked. An error is repeated in an answer if it has the same category,
    the same marked words (letter case and outer spaces aside) and the same correction; one without a correction is like
    any of the same words. The heaviest counts. Source: *Repeated Errors*, themqm.org, scenario 2: only one instance
    of identical strings is penalised.
    """
    each = spans.filter(~spans.once).mutate(errors=ibis.literal(1, "int64"))
    return each.union(_once(spans.filter(spans.once)).select(*each.columns))


def _once(spans: ir.Table) -> ir.Table:
    words = spans.mutate(words=spans.text.strip().lower())
    same = [*ANSWER, "category", "words"]
    found = words.mutate(mended=words.correction.coalesce(words.correction.min().over(group_by=same)).fill_null(""))
    heaviest_first = ibis.window(group_by=[*same, "mended"], order_by=[ibis.desc("weight"), "start", "span"])
    ranked = found.mutate(place=ibis.row_number().over(heaviest_first))
    counts = (ranked.place == 0) | ranked.words.isnull()
    return ranked.mutate(errors=counts.cast("int64"), weight=counts.ifelse(ranked.weight, 0.0))


def with_words(answers: ir.Table, items: ir.Table) -> ir.Table:
    """Judgments with `words`, how many the response has that each is about; null where no manifest told it."""
    lengths = items.select("item", length=items.words.unnest())
    of_response = lengths.select("item", target=lengths.length["target"], words=lengths.length["words"])
    return answers.left_join(of_response, ["item", "target"]).drop("item_right", "target_right")
