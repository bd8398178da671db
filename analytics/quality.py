"""Quality of what was reviewed: MQM scores, error density, and whether a programme's pass marks are met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from analytics.accuracy import SMALL
from analytics.counts import grouping, name_group
from analytics.estimate import Estimate, Over
from analytics.intervals import Floats, check
from analytics.penalties import reviews
from analytics.ratios import Ratio, blocks, bootstrapped, estimated, moments
from analytics.scales import ErrorScale, QuestionKey
from plugins.pass_marks import MEASURES

Result = Literal["passed", "failed", "uncertain"]
Marks = Mapping[tuple[str, str, str], float]
"""The highest score that passes, by programme, workflow and measure (see `plugins.pass_marks`)."""

NO_WORDS = "no manifest told how many words the responses have"


@dataclass(frozen=True)
class PassMark:
    """The highest score that passes, and what the interval of the score says: on one side of it, or on neither."""

    at_most: float
    result: Result


@dataclass(frozen=True)
class Quality:
    """The MQM scores of one group, 0 is best: `estimate` is the mean penalty per annotation.

    `n_judgments` of an estimate is the number of annotations that looked for errors, found or not.
    """

    group: dict[str, str | None]
    estimate: Estimate
    per_1000_words: Estimate = field(metadata={"description": "penalty per 1,000 words of the reviewed responses"})
    errors_per_1000_words: Estimate
    result: Result | None = field(metadata={"description": "of all pass marks; null where the programme has none"})
    pass_marks: Mapping[str, PassMark] = field(metadata={"description": "by score"})
    n_errors: int
    n_repeated: int = field(metadata={"description": "marks that are not counted: the error was marked before"})
    n_words: float = field(metadata={"description": "the words that annotators read, each as often as it was read"})
    n_without_words: int = field(metadata={"description": "annotations of responses whose length is not known"})
    small: bool = field(metadata={"description": "whether the sample is small: fewer than 30 items"})


def quality(
    judgments: ir.Table,
    spans: ir.Table,
    *,
    questions: Mapping[QuestionKey, ErrorScale],
    marks: Marks | None = None,
    by: Sequence[str] = ("locale",),
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[Quality]:
    """MQM scores per workflow, question and the columns of `by`, one row a group, sorted by group.

    `judgments` as in `plugins.frames`, with the columns of `by`, with `words` (see `analytics.marked.with_words`) and,
    for `marks`, with `programme`; `spans` as in `analytics.marked.counted`. An annotator's newest answer on a response
    counts. Raises UnknownGrouping, ImpossibleInterval.
    """
    check(over, level)
    group = grouping(by, judgments)
    if not questions:
        return []
    looked = reviews(judgments, spans, questions, group)
    ratios = [ratio for scale in questions.values() for ratio in _ratios(scale).values()]
    rows = moments(looked, group, ratios, sums=("errors", "marked"), sets=("owner",)).order_by(group).to_pandas()
    drawn = dict(_blocks(looked, group)) if over == "items" else {}
    found = []
    for row in rows.to_dict("records"):
        named = name_group(group, [row[name] for name in group])
        workflow, question = str(named["workflow"]), str(named["question"])
        scores = _ratios(questions[workflow, question])
        estimates = {name: estimated(row, ratio, over, level, NO_WORDS) for name, ratio in scores.items()}
        if sums := drawn.get(tuple(named.values())):
            estimates = {
                name: bootstrapped(each, sums[scores[name].above], sums[scores[name].below])
                for name, each in estimates.items()
            }
        passed = _judged(estimates, workflow, row["owner"], marks or {})
        found.append(_row(named, row, estimates, passed))
    return found


def _ratios(scale: ErrorScale) -> dict[str, Ratio]:
    return {
        "per_annotation": Ratio("penalty", "looked", 1.0, scale.heaviest),
        "per_1000_words": Ratio("penalty_read", "words", 1000.0, scale.heaviest),
        "errors_per_1000_words": Ratio("errors_read", "words", 1000.0),
    }


def _blocks(looked: ir.Table, group: Sequence[str]) -> Iterator[tuple[tuple[str | None, ...], dict[str, Floats]]]:
    """Per group the sums of its blocks of items, in their order."""
    columns = ["penalty", "looked", "penalty_read", "errors_read", "words"]
    table: pd.DataFrame = blocks(looked, group, columns).order_by([*group, "block"]).to_pandas()
    for key, rows in table.groupby(list(group), dropna=False, sort=True):
        named = tuple(name_group(group, key).values())
        yield named, {name: rows[name].to_numpy(np.float64) for name in columns}


def _row(
    group: dict[str, str | None],
    row: Mapping[Any, Any],
    estimates: Mapping[str, Estimate],
    passed: Mapping[str, PassMark],
) -> Quality:
    return Quality(
        group=group,
        estimate=estimates["per_annotation"],
        per_1000_words=estimates["per_1000_words"],
        errors_per_1000_words=estimates["errors_per_1000_words"],
        result=_together([each.result for each in passed.values()]),
        pass_marks=passed,
        n_errors=int(row["errors"]),
        n_repeated=int(row["marked"] - row["errors"]),
        n_words=float(row["words"]),
        n_without_words=int(row["n_looked"] - row["n_words"]),
        small=estimates["per_annotation"].n_items < SMALL,
    )


def _judged(
    estimates: Mapping[str, Estimate], workflow: str, programmes: Iterable[str], marks: Marks
) -> dict[str, PassMark]:
    limits = {
        measure: [marks[key] for each in programmes if (key := (each, workflow, measure)) in marks]
        for measure in MEASURES
    }
    return {measure: judged(estimates[measure], each) for measure, each in limits.items() if each}


def judged(estimate: Estimate, limits: Sequence[float]) -> PassMark:
    """Whether the whole interval is at or under the highest score that passes, or over it, or neither.

    Never told from the value alone: without an interval it is uncertain. Where programmes with other `limits` are in
    one group, the interval must be under or over all of them; the lowest is shown.

    >>> estimate = Estimate(3.0, 2.0, 4.0, 0.95, "bootstrap-t", "items", 40, 80, 5)
    >>> [judged(estimate, [limit]).result for limit in (1.9, 3.5, 4.0)]
    ['failed', 'uncertain', 'passed']
    """
    result: Result = "uncertain"
    if estimate.high is not None and estimate.high <= min(limits):
        result = "passed"
    elif estimate.low is not None and estimate.low > max(limits):
        result = "failed"
    return PassMark(min(limits), result)


def _together(results: Sequence[Result]) -> Result | None:
    """Failed if one mark is failed, passed if all are met."""
    if not results:
        return None
    return next((each for each in ("failed", "uncertain") if each in results), "passed")
