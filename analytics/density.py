"""Error density: how many errors of each category and severity there are per 1,000 words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis
import ibis.expr.types as ir

from analytics.accuracy import SMALL
from analytics.counts import grouping, name_group
from analytics.estimate import Estimate, Over
from analytics.intervals import check
from analytics.marked import ANSWER
from analytics.penalties import reviews
from analytics.quality import NO_WORDS
from analytics.ratios import CLUSTERS, Ratio, beside, estimated, moments
from analytics.scales import ErrorScale, QuestionKey

_PER_WORDS, _PER_ANNOTATION = Ratio("found_read", "words", 1000.0), Ratio("found", "looked")


@dataclass(frozen=True)
class Rate:
    """The errors of one severity, and how many there are per 1,000 words."""

    n_errors: int
    per_1000_words: Estimate


@dataclass(frozen=True)
class Density:
    """The errors of one category in one group."""

    group: dict[str, str | None]
    category: str
    n_errors: int
    per_1000_words: Estimate = field(metadata={"description": "errors per 1,000 words of the reviewed responses"})
    per_annotation: Estimate
    severities: Mapping[str, Rate]
    small: bool = field(metadata={"description": "whether the sample is small: fewer than 30 items"})


def density(
    judgments: ir.Table,
    spans: ir.Table,
    *,
    questions: Mapping[QuestionKey, ErrorScale],
    by: Sequence[str] = ("locale",),
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[Density]:
    """Errors by category and severity, one row a group and declared category, sorted by group.

    `judgments` and `spans` as in `analytics.quality.quality`. An annotator's newest answer on a response counts. Raises
    UnknownGrouping, ImpossibleInterval.
    """
    check(over, level)
    group = grouping(by, judgments)
    if not questions:
        return []
    looked = reviews(judgments, spans, questions, group)
    nothing = looked.mutate(found=looked.looked * 0, found_read=looked.looked * 0)
    exposed = moments(nothing, group, (_PER_WORDS, _PER_ANNOTATION)).order_by(group).to_pandas()
    found = _found(looked, spans, group)
    rows = []
    for row in exposed.to_dict("records"):
        named = name_group(group, [row[name] for name in group])
        scale = questions[str(named["workflow"]), str(named["question"])]
        rows += [_row(named, category, scale, row, found, over, level) for category in scale.categories]
    return rows


def _marked(looked: ir.Table, spans: ir.Table, group: Sequence[str]) -> ir.Table:
    """The errors that count, by cell and kind: under their severity, and under none, which is all."""
    keys = list(dict.fromkeys((*group, *CLUSTERS["cells"], "category", "severity")))
    names = list(dict.fromkeys((*group, *ANSWER, *CLUSTERS["cells"], "words")))
    errors = spans.filter(spans.errors > 0).select(*ANSWER, "category", "severity")
    joined = looked.select(*names).inner_join(errors, list(ANSWER))
    known = (joined.words > 0).cast("float64").sum()
    each = joined.group_by(keys).aggregate(found=joined.count().cast("float64"), found_read=known)
    return each.union(each.mutate(severity=ibis.null("string")))


def _found(looked: ir.Table, spans: ir.Table, group: Sequence[str]) -> dict[tuple[Any, ...], dict[Any, Any]]:
    """By group, category and severity, the sums of products that hold errors; those of words and annotations are known.

    Only clusters with errors are in them: the others add nothing.
    """
    keys, sums = [*group, "category", "severity"], ("found", "found_read")
    marked = _marked(looked, spans, group)
    cells = looked.group_by([*group, *CLUSTERS["cells"]]).aggregate(
        words=looked.words.sum(), looked=looked.looked.sum()
    )
    pairs = [pair for each in (_PER_WORDS, _PER_ANNOTATION) for pair in ((each.above,) * 2, (each.above, each.below))]
    every = marked.group_by(keys).aggregate(**{name: marked[name].sum() for name in sums})
    for name, cluster in CLUSTERS.items():
        unit = [*group, *cluster]
        size = cells.group_by(unit).aggregate(words=cells.words.sum(), looked=cells.looked.sum())
        errors = marked.group_by([*unit, "category", "severity"]).aggregate(
            **{each: marked[each].sum() for each in sums}
        )
        both = beside(errors, size, unit)
        part = both.group_by(keys).aggregate(**{f"{name}_{a}_{b}": (both[a] * both[b]).sum() for a, b in pairs})
        every = beside(every, part, keys)
    rows = every.to_pandas().to_dict("records")
    return {tuple(name_group(keys, [row[key] for key in keys]).values()): row for row in rows}


def _row(
    group: dict[str, str | None],
    category: str,
    scale: ErrorScale,
    exposed: Mapping[Any, Any],
    found: Mapping[tuple[Any, ...], Mapping[str, float]],
    over: Over,
    level: float,
) -> Density:
    every = {**exposed, **found.get((*group.values(), category, None), {})}
    of = {code: {**exposed, **found.get((*group.values(), category, code), {})} for code in scale.severities}
    per_annotation = estimated(every, _PER_ANNOTATION, over, level, NO_WORDS)
    return Density(
        group=group,
        category=category,
        n_errors=int(every["found"]),
        per_1000_words=estimated(every, _PER_WORDS, over, level, NO_WORDS),
        per_annotation=per_annotation,
        severities={
            code: Rate(int(row["found"]), estimated(row, _PER_WORDS, over, level, NO_WORDS)) for code, row in of.items()
        },
        small=per_annotation.n_items < SMALL,
    )
