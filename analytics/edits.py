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
    """One edited text: where it comes from, what it was, what it became, and the difference."""

    group: dict[str, str | None]
    updated: datetime
    original: str
    edited: str
    difference: Difference = field(metadata=SPREAD)


def edits(judgments: ir.Table, *, questions: Collection[QuestionKey], limit: int, offset: int = 0) -> list[Edit]:
    """The edits of these questions, the newest first: `limit` of them after the first `offset`.

    `judgments` as in `plugins.frames`, with `vendor`. Answers without an original are left out.
    """
    if not questions:
        return []
    asked = ibis.or_(*((judgments.workflow == flow) & (judgments.question == name) for flow, name in questions))
    found = judgments.filter(asked, judgments.original.notnull(), judgments.value.notnull())
    newest = found.order_by(ibis.desc("updated"), "annotation", "target").limit(limit, offset=offset)
    return [_edit(row) for row in newest.to_pyarrow().to_pylist()]


def _edit(row: dict[str, Any]) -> Edit:
    group = {name: row[name] for name in _COLUMNS}
    return Edit(group, row["updated"], row["original"], row["value"], difference(row["original"], row["value"]))
