"""Who answered what: the judgments of each group as sparse arrays, one entry a judgment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from analytics.counts import check_declared, grouping, newest_answers
from analytics.scales import Categories, QuestionKey

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Texts: TypeAlias = npt.NDArray[np.object_]

_GAPS = 4
"""Up to so many gaps a row, numbers are looked up in a table; beyond it would be too long."""


@dataclass(frozen=True)
class Votes:
    """The judgments of one group.

    `unit` (row of `items` and `targets`), `rater` (row of `annotators`) and `own` (number of the category, of `size`)
    have one entry a judgment, sorted by unit and rater; each unit and rater has at least one.
    """

    group: dict[str, str | None]
    size: int
    items: Texts
    targets: Texts
    annotators: Texts
    unit: Integers
    rater: Integers
    own: Integers

    @cached_property
    def given(self) -> Integers:
        """Judgments of each unit: (units,)."""
        return np.bincount(self.unit, minlength=len(self.items))

    @cached_property
    def annotated(self) -> Integers:
        """Judgments of each annotator: (raters,)."""
        return np.bincount(self.rater, minlength=len(self.annotators))

    @cached_property
    def cells(self) -> sparse.csr_array:
        """How often each unit got each answer of each annotator: units × (raters · categories), sparse."""
        starts = np.concatenate([[0], np.cumsum(self.given)])
        column = self.rater * self.size + self.own
        shape = len(self.items), len(self.annotators) * self.size
        return sparse.csr_array((np.ones(len(column)), column, starts), shape=shape)

    @cached_property
    def shares(self) -> Floats:
        """The share of each unit's votes that each category has: units × categories."""
        number = self.unit * self.size + self.own
        votes = np.bincount(number, minlength=len(self.items) * self.size).reshape(-1, self.size)
        shares: Floats = votes / self.given[:, None]
        return shares


def votes(
    judgments: ir.Table, categories: Mapping[QuestionKey, Categories], by: Sequence[str] = ("locale",)
) -> list[Votes]:
    """The votes of every group, sorted by group; raises UndeclaredCategory and UnknownGrouping.

    A unit is one item and target within a group. An annotator's newest answer on it counts, as in `analytics.counts`.
    """
    group = grouping(by, judgments)
    if not categories:
        return []
    within = [name for name in ("item", "target") if name not in group]
    answers = newest_answers(judgments, categories, [*group, *within]).to_pyarrow()
    check_declared(answers["own"].to_numpy(), judgments, categories)
    return _split(answers, group, categories)


def _split(answers: pa.Table, group: Sequence[str], categories: Mapping[QuestionKey, Categories]) -> list[Votes]:
    texts = {name: _texts(answers[name]) for name in (*group, "item", "target", "annotator")}
    numbered = {name: number for name, (_, number) in texts.items()}
    first, of_group = _numbered([numbered[name] for name in group])
    keys = [[texts[name][0][numbered[name][row]] for name in group] for row in first]
    _, unit = _numbered([of_group, numbered["item"], numbered["target"]])
    order = np.argsort(unit * len(texts["annotator"][0]) + numbered["annotator"], kind="stable")
    ends = np.searchsorted(of_group[order], np.arange(len(keys) + 1))
    own = answers["own"].to_numpy()
    found = []
    for number, key in enumerate(keys):
        rows = order[ends[number] : ends[number + 1]]
        named = dict(zip(group, key, strict=True))
        size = len(categories[str(named["workflow"]), str(named["question"])].codes)
        found.append(_votes(named, size, rows, unit, own, texts))
    return found


def _votes(
    group: dict[str, str | None],
    size: int,
    rows: Integers,
    unit: Integers,
    own: Integers,
    texts: Mapping[str, tuple[Texts, Integers]],
) -> Votes:
    first, units = _dense(unit[rows])
    people, number = texts["annotator"]
    places, raters = _dense(number[rows])
    named = {name: texts[name][0][texts[name][1][rows[first]]] for name in ("item", "target")}
    return Votes(
        group=group,
        size=size,
        items=named["item"],
        targets=named["target"],
        annotators=people[number[rows[places]]],
        unit=units,
        rater=raters,
        own=own[rows].astype(np.int64),
    )


def _texts(column: pa.ChunkedArray) -> tuple[Texts, Integers]:
    """The different texts of a column, sorted and None last, and the number of each row's."""
    encoded = pc.dictionary_encode(column.combine_chunks(), null_encoding="encode")
    order = pc.array_sort_indices(encoded.dictionary, null_placement="at_end")
    place = np.empty(len(order), np.int64)
    place[order.to_numpy()] = np.arange(len(order))
    texts = encoded.dictionary.take(order).to_numpy(zero_copy_only=False)
    return texts.astype(object), place[encoded.indices.to_numpy()]


def _numbered(columns: Sequence[Integers]) -> tuple[Integers, Integers]:
    """Rows that are equal in all columns get one number, in the order of the columns; and a row of each number."""
    number = columns[0]
    for column in columns[1:]:
        number = _dense(number)[1] * (int(column.max(initial=0)) + 1) + column
    return _dense(number)


def _dense(number: Integers) -> tuple[Integers, Integers]:
    """The numbers without gaps, in order, and the first row of each: as `numpy.unique`, but it need not sort."""
    if not len(number):
        return number, number
    number = number - number.min()
    largest = int(number.max())
    if largest > _GAPS * len(number):
        _, first, place = np.unique(number, return_index=True, return_inverse=True)
        return first, place
    seen = np.zeros(largest + 1, bool)
    seen[number] = True
    place = (np.cumsum(seen) - 1)[number]
    first = np.empty(int(seen.sum()), np.int64)
    first[place[::-1]] = np.arange(len(number))[::-1]  # where several are put into one place, the last remains
    return first, place
