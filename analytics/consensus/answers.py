"""Rows of consensus: the answer of each unit with its certainty, and how much of a group is settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import ibis.expr.types as ir
import numpy as np
from statsmodels.stats.proportion import proportion_confint

from analytics.consensus.fitting import Floats, fit
from analytics.consensus.models import MODELS
from analytics.consensus.votes import Integers, Votes, votes
from analytics.errors import ImpossibleMetric
from analytics.estimate import Estimate
from analytics.intervals import SHARE, Basis, Variance, check
from analytics.scales import Categories, QuestionKey

MAJORITY = "majority"
METHODS = (MAJORITY, *MODELS)
SETTLED = 0.95
"""The certainty from which on an answer is settled."""

_EVEN = 1e-6
UNLEARNT = "no item has two annotators: how often they err cannot be known"
UNRESTED = "the method did not come to rest on these answers"


@dataclass(frozen=True)
class Consensus:
    """The answer of one item and target: `group` names workflow, question and the columns asked for, in that order.

    `answer` is the code that is most probable, None where several are; those are `tied`. `certainty` is how probable it
    is (for the majority: its share of the votes), None where `undefined` says why; `settled` whether it reaches .95.
    `probabilities` by code, without those of 0; `n_judgments` one an annotator.
    """

    group: dict[str, str | None]
    item: str
    target: str
    method: str
    answer: str | None = field(metadata={"description": "the most probable code; null where several are"})
    tied: tuple[str, ...] = field(metadata={"description": "the codes that are most probable, if several are"})
    certainty: float | None = field(metadata={"description": "how probable the answer is; null where it is unknown"})
    settled: bool = field(metadata={"description": "whether the certainty is .95 or more"})
    n_judgments: int
    probabilities: dict[str, float] = field(metadata={"description": "of each code, without those of 0"})
    undefined: str | None = None


@dataclass(frozen=True)
class Certainty:
    """How certain the answers of one group are: `settled` the share of units at .95 or more, `certainty` their mean."""

    group: dict[str, str | None]
    method: str
    settled: Estimate
    certainty: Estimate
    n_tied: int


@dataclass(frozen=True)
class Answers:
    """The answers of one group: `certainty` (units,) is not a number where `undefined` says why."""

    votes: Votes
    codes: tuple[str, ...]
    method: str
    probabilities: Floats
    certainty: Floats
    undefined: str | None

    @property
    def tied(self) -> Integers:
        """How many answers share the highest probability: (units,)."""
        found: Integers = (self.probabilities > self.probabilities.max(axis=1, keepdims=True) - _EVEN).sum(axis=1)
        return found


def answers(
    judgments: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    method: str = "dawid_skene",
) -> list[Answers]:
    """The answers of every group by a method of `METHODS`, as arrays, sorted by group.

    `judgments` and `categories` as in `analytics.agreement.agreement`. Every group is fitted on its own. Raises
    UnknownGrouping, UndeclaredCategory, ImpossibleMetric.
    """
    if method not in METHODS:
        raise ImpossibleMetric(method, "consensus", METHODS)
    found = votes(judgments, categories, by)
    return [_answers(each, categories[_key(each)].codes, method) for each in found]


def _key(group: Votes) -> QuestionKey:
    return str(group.group["workflow"]), str(group.group["question"])


def _answers(group: Votes, codes: tuple[str, ...], method: str) -> Answers:
    if method == MAJORITY:
        return Answers(group, codes, method, group.shares, group.shares.max(axis=1), None)
    unknown = np.full(len(group.items), np.nan)
    if group.given.max() < 2:
        return Answers(group, codes, method, group.shares, unknown, UNLEARNT)
    fitted = fit(group, method)
    certainty = fitted.posterior.max(axis=1) if fitted.rested else unknown
    return Answers(group, codes, method, fitted.posterior, certainty, None if fitted.rested else UNRESTED)


def consensus(
    judgments: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    method: str = "dawid_skene",
    under: float | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[Consensus]:
    """The answer of each unit, the least certain first, then by group, item and target.

    Units whose certainty is undefined come last; with `under`, only those whose certainty is below it come. Of the rows
    the first `offset` are left out and `limit` at most are made (None: all). Parameters and errors as those of
    `answers`.
    """
    groups = answers(judgments, categories=categories, by=by, method=method)
    if not groups:
        return []
    certainty = np.concatenate([each.certainty for each in groups])
    ends = np.cumsum([len(each.certainty) for each in groups])
    end = None if limit is None else offset + limit
    order = np.argsort(np.round(certainty, 9), kind="stable")
    rows = (order if under is None else order[certainty[order] < under])[offset:end]
    of = np.searchsorted(ends, rows, side="right")
    return [
        _row(groups[number], int(row) - int(ends[number]) + len(groups[number].certainty))
        for row, number in zip(rows, of, strict=True)
    ]


def likeliest(probabilities: Floats) -> Integers:
    """The answers that share the highest probability, by number.

    >>> likeliest(np.array([0.4, 0.2, 0.4]))
    array([0, 2])
    """
    return np.flatnonzero(probabilities > probabilities.max() - _EVEN)


def _row(of: Answers, unit: int) -> Consensus:
    probabilities, certainty = of.probabilities[unit], float(of.certainty[unit])
    best = [of.codes[k] for k in likeliest(probabilities)]
    known = not np.isnan(certainty)
    return Consensus(
        group=of.votes.group,
        item=of.votes.items[unit],
        target=of.votes.targets[unit],
        method=of.method,
        answer=best[0] if len(best) == 1 else None,
        tied=tuple(best) if len(best) > 1 else (),
        certainty=certainty if known else None,
        settled=known and certainty >= SETTLED,
        n_judgments=int(of.votes.given[unit]),
        probabilities={code: float(p) for code, p in zip(of.codes, probabilities, strict=True) if p} if known else {},
        undefined=of.undefined,
    )


def certainties(
    judgments: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    method: str = "dawid_skene",
    level: float = 0.95,
) -> list[Certainty]:
    """How certain the answers of each group are, sorted by group; as `answers`, and raises ImpossibleInterval.

    Intervals hold for these annotators on other items.
    """
    check("items", level)
    return [_certainty(each, level) for each in answers(judgments, categories=categories, by=by, method=method)]


def _certainty(of: Answers, level: float) -> Certainty:
    units = len(of.certainty)
    counted = units, len(of.votes.own), len(of.votes.annotators)
    return Certainty(
        group=of.votes.group,
        method=of.method,
        settled=_settled(of, Basis(level, "Wilson", "items", *counted)),
        certainty=_mean(of, Basis(level, "t", "items", *counted)),
        n_tied=int((of.tied > 1).sum()),
    )


def _settled(of: Answers, basis: Basis) -> Estimate:
    if of.undefined:
        return basis.undefined(of.undefined)
    settled = int((of.certainty >= SETTLED).sum())
    low, high = proportion_confint(settled, basis.n_items, alpha=1 - basis.level, method="wilson")
    share = basis.undefined("", settled / basis.n_items)
    return replace(share, low=float(low), high=float(high), undefined=None)


def _mean(of: Answers, basis: Basis) -> Estimate:
    if of.undefined:
        return basis.undefined(of.undefined)
    mean, units = float(of.certainty.mean()), basis.n_items
    if units < 2:
        return basis.undefined("no interval: it takes two items", mean)
    variance = Variance(float(of.certainty.var(ddof=1)) / units, units - 1)
    if variance.value < 1e-18:
        return basis.undefined("no interval: all items are equally certain", mean)
    return basis.estimate(mean, variance, SHARE)
