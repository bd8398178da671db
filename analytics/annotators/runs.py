"""Straight-lining: the longest run of one and the same answer, and whether chance would make it as long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.annotators.figures import Floats, Integers
from analytics.annotators.logs import Log


@dataclass(frozen=True)
class Runs:
    """The longest run of each annotator: its `length`, the answer (number of the category), and its p-value."""

    length: Integers
    own: Integers
    p_value: Floats


def runs(log: Log) -> Runs:
    """The longest runs of the annotators of a group, the first where several are as long.

    Meade & Craig 2012, Psychol. Methods 17 (the long-string index). The p-value takes answers to be drawn
    independently as often as all annotators of the group give them.
    """
    size = int(log.repeats.shape[1])
    shares = np.bincount(log.own, minlength=size) / len(log.own)
    begins = _begins(log)
    lengths = np.diff(np.append(begins, len(log.own)))
    of = np.searchsorted(log.starts, begins, side="right") - 1
    order = np.lexsort((begins, -lengths, of))
    first = order[np.searchsorted(of[order], np.arange(len(log.annotators)))]
    length = lengths[first]
    return Runs(length, log.own[begins[first]], as_long(length, log.units, shares))


def _begins(log: Log) -> Integers:
    new = np.ones(len(log.own), bool)
    new[1:] = log.own[1:] != log.own[:-1]
    new[log.starts[:-1]] = True
    return np.flatnonzero(new)


def as_long(length: Integers, answers: Integers, shares: Floats) -> Floats:
    """The probability of a run of this length or longer among so many independent answers, or a little more.

    It is the expected number of runs that reach the length, which bounds the probability from above and is near to it
    where it is small (the first term of Arratia, Goldstein & Gordon 1990, Stat. Sci. 5).

    >>> as_long(np.array([2]), np.array([2]), np.array([0.5, 0.5])).tolist()
    [0.5]
    """
    of, left = length[:, None], (answers - length)[:, None]
    expected = (shares**of * (1 + left * (1 - shares))).sum(axis=1)
    return np.asarray(np.minimum(expected, 1.0))
