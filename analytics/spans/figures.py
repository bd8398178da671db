"""Figures of agreement on spans, as functions of sums over texts, and these sums with parts left out.

Sums are made of *parts*, one row a look, that add up over the looks at a text. In order: spans; whether there are none;
over its pairs with the other looks: characters both marked, equal spans, spans of either that touch one of the other,
and the F1 of these three; then the characters of each label, and the squared lengths of each label's stretches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from analytics.agreement import Totals
from analytics.coefficients import ratio
from analytics.intervals import AT_MOST_ONE, SHARE, Scale
from analytics.spans.marks import Marks
from analytics.spans.overlap import Met, Spans, met

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

_PLAIN = 8
_HALF = np.array([1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])  # parts over pairs are in both looks of a pair
_SUMS = 11  # features before those by label


def totals(marks: Marks, spans: Spans) -> Totals:
    """The features of a group, whole and with each text, look or annotator left out; `spans` are sorted."""
    parts = _parts(spans, met(spans))
    half = np.append(_HALF, np.ones(parts.shape[1] - _PLAIN))
    of_texts = _by_text(marks, parts) * half
    features = _features(of_texts, marks.readers, marks.length)
    left = of_texts[marks.text] - parts
    change = _features(left, marks.readers[marks.text] - 1, marks.length[marks.text]) - features[marks.text]
    shape = int(marks.rater.max(initial=-1)) + 1, len(marks.rater)
    looked = sparse.csr_array((marks.looks.astype(np.float64), (marks.rater, np.arange(shape[1]))), shape=shape)
    total = marks.texts @ features
    return Totals(
        all=total,
        without_item=total - features,
        units=marks.texts.astype(np.float64),
        without_rating=total + change,
        ratings=marks.looks.astype(np.float64),
        without_rater=total + looked @ change,
    )


def _parts(spans: Spans, pairs: Met) -> Floats:
    """The parts of each look: looks × (8 + 2 · labels)."""
    looks = len(spans.text)

    def summed(look: Integers, weights: npt.ArrayLike) -> Floats:
        return np.bincount(look, weights=weights, minlength=looks).astype(np.float64)

    def by_label(weights: Floats) -> Floats:
        cells = np.bincount(stretches.owner, weights=weights, minlength=looks * spans.labels)
        return cells.reshape(looks, spans.labels).astype(np.float64)

    stretches = spans.merged()
    long = (stretches.end - stretches.start).astype(np.float64)
    chars, marked = by_label(long), summed(spans.look, np.ones(len(spans.look)))
    whole = chars.sum(axis=1)
    both_chars = whole[pairs.first] + whole[pairs.second]
    both_spans = marked[pairs.first] + marked[pairs.second]
    touch = pairs.touch + pairs.touched
    over_pairs = (pairs.chars, pairs.alike, touch)
    scores = (2 * pairs.chars / both_chars, 2 * pairs.alike / both_spans, touch / both_spans)
    return np.column_stack(
        [
            marked,
            marked == 0,
            *(summed(pairs.first, each) for each in (*over_pairs, *scores)),
            chars,
            by_label(long**2),
        ]
    )


def _by_text(marks: Marks, parts: Floats) -> Floats:
    """Added up over the looks at each text; texts that are alike are clean, so each look at them has the same parts."""
    one = marks.looks / marks.texts[marks.text]
    shape = len(marks.readers), len(marks.text)
    cells = sparse.csr_array((one, (marks.text, np.arange(shape[1]))), shape=shape)
    return np.asarray(cells @ parts)


def _features(parts: Floats, readers: Integers, length: Floats) -> Floats:
    """Of texts with these parts, so many looks and this length: texts × (11 + 2 · labels), nothing of a single look."""
    several = (readers >= 2).astype(np.float64)
    others, pairs = np.maximum(readers - 1, 1), np.maximum(readers * (readers - 1) / 2, 1)
    spans, empty, shared, alike, touch, f_shared, f_alike, f_touch = parts[:, :_PLAIN].T
    by_label = parts[:, _PLAIN:]
    chars = by_label[:, : by_label.shape[1] // 2].sum(axis=1)
    agreed = empty * (empty - 1) / 2  # pairs that both marked nothing
    known = several * ~np.isnan(length)
    apart = 2 * (chars - 2 * shared / others)
    return np.column_stack(
        [
            *(several * each for each in (2 * alike, touch, others * spans, 2 * shared, others * chars)),
            *(several * (each + agreed) / pairs for each in (f_alike, f_touch, f_shared)),
            several,
            known * apart,
            known * readers * np.nan_to_num(length),
            known[:, None] * by_label,
        ]
    )


def _share(part: int, whole: int) -> Callable[[Floats], Floats]:
    return lambda features: ratio(features[..., part], features[..., whole])


def alpha(features: Floats) -> Floats:
    """Krippendorff's unitised alpha of marked against unmarked characters, each label by itself, their disagreements
    added up; at most 1, 0 at chance; not a number where nothing or everything is marked (Krippendorff et al. 2016)."""
    observed, every = features[..., 9], features[..., 10]
    chars, squares = np.split(features[..., _SUMS:], 2, axis=-1)
    gaps = every[..., None] - chars
    pairs = every[..., None] ** 2 - squares - gaps
    chance = (2 * chars * gaps * ratio(np.broadcast_to(every[..., None], pairs.shape), pairs)).sum(axis=-1)
    return np.asarray(1 - ratio(observed, chance))


@dataclass(frozen=True)
class Figure:
    """A figure of the features, the scale of its interval, and why it is undefined where there are texts."""

    of: Callable[[Floats], Floats]
    scale: Scale = SHARE
    nothing: str = "nothing was marked"
    usual: bool = True


FIGURES: Mapping[str, Figure] = {
    "exact_f1": Figure(_share(0, 2)),
    "touch_f1": Figure(_share(1, 2)),
    "character_f1": Figure(_share(3, 4)),
    "exact_mean": Figure(_share(5, 8), usual=False),
    "touch_mean": Figure(_share(6, 8), usual=False),
    "character_mean": Figure(_share(7, 8)),
    "alpha_unitized": Figure(alpha, AT_MOST_ONE, "no variation: nothing was marked, or every character"),
}

OF_LENGTHS = frozenset({"alpha_unitized"})
"""Those that must know how long texts are."""
