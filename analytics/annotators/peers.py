"""Agreement of every annotator with the others who answered the same.

An answer agrees with the share of the *other* annotators of its item and target who gave the same one (leave-one-out).
These shares are reduced to sums by annotator and week, over items as clusters; they are whole multiples of 1 / 27,720,
which is exact up to 13 annotators of an item.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from analytics.annotators.figures import Figures, Floats, Integers, clustered, effective, reasons, wilson
from analytics.annotators.logs import DAY
from analytics.coefficients import ratio
from analytics.units import History

WHOLE = 27_720
ALONE = "nobody else answered what this annotator answered"
_SUMS = 6


@dataclass(frozen=True)
class Peers:
    """The agreement of the `annotators` of one group, so many, by week: one entry a row of the table.

    `rater` (0 to `annotators` - 1) and `week` (whole weeks) say whose and when. `sums` (rows × 6) are: the number of
    items; over these the sums of answers c and of agreed shares s; and of s², sc and c².
    """

    annotators: int
    rater: Integers
    week: Integers
    sums: Floats

    def totals(self) -> Floats:
        """The sums over all weeks: (annotators, 6)."""
        found = np.zeros((self.annotators, _SUMS))
        np.add.at(found, self.rater, self.sums)
        return found


def peers(history: History) -> Peers:
    """The agreement of the annotators of one group, in the order of their numbers; who met nobody has no entry.

    An item counts in the week in which the first of its answers was begun.
    """
    known, rater = np.unique(history.rater, return_inverse=True)
    others = np.bincount(history.unit)[history.unit] - 1
    met = others > 0
    order, begins = _runs(rater[met], history.item[met])
    s = np.add.reduceat(_shares(history, others)[met][order], begins)
    c = np.diff(begins, append=len(order))
    day = np.minimum.reduceat(history.started[met][order], begins) // DAY
    whose, week = rater[met][order[begins]], (day + 3) // 7
    order, begins = _runs(whose, week)
    sums = [np.add.reduceat(each[order], begins) for each in (np.ones_like(c), c, s, s * s, s * c, c * c)]
    scaled = np.column_stack(sums) / [1, 1, WHOLE, WHOLE**2, WHOLE, 1]
    return Peers(len(known), whose[order[begins]], week[order[begins]], scaled)


def _shares(history: History, others: Integers) -> Integers:
    """The share of others who gave the same answer, in parts of 1 / 27,720; 0 where there are none."""
    alike = history.unit * (int(history.own.max()) + 1) + history.own
    same = np.bincount(alike)[alike] - 1
    return np.asarray(np.floor(same * WHOLE / np.maximum(others, 1) + 0.5), np.int64)


def _runs(first: Integers, second: Integers) -> tuple[Integers, Integers]:
    """What sorts rows by two numbers, and where in it each pair of numbers begins."""
    order = np.lexsort((second, first))
    new = (np.diff(first[order], prepend=-1) != 0) | (np.diff(second[order], prepend=-1) != 0)
    return order, np.flatnonzero(new)


def agreement(of: Peers, usual: float | None, level: float) -> Figures:
    """The mean share of others who gave the same answer: Wilson's interval for the effective number of answers.

    The variance has items as clusters, so the interval holds for this annotator with such peers on other items. The
    p-value is that of so little agreement where the chance is `usual`, the group's.
    """
    items, answers, agreed, *squares = of.totals().T
    value = ratio(agreed, answers)
    variance = clustered(agreed, answers, (squares[0], squares[1], squares[2]), items)
    size = effective(value, variance, items, np.full(len(items), np.inf), level)
    low, high = wilson(value, size, level)
    few = items < 2
    return Figures(
        method="Wilson, effective sample size",
        value=value,
        low=np.where(few, np.nan, low),
        high=np.where(few, np.nan, high),
        error=np.where(few, np.nan, np.sqrt(variance)),
        items=items.astype(np.int64),
        judgments=answers.astype(np.int64),
        annotators=np.ones(len(items), np.int64),
        reasons=reasons(len(items), (items == 0, ALONE), (few, "no interval: it takes two items")),
        p_value=_so_little(value, np.where(few, np.nan, size), usual),
        level=level,
    )


def _so_little(value: Floats, size: Floats, usual: float | None) -> Floats:
    """The score test of a share that is the group's or more: not a number where the group's has no variance."""
    if usual is None or not 0 < usual < 1:
        return np.full(len(value), np.nan)
    return np.asarray(ndtr((value - usual) * np.sqrt(size / (usual * (1 - usual)))))
