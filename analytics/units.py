"""Answers of each unit as numbers, in one pass of the engine: for statistics that compare the annotators of a unit.

The engine gathers the answers of a unit (one item and target) into lists, so that no text of items leaves it;
NumPy sorts them and lets an annotator's newest answer count. The expressions are plain Ibis.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analytics.counts import ASKED, Integers, as_frame, check_declared, name_group, numbered, placed
from analytics.dimensions import ALWAYS
from analytics.scales import Categories, QuestionKey

Texts = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Answers:
    """The answers of one group, one entry each, sorted by unit and annotator.

    `unit` numbers the units from 0 without gaps, in no order that means anything; `rater` is the row of the annotator
    in the sorted names, `own` the number of the category, or whatever number it is.
    """

    group: dict[str, str | None]
    unit: Integers
    rater: Integers
    own: npt.NDArray[Any]

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
    names, groups = read(numbered(judgments, categories), categories, group)
    check_declared(np.asarray([each.own.max() for each in groups], np.int64), judgments, categories)
    return names, groups


def read(known: ir.Table, questions: Collection[QuestionKey], group: Sequence[str]) -> tuple[Texts, list[Answers]]:
    """As `answers`, of answers to these questions with `own`, any number, and `instant`.

    Of several answers of the same instant the greatest counts.
    """
    within = [name for name in group if name not in ALWAYS]
    table = gathered(placed(known, questions), [ASKED, *within]).to_pyarrow()
    groups, place, starts = _groups(table.select([ASKED, *within]), within, sorted(questions))
    names, annotator = _names(table["annotators"])
    unit, rater, own = _settled(table, place, annotator)
    ends = pairwise(np.searchsorted(unit, starts))
    found = [
        Answers(named, unit[first:last] - start, rater[first:last], own[first:last])
        for named, start, (first, last) in zip(groups, starts, ends, strict=False)
    ]
    return names, found


def gathered(known: ir.Table, group: Sequence[str]) -> ir.Table:
    """The columns of `group`, one row a unit: `annotators`, `owns` and `instants` of its answers, as lists."""
    known = known.filter(known.annotator.notnull())
    unit = list(dict.fromkeys((*group, "item", "target")))
    lists = {f"{name}s": known[name].collect() for name in ("annotator", "own", "instant")}
    return known.group_by(unit).aggregate(**lists).select(*group, *lists)


def _names(lists: pa.ChunkedArray) -> tuple[Texts, Integers]:
    """The different names in these lists, sorted, and the number of each."""
    encoded = pc.list_flatten(lists).dictionary_encode().unify_dictionaries()
    names = encoded.chunk(0).dictionary.to_numpy(zero_copy_only=False) if encoded.num_chunks else np.zeros(0, object)
    order = np.argsort(names)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return names[order], np.concatenate([order[:0], *(place[each.indices.to_numpy()] for each in encoded.chunks)])


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


def _settled(table: pa.Table, place: Integers, rater: Integers) -> tuple[Integers, Integers, npt.NDArray[Any]]:
    """Unit (the place of its row), annotator and newest answer, sorted by both; `rater` is who gave each answer."""
    unit = np.repeat(place, pc.list_value_length(table["owns"]).to_numpy())
    own, instant = (pc.list_flatten(table[name]).to_numpy() for name in ("owns", "instants"))
    people = int(rater.max(initial=0)) + 1
    number = unit * people + rater
    order = np.argsort(number)
    if (np.diff(number[order]) == 0).any():
        order = np.lexsort((own, instant, number))
    number = number[order]
    newest = np.flatnonzero(np.diff(number, append=-1))
    unit, rater = np.divmod(number[newest], people)
    return unit, rater, own[order[newest]]


def met(unit: Integers) -> tuple[Integers, Integers]:
    """The places of each two answers of one unit, the first before the second; `unit` (k,) is sorted.

    >>> [each.tolist() for each in met(np.array([0, 0, 0, 1, 2, 2]))]
    [[0, 1, 4, 0], [1, 2, 5, 2]]
    """
    apart = range(1, int(np.bincount(unit).max(initial=1)))
    firsts = [np.flatnonzero(unit[step:] == unit[:-step]) for step in apart]
    first = np.concatenate([*firsts, np.zeros(0, np.int64)])
    return first, first + np.repeat(np.arange(1, len(firsts) + 1), [len(each) for each in firsts])
