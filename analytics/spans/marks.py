"""What annotators marked in the texts that two or more of them looked at, as arrays.

Texts in which nobody marked anything are counted, by how many looked and how long they are; the others are kept one by
one. Offsets and lengths are code points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.counts import as_frame, grouping, milliseconds, name_group
from analytics.errors import UndeclaredCategory
from analytics.penalties import exposures
from analytics.scales import QuestionKey
from guidelines.model import Workflow

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

_ANSWER = ("source", "project", "annotation", "question", "target")
_UNIT = ("item", "target")


@dataclass(frozen=True)
class Labels:
    """The codes of an error-span question: what an error is called, and how bad it is."""

    categories: tuple[str, ...]
    severities: tuple[str, ...]


@dataclass(frozen=True)
class Marks:
    """The marks of one group.

    Texts: `readers` (texts,) looked at each, `length` (texts,) code points long (not a number where unknown); `texts`
    (texts,) how many are alike. Looks are one a text and annotator: `text`, `rater` (number in `annotators`), and
    `looks`, how many are alike. Spans are each once an annotator: `look` (row of the looks), `start`, `end`, `category`
    and `severity` (numbers of the codes). `n_single` texts had one annotator, and are in none of these.
    """

    group: dict[str, str | None]
    readers: Integers
    length: Floats
    texts: Integers
    text: Integers
    rater: Integers
    annotators: tuple[str, ...]
    looks: Integers
    look: Integers
    start: Integers
    end: Integers
    category: Integers
    severity: Integers
    n_single: int


def span_questions(workflows: Mapping[str, Workflow]) -> dict[QuestionKey, Labels]:
    """The questions of these workflows that are answered by marking errors."""
    return {
        (workflow.id, question.id): Labels(
            tuple(choice.code for choice in question.choices), tuple(each.code for each in question.severities)
        )
        for workflow in workflows.values()
        for question in workflow.questions
        if question.kind == "error_spans"
    }


def marks(
    judgments: ir.Table, spans: ir.Table, questions: Mapping[QuestionKey, Labels], by: Sequence[str]
) -> list[Marks]:
    """The marks of every group, sorted by group; raises UnknownGrouping and UndeclaredCategory.

    An annotator's newest answer on a text counts (of the same millisecond, that of the annotation named last).
    """
    group = grouping(by, judgments)
    if not questions:
        return []
    looks = _looks(exposures(judgments, questions), list(dict.fromkeys((*group, *_UNIT))))
    marked = dict(_by_group(_marked(looks, spans, group), group))
    found = []
    for key, clean in _by_group(_clean(looks, group), group):
        named = name_group(group, key)
        labels = questions[str(named["workflow"]), str(named["question"])]
        found.append(_of_group(named, clean[clean["readers"] > 0], marked.get(key), labels))
    return found


def _looks(answers: ir.Table, unit: Sequence[str]) -> ir.Table:
    """Each annotator's newest answer on a text, with how many looked at it, its length, and whether it was marked."""
    order = [milliseconds(answers.updated).desc(), *(answers[name].desc() for name in _ANSWER[:3])]
    place = ibis.row_number().over(ibis.window(group_by=[*unit, "annotator"], order_by=order))
    newest = answers.mutate(place=place).filter(lambda each: each.place == 0).drop("place")
    of_text = ibis.window(group_by=unit)
    return newest.mutate(
        readers=newest.count().over(of_text),
        longest=newest.length.max().over(of_text),
        marked=(newest.value == "marked").any().over(of_text),
    )


def _clean(looks: ir.Table, group: Sequence[str]) -> pd.DataFrame:
    """How many looks of each annotator were at texts that nobody marked, by readers and length; every group has a row.

    Texts with one reader have `readers` 1 and no length, and what is in marked texts has `readers` 0.
    """
    single = looks.readers == 1
    alone = looks.mutate(
        readers=ibis.ifelse(looks.marked & ~single, 0, looks.readers),
        longest=ibis.ifelse(looks.marked | single, ibis.null("int64"), looks.longest),
    )
    return as_frame(
        alone.group_by([*group, "annotator", "readers", "longest"]).aggregate(looks=alone.count()).to_pyarrow()
    )


def _marked(looks: ir.Table, spans: ir.Table, group: Sequence[str]) -> pd.DataFrame:
    """The looks at marked texts with two readers or more, a row for each span; one without a span has a row too."""
    unit = list(dict.fromkeys((*group, *_UNIT)))
    kept = looks.filter(looks.marked, looks.readers > 1)
    kept = kept.select(*dict.fromkeys((*unit, *_ANSWER)), "annotator", "readers", "longest")
    found = spans.select(*_ANSWER, "start", "end", "category", "severity").distinct()
    both = kept.left_join(found, list(_ANSWER))
    return as_frame(
        both.select(*unit, "annotator", "readers", "longest", "start", "end", "category", "severity").to_pyarrow()
    )


def _by_group(table: pd.DataFrame, group: Sequence[str]) -> list[tuple[tuple[str | None, ...], pd.DataFrame]]:
    parts = table.groupby(list(group), dropna=False, sort=True, observed=True)
    return [(tuple(name_group(group, key).values()), rows) for key, rows in parts]


def _of_group(group: dict[str, str | None], clean: pd.DataFrame, marked: pd.DataFrame | None, labels: Labels) -> Marks:
    kept = _NOTHING if marked is None else marked
    several = clean[clean["readers"] > 1]
    alike, of_clean = _numbered(several, ["readers", "longest"])
    first_text, text = _numbered(kept, list(_UNIT))
    first_look, look = _numbered(kept.assign(text=text), ["text", "annotator"])
    spans = kept["start"].notna().to_numpy()
    people = np.concatenate([each["annotator"].to_numpy(str) for each in (several, kept.iloc[first_look])])
    annotators, rater = np.unique(people, return_inverse=True)
    counted = several["looks"].to_numpy(np.int64)
    readers, length = (
        np.concatenate([several[name].to_numpy(np.float64)[alike], kept[name].to_numpy(np.float64)[first_text]])
        for name in ("readers", "longest")
    )
    ones = np.ones(len(first_text), np.int64)
    return Marks(
        group=group,
        readers=readers.astype(np.int64),
        length=length,
        texts=np.concatenate([_summed(of_clean, counted, len(alike)) // readers[: len(alike)].astype(np.int64), ones]),
        text=np.concatenate([of_clean, len(alike) + text[first_look]]),
        rater=rater,
        annotators=tuple(annotators.tolist()),
        looks=np.concatenate([counted, np.ones(len(first_look), np.int64)]),
        look=len(several) + look[spans],
        start=kept["start"][spans].to_numpy(np.int64),
        end=kept["end"][spans].to_numpy(np.int64),
        category=_codes(kept["category"][spans], labels.categories, group),
        severity=_codes(kept["severity"][spans], labels.severities, group),
        n_single=int(clean["looks"][clean["readers"] == 1].sum()),
    )


_COLUMNS = [*_UNIT, "annotator", "readers", "longest", "start", "end", "category", "severity"]
_NOTHING = pd.DataFrame({name: pd.Series(dtype=object) for name in _COLUMNS})


def _numbered(rows: pd.DataFrame, columns: list[str]) -> tuple[Integers, Integers]:
    """A row of each number, and the number of each row: equal rows have the same."""
    if rows.empty:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    number = rows.groupby(columns, dropna=False, sort=True, observed=True).ngroup().to_numpy(np.int64)
    _, first, place = np.unique(number, return_index=True, return_inverse=True)
    return first.astype(np.int64), place.astype(np.int64)


def _summed(number: Integers, counted: Integers, size: int) -> Integers:
    return np.asarray(np.bincount(number, weights=counted, minlength=size), np.int64)


def _codes(given: pd.Series, declared: tuple[str, ...], group: Mapping[str, str | None]) -> Integers:
    undeclared = sorted(set(given) - set(declared))
    if undeclared:
        raise UndeclaredCategory((str(group["workflow"]), str(group["question"]), code) for code in undeclared)
    return np.asarray(given.map({code: number for number, code in enumerate(declared)}), np.int64)
