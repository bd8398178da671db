"""Agreement on questions that several codes can answer: of whole sets, and of each option."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import ibis.expr.types as ir
import numpy as np

from analytics.accuracy import SMALL
from analytics.agreement import Totals, group_agreement
from analytics.counts import Counts
from analytics.estimate import Estimate, Over
from analytics.intervals import AT_MOST_ONE, SHARE, Basis, Scale, check
from analytics.replicates import Floats, estimated
from analytics.scales import Categories, QuestionKey
from analytics.sets.counts import SetCounts, set_counts
from analytics.sets.disagreement import alpha, disagreement, ratings_of, similarities, similarity
from analytics.sets.distances import Distance, exact, jaccard, masi
from analytics.sets.questions import Options

_COUNTED: Mapping[str, tuple[Distance, Callable[[SetCounts, Distance], Totals]]] = {
    "exact": (exact, similarities),
    "jaccard": (jaccard, disagreement),
    "masi": (masi, disagreement),
}
_FIGURES: Mapping[str, tuple[str, Callable[[Floats], Floats], Scale]] = {
    "percent": ("exact", similarity, SHARE),
    "jaccard": ("jaccard", similarity, SHARE),
    "alpha_jaccard": ("jaccard", alpha, AT_MOST_ONE),
    "alpha_masi": ("masi", alpha, AT_MOST_ONE),
}
_YES_NO = Categories(("no", "yes"), "nominal")
_OF_OPTIONS = ("percent", "alpha_nominal", "ac1")


@dataclass(frozen=True)
class SetAgreement:
    """Agreement on whole sets in one group.

    `percent`: the share of pairs of answers that are the same set; `jaccard`: their mean Jaccard similarity.
    `prevalence` is the mean share of answers that hold each option, `empty` that of empty ones.
    """

    group: dict[str, str | None]
    estimates: dict[str, Estimate]
    prevalence: dict[str, float]
    empty: float = field(metadata={"description": "the mean share of answers that chose nothing"})
    n_sets: int = field(metadata={"description": "how many different sets were given"})
    n_single_rated: int
    small: bool = field(metadata={"description": "whether the sample is small: fewer than 30 items"})


@dataclass(frozen=True)
class OptionAgreement:
    """Agreement on one option in one group: chosen or not. `prevalence` is the mean share of answers that hold it."""

    group: dict[str, str | None]
    option: str
    estimates: dict[str, Estimate]
    prevalence: float
    n_single_rated: int
    small: bool = field(metadata={"description": "whether the sample is small: fewer than 30 items"})


def set_agreement(
    judgments: ir.Table,
    *,
    questions: Mapping[QuestionKey, Options],
    by: Sequence[str] = ("locale",),
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[SetAgreement]:
    """Agreement on sets per workflow, question and the columns of `by`, one row a group, sorted by group.

    `judgments` as in `plugins.frames` with the columns of `by`, where "" is the empty set (see
    `analytics.sets.questions.with_empty`); `questions` as that module finds them. Raises UnknownGrouping,
    UndeclaredCategory, ImpossibleInterval.
    """
    check(over, level)
    return [_sets(each, questions[_key(each)].codes, over, level) for each in set_counts(judgments, questions, by)]


def option_agreement(
    judgments: ir.Table,
    *,
    questions: Mapping[QuestionKey, Options],
    by: Sequence[str] = ("locale",),
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[OptionAgreement]:
    """Agreement on each option as a question of yes or no, one row a group and option, in the declared order.

    Parameters and errors are those of `set_agreement`; the figures those of `analytics.agreement`.
    """
    check(over, level)
    return [
        _option(each, number, code, over, level)
        for each in set_counts(judgments, questions, by)
        for number, code in enumerate(questions[_key(each)].codes)
    ]


def _key(of: SetCounts) -> QuestionKey:
    return str(of.group["workflow"]), str(of.group["question"])


def _sets(of: SetCounts, codes: Sequence[str], over: Over, level: float) -> SetAgreement:
    basis = _basis(of, over, level)
    totals = {name: count(of, distance) for name, (distance, count) in _COUNTED.items()}
    nothing = "no variation: every answer is the same"
    shares = _shares(of)
    return SetAgreement(
        group=of.group,
        estimates={
            name: estimated(figure, totals[distance], basis, scale, nothing)
            for name, (distance, figure, scale) in _FIGURES.items()
        },
        prevalence=dict(zip(codes, (shares @ of.chosen).tolist(), strict=True)),
        empty=float(shares @ ~of.chosen.any(axis=1)),
        n_sets=len(of.chosen),
        n_single_rated=int(of.units[ratings_of(of) == 1].sum()),
        small=basis.n_items < SMALL,
    )


def _shares(of: SetCounts) -> Floats:
    """The mean over units of the share of each set."""
    share = of.times / ratings_of(of)[of.place] * of.units[of.place]
    return np.asarray(np.bincount(of.which, weights=share, minlength=len(of.chosen)) / of.units.sum(), np.float64)


def _basis(of: SetCounts, over: Over, level: float) -> Basis:
    """What a figure of this group rests on: the units with two annotators or more, and their annotators."""
    ratings = ratings_of(of)
    pairable = ratings >= 2
    return Basis(
        level=level,
        method="two-way jackknife" if over == "items_and_raters" else "delete-one jackknife",
        over=over,
        n_items=int(of.units[pairable].sum()),
        n_judgments=int((of.units * ratings)[pairable].sum()),
        n_annotators=len(np.unique(of.rater[pairable[of.place[of.entry]]])),
    )


def _option(of: SetCounts, number: int, code: str, over: Over, level: float) -> OptionAgreement:
    found = group_agreement(_as_yes_or_no(of, number), _YES_NO, _OF_OPTIONS, over, level)
    return OptionAgreement(
        group=of.group,
        option=code,
        estimates=found.estimates,
        prevalence=found.prevalence["yes"],
        n_single_rated=found.n_single_rated,
        small=found.estimates["percent"].n_items < SMALL,
    )


def _as_yes_or_no(of: SetCounts, number: int) -> Counts:
    """The counts of one option: 0 is left out, 1 is chosen."""
    yes = of.chosen[of.which, number]
    ratings = ratings_of(of).astype(np.int64)
    chosen = np.bincount(of.place, weights=of.times * yes, minlength=len(ratings)).astype(np.int64)
    width = int(ratings.max()) + 1
    kinds, kind = np.unique(ratings * width + chosen, return_inverse=True)
    every, with_it = np.divmod(kinds, width)
    cell = (of.rater * len(kinds) + kind[of.place[of.entry]]) * 2 + yes[of.entry]
    count = np.bincount(cell, weights=of.count).astype(np.int64)
    cells = np.flatnonzero(count)
    return Counts(
        group=of.group,
        patterns=np.column_stack([every - with_it, with_it]),
        units=np.bincount(kind, weights=of.units).astype(np.int64),
        rater=cells // (2 * len(kinds)),
        pattern=cells // 2 % len(kinds),
        own=cells % 2,
        count=count[cells],
    )
