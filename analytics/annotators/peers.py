"""Agreement of every annotator with the others who answered the same.

An answer agrees with the share of the *other* annotators of its item and target who gave the same one (leave-one-out).
The engine reduces these shares to sums by annotator and week, over items as clusters; shares are whole multiples of
1 / 27,720, which is exact up to 13 annotators of an item, so that no order of addition changes a digit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from analytics.annotators.figures import Figures, Floats, Integers, clustered, effective, reasons, wilson
from analytics.coefficients import ratio
from analytics.counts import beyond, milliseconds, name_group, numbered
from analytics.dimensions import DIMENSIONS
from analytics.scales import Categories, QuestionKey

WHOLE = 27_720
_SUMS = ["items", "answers", "agreed", "agreed_squared", "agreed_answers", "answers_squared"]
ALONE = "nobody else answered what this annotator answered"


@dataclass(frozen=True)
class Peers:
    """The agreement of the annotators of one group, by week: one entry a row of the table.

    `rater` (row of `annotators`) and `week` (whole weeks) say whose and when. `sums` (rows × 6) are: the number of
    items; over these the sums of answers c and of agreed shares s; and of s², sc and c².
    """

    annotators: npt.NDArray[np.object_]
    rater: Integers
    week: Integers
    sums: Floats

    def totals(self) -> Floats:
        """The sums over all weeks: (annotators, 6)."""
        found = np.zeros((len(self.annotators), len(_SUMS)))
        np.add.at(found, self.rater, self.sums)
        return found


def peers(
    judgments: ir.Table, categories: Mapping[QuestionKey, Categories], group: Sequence[str]
) -> dict[tuple[str | None, ...], Peers]:
    """The agreement of annotators with their peers, by group; `group` are its columns."""
    table = _weekly(judgments, categories, group).to_pandas()
    found = {}
    for key, rows in table.groupby(list(group), dropna=False, sort=True):
        found[tuple(name_group(group, key).values())] = _peers(rows.sort_values(["annotator", "since"]))
    return found


def _peers(rows: pd.DataFrame) -> Peers:
    names, rater = np.unique(rows["annotator"].to_numpy(object), return_inverse=True)
    sums = rows[_SUMS].to_numpy(np.float64)
    return Peers(names, rater, rows["since"].to_numpy(np.int64), sums / [1, 1, WHOLE, WHOLE**2, WHOLE, 1])


def _weekly(judgments: ir.Table, categories: Mapping[QuestionKey, Categories], group: Sequence[str]) -> ir.Table:
    """Group, annotator, `since`, the week of the item's first answer, and the sums over items of what is agreed."""
    items = _items(_rated(judgments, categories, group), group)
    return items.group_by([*group, "annotator", "since"]).aggregate(
        items=items.count(),
        answers=items.c.sum(),
        agreed=items.s.sum(),
        agreed_squared=(items.s * items.s).sum(),
        agreed_answers=(items.s * items.c).sum(),
        answers_squared=(items.c * items.c).sum(),
    )


def _rated(judgments: ir.Table, categories: Mapping[QuestionKey, Categories], group: Sequence[str]) -> ir.Table:
    """The newest answers of annotators that others answered too: `same` of `others` gave the same answer."""
    known = numbered(judgments, categories)
    size = beyond(categories) + 1
    known = known.mutate(version=known.instant * size + known.own, started=milliseconds(known.created))
    unit = list(dict.fromkeys((*group, "item", "target")))
    latest = known.group_by([*unit, "annotator"]).aggregate(newest=known.version.max(), started=known.started.max())
    answers = latest.mutate(own=latest.newest % size).drop("newest")
    given = {f"n{k}": answers.count(where=answers.own == k) for k in range(size - 1)}
    units = answers.group_by(unit).aggregate(**given, all=answers.count()).filter(lambda each: each["all"] > 1)
    met = answers.join(units, [answers[key].identical_to(units[key]) if key in DIMENSIONS else key for key in unit])
    same = met.own.cases(*((k, met[name]) for k, name in enumerate(given)))
    return met.mutate(same=same - 1, others=met["all"] - 1)


def _items(rated: ir.Table, group: Sequence[str]) -> ir.Table:
    """Per annotator and item: how many answers, the agreed shares as multiples of 1 / 27,720, and the week."""
    share = (rated.same * WHOLE / rated.others).round().cast("int64")
    day = rated.started.min() // 86_400_000
    return rated.group_by(list(dict.fromkeys((*group, "annotator", "item")))).aggregate(
        c=rated.count(), s=share.sum(), since=((day + 3) // 7).cast("int64")
    )


def of_everybody(found: Peers | None, annotators: npt.NDArray[np.object_]) -> Peers:
    """This agreement for other annotators, who include its own; those who met nobody have no entry.

    >>> of_everybody(None, np.array(["r"], object)).totals().tolist()
    [[0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]
    """
    if found is None:
        nothing = np.zeros(0, np.int64)
        return Peers(annotators, nothing, nothing, np.zeros((0, len(_SUMS))))
    place: Integers = np.searchsorted(annotators.astype(str), found.annotators.astype(str))
    return Peers(annotators, place[found.rater], found.week, found.sums)


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
