"""Judgments reduced to counts, in one pass of the engine: what agreement is computed from.

A *unit* is one item and target. A *pattern* says how many annotators gave each category to a unit. The rater-pattern
table counts, per group, annotator, pattern and own answer, how often that happened; the pattern table (how many units
show a pattern) follows from it. Neither grows with the number of items: three raters and five categories make 35
patterns. The expressions are plain Ibis, so they run on DuckDB and on Spark alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from analytics.dimensions import ALWAYS, DIMENSIONS
from analytics.errors import UndeclaredCategory, UnknownGrouping
from analytics.patterns import milliseconds as milliseconds  # noqa: PLC0414, others have it from here
from analytics.patterns import patterns_by_rater
from analytics.scales import Categories, QuestionKey

Integers: TypeAlias = npt.NDArray[np.int64]

ASKED = "asked"
"""The place of an answer's question among those that are asked: one small number in place of two texts."""
_OWN = "own"
_COUNT = "judgments"


@dataclass(frozen=True)
class Counts:
    """The two count tables of one group, as arrays.

    `patterns` (patterns × categories) is sorted by row and `units` (patterns,) says how many units show each. `rater`,
    `pattern` (row of `patterns`), `own` (category) and `count` are the columns of the rater-pattern table; raters are
    numbered from 0 without gaps.
    """

    group: dict[str, str | None]
    patterns: Integers
    units: Integers
    rater: Integers
    pattern: Integers
    own: Integers
    count: Integers


def grouping(by: Sequence[str], table: ir.Table) -> list[str]:
    """Workflow, question and the columns of `by`, each once; raises UnknownGrouping.

    >>> grouping(["locale", "question"], ibis.table({"locale": "string"}, name="judgments"))
    ['workflow', 'question', 'locale']
    """
    for column in by:
        if column not in (*ALWAYS, *DIMENSIONS) or column not in (*ALWAYS, *table.columns):
            raise UnknownGrouping(column, (*ALWAYS, *(each for each in DIMENSIONS if each in table.columns)))
    return list(dict.fromkeys((*ALWAYS, *by)))


def name_group(group: Sequence[str], key: Any) -> dict[str, str | None]:
    """A group's key, as pandas gives it, by column; a missing value is None.

    >>> name_group(["workflow", "vendor"], ("preference", float("nan")))
    {'workflow': 'preference', 'vendor': None}
    """
    return {name: None if pd.isna(value) else str(value) for name, value in zip(group, key, strict=True)}


def counts(
    judgments: ir.Table, categories: Mapping[QuestionKey, Categories], by: Sequence[str] = ("locale",)
) -> list[Counts]:
    """Both count tables of every group, sorted by group; raises UndeclaredCategory and UnknownGrouping."""
    group = grouping(by, judgments)
    if not categories:
        return []
    within = [name for name in group if name not in ALWAYS]
    table = as_frame(_rater_patterns(judgments, categories, within).to_pyarrow())
    check_declared(table[_OWN].to_numpy(np.int64), judgments, categories)
    return list(_split(table, within, categories))


def rater_patterns(judgments: ir.Table, categories: Mapping[QuestionKey, Categories], group: Sequence[str]) -> ir.Table:
    """The rater-pattern table: group, annotator, own (category number), n0, n1, … (the pattern) and judgments.

    Where an annotator answered more than once on a unit, the newest answer counts (of answers of the same millisecond,
    the one of the later category). Unanswered questions (a null value) are left out. `own` is beyond the last category,
    and in no pattern, for an answer that `categories` does not declare. Two rows may be alike but for their judgments,
    which add up.
    """
    found = _rater_patterns(judgments, categories, [name for name in group if name not in ALWAYS])
    return _named(found, categories).drop(ASKED)


def _named(table: ir.Table, categories: Mapping[QuestionKey, Categories]) -> ir.Table:
    """With workflow and question."""
    names = zip(ALWAYS, zip(*sorted(categories), strict=True), strict=True)
    return table.mutate(**{name: table[ASKED].cases(*enumerate(texts)) for name, texts in names})


def _rater_patterns(
    judgments: ir.Table, categories: Mapping[QuestionKey, Categories], within: Sequence[str]
) -> ir.Table:
    answers = placed(numbered(judgments, categories), categories)
    return patterns_by_rater(answers, [ASKED, *within], beyond(categories))


def check_declared(own: Integers, judgments: ir.Table, categories: Mapping[QuestionKey, Categories]) -> None:
    """Raises UndeclaredCategory where one of these category numbers is beyond the last; it names the answers."""
    if (own == beyond(categories)).any():
        raise UndeclaredCategory(_undeclared(judgments, categories))


def as_frame(table: pa.Table) -> pd.DataFrame:
    """Texts as categories, sorted: a million rows would else be a million Python strings a column."""
    texts = [name for name in table.column_names if pa.types.is_string(table.schema.field(name).type)]
    frame: pd.DataFrame = table.to_pandas(categories=texts)
    for name in texts:
        frame[name] = frame[name].cat.reorder_categories(sorted(frame[name].cat.categories))
    return frame


def newest_answers(judgments: ir.Table, categories: Mapping[QuestionKey, Categories], unit: Sequence[str]) -> ir.Table:
    """One row per unit and annotator: `own`, the number of the category of the newest answer.

    Instant and category are packed into one integer, because its maximum costs far less than sorting the answers.
    """
    known = placed(numbered(judgments, categories), categories)
    size = beyond(categories) + 1
    key = [ASKED, *(name for name in unit if name not in ALWAYS), "annotator"]
    answers = known.group_by(key).aggregate(newest=(known.instant * size + known[_OWN]).max())
    named = _named(answers, categories)
    return named.select(*unit, "annotator", **{_OWN: named.newest % size})


def numbered(judgments: ir.Table, categories: Mapping[QuestionKey, Categories]) -> ir.Table:
    """The answers to these questions with `own`, the number of the category, and `instant`, milliseconds of `updated`.

    Unanswered questions (a null value) are left out; `own` is `beyond(categories)` where a code is not declared.
    """
    known = judgments.filter(_asked(judgments, categories), judgments.value.notnull())
    own = _category_number(known, categories).fill_null(beyond(categories))
    return known.mutate(**{_OWN: own, "instant": milliseconds(known.updated)})


def placed(answers: ir.Table, questions: Collection[QuestionKey]) -> ir.Table:
    """Answers to these questions with `asked`, the place of their question among the sorted ones."""
    return answers.mutate(**{ASKED: _place(answers, sorted(questions))})


def beyond(categories: Mapping[QuestionKey, Categories]) -> int:
    """The number of an answer that its question does not declare: beyond the last category of any."""
    return max(len(each.codes) for each in categories.values())


def _asked(judgments: ir.Table, questions: Mapping[QuestionKey, Any]) -> ir.BooleanValue:
    tests = [(judgments.workflow == workflow) & (judgments.question == question) for workflow, question in questions]
    return ibis.or_(*tests)


def _category_number(answers: ir.Table, categories: Mapping[QuestionKey, Categories]) -> ir.IntegerValue:
    numbers = [
        (
            (answers.workflow == workflow) & (answers.question == question),
            answers.value.cases(*((code, k) for k, code in enumerate(each.codes))),
        )
        for (workflow, question), each in categories.items()
    ]
    return ibis.cases(*numbers)


def _place(answers: ir.Table, questions: Sequence[QuestionKey]) -> ir.IntegerValue:
    last = ibis.literal(len(questions) - 1, "int64")
    tests = [(_asked(answers, {key: None}), place) for place, key in enumerate(questions[:-1])]
    return ibis.cases(*tests, else_=last) if tests else last


def _undeclared(judgments: ir.Table, categories: Mapping[QuestionKey, Categories]) -> list[tuple[str, str, str]]:
    asked = judgments.filter(_asked(judgments, categories), judgments.value.notnull())
    seen = asked.select("workflow", "question", "value").distinct().to_pandas()
    answers = sorted(seen.itertuples(index=False, name=None))
    return [(w, q, code) for w, q, code in answers if code not in categories[w, q].codes]


def _split(
    table: pd.DataFrame, within: Sequence[str], categories: Mapping[QuestionKey, Categories]
) -> Iterator[Counts]:
    table["annotator"] = table["annotator"].cat.codes
    questions = sorted(categories)
    for key, rows in table.groupby([ASKED, *within], dropna=False, sort=True, observed=True):
        place, *values = cast("tuple[int, ...]", key)
        question = questions[place]
        named = dict(zip(ALWAYS, question, strict=True)) | name_group(within, values)
        yield _group_counts(named, rows, len(categories[question].codes))


def settled_counts(group: dict[str, str | None], unit: Integers, rater: Integers, own: Integers, size: int) -> Counts:
    """Both count tables of one group, from the units, annotators and categories of its answers, each counted once."""
    given = np.bincount(unit * size + own, minlength=(int(unit.max()) + 1) * size).reshape(-1, size)
    patterns, number = unique_rows(given)
    rater = np.unique(rater, return_inverse=True)[1]
    cells, cell = unique_rows(np.column_stack([rater, number[unit], own]))
    rater, pattern, own = cells.T
    return Counts(group, patterns, np.bincount(number), rater, pattern, own, np.bincount(cell))


def _group_counts(group: dict[str, str | None], rows: pd.DataFrame, size: int) -> Counts:
    patterns, pattern = unique_rows(rows[[f"n{k}" for k in range(size)]].to_numpy(np.int64))
    rater = np.unique(rows["annotator"].to_numpy(np.int64), return_inverse=True)[1]
    cells, cell = unique_rows(np.column_stack([rater, pattern, rows[_OWN].to_numpy(np.int64)]))
    count = np.bincount(cell, weights=rows[_COUNT].to_numpy(np.float64)).astype(np.int64)
    rater, pattern, own = cells.T
    ratings = np.bincount(pattern, weights=count, minlength=len(patterns)).astype(np.int64)
    units = ratings // patterns.sum(axis=1)
    return Counts(group=group, patterns=patterns, units=units, rater=rater, pattern=pattern, own=own, count=count)


def unique_rows(rows: Integers) -> tuple[Integers, Integers]:
    """The different rows, sorted, and which of them each row is: as one number a row, which sorts many times faster."""
    sizes = rows.max(axis=0) + 1
    if np.prod(sizes, dtype=np.float64) >= 2**62:  # too many for one number
        patterns, pattern = np.unique(rows, axis=0, return_inverse=True)
        return patterns, pattern
    _, first, pattern = np.unique(
        np.ravel_multi_index(tuple(rows.T), tuple(sizes)), return_index=True, return_inverse=True
    )
    return rows[first], pattern
