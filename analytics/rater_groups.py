"""Whether groups of annotators agree within themselves as they do with the others: by vendor, locale, gender and more.

The framework is GRASP (Prabhakaran et al. 2024, NAACL, "GRASP: A Disagreement Analysis Framework to Assess Group
Associations in Perspectives"), with cross-replication reliability (Wong, Paritosh & Aroyo 2021, ACL) across groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import expit, logit

from analytics import group_patterns as patterns
from analytics.coefficients import ROUNDING, Floats
from analytics.counts import grouping
from analytics.discoveries import controlled
from analytics.errors import ImpossibleMetric, UnknownAttribute
from analytics.estimate import Estimate, Over
from analytics.group_patterns import Figure, Parts, Patterns
from analytics.intervals import AT_MOST_ONE, SHARE, Basis, Scale, Variance, check, jackknife, two_way
from analytics.scales import Categories, QuestionKey
from analytics.units import answers

ATTRIBUTES = ("vendor", "locale", "education", "role", "gender", "region")
"""What annotators can be grouped by; `locale` is the first of their locales."""

METRICS = ("nominal", "interval")
"""How far answers are apart: 0 or 1, or the square of the difference of what they are worth."""

FLOOR = 5
"""Annotators on each side of a figure; it is withheld if there are fewer, since it would tell of single people."""

_NO_PAIR = "no item has two annotators of the group"
_ALONE = "no item that annotators of the group and others answered"
_WITHHELD = f"withheld: it would rest on fewer than {FLOOR} annotators of a group"


@dataclass(frozen=True)
class RaterGroup:
    """One group of annotators in one group of answers: `group` names workflow, question and the columns asked for.

    `estimates`: `irr` is Krippendorff's alpha within, `xrr` the cross-replication reliability with the others, `gai`
    the group association index `irr` by `xrr`, `plurality` the mean share of a unit's most frequent answer, and
    `negentropy` how far answers to a unit are from evenly spread. `p_value` tests that `irr` and `xrr` are equal, for
    other annotators and items; `q_value` is it after Benjamini & Hochberg over all rows returned together.
    """

    group: dict[str, str | None]
    attribute: str
    members: str = field(metadata={"description": "what the attribute of the group's annotators is"})
    estimates: dict[str, Estimate]
    p_value: float | None
    q_value: float | None = None


def rater_groups(
    judgments: ir.Table,
    annotators: ir.Table,
    *,
    categories: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    attributes: Sequence[str] = ATTRIBUTES,
    metric: str = "nominal",
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[RaterGroup]:
    """Every group of annotators against the others whose attribute is known, sorted by group, attribute and members.

    `judgments` and `categories` as in `analytics.agreement.agreement`, `annotators` as in `plugins.frames.ANNOTATORS`.
    There is no row where all whose attribute is known have the same. Raises UnknownGrouping, UnknownAttribute,
    UndeclaredCategory, ImpossibleMetric, ImpossibleInterval.
    """
    check(over, level)
    _check(attributes, metric, categories)
    group = grouping(by, judgments)
    if not categories:
        return []
    names, groups = answers(judgments, categories, group)
    known = patterns.attributes_of(annotators, names, attributes)
    rows = [
        _row(each, attribute, categories[of.key], metric, over, level)
        for of in groups
        for attribute, values in known.items()
        for each in patterns.split(of, values, len(categories[of.key].codes))
    ]
    order = {name: place for place, name in enumerate(ATTRIBUTES)}
    return controlled(sorted(rows, key=lambda row: (_sortable(row.group), order[row.attribute], row.members)))


def _check(attributes: Sequence[str], metric: str, categories: Mapping[QuestionKey, Categories]) -> None:
    for attribute in attributes:
        if attribute not in ATTRIBUTES:
            raise UnknownAttribute(attribute, ATTRIBUTES)
    for key, each in categories.items():
        if metric not in possible(each):
            raise ImpossibleMetric(metric, f"{'.'.join(key)}, which is {each.scale}", possible(each))


def possible(categories: Categories) -> tuple[str, ...]:
    """The metrics that the scale of a question allows.

    >>> possible(Categories(("yes", "no"), "nominal"))
    ('nominal',)
    """
    return METRICS if categories.scale == "ordinal" and categories.numbers else METRICS[:1]


def _sortable(group: Mapping[str, str | None]) -> list[tuple[bool, str]]:
    return [(value is None, value or "") for value in group.values()]


def difference(categories: Categories, metric: str) -> Floats:
    """How far two categories are apart: (categories, categories).

    >>> difference(Categories(("1", "3"), "ordinal", (1.0, 3.0)), "interval").tolist()
    [[0.0, 4.0], [4.0, 0.0]]
    """
    if metric == "nominal":
        return np.asarray(1.0 - np.eye(len(categories.codes)))
    worth = np.asarray(categories.numbers, np.float64)
    return np.asarray((worth[:, None] - worth) ** 2)


def _row(of: Patterns, attribute: str, question: Categories, metric: str, over: Over, level: float) -> RaterGroup:
    parts = Parts.of(of, difference(question, metric))
    group = _Group(of, parts, difference(question, metric), over, level)
    return RaterGroup(of.group, attribute, of.members, group.estimates(), group.p_value())


@dataclass(frozen=True)
class _Group:
    """A group of annotators and what its figures are made from."""

    of: Patterns
    parts: Parts
    difference: Floats
    over: Over
    level: float

    def estimates(self) -> dict[str, Estimate]:
        """The figures with their intervals."""
        within, across = self._basis(self.of.pairable, self.of.member), self._basis(self.of.shared, None)
        entropy = _up_to(float(np.log(len(self.difference))))
        return {
            "irr": self._estimate(patterns.irr, AT_MOST_ONE, within, _NO_PAIR),
            "xrr": self._estimate(patterns.xrr, AT_MOST_ONE, across, _ALONE),
            "gai": self._association(across),
            "plurality": self._estimate(patterns.plurality, SHARE, within, _NO_PAIR),
            "negentropy": self._estimate(patterns.negentropy, entropy, within, _NO_PAIR),
        }

    def p_value(self) -> float | None:
        """Student's t of `irr` less `xrr` by its standard error; None where one of them has none, or is withheld."""
        value = self._value(patterns.apart)
        if self._too_few(self.of.shared, None) or self._too_few(self.of.pairable, self.of.member) or np.isnan(value):
            return None
        variance = self._variance(patterns.apart, within=False)
        if _nowhere(variance):
            return None
        return float(2 * stats.t.sf(abs(value) / variance.value**0.5, variance.freedom))

    def _association(self, basis: Basis) -> Estimate:
        if basis.n_items == 0:
            return _nothing(basis, _ALONE)
        if self._too_few(self.of.shared, None) or self._too_few(self.of.pairable, self.of.member):
            return _nothing(basis, _WITHHELD)
        within, across = self._value(patterns.irr), self._value(patterns.xrr)
        if np.isnan(within) or np.isnan(across):
            return basis.undefined("irr or xrr is undefined")
        if across < ROUNDING:
            return basis.undefined("annotators of the group agree with others no more than by chance")
        return self._fieller(within, across, replace(basis, method=f"Fieller, {basis.method}"))

    def _fieller(self, within: float, across: float, basis: Basis) -> Estimate:
        """The ratios r for which `irr` less r times `xrr` may be 0 (Fieller 1954): 1 is one where `p_value` is high."""
        figures = (patterns.irr, patterns.xrr, patterns.apart)
        own, others, both = (self._variance(figure, within=False) for figure in figures)
        if reason := _nowhere(both):
            return basis.undefined(reason, within / across)
        tail = float(stats.t.ppf((1 + self.level) / 2, both.freedom)) ** 2
        together = (own.value + others.value - both.value) / 2
        square, line = across**2 - tail * others.value, within * across - tail * together
        root = line**2 - square * (within**2 - tail * own.value)
        if square < ROUNDING or root < 0:
            return basis.undefined("too uncertain for an interval", within / across)
        low, high = (line - root**0.5) / square, (line + root**0.5) / square
        return replace(basis.undefined("", within / across), low=low, high=high, undefined=None)

    def _estimate(self, figure: Figure, scale: Scale, basis: Basis, nobody: str) -> Estimate:
        within = figure in (patterns.irr, patterns.plurality, patterns.negentropy)
        used, side = (self.of.pairable, self.of.member) if within else (self.of.shared, None)
        if basis.n_items == 0:
            return _nothing(basis, nobody)
        if self._too_few(used, side):
            return _nothing(basis, _WITHHELD)
        value = self._value(figure)
        if np.isnan(value):
            return basis.undefined("no variation: every answer is the same")
        if _at_bound(value, scale):
            return basis.undefined("no interval: all items show the same agreement", value)
        variance = self._variance(figure, within=within)
        reason = _nowhere(variance)
        return basis.undefined(reason, value) if reason else basis.estimate(value, variance, scale)

    def _value(self, figure: Figure) -> float:
        return float(figure(self.parts.all, self.difference))

    def _variance(self, figure: Figure, *, within: bool) -> Variance:
        """Annotators are drawn within the group and within the others; the others do not touch what is within."""
        parts, apart = self.parts, self.difference
        items = jackknife(figure(parts.without_item, apart), parts.units)
        if self.over == "items":
            return items
        raters, single = figure(parts.without_rater, apart), figure(parts.without_rating, apart)
        drawn = jackknife(raters[parts.members], np.ones(parts.members.sum()))
        if within:
            return two_way(items, drawn, jackknife(single[parts.of_member], parts.ratings[parts.of_member]))
        drawn += jackknife(raters[~parts.members], np.ones((~parts.members).sum()))
        return two_way(items, drawn, jackknife(single, parts.ratings))

    def _too_few(self, used: npt.NDArray[np.bool_], side: npt.NDArray[np.bool_] | None) -> bool:
        """Whether a figure over these patterns rests on too few of the group, or (with no side) of the others."""
        rows = used[self.of.pattern]
        sides = (self.of.member, ~self.of.member) if side is None else (side,)
        return any(len(np.unique(self.of.rater[rows & each])) < FLOOR for each in sides)

    def _basis(self, used: npt.NDArray[np.bool_], side: npt.NDArray[np.bool_] | None) -> Basis:
        rows = used[self.of.pattern] & (True if side is None else side)
        return Basis(
            level=self.level,
            method="two-way jackknife" if self.over == "items_and_raters" else "delete-one jackknife",
            over=self.over,
            n_items=int(self.of.units[used].sum()),
            n_judgments=int(self.of.count[rows].sum()),
            n_annotators=len(np.unique(self.of.rater[rows])),
        )


def _nowhere(variance: Variance) -> str | None:
    """Why there is no interval, if so."""
    if np.isnan(variance.value):
        return "no interval: without one item or one annotator no figure is left"
    return "no interval: all items show the same agreement" if variance.value < ROUNDING**2 else None


def _nothing(basis: Basis, reason: str) -> Estimate:
    """No figure, and no numbers that would tell how few people it is about."""
    return replace(basis, n_items=0, n_judgments=0, n_annotators=0).undefined(reason)


def _up_to(bound: float) -> Scale:
    return Scale(
        "logit",
        lambda x: float(logit(x / bound)),
        lambda y: float(bound * expit(y)),
        lambda x: bound / (x * (bound - x)),
    )


def _at_bound(value: float, scale: Scale) -> bool:
    with np.errstate(divide="ignore", invalid="ignore"):
        return not np.isfinite(scale.there(value))
