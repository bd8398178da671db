"""What answers can be measured against: gold, the answers of a later stage, a model's, or the majority of the others'.

Answers carry a layout (see `analytics.layouts`) and are measured only by what is known of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir

from analytics import layouts
from analytics.counts import beyond, newest_answers
from analytics.dimensions import joined
from analytics.layouts import Placed, in_layout
from analytics.scales import Categories, QuestionKey

UNIT = ("workflow", "question", "item", "target")
PLACE = (*UNIT, "layout")
"""What an answer is about, and in which order it was shown."""

STAGES = {"audit": "audit", "adjudicated": "adjudicate"}
HELPERS = ("judge", "rubric")
REFERENCES = ("gold", *STAGES, "majority", *HELPERS)
"""`gold`: the right answers of the programme; `audit`, `adjudicated`: the newest answer of projects of that stage;
`majority`: the answer most of the other annotators gave; `judge`, `rubric`: the answer of that helper's model."""

_GOLD = {**dict.fromkeys((*PLACE, "value"), "string"), "updated": "timestamp('UTC')"}


class Tables(layouts.Tables, Protocol):
    """The tables beside the judgments: `analytics.store.Snapshot`."""

    def suggestions(self) -> ir.Table:
        """Every suggestion that a manifest named."""


def met(
    judgments: ir.Table, right: ir.Table, categories: Mapping[QuestionKey, Categories], group: Sequence[str]
) -> ir.Table:
    """One row per unit and annotator of a group, `own` and `right` as category numbers.

    `judgments` and `right` (`PLACE`, `value`, `updated`; of a unit the newest counts) have a layout. `right` is null
    where the reference is silent, and `beyond(categories)` where it gives a code that the question does not have.
    """
    own = newest_answers(judgments, categories, list(dict.fromkeys((*group, *PLACE))))
    newest = newest_answers(right.mutate(annotator=ibis.literal("")), categories, PLACE)
    return joined(own, newest.select(*PLACE, right="own"), *PLACE)


def majority(judgments: ir.Table, categories: Mapping[QuestionKey, Categories], group: Sequence[str] = ()) -> ir.Table:
    """The majority of all annotators of a unit within a group: group, `PLACE`, `right`, null where they are tied."""
    unit = list(dict.fromkeys((*group, *PLACE)))
    votes = newest_answers(judgments, categories, unit)
    given = votes.group_by(unit).aggregate(**{f"n{k}": votes.count(where=votes.own == k) for k in _codes(categories)})
    return _most(given, categories).select(*unit, "right")


def _codes(categories: Mapping[QuestionKey, Categories]) -> range:
    return range(beyond(categories))


def _most(counted: ir.Table, categories: Mapping[QuestionKey, Categories]) -> ir.Table:
    """With `right`: the category with the most of the counts n0, n1, …, null where several have, or where none has."""
    number = [counted[f"n{k}"] for k in _codes(categories)]
    most = number[0] if len(number) == 1 else ibis.greatest(*number)
    first = ibis.cases(*((each == most, k) for k, each in enumerate(number)))
    last = ibis.cases(*((each == most, k) for k, each in reversed(list(enumerate(number)))))
    return counted.mutate(right=ibis.ifelse((most > 0) & (first == last), first, None))


def gold(items: ir.Table) -> ir.Table:
    """The gold of items (see `plugins.frames.ITEMS`), in their own programme's order: `PLACE`, `value`, `updated`.

    Gold that names no target is about the item, or about its only response.

    >>> row = {"item": "i1", "workflow": "w", "gold": '{"tone@b": "warm"}', "arms": None}
    >>> texts = dict.fromkeys(("item", "workflow", "gold"), "string")
    >>> items = ibis.memtable([row], schema={**texts, "arms": "array<struct<target: string>>"})
    >>> gold(items).select("question", "target", "value").to_pyarrow().to_pylist()
    [{'question': 'tone', 'target': 'b', 'value': 'warm'}]
    """
    names = ("item", "workflow", "gold")
    known = items.filter(items.gold.notnull()).select(*names, arms=items.arms.length())
    rows = [row for item in known.distinct().to_pyarrow().to_pylist() for row in _answers(item)]
    return ibis.memtable(rows, schema=_GOLD)


def _answers(item: dict[str, Any]) -> Iterator[dict[str, str | None]]:
    for name, code in json.loads(item["gold"]).items():
        question, _, target = name.partition("@")
        about = [target] if target else ["item", "a"] if item["arms"] == 1 else ["item"]
        for each in about:
            known = {"workflow": item["workflow"], "question": question, "item": item["item"], "target": each}
            yield {**known, "value": code, "updated": None, "layout": ""}


def suggested(tables: Tables, placed: Placed) -> ir.Table:
    """What helpers proposed where annotators saw no proposal: `PLACE`, `value`, `updated`, `helper`, `provider`.

    Whoever sees a proposal is drawn to it, so what was shown, by whatever helper, measures nobody.
    """
    workflows = tables.items().select("item", "workflow").distinct(on=["item"])
    made = tables.suggestions().filter(ibis._.value.notnull()).join(workflows, "item")
    known = in_layout(made, placed, tables)
    seen = known.filter(known.shown).select(*PLACE).distinct()
    return known.anti_join(seen, list(PLACE)).select(*PLACE, "value", "helper", "provider", updated="made")


def split(judgments: ir.Table, tables: Tables, placed: Placed, reference: str) -> tuple[ir.Table, ir.Table]:
    """The answers to be measured, and those of one of `REFERENCES` but `majority` to measure them by; with a layout.

    `placed` as `placed_questions` gives them. Answers of the stage that is the reference are not measured.
    """
    laid_out = in_layout(judgments, placed, tables)
    if reference in STAGES:
        of_stage = laid_out.stage == STAGES[reference]
        return laid_out.filter(~of_stage), laid_out.filter(of_stage).select(*PLACE, "value", "updated")
    if reference in HELPERS:
        proposed = suggested(tables, placed)
        return laid_out, proposed.filter(proposed.helper == reference)
    return laid_out, gold(tables.items())
