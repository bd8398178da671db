"""How annotators err: models of the answer an annotator gives where the true answer is known.

Each model is a restriction of the confusion matrix, so each is fitted from the same expected counts: how often each
annotator answered c where the truth is k. Each draws annotators with few judgments towards what all have in common, and
that towards something simpler, by a `Prior`; with `NOTHING` nothing is smoothed, as published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Prior:
    """How many judgments what is taken for granted is worth; the more, the more annotators are taken to be alike.

    `skill`: that an annotator is right as often as all, or in MACE (`knows`) knows the answer so. `row`: that one of
    such skill errs as all do, for each true answer; `habit`: that one who spams does so. `common`: that all err to an
    answer equally often whatever the truth, and in the same way to each answer. `units` (units, not judgments): that
    answers are as prevalent as votes for them.
    """

    skill: float = 8.0
    knows: float = 5.0
    row: float = 100.0
    habit: float = 100.0
    common: float = 200.0
    units: float = 20.0


PRIOR = Prior()
NOTHING = Prior(0, 0, 0, 0, 0, 0)

Model: TypeAlias = Callable[[Floats, Floats, Prior], Floats]
"""Of expected counts, the confusion so far (both raters × truth × answer) and the prior: the confusion."""

TINY = 1e-10
"""What takes the place of a probability of 0 where nothing is smoothed."""


def dawid_skene(counts: Floats, _: Floats, prior: Prior) -> Floats:
    """Every annotator has a confusion matrix of their own.

    Dawid & Skene 1979, Appl. Stat. 28, 20-28. With a prior, each row of a matrix is drawn towards how all annotators of
    the same skill err there; and the row of all towards errors that lean to some answers whatever the truth.

    >>> counts = np.array([[[8.0, 2.0], [1.0, 3.0]]])
    >>> dawid_skene(counts, counts, NOTHING)
    array([[[0.8 , 0.2 ],
            [0.25, 0.75]]])
    """
    if prior.row == 0:
        return _shares(np.maximum(counts, TINY))
    pooled = counts.sum(axis=0)
    usual = _shares(pooled + prior.common * _leaning(pooled, prior))
    return _shares(counts + prior.row * _skilled(usual, counts, prior))


def one_coin(counts: Floats, _: Floats, prior: Prior) -> Floats:
    """Every annotator is right equally often whatever the truth, and errs to all other answers alike."""
    right, given = np.trace(counts, axis1=1, axis2=2), counts.sum(axis=(1, 2))
    accuracy = (right + prior.skill * _accuracy(counts.sum(axis=0))) / (given + prior.skill)
    return coin(np.clip(accuracy, TINY, 1 - TINY), counts.shape[1])


def mace(counts: Floats, confusion: Floats, prior: Prior) -> Floats:
    """Every annotator knows the answer, or else spams: answers as always, whatever the truth.

    Hovy et al. 2013, NAACL-HLT, 1120-1130. The confusion is knows · [c = k] + (1 − knows) · habit(c), and what of the
    right answers was known is split off by the confusion so far. The prior is that of all annotators together.
    """
    right = np.diagonal(counts, axis1=1, axis2=2)
    spamming = _off_diagonal(confusion)
    known = right * (1 - spamming / np.maximum(np.diagonal(confusion, axis1=1, axis2=2), TINY))
    spam = counts.sum(axis=1) - known
    pooled_known, pooled_spam = known.sum(), spam.sum(axis=0)
    usually = (pooled_known + 1) / (pooled_known + pooled_spam.sum() + 2)
    knows = (known.sum(axis=1) + prior.knows * usually) / (counts.sum(axis=(1, 2)) + prior.knows)
    knows = np.minimum(knows, 1 - TINY)[:, None, None]
    usual = _shares(pooled_spam + max(prior.common, 1) / len(pooled_spam))
    habit = _shares(np.maximum(spam + prior.habit * usual, TINY))
    found: Floats = knows * np.eye(counts.shape[1]) + (1 - knows) * habit[:, None, :]
    return found


def _shares(counts: Floats) -> Floats:
    shares: Floats = counts / counts.sum(axis=-1, keepdims=True)
    return shares


def _accuracy(pooled: Floats) -> float:
    """The share of right answers in one table of truth × answer, by the rule of succession."""
    return float((np.trace(pooled) + 1) / (pooled.sum() + 2))


def _leaning(pooled: Floats, prior: Prior) -> Floats:
    """Errors of all that lean to some answers: how often each is given where it is wrong, in a table truth × answer.

    >>> _leaning(np.array([[50.0, 0.0], [25.0, 25.0]]), NOTHING)
    array([[1. , 0. ],
           [0.5, 0.5]])
    """
    size = len(pooled)
    alike = (1 - _accuracy(pooled)) / max(size - 1, 1)
    wrong, elsewhere = pooled.sum(axis=0) - np.diagonal(pooled), pooled.sum() - pooled.sum(axis=1)
    rate = (wrong + prior.common * alike) / np.maximum(elsewhere + prior.common, TINY)
    found = np.tile(rate, (size, 1))
    np.fill_diagonal(found, np.maximum(1 - (rate.sum() - rate), TINY))
    return _shares(found)


def _skilled(usual: Floats, counts: Floats, prior: Prior) -> Floats:
    """The confusion of all, as each annotator would show it who is as skilled as their counts say.

    The log odds of being right are moved, for each truth alike, by as much as the annotator's accuracy is from that of
    all; errors are spread as those of all.
    """
    accuracy = one_coin(counts, counts, prior)[:, 0, 0]
    right = np.clip(np.diagonal(usual), TINY, 1 - TINY)
    diagonal = expit(logit(right) + (logit(accuracy) - logit(_accuracy(counts.sum(axis=0))))[:, None])
    truth = np.arange(len(right))
    skilled: Floats = usual * ((1 - diagonal) / (1 - right))[:, :, None]
    skilled[:, truth, truth] = diagonal
    return skilled


def coin(accuracy: Floats, size: int) -> Floats:
    """Confusion matrices with the same accuracy in each row and all errors alike."""
    wrong = (1 - accuracy) / max(size - 1, 1)
    off = np.broadcast_to(1 - np.eye(size), (len(accuracy), size, size))
    matrices: Floats = accuracy[:, None, None] * np.eye(size) + wrong[:, None, None] * off
    return matrices


def _off_diagonal(confusion: Floats) -> Floats:
    """Of a model whose errors do not depend on the truth: how probable each answer is as an error, raters × answers."""
    size = confusion.shape[1]
    away = (np.arange(size) + 1) % size
    spam: Floats = confusion[:, away, np.arange(size)]
    return spam


MODELS: Mapping[str, Model] = {"dawid_skene": dawid_skene, "one_coin": one_coin, "mace": mace}
