"""One row a review: what was decided, and whether a later look, a second reviewer or gold says otherwise.

Every look at an item has a *rank*: an adjudication stands over an audit, and an audit over all other stages. The looks
of an item's lowest rank are its reviews; those above check them. The expressions are plain Ibis, so they run on DuckDB
and on Spark alike.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import ibis
import ibis.expr.types as ir

from analytics.counts import milliseconds
from analytics.dimensions import joined
from analytics.errors import UndeclaredCategory
from analytics.references import gold
from analytics.reviews.asked import ACCEPT, FIX, OUTCOMES, REJECT
from analytics.scales import QuestionKey

KEY = ("source", "project", "annotation")
"""One annotation, and so all answers of one review."""

_ITEM = ("workflow", "item")
_RANKS = {"audit": 1, "adjudicate": 2}


def of(judgments: ir.Table, questions: Collection[QuestionKey]) -> ir.Table:
    """The answers to these questions; unanswered ones are left out."""
    tests = [(judgments.workflow == workflow) & (judgments.question == name) for workflow, name in questions]
    return judgments.filter(ibis.or_(*tests), judgments.value.notnull())


def decided(judgments: ir.Table, items: ir.Table, decisions: Collection[QuestionKey], group: Sequence[str]) -> ir.Table:
    """One row per group, item and reviewer: the newest review, with `KEY` and `decision`.

    And numbers, 1 or 0: `reviewed` (always 1), `accepted`, `fixed`, `rejected`; `checked`, whether somebody else looked
    at it later and with a higher rank, and `overturned`, whether the last who did decided otherwise; `seconded`,
    whether others reviewed it too, and `differing`, the share of these who decided otherwise; `faulty`, whether by gold
    it is not to be accepted, and `found`, if it was not; `faultless`, whether by gold it is to be accepted, and
    `blamed`, if it was not. Raises UndeclaredCategory.
    """
    looks = of(judgments, decisions)
    _check(looks)
    rank = looks.stage.cases(*_RANKS.items(), else_=0)
    looks = looks.mutate(rank=rank, instant=milliseconds(looks.updated), decision=looks.value)
    in_group, in_item = (_is_newest(looks, (*keys, "item", "annotator", "rank")) for keys in (group, ("workflow",)))
    lowest = looks["rank"].min().over(group_by=list(_ITEM))
    looks = _with_last(looks).mutate(in_group=in_group, in_item=in_item, is_review=looks["rank"] == lowest)
    told = _with_others(looks)
    return _numbered(_with_gold(told.filter(told.in_group, told.is_review), items, decisions))


def _check(looks: ir.Table) -> None:
    seen = looks.select("workflow", "question", "value").distinct().to_pandas()
    strange = [row for row in sorted(seen.itertuples(index=False, name=None)) if row[2] not in OUTCOMES]
    if strange:
        raise UndeclaredCategory(strange)


def _is_newest(looks: ir.Table, keys: Sequence[str]) -> ir.BooleanValue:
    """Whether a look is the newest of its keys; of the same millisecond, the one of the later annotation."""
    order = [looks.instant.desc(), looks.annotation.desc(), looks.project.desc(), looks.source.desc()]
    return ibis.row_number().over(group_by=list(dict.fromkeys(keys)), order_by=order) == 0


def _with_last(looks: ir.Table) -> ir.Table:
    """With what the newest look of the highest rank decided: `last`, `last_by`, `last_rank`, `last_at`."""
    order = [looks["rank"].desc(), looks.instant.desc(), looks.annotator]
    first = ibis.window(group_by=list(_ITEM), order_by=order)
    names = {"last": "decision", "last_by": "annotator", "last_rank": "rank", "last_at": "instant"}
    return looks.mutate(**{name: looks[column].first().over(first) for name, column in names.items()})


def _with_others(looks: ir.Table) -> ir.Table:
    """With `others`, how many others reviewed the item, and `agreeing`, how many of these decided the same."""
    counts = looks.in_item & looks.is_review
    item = ibis.window(group_by=list(_ITEM))
    mine = looks.decision.max(where=counts).over(group_by=[*_ITEM, "annotator", "rank"])
    given = [(code, (counts & (looks.decision == code)).sum().over(item)) for code in OUTCOMES]
    same = looks.decision.cases(*given) - (mine == looks.decision).cast("int64")
    return looks.mutate(others=counts.sum().over(item) - 1, agreeing=same)


def _with_gold(reviews: ir.Table, items: ir.Table, decisions: Collection[QuestionKey]) -> ir.Table:
    """With `gold`, the right decision where a programme knows it."""
    known = of(gold(items.filter(items.workflow.isin(sorted({workflow for workflow, _ in decisions})))), decisions)
    right = known.group_by(_ITEM).aggregate(gold=known.value.max())
    return joined(reviews, right, *_ITEM)


def _numbered(told: ir.Table) -> ir.Table:
    checked = (told.last_rank > told["rank"]) & (told.last_by != told.annotator) & (told.last_at >= told.instant)
    is_accepted = told.decision == ACCEPT
    faulty, faultless = told.gold.isin([FIX, REJECT]), told.gold == ACCEPT
    tests = {
        "accepted": is_accepted,
        "fixed": told.decision == FIX,
        "rejected": told.decision == REJECT,
        "checked": checked,
        "overturned": checked & (told["last"] != told.decision),
        "seconded": told.others > 0,
        "faulty": faulty,
        "found": faulty & ~is_accepted,
        "faultless": faultless,
        "blamed": faultless & ~is_accepted,
    }
    numbers = {name: test.fill_null(False).cast("float64") for name, test in tests.items()}
    differing = ibis.ifelse(told.others > 0, (told.others - told.agreeing) / told.others, 0.0)
    return told.mutate(reviewed=ibis.literal(1.0), differing=differing, **numbers)
