"""How often annotators answer as a helper suggests, shown its suggestion or not: how much showing it pulls.

The suggestions of an item are shown or hidden at random, so the two groups of items differ in nothing else, and the
difference between their shares is the pull.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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

    `difference` is shown less hidden: above 0, showing it pulls answers towards it.
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
    arms = _arms(met, group)
    annotators = met.group_by([*group, "helper"]).aggregate(annotators=met.annotator.nunique())
    same = [arms[key].identical_to(annotators[key]) for key in (*group, "helper")]
    table = arms.join(annotators, same).order_by([*group, "helper"]).to_pandas()
    return list(_pulls(table.to_dict("records"), group, level))


def answers(judgments: ir.Table, suggestions: ir.Table, group: Sequence[str]) -> ir.Table:
    """One row per suggestion and annotator: the group, `helper`, `shown`, `item`, `target`, `annotator` and `equal`.

    Of suggestions that were made anew the one that was shown counts, else the newest.
    """
    window = ibis.window(
        group_by=[*_ABOUT, "helper"], order_by=[ibis.desc("shown"), ibis.desc("made"), ibis.desc("value")]
    )
    ranked = suggestions.filter(suggestions.value.notnull()).mutate(place=ibis.row_number().over(window))
    made = ranked.filter(ranked.place == 0).select(*_ABOUT, "helper", "shown", suggested="value")
    met = judgments.filter(judgments.value.notnull()).join(made, list(_ABOUT))
    equal = (met.value == met.suggested).cast("int64")
    instant = (met.updated.epoch_seconds().cast("int64") * 1_000 + met.updated.millisecond()).fill_null(0)
    units = list(dict.fromkeys([*group, *_ABOUT, "helper", "shown", "annotator"]))
    newest = met.group_by(units).aggregate(newest=(instant * 2 + equal).max())
    return newest.mutate(equal=newest.newest % 2).drop("newest")


def _arms(met: ir.Table, group: Sequence[str]) -> ir.Table:
    """The sums that `Share` holds and the number of annotators, per group, helper and `shown`."""
    arm = [*group, "helper", "shown"]
    each = met.group_by([*arm, "item"]).aggregate(n=met.count().cast("float64"), e=met.equal.sum().cast("float64"))
    sums = each.group_by(arm).aggregate(
        items=each.count(),
        judgments=each.n.sum(),
        equal=each.e.sum(),
        equal_squares=(each.e * each.e).sum(),
        products=(each.e * each.n).sum(),
        squares=(each.n * each.n).sum(),
    )
    people = met.group_by(arm).aggregate(people=met.annotator.nunique())
    joined = sums.join(people, [sums[key].identical_to(people[key]) for key in arm])
    return joined.drop(*(f"{key}_right" for key in arm))


def _pulls(rows: Sequence[dict[Any, Any]], group: Sequence[str], level: float) -> Iterator[Pull]:
    arms: dict[tuple[Any, ...], dict[bool, dict[Any, Any]]] = {}
    for row in rows:
        named = name_group(group, [row[key] for key in group])
        arms.setdefault((*named.values(), row["helper"]), {})[bool(row["shown"])] = row
    for (*key, helper), found in arms.items():
        yield _pull(dict(zip(group, key, strict=True)), str(helper), found, level)


def _pull(group: dict[str, str | None], helper: str, found: dict[bool, dict[Any, Any]], level: float) -> Pull:
    shares = {shown: _share(row) for shown, row in found.items()}
    estimates = {
        shown: _estimate(shares.get(shown), int(found[shown]["people"]) if shown in found else 0, shown, level)
        for shown in (True, False)
    }
    people = int(next(iter(found.values()))["annotators"])
    difference = pull_difference(shares.get(True), shares.get(False), people, level)
    return Pull(group, helper, estimates[True], estimates[False], difference)


def _share(row: dict[Any, Any]) -> Share:
    sums = (float(row[name]) for name in ("equal_squares", "products", "squares"))
    return Share(int(row["items"]), int(row["judgments"]), int(row["equal"]), *sums)


def _estimate(share: Share | None, annotators: int, shown: bool, level: float) -> Estimate:
    if share is None:
        missing = f"no answer to an item whose suggestion was {'shown' if shown else 'hidden'}"
        return Basis(level, _METHOD, "items", 0, 0, 0).undefined(missing)
    basis = Basis(level, _METHOD, "items", share.items, share.judgments, annotators)
    low, high = share.interval(level)
    return replace(basis.undefined("", share.value), low=low, high=high, undefined=None)


def pull_difference(shown: Share | None, hidden: Share | None, annotators: int, level: float) -> Estimate:
    """Shown less hidden, with the hybrid score interval (Newcombe 1998, Stat. Med. 17, 873-890, method 10).

    >>> one, other = Share(70, 70, 56, 56.0, 56.0, 70.0), Share(80, 80, 48, 48.0, 48.0, 80.0)
    >>> found = pull_difference(one, other, 3, 0.95)
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    both = [share for share in (shown, hidden) if share is not None]
    counted = sum(share.items for share in both), sum(share.judgments for share in both)
    basis = Basis(level, _DIFFERENCE, "items", *counted, annotators)
    if shown is None or hidden is None:
        return basis.undefined("all that was answered was " + ("shown" if hidden is None else "hidden"))
    (low, high), (low_hidden, high_hidden) = shown.interval(level), hidden.interval(level)
    value = shown.value - hidden.value
    down = float(np.hypot(shown.value - low, high_hidden - hidden.value))
    up = float(np.hypot(high - shown.value, hidden.value - low_hidden))
    return replace(basis.undefined("", value), low=value - down, high=value + up, undefined=None)
