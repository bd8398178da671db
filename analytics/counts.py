"""Judgments reduced to counts, in one pass of the engine: what agreement is computed from.

A *unit* is one item and target. A *pattern* says how many annotators gave each category to a unit. The rater-pattern
table counts, per group, annotator, pattern and own answer, how often that happened; the pattern table (how many units
show a pattern) follows from it. Neither grows with the number of items: three raters and five categories make 35
patterns. The expressions are plain Ibis, so they run on DuckDB and on Spark alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from analytics.dimensions import ALWAYS, DIMENSIONS
from analytics.errors import UndeclaredCategory, UnknownGrouping
from analytics.scales import Categories, QuestionKey

Integers: TypeAlias = npt.NDArray[np.int64]

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
    table = as_frame(rater_patterns(judgments, categories, group).to_pyarrow())
    check_declared(table[_OWN].to_numpy(np.int64), judgments, categories)
    return list(_split(table, group, categories))


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


def rater_patterns(judgments: ir.Table, categories: Mapping[QuestionKey, Categories], group: Sequence[str]) -> ir.Table:
    """The rater-pattern table: group, annotator, own (category number), n0, n1, … (the pattern) and judgments.

    Where an annotator answered more than once on a unit, the newest answer counts (of answers of the same
    millisecond, the one of the later category). Unanswered questions (a null value) are left out. `own` is beyond
    the last category, and in no pattern, for an answer that `categories` does not declare.
    """
    unit = list(dict.fromkeys((*group, "item", "target")))
    answers = newest_answers(judgments, categories, unit)
    size = beyond(categories)
    pattern = {f"n{k}": answers.count(where=answers[_OWN] == k) for k in range(size)}
    units = answers.group_by(unit).aggregate(**pattern)
    same_unit = [answers[key].identical_to(units[key]) if key in DIMENSIONS else key for key in unit]
    rated = answers.join(units, same_unit)
    return rated.group_by([*group, "annotator", _OWN, *pattern]).aggregate(**{_COUNT: rated.count()})


def newest_answers(judgments: ir.Table, categories: Mapping[QuestionKey, Categories], unit: Sequence[str]) -> ir.Table:
    """One row per unit and annotator: `own`, the number of the category of the newest answer.

    Instant and category are packed into one integer, because its maximum costs far less than sorting the answers.
    """
    known = numbered(judgments, categories)
    size = beyond(categories) + 1
    answers = known.group_by([*unit, "annotator"]).aggregate(newest=(known.instant * size + known[_OWN]).max())
    return answers.mutate(**{_OWN: answers.newest % size}).drop("newest")


def numbered(judgments: ir.Table, categories: Mapping[QuestionKey, Categories]) -> ir.Table:
    """The answers to these questions with `own`, the number of the category, and `instant`, milliseconds of `updated`.

    Unanswered questions (a null value) are left out; `own` is `beyond(categories)` where a code is not declared.
    """
    known = judgments.filter(_asked(judgments, categories), judgments.value.notnull())
    own = _category_number(known, categories).fill_null(beyond(categories))
    return known.mutate(**{_OWN: own, "instant": milliseconds(known.updated)})


def milliseconds(instant: ir.TimestampValue) -> ir.IntegerValue:
    """Milliseconds since 1970, 0 where it is not known."""
    return (instant.epoch_seconds().cast("int64") * 1_000 + instant.millisecond()).fill_null(0)


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


def _undeclared(judgments: ir.Table, categories: Mapping[QuestionKey, Categories]) -> list[tuple[str, str, str]]:
    asked = judgments.filter(_asked(judgments, categories), judgments.value.notnull())
    seen = asked.select("workflow", "question", "value").distinct().to_pandas()
    answers = sorted(seen.itertuples(index=False, name=None))
    return [(w, q, code) for w, q, code in answers if code not in categories[w, q].codes]


def _split(table: pd.DataFrame, group: Sequence[str], categories: Mapping[QuestionKey, Categories]) -> Iterator[Counts]:
    table["annotator"] = table["annotator"].cat.codes
    for key, rows in table.groupby(list(group), dropna=False, sort=True, observed=True):
        named = name_group(group, key)
        yield _group_counts(named, rows, len(categories[str(named["workflow"]), str(named["question"])].codes))


def _group_counts(group: dict[str, str | None], rows: pd.DataFrame, size: int) -> Counts:
    every = rows[[f"n{k}" for k in range(size)]].to_numpy(np.int64)
    patterns, pattern = _unique_rows(every)
    count = rows[_COUNT].to_numpy(np.int64)
    ratings = np.bincount(pattern, weights=count, minlength=len(patterns)).astype(np.int64)
    return Counts(
        group=group,
        patterns=patterns,
        units=ratings // patterns.sum(axis=1),
        rater=np.unique(rows["annotator"].to_numpy(np.int64), return_inverse=True)[1],
        pattern=pattern,
        own=rows[_OWN].to_numpy(np.int64),
        count=count,
    )


def _unique_rows(rows: Integers) -> tuple[Integers, Integers]:
    """The different rows, sorted, and which of them each row is: as one number a row, which sorts many times faster."""
    sizes = rows.max(axis=0) + 1
    if np.prod(sizes, dtype=np.float64) >= 2**62:  # too many for one number
        patterns, pattern = np.unique(rows, axis=0, return_inverse=True)
        return patterns, pattern
    _, first, pattern = np.unique(
        np.ravel_multi_index(tuple(rows.T), tuple(sizes)), return_index=True, return_inverse=True
    )
    return rows[first], pattern
