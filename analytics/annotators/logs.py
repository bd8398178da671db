"""What every annotator answered, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analytics.annotators.figures import Integers
from analytics.units import History, Texts

DAY = 86_400_000
_LOT = 5


@dataclass(frozen=True)
class Log:
    """The answers of the annotators of one group.

    `answers` (annotators,) counts all answers, `items` (annotators,) what they are about. Of answers of one annotator
    to the same item and target the newest one is in `when` (milliseconds since 1970) and `own` (number of the
    category), which hold the annotators one after the other, cut at `starts` (annotators + 1,), each in the order of
    time. `repeats` (annotators × categories × categories) counts the items and targets answered more than once, by
    first and by newest answer.
    """

    group: dict[str, str | None]
    annotators: npt.NDArray[np.object_]
    answers: Integers
    items: Integers
    starts: Integers
    when: Integers
    own: Integers
    repeats: Integers

    @classmethod
    def of(cls, history: History, names: Texts, categories: int) -> Log:
        """The log of the group of these answers; `names` are those of their `rater`.

        Answers of one millisecond have no order: it is drawn by lot, the same lot every time.
        """
        known, rater = np.unique(history.rater, return_inverse=True)
        order = _in_order(rater, history.started, history.own)
        again = history.times > 1
        repeats = np.zeros((len(known), categories, categories), np.int64)
        np.add.at(repeats, (rater[again], history.first[again], history.own[again]), 1)
        size = int(history.item.max()) + 1
        of_items = np.unique(rater * size + history.item) // size
        return cls(
            group=history.group,
            annotators=names[known],
            answers=np.bincount(rater, weights=history.times).astype(np.int64),
            items=np.bincount(of_items),
            starts=np.searchsorted(rater[order], np.arange(len(known) + 1)),
            when=history.started[order],
            own=history.own[order],
            repeats=repeats,
        )

    @property
    def units(self) -> Integers:
        """Items and targets of each annotator: (annotators,)."""
        return np.diff(self.starts)

    def days(self) -> Integers:
        """On how many days (UTC) each annotator began an answer: (annotators,)."""
        day = self.when // DAY
        new = np.ones(len(day), bool)
        new[1:] = day[1:] != day[:-1]
        new[self.starts[:-1]] = True
        return np.add.reduceat(new.astype(np.int64), self.starts[:-1])


def _in_order(rater: Integers, when: Integers, own: Integers) -> Integers:
    """What sorts answers by annotator and time, those of one millisecond shuffled."""
    order: Integers = np.lexsort((own, when, rater))
    whose, at = rater[order], when[order]
    tied = np.unique(whose[1:][(whose[1:] == whose[:-1]) & (at[1:] == at[:-1])])
    lot = np.random.default_rng(_LOT)
    for first, last in zip(np.searchsorted(whose, tied), np.searchsorted(whose, tied, side="right"), strict=True):
        drawn = np.lexsort((lot.random(last - first), at[first:last]))
        order[first:last] = order[first:last][drawn]
    return order
