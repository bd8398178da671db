"""How often annotators answer as a helper suggests, shown its suggestion or not: how much showing it pulls.

Where an item's suggestions were shown or hidden at random, the two groups of items differ in nothing else, and the
difference between their shares is the pull. Items that showed or hid them for another reason have no part in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
from statsmodels.stats.proportion import proportion_confint

from analytics.counts import grouping, name_group
from analytics.estimate import Estimate
from analytics.intervals import Basis, check

_ABOUT = ("item", "question", "target")
_METHOD = "Wilson, effective sample size over items"
_DIFFERENCE = "Newcombe's hybrid score"


@dataclass(frozen=True)
class Share:
    """Judgments equal to the suggestion, as the interval needs them.

    `equal` of `judgments` on `items` items; and over the items' own numbers e of equal ones and n of judgments the sums
    of e², en and n².
    """

    items: int
    judgments: int
    equal: int
    equal_squares: float
    products: float
    squares: float

    def __add__(self, other: Share) -> Share:
        """The share over both, which have no item in common."""
        return Share(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Share)))

    @property
    def value(self) -> float:
        """The share."""
        return self.equal / self.judgments

    @property
    def size(self) -> float:
        """How many independent judgments would be as certain: judgments by the design effect of their items.

        Judgments of one item are alike, and it was the item that was drawn. The design effect is the variance of the
        share with items as clusters by that of independent judgments, at least 1 (Kish 1965, Survey Sampling; for
        Wilson's interval Franco et al. 2019, J. Surv. Stat. Methodol. 7). Where all judgments are equal, or none is, it
        cannot be seen, and the items are counted.

        >>> Share(2, 6, 3, 9.0, 9.0, 18.0).size, Share(6, 6, 3, 3.0, 3.0, 6.0).size
        (1.2, 6.0)
        """
        if self.equal in (0, self.judgments) or self.items == 1:
            return float(self.items)
        p, n, k = self.value, self.judgments, self.items
        spread = self.equal_squares - 2 * p * self.products + p**2 * self.squares
        effect = k / (k - 1) * (n - 1) / n**2 * spread / (p * (1 - p))
        return n / max(effect, 1.0)

    def interval(self, level: float) -> tuple[float, float]:
        """Wilson's score interval (1927, J. Am. Stat. Assoc. 22) for the effective size.

        >>> share = Share(70, 70, 56, 56.0, 56.0, 70.0)
        >>> [round(end, 4) for end in share.interval(0.95)]
        [0.6918, 0.877]
        """
        low, high = proportion_confint(self.value * self.size, self.size, alpha=1 - level, method="wilson")
        return float(low), float(high)


@dataclass(frozen=True)
class Pull:
    """One helper in one group: the share of judgments equal to its suggestion when shown and when hidden.

    `difference` is shown less hidden among the items that were drawn: above 0, showing it pulls answers towards it.
    """

    group: dict[str, str | None]
    helper: str
    shown: Estimate
    hidden: Estimate
    difference: Estimate


def pulls(
    judgments: ir.Table, suggestions: ir.Table, *, by: Sequence[str] = ("locale",), level: float = 0.95
) -> list[Pull]:
    """The pull of each helper per workflow, question and the columns of `by`, sorted by group and helper.

    `judgments` and `suggestions` as in `plugins.frames` (judgments with `vendor` where `by` names it). Suggestions
    without a value have no part. An annotator's newest answer counts. Intervals hold for these annotators on other
    items. Raises UnknownGrouping, ImpossibleInterval.
    """
    check("items", level)
    group = grouping(by, judgments)
    met = answers(judgments, suggestions, group)
    table = _arms(met, group).order_by([*group, "helper"]).to_pandas()
    return list(_pulls(table.to_dict("records"), group, level))


def answers(judgments: ir.Table, suggestions: ir.Table, group: Sequence[str]) -> ir.Table:
    """One row per suggestion and annotator: the group, `helper`, `shown`, `item`, `target`, `annotator`, and two more.

    `drawn` says whether it was drawn at random which, `equal` is 1 where the answer equals the suggestion, else 0. Of
    suggestions that were made anew the one that was shown counts, else the one that was drawn, else the newest.
    """
    newest_last = [suggestions.shown, suggestions.share.notnull(), suggestions.made, suggestions.value]
    window = ibis.window(group_by=[*_ABOUT, "helper"], order_by=[each.desc() for each in newest_last])
    ranked = suggestions.filter(suggestions.value.notnull()).mutate(place=ibis.row_number().over(window))
    drawn = ((ranked.share > 0) & (ranked.share < 1)).fill_null(False)
    made = ranked.filter(ranked.place == 0).select(*_ABOUT, "helper", "shown", drawn=drawn, suggested="value")
    met = judgments.filter(judgments.value.notnull()).join(made, list(_ABOUT))
    equal = (met.value == met.suggested).cast("int64")
    instant = (met.updated.epoch_seconds().cast("int64") * 1_000 + met.updated.millisecond()).fill_null(0)
    units = list(dict.fromkeys([*group, *_ABOUT, "helper", "shown", "drawn", "annotator"]))
    newest = met.group_by(units).aggregate(newest=(instant * 2 + equal).max())
    return newest.mutate(equal=newest.newest % 2).drop("newest")


def _arms(met: ir.Table, group: Sequence[str]) -> ir.Table:
    """The sums that `Share` holds and the annotators, per group, helper, `shown` and `drawn`."""
    arm = [*group, "helper", "shown", "drawn"]
    each = met.group_by([*arm, "item"]).aggregate(n=met.count().cast("float64"), e=met.equal.sum().cast("float64"))
    sums = each.group_by(arm).aggregate(
        items=each.count(),
        judgments=each.n.sum(),
        equal=each.e.sum(),
        equal_squares=(each.e * each.e).sum(),
        products=(each.e * each.n).sum(),
        squares=(each.n * each.n).sum(),
    )
    people = met.group_by(arm).aggregate(people=met.annotator.collect(distinct=True))
    joined = sums.join(people, [sums[key].identical_to(people[key]) for key in arm])
    return joined.drop(*(f"{key}_right" for key in arm))


@dataclass(frozen=True)
class _Arm:
    """The answers on items of one kind, and who gave them."""

    share: Share
    people: frozenset[str]

    def __add__(self, other: _Arm) -> _Arm:
        return _Arm(self.share + other.share, self.people | other.people)


def _pulls(rows: Sequence[dict[Any, Any]], group: Sequence[str], level: float) -> Iterator[Pull]:
    arms: dict[tuple[Any, ...], dict[tuple[bool, bool], _Arm]] = {}
    for row in rows:
        named = name_group(group, [row[key] for key in group])
        arm = _Arm(_share(row), frozenset(row["people"]))
        arms.setdefault((*named.values(), row["helper"]), {})[bool(row["shown"]), bool(row["drawn"])] = arm
    for (*key, helper), found in arms.items():
        yield _pull(dict(zip(group, key, strict=True)), str(helper), found, level)


def _pull(group: dict[str, str | None], helper: str, found: dict[tuple[bool, bool], _Arm], level: float) -> Pull:
    shown, hidden = (_whole(found, kind) for kind in (True, False))
    drawn = [found.get((kind, True)) for kind in (True, False)]
    people = frozenset[str]().union(*(arm.people for arm in drawn if arm))
    shares = [arm.share if arm else None for arm in drawn]
    difference = pull_difference(shares[0], shares[1], len(people), level)
    return Pull(group, helper, _estimate(shown, "shown", level), _estimate(hidden, "hidden", level), difference)


def _whole(found: dict[tuple[bool, bool], _Arm], shown: bool) -> _Arm | None:
    """All items that showed it, or all that hid it, drawn or not."""
    one, other = found.get((shown, True)), found.get((shown, False))
    return one + other if one and other else one or other


def _share(row: dict[Any, Any]) -> Share:
    sums = (float(row[name]) for name in ("equal_squares", "products", "squares"))
    return Share(int(row["items"]), int(row["judgments"]), int(row["equal"]), *sums)


def _estimate(arm: _Arm | None, word: str, level: float) -> Estimate:
    if arm is None:
        return Basis(level, _METHOD, "items", 0, 0, 0).undefined(f"no answer to an item whose suggestion was {word}")
    basis = Basis(level, _METHOD, "items", arm.share.items, arm.share.judgments, len(arm.people))
    low, high = arm.share.interval(level)
    return replace(basis.undefined("", arm.share.value), low=low, high=high, undefined=None)


def pull_difference(shown: Share | None, hidden: Share | None, annotators: int, level: float) -> Estimate:
    """Shown less hidden, of items that were drawn, with the hybrid score interval.

    Newcombe 1998, Stat. Med. 17, 873-890, method 10.

    >>> one, other = Share(70, 70, 56, 56.0, 56.0, 70.0), Share(80, 80, 48, 48.0, 48.0, 80.0)
    >>> found = pull_difference(one, other, 3, 0.95)
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    both = [share for share in (shown, hidden) if share is not None]
    counted = sum(share.items for share in both), sum(share.judgments for share in both)
    basis = Basis(level, _DIFFERENCE, "items", *counted, annotators)
    if shown is None or hidden is None:
        missing = [word for word, share in (("shown", shown), ("hidden", hidden)) if share is None]
        return basis.undefined(f"no answer to an item that was drawn to have it {' or '.join(missing)}")
    (low, high), (low_hidden, high_hidden) = shown.interval(level), hidden.interval(level)
    value = shown.value - hidden.value
    down = float(np.hypot(shown.value - low, high_hidden - hidden.value))
    up = float(np.hypot(high - shown.value, hidden.value - low_hidden))
    return replace(basis.undefined("", value), low=value - down, high=value + up, undefined=None)
