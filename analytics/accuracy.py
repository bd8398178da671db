"""Accuracy, precision, recall and F1 of answers against a reference, and which answers are taken for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from analytics.counts import check_declared, grouping, name_group, newest_answers
from analytics.estimate import Estimate, Over
from analytics.hits import Confusion, Figure, estimated, f1, macro, precision, proportion, recall, weighted
from analytics.intervals import check
from analytics.references import UNIT
from analytics.scales import Categories, QuestionKey

SMALL = 30
"""A sample of fewer items is called small."""


@dataclass(frozen=True)
class ClassFigures:
    """How well one category is told from the others: `right` answers should have given it, `given` ones did."""

    precision: Estimate
    recall: Estimate
    f1: Estimate
    right: int
    given: int


@dataclass(frozen=True)
class Accuracy:
    """Answers of one group against a reference.

    `confusion` counts answers by the right category, then by the one that was given.
    """

    group: dict[str, str | None]
    reference: str = field(metadata={"description": "what the answers were measured against"})
    estimates: dict[str, Estimate]
    classes: dict[str, ClassFigures]
    confusion: dict[str, dict[str, int]]
    n_without_reference: int = field(metadata={"description": "answers on which the reference is silent"})
    small: bool = field(metadata={"description": "whether the sample is small: fewer than 30 items"})


_AVERAGES: Mapping[str, Figure] = {
    f"{how}_{name}": average(figure)
    for how, average in (("macro", macro), ("weighted", weighted))
    for name, figure in (("precision", precision), ("recall", recall), ("f1", f1))
    if (how, name) != ("weighted", "recall")  # that is accuracy
}


def accuracy(
    judgments: ir.Table,
    right: ir.Table,
    *,
    reference: str,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[Accuracy]:
    """Figures per workflow, question and the columns of `by`, one row a group, sorted by group.

    `judgments` as in `plugins.frames`, with the columns of `by`; `right` as in `analytics.references`, where the newest
    value of a unit counts; `reference` is its name. An annotator's newest answer on a unit counts. Raises
    UnknownGrouping, UndeclaredCategory (of answers and of references), ImpossibleInterval.
    """
    check(over, level)
    group = grouping(by, judgments)
    if not categories:
        return []
    met = _met(judgments, right, categories, group)
    cells = met.group_by([*group, "annotator", "own", "right"]).aggregate(count=met.count()).to_pandas()
    check_declared(cells["own"].to_numpy(np.int64), judgments, categories)
    check_declared(cells["right"].dropna().to_numpy(np.int64), right, categories)
    patterns = dict(_by_group(_patterns(met, group, max(len(each.codes) for each in categories.values())), group))
    found = []
    for key, rows in _by_group(cells, group):
        named = dict(zip(group, key, strict=True))
        codes = categories[str(named["workflow"]), str(named["question"])].codes
        known = rows[rows["right"].notna()]
        silent = int(rows["count"].sum() - known["count"].sum())
        confusion = Confusion.of(known, patterns.get(key), len(codes))
        found.append(_row(named, reference, confusion, codes, silent, over, level))
    return found


def _met(
    judgments: ir.Table, right: ir.Table, categories: Mapping[QuestionKey, Categories], group: Sequence[str]
) -> ir.Table:
    """One row a unit and annotator: `own` and `right` as category numbers, `right` null where there is none."""
    answers = newest_answers(judgments, categories, list(dict.fromkeys((*group, *UNIT))))
    newest = newest_answers(right.mutate(annotator=ibis.literal("")), categories, UNIT)
    return answers.left_join(newest.select(*UNIT, right="own"), list(UNIT)).drop(*(f"{key}_right" for key in UNIT))


def _patterns(met: ir.Table, group: Sequence[str], size: int) -> pd.DataFrame:
    """How many items of each group have the same numbers of hits, given and right answers of each category."""
    known = met.filter(met.right.notnull())
    number = {
        f"{name}{k}": known.count(where=test)
        for k in range(size)
        for name, test in (
            ("hit", (known.own == k) & (known.right == k)),
            ("given", known.own == k),
            ("right", known.right == k),
        )
    }
    items = known.group_by(list(dict.fromkeys((*group, "item")))).aggregate(**number)
    patterns: pd.DataFrame = items.group_by([*group, *number]).aggregate(items=items.count()).to_pandas()
    return patterns


def _by_group(table: pd.DataFrame, group: Sequence[str]) -> list[tuple[tuple[str | None, ...], pd.DataFrame]]:
    parts = table.groupby(list(group), dropna=False, sort=True)
    return [(tuple(name_group(group, key).values()), rows) for key, rows in parts]


def _row(
    group: dict[str, str | None],
    reference: str,
    confusion: Confusion,
    codes: Sequence[str],
    silent: int,
    over: Over,
    level: float,
) -> Accuracy:
    size = len(codes)
    hits, everything = np.repeat([1.0, 0.0], [size, 2 * size]), np.repeat([0.0, 1.0, 0.0], size)
    share = proportion(confusion, hits, everything, over, level, "no answer has a reference")
    averages = {name: estimated(confusion, figure, over, level) for name, figure in _AVERAGES.items()}
    table = confusion.table()
    return Accuracy(
        group=group,
        reference=reference,
        estimates={"accuracy": share, **averages},
        classes={code: _class(confusion, k, over, level) for k, code in enumerate(codes)},
        confusion={code: dict(zip(codes, row, strict=True)) for code, row in zip(codes, table.tolist(), strict=True)},
        n_without_reference=silent,
        small=share.n_items < SMALL,
    )


def _class(confusion: Confusion, k: int, over: Over, level: float) -> ClassFigures:
    hit, given, right = (np.eye(3 * confusion.size)[k + place * confusion.size] for place in range(3))
    table = confusion.table()
    score = estimated(confusion, lambda total: f1(total)[..., k], over, level)
    if score.value is None and score.n_items:
        score = replace(score, undefined="it is neither right nor given anywhere")
    return ClassFigures(
        precision=proportion(confusion, hit, given, over, level, "no answer is this one"),
        recall=proportion(confusion, hit, right, over, level, "this is nowhere the right answer"),
        f1=score,
        right=int(table[k].sum()),
        given=int(table[:, k].sum()),
    )
