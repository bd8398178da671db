"""Which annotators disagree with the others most: pairs rarely share enough items, an annotator and all peers do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from analytics.annotators.figures import Floats, effective, wilson
from analytics.counts import beyond, check_declared, grouping, name_group, rater_patterns
from analytics.disagreement import ENOUGH
from analytics.estimate import Estimate
from analytics.intervals import Basis, check
from analytics.scales import Categories, QuestionKey


@dataclass(frozen=True)
class Dissent:
    """How an annotator disagrees with peers: `group` names workflow, question and the columns asked for, in that order.

    `disagreement` is the mean over the annotator's units of the share of peers with another answer. `expected` is what
    it would be if both answered by chance with the frequencies that they have: `ratio` is the one by the other, 1 for
    chance and 0 for none. `share` is the annotator's part of all disagreement of the group.
    """

    group: dict[str, str | None]
    annotator: str
    disagreement: Estimate
    expected: float = field(metadata={"description": "the disagreement that the frequencies of answers would make"})
    ratio: float | None = field(metadata={"description": "disagreement by what is expected: 1 is chance, 0 is best"})
    share: float = field(metadata={"description": "the annotator's part of all disagreement of the group"})


def dissent(
    judgments: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    minimum: int = ENOUGH,
    limit: int | None = None,
    offset: int = 0,
    level: float = 0.95,
) -> list[Dissent]:
    """The annotators with at least `minimum` units that others answered too, those who surely disagree most first.

    They are sorted by the lower end of the interval, so that few answers bring nobody to the front. `judgments` and
    `categories` as in `analytics.agreement.agreement`. Of the rows the first `offset` are left out and `limit` at most
    are made (None: all). Raises UnknownGrouping, UndeclaredCategory, ImpossibleInterval.
    """
    check("items", level)
    group = grouping(by, judgments)
    if not categories:
        return []
    size = beyond(categories)
    table = _sums(rater_patterns(judgments, categories, group), group, size).to_pandas()
    check_declared(table["own"].to_numpy(np.int64), judgments, categories)
    people = _people(table[table["units"] > 0], group, size)
    people = people[people["units"] >= minimum]
    people["low"], people["high"] = _ends(people, level)
    order = people.assign(first=-people["low"].round(9)).sort_values(["first", *group, "annotator"], kind="stable")
    rows = order.iloc[offset : None if limit is None else offset + limit]
    return [_row(row, group, level) for row in rows.to_dict("records")]


def _sums(patterns: ir.Table, group: Sequence[str], size: int) -> ir.Table:
    """Group, annotator, own, and over the units with peers: their number, the sums of the share `d` of peers who differ
    and of its square, and p0, p1, … the shares of peers by answer."""
    counts = [patterns[f"n{k}"] for k in range(size)]
    own = reduce(add, (ibis.ifelse(patterns.own == k, each, 0) for k, each in enumerate(counts)))
    known = patterns.mutate(peers=reduce(add, counts) - 1, same=own - 1)
    units = ibis.ifelse(known.peers > 0, known.judgments, 0)
    differ = 1 - known.same / known.peers.nullif(0)
    peers = {
        f"p{k}": (units * (known[f"n{k}"] - (known.own == k).cast("int64")) / known.peers.nullif(0)).sum()
        for k in range(size)
    }
    found = known.group_by([*group, "annotator", "own"]).aggregate(
        units=units.sum(), d=(units * differ).sum(), dd=(units * differ * differ).sum(), **peers
    )
    return found.fill_null(dict.fromkeys(("d", "dd", *peers), 0.0))


def _people(table: pd.DataFrame, group: Sequence[str], size: int) -> pd.DataFrame:
    """A row an annotator: the sums over own answers, `expected`, and the `part` of the group's disagreement."""
    keys = [*group, "annotator"]
    number = table.groupby(keys, dropna=False, sort=True).ngroup().to_numpy()
    people = table.groupby(keys, dropna=False, sort=True)[["units", "d", "dd"]].sum().reset_index()
    own, peers = np.zeros((2, len(people), size))
    np.add.at(own, (number, table["own"]), table["units"].to_numpy(np.float64))
    np.add.at(peers, number, table[[f"p{k}" for k in range(size)]].to_numpy(np.float64))
    whole = people.groupby(list(group), dropna=False)["d"].transform("sum")
    return people.assign(
        expected=1 - (own * peers).sum(axis=1) / people["units"].to_numpy(np.float64) ** 2,
        part=np.where(whole > 0, people["d"] / whole.where(whole > 0, 1.0), 0.0),
    )


def _ends(people: pd.DataFrame, level: float) -> tuple[Floats, Floats]:
    """Wilson's interval for as many independent units as would have the variance of the mean (Korn & Graubard 1998)."""
    units = people["units"].to_numpy(np.float64)
    value = people["d"].to_numpy(np.float64) / units
    spread = np.maximum(people["dd"].to_numpy(np.float64) - units * value**2, 0)
    variance = spread / np.maximum(units * (units - 1), 1)
    return wilson(value, effective(value, variance, units, units * 1e9, level), level)


def _row(row: Mapping[Any, Any], group: Sequence[str], level: float) -> Dissent:
    units = int(row["units"])
    basis = Basis(level, "Wilson, effective sample size", "items", units, units, 1)
    value, expected = float(row["d"]) / units, float(row["expected"])
    estimate = replace(basis.undefined("", value), low=float(row["low"]), high=float(row["high"]), undefined=None)
    return Dissent(
        group=name_group(group, [row[key] for key in group]),
        annotator=str(row["annotator"]),
        disagreement=estimate,
        expected=expected,
        ratio=value / expected if expected > 1e-9 else None,
        share=float(row["part"]),
    )
