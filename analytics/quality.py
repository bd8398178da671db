"""Quality of what was reviewed: the MQM score, mean penalty per annotation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir

from analytics.estimate import Estimate, Over
from analytics.scales import QuestionKey


@dataclass(frozen=True)
class Quality:
    """The MQM score of one group: mean penalty per annotation, 0 is best."""

    group: dict[str, str | None]
    estimate: Estimate

    def as_dict(self) -> dict[str, Any]:
        """The row as plain values, ready for JSON."""
        raise NotImplementedError


def quality(
    judgments: ir.Table,
    spans: ir.Table,
    *,
    questions: Collection[QuestionKey],
    by: Sequence[str] = ("locale",),
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[Quality]:
    """MQM score per workflow, question and the columns of `by`, one row a group, sorted by group.

    `judgments` and `spans` as in `plugins.frames` (judgments with `vendor` where `by` names it). `questions`: the
    error-span questions to look at, e.g. the keys of `analytics.scales.error_categories`.
    """
    raise NotImplementedError
