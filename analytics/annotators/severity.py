"""Severity: how much lower on the scale an annotator answers than others about the same items, in logits.

The many-facet Rasch model with a rating scale: the chance of category k rather than k - 1 has the log odds item less
severity less threshold k (Andrich 1978, Psychometrika 43; Linacre 1989, Many-Facet Rasch Measurement). Items have few
ratings each, so estimating them along with annotators would stretch severities by about m / (m - 1) for m ratings an
item (Andersen 1973). Therefore items are conditioned out (Andersen 1970, J. R. Stat. Soc. B 32): only how a total is
shared among the annotators of an item counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from analytics.annotators.blocks import blocks, items_of
from analytics.annotators.figures import DISCOVERY, FEWEST, Figures, Floats, Integers, number, q_values, reasons
from analytics.annotators.rasch import fit, subsets
from analytics.consensus.votes import Votes, votes
from analytics.errors import ImpossibleMetric
from analytics.estimate import Estimate
from analytics.intervals import check
from analytics.scales import Categories, QuestionKey

NOTABLE = 0.5
"""Logits from the mean of the subset that a flagged annotator is surely beyond."""

_ALONE = "no item in common with others"
_EXTREME = "no finite severity: on every item in common the answers are as far to one end as they can be"
_RESTLESS = "the model did not come to rest on these answers"


@dataclass(frozen=True)
class Severity:
    """How severe one annotator is; the mean of the annotators of a `subset` is 0.

    Subsets share no item, or no item that tells which of them is more severe: severities of different subsets cannot
    be compared. They are numbered from 1, the one with most annotators first.
    """

    group: dict[str, str | None]
    annotator: str
    severity: Estimate
    standard_error: float | None
    p_value: float | None = field(metadata={"description": "of being at most half a logit from the mean"})
    q_value: float | None = field(metadata={"description": "after Benjamini and Hochberg, over all annotators asked"})
    subset: int | None = field(metadata={"description": "severities of one subset can be compared"})
    n_subsets: int
    flag: str | None = field(metadata={"description": "`severe` or `lenient`, where it is sure"})


@dataclass(frozen=True)
class Severities:
    """The severities of one group as arrays; `subset` (annotators,) is 0 where there is none."""

    group: dict[str, str | None]
    annotators: npt.NDArray[np.object_]
    figures: Figures
    subset: Integers


def severity(
    judgments: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    limit: int | None = None,
    offset: int = 0,
    level: float = 0.95,
) -> list[Severity]:
    """The severity of every annotator, sorted by group and annotator, of questions with an ordinal scale.

    `judgments` and `categories` as in `analytics.agreement.agreement`. Of the rows the first `offset` are left out and
    `limit` at most are made (None: all); false discoveries are controlled over all. Raises UnknownGrouping,
    UndeclaredCategory, ImpossibleMetric, ImpossibleInterval.
    """
    check("items", level)
    for key, each in categories.items():
        if each.scale != "ordinal":
            ordered = [question for (_, question), other in categories.items() if other.scale == "ordinal"]
            raise ImpossibleMetric("severity", f"{'.'.join(key)}, which is {each.scale}", ordered)
    groups = [severities(each, level) for each in votes(judgments, categories, by)]
    q = q_values([each.figures.p_value for each in groups])
    places = [(of, part, row) for of, part in zip(groups, q, strict=True) for row in range(len(of.annotators))]
    return [_row(*place) for place in places[offset : None if limit is None else offset + limit]]


def _row(of: Severities, q: Floats, row: int) -> Severity:
    estimate = of.figures.estimate(row)
    sure = estimate.n_items >= FEWEST and q[row] < DISCOVERY and estimate.low is not None
    flag = None
    if sure and estimate.low is not None and estimate.high is not None:
        flag = "severe" if estimate.low > NOTABLE else "lenient" if estimate.high < -NOTABLE else None
    return Severity(
        group=of.group,
        annotator=str(of.annotators[row]),
        severity=estimate,
        standard_error=number(of.figures.error[row]),
        p_value=number(of.figures.p_value[row]),
        q_value=number(q[row]),
        subset=int(of.subset[row]) or None,
        n_subsets=int(of.subset.max(initial=0)),
        flag=flag,
    )


def severities(group: Votes, level: float) -> Severities:
    """The severities of one group: each subset is fitted on its own."""
    count = len(group.annotators)
    every = blocks(group)
    subset = subsets(every, count)
    value, error = np.full((2, count), np.nan)
    for each in range(1, int(subset.max(initial=0)) + 1):
        inside = subset == each
        value[inside], error[inside] = fit(blocks(group, inside), count)[:, inside]
    met = (group.given > 1)[group.unit]
    answers = np.bincount(group.rater[met], minlength=count)
    items = _items(group, met)
    why = reasons(
        count,
        (answers == 0, _ALONE),
        (np.full(count, len(np.unique(group.own[met])) < 2), "no variation: every answer is the same"),
        (subset == 0, _EXTREME),
        (np.isnan(value), _RESTLESS),
        (np.isnan(error), "no interval: it takes items on which annotators differ"),
    )
    freedom = np.maximum(items - 1, 1)
    reach = stdtrit(freedom, (1 + level) / 2) * error
    figures = Figures(
        method="conditional likelihood, clustered by item",
        value=value,
        low=value - reach,
        high=value + reach,
        error=error,
        items=items,
        judgments=answers,
        annotators=np.where(subset > 0, np.bincount(subset)[subset], np.minimum(answers, 1)),
        reasons=why,
        p_value=np.minimum(2 * stdtr(freedom, (NOTABLE - np.abs(value)) / error), 1),
        level=level,
    )
    return Severities(group.group, group.annotators, figures, subset)


def _items(group: Votes, met: npt.NDArray[np.bool_]) -> Integers:
    """The items that each annotator has in common with others: (annotators,)."""
    item = items_of(group)
    size = int(item.max(initial=0)) + 1
    pairs = np.unique(group.rater[met] * size + item[group.unit[met]])
    return np.bincount(pairs // size, minlength=len(group.annotators))
