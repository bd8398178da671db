"""Scorecards: what is known of each annotator on each question, figure by figure, without a rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from analytics.agreement import group_agreement
from analytics.annotators import consistency
from analytics.annotators.drift import drift
from analytics.annotators.figures import DISCOVERY, FEWEST, Figures, Floats, number, others, q_values
from analytics.annotators.gold import Hits, accuracy, hits, of_annotators
from analytics.annotators.logs import Log
from analytics.annotators.peers import agreement, peers
from analytics.annotators.runs import Runs, runs
from analytics.counts import Counts, grouping, settled_counts
from analytics.estimate import Estimate
from analytics.intervals import check
from analytics.output import SPREAD
from analytics.scales import Categories, QuestionKey
from analytics.units import History, Texts, histories


@dataclass(frozen=True)
class Run:
    """The longest run of one and the same answer, in the order in which answers were begun."""

    longest_run: int
    longest_run_code: str
    longest_run_p: float = field(metadata={"description": "the chance of so long a run in answers as the group's"})
    longest_run_q: float = field(metadata={"description": "after Benjamini and Hochberg, over all annotators asked"})


@dataclass(frozen=True)
class Scorecard:
    """One annotator on one question: `group` names workflow, question and the columns asked for, in that order.

    `estimates`: `accuracy` against gold, `agreement` with peers, `consistency` and `consistency_kappa` with oneself,
    and `drift`, the change of the log odds of agreeing with peers per week. `of_group` has agreement and accuracy of
    all annotators of the group. `confusion` shares out the answers of peers, by the annotator's own answer.
    """

    group: dict[str, str | None]
    annotator: str
    answers: int = field(metadata={"description": "all answers, those given again too"})
    items: int
    days: int = field(metadata={"description": "days (UTC) on which an answer was begun"})
    right: int = field(metadata={"description": "answers equal to gold, of those that have any"})
    estimates: dict[str, Estimate]
    standard_errors: dict[str, float | None]
    of_group: dict[str, float | None]
    run: Run = field(metadata=SPREAD)
    confusion: dict[str, dict[str, float]]
    flags: tuple[str, ...] = field(metadata={"description": "what is surely unusual; see the documentation"})
    small: bool = field(metadata={"description": "whether the sample is small: fewer than 30 items"})


def scorecards(
    judgments: ir.Table,
    right: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    limit: int | None = None,
    offset: int = 0,
    level: float = 0.95,
) -> list[Scorecard]:
    """A card per annotator, workflow, question and the columns of `by`, sorted by group and annotator.

    `judgments` and `categories` as in `analytics.agreement.agreement`, `right` a reference (see
    `analytics.references`). Of the rows the first `offset` are left out and `limit` at most are made (None: all); false
    discoveries are controlled over all. Raises UnknownGrouping, UndeclaredCategory, ImpossibleInterval.
    """
    check("items", level)
    group = grouping(by, judgments)
    if not categories:
        return []
    names, every = histories(judgments, categories, group)
    known = hits(judgments, right, categories, group) if every else {}
    measured = [
        _Measured.of(each, names, known.get(tuple(each.group.values())), categories[each.key], level) for each in every
    ]
    found = _Discoveries.of(measured)
    places = [(of, row) for of, each in enumerate(measured) for row in range(len(each.log.annotators))]
    return [
        _card(measured[of], found, of, row) for of, row in places[offset : None if limit is None else offset + limit]
    ]


@dataclass(frozen=True)
class _Measured:
    """Every figure of the annotators of one group, as arrays."""

    log: Log
    codes: tuple[str, ...]
    figures: dict[str, Figures]
    days: npt.NDArray[np.int64]
    runs: Runs
    confusion: Floats
    group_agreement: Estimate
    of_others: tuple[Floats, Floats, Floats]
    right: npt.NDArray[np.int64]

    @classmethod
    def of(cls, history: History, names: Texts, known: Hits | None, codes: Categories, level: float) -> _Measured:
        size, nobody = len(codes.codes), np.zeros(0, object)
        log, met = Log.of(history, names, size), peers(history)
        gold = of_annotators(known or Hits(nobody, np.zeros(0), np.zeros(0)), log.annotators)
        table = settled_counts(history.group, history.unit, history.rater, history.own, size)
        usual = group_agreement(table, codes, ("percent",), "items_and_raters", level).estimates["percent"]
        return cls(
            log=log,
            codes=codes.codes,
            figures={
                "accuracy": accuracy(gold, level),
                "agreement": agreement(met, usual.value, level),
                "consistency": consistency.same(log.repeats, level),
                "consistency_kappa": consistency.kappa(log.repeats, level),
                "drift": drift(met, level),
            },
            days=log.days(),
            runs=runs(log),
            confusion=confusion(table),
            group_agreement=usual,
            of_others=others(gold.right, gold.known, level),
            right=gold.right.astype(np.int64),
        )


def confusion(table: Counts) -> Floats:
    """What peers answered where an annotator gave each answer: (annotators, own category, peers' category).

    Peers of one item and target together count as one answer.
    """
    size = table.patterns.shape[1]
    others = table.patterns[table.pattern] - np.eye(size, dtype=np.int64)[table.own]
    given = others.sum(axis=1, keepdims=True)
    shares = np.where(given > 0, others / np.maximum(given, 1), 0.0) * table.count[:, None]
    found = np.zeros((int(table.rater.max(initial=-1)) + 1, size, size))
    np.add.at(found, (table.rater, table.own), shares)
    return found


@dataclass(frozen=True)
class _Discoveries:
    """The q-values of each test, over all annotators of all groups: one array a group."""

    agreement: list[Floats]
    accuracy: list[Floats]
    drift: list[Floats]
    runs: list[Floats]

    @classmethod
    def of(cls, measured: Sequence[_Measured]) -> _Discoveries:
        return cls(
            agreement=q_values([each.figures["agreement"].p_value for each in measured]),
            accuracy=q_values([each.figures["accuracy"].p_value for each in measured]),
            drift=q_values([each.figures["drift"].p_value for each in measured]),
            runs=q_values([each.runs.p_value for each in measured]),
        )


def _card(of: _Measured, found: _Discoveries, group: int, row: int) -> Scorecard:
    shown = of.runs
    return Scorecard(
        group=of.log.group,
        annotator=str(of.log.annotators[row]),
        answers=int(of.log.answers[row]),
        items=int(of.log.items[row]),
        days=int(of.days[row]),
        right=int(of.right[row]),
        estimates={name: each.estimate(row) for name, each in of.figures.items()},
        standard_errors={name: number(each.error[row]) for name, each in of.figures.items()},
        of_group=_of_group(of),
        run=Run(
            longest_run=int(shown.length[row]),
            longest_run_code=of.codes[shown.own[row]],
            longest_run_p=float(shown.p_value[row]),
            longest_run_q=float(found.runs[group][row]),
        ),
        confusion=_shares(of, row),
        flags=tuple(_flags(of, found, group, row)),
        small=int(of.log.items[row]) < FEWEST,
    )


def _of_group(of: _Measured) -> dict[str, float | None]:
    """Agreement and accuracy of all annotators of the group."""
    known = int(of.figures["accuracy"].judgments.sum())
    right = int(of.right.sum()) / known if known else None
    return {"agreement": of.group_agreement.value, "accuracy": right}


def _shares(of: _Measured, row: int) -> dict[str, dict[str, float]]:
    """By own answer, of those who met peers: how peers' answers are shared out."""
    table = of.confusion[row]
    return {
        code: dict(zip(of.codes, (line / line.sum()).tolist(), strict=True))
        for code, line in zip(of.codes, table, strict=True)
        if line.sum() > 0
    }


def _flags(of: _Measured, found: _Discoveries, group: int, row: int) -> list[str]:
    """A flag takes 30 items, a false discovery rate under 5 %, and an interval that lies wholly beyond the group's."""
    met, gold, change = (of.figures[name] for name in ("agreement", "accuracy", "drift"))
    usual = of.group_agreement
    flags = []
    if _sure(met, found.agreement[group], row) and usual.low is not None and met.high[row] < usual.low:
        flags.append("agrees_less")
    if _sure(gold, found.accuracy[group], row) and gold.high[row] < of.of_others[1][row]:
        flags.append("less_accurate")
    if _sure(change, found.drift[group], row):
        flags.append("agreement_rises" if change.value[row] > 0 else "agreement_falls")
    if of.log.items[row] >= FEWEST and found.runs[group][row] < DISCOVERY:
        flags.append("straight_lining")
    return flags


def _sure(of: Figures, q: Floats, row: int) -> bool:
    return bool(of.items[row] >= FEWEST and q[row] < DISCOVERY)
