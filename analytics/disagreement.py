"""Which groups of answers disagree most: the observed disagreement of each, and its difference from all the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analytics.coefficients import ROUNDING, Floats, ratio
from analytics.counts import beyond, check_declared, grouping, name_group, rater_patterns
from analytics.discoveries import controlled
from analytics.estimate import Estimate, Over
from analytics.intervals import SHARE, Basis, Variance, check, jackknife, two_way
from analytics.scales import Categories, QuestionKey

ENOUGH = 30
"""Items that a group, and all others, must have for their difference, unless another number is asked for."""


@dataclass(frozen=True)
class Disagreement:
    """How much annotators disagree in one group: `group` names workflow, question and the columns asked for.

    `disagreement` is the mean over units of the share of pairs of annotators with different answers: 1 less raw
    agreement. `rest` is it of all other groups of the same question together, and `difference` the group's less theirs.
    `p_value` tests for no difference; `q_value` is it after Benjamini & Hochberg over all rows returned together.
    """

    group: dict[str, str | None]
    disagreement: Estimate
    rest: float | None = field(metadata={"description": "the disagreement of all other groups of the question"})
    difference: Estimate
    p_value: float | None
    q_value: float | None = None


@dataclass(frozen=True)
class _Sums:
    """Sums over the units of a group with two annotators or more, and how they change without one answer.

    `units` in number, the sum `s` and the sum of squares `ss` of their disagreement, and their `judgments`; `seen` and
    `answers` are all units and judgments, with those of one annotator. `ds` and `dn` (annotators,) are what taking out
    each annotator's answers adds to `s` and to `units`, and `paired` who has answers among the units. `steps` is the
    sum of squares of what taking out one answer adds to `s` where a pair is left; `lost` counts the answers without
    which none is left, `lost_s` and `lost_ss` are the sum and the sum of squares of the disagreement of their units.
    """

    judgments: float
    units: float
    answers: float
    seen: float
    s: float
    ss: float
    steps: float
    lost: float
    lost_s: float
    lost_ss: float
    ds: Floats
    dn: Floats
    paired: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, rows: pd.DataFrame) -> _Sums:
        """From the table by annotator."""
        each = rows.groupby("annotator", observed=True)[["ds", "dn", "judgments"]].sum()
        whole = {name: float(rows[name].sum()) for name in _WHOLE}
        return cls(**whole, ds=each["ds"].to_numpy(), dn=each["dn"].to_numpy(), paired=each["judgments"].to_numpy() > 0)

    @property
    def value(self) -> float:
        """The mean disagreement of a unit."""
        return self.s / self.units

    def variance(self, over: Over) -> Variance:
        """Of the value: over items, or over annotators too."""
        n, left = self.seen, self.units - 1
        spread = max(self.ss - self.units * self.value**2, 0.0)
        items = Variance((n - 1) / n * spread / left**2 if left > ROUNDING else float("nan"), n - 1)
        if over == "items":
            return items
        raters = jackknife(ratio(self.s + self.ds, self.units + self.dn), np.ones(len(self.ds)))
        return two_way(items, raters, self._single())

    def _single(self) -> Variance:
        """The jackknife that takes one answer out of a unit."""
        n, value, left = self.answers, self.value, self.units - 1
        if left < ROUNDING:
            return Variance(float("nan"), n - 1)
        mean = ((self.ds.sum() + self.lost_s) / self.units + (self.lost * value - self.lost_s) / left) / n
        lost = self.lost * value**2 - 2 * value * self.lost_s + self.lost_ss
        return Variance((n - 1) / n * (self.steps / self.units**2 + lost / left**2 - n * mean**2), n - 1)


_WHOLE = ("judgments", "units", "answers", "seen", "s", "ss", "steps", "lost", "lost_s", "lost_ss")


def disagreement(
    judgments: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    minimum: int = ENOUGH,
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[Disagreement]:
    """The disagreement of every group that has a unit with two annotators, of each question the largest first.

    `judgments`, `categories` and `by` as in `analytics.agreement.agreement`. There is no difference where the group, or
    all others of the same question, have fewer than `minimum` units. Raises UnknownGrouping, UndeclaredCategory,
    ImpossibleInterval.
    """
    check(over, level)
    group = grouping(by, judgments)
    if not categories:
        return []
    table = _by_annotator(rater_patterns(judgments, categories, group), group, beyond(categories)).to_pandas()
    check_declared(table["last"].to_numpy(np.int64), judgments, categories)
    rows = [
        _row(name_group(group, key), _Side.of(rows, over, level), _rest(question, rows, over, level), minimum)
        for _, question in table.groupby(["workflow", "question"], sort=True)
        for key, rows in question.groupby(group, dropna=False, sort=True)
        if rows["units"].any()
    ]
    return controlled(sorted(rows, key=_place))


def _place(row: Disagreement) -> tuple[str, str, float]:
    return str(row.group["workflow"]), str(row.group["question"]), -round(row.disagreement.value or 0.0, 9)


def _by_annotator(patterns: ir.Table, group: Sequence[str], size: int) -> ir.Table:
    """Group, annotator and the sums of `_Sums`; each annotator of a unit has an equal part of it."""
    counts = [patterns[f"n{k}"] for k in range(size)]
    given = reduce(add, counts)
    agreeing = reduce(add, (each * (each - 1) for each in counts))
    own = reduce(add, (ibis.ifelse(patterns.own == k, each, 0) for k, each in enumerate(counts)))
    known = patterns.mutate(given=given, agreeing=agreeing, left=agreeing - 2 * (own - 1))
    paired, more = known.given >= 2, known.given >= 3
    share = ibis.ifelse(paired, 1 - known.agreeing / (known.given * (known.given - 1)).nullif(0), 0.0)
    without = ibis.ifelse(more, 1 - known.left / ((known.given - 1) * (known.given - 2)).nullif(0), 0.0)
    known = known.mutate(d=share, step=without - share, paired=ibis.ifelse(paired, known.judgments, 0))
    known = known.mutate(units=known.paired / known.given.nullif(0), lost=ibis.ifelse(more, 0, known.paired))
    return known.group_by([*group, "annotator"]).aggregate(
        last=known.own.max(),
        judgments=known.paired.sum(),
        units=known.units.sum(),
        answers=known.judgments.sum(),
        seen=(known.judgments / known.given.nullif(0)).sum(),
        s=(known.units * known.d).sum(),
        ss=(known.units * known.d * known.d).sum(),
        steps=((known.paired - known.lost) * known.step * known.step).sum(),
        lost=known.lost.sum(),
        lost_s=(known.lost * known.d).sum(),
        lost_ss=(known.lost * known.d * known.d).sum(),
        ds=(known.paired * known.step).sum(),
        dn=-known.lost.sum(),
    )


@dataclass(frozen=True)
class _Side:
    """A group, or all others: its disagreement and the variance of it."""

    estimate: Estimate
    variance: Variance

    @classmethod
    def of(cls, rows: pd.DataFrame, over: Over, level: float) -> _Side:
        found = _Sums.of(rows)
        variance, value = found.variance(over), found.value
        basis = Basis(
            level=level,
            method="two-way jackknife" if over == "items_and_raters" else "delete-one jackknife",
            over=over,
            n_items=round(found.units),
            n_judgments=int(found.judgments),
            n_annotators=int(found.paired.sum()),
        )
        if value < ROUNDING:
            return cls(basis.undefined("no interval: all annotators agree on every item", 0.0), variance)
        if np.isnan(variance.value):
            reason = "no interval: without one item or one annotator no figure is left"
            return cls(basis.undefined(reason, value), variance)
        if variance.value < ROUNDING**2 or 1 - value < ROUNDING:
            return cls(basis.undefined("no interval: all items show the same disagreement", value), variance)
        return cls(basis.estimate(value, variance, SHARE), variance)


def _rest(question: pd.DataFrame, rows: pd.DataFrame, over: Over, level: float) -> _Side | None:
    others = question.drop(rows.index)
    return None if not others["units"].any() else _Side.of(others, over, level)


def _row(group: dict[str, str | None], mine: _Side, rest: _Side | None, minimum: int) -> Disagreement:
    if rest is None:
        nothing = replace(mine.estimate, value=None, low=None, high=None, undefined="there is no other group")
        return Disagreement(group, mine.estimate, None, nothing, None)
    difference = _difference(mine, rest, minimum)
    p_value = None if difference.low is None else _test(mine, rest)
    return Disagreement(group, mine.estimate, rest.estimate.value, difference, p_value)


def _difference(mine: _Side, rest: _Side, minimum: int) -> Estimate:
    """The interval is made from both as Newcombe (1998, method 10) makes it from those of two shares."""
    one, other = mine.estimate, rest.estimate
    value, theirs = one.value or 0.0, other.value or 0.0
    nothing = replace(
        one,
        value=value - theirs,
        low=None,
        high=None,
        n_items=one.n_items + other.n_items,
        n_judgments=one.n_judgments + other.n_judgments,
    )
    if min(one.n_items, other.n_items) < minimum:
        return replace(nothing, undefined=f"no interval: the group or all others have fewer than {minimum} items")
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return replace(nothing, undefined="no interval: the group or all others have none")
    low = value - theirs - float(np.hypot(value - one.low, other.high - theirs))
    high = value - theirs + float(np.hypot(one.high - value, theirs - other.low))
    return replace(nothing, low=low, high=high, undefined=None)


def _test(mine: _Side, rest: _Side) -> float:
    """Student's t of the difference of the logits, with the degrees of freedom of Welch and Satterthwaite."""
    apart, whole = 0.0, Variance(0.0, 1.0)
    for sign, side in ((1, mine), (-1, rest)):
        value = side.estimate.value or 0.0
        apart += sign * SHARE.there(value)
        whole += Variance(side.variance.value * SHARE.slope(value) ** 2, side.variance.freedom)
    return float(2 * stats.t.sf(abs(apart) / whole.value**0.5, whole.freedom))
