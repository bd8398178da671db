"""What answers can be measured against: one right answer a unit, from gold or from the answers of a later stage.

A reference is a table with `workflow`, `question`, `item`, `target`, `value` and `updated`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import ibis
import ibis.expr.types as ir

UNIT = ("workflow", "question", "item", "target")

_STAGES = {"audit": "audit", "adjudicated": "adjudicate"}
REFERENCES = ("gold", *_STAGES)
"""`gold`: the right answers of the programme; `audit`, `adjudicated`: the newest answer of projects of that stage."""

_GOLD = {**dict.fromkeys((*UNIT, "value"), "string"), "updated": "timestamp('UTC')"}


def gold(items: ir.Table) -> ir.Table:
    """The gold of items (see `plugins.frames.ITEMS`) as a reference.

    Gold that names no target is about the item, or about its only response.

    >>> row = {"item": "i1", "workflow": "w", "gold": '{"tone@b": "warm"}', "arms": None}
    >>> types = {"item": "string", "workflow": "string", "gold": "string", "arms": "array<struct<target: string>>"}
    >>> gold(ibis.memtable([row], schema=types)).select("question", "target", "value").to_pyarrow().to_pylist()
    [{'question': 'tone', 'target': 'b', 'value': 'warm'}]
    """
    known = items.filter(items.gold.notnull()).select("item", "workflow", "gold", arms=items.arms.length())
    rows = [row for item in known.distinct().to_pyarrow().to_pylist() for row in _answers(item)]
    return ibis.memtable(rows, schema=_GOLD)


def _answers(item: dict[str, Any]) -> Iterator[dict[str, str | None]]:
    for name, code in json.loads(item["gold"]).items():
        question, _, target = name.partition("@")
        about = [target] if target else ["item", "a"] if item["arms"] == 1 else ["item"]
        for each in about:
            known = {"workflow": item["workflow"], "question": question, "item": item["item"], "target": each}
            yield {**known, "value": code, "updated": None}


def split(judgments: ir.Table, items: ir.Table, reference: str) -> tuple[ir.Table, ir.Table]:
    """The answers to be measured, and one of `REFERENCES` to measure them by.

    Answers of the stage that is the reference are not measured.
    """
    if reference == "gold":
        return judgments, gold(items)
    of_stage = judgments.stage == _STAGES[reference]
    return judgments.filter(~of_stage), judgments.filter(of_stage).select(*UNIT, "value", "updated")
