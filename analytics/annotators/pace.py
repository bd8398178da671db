"""Pace: how many annotations an annotator made and skipped, and how long one took.

A time is the lead time of a submitted annotation as the labelling tool tells it. Label Studio adds up the time that
the form was open each time the annotation was opened; Argilla keeps none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
from scipy.stats import binom, norm

from analytics.annotators.figures import (
    DISCOVERY,
    FEWEST,
    Figures,
    Floats,
    Integers,
    number,
    others,
    q_values,
    reasons,
    wilson,
)
from analytics.annotators.times import ALWAYS, GROUPINGS, Times, times
from analytics.coefficients import ratio
from analytics.estimate import Estimate
from analytics.intervals import check

FAST = 0.1
"""The part of the group's median time under which an annotation is too fast (Wise & Ma 2012: NT10)."""

CARELESS = 0.1
"""The share of too fast annotations beyond which work is called careless (Wise & Kong 2005: effort under .90)."""

_UNTIMED = "the labelling tool told no time"


@dataclass(frozen=True)
class Pace:
    """The pace of one annotator: `group` names workflow and the columns asked for, in that order.

    `estimates`: `skip_rate` is the share of submitted and skipped annotations that was skipped; `median` and `p90` are
    seconds; `too_fast` is the share of timed annotations under `fast` seconds, a tenth of the group's median.
    """

    group: dict[str, str | None] = field(metadata={"columns": (*ALWAYS, *GROUPINGS)})
    annotator: str
    submitted: int
    skipped: int
    discarded: int
    days: int = field(metadata={"description": "days (UTC) on which an annotation was begun"})
    estimates: dict[str, Estimate]
    standard_errors: dict[str, float | None]
    fast: float | None = field(metadata={"description": "seconds under which an annotation is too fast"})
    longest_fast: int = field(metadata={"description": "the most too fast annotations in a row"})
    skipped_by_others: float | None = field(metadata={"description": "the share of all others of the group"})
    median_of_group: float | None
    flags: tuple[str, ...] = field(metadata={"description": "`too_fast`, `skips_more`: where it is sure"})


def pace(
    annotations: ir.Table,
    *,
    by: Sequence[str] = ("locale",),
    limit: int | None = None,
    offset: int = 0,
    level: float = 0.95,
) -> list[Pace]:
    """The pace of every annotator per workflow and the columns of `by`, sorted by group and annotator.

    `annotations` has the columns of `plugins.frames.ANNOTATIONS`, and those of `by`. Of the rows the first `offset` are
    left out and `limit` at most are made (None: all); false discoveries are controlled over all. Raises
    UnknownGrouping, ImpossibleInterval.
    """
    check("items", level)
    groups = [_Measured.of(each, level) for each in times(annotations, by)]
    q_fast = q_values([each.too_fast.p_value for each in groups])
    q_skips = q_values([each.skips.p_value for each in groups])
    places = [(number, row) for number, each in enumerate(groups) for row in range(len(each.times.annotators))]
    chosen = places[offset : None if limit is None else offset + limit]
    return [groups[of].row(row, q_fast[of], q_skips[of]) for of, row in chosen]


@dataclass(frozen=True)
class _Measured:
    times: Times
    fast: float
    longest: Integers
    skips: Figures
    too_fast: Figures
    usual_skips: tuple[Floats, Floats, Floats]
    median_of_group: float
    level: float

    @classmethod
    def of(cls, times: Times, level: float) -> _Measured:
        median = float(np.median(times.lead)) if len(times.lead) else np.nan
        skipped, asked = times.counts[:, 1].astype(np.float64), times.counts[:, :2].sum(axis=1).astype(np.float64)
        usual = others(skipped, asked, level)
        rate = np.nan_to_num(usual[0])
        quick = times.lead < FAST * median
        fast, timed = _sums(quick, times.starts), np.diff(times.starts).astype(np.float64)
        return cls(
            times=times,
            fast=FAST * median,
            longest=_longest(quick, times.starts),
            skips=_share(skipped, asked, binom.sf(skipped - 1, asked, rate), "nothing was submitted or skipped", level),
            too_fast=_share(fast, timed, binom.sf(fast - 1, timed, CARELESS), _UNTIMED, level),
            usual_skips=usual,
            median_of_group=median,
            level=level,
        )

    def row(self, row: int, q_fast: Floats, q_skips: Floats) -> Pace:
        """What is told of one annotator."""
        times = self.times
        own = np.sort(times.lead[times.starts[row] : times.starts[row + 1]])
        submitted, skipped, discarded, days = (int(each) for each in times.counts[row])
        estimates = {
            "skip_rate": self.skips.estimate(row),
            "median": quantile(own, 0.5, self.level),
            "p90": quantile(own, 0.9, self.level),
            "too_fast": self.too_fast.estimate(row),
        }
        errors = {name: quantile_error(each) for name, each in estimates.items()}
        errors |= {"skip_rate": number(self.skips.error[row]), "too_fast": number(self.too_fast.error[row])}
        return Pace(
            group=times.group,
            annotator=str(times.annotators[row]),
            submitted=submitted,
            skipped=skipped,
            discarded=discarded,
            days=days,
            estimates=estimates,
            standard_errors=errors,
            fast=number(self.fast),
            longest_fast=int(self.longest[row]),
            skipped_by_others=number(self.usual_skips[0][row]),
            median_of_group=number(self.median_of_group),
            flags=tuple(self._flags(row, q_fast[row], q_skips[row])),
        )

    def _flags(self, row: int, q_fast: float, q_skips: float) -> list[str]:
        flags = []
        if self.too_fast.items[row] >= FEWEST and q_fast < DISCOVERY and self.too_fast.low[row] > CARELESS:
            flags.append("too_fast")
        if self.skips.items[row] >= FEWEST and q_skips < DISCOVERY and self.skips.low[row] > self.usual_skips[2][row]:
            flags.append("skips_more")
        return flags


def _share(part: Floats, whole: Floats, p_value: Floats, none: str, level: float) -> Figures:
    value = ratio(part, whole)
    low, high = wilson(value, whole, level)
    counted = whole.astype(np.int64)
    return Figures(
        method="Wilson",
        value=value,
        low=low,
        high=high,
        error=np.sqrt(ratio(value * (1 - value), whole)),
        items=counted,
        judgments=counted,
        annotators=np.minimum(counted, 1),
        reasons=reasons(len(whole), (whole == 0, none)),
        p_value=np.where(whole > 0, p_value, np.nan),
        level=level,
    )


def quantile(times: Floats, share: float, level: float) -> Estimate:
    """The time that this share of sorted times is under, with the interval of its order statistics.

    The interval needs no distribution, and holds at this level or more (Hahn & Meeker 1991, Statistical Intervals).
    """
    count = len(times)
    tail = (1 - level) / 2
    first, last = int(binom.ppf(tail, count, share)), int(binom.ppf(1 - tail, count, share)) + 1
    ended = count > 0 and first >= 1 and last <= count
    return Estimate(
        value=float(np.quantile(times, share)) if count else None,
        low=float(times[first - 1]) if ended else None,
        high=float(times[last - 1]) if ended else None,
        level=level,
        method="order statistics",
        over="items",
        n_items=count,
        n_judgments=count,
        n_annotators=min(count, 1),
        undefined=None if ended else "no interval: it takes more annotations" if count else _UNTIMED,
    )


def quantile_error(of: Estimate) -> float | None:
    """The standard error that a normal interval of this width has (McKean & Schrader 1984)."""
    if of.low is None or of.high is None:
        return None
    return (of.high - of.low) / (2 * float(norm.ppf((1 + of.level) / 2)))


def _sums(values: npt.NDArray[np.bool_], starts: Integers) -> Floats:
    """How many of each annotator's hold: (annotators,)."""
    total = np.concatenate([[0], np.cumsum(values)])
    return np.diff(total[starts]).astype(np.float64)


def _longest(values: npt.NDArray[np.bool_], starts: Integers) -> Integers:
    """The most in a row of each annotator's that hold: (annotators,)."""
    number = np.arange(1, len(values) + 1)
    edge = np.zeros(len(values), bool)
    edge[starts[:-1][starts[:-1] < len(values)]] = True
    before = np.maximum.accumulate(np.where(edge, number - 1, np.where(values, 0, number)))
    run = np.where(values, number - before, 0)
    return np.array([run[first:last].max(initial=0) for first, last in pairwise(starts)])
