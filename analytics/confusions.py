"""Which two codes annotators give to the same unit most often, beside how often chance would have them do so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np

from analytics.agreement import Totals, basis_of, item_variance, rater_variance, rating_variance
from analytics.coefficients import ROUNDING, Floats, Sums, ratio, sums
from analytics.counts import Counts, counts, grouping, name_group, newest_answers
from analytics.estimate import Estimate, Over
from analytics.intervals import AT_LEAST_ZERO, SHARE, Basis, Scale, check, two_way
from analytics.scales import Categories, QuestionKey

EXAMPLES = 3

_Figure: TypeAlias = Callable[[Sums], Floats]


@dataclass(frozen=True)
class Example:
    """A unit to which both codes were given."""

    item: str
    target: str


@dataclass(frozen=True)
class Confusion:
    """Two codes in one group: `group` names workflow, question and the columns asked for, in that order.

    `share` is their part of all disagreeing pairs of answers, 0 to 1; `ratio` how often they meet by how often chance
    would make them meet: 1 is chance, 0 never. `first` is declared before `second`.
    """

    group: dict[str, str | None]
    first: str
    second: str
    share: Estimate
    ratio: Estimate
    n_confused: int = field(metadata={"description": "items and targets to which both codes were given"})
    examples: tuple[Example, ...] = field(metadata={"description": "some of these, at most three"})


@dataclass(frozen=True)
class _Pair:
    """Category numbers that meet in the group of this number on so many units."""

    group: int
    first: int
    second: int
    units: int
    value: float


def confusions(
    judgments: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    over: Over = "items_and_raters",
    limit: int | None = None,
    level: float = 0.95,
) -> list[Confusion]:
    """The codes that were given to the same unit, those on the most units first, then by share and group.

    `judgments`, `categories` and `by` as in `analytics.agreement.agreement`; at most `limit` rows (None: all). Codes
    that never met have no row. Raises UnknownGrouping, UndeclaredCategory, ImpossibleInterval.
    """
    check(over, level)
    groups = counts(judgments, categories, by)
    every = [pair for number, each in enumerate(groups) for pair in _pairs(number, each)]
    shown = sorted(every, key=lambda pair: (-pair.units, -round(pair.value, 9), pair.group, pair.first, pair.second))
    shown = shown[:limit]
    totals = {number: Totals.of(groups[number]) for number in {pair.group for pair in shown}}
    found = _examples(judgments, categories, grouping(by, judgments)) if shown else {}
    rows = []
    for pair in shown:
        group = groups[pair.group]
        codes = categories[str(group.group["workflow"]), str(group.group["question"])].codes
        examples = found[(*group.group.values(), pair.first, pair.second)]
        rows.append(_row(pair, codes, group, totals[pair.group], basis_of(group, over, level), tuple(examples)))
    return rows


def _pairs(number: int, group: Counts) -> Iterator[_Pair]:
    """The category pairs that meet, with their share of the disagreeing pairs."""
    given = group.patterns > 0
    together = (given * group.units[:, None]).T @ given
    size = given.shape[1]
    found = sums(Totals.of(group).all, np.full(size, np.nan))
    for first, second in zip(*np.nonzero(np.triu(together, 1)), strict=True):
        share = float(share_of(int(first), int(second))(found))
        yield _Pair(number, int(first), int(second), int(together[first, second]), share)


def share_of(first: int, second: int) -> _Figure:
    """The part of two categories in all disagreeing pairs: coincidences, so each rating weighs the same."""

    def share(of: Sums) -> Floats:
        agreeing = np.trace(of.coincidences, axis1=-2, axis2=-1)
        return ratio(2 * of.coincidences[..., first, second], of.coincidences.sum(axis=(-2, -1)) - agreeing)

    return share


def ratio_of(first: int, second: int) -> _Figure:
    """Observed by expected coincidences of two categories, as in Krippendorff's alpha (Krippendorff 2011)."""

    def observed_by_expected(of: Sums) -> Floats:
        used = of.coincidences.sum(axis=-1)
        observed = of.coincidences[..., first, second] * (used.sum(axis=-1) - 1)
        return ratio(observed, used[..., first] * used[..., second])

    return observed_by_expected


def _row(
    pair: _Pair,
    codes: Sequence[str],
    group: Counts,
    totals: Totals,
    basis: Basis,
    examples: tuple[Example, ...],
) -> Confusion:
    return Confusion(
        group=group.group,
        first=codes[pair.first],
        second=codes[pair.second],
        share=_share(pair, totals, len(codes), basis),
        ratio=_estimate(ratio_of(pair.first, pair.second), AT_LEAST_ZERO, totals, len(codes), basis),
        n_confused=pair.units,
        examples=examples,
    )


def _share(pair: _Pair, totals: Totals, size: int, basis: Basis) -> Estimate:
    if 1 - pair.value < ROUNDING:
        return basis.undefined("no interval: no other two codes met", 1.0)
    return _estimate(share_of(pair.first, pair.second), SHARE, totals, size, basis)


def _estimate(figure: _Figure, scale: Scale, totals: Totals, size: int, basis: Basis) -> Estimate:
    numbers = [float("nan")] * size
    value = float(figure(sums(totals.all, numbers)))
    variance = item_variance(figure, totals, numbers)
    if basis.over == "items_and_raters":
        raters, single = rater_variance(figure, totals, numbers), rating_variance(figure, totals, numbers)
        variance = two_way(variance, raters, single)
    if np.isnan(variance.value):
        return basis.undefined("no interval: without one item or one annotator no figure is left", value)
    if variance.value < ROUNDING**2:
        return basis.undefined("no interval: all items show the same confusion", value)
    return basis.estimate(value, variance, scale)


def _examples(
    judgments: ir.Table, categories: Mapping[QuestionKey, Categories], group: Sequence[str]
) -> dict[tuple[str | int | None, ...], list[Example]]:
    """The first units, by name, of each group and two category numbers that met."""
    unit = list(dict.fromkeys((*group, "item", "target")))
    answers = newest_answers(judgments, categories, unit)
    units = answers.group_by(unit).aggregate(codes=answers.own.collect(distinct=True))
    units = units.filter(units.codes.length() > 1)
    firsts = units.mutate(first=units.codes.unnest())
    both = firsts.mutate(second=firsts.codes.unnest()).drop("codes")
    both = both.filter(both.first < both.second)
    window = ibis.window(group_by=[*group, "first", "second"], order_by=["item", "target"])
    ranked = both.mutate(place=ibis.row_number().over(window))
    found: dict[tuple[str | int | None, ...], list[Example]] = {}
    for row in ranked.filter(ranked.place < EXAMPLES).order_by("place").to_pandas().to_dict("records"):
        named = name_group(group, [row[key] for key in group])
        key = (*named.values(), int(row["first"]), int(row["second"]))
        found.setdefault(key, []).append(Example(str(row["item"]), str(row["target"])))
    return found
