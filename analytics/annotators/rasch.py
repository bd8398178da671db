"""The many-facet Rasch model of blocks, items conditioned out: severities of annotators and standard errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import cg

from analytics.annotators.blocks import Blocks
from analytics.annotators.figures import Floats, Integers
from analytics.coefficients import ROUNDING

_PRIOR = 0.01
_ROUNDS = 60
_REST = 1e-6
_STRIDE = 2.0


def subsets(every: Sequence[Blocks], count: int) -> Integers:
    """The subset of each annotator, from 1, the one with most annotators first; 0 for annotators without one.

    A finite severity exists just within annotators of whom each could have been lower in favour of any other, through
    others if need be (the strongly connected parts: Fischer 1981, Psychometrika 46).
    """
    ends = [np.zeros((2, 0), np.int64)]
    for each in every:
        above, below = each.own > each.outcomes.min(), each.own < each.outcomes.max()
        for i, j in permutations(range(each.rater.shape[1]), 2):
            there = above[:, i] & below[:, j]
            ends.append(np.array([each.rater[there, i], each.rater[there, j]]))
    edges = np.concatenate(ends, axis=1)
    graph = sparse.csr_array((np.ones(edges.shape[1]), (edges[0], edges[1])), shape=(count, count))
    _, part = connected_components(graph, directed=True, connection="strong")
    _, first, part, size = np.unique(part, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -size))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(1, len(order) + 1)
    return np.where(size[part] > 1, place[part], 0)


def fit(parts: Sequence[Blocks], count: int) -> Floats:
    """Severities of annotators and their standard errors: (2, count); not numbers for those in no block.

    Newton's method, by at most 2 logits a round, on the composite conditional likelihood of the blocks; its equations
    are solved by conjugate gradients.
    Thresholds have a weak normal prior (standard deviation 10), so that they end. The standard errors are robust, with
    items as clusters (Varin, Reid & Firth 2011, Stat. Sinica 21).
    """
    model = _Model.of(parts, count)
    at: Floats = np.zeros(len(model.raters) + model.free)
    for _ in range(_ROUNDS):
        score, curve = model.derivatives(at)
        step = _solved(curve, score, len(model.raters))
        longest = float(np.abs(step).max())
        at = at + step * min(1.0, _STRIDE / max(longest, _REST))
        if longest < _REST:
            return model.summary(at, count)
    return np.full((2, count), np.nan)


def _solved(curve: sparse.csr_array, score: Floats, raters: int) -> Floats:
    """The step of Newton's method that leaves the mean of severities as it is: they have none of their own."""
    score[:raters] -= score[:raters].mean()
    if np.abs(score).max() < ROUNDING:
        return np.zeros(len(score))
    scale = sparse.diags_array(1 / np.maximum(curve.diagonal(), 1e-12))
    step: Floats = cg(curve, score, M=scale, rtol=1e-9)[0]
    step[:raters] -= step[:raters].mean()
    return step


@dataclass(frozen=True)
class _Model:
    """The likelihood of blocks; parameters are the severities of `raters`, then `free` thresholds.

    Thresholds are summed up from the lowest category on; those of the lowest and of the highest are 0, since a line
    through them cancels out.
    """

    parts: tuple[Blocks, ...]
    raters: Integers
    free: int

    @classmethod
    def of(cls, parts: Sequence[Blocks], count: int) -> _Model:
        there = np.zeros(count, bool)
        for each in parts:
            there[each.rater] = True
        place = np.cumsum(there) - 1
        top = max([1, *(int(each.outcomes.max()) for each in parts)])
        return cls(tuple(replace(each, rater=place[each.rater]) for each in parts), np.flatnonzero(there), top - 1)

    @cached_property
    def counted(self) -> tuple[tuple[Floats, Floats], ...]:
        """How often categories are used in the outcomes and in the answers of each part."""
        return tuple((_used(each.outcomes, self.free), _used(each.own, self.free)) for each in self.parts)

    def derivatives(self, at: Floats) -> tuple[Floats, sparse.csr_array]:
        """The score (parameters,) and the information (parameters, parameters), of the prior too."""
        count = len(self.raters)
        score = np.concatenate([np.zeros(count), -_PRIOR * at[count:]])
        within = _PRIOR * np.eye(self.free)
        cells = []
        for expected, (_, used) in zip(self.expected(at), self.counted, strict=True):
            part = expected.part
            np.add.at(score, part.rater, expected.answers - part.own)
            score[count:] += (expected.used - used).sum(axis=0)
            across = expected.across().ravel()
            cells += [expected.between().ravel(), across, across]
            within += expected.within()
        found, column, starts = self.cells
        value = np.bincount(found, weights=np.concatenate([*cells, within.ravel()]))
        return score, sparse.csr_array((value, column, starts), shape=(len(score), len(score)))

    @cached_property
    def cells(self) -> tuple[Integers, Integers, Integers]:
        """The cell that each part of the information belongs to, their columns, and where each row of cells starts.

        They are the same at all parameters, so they are sorted once.
        """
        count = len(self.raters)
        free, size = count + np.arange(self.free), count + self.free
        places = []
        for part in self.parts:
            rater, used = part.rater[:, :, None], free[None, None, :]
            both = rater * size + part.rater[:, None, :]
            places += [both.ravel(), (rater * size + used).ravel(), (used * size + rater).ravel()]
        places.append((free[:, None] * size + free).ravel())
        cell, found = np.unique(np.concatenate(places), return_inverse=True)
        return found, cell % size, np.searchsorted(cell, np.arange(size + 1) * size)

    def expected(self, at: Floats) -> Iterator[_Expected]:
        """What each part is expected to be."""
        for part, (counted, _) in zip(self.parts, self.counted, strict=True):
            yield _Expected.of(part, counted, at[: len(self.raters)], at[len(self.raters) :])

    def summary(self, at: Floats, count: int) -> Floats:
        """Severities and standard errors at the maximum: (2, count)."""
        own = len(self.raters)
        _, curve = self.derivatives(at)
        scores = self.scores(at)
        clusters = scores.shape[0]
        meat = (scores.T @ scores) * (clusters / max(clusters - 1, 1))
        information = curve.toarray()
        information[:own, :own] += information.diagonal()[:own].mean() / own  # the mean of severities is 0
        bread = np.linalg.inv(information)
        bread[:own] -= bread[:own].mean(axis=0)
        variance = np.einsum("ij,ij->i", bread[:own], (meat @ bread[:own].T).T)
        found = np.full((2, count), np.nan)
        found[0, self.raters] = at[:own]
        found[1, self.raters] = np.sqrt(np.where((variance > ROUNDING) & (clusters > 1), variance, np.nan))
        return found

    def scores(self, at: Floats) -> sparse.csr_array:
        """What each item adds to the score: (items, parameters)."""
        count = len(self.raters)
        values, rows, columns = [], [], []
        for expected, (_, answered) in zip(self.expected(at), self.counted, strict=True):
            part, used = expected.part, expected.used - answered
            values += [(expected.answers - part.own).ravel(), used.ravel()]
            rows += [np.repeat(part.item, part.rater.shape[1]), np.repeat(part.item, self.free)]
            columns += [part.rater.ravel(), np.tile(count + np.arange(self.free), len(part.item))]
        item = np.unique(np.concatenate(rows), return_inverse=True)[1]
        return sparse.csr_array((np.concatenate(values), (item, np.concatenate(columns))))


def _used(own: Integers, free: int) -> Floats:
    """How often each category between the lowest and the highest is used: (…, free)."""
    found: Floats = (own[..., None] == np.arange(1, free + 1)).sum(axis=-2).astype(np.float64)
    return found


@dataclass(frozen=True)
class _Expected:
    """What the model expects of blocks: the `chance` of each outcome (blocks, outcomes), the mean answer of each
    annotator in `answers` (blocks, size), and how often categories are used in `used` (blocks, free)."""

    part: Blocks
    counted: Floats
    chance: Floats
    answers: Floats
    used: Floats

    @classmethod
    def of(cls, part: Blocks, counted: Floats, severe: Floats, thresholds: Floats) -> _Expected:
        """At these parameters; `counted` says how often categories are used in the outcomes."""
        logs = -(severe[part.rater] @ part.outcomes.T) - counted @ thresholds
        chance = np.exp(logs - logs.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        return cls(part, counted, chance, chance @ part.outcomes, chance @ counted)

    def between(self) -> Floats:
        """The covariances of the answers of two annotators in a block: (blocks, size²)."""
        outcomes = self.part.outcomes
        products = (outcomes[:, :, None] * outcomes[:, None, :]).reshape(len(outcomes), -1)
        found: Floats = self.chance @ products
        return found - (self.answers[:, :, None] * self.answers[:, None, :]).reshape(len(found), -1)

    def across(self) -> Floats:
        """The covariances of answers and of the use of categories: (blocks, size, free)."""
        products = self.part.outcomes[:, :, None] * self.counted[:, None, :]
        found = np.tensordot(self.chance, products, axes=1) - self.answers[:, :, None] * self.used[:, None, :]
        return np.asarray(found)

    def within(self) -> Floats:
        """The covariances of the use of categories, summed over blocks: (free, free)."""
        found: Floats = np.einsum("o,oi,oj->ij", self.chance.sum(axis=0), self.counted, self.counted)
        return found - self.used.T @ self.used
