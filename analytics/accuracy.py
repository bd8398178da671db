"""Accuracy, precision, recall and F1 of answers against a reference, and which answers are taken for which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from analytics.counts import as_frame, beyond, check_declared, counts, grouping, name_group
from analytics.dimensions import DIMENSIONS
from analytics.estimate import Estimate, Over
from analytics.hits import Confusion, Figure, accurate, estimated, f1, macro, precision, proportion, recall, weighted
from analytics.intervals import check
from analytics.references import met
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
    n_without_reference: int = field(
        metadata={"description": "answers on which the reference is silent or, by majority, tied"}
    )
    small: bool = field(metadata={"description": "whether the sample is small: fewer than 30 items"})


_AVERAGES: Mapping[str, Figure] = {
    f"{how}_{name}": average(figure)
    for how, average in (("macro", macro), ("weighted", weighted))
    for name, figure in (("precision", precision), ("recall", recall), ("f1", f1))
    if (how, name) != ("weighted", "recall")  # that is accuracy
}
_ACCURATE = ("accuracy", "micro_precision", "micro_recall", "micro_f1", "weighted_recall")
"""With one answer a unit these are the same: the share of answers that are right."""


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

    `judgments` as in `plugins.frames`, with the columns of `by` and a layout; for these and `right` see
    `analytics.references`; `reference` is its name. An annotator's newest answer on a unit counts. Raises
    UnknownGrouping, UndeclaredCategory (of answers and of references), ImpossibleInterval.
    """
    check(over, level)
    group = grouping(by, judgments)
    if not categories:
        return []
    cells, patterns = counted(met(judgments, right, categories, group), group, beyond(categories))
    check_declared(cells["own"].to_numpy(np.int64), judgments, categories)
    check_declared(cells["right"].dropna().to_numpy(np.int64), right, categories)
    found = []
    for named, rows, items in by_group(cells, patterns, group):
        codes = categories[str(named["workflow"]), str(named["question"])].codes
        known = rows[rows["right"].notna()]
        silent = int(rows["count"].sum() - known["count"].sum())
        confusion = Confusion.of(known, items, len(codes))
        found.append(_row(named, reference, confusion, codes, silent, over, level))
    return found


def accuracy_by_majority(
    judgments: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[Accuracy]:
    """The same against what most of the other annotators of the unit in the group gave, where they are not tied.

    An annotator left out for the interval is left out of the others too. Raises as `accuracy` does.
    """
    check(over, level)
    placed = judgments.mutate(item=judgments.layout + "\x1f" + judgments.item)
    found = []
    for group in counts(placed, categories, by):
        codes = categories[str(group.group["workflow"]), str(group.group["question"])].codes
        confusion = Confusion.by_majority(group)
        silent = int(group.count.sum()) - int(confusion.table.sum())
        found.append(_row(group.group, "majority", confusion, codes, silent, over, level))
    return found


def counted(answers: ir.Table, group: Sequence[str], size: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The counts of a group that `Confusion` is made of: by annotator, `own` and `right`; and by the items' numbers."""
    number = [f"{name}{k}" for name in ("hit", "given", "right") for k in range(size)]
    table = as_frame(_cells(answers, group, size).to_pyarrow())
    cells = (
        table.groupby([*group, "annotator", "own", "right"], dropna=False, observed=True)["count"].sum().reset_index()
    )
    known = table[table["right"].notna()]
    patterns = known.groupby([*group, *number], dropna=False, observed=True)["count"].sum().reset_index()
    each = patterns[[f"given{k}" for k in range(size)]].sum(axis=1)
    return cells, patterns.assign(items=patterns["count"] // each)


def _cells(answers: ir.Table, group: Sequence[str], size: int) -> ir.Table:
    """How often each annotator gave `own` where `right` is right on items with such numbers of hits and so on."""
    unit = list(dict.fromkeys((*group, "item")))
    number = {
        f"{name}{k}": answers.count(where=test.fill_null(False))
        for k in range(size)
        for name, test in (
            ("hit", (answers.own == k) & (answers.right == k)),
            ("given", (answers.own == k) & answers.right.notnull()),
            ("right", answers.right == k),
        )
    }
    items = answers.group_by(unit).aggregate(**number)
    rated = answers.join(items, [answers[key].identical_to(items[key]) if key in DIMENSIONS else key for key in unit])
    return rated.group_by([*group, "annotator", "own", "right", *number]).aggregate(count=rated.count())


def by_group(
    cells: pd.DataFrame, patterns: pd.DataFrame, group: Sequence[str]
) -> Iterator[tuple[dict[str, str | None], pd.DataFrame, pd.DataFrame | None]]:
    """Each group's name, and its rows of the two tables of `counted`, sorted by group."""
    items = dict(_parts(patterns, group))
    for key, rows in _parts(cells, group):
        yield dict(zip(group, key, strict=True)), rows, items.get(key)


def _parts(table: pd.DataFrame, group: Sequence[str]) -> list[tuple[tuple[str | None, ...], pd.DataFrame]]:
    parts = table.groupby(list(group), dropna=False, sort=True, observed=True)
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
    share = accurate(confusion, over, level, "no answer has a reference")
    averages = {name: estimated(confusion, figure, over, level) for name, figure in _AVERAGES.items()}
    table = confusion.table
    return Accuracy(
        group=group,
        reference=reference,
        estimates={**dict.fromkeys(_ACCURATE, share), **averages},
        classes={code: _class(confusion, k, over, level) for k, code in enumerate(codes)},
        confusion={code: dict(zip(codes, row, strict=True)) for code, row in zip(codes, table.tolist(), strict=True)},
        n_without_reference=silent,
        small=share.n_items < SMALL,
    )


def _class(confusion: Confusion, k: int, over: Over, level: float) -> ClassFigures:
    hit, given, right = (np.eye(3 * confusion.size)[k + place * confusion.size] for place in range(3))
    table = confusion.table
    absent = "it is neither right nor given anywhere"
    score = estimated(confusion, lambda total: f1(total)[..., k], over, level, nothing=absent)
    return ClassFigures(
        precision=proportion(confusion, hit, given, over, level, "no answer is this one"),
        recall=proportion(confusion, hit, right, over, level, "this is nowhere the right answer"),
        f1=score,
        right=int(table[k].sum()),
        given=int(table[:, k].sum()),
    )
