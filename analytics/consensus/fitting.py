"""A model of how annotators err, fitted to votes by expectation–maximisation; its cost is proportional to votes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from analytics.consensus.models import MODELS, PRIOR, Prior, coin
from analytics.consensus.votes import Votes

Floats: TypeAlias = npt.NDArray[np.float64]

TOLERANCE = 1e-4
ROUNDS = 2000


@dataclass(frozen=True)
class Fit:
    """What a method makes of the votes of a group.

    `posterior` (units × categories) is how probable each answer is, each row 1 in sum; `prevalence` (categories,) how
    probable before anybody answered. `confusion` (raters × truth × answer) is how probable an annotator's answers are
    where the truth is known, each row 1 in sum, and `counts` of the same shape how many judgments it was seen in.
    `rested` is False where the rounds were used up before the posterior came to rest.
    """

    posterior: Floats
    prevalence: Floats
    confusion: Floats
    counts: Floats
    rested: bool = True

    @property
    def accuracy(self) -> Floats:
        """How often each annotator is right where every answer is as prevalent as in this group: (raters,)."""
        found: Floats = np.diagonal(self.confusion, axis1=1, axis2=2) @ self.prevalence
        return found


def fit(votes: Votes, method: str, prior: Prior = PRIOR, tolerance: float = TOLERANCE, rounds: int = ROUNDS) -> Fit:
    """The fit of a method of `MODELS`, from the shares of votes on, until no posterior moves by `tolerance` in a round.

    Of an answer that nobody gave no unit is taken to be true.
    """
    model, cells = MODELS[method], votes.cells
    back = cells.T.tocsr()
    shape = len(votes.annotators), votes.size, votes.size
    posterior, voted = votes.shares, prior.units * votes.shares.mean(axis=0)
    confusion = coin(np.full(len(votes.annotators), (1 + 1 / votes.size) / 2), votes.size)
    with np.errstate(divide="ignore"):
        for _ in range(rounds):
            prevalence = (posterior.sum(axis=0) + voted) / (len(posterior) + prior.units)
            counts = (back @ posterior).reshape(shape).transpose(0, 2, 1)
            confusion = model(counts, confusion, prior)
            before, posterior = posterior, _posterior(cells, prevalence, confusion)
            if np.abs(posterior - before).max() < tolerance:
                return Fit(posterior, prevalence, confusion, counts)
    return Fit(posterior, prevalence, confusion, counts, rested=False)


def _posterior(cells: sparse.csr_array, prevalence: Floats, confusion: Floats) -> Floats:
    size = len(prevalence)
    evidence = np.log(confusion).transpose(0, 2, 1).reshape(-1, size)
    logs: Floats = cells @ np.ascontiguousarray(evidence)
    logs += np.log(prevalence)
    logs -= reduce(np.maximum, logs.T)[:, None]  # by columns: rows are so short that NumPy is slow along them
    np.exp(logs, out=logs)
    logs /= (logs @ np.ones(size))[:, None]
    return logs
