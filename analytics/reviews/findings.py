"""Why reviews fix or reject: how often each error type, severity or state of the guideline is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis
import ibis.expr.types as ir

from analytics.accuracy import SMALL
from analytics.counts import grouping, name_group
from analytics.errors import UndeclaredCategory
from analytics.estimate import Estimate, Over
from analytics.intervals import check
from analytics.ratios import Ratio, beside, moments
from analytics.reviews.asked import Asked
from analytics.reviews.decided import KEY, decided, of
from analytics.reviews.figures import Row, share
from analytics.scales import QuestionKey


@dataclass(frozen=True)
class Finding:
    """One answer to one of the questions about what is wrong: how often reviews of a group name it.

    `group` has the question, and `code` is the answer.
    """

    group: dict[str, str | None]
    code: str
    named: Estimate = field(metadata={"description": "the share of all reviews that name it"})
    rejected: Estimate = field(metadata={"description": "of the reviews that name it, the share that reject"})
    n_accepted: int = field(metadata={"description": "reviews that name it and accept"})
    n_fixed: int = field(metadata={"description": "reviews that name it and fix"})
    n_rejected: int = field(metadata={"description": "reviews that name it and reject"})
    small: bool = field(metadata={"description": "whether the sample is small: fewer than 30 items"})


def findings(
    judgments: ir.Table,
    items: ir.Table,
    *,
    asked: Asked,
    by: Sequence[str] = ("locale",),
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[Finding]:
    """What reviews name, per workflow, question and the columns of `by`, sorted by group; codes in their order.

    `judgments` and `items` as for `analytics.reviews.outcomes.reviews`; a review may name several. Raises
    UnknownGrouping, ImpossibleInterval, UndeclaredCategory.
    """
    check(over, level)
    group = grouping(by, judgments)
    if not asked.findings:
        return []
    workflows = {workflow for workflow, _ in asked.findings}
    told = decided(judgments, items, [key for key in asked.decisions if key[0] in workflows], group)
    answers = of(judgments, asked.findings)
    _check(answers, asked.findings)
    named = _named(told, answers, group)
    keys = [*group, "code"]
    sums = named.group_by(keys).aggregate(
        items_named_reviewed=named.of_item.sum(), raters_named_reviewed=named.of_rater.sum()
    )
    rows = {_key(row, keys): row for row in _records(beside(moments(named, keys, _RATIOS), sums, keys))}
    found = []
    for all_ in _records(moments(told, group, (_EVERY,)).order_by(group)):
        group_of = name_group(group, [all_[name] for name in group])
        for (workflow, question), codes in asked.findings.items():
            if workflow == group_of["workflow"]:
                mine = {**group_of, "question": question}
                found += [
                    _finding(mine, code, {**_NOTHING, **rows.get((*mine.values(), code), {}), **all_}, over, level)
                    for code in codes
                ]
    return found


def _records(table: ir.Table) -> list[dict[Any, Any]]:
    rows: list[dict[Any, Any]] = table.to_pandas().to_dict("records")
    return rows


def _key(row: Row, keys: Sequence[str]) -> tuple[str | None, ...]:
    return tuple(name_group(keys, [row[name] for name in keys]).values())


def _check(answers: ir.Table, findings: Mapping[QuestionKey, Sequence[str]]) -> None:
    given = answers.select("workflow", "question", code=answers.value.split("|").unnest()).distinct().to_pandas()
    rows = sorted(given.itertuples(index=False, name=None))
    if strange := [(flow, question, code) for flow, question, code in rows if code not in findings[flow, question]]:
        raise UndeclaredCategory(strange)


def _named(told: ir.Table, answers: ir.Table, group: Sequence[str]) -> ir.Table:
    """A row per review and code that it names, with numbers: `named` (always 1); `name_accepted`, `name_fixed`,
    `name_rejected`; and how many reviews of the group are of this item, or by this reviewer."""
    of_item, of_rater = (told.count().over(group_by=[*group, name]) for name in ("item", "annotator"))
    reviews = told.mutate(of_item=of_item, of_rater=of_rater).drop("question")
    given = answers.select(*KEY, "question", code=answers.value.split("|").unnest()).distinct()
    named = reviews.join(given, list(KEY))
    return named.mutate(
        named=ibis.literal(1.0), **{f"name_{name}": named[name] for name in ("accepted", "fixed", "rejected")}
    )


_EVERY = Ratio("reviewed", "reviewed")
_NAMED, _REJECTED = Ratio("named", "reviewed"), Ratio("name_rejected", "named")
_RATIOS = (Ratio("named", "named"), _REJECTED, Ratio("name_accepted", "named"), Ratio("name_fixed", "named"))
_CLUSTERS = ("items", "raters", "cells")
_NOTHING = {
    **dict.fromkeys(("named", "name_accepted", "name_fixed", "name_rejected", "n_named"), 0.0),
    **{f"{name}_named{more}": 0.0 for name in _CLUSTERS for more in ("", "_named", "_reviewed")},
}


def _finding(group: dict[str, str | None], code: str, row: Row, over: Over, level: float) -> Finding:
    row = {**row, "cells_named_reviewed": row["named"]}  # a cell is one review
    named = share(row, _NAMED, over, level, "no review")
    return Finding(
        group=group,
        code=code,
        named=named,
        rejected=share(row, _REJECTED, over, level, "no review names it"),
        n_accepted=int(row["name_accepted"]),
        n_fixed=int(row["name_fixed"]),
        n_rejected=int(row["name_rejected"]),
        small=named.n_items < SMALL,
    )
