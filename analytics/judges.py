"""How far people agree with a model that judges: with its answers, and it with the majority of theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from analytics.accuracy import SMALL, by_group, counted
from analytics.agreement import group_agreement
from analytics.counts import beyond, check_declared, counts, grouping, newest_answers
from analytics.estimate import Estimate, Over
from analytics.hits import Confusion, ac1, accurate, alpha, estimated, kappa
from analytics.intervals import AT_MOST_ONE, check
from analytics.literature import Benchmark, limits
from analytics.references import PLACE, majority, met
from analytics.scales import Categories, QuestionKey

_Key: TypeAlias = tuple[str | None, ...]

_SILENT = "nobody answered what the judge answered, unseen"


@dataclass(frozen=True)
class Judge:
    """One judge in one group: `group` names workflow, question and the columns asked for.

    `estimates` by name: `percent`, `kappa`, `alpha_nominal` and `ac1` of people's answers and the judge's, two raters
    of which one is always the judge; `people_percent`, of two people on the same items; and `of_majority`, how often
    the judge gives the answer that most people gave, where they are not tied. Answers of people who saw what a helper
    proposed do not count.
    """

    group: dict[str, str | None]
    helper: str = field(metadata={"description": "`judge`, or `rubric` if it was given the guideline"})
    provider: str = field(metadata={"description": "the model that answered, with version"})
    estimates: dict[str, Estimate]
    small: bool = field(metadata={"description": "whether the sample is small: fewer than 30 items"})
    benchmarks: tuple[Benchmark, ...] = field(metadata={"description": "published figures to compare with"})


def judges(
    judgments: ir.Table,
    proposed: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[Judge]:
    """Each model's agreement with people, per workflow, question and the columns of `by`, sorted by helper and model.

    `judgments` with a layout, `proposed` as `analytics.references.suggested` gives them, with a layout too. Raises
    UnknownGrouping, UndeclaredCategory, ImpossibleInterval.
    """
    check(over, level)
    grouping(by, judgments)
    known = proposed.select("helper", "provider").distinct().order_by("helper", "provider").to_pyarrow().to_pylist()
    rows: list[Judge] = []
    for each in known if categories else ():
        answers = proposed.filter(proposed.helper == each["helper"], proposed.provider == each["provider"])
        rows += _of(judgments, answers, each, categories, by, over, level)
    return rows


def _of(
    judgments: ir.Table,
    answers: ir.Table,
    named: Mapping[str, str],
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str],
    over: Over,
    level: float,
) -> list[Judge]:
    """The rows of one judge, sorted by group."""
    group, judged = grouping(by, judgments), judgments.semi_join(answers, list(PLACE))
    cells, patterns = counted(met(judged, answers, categories, group), group, beyond(categories))
    check_declared(cells["own"].to_numpy(np.int64), judged, categories)
    check_declared(cells["right"].to_numpy(np.int64), answers, categories)
    people = {_key(each.group): each for each in counts(judged, categories, by)}
    crowd = _confusions(
        *counted(_with_majority(judged, answers, categories, group), group, beyond(categories)), categories, group
    )
    rows = []
    for key, confusion in _confusions(cells, patterns, categories, group).items():
        each = people[key]
        both = group_agreement(each, categories[_question(each.group)], ("percent",), over, level)
        estimates = {
            **_estimates(confusion, over, level),
            "people_percent": both.estimates["percent"],
            "of_majority": accurate(crowd[key], "items", level, "no item has a majority"),
        }
        small = estimates["percent"].n_items < SMALL
        benchmarks = limits(estimates)
        rows.append(Judge(each.group, named["helper"], named["provider"], estimates, small, benchmarks))
    return rows


def _estimates(confusion: Confusion, over: Over, level: float) -> dict[str, Estimate]:
    figures = {"kappa": kappa, "alpha_nominal": alpha, "ac1": ac1}
    return {
        "percent": accurate(confusion, over, level, _SILENT),
        **{name: estimated(confusion, figure, over, level, AT_MOST_ONE) for name, figure in figures.items()},
    }


def _with_majority(
    judged: ir.Table, answers: ir.Table, categories: Mapping[QuestionKey, Categories], group: Sequence[str]
) -> ir.Table:
    """One row a unit of a group: `own` is the judge's answer, `right` the majority's; nobody is the annotator."""
    newest = newest_answers(answers.mutate(annotator=ibis.literal("")), categories, PLACE)
    return majority(judged, categories, group).join(newest, list(PLACE))


def _confusions(
    cells: pd.DataFrame, patterns: pd.DataFrame, categories: Mapping[QuestionKey, Categories], group: Sequence[str]
) -> dict[_Key, Confusion]:
    """The counts by group of the two tables of `analytics.accuracy.counted`."""
    found = {}
    for named, rows, items in by_group(cells, patterns, group):
        size = len(categories[_question(named)].codes)
        found[_key(named)] = Confusion.of(rows[rows["right"].notna()], items, size)
    return found


def _key(group: Mapping[str, str | None]) -> _Key:
    return tuple(group.values())


def _question(group: Mapping[str, str | None]) -> QuestionKey:
    return str(group["workflow"]), str(group["question"])
