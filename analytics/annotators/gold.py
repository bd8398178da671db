"""Accuracy of every annotator on answers whose right answer is known, as a posterior of the beta distribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaln, expit
from scipy.stats import beta, binom

from analytics.annotators.figures import Figures, Floats, Integers, others, reasons
from analytics.counts import check_declared, name_group, newest_answers
from analytics.references import UNIT
from analytics.scales import Categories, QuestionKey

JEFFREYS = (0.5, 0.5)
FEWEST_ANNOTATORS = 30
"""Annotators with a known answer from which on their group says what to expect of one."""

WORTH = 10.0
"""Answers that this is worth at most: who differs from all others must be able to show it."""


@dataclass(frozen=True)
class Hits:
    """Of each annotator of one group (annotators,): answers whose right answer is known, and how many are right."""

    annotators: npt.NDArray[np.object_]
    known: Floats
    right: Floats


def hits(
    judgments: ir.Table, right: ir.Table, categories: Mapping[QuestionKey, Categories], group: Sequence[str]
) -> dict[tuple[str | None, ...], Hits]:
    """The hits of every group that has any; `right` is a reference (see `analytics.references`)."""
    asked = judgments.semi_join(right, ["workflow", "question", "item"])
    answers = newest_answers(asked, categories, list(dict.fromkeys((*group, *UNIT))))
    reference = newest_answers(right.mutate(annotator=ibis.literal("")), categories, UNIT)
    met = answers.inner_join(reference.select(*UNIT, right="own"), list(UNIT))
    counted = met.group_by([*group, "annotator"]).aggregate(
        known=met.count(), hit=(met.own == met.right).sum(), last=met.right.max()
    )
    table = counted.to_pandas()
    check_declared(table["last"].to_numpy(np.int64), right, categories)
    return {
        tuple(name_group(group, key).values()): _hits(rows.sort_values("annotator"))
        for key, rows in table.groupby(list(group), dropna=False, sort=True)
    }


def _hits(rows: pd.DataFrame) -> Hits:
    known, right = (rows[name].to_numpy(np.float64) for name in ("known", "hit"))
    return Hits(rows["annotator"].to_numpy(object), known, right)


def accuracy(of: Hits, level: float) -> Figures:
    """The posterior mean of each annotator's accuracy with the central interval of its distribution.

    The prior is the beta distribution of the group's annotators (empirical Bayes), or Jeffreys' where fewer than 30 of
    them have a known answer. The p-value is the chance of so few right answers at the rate of the others (binomial).
    """
    a, b = prior = group_prior(of.known, of.right)
    of_group = "Jeffreys" if prior == JEFFREYS else f"of the group ({a:.3g}, {b:.3g})"
    none = of.known == 0
    first, second = a + of.right, b + of.known - of.right
    spread = first * second / ((first + second) ** 2 * (first + second + 1))
    tail = (1 - level) / 2
    usual = np.nan_to_num(others(of.right, of.known, level)[0])
    return Figures(
        method=f"beta posterior, prior {of_group}",
        value=np.where(none, np.nan, first / (first + second)),
        low=np.where(none, np.nan, beta.ppf(tail, first, second)),
        high=np.where(none, np.nan, beta.ppf(1 - tail, first, second)),
        error=np.where(none, np.nan, np.sqrt(spread)),
        items=of.known.astype(np.int64),
        judgments=of.known.astype(np.int64),
        annotators=np.minimum(of.known, 1).astype(np.int64),
        reasons=reasons(len(none), (none, "no answer has a known right one")),
        p_value=np.where(none, np.nan, binom.cdf(of.right, of.known, usual)),
        level=level,
    )


def group_prior(known: Floats, right: Floats) -> tuple[float, float]:
    """The beta distribution that annotators' accuracies are drawn from: the most probable one.

    Beta-binomial likelihood with the uniform-shrinkage prior on how alike annotators are (Christiansen & Morris 1997,
    J. Am. Stat. Assoc. 92), which keeps them from being taken as all the same; worth 10 answers at most.

    >>> group_prior(np.array([20.0]), np.array([19.0]))
    (0.5, 0.5)
    """
    known, right = known[known > 0], right[known > 0]
    if len(known) < FEWEST_ANNOTATORS:
        return JEFFREYS
    kinds, times = np.unique(np.column_stack([known, right]), axis=0, return_counts=True)
    usual = float(np.median(known))

    def loss(at: Floats) -> float:
        mean, size = expit(at[0]), np.exp(at[1])
        a, b = mean * size, (1 - mean) * size
        like = times @ (betaln(a + kinds[:, 1], b + kinds[:, 0] - kinds[:, 1]) - betaln(a, b))
        return float(-like - at[1] + 2 * np.log(size + usual) + 0.01 * at[0] ** 2)

    rate = (right.sum() + 0.5) / (known.sum() + 1)
    found = minimize(loss, [np.log(rate / (1 - rate)), np.log(10.0)], method="Nelder-Mead", options={"xatol": 1e-6})
    mean, size = float(expit(found.x[0])), min(float(np.exp(found.x[1])), WORTH)
    return mean * size, (1 - mean) * size


def of_annotators(found: Hits, annotators: npt.NDArray[np.object_]) -> Hits:
    """These hits for other annotators, who include theirs; those without a known answer have none."""
    known, right = np.zeros((2, len(annotators)))
    place: Integers = np.searchsorted(annotators.astype(str), found.annotators.astype(str))
    known[place], right[place] = found.known, found.right
    return Hits(annotators, known, right)
