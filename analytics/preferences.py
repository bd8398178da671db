"""How far annotators agree on which of two responses is better: with and without ties, and how strongly.

A preference has codes worth less than 0 (the first response shown is better), 0 (a tie) and more than 0 (the second
is). Another project may show the two in another order, so answers are compared within one project.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
from scipy.special import stdtrit
from statsmodels.stats.proportion import proportion_confint

from analytics.agreement import Totals, basis_of, item_variance, rater_variance, rating_variance
from analytics.coefficients import ROUNDING, Floats, Sums, ac1, alpha_nominal, alpha_ordinal, percent, ratio, sums
from analytics.counts import Counts, counts
from analytics.estimate import Estimate, Over
from analytics.intervals import AT_MOST_ONE, SHARE, Basis, Scale, Variance, check, two_way
from analytics.literature import Benchmark, choices, limits
from analytics.scales import Categories, QuestionKey, categories
from guidelines.model import Workflow

_Figure: TypeAlias = Callable[[Sums], Floats]

SIDES = ("first", "tie", "second")
"""The response shown first is better; neither is; the one shown second is."""

_HALVES = np.array([[1.0, 0.5, 0.0], [0.5, 0.5, 0.5], [0.0, 0.5, 1.0]])
"""How far two answers agree if each tie is decided by the toss of a coin."""


@dataclass(frozen=True)
class Preference:
    """Agreement on one preference in one group: `group` names workflow, question and the columns asked for.

    `estimates` by name: `percent` and `alpha_ordinal` of the answers as they are, with their strength; `direction_…` of
    the side alone, a tie being one; `without_ties_…` of those answers that chose a side; `ties_half_percent` counts a
    tie as half a vote for either side. `sides` are the shares of answers for the first response shown, for a tie and
    for the second; `first_share` is that of the first among answers that chose a side: .5 where places do not matter.
    """

    group: dict[str, str | None]
    estimates: dict[str, Estimate]
    sides: dict[str, Estimate]
    first_share: Estimate
    n_single_rated: int
    benchmarks: tuple[Benchmark, ...] = field(metadata={"description": "published figures to compare with"})


def preference_questions(workflows: Mapping[str, Workflow]) -> dict[QuestionKey, Categories]:
    """The questions of these workflows that ask which of two responses is better."""
    asked = {
        (workflow.id, question.id)
        for workflow in workflows.values()
        for question in workflow.questions
        if question.kind == "preference"
    }
    return {key: each for key, each in categories(workflows).items() if key in asked and each.numbers is not None}


def preferences(
    judgments: ir.Table,
    *,
    questions: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[Preference]:
    """Agreement on preferences per workflow, question and the columns of `by`, one row a group, sorted by group.

    `judgments` as in `plugins.frames`, with the columns of `by`; `questions` as `preference_questions` gives them. An
    annotator's newest answer on an item counts. Raises UnknownGrouping, UndeclaredCategory, ImpossibleInterval.
    """
    check(over, level)
    rows = []
    for each in counts(within_projects(judgments), questions, by):
        numbers = questions[str(each.group["workflow"]), str(each.group["question"])].numbers or ()
        rows.append(_row(each, np.asarray(numbers), over, level))
    return rows


def within_projects(judgments: ir.Table) -> ir.Table:
    """The judgments with items that are others in another project: it may show their responses in another order."""
    parts = (judgments[name].cast("string") for name in ("source", "project", "item"))
    return judgments.mutate(item=ibis.literal("\x1f").join(list(parts)))


def sides(group: Counts, numbers: Floats) -> Counts:
    """The counts of a preference by the side that was taken, of `SIDES`; `numbers` are what its codes are worth."""
    side = np.sign(numbers).astype(np.int64) + 1
    return replace(group, patterns=group.patterns @ np.eye(3, dtype=np.int64)[side], own=side[group.own])


def without_ties(group: Counts) -> Counts:
    """The counts of those answers that chose a side: the first, then the second."""
    patterns, chose = group.patterns[:, [0, 2]], group.own != 1
    kept = patterns.any(axis=1)
    return Counts(
        group=group.group,
        patterns=patterns[kept],
        units=group.units[kept],
        rater=np.unique(group.rater[chose], return_inverse=True)[1],
        pattern=(np.cumsum(kept) - 1)[group.pattern[chose]],
        own=group.own[chose] // 2,
        count=group.count[chose],
    )


def _row(group: Counts, numbers: Floats, over: Over, level: float) -> Preference:
    whole, direction = (_Part.of(each, over, level) for each in (group, sides(group, numbers)))
    chosen = without_ties(direction.counts)
    part = _Part.of(chosen, over, level) if chosen.count.size else None
    estimates = {
        "percent": whole.coefficient(percent, SHARE),
        "alpha_ordinal": whole.coefficient(alpha_ordinal),
        **_three("direction", direction),
        **(_three("without_ties", part) if part else _none("without_ties", direction.basis)),
        "ties_half_percent": direction.coefficient(ties_half, SHARE),
    }
    return Preference(
        group=group.group,
        estimates=estimates,
        sides={name: direction.share(k) for k, name in enumerate(SIDES)},
        first_share=part.share(0) if part else _nothing(direction.basis).undefined("no answer chose a side"),
        n_single_rated=int(group.units[group.patterns.sum(axis=1) == 1].sum()),
        benchmarks=(*limits(estimates), *choices("without_ties_percent")),
    )


_THREE: Mapping[str, tuple[_Figure, Scale]] = {
    "percent": (percent, SHARE),
    "alpha_nominal": (alpha_nominal, AT_MOST_ONE),
    "ac1": (ac1, AT_MOST_ONE),
}


def _three(prefix: str, part: _Part) -> dict[str, Estimate]:
    return {f"{prefix}_{name}": part.coefficient(figure, scale) for name, (figure, scale) in _THREE.items()}


def _none(prefix: str, basis: Basis) -> dict[str, Estimate]:
    undefined = _nothing(basis).undefined("no item has two annotators")
    return {f"{prefix}_{name}": undefined for name in _THREE}


def _nothing(basis: Basis) -> Basis:
    return replace(basis, n_items=0, n_judgments=0, n_annotators=0)


def ties_half(of: Sums) -> Floats:
    """Agreement on the side of two, where a tie is half a vote for either: the first, a tie, the second; 0 to 1."""
    return ratio((of.pairs * _HALVES).sum(axis=(-2, -1)), of.pairable)


@dataclass(frozen=True)
class _Part:
    """The counts that some estimates rest on, and their sums, whole and with parts left out."""

    counts: Counts
    totals: Totals
    basis: Basis

    @classmethod
    def of(cls, group: Counts, over: Over, level: float) -> _Part:
        return cls(group, Totals.of(group), basis_of(group, over, level))

    def coefficient(self, figure: _Figure, scale: Scale = AT_MOST_ONE) -> Estimate:
        """A coefficient of agreement with its jackknife interval."""
        value = float(figure(sums(self.totals.all, self._numbers)))
        if np.isnan(value):
            same = "no variation: every answer is the same"
            return self.basis.undefined(same if self.basis.n_items else "no item has two annotators")
        if 1 - value < ROUNDING:
            return self.basis.undefined("no interval: all annotators agree on every item", value)
        variance = self._variance(figure)
        if np.isnan(variance.value):
            return self.basis.undefined("no interval: without one item or one annotator no figure is left", value)
        if variance.value < ROUNDING**2 or (scale is SHARE and value < ROUNDING):
            return self.basis.undefined("no interval: all items show the same agreement", value)
        return self.basis.estimate(value, variance, scale)

    def share(self, category: int) -> Estimate:
        """The mean share of a category over units, with Wilson's interval for the effective sample size.

        That size is p (1 - p) by the jackknife variance, lessened as Student's t is wider than the normal quantile
        (Korn & Graubard 1998, Surv. Methodol. 24); of clusters, where the share is 0 or 1 and it cannot be seen.
        """
        basis = self._every()
        found = sums(self.totals.all, self._numbers)
        value = float(found.shares[category] / found.units)
        both = basis.over == "items_and_raters"
        if basis.n_items < 2 or (both and basis.n_annotators < 2):
            return basis.undefined("no interval: it takes two items, and over annotators two annotators", value)
        size = float(min(basis.n_items, basis.n_annotators) if both else basis.n_items)
        if ROUNDING < value < 1 - ROUNDING:
            variance = self._variance(lambda of: ratio(of.shares[..., category], of.units))
            if not variance.value > ROUNDING**2:
                return basis.undefined("no interval: all items show the same", value)
            narrower = stdtrit(np.inf, 0.5 + basis.level / 2) / stdtrit(variance.freedom, 0.5 + basis.level / 2)
            size = min(value * (1 - value) / variance.value, float(basis.n_judgments)) * float(narrower) ** 2
        low, high = proportion_confint(value * size, size, alpha=1 - basis.level, method="wilson")
        low, high = min(float(low), value), max(float(high), value)  # statsmodels rounds 0 to above 0
        return replace(basis.undefined("", value), low=low, high=high, undefined=None)

    @property
    def _numbers(self) -> Sequence[float]:
        return [float("nan")] * self.counts.patterns.shape[1]

    def _variance(self, figure: _Figure) -> Variance:
        items = item_variance(figure, self.totals, self._numbers)
        if self.basis.over == "items":
            return items
        raters = rater_variance(figure, self.totals, self._numbers)
        return two_way(items, raters, rating_variance(figure, self.totals, self._numbers))

    def _every(self) -> Basis:
        """What a share rests on: all units, with one annotator too."""
        units, raters = int(self.counts.units.sum()), len(np.unique(self.counts.rater))
        judgments = int(self.counts.count.sum())
        method = "Wilson, effective sample size"
        return replace(self.basis, method=method, n_items=units, n_judgments=judgments, n_annotators=raters)
