"""What annotators changed in the texts they edited: the newest edits of a question, each with its difference."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir

from analytics.differences import Difference, difference
from analytics.output import SPREAD
from analytics.scales import QuestionKey

_COLUMNS = ("workflow", "question", "locale", "item", "target", "annotator", "vendor", "stage", "guideline_version")


@dataclass(frozen=True)
class Edit:
    """One edited text: where it comes from, what it was, what it became, and the difference.

    `served` names the models that wrote what annotators were shown of the item while labelling.
    """

    group: dict[str, str | None]
    updated: datetime
    original: str
    edited: str
    served: tuple[str, ...]
    difference: Difference = field(metadata=SPREAD)


def edits(
    judgments: ir.Table, served: ir.Table, *, questions: Collection[QuestionKey], limit: int, offset: int = 0
) -> list[Edit]:
    """The edits of these questions, the newest first: `limit` of them after the first `offset`.

    `judgments` as in `plugins.frames`, with `vendor`; `served` likewise. Answers without an original are left out.
    """
    if not questions:
        return []
    asked = ibis.or_(*((judgments.workflow == flow) & (judgments.question == name) for flow, name in questions))
    found = judgments.filter(asked, judgments.original.notnull(), judgments.value.notnull())
    newest = found.order_by(ibis.desc("updated"), "annotation", "target").limit(limit, offset=offset)
    rows = newest.to_pyarrow().to_pylist()
    models = _models(served, {row["item"] for row in rows})
    return [_edit(row, models[row["item"]]) for row in rows]


def _models(served: ir.Table, items: set[str]) -> dict[str, tuple[str, ...]]:
    """The models by item, each once."""
    found: dict[str, set[str]] = {item: set() for item in items}
    for row in (
        served.filter(served.item.isin(sorted(items))).select("item", "model").distinct().to_pyarrow().to_pylist()
    ):
        found[row["item"]].add(row["model"])
    return {item: tuple(sorted(models)) for item, models in found.items()}


def _edit(row: dict[str, Any], models: tuple[str, ...]) -> Edit:
    group = {name: row[name] for name in _COLUMNS}
    before, after = row["original"], row["value"]
    return Edit(group, row["updated"], before, after, models, difference(before, after))
