"""What every annotator answered, in the order of time: read in one pass as two lists of whole numbers an annotator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analytics.annotators.figures import Integers
from analytics.counts import beyond, check_declared, grouping, milliseconds, name_group, numbered
from analytics.scales import Categories, QuestionKey

DAY = 86_400_000
_LOT = 5


@dataclass(frozen=True)
class Log:
    """The answers of the annotators of one group.

    `answers` (annotators,) counts all answers, `items` (annotators,) what they are about. Of answers of one annotator
    to the same item and target the newest one is in `when` (milliseconds since 1970) and `own` (number of the
    category), which hold the annotators one after the other, cut at `starts` (annotators + 1,), each in the order of
    time. `repeats` (annotators × categories × categories) counts the items and targets answered more than once, by
    first and by newest answer.
    """

    group: dict[str, str | None]
    annotators: npt.NDArray[np.object_]
    answers: Integers
    items: Integers
    starts: Integers
    when: Integers
    own: Integers
    repeats: Integers

    @property
    def units(self) -> Integers:
        """Items and targets of each annotator: (annotators,)."""
        return np.diff(self.starts)

    def days(self) -> Integers:
        """On how many days (UTC) each annotator began an answer: (annotators,)."""
        day = self.when // DAY
        new = np.ones(len(day), bool)
        new[1:] = day[1:] != day[:-1]
        new[self.starts[:-1]] = True
        return np.add.reduceat(new.astype(np.int64), self.starts[:-1])


def logs(
    judgments: ir.Table, categories: Mapping[QuestionKey, Categories], by: Sequence[str] = ("locale",)
) -> list[Log]:
    """The log of every group, sorted by group, and by annotator in it; raises UndeclaredCategory, UnknownGrouping.

    Answers of one millisecond have no order: it is drawn by lot, the same lot every time.
    """
    group = grouping(by, judgments)
    if not categories:
        return []
    size = beyond(categories) + 1
    table = _table(judgments, categories, group, size).to_pyarrow()
    packed, starts = _flat(table["packed"])
    check_declared(packed % size, judgments, categories)
    twice, twice_starts = _flat(table["twice"])
    rows = table.drop_columns(["packed", "twice"]).to_pandas()
    found = []
    for key, unsorted in rows.groupby(list(group), dropna=False, sort=True):
        part = unsorted.sort_values("annotator")
        named = name_group(group, key)
        own = len(categories[str(named["workflow"]), str(named["question"])].codes)
        places = part.index.to_numpy()
        cut = [packed[starts[row] : starts[row + 1]] for row in places]
        again = [twice[twice_starts[row] : twice_starts[row + 1]] for row in places]
        found.append(_log(named, part, cut, again, size, own))
    return found


def _table(
    judgments: ir.Table, categories: Mapping[QuestionKey, Categories], group: Sequence[str], size: int
) -> ir.Table:
    known = numbered(judgments, categories)
    known = known.mutate(version=known.instant * size + known.own, started=milliseconds(known.created))
    unit = list(dict.fromkeys((*group, "item", "target", "annotator")))
    latest = known.group_by(unit).aggregate(
        first=known.version.min(), newest=known.version.max(), times=known.count(), started=known.started.max()
    )
    own = latest.newest % size
    return latest.group_by([*group, "annotator"]).aggregate(
        answers=latest.times.sum(),
        items=latest.item.nunique(),
        packed=(latest.started * size + own).collect(),
        twice=(latest.first % size * size + own).collect(where=latest.times > 1),
    )


def _flat(column: pa.ChunkedArray) -> tuple[Integers, Integers]:
    """The values of all lists, one list after the other, and where each begins; no list is an empty one."""
    lists = column.combine_chunks()
    lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    return lists.flatten().to_numpy(zero_copy_only=False).astype(np.int64), np.concatenate([[0], np.cumsum(lengths)])


def _log(
    group: dict[str, str | None],
    part: object,
    cut: Sequence[Integers],
    again: Sequence[Integers],
    size: int,
    categories: int,
) -> Log:
    lot = np.random.default_rng(_LOT)
    ordered = [_in_order(np.sort(each), size, lot) for each in cut]
    repeats = np.zeros((len(cut), categories, categories), np.int64)
    for number, each in enumerate(again):
        np.add.at(repeats[number], (each // size, each % size), 1)
    together = np.concatenate(ordered)
    return Log(
        group=group,
        annotators=part["annotator"].to_numpy(object),  # type: ignore[index]  # a pandas frame
        answers=part["answers"].to_numpy(np.int64),  # type: ignore[index]
        items=part["items"].to_numpy(np.int64),  # type: ignore[index]
        starts=np.concatenate([[0], np.cumsum([len(each) for each in cut])]),
        when=together // size,
        own=together % size,
        repeats=repeats,
    )


def _in_order(packed: Integers, size: int, lot: np.random.Generator) -> Integers:
    """Sorted answers, those of one millisecond shuffled."""
    when = packed // size
    if (when[1:] == when[:-1]).any():
        packed = packed[np.lexsort((lot.random(len(packed)), when))]
    return packed
