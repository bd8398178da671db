"""Set-valued answers reduced to counts, as `analytics.counts` does for single codes.

What occurs are sets, not codes: of 20 options there could be a million, so the sets in use are numbered, and a
pattern says how often each of them was given to a unit, by number. Cost follows the sets in use, never the options.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.counts import as_frame, grouping, milliseconds, name_group
from analytics.errors import UndeclaredCategory
from analytics.scales import QuestionKey
from analytics.sets.questions import Options

Integers: TypeAlias = npt.NDArray[np.int64]
Chosen: TypeAlias = npt.NDArray[np.bool_]

_UNIT = ("item", "target")
_SEPARATOR = ","
_SETS = 2**22
"""More than there are sets: an instant in milliseconds and the number of a set fit into one integer."""


@dataclass(frozen=True)
class SetCounts:
    """The counts of one group.

    `chosen` (sets × options) says what each set in use holds. A pattern is what was given to a unit; `units`
    (patterns,) show each. Its sets are the entries (`place`: number of the pattern, `which`: of the set, `times`: how
    many annotators gave it), sorted by pattern. `rater`, `entry` (which pattern, and which set of it was the
    annotator's own) and `count` have one row for each annotator and entry.
    """

    group: dict[str, str | None]
    chosen: Chosen
    units: Integers
    place: Integers
    which: Integers
    times: Integers
    rater: Integers
    entry: Integers
    count: Integers


@dataclass(frozen=True)
class _Numbered:
    """The sets that answer one question in the store: `chosen` (sets × options) from number `first` on."""

    first: int
    chosen: Chosen


def set_counts(judgments: ir.Table, questions: Mapping[QuestionKey, Options], by: Sequence[str]) -> list[SetCounts]:
    """The counts of every group, sorted by group; raises UndeclaredCategory and UnknownGrouping.

    An annotator's newest answer on a unit counts (of answers of the same millisecond, the set of the higher number).
    Unanswered questions (a null value) are left out; the value "" is the empty set.
    """
    group = grouping(by, judgments)
    if not questions:
        return []
    asked = [(judgments.workflow == workflow) & (judgments.question == question) for workflow, question in questions]
    answered = judgments.filter(ibis.or_(*asked), judgments.value.notnull())
    numbers, known = _numbered(answered, questions)
    if not known:
        return []
    table = as_frame(_patterns(answered, numbers, group).to_pyarrow())
    return list(_split(table, group, known))


def _numbered(
    answered: ir.Table, questions: Mapping[QuestionKey, Options]
) -> tuple[ir.Table, dict[QuestionKey, _Numbered]]:
    """A number for each value in use, as a table, and what the numbers mean."""
    rows = answered.select("workflow", "question", "value").distinct().to_pyarrow().to_pylist()
    held = {(row["workflow"], row["question"], row["value"]): set(row["value"].split("|")) - {""} for row in rows}
    undeclared = {(w, q, code) for (w, q, _), codes in held.items() for code in codes - set(questions[w, q].codes)}
    if undeclared:
        raise UndeclaredCategory(sorted(undeclared))
    sets = {at: tuple(code in codes for code in questions[at[:2]].codes) for at, codes in held.items()}
    number = {each: place for place, each in enumerate(sorted({(*at[:2], chosen) for at, chosen in sets.items()}))}
    known = {}
    for key in sorted({at[:2] for at in sets}):
        own = [each for each in number if each[:2] == key]
        known[key] = _Numbered(number[own[0]], np.array([chosen for _, _, chosen in own], bool))
    named = [(*at, number[(*at[:2], chosen)]) for at, chosen in sets.items()]
    return ibis.memtable(pd.DataFrame(named, columns=["workflow", "question", "value", "own"])), known


def _patterns(answered: ir.Table, numbers: ir.Table, group: Sequence[str]) -> ir.Table:
    """Group, annotator, own (number of the set), pattern (numbers of the unit's sets, sorted), number of judgments."""
    unit = list(dict.fromkeys((*group, *_UNIT)))
    joined = answered.join(numbers, ["workflow", "question", "value"])
    size = ibis.literal(_SETS)
    newest = (milliseconds(joined.updated) * size + joined.own).max()
    packed = joined.group_by([*unit, "annotator"]).aggregate(newest=newest)
    answers = packed.mutate(own=(packed.newest % size).cast("string"))
    units = answers.group_by(unit).aggregate(
        pattern=answers.own.collect().sort().join(_SEPARATOR),
        each=ibis.struct({"annotator": answers.annotator, "own": answers.own}).collect(),
    )
    rated = units.select(*group, "pattern", each=units.each.unnest())
    rated = rated.select(*group, "pattern", annotator=rated.each["annotator"], own=rated.each["own"].cast("int64"))
    return rated.group_by([*group, "annotator", "own", "pattern"]).aggregate(judgments=rated.count())


def _split(table: pd.DataFrame, group: Sequence[str], known: Mapping[QuestionKey, _Numbered]) -> Iterator[SetCounts]:
    table["annotator"] = table["annotator"].cat.codes
    for key, rows in table.groupby(list(group), dropna=False, sort=True, observed=True):
        named = name_group(group, key)
        yield _counts(named, rows, known[str(named["workflow"]), str(named["question"])])


def _counts(group: dict[str, str | None], rows: pd.DataFrame, known: _Numbered) -> SetCounts:
    texts = rows["pattern"].cat
    used, pattern = np.unique(texts.codes, return_inverse=True)
    given = [text.split(_SEPARATOR) for text in texts.categories[used]]
    ratings = np.array([len(each) for each in given])
    numbers = np.fromiter((int(number) for each in given for number in each), np.int64)
    sets, which = np.unique(numbers, return_inverse=True)
    cell = np.repeat(np.arange(len(given)), ratings) * len(sets) + which
    entries, times = np.unique(cell, return_counts=True)
    own = np.searchsorted(sets, rows["own"].to_numpy(np.int64))
    count = rows["judgments"].to_numpy(np.int64)
    judged = np.bincount(pattern, weights=count, minlength=len(given)).astype(np.int64)
    return SetCounts(
        group=group,
        chosen=known.chosen[sets - known.first],
        units=judged // ratings,
        place=entries // len(sets),
        which=entries % len(sets),
        times=times,
        rater=np.unique(rows["annotator"].to_numpy(np.int64), return_inverse=True)[1],
        entry=np.searchsorted(entries, pattern * len(sets) + own),
        count=count,
    )
