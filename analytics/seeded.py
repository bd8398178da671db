"""Which of the errors that were put into responses on purpose the people find who mark errors there."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from analytics.accuracy import SMALL
from analytics.counts import grouping, milliseconds, name_group
from analytics.estimate import Estimate, Over
from analytics.intervals import check
from analytics.ratios import Ratio, moments
from analytics.reviews.decided import KEY, of
from analytics.reviews.figures import Row, share
from analytics.scales import QuestionKey

_SEEDS = {
    **dict.fromkeys(("workflow", "item", "category", "severity"), "string"),
    **dict.fromkeys(("number", "first", "after"), "int64"),
}
_TARGET = "a"  # errors are put into the only response of an item
_EVERY = ""  # instead of a category
_FOUND, _NAMED, _WEIGHED = Ratio("found", "sought"), Ratio("named", "found"), Ratio("weighed", "found")


@dataclass(frozen=True)
class Seeded:
    """How many of the seeded errors of a group are found: of one category, or of all together."""

    group: dict[str, str | None]
    category: str | None = field(metadata={"description": "of the seeded errors; null: of whatever category"})
    found: Estimate = field(metadata={"description": "the share of seeded errors that a mark overlaps"})
    category_right: Estimate = field(
        metadata={"description": "of those found, the share with a mark of their category"}
    )
    severity_right: Estimate = field(
        metadata={"description": "of those found, the share with a mark of their severity"}
    )
    small: bool = field(metadata={"description": "whether the sample is small: fewer than 30 items"})


def seeded(
    judgments: ir.Table,
    spans: ir.Table,
    items: ir.Table,
    *,
    questions: Collection[QuestionKey],
    by: Sequence[str] = ("locale",),
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[Seeded]:
    """Seeded errors found, per workflow, question and the columns of `by`, sorted by group; all, then each category.

    `judgments` as in `plugins.frames`, with the columns of `by`; `spans` and `items` likewise; `questions` are those in
    which errors are marked. An error is sought by everybody who answers about its response, and found by those who mark
    at least one of its characters; an annotator's newest answer counts. Raises UnknownGrouping, ImpossibleInterval.
    """
    check(over, level)
    group = grouping(by, judgments)
    if not questions:
        return []
    seeds = seeds_of(items.filter(items.workflow.isin(sorted({workflow for workflow, _ in questions}))))
    each = _sought(_newest(of(judgments, questions), group), spans, seeds, group)
    both = each.union(each.mutate(category=ibis.literal(_EVERY)))
    keys = [*group, "category"]
    rows = moments(both, keys, (_FOUND, _NAMED, _WEIGHED)).order_by(keys).to_pandas().to_dict("records")
    return [_row(name_group(group, [row[name] for name in group]), row, over, level) for row in rows]


def seeds_of(items: ir.Table) -> ir.Table:
    """The seeded errors of items: `workflow`, `item`, `number`, `first`, `after` (offsets), `category`, `severity`.

    >>> errors = '[{"start": 0, "end": 3, "text": "teh", "category": "spelling", "severity": "minor"}]'
    >>> items = ibis.memtable([{"item": "i1", "workflow": "fluency_review", "seeded_errors": errors}])
    >>> seeds_of(items).select("first", "after", "category").to_pyarrow().to_pylist()
    [{'first': 0, 'after': 3, 'category': 'spelling'}]
    """
    known = items.filter(items.seeded_errors.notnull()).select("workflow", "item", "seeded_errors").distinct(on="item")
    rows = [
        {"workflow": row["workflow"], "item": row["item"], "number": number}
        | {"first": error["start"], "after": error["end"]}
        | {"category": error["category"], "severity": error["severity"]}
        for row in known.to_pyarrow().to_pylist()
        for number, error in enumerate(json.loads(row["seeded_errors"]))
    ]
    return ibis.memtable(rows, schema=_SEEDS)


def _newest(answers: ir.Table, group: Sequence[str]) -> ir.Table:
    looks = answers.filter(answers.target == _TARGET)
    keys = list(dict.fromkeys((*group, "workflow", "question", "item", "annotator")))
    order = [milliseconds(looks.updated).desc(), looks.annotation.desc()]
    ranked = looks.mutate(place=ibis.row_number().over(group_by=keys, order_by=order))
    return ranked.filter(ranked.place == 0).select(*keys, *KEY)


def _sought(looks: ir.Table, spans: ir.Table, seeds: ir.Table, group: Sequence[str]) -> ir.Table:
    """One row per look and seeded error: the group, `item`, `annotator`, `category`, and 1 or 0: `sought` (always 1),
    `found`, `named` (with its category), `weighed` (with its severity)."""
    about = [*KEY, "question"]
    marks = spans.filter(spans.target == _TARGET)
    marks = marks.select(*about, "start", "end", mark_category="category", mark_severity="severity")
    met = looks.join(seeds, ["workflow", "item"]).left_join(marks, about).drop(*(f"{key}_right" for key in about))
    overlaps = (met.start < met.after) & (met.end > met.first)
    tests = {
        "found": overlaps,
        "named": overlaps & (met.mark_category == met.category),
        "weighed": overlaps & (met.mark_severity == met.severity),
    }
    one = list(dict.fromkeys((*group, "item", "annotator", "category", "number")))
    numbers = {name: test.fill_null(False).cast("float64").max() for name, test in tests.items()}
    return met.group_by(one).aggregate(**numbers).mutate(sought=ibis.literal(1.0)).drop("number")


def _row(group: dict[str, str | None], row: Row, over: Over, level: float) -> Seeded:
    found = share(row, _FOUND, over, level, "no seeded error")
    return Seeded(
        group=group,
        category=row["category"] or None,
        found=found,
        category_right=share(row, _NAMED, over, level, "none was found"),
        severity_right=share(row, _WEIGHED, over, level, "none was found"),
        small=found.n_items < SMALL,
    )
