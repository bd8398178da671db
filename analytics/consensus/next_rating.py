"""Which items another rating would help: those whose answer is settled need none.

The expected certainty after one more answer is that of its possible outcomes, each as probable as the posterior and the
confusion of the group's annotators make it (Sheng, Provost & Ipeirotis 2008, KDD, 614-622, who choose by the
uncertainty of a label; here by what the rating is expected to do about it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from math import comb
from typing import Literal

import ibis.expr.types as ir
import numpy as np
from scipy.special import gammaln

from analytics.consensus.answers import SETTLED, UNLEARNT, UNRESTED, likeliest
from analytics.consensus.fitting import Fit, Floats, fit
from analytics.consensus.models import MODELS
from analytics.consensus.votes import Integers, Votes, votes
from analytics.errors import ImpossibleMetric
from analytics.scales import Categories, QuestionKey

Advice = Literal["stop", "one_more"]

MOST = 20
"""Further ratings of one item that are looked at."""

_OUTCOMES = 2_500
"""Outcomes of further ratings that are looked at, at most."""


@dataclass(frozen=True)
class NextRating:
    """What one more rating would do for an item and target: `group` names workflow, question and the columns asked for.

    `certainty` is how probable the answer is now, `expected` how probable the answer will be, in the mean, after one
    more rating by an annotator like those of the group, `gain` the difference. `more` ratings make it .95 in the mean.
    """

    group: dict[str, str | None]
    item: str
    target: str
    method: str
    advice: Advice | None = field(metadata={"description": "stop where the certainty is .95 or more, else one_more"})
    answer: str | None = field(metadata={"description": "the most probable code; null where several are"})
    certainty: float | None
    expected: float | None = field(metadata={"description": "certainty after one more rating, in the mean"})
    gain: float | None
    more: int | None = field(metadata={"description": "ratings until it is settled in the mean; null beyond some 20"})
    n_judgments: int
    undefined: str | None = None


@dataclass(frozen=True)
class _Outlook:
    """Of the units of one group: posterior, certainty now and after one more (units,), and the usual confusion."""

    votes: Votes
    codes: tuple[str, ...]
    posterior: Floats
    certainty: Floats
    expected: Floats
    confusion: Floats
    undefined: str | None


def next_ratings(
    judgments: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    method: str = "dawid_skene",
    limit: int | None = None,
    offset: int = 0,
) -> list[NextRating]:
    """What one more rating would do, the contested units first, by what it is expected to add; then the settled ones.

    Units of which nothing is known come last; equal ones are sorted by group, item and target. `judgments` and
    `categories` as in `analytics.agreement.agreement`; `method` is one of `MODELS`. Of the rows the first `offset` are
    left out and `limit` at most are made (None: all). Raises UnknownGrouping, UndeclaredCategory, ImpossibleMetric.
    """
    if method not in MODELS:
        raise ImpossibleMetric(method, "what another rating would do", tuple(MODELS))
    groups = [_outlook(each, categories, method) for each in votes(judgments, categories, by)]
    if not groups:
        return []
    certainty, expected = (
        np.concatenate([getattr(each, name) for each in groups]) for name in ("certainty", "expected")
    )
    order = np.lexsort((-np.round(expected - certainty, 9), certainty >= SETTLED, np.isnan(certainty)))
    ends = np.cumsum([len(each.certainty) for each in groups])
    rows = order[offset : None if limit is None else offset + limit]
    of = np.searchsorted(ends, rows, side="right")
    place = rows - ends[of] + np.array([len(each.certainty) for each in groups])[of]
    made: dict[tuple[int, int], NextRating] = {}
    for number in np.unique(of):
        units = place[of == number]
        for unit, more in zip(units, _more(groups[number], units), strict=True):
            made[number, unit] = _row(groups[number], int(unit), more, method)
    return [made[key] for key in zip(of, place, strict=True)]


def _outlook(group: Votes, categories: Mapping[QuestionKey, Categories], method: str) -> _Outlook:
    codes = categories[str(group.group["workflow"]), str(group.group["question"])].codes
    unknown, nothing = np.full(len(group.items), np.nan), np.empty((0, 0))
    if group.given.max() < 2:
        return _Outlook(group, codes, group.shares, unknown, unknown, nothing, UNLEARNT)
    found = fit(group, method)
    if not found.rested:
        return _Outlook(group, codes, found.posterior, unknown, unknown, nothing, UNRESTED)
    usual = _usual(found, group)
    return _Outlook(
        group, codes, found.posterior, found.posterior.max(axis=1), after_one(found.posterior, usual), usual, None
    )


def _usual(found: Fit, group: Votes) -> Floats:
    """The confusion of an annotator drawn by how much they annotate: truth × answer."""
    return np.asarray(np.tensordot(group.annotated / group.annotated.sum(), found.confusion, axes=1))


def after_one(posterior: Floats, confusion: Floats) -> Floats:
    """The expected certainty after one more answer, of posteriors (units × truth) and a confusion (truth × answer).

    >>> after_one(np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([[0.8, 0.2], [0.2, 0.8]]))
    array([0.8, 1. ])
    """
    found: Floats = np.sum([(posterior * answer).max(axis=1) for answer in confusion.T], axis=0)
    return found


def after_several(posterior: Floats, confusion: Floats, ratings: int) -> Floats:
    """The same after so many more answers: each combination of answers weighs as often as it comes about.

    >>> after_several(np.array([[0.5, 0.5]]), np.array([[0.8, 0.2], [0.2, 0.8]]), 3).round(3)
    array([0.896])
    """
    size = len(confusion)
    outcomes = np.array([np.bincount(each, minlength=size) for each in _outcomes(size, ratings)])
    ways = gammaln(ratings + 1) - gammaln(outcomes + 1).sum(axis=1)
    with np.errstate(divide="ignore"):
        chances = np.exp(ways[:, None] + outcomes @ np.log(np.maximum(confusion, 1e-300)).T)
    found: Floats = np.zeros(len(posterior))
    for chance in chances:
        found += (posterior * chance).max(axis=1)
    return found


def _outcomes(size: int, ratings: int) -> list[tuple[int, ...]]:
    return list(combinations_with_replacement(range(size), ratings))


def _more(of: _Outlook, units: Integers) -> list[int | None]:
    """How many further ratings make each unit settled in the mean; None beyond those that are looked at."""
    if of.undefined:
        return [None] * len(units)
    found = np.where(of.certainty[units] >= SETTLED, 0, -1)
    ratings = 1
    while (found < 0).any() and ratings <= MOST and comb(ratings + len(of.codes) - 1, ratings) <= _OUTCOMES:
        open_ones = np.flatnonzero(found < 0)
        expected = after_several(of.posterior[units[open_ones]], of.confusion, ratings)
        found[open_ones[expected >= SETTLED]] = ratings
        ratings += 1
    return [int(each) if each >= 0 else None for each in found]


def _row(of: _Outlook, unit: int, more: int | None, method: str) -> NextRating:
    certainty, expected = float(of.certainty[unit]), float(of.expected[unit])
    known = of.undefined is None
    best = likeliest(of.posterior[unit])
    advice: Advice = "stop" if certainty >= SETTLED else "one_more"
    return NextRating(
        group=of.votes.group,
        item=of.votes.items[unit],
        target=of.votes.targets[unit],
        method=method,
        advice=advice if known else None,
        answer=of.codes[best[0]] if len(best) == 1 else None,
        certainty=certainty if known else None,
        expected=expected if known else None,
        gain=max(expected - certainty, 0.0) if known else None,
        more=more,
        n_judgments=int(of.votes.given[unit]),
        undefined=of.undefined,
    )
