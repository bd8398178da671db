"""Agreement on marked errors: where they are, what they are called, and how bad they are said to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import ibis.expr.types as ir
import numpy as np

from analytics.accuracy import SMALL
from analytics.agreement import Totals
from analytics.errors import ImpossibleMetric
from analytics.estimate import Estimate, Over
from analytics.intervals import Basis, check
from analytics.replicates import estimated
from analytics.scales import QuestionKey
from analytics.spans.figures import FIGURES, OF_LENGTHS, Integers, totals
from analytics.spans.marks import Labels, Marks, marks
from analytics.spans.overlap import Spans

Compared: TypeAlias = Literal["place", "category", "severity"]


@dataclass(frozen=True)
class SpanAgreement:
    """Agreement on the spans of one group.

    `compared`: `place` takes all marks as alike; `category` and `severity` compare those of the same one, of all of
    them together where `label` is None.
    """

    group: dict[str, str | None]
    compared: Compared = field(metadata={"description": "what marks must share to be compared"})
    label: str | None = field(metadata={"description": "only marks of this category or severity; null is all of them"})
    estimates: dict[str, Estimate]
    n_spans: int = field(metadata={"description": "marks in texts that two annotators or more looked at"})
    n_single_rated: int
    n_unknown_length: int = field(metadata={"description": "texts that alpha leaves out, their length being unknown"})
    small: bool = field(metadata={"description": "whether the sample is small: fewer than 30 items"})


def span_agreement(
    judgments: ir.Table,
    spans: ir.Table,
    *,
    questions: Mapping[QuestionKey, Labels],
    by: Sequence[str] = ("locale",),
    metrics: Sequence[str] | None = None,
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[SpanAgreement]:
    """Agreement on spans per workflow, question and the columns of `by`: rows for place, categories and severities.

    `judgments` (with the columns of `by`) and `spans` as in `plugins.frames`; annotations without a span count. Codes
    that nobody used in a group have no row. `questions` as `analytics.spans.marks.span_questions` finds them; `metrics`
    are names of `analytics.spans.figures.FIGURES`, None for the usual ones. Raises UnknownGrouping,
    UndeclaredCategory, ImpossibleMetric, ImpossibleInterval.
    """
    check(over, level)
    for metric in metrics or ():
        if metric not in FIGURES:
            raise ImpossibleMetric(metric, "error spans", FIGURES)
    asked = tuple(metrics or (name for name, figure in FIGURES.items() if figure.usual))
    rows = []
    for each in marks(judgments, spans, questions, by):
        labels = questions[str(each.group["workflow"]), str(each.group["question"])]
        rows += [_row(each, *compared, asked, over, level) for compared in _compared(each, labels)]
    return rows


def _compared(of: Marks, labels: Labels) -> Iterator[tuple[Compared, str | None, Spans]]:
    """What is compared: everything, then by category and severity, then each of those in use."""
    yield "place", None, _spans(of, np.zeros(len(of.look), np.int64), 1)
    codes: tuple[tuple[Compared, Integers, tuple[str, ...]], ...] = (
        ("category", of.category, labels.categories),
        ("severity", of.severity, labels.severities),
    )
    for compared, number, names in codes:
        every = _spans(of, number, len(names))
        yield compared, None, every
        yield from ((compared, names[label], every.of(label)) for label in np.unique(number))


def _spans(of: Marks, label: Integers, labels: int) -> Spans:
    return Spans(of.text, of.look, label, of.start, of.end, labels).once()


def _row(
    of: Marks, compared: Compared, label: str | None, spans: Spans, asked: Sequence[str], over: Over, level: float
) -> SpanAgreement:
    sums, unknown = totals(of, spans), np.isnan(of.length)
    basis = _basis(of, np.ones(len(unknown), bool), over, level)
    measured = _basis(of, ~unknown, over, level)
    return SpanAgreement(
        group=of.group,
        compared=compared,
        label=label,
        estimates={name: _estimate(name, sums, measured if name in OF_LENGTHS else basis) for name in asked},
        n_spans=len(spans.look),
        n_single_rated=of.n_single,
        n_unknown_length=int(of.texts[unknown].sum()),
        small=basis.n_items < SMALL,
    )


def _estimate(name: str, sums: Totals, basis: Basis) -> Estimate:
    figure = FIGURES[name]
    if name in OF_LENGTHS and not basis.n_items and sums.units.any():
        return basis.undefined("no text of known length has two annotators")
    return estimated(figure.of, sums, basis, figure.scale, figure.nothing)


def _basis(of: Marks, used: Integers, over: Over, level: float) -> Basis:
    """What a figure of these texts rests on."""
    return Basis(
        level=level,
        method="two-way jackknife" if over == "items_and_raters" else "delete-one jackknife",
        over=over,
        n_items=int(of.texts[used].sum()),
        n_judgments=int((of.texts * of.readers)[used].sum()),
        n_annotators=len(np.unique(of.rater[used[of.text]])),
    )
