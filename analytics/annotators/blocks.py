"""Answers to the same item and target as blocks: given a block's total, the item itself drops out of the likelihood.

A block holds the annotators of one unit, as numbers of their categories 0 … K. All blocks with the same number of
annotators and the same total have the same possible *outcomes*, so they are worked out together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from analytics.annotators.figures import Booleans, Integers
from analytics.consensus.votes import Votes

MOST_OUTCOMES = 128
_LOT = 7


@dataclass(frozen=True)
class Blocks:
    """Blocks of the same size and total.

    `rater` and `own` (blocks, size) are annotators and their answers, `item` (blocks,) the item of each; `outcomes`
    (outcomes, size) all answers that have the total.
    """

    rater: Integers
    own: Integers
    item: Integers
    outcomes: Integers


def blocks(votes: Votes, raters: Booleans | None = None) -> list[Blocks]:
    """The blocks of a group that can tell annotators apart, of all annotators or of those chosen (annotators,).

    A unit whose annotators could share out a total in more than 128 ways is cut into blocks as equal as can be, by a
    lot that is always the same. Blocks of one annotator, and those whose total allows one outcome only, tell nothing.
    A category that nobody of the group used is taken to be impossible.
    """
    order = np.lexsort((np.random.default_rng(_LOT).random(len(votes.unit)), votes.unit))
    used = np.unique(votes.own[(votes.given > 1)[votes.unit]])
    block = _block(votes.given, _most(max(len(used), 2)))
    if raters is not None:
        inside = raters[votes.rater[order]]
        order, block = order[inside], block[inside]
    unit, rater, own = votes.unit[order], votes.rater[order], votes.own[order]
    item = items_of(votes)[unit]
    _, first, given = np.unique(block, return_index=True, return_counts=True)
    found: list[Blocks] = []
    for size in np.unique(given[given > 1]):
        rows = first[given == size][:, None] + np.arange(size)
        found.extend(_by_total(rater[rows], own[rows], item[rows[:, 0]], used))
    return found


def items_of(votes: Votes) -> Integers:
    """The number of the item of each unit: (units,); units of one item stand side by side."""
    new = np.zeros(len(votes.items), np.int64)
    new[1:] = votes.items[1:] != votes.items[:-1]
    return np.cumsum(new)


def _block(given: Integers, most: int) -> Integers:
    """The number of the block of each judgment, of units with so many: (judgments,).

    >>> _block(np.array([5, 2]), 4).tolist()
    [0, 0, 0, 1, 1, 2, 2]
    """
    size = np.repeat(given, given)
    place = np.arange(len(size)) - np.repeat(np.cumsum(given) - given, given)
    parts = -(-given // most)
    found: Integers = np.repeat(np.cumsum(parts) - parts, given) + place * np.repeat(parts, given) // size
    return found


def _most(categories: int) -> int:
    """The most annotators in a block; two at least."""
    size = 2
    while _widest(size + 1, categories) <= MOST_OUTCOMES:
        size += 1
    return size


def _widest(size: int, categories: int) -> int:
    """The number of outcomes of the total that has most."""
    ways = [1]
    for _ in range(size):
        ways = [sum(ways[max(total - categories + 1, 0) : total + 1]) for total in range(len(ways) + categories - 1)]
    return max(ways)


def _by_total(rater: Integers, own: Integers, item: Integers, used: Integers) -> Iterator[Blocks]:
    """Blocks by total; outcomes have no category but those that somebody used."""
    every = np.array(list(product(used.tolist(), repeat=rater.shape[1])), np.int64)
    reached, total = every.sum(axis=1), own.sum(axis=1)
    for each in np.unique(total):
        outcomes, there = every[reached == each], total == each
        if len(outcomes) > 1:
            yield Blocks(rater[there], own[there], item[there], outcomes)
