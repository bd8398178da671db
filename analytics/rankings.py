"""How far annotators agree on an order of responses: Kendall's W, and agreement on which of each two is better."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import ibis.expr.types as ir
import numpy as np
from scipy import sparse

from analytics.coefficients import Floats, Sums, ac1, alpha_nominal, features, percent, sums
from analytics.concordance import Concordance, Replicates, rests_on
from analytics.estimate import Estimate, Over
from analytics.intervals import AT_MOST_ONE, SHARE, Basis, Scale, check
from analytics.literature import Benchmark, choices, limits
from analytics.orders import Integers, Orders, orders
from analytics.scales import Categories, QuestionKey

_AT_ONCE = 50_000  # items or rankings whose sums are held at a time
_PAIRED: Mapping[str, tuple[Callable[[Sums], Floats], Scale]] = {
    "pairs_percent": (percent, SHARE),
    "pairs_alpha_nominal": (alpha_nominal, AT_MOST_ONE),
    "pairs_ac1": (ac1, AT_MOST_ONE),
}


@dataclass(frozen=True)
class Ranking:
    """Agreement on the rankings of one group: `group` names workflow, question and the columns asked for.

    `estimates` by name: `kendall_w`, the mean of the items' W; `mean_rho`, W put right for the number of annotators, so
    that 0 is chance; and `pairs_…`, agreement on two responses each: one is better, the other is, or neither.
    `n_incomplete` are rankings that leave out a response that another annotator of the item ranked; W leaves them out,
    pairs do not. `n_without_order` are items of which nobody put anything before anything else; they have no W.
    """

    group: dict[str, str | None]
    estimates: dict[str, Estimate]
    n_single_ranked: int
    n_incomplete: int
    n_without_order: int
    benchmarks: tuple[Benchmark, ...] = field(metadata={"description": "published figures to compare with"})


def rankings(
    judgments: ir.Table,
    *,
    questions: Mapping[QuestionKey, Categories],
    by: Sequence[str] = ("locale",),
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[Ranking]:
    """Agreement on rankings per workflow, question and the columns of `by`, one row a group, sorted by group.

    `judgments` as in `plugins.frames`, with the columns of `by`; `questions` as `analytics.orders.ranking_questions`
    gives them. An annotator's newest ranking of an item counts. Raises UnknownGrouping, UndeclaredCategory,
    ImpossibleInterval.
    """
    check(over, level)
    return [_row(each, over, level) for each in orders(judgments, questions, by)]


def _row(group: Orders, over: Over, level: float) -> Ranking:
    method = "two-way jackknife" if over == "items_and_raters" else "delete-one jackknife"
    nothing = Basis(level, method, over, 0, 0, 0)
    concordant = Concordance.of(group)
    estimates = {**concordant.estimates(nothing), **_paired(group, nothing)}
    return Ranking(
        group=group.group,
        estimates=estimates,
        n_single_ranked=int((np.bincount(group.unit) == 1).sum()),
        n_incomplete=int((~group.complete).sum()),
        n_without_order=concordant.n_without_order,
        benchmarks=(*limits(estimates), *choices("pairs_percent")),
    )


def _paired(group: Orders, nothing: Basis) -> dict[str, Estimate]:
    """Agreement after breaking rankings down to pairs of responses: the first is better, neither, the second."""
    one, other = np.triu_indices(group.places.shape[1], 1)
    apart = np.sign(group.places[:, one] - group.places[:, other])
    cell = group.unit[:, None] * len(one) + np.arange(len(one))
    placed = ~np.isnan(apart)
    own = np.nan_to_num(apart).astype(np.int64) + 1
    cells = (int(group.unit.max()) + 1) * len(one)
    given = np.stack([np.bincount(cell[placed & (own == side)], minlength=cells) for side in range(3)], axis=1)
    several = (given.sum(axis=1) >= 2).reshape(-1, len(one)).any(axis=1)
    used = several[group.unit] & placed.any(axis=1)
    basis = rests_on(nothing, int(several.sum()), group.rater[used])
    if not used.any():
        return dict.fromkeys(_PAIRED, basis.undefined("no item has two annotators"))
    pairs = _Pairs.of(given, np.where(placed, cell * 3 + own, -1)[used], group.rater[used])
    units = pairs.pattern.reshape(-1, len(one))[several]
    return {
        name: pairs.replicates(figure, units).estimate(basis, scale, "no variation: every answer is the same")
        for name, (figure, scale) in _PAIRED.items()
    }


@dataclass(frozen=True)
class _Pairs:
    """What pairs of responses add to the sums that coefficients are made of (see `analytics.coefficients.features`).

    `table` (patterns × features) of a pair by how many chose each side, `pattern` (pairs,) which pattern it shows;
    `change` (kinds × features) what leaving out one answer of a kind changes, `kind` (rankings × pairs) the kinds of
    the answers, the last where there is none, `rater` (rankings,) whose they are.
    """

    table: Floats
    pattern: Integers
    change: Floats
    kind: Integers
    rater: Integers

    @classmethod
    def of(cls, given: Integers, answer: Integers, rater: Integers) -> _Pairs:
        """From pairs × sides, and pair and side of each answer packed in one number (rankings × pairs), -1 for none."""
        base = int(given.max(initial=0)) + 1
        _, first, pattern = np.unique(given @ (base ** np.arange(3)), return_index=True, return_inverse=True)
        patterns = given[first]
        packed = np.where(answer < 0, 3 * len(patterns), pattern[answer // 3] * 3 + answer % 3)
        kinds, kind = np.unique(np.append(packed, 3 * len(patterns)), return_inverse=True)
        left = patterns[kinds[:-1] // 3]
        left[np.arange(len(left)), kinds[:-1] % 3] -= 1
        table = features(patterns)
        change = features(left) - table[kinds[:-1] // 3]
        return cls(
            table=table,
            pattern=pattern,
            change=np.vstack([change, np.zeros((1, table.shape[1]))]),
            kind=kind[:-1].reshape(packed.shape),
            rater=np.unique(rater, return_inverse=True)[1],
        )

    @cached_property
    def total(self) -> Floats:
        """The sums of all pairs."""
        return np.asarray(np.bincount(self.pattern, minlength=len(self.table)) @ self.table)

    @cached_property
    def without_rater(self) -> Floats:
        """The sums without each annotator."""
        rows = np.repeat(self.rater, self.kind.shape[1])
        given = sparse.csr_array((np.ones(self.kind.size), (rows, self.kind.ravel())))
        return np.asarray(self.total + given @ self.change[: given.shape[1]])

    def replicates(self, coefficient: Callable[[Sums], Floats], units: Integers) -> Replicates:
        """A coefficient, and what it is without each of these units (units × pairs, their patterns) and so on."""

        def figure(total: Floats) -> Floats:
            return coefficient(sums(total, np.full(3, np.nan)))

        return Replicates(
            value=float(figure(self.total)),
            items=np.concatenate([figure(self.total - self.table[part].sum(axis=1)) for part in _parts(units)]),
            raters=figure(self.without_rater),
            single=np.concatenate([figure(self.total + self.change[part].sum(axis=1)) for part in _parts(self.kind)]),
        )


def _parts(rows: Integers) -> Iterator[Integers]:
    for start in range(0, max(len(rows), 1), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]
