"""Which two codes annotators give to the same unit most often, beside how often chance would have them do so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import ibis
import ibis.expr.types as ir
import numpy as np
from scipy.special import stdtrit
from statsmodels.stats.proportion import proportion_confint

from analytics.agreement import Totals, basis_of
from analytics.coefficients import ROUNDING, Floats, Sums, ratio, sums
from analytics.counts import Counts, counts, grouping, name_group, newest_answers
from analytics.estimate import Estimate, Over
from analytics.intervals import AT_LEAST_ZERO, Basis, Variance, check, two_way
from analytics.scales import Categories, QuestionKey

EXAMPLES = 3


@dataclass(frozen=True)
class Figure:
    """A figure of sums over units, and what a small change of these sums adds to it."""

    of: Callable[[Sums], Floats]
    added: Callable[[Sums, Sums], Floats]


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
        share = float(share_of(int(first), int(second)).of(found))
        yield _Pair(number, int(first), int(second), int(together[first, second]), share)


def share_of(first: int, second: int) -> Figure:
    """The part of two categories in all disagreeing pairs: coincidences, so each rating weighs the same."""

    def parts(of: Sums) -> tuple[Floats, Floats]:
        agreeing = np.trace(of.coincidences, axis1=-2, axis2=-1)
        return 2 * of.coincidences[..., first, second], of.coincidences.sum(axis=(-2, -1)) - agreeing

    def share(of: Sums) -> Floats:
        return ratio(*parts(of))

    def added(of: Sums, change: Sums) -> Floats:
        part, whole = parts(change)
        return np.asarray((part - share(of) * whole) / parts(of)[1])

    return Figure(share, added)


def ratio_of(first: int, second: int) -> Figure:
    """Observed by expected coincidences of two categories, as in Krippendorff's alpha (Krippendorff 2011)."""

    def observed_by_expected(of: Sums) -> Floats:
        used = of.coincidences.sum(axis=-1)
        observed = of.coincidences[..., first, second] * (used.sum(axis=-1) - 1)
        return ratio(observed, used[..., first] * used[..., second])

    def added(of: Sums, change: Sums) -> Floats:
        used, more = of.coincidences.sum(axis=-1), change.coincidences.sum(axis=-1)
        met = change.coincidences[..., first, second] / of.coincidences[first, second]
        given = more[..., first] / used[first] + more[..., second] / used[second]
        return np.asarray(observed_by_expected(of) * (met + more.sum(axis=-1) / (used.sum() - 1) - given))

    return Figure(observed_by_expected, added)


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
        ratio=_ratio(ratio_of(pair.first, pair.second), totals, len(codes), basis),
        n_confused=pair.units,
        examples=examples,
    )


def _share(pair: _Pair, totals: Totals, size: int, basis: Basis) -> Estimate:
    """With Wilson's interval for as many independent pairs as would have this variance (Korn & Graubard 1998)."""
    if 1 - pair.value < ROUNDING:
        return basis.undefined("no interval: no other two codes met", 1.0)
    variance = _variance(share_of(pair.first, pair.second), totals, size, basis.over)
    if reason := _nothing(variance):
        return basis.undefined(reason, pair.value)
    tail = (1 + basis.level) / 2
    narrower = stdtrit(np.inf, tail) / stdtrit(variance.freedom, tail)
    number = pair.value * (1 - pair.value) / variance.value * narrower**2
    low, high = proportion_confint(pair.value * number, number, alpha=1 - basis.level, method="wilson")
    wilson = replace(basis, method="Wilson, effective sample size")
    return replace(wilson.undefined("", pair.value), low=float(low), high=float(high), undefined=None)


def _ratio(figure: Figure, totals: Totals, size: int, basis: Basis) -> Estimate:
    value = float(figure.of(sums(totals.all, [float("nan")] * size)))
    variance = _variance(figure, totals, size, basis.over)
    reason = _nothing(variance)
    linearised = replace(basis, method="linearised")
    return basis.undefined(reason, value) if reason else linearised.estimate(value, variance, AT_LEAST_ZERO)


def _nothing(variance: Variance) -> str | None:
    """Why there is no interval, if so."""
    if np.isnan(variance.value):
        return "no interval: without one item or one annotator no figure is left"
    return "no interval: all items show the same confusion" if variance.value < ROUNDING**2 else None


def _variance(figure: Figure, totals: Totals, size: int, over: str) -> Variance:
    """Over items, or annotators too, linearised; not a number where the figure hangs on one item or annotator.

    The jackknife of such a ratio of few pairs is too large, by about 7 % of the standard error at 30 items.
    """
    numbers = [float("nan")] * size
    found = sums(totals.all, numbers)
    people = np.ones(len(totals.without_rater))

    def part(without: Floats, repeats: Floats) -> Variance:
        added = figure.added(found, sums(without - totals.all, numbers))
        n = repeats.sum()
        return Variance(float(ratio(n * (repeats @ (added - repeats @ added / n) ** 2), n - 1)), float(n - 1))

    left = [totals.without_item] if over == "items" else [totals.without_item, totals.without_rater]
    if any(np.isnan(figure.of(sums(each, numbers))).any() for each in left):
        return Variance(float("nan"), 1.0)
    items = part(totals.without_item, totals.units)
    if over == "items":
        return items
    return two_way(items, part(totals.without_rater, people), part(totals.without_rating, totals.ratings))


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
