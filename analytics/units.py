"""Answers of each unit as numbers, in one pass of the engine: for statistics that compare the annotators of a unit.

The engine gathers the answers of a unit (one item and target) into lists, so that no text of items leaves it;
NumPy sorts them and lets an annotator's newest answer count. The expressions are plain Ibis.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analytics.counts import ASKED, Integers, as_frame, check_declared, milliseconds, name_group, numbered, placed
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


@dataclass(frozen=True)
class History(Answers):
    """Answers with what came before: of each the number of its `item`, and how many `times` its unit was answered.

    `started` says when the last of these answers was begun, in milliseconds since 1970; `first` is the category of the
    first of them.
    """

    item: Integers
    started: Integers
    times: Integers
    first: Integers


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
    found = _sorted(known, questions, group)
    own = found.lists("own")[found.ends]
    return found.names, [
        Answers(named, found.unit[of] - start, found.rater[of], own[of]) for named, start, of in found.cut()
    ]


def histories(
    judgments: ir.Table, categories: Mapping[QuestionKey, Categories], group: Sequence[str]
) -> tuple[Texts, list[History]]:
    """As `answers`, with what came before them; raises UndeclaredCategory."""
    known = numbered(judgments, categories)
    found = _sorted(known.mutate(started=milliseconds(known.created)), categories, group, ["item"], ["started"])
    own = found.lists("own")
    check_declared(own, judgments, categories)
    begins = np.concatenate([[0], found.ends + 1])[:-1]
    started = np.maximum.reduceat(found.lists("started"), begins) if len(begins) else begins
    times, item = np.diff(found.ends, prepend=-1), found.items()[found.unit]
    told = found.rater, own[found.ends], item, started, times, own[begins]
    return found.names, [
        History(named, found.unit[of] - start, *(each[of] for each in told)) for named, start, of in found.cut()
    ]


@dataclass(frozen=True)
class _Sorted:
    """Answers as the engine gathered them, a row of `table` for each unit, and how they are sorted.

    `place` is the number of each row's unit, `starts` the first unit of each group. `order` sorts the answers by unit,
    annotator and instant, and `ends` (settled answers,) says where in it each annotator's newest answer on a unit is,
    of which `unit` and `rater` are.
    """

    table: pa.Table
    names: Texts
    groups: list[dict[str, str | None]]
    place: Integers
    starts: Integers
    order: Integers
    ends: Integers
    unit: Integers
    rater: Integers

    def lists(self, name: str) -> npt.NDArray[Any]:
        """A column of all answers, sorted."""
        return _flat(self.table, name)[self.order]

    def items(self) -> Integers:
        """The item of each unit, as a number."""
        encoded = self.table["item"].combine_chunks().dictionary_encode()
        found = np.empty_like(self.place)
        found[self.place] = encoded.indices.to_numpy()
        return found

    def cut(self) -> Iterator[tuple[dict[str, str | None], int, slice]]:
        """The groups, each with its first unit and the place of its settled answers."""
        ends = pairwise(np.searchsorted(self.unit, self.starts))
        for named, start, (first, last) in zip(self.groups, self.starts, ends, strict=False):
            yield named, start, slice(first, last)


def _sorted(
    known: ir.Table,
    questions: Collection[QuestionKey],
    group: Sequence[str],
    texts: Sequence[str] = (),
    more: Sequence[str] = (),
) -> _Sorted:
    within = [name for name in group if name not in ALWAYS]
    table = gathered(placed(known, questions), [ASKED, *within, *texts], more).to_pyarrow()
    groups, place, starts = _groups(table.select([ASKED, *within]), within, sorted(questions))
    names, rater = _names(table["annotators"])
    people = max(len(names), 1)
    number = np.repeat(place, pc.list_value_length(table["owns"]).to_numpy()) * people + rater
    order = np.argsort(number)
    if (np.diff(number[order]) == 0).any():
        order = np.lexsort((_flat(table, "own"), _flat(table, "instant"), number))
    ends = np.flatnonzero(np.diff(number[order], append=-1))
    return _Sorted(table, names, groups, place, starts, order, ends, *np.divmod(number[order[ends]], people))


def gathered(known: ir.Table, group: Sequence[str], more: Sequence[str] = ()) -> ir.Table:
    """The columns of `group`, one row a unit: `annotators`, `owns`, `instants` and `more` of its answers, as lists."""
    known = known.filter(known.annotator.notnull())
    unit = list(dict.fromkeys((*group, "item", "target")))
    lists = {f"{name}s": known[name].collect() for name in ("annotator", "own", "instant", *more)}
    return known.group_by(unit).aggregate(**lists).select(*group, *lists)


def _flat(table: pa.Table, name: str) -> npt.NDArray[Any]:
    return np.asarray(pc.list_flatten(table[f"{name}s"]).to_numpy())


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


def met(unit: Integers) -> tuple[Integers, Integers]:
    """The places of each two answers of one unit, the first before the second; `unit` (k,) is sorted.

    >>> [each.tolist() for each in met(np.array([0, 0, 0, 1, 2, 2]))]
    [[0, 1, 4, 0], [1, 2, 5, 2]]
    """
    apart = range(1, int(np.bincount(unit).max(initial=1)))
    firsts = [np.flatnonzero(unit[step:] == unit[:-step]) for step in apart]
    first = np.concatenate([*firsts, np.zeros(0, np.int64)])
    return first, first + np.repeat(np.arange(1, len(firsts) + 1), [len(each) for each in firsts])
