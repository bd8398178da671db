"""Answers of each unit as numbers, in one pass of the engine: for statistics that compare the annotators of a unit.

The engine gathers the answers of a unit (one item and target) into lists of numbers, so that no text of items or
annotators leaves it; NumPy sorts them and lets an annotator's newest answer count. The expressions are plain Ibis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analytics.counts import ASKED, Integers, as_frame, beyond, check_declared, name_group, numbered, placed
from analytics.dimensions import ALWAYS
from analytics.scales import Categories, QuestionKey

Texts = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Answers:
    """The answers of one group, one entry each, sorted by unit and annotator.

    `unit` numbers the units from 0 without gaps, in no order that means anything; `rater` is the row of the annotator
    in the sorted names, `own` the number of the category.
    """

    group: dict[str, str | None]
    unit: Integers
    rater: Integers
    own: Integers

    @cached_property
    def units(self) -> int:
        """How many units there are."""
        return int(self.unit[-1]) + 1

    @property
    def key(self) -> QuestionKey:
        """The question."""
        return str(self.group["workflow"]), str(self.group["question"])


def answers(
    judgments: ir.Table, categories: Mapping[QuestionKey, Categories], group: Sequence[str]
) -> tuple[Texts, list[Answers]]:
    """The names of the annotators, sorted, and the answers of every group, sorted by group.

    `group` is as `analytics.counts.grouping` gives it. An annotator's newest answer on a unit counts, as in
    `analytics.counts`. Raises UndeclaredCategory.
    """
    known = placed(numbered(judgments, categories), categories)
    names = known.select("annotator").distinct().order_by("annotator").to_pyarrow()["annotator"]
    people = pa.table({"annotator": names, "rater": np.arange(len(names))})
    size, within = beyond(categories) + 1, [name for name in group if name not in ALWAYS]
    table = gathered(known, ibis.memtable(people), [ASKED, *within], size).to_pyarrow()
    groups, place, starts = _groups(table.select([ASKED, *within]), within, sorted(categories))
    unit, rater, own = _settled(table, place, size)
    check_declared(own, judgments, categories)
    ends = np.searchsorted(unit, starts)
    sliced = (slice(first, last) for first, last in pairwise(ends))
    found = [
        Answers(named, unit[rows] - start, rater[rows], own[rows])
        for named, start, rows in zip(groups, starts, sliced, strict=False)
    ]
    return names.to_numpy(zero_copy_only=False), found


def gathered(known: ir.Table, people: ir.Table, group: Sequence[str], size: int) -> ir.Table:
    """The columns of `group`, one row a unit: `raters` and `newest`, the answers with their instants, as lists.

    `known` is as `analytics.counts.numbered` gives it, `people` numbers annotators. An answer is its instant times
    `size` and its category, so that the newest of several is their maximum.
    """
    met = known.inner_join(people, "annotator")
    unit = list(dict.fromkeys((*group, "item", "target")))
    newest = met.instant * size + met.own
    lists = met.group_by(unit).aggregate(raters=met.rater.collect(), newest=newest.collect())
    return lists.select(*group, "raters", "newest")


def _groups(
    table: pa.Table, within: Sequence[str], questions: Sequence[QuestionKey]
) -> tuple[list[dict[str, str | None]], Integers, Integers]:
    """The groups, sorted; the place of each row when sorted by group; where each group starts, and the last ends."""
    frame = as_frame(table)
    number = frame.groupby(table.column_names, dropna=False, sort=True, observed=True).ngroup().to_numpy(np.int64)
    order = np.argsort(number, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    starts = np.searchsorted(number[order], np.arange(int(number.max(initial=-1)) + 2))
    keys = frame.iloc[order[starts[:-1]]].itertuples(index=False, name=None)
    named = [dict(zip(ALWAYS, questions[asked], strict=True)) | name_group(within, key) for asked, *key in keys]
    return named, place, starts


def _settled(table: pa.Table, place: Integers, size: int) -> tuple[Integers, Integers, Integers]:
    """Unit (the place of its row), annotator and category of the newest answers, sorted by unit and annotator."""
    lists = {name: table[name].combine_chunks() for name in ("raters", "newest")}
    rater, newest = (each.flatten().to_numpy() for each in lists.values())
    unit = np.repeat(place, pc.list_value_length(lists["raters"]).to_numpy())
    people = int(rater.max(initial=0)) + 1
    number = unit * people + rater
    order = np.argsort(number)
    number = number[order]
    first = np.flatnonzero(np.diff(number, prepend=-1))
    unit, rater = np.divmod(number[first], people)
    return unit, rater, (np.maximum.reduceat(newest[order], first) % size if len(first) else first)
