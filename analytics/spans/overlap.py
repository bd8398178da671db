"""How the marks of annotators who looked at the same text meet: whole spans, spans that touch, and characters.

Marks are compared within labels: everything under one, or each category or severity by itself. An annotator's marks
of one label that overlap are one stretch of characters; two that only meet at their ends stay two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Spans:
    """Spans (spans,): which `look` made each, of which `text` (looks,), under which `label` of so many `labels`."""

    text: Integers
    look: Integers
    label: Integers
    start: Integers
    end: Integers
    labels: int

    def of(self, label: int) -> Spans:
        """Those of one label."""
        own = self.label == label
        look, start, end = self.look[own], self.start[own], self.end[own]
        return Spans(self.text, look, np.zeros(len(look), np.int64), start, end, 1)

    @property
    def owner(self) -> Integers:
        """The look and label of each, as one number."""
        return self.look * self.labels + self.label

    def once(self) -> Spans:
        """Sorted by look, label and place; equal ones are one."""
        order = np.lexsort((self.end, self.start, self.owner))
        rows = np.column_stack([self.owner, self.start, self.end])[order]
        new = np.ones(len(rows), bool)
        new[1:] = (rows[1:] != rows[:-1]).any(axis=1)
        kept = order[new]
        return Spans(self.text, self.look[kept], self.label[kept], self.start[kept], self.end[kept], self.labels)

    def merged(self) -> Spans:
        """Sorted ones, those that overlap made one."""
        if not len(self.look):
            return self
        far = int(self.end.max()) + 1
        reach = np.maximum.accumulate(self.owner * far + self.end)
        new = np.ones(len(reach), bool)
        new[1:] = (self.owner * far + self.start)[1:] >= reach[:-1]
        last = np.append(np.flatnonzero(new)[1:], len(new)) - 1
        end = reach[last] - self.owner[last] * far
        return Spans(self.text, self.look[new], self.label[new], self.start[new], end, self.labels)

    def meeting(self) -> tuple[Integers, Integers]:
        """Every ordered pair of overlapping spans of one text and label by different looks."""
        cell = self.text[self.look] * self.labels + self.label
        order = np.argsort(cell, kind="stable")
        first, second = (order[each] for each in paired(cell[order]))
        shared = np.minimum(self.end[first], self.end[second]) - np.maximum(self.start[first], self.start[second])
        both = (shared > 0) & (self.look[first] != self.look[second])
        return first[both], second[both]


def paired(cell: Integers) -> tuple[Integers, Integers]:
    """Every ordered pair of rows of the same number, each with itself too; the numbers are sorted."""
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    size = np.diff(np.append(starts, len(cell)))
    place = np.repeat(np.arange(len(starts)), size)
    first = np.repeat(np.arange(len(cell)), size[place])
    before = np.cumsum(size[place]) - size[place]
    return first, np.arange(len(first)) - before[first] + starts[place[first]]


@dataclass(frozen=True)
class Met:
    """What pairs of looks at the same text have in common, a row an ordered pair (`first`, `second`) that meets at all.

    `chars` both marked, spans `alike`, spans of the first that `touch` one of the second, and of the second that are
    `touched` by one of the first.
    """

    first: Integers
    second: Integers
    chars: Floats
    alike: Floats
    touch: Floats
    touched: Floats


def met(spans: Spans) -> Met:
    """Of sorted spans; only those under the same label meet."""
    looks = max(len(spans.text), 1)
    stretches = spans.merged()
    one, other = stretches.meeting()
    chars = np.minimum(stretches.end[one], stretches.end[other]) - np.maximum(
        stretches.start[one], stretches.start[other]
    )
    left, right = spans.meeting()
    same = (spans.start[left] == spans.start[right]) & (spans.end[left] == spans.end[right])
    touching = np.unique(left * looks + spans.look[right])  # a span touches another annotator's marks once
    pairs = np.unique(spans.look[left] * looks + spans.look[right])

    def summed(first: Integers, second: Integers, weights: npt.ArrayLike) -> Floats:
        place = np.searchsorted(pairs, first * looks + second)
        return np.bincount(place, weights=weights, minlength=len(pairs)).astype(np.float64)

    return Met(
        first=pairs // looks,
        second=pairs % looks,
        chars=summed(stretches.look[one], stretches.look[other], chars),
        alike=summed(spans.look[left], spans.look[right], same),
        touch=summed(spans.look[touching // looks], touching % looks, np.ones(len(touching))),
        touched=summed(touching % looks, spans.look[touching // looks], np.ones(len(touching))),
    )
