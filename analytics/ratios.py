"""Sums by sums, such as penalties by words, where annotations of one item or by one annotator are alike.

The engine reduces a table to moments of clusters in one pass; an estimate is made from them. The expressions are plain
Ibis, so they run on DuckDB and on Spark alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
from scipy.special import chdtri

from analytics.estimate import Estimate
from analytics.intervals import AT_LEAST_ZERO, Basis, Floats, Variance, two_way

CLUSTERS: Mapping[str, tuple[str, ...]] = {
    "items": ("item",),
    "raters": ("annotator",),
    "cells": ("item", "annotator"),
}
BLOCKS = 500
_REPLICATES = 1_999
_FEW = 20  # blocks: with fewer, single replicates decide where a bootstrap-t interval ends
_USABLE = 0.95  # of the replicates


@dataclass(frozen=True)
class Ratio:
    """The sum of the column `above` by that of the column `below`, times `scale`; both are 0 or more.

    `heaviest` is the most that one event can add to `above`.
    """

    above: str
    below: str
    scale: float = 1.0
    heaviest: float = 1.0


def moments(
    table: ir.Table,
    group: Sequence[str],
    ratios: Iterable[Ratio],
    *,
    sums: Sequence[str] = (),
    sets: Sequence[str] = (),
) -> ir.Table:
    """Per group, what these ratios and their variances need.

    `table` has the columns of `group`, `item`, `annotator` and those of the ratios. Columns: the sums under their own
    names, also of `sums`; the different values of `sets`; for each denominator d the rows, items, annotators and cells
    (item and annotator) where it is above 0, `n_d`, `items_d`, `raters_d`, `cells_d`; and over sums of such clusters,
    sums of products like `items_penalty_words`.
    """
    ratios = list(ratios)
    columns = dict.fromkeys(name for ratio in ratios for name in (ratio.above, ratio.below))
    belows = dict.fromkeys(ratio.below for ratio in ratios)
    products = dict.fromkeys(
        pair for each in ratios for pair in ((each.above, each.above), (each.above, each.below), (each.below,) * 2)
    )
    cells = table.group_by([*group, *CLUSTERS["cells"]]).aggregate(
        **{name: table[name].sum().cast("float64") for name in dict.fromkeys((*columns, *sums))},
        **{f"n_{d}": table.count(where=table[d] > 0) for d in belows},
        **{name: table[name].max() for name in sets},
    )
    every = cells.group_by(group).aggregate(
        **{name: cells[name].sum() for name in dict.fromkeys((*columns, *sums, *(f"n_{d}" for d in belows)))},
        **{name: cells[name].collect(distinct=True) for name in sets},
    )
    for name, keys in CLUSTERS.items():
        each = cells.group_by([*group, *keys]).aggregate(**{column: cells[column].sum() for column in columns})
        part = each.group_by(group).aggregate(
            **{f"{name}_{d}": each.count(where=each[d] > 0) for d in belows},
            **{f"{name}_{a}_{b}": (each[a] * each[b]).sum() for a, b in products},
        )
        every = beside(every, part, group)
    return every


def beside(table: ir.Table, part: ir.Table, keys: Sequence[str]) -> ir.Table:
    """The table with the columns of `part`, matched by keys that may be null."""
    joined = table.left_join(part, [table[key].identical_to(part[key]) for key in keys])
    return joined.drop(*(f"{key}_right" for key in keys))


def blocks(table: ir.Table, group: Sequence[str], columns: Sequence[str]) -> ir.Table:
    """Per group and block of items, the sums of these columns; an item is a block up to `BLOCKS` items.

    Where there are more items, they are dealt out in turn: a bootstrap over blocks is then one over groups of items.
    """
    items = table.group_by([*group, "item"]).aggregate(**{name: table[name].sum() for name in columns})
    number = ibis.row_number().over(group_by=group, order_by="item")
    dealt = items.mutate(block=number % BLOCKS)
    return dealt.group_by([*group, "block"]).aggregate(**{name: dealt[name].sum() for name in columns})


def estimated(row: Mapping[str, Any], ratio: Ratio, over: str, level: float, none: str) -> Estimate:
    """The ratio from the moments of one group; `none` is the reason where nothing is below the line.

    The variance is that of a ratio of clustered sums, linearised: over items; or over items and annotators, added,
    less that of cells, which both hold (Cameron, Gelbach & Miller 2011). The interval is built on the log scale. Where
    nothing is above the line it is the exact Poisson one of Garwood (1936), each event being as heavy as any can be.
    """
    below = ratio.below
    counts = [int(row[f"{name}_{below}"]) for name in ("items", "raters")]
    method = "clustered" if over == "items" else "two-way clustered"
    basis = Basis(level, method, over, counts[0], int(row[f"n_{below}"]), counts[1])
    if not row[below]:
        return basis.undefined(none)
    value = ratio.scale * row[ratio.above] / row[below]
    if counts[0] < 2 or (over == "items_and_raters" and counts[1] < 2):
        return basis.undefined("no interval: it takes two items, and over annotators two annotators", value)
    if value == 0:
        return _nothing(basis, ratio, float(row[below]))
    items = _clustered(row, ratio, "items")
    variance = items if over == "items" else two_way(items, _clustered(row, ratio, "raters"), _cells(row, ratio))
    if variance.value <= 1e-18:
        return basis.undefined("no interval: all items have the same penalty", value)
    relative = Variance(variance.value * value**2, variance.freedom)
    return basis.estimate(value, relative, AT_LEAST_ZERO)


def _nothing(basis: Basis, ratio: Ratio, below: float) -> Estimate:
    """0 with an upper limit: that of no event by the Poisson distribution (3.69 events at 95 %)."""
    events = float(chdtri(2, (1 - basis.level) / 2)) / 2
    found = replace(basis, method="Poisson").undefined("", 0.0)
    return replace(found, low=0.0, high=ratio.scale * ratio.heaviest * events / below, undefined=None)


def _clustered(row: Mapping[str, Any], ratio: Ratio, clusters: str) -> Variance:
    """The variance of the ratio, by its square, if clusters were drawn."""
    number = int(row[f"{clusters}_{ratio.below}"])
    return Variance(_spread(row, ratio, clusters) * number / (number - 1), number - 1)


def _cells(row: Mapping[str, Any], ratio: Ratio) -> Variance:
    return Variance(_spread(row, ratio, "cells"), float(row[f"cells_{ratio.below}"]))


def _spread(row: Mapping[str, Any], ratio: Ratio, clusters: str) -> float:
    """Squared deviations of cluster sums from what the ratio lets expect, by the square of the sum above."""
    above, below = ratio.above, ratio.below
    value = row[above] / row[below]
    products = [row[f"{clusters}_{a}_{b}"] for a, b in ((above, above), (above, below), (below, below))]
    return max(float(np.dot(products, [1.0, -2 * value, value**2])), 0.0) / float(row[above]) ** 2


def bootstrapped(linear: Estimate, above: Floats, below: Floats) -> Estimate:
    """The estimate with a bootstrap-t interval over items on the log scale, of sums (blocks,) in a fixed order.

    Each of 1,999 replicates draws as many blocks as there are, and is studentised with its own linearised variance
    (Efron & Tibshirani 1993, *An Introduction to the Bootstrap*, ch. 12; Davison & Hinkley 1997, ch. 5). The seed is
    fixed. The interval of `linear` stays, and its method says so, with fewer than 20 blocks, and where a twentieth of
    the replicates have no variance: so few items have errors.
    """
    if not linear.low or linear.value is None or len(above) < _FEW:
        return linear
    times = _draws(len(above))
    sums, squares = times @ np.stack([above, below], 1), times @ np.stack([above**2, above * below, below**2], 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = _log_error(sums, squares)
        apart = (np.log(sums[:, 0] / sums[:, 1]) - np.log(above.sum() / below.sum())) / error
    usable = np.isfinite(apart)
    if usable.mean() < _USABLE:
        return linear
    ends = np.quantile(apart[usable], [(1 + linear.level) / 2, (1 - linear.level) / 2])
    total = np.array([above @ above, above @ below, below @ below])
    reach = ends * _log_error(np.array([above.sum(), below.sum()]), total)
    low, high = (float(each) for each in linear.value * np.exp(-reach))
    return replace(linear, low=low, high=high, method="bootstrap-t")


def _log_error(sums: Floats, squares: Floats) -> Floats:
    """Linearised standard errors of the logs of ratios: sums (…, 2), and their squares and products (…, 3)."""
    value = sums[..., 0] / sums[..., 1]
    spread = squares[..., 0] - 2 * value * squares[..., 1] + value**2 * squares[..., 2]
    error: Floats = np.sqrt(np.maximum(spread, 0)) / sums[..., 0]
    return error


@lru_cache(maxsize=8)
def _draws(blocks: int) -> Floats:
    """How often each block is drawn (replicates × blocks)."""
    rng = np.random.default_rng(0)
    return rng.multinomial(blocks, np.full(blocks, 1 / blocks), size=_REPLICATES).astype(np.float64)
