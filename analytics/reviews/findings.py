"""Why reviews fix or reject: how often each error type, severity or state of the guideline is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from analytics.accuracy import SMALL
from analytics.counts import grouping, name_group
from analytics.errors import UndeclaredCategory
from analytics.estimate import Estimate, Over
from analytics.intervals import check
from analytics.ratios import Ratio, moments
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
    each = [*group, "place", "code"]
    rows = moments(_named(told, answers, asked.findings), each, _RATIOS).order_by(each).to_pandas().to_dict("records")
    return [_finding(name_group(group, [row[name] for name in group]), row, over, level) for row in rows]


def _check(answers: ir.Table, findings: Mapping[QuestionKey, Sequence[str]]) -> None:
    given = answers.select("workflow", "question", code=answers.value.split("|").unnest()).distinct().to_pandas()
    rows = sorted(given.itertuples(index=False, name=None))
    if strange := [(flow, question, code) for flow, question, code in rows if code not in findings[flow, question]]:
        raise UndeclaredCategory(strange)


def _named(told: ir.Table, answers: ir.Table, findings: Mapping[QuestionKey, Sequence[str]]) -> ir.Table:
    """A row per review and code that it could name: `named`; `name_accepted`, `name_fixed` and `name_rejected` too."""
    codes = [
        {"workflow": workflow, "asked": question, "place": place, "code": code}
        for (workflow, question), known in findings.items()
        for place, code in enumerate(known)
    ]
    could = told.drop("question").join(ibis.memtable(codes), "workflow").rename(question="asked")
    given = answers.group_by([*KEY, "question"]).aggregate(given=answers.value.max())
    joined = could.left_join(given, [*KEY, "question"]).drop(*(f"{key}_right" for key in (*KEY, "question")))
    listed, sought = "|" + joined.given + "|", "|" + joined.code + "|"
    named = joined.mutate(named=listed.contains(sought).fill_null(False).cast("float64"))
    return named.mutate(**{f"name_{name}": named.named * named[name] for name in ("accepted", "fixed", "rejected")})


_NAMED, _REJECTED = Ratio("named", "reviewed"), Ratio("name_rejected", "named")
_RATIOS = (_NAMED, _REJECTED, Ratio("name_accepted", "named"), Ratio("name_fixed", "named"))


def _finding(group: dict[str, str | None], row: Row, over: Over, level: float) -> Finding:
    named = share(row, _NAMED, over, level, "no review")
    return Finding(
        group=group,
        code=str(row["code"]),
        named=named,
        rejected=share(row, _REJECTED, over, level, "no review names it"),
        n_accepted=int(row["name_accepted"]),
        n_fixed=int(row["name_fixed"]),
        n_rejected=int(row["name_rejected"]),
        small=named.n_items < SMALL,
    )
