"""Answers as numbers: free ones, and codes that have a number; reduced to moments of each unit by the engine.

A *unit* is one item and target. What statistics need of it is how many ratings it has, their mean, and the sum of their
squared deviations from it. Ratings of one annotator with the same value, on units with the same three, are one row, so
what leaves the engine is no larger than the answers, and for scales of few steps far smaller. No value is ever
compared with each other value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.coefficients import ROUNDING
from analytics.counts import as_frame, grouping, milliseconds, name_group
from analytics.errors import NotNumeric, UndeclaredCategory
from analytics.scales import Categories, QuestionKey
from analytics.scales import categories as categories_of
from guidelines.model import Workflow

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

NAMED = 10
"""How many answers an error names."""

GREATEST = float(np.finfo(np.float64).max)
"""What is more is infinite; or no number, which engines sort last."""


@dataclass(frozen=True)
class Number:
    """A question that is answered with a number, from `minimum` to `maximum` where the guideline says so."""

    minimum: float | None = None
    maximum: float | None = None


Numeric: TypeAlias = Categories | Number


def numeric(workflows: Mapping[str, Workflow]) -> dict[QuestionKey, Numeric]:
    """The questions of these workflows whose answers are numbers: free ones, and ordered codes that all have one."""
    coded = {key: each for key, each in categories_of(workflows).items() if each.numbers is not None}
    return {**free_numbers(workflows), **coded}


def free_numbers(workflows: Mapping[str, Workflow]) -> dict[QuestionKey, Number]:
    """The questions of these workflows that are answered with a free number."""
    return {
        (workflow.id, question.id): Number(question.minimum, question.maximum)
        for workflow in workflows.values()
        for question in workflow.questions
        if question.kind == "number"
    }


def has_numbers(question: Numeric) -> bool:
    """Whether all answers to it are worth a number.

    >>> has_numbers(Categories(("yes", "no"), "nominal"))
    False
    """
    return isinstance(question, Number) or question.numbers is not None


@dataclass(frozen=True)
class Moments:
    """The ratings of one group, a row for those that are alike.

    `own` (k,) is the rating, `rater` (k,) who gave it (numbered from 0 without gaps), `count` (k,) how often. Of the
    unit it stands in, `given` (k,) is the number of ratings, `mean` (k,) their mean and `spread` (k,) the sum of their
    squared deviations from it.
    """

    group: dict[str, str | None]
    own: Floats
    rater: Integers
    count: Floats
    given: Floats
    mean: Floats
    spread: Floats

    @property
    def units(self) -> Floats:
        """Of how many units each row stands: a unit with three ratings is a third in each: (k,)."""
        return self.count / self.given

    @property
    def raters(self) -> int:
        """How many annotators there are."""
        return int(self.rater.max()) + 1

    def only(self, rows: npt.NDArray[np.bool_]) -> Moments:
        """These rows; whole units, or their moments no longer hold."""
        own, count, given, mean, spread = (
            each[rows] for each in (self.own, self.count, self.given, self.mean, self.spread)
        )
        return Moments(self.group, own, self.rater[rows], count, given, mean, spread)

    def standardised(self) -> tuple[Moments, float, float]:
        """With mean 0 and variance 1, and what they were lessened and divided by: numbers far from 0 lose digits.

        Ratings that are all the same are divided by 1.
        """
        centre = float(self.count @ self.own / self.count.sum())
        scale = float(self.count @ (self.own - centre) ** 2 / self.count.sum()) ** 0.5
        scale = scale if scale > ROUNDING * abs(centre) else 1.0
        own, mean = (self.own - centre) / scale, (self.mean - centre) / scale
        return replace(self, own=own, mean=mean, spread=self.spread / scale**2), centre, scale

    @classmethod
    def of(cls, ratings: npt.ArrayLike, unit: npt.ArrayLike, rater: npt.ArrayLike) -> Moments:
        """From ratings (k,), the unit and the annotator of each (k,), without a group.

        >>> Moments.of([1, 3, 5], [0, 0, 1], ["a", "b", "b"]).mean
        array([2., 2., 5.])
        """
        own = np.asarray(ratings, np.float64)
        number = np.unique(np.asarray(unit), return_inverse=True)[1]
        given = np.bincount(number).astype(np.float64)
        mean = np.bincount(number, weights=own) / given
        spread = np.asarray(np.bincount(number, weights=(own - mean[number]) ** 2), np.float64)
        raters = np.unique(np.asarray(rater), return_inverse=True)[1]
        return cls({}, own, raters, np.ones(len(own)), given[number], mean[number], spread[number])


def moments(
    judgments: ir.Table, questions: Mapping[QuestionKey, Numeric], by: Sequence[str] = ("locale",)
) -> list[Moments]:
    """The ratings of every group, sorted by group; raises UnknownGrouping, NotNumeric, UndeclaredCategory.

    `judgments` has the columns of `plugins.frames.JUDGMENTS` and those of `by`. An annotator's newest answer on a unit
    counts (of two in the same millisecond, the greater).
    """
    group = grouping(by, judgments)
    if not questions:
        return []
    table = as_frame(alike(judgments, questions, group).to_pyarrow())
    check_numeric(table["own"].to_numpy(), judgments, questions)
    return list(_split(table, group))


def alike(judgments: ir.Table, questions: Mapping[QuestionKey, Numeric], group: Sequence[str]) -> ir.Table:
    """Group, annotator, own, given, mean, spread (as in `Moments`) and in how many judgments these are the same."""
    unit = list(dict.fromkeys((*group, "item", "target")))
    answers = newest_numbers(judgments, questions, unit)
    same_unit = ibis.window(group_by=unit)
    given, own = answers.count().over(same_unit), answers.own
    rated = answers.mutate(
        given=given, mean=own.mean().over(same_unit), spread=own.var(how="pop").over(same_unit) * given
    )
    return rated.group_by([*group, "annotator", "own", "given", "mean", "spread"]).aggregate(judgments=rated.count())


def newest_numbers(judgments: ir.Table, questions: Mapping[QuestionKey, Numeric], unit: Sequence[str]) -> ir.Table:
    """One row per unit and annotator: `own`, the newest answer; not a number where it is none, or off the scale."""
    known = known_numbers(judgments, questions)
    newest = ibis.struct({"instant": known.instant, "own": known.own}).max()
    answers = known.group_by([*unit, "annotator"]).aggregate(newest=newest)
    return answers.mutate(own=answers.newest["own"]).drop("newest")


def known_numbers(judgments: ir.Table, questions: Mapping[QuestionKey, Numeric]) -> ir.Table:
    """The answers to these questions with `own`, the number as in `newest_numbers`, and `instant`, its milliseconds."""
    known = judgments.filter(_asked(judgments, questions), judgments.value.notnull())
    return known.mutate(own=_number(known, questions), instant=milliseconds(known.updated))


def _asked(judgments: ir.Table, questions: Mapping[QuestionKey, Numeric]) -> ir.BooleanValue:
    tests = [(judgments.workflow == workflow) & (judgments.question == question) for workflow, question in questions]
    return ibis.or_(*tests)


def _number(answers: ir.Table, questions: Mapping[QuestionKey, Numeric]) -> ir.FloatingValue:
    nothing = ibis.literal(float("nan"))
    numbers = [
        ((answers.workflow == workflow) & (answers.question == question), _one_number(answers, each))
        for (workflow, question), each in questions.items()
    ]
    return ibis.cases(*numbers).fill_null(nothing)


def _one_number(answers: ir.Table, question: Numeric) -> ir.FloatingValue:
    if isinstance(question, Categories):
        numbers = question.numbers or tuple(map(float, range(len(question.codes))))
        return answers.value.cases(*zip(question.codes, numbers, strict=True))
    inside = answers.number.notnull() & (answers.number.abs() <= GREATEST)
    if question.minimum is not None:
        inside &= answers.number >= question.minimum
    if question.maximum is not None:
        inside &= answers.number <= question.maximum
    return inside.ifelse(answers.number, None)


def check_numeric(own: Floats, judgments: ir.Table, questions: Mapping[QuestionKey, Numeric]) -> None:
    """Raises UndeclaredCategory or NotNumeric where one of these answers is no number; it names some of them."""
    if not np.isnan(own).any():
        return
    asked = judgments.filter(_asked(judgments, questions), judgments.value.notnull())
    wrong = asked.filter(_number(asked, questions).isnan()).select("workflow", "question", "value").distinct()
    named = wrong.order_by("workflow", "question", "value").limit(NAMED).to_pandas()
    answers: list[tuple[str, str, str]] = list(named.itertuples(index=False, name=None))
    undeclared = [each for each in answers if isinstance(questions[each[:2]], Categories)]
    raise UndeclaredCategory(undeclared) if undeclared else NotNumeric(answers)


def _split(table: pd.DataFrame, group: Sequence[str]) -> Iterator[Moments]:
    table["annotator"] = table["annotator"].cat.codes
    columns = ["own", "judgments", "given", "mean", "spread"]
    for key, rows in table.groupby(list(group), dropna=False, sort=True, observed=True):
        own, count, given, mean, spread = (rows[name].to_numpy(np.float64) for name in columns)
        rater = np.unique(rows["annotator"].to_numpy(np.int64), return_inverse=True)[1]
        yield Moments(name_group(group, key), own, rater, count, given, mean, spread)
