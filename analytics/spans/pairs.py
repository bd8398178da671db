"""How far each two annotators mark the same places: what one marked of what the other did, and the other way round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from analytics.accuracy import SMALL
from analytics.coefficients import ROUNDING, ratio
from analytics.estimate import Estimate
from analytics.intervals import SHARE, Basis, check, jackknife
from analytics.pairs import MINIMUM
from analytics.scales import QuestionKey
from analytics.spans.marks import Labels, Marks, marks
from analytics.spans.overlap import Spans, met, paired

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

_FIGURES = {"precision": (1.0, 0.0), "recall": (0.0, 1.0), "f1": (0.5, 0.5)}
"""By which marks what both marked is divided: the first's, the second's, or their mean."""
_KINDS = ("exact", "character")


@dataclass(frozen=True)
class SpanPair:
    """How the marks of two annotators meet, whatever they are called: `first` is the name that sorts first.

    `precision` is the share of the first's spans, or characters, that the second marked too, `recall` the share of the
    second's that the first did.
    """

    group: dict[str, str | None]
    first: str = field(metadata={"description": "the annotator whose name sorts first"})
    second: str
    estimates: dict[str, Estimate]
    small: bool = field(metadata={"description": "whether the sample is small: fewer than 30 items"})


@dataclass(frozen=True)
class _Together:
    """Texts that two annotators of a group looked at and at least one of them marked, sorted by pair.

    `starts` (pairs + 1,) is where each pair's texts begin; `first`, `second` (pairs,) are annotators. `of` names spans
    and characters: marked by both, by the first and by the second (texts × 3).
    """

    marks: Marks
    starts: Integers
    first: Integers
    second: Integers
    of: Mapping[str, Floats]


def span_pairs(
    judgments: ir.Table,
    spans: ir.Table,
    *,
    questions: Mapping[QuestionKey, Labels],
    by: Sequence[str] = ("locale",),
    minimum: int = MINIMUM,
    limit: int | None = None,
    offset: int = 0,
    level: float = 0.95,
) -> list[SpanPair]:
    """Precision, recall and F1 of every pair of annotators, the lowest F1 of characters first; then by group and name.

    Pairs have at least `minimum` texts in common that one of them marked. Of the rows the first `offset` are left out,
    and `limit` at most are made (None: all). Other parameters and errors are those of
    `analytics.spans.agreement.span_agreement`.
    """
    check("items", level)
    groups = [_together(each, minimum) for each in marks(judgments, spans, questions, by)]
    order = [
        (round(float(score), 9), number, pair)
        for number, group in enumerate(groups)
        for pair, score in enumerate(_scores(group))
    ]
    shown = sorted(order)[offset : None if limit is None else offset + limit]
    return [_row(groups[number], pair, level) for _, number, pair in shown]


def _together(of: Marks, minimum: int) -> _Together:
    every = Spans(of.text, of.look, np.zeros(len(of.look), np.int64), of.start, of.end, 1).once()
    first, second = _looks_together(of)
    found = {name: np.zeros((len(first), 3)) for name in _KINDS}
    pairs, looks, stretches = met(every), len(of.text), every.merged()
    meeting = pairs.first * looks + pairs.second
    _, here, there = np.intersect1d(first * looks + second, meeting, assume_unique=True, return_indices=True)
    lengths = stretches.end - stretches.start
    for name, both, whole in (
        ("exact", pairs.alike, np.bincount(every.look, minlength=looks)),
        ("character", pairs.chars, np.bincount(stretches.look, weights=lengths, minlength=looks)),
    ):
        found[name][here, 0] = both[there]
        found[name][:, 1], found[name][:, 2] = whole[first], whole[second]
    return _grouped(of, first, second, found, minimum)


def _looks_together(of: Marks) -> tuple[Integers, Integers]:
    """Each two looks at one marked text, that of the annotator whose name sorts first before the other."""
    marked = np.unique(of.text[of.look])
    looks = np.flatnonzero(np.isin(of.text, marked))
    looks = looks[np.argsort(of.text[looks], kind="stable")]
    first, second = (looks[each] for each in paired(of.text[looks]))
    has = np.isin(np.arange(len(of.text)), of.look)
    wanted = (of.rater[first] < of.rater[second]) & (has[first] | has[second])
    return first[wanted], second[wanted]


def _grouped(of: Marks, first: Integers, second: Integers, found: Mapping[str, Floats], minimum: int) -> _Together:
    pair = of.rater[first] * len(of.annotators) + of.rater[second]
    _, number, size = np.unique(pair, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(size[number] >= minimum)
    kept = kept[np.argsort(pair[kept], kind="stable")]
    numbers, starts = np.unique(pair[kept], return_index=True)
    return _Together(
        marks=of,
        starts=np.append(starts, len(kept)),
        first=numbers // max(len(of.annotators), 1),
        second=numbers % max(len(of.annotators), 1),
        of={name: rows[kept] for name, rows in found.items()},
    )


def _scores(group: _Together) -> Floats:
    """F1 of the characters of each pair."""
    if not len(group.first):
        return np.zeros(0)
    sums = np.add.reduceat(group.of["character"], group.starts[:-1], axis=0)
    return ratio(2 * sums[:, 0], sums[:, 1] + sums[:, 2])


def _row(group: _Together, pair: int, level: float) -> SpanPair:
    texts = slice(group.starts[pair], group.starts[pair + 1])
    size = int(texts.stop - texts.start)
    basis = Basis(level, "delete-one jackknife", "items", size, 2 * size, 2)
    names = group.marks.annotators
    return SpanPair(
        group=group.marks.group,
        first=names[group.first[pair]],
        second=names[group.second[pair]],
        estimates={
            f"{kind}_{name}": _estimate(group.of[kind][texts], np.array(weights), basis)
            for kind in _KINDS
            for name, weights in _FIGURES.items()
        },
        small=size < SMALL,
    )


def _estimate(rows: Floats, weights: Floats, basis: Basis) -> Estimate:
    both, whole = rows[:, 0], rows[:, 1:] @ weights
    value = float(ratio(both.sum(), whole.sum()))
    if np.isnan(value):
        return basis.undefined("one of them marked nothing")
    if min(value, 1 - value) < ROUNDING:
        return basis.undefined(f"no interval: it is {value:.0f}, and without any one text too", round(value))
    variance = jackknife(ratio(both.sum() - both, whole.sum() - whole), np.ones(len(rows)))
    if np.isnan(variance.value):
        return basis.undefined("no interval: without one text no figure is left", value)
    if variance.value < ROUNDING**2:
        return basis.undefined("no interval: all texts show the same agreement", value)
    return basis.estimate(value, variance, SHARE)
