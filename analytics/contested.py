"""The items whose answers differ most, with who many gave which answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
from scipy.special import xlogy

from analytics.counts import beyond, check_declared, grouping, name_group, newest_answers
from analytics.scales import Categories, QuestionKey

FEWEST = 2
"""Annotators an item must have, unless another number is asked for."""


@dataclass(frozen=True)
class Contested:
    """One item and target: `group` names workflow, question and the columns asked for, in that order.

    `disagreement` is the share of pairs of annotators with different answers, 0 to 1. `entropy` is that of the answers'
    shares, in bits: 0 where all are the same, 1 where two answers have half each. `distance` is how far the answers of
    a pair are apart on average, in steps of the scale; None for a nominal question. `answers` has the number of
    annotators by code, without those that nobody gave.
    """

    group: dict[str, str | None]
    item: str
    target: str
    disagreement: float = field(metadata={"description": "the share of pairs of annotators with different answers"})
    entropy: float = field(metadata={"description": "of the answers' shares, in bits"})
    distance: float | None = field(metadata={"description": "mean steps between two answers; null if not ordinal"})
    n_annotators: int
    answers: dict[str, int] = field(metadata={"description": "annotators by code, in the order of the question"})


def contested(
    judgments: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    minimum: int = FEWEST,
    limit: int | None = None,
    offset: int = 0,
) -> list[Contested]:
    """The units on which annotators disagree, most of all first, then those with more annotators, then by name.

    `judgments`, `categories` and `by` as in `analytics.agreement.agreement`; a unit needs at least `minimum` annotators
    (two or more). Units on which all agree have no row. Of the rows the first `offset` are left out and `limit` at most
    are made (None: all). Raises UnknownGrouping and UndeclaredCategory.
    """
    group = grouping(by, judgments)
    if not categories:
        return []
    unit = list(dict.fromkeys((*group, "item", "target")))
    answers = newest_answers(judgments, categories, unit)
    table = _read(_units(answers, unit, beyond(categories)), unit, minimum, limit, offset).to_pandas()
    check_declared(table["last"].to_numpy(), judgments, categories)
    return [_row(row, group, categories) for row in table[table["given"].notna()].to_dict("records")]


def _units(answers: ir.Table, unit: Sequence[str], size: int) -> ir.Table:
    """Units with n0, n1, … (annotators by category), their number `given`, and the `highest` category number."""
    counts = {f"n{k}": answers.count(where=answers.own == k) for k in range(size)}
    return answers.group_by(unit).aggregate(given=answers.count(), highest=answers.own.max(), **counts)


def _read(units: ir.Table, unit: Sequence[str], minimum: int, limit: int | None, offset: int) -> ir.Table:
    """The page of units, sorted, each with `last`, the highest category number of all; without any one row of nulls.

    In one expression, so that judgments are read once.
    """
    worst = _sorted(_disagreeing(units, minimum), unit).limit(limit, offset=offset)
    return _sorted(units.aggregate(last=units.highest.max()).left_join(worst, ibis.literal(value=True)), unit)


def _sorted(units: ir.Table, unit: Sequence[str]) -> ir.Table:
    return units.order_by([ibis.desc(units.disagreement.round(9)), ibis.desc("given"), *unit])


def _disagreeing(units: ir.Table, minimum: int) -> ir.Table:
    counts = [name for name in units.columns if name.startswith("n") and name[1:].isdigit()]
    units = units.filter(units.given >= max(minimum, FEWEST))
    agreeing = reduce(add, (units[name] * (units[name] - 1) for name in counts))
    units = units.mutate(disagreement=1 - agreeing / (units.given * (units.given - 1)))
    return units.filter(units.disagreement > 0)


def _row(row: Mapping[Any, Any], group: Sequence[str], categories: Mapping[QuestionKey, Categories]) -> Contested:
    named = name_group(group, [row[key] for key in group])
    question = categories[str(named["workflow"]), str(named["question"])]
    given = np.array([int(row[f"n{k}"]) for k in range(len(question.codes))])
    shares = given / given.sum()
    return Contested(
        group=named,
        item=str(row["item"]),
        target=str(row["target"]),
        disagreement=float(row["disagreement"]),
        entropy=float(-(xlogy(shares, shares)).sum() / np.log(2)),
        distance=_distance(given) if question.scale == "ordinal" else None,
        n_annotators=int(row["given"]),
        answers={code: int(number) for code, number in zip(question.codes, given, strict=True) if number},
    )


def _distance(given: Any) -> float:
    """The mean over pairs of answers of the steps between them: each step parts those below from those above."""
    below = np.cumsum(given)[:-1]
    total = given.sum()
    return float((below * (total - below)).sum() / (total * (total - 1) / 2))
