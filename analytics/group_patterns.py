"""Answers within and across groups of annotators, reduced to counts of patterns, and figures from them.

For every group of annotators a unit has a *pattern*: how many of the group gave each category, and how many of the
others did. How many units show each pattern, and which annotator gave which answer to how many of them, is all that the
figures and their jackknives need. Judgments are read once for all attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.special import xlogy

from analytics.coefficients import Floats, ratio
from analytics.counts import Integers, unique_rows
from analytics.units import Answers, Texts

Figure = Callable[[Floats, Floats], Floats]

_SUMS = 5


@dataclass(frozen=True)
class Patterns:
    """The counts of one group of annotators against the others.

    `inside` and `outside` (patterns × categories) are the answers of the group and of the others; `units` (patterns,)
    how many units show them. `rater`, `pattern`, `own` (category), `member` (whether of the group) and `count` are the
    columns of the table by annotator; annotators are numbered from 0 without gaps.
    """

    group: dict[str, str | None]
    members: str
    inside: Integers
    outside: Integers
    units: Integers
    rater: Integers
    pattern: Integers
    own: Integers
    member: npt.NDArray[np.bool_]
    count: Integers

    @cached_property
    def pairable(self) -> npt.NDArray[np.bool_]:
        """Whether two of the group answered: (patterns,)."""
        return np.asarray(self.inside.sum(axis=1) >= 2)

    @cached_property
    def shared(self) -> npt.NDArray[np.bool_]:
        """Whether one of the group and one of the others answered: (patterns,)."""
        return np.asarray((self.inside.sum(axis=1) >= 1) & (self.outside.sum(axis=1) >= 1))


def attributes_of(annotators: ir.Table, names: Texts, attributes: Sequence[str]) -> dict[str, pd.Categorical]:
    """What each attribute of the annotators with these names is; missing where it is not known.

    The attribute `locale` is the first of an annotator's locales.
    """
    known = {name: annotators.locales[0] if name == "locale" else annotators[name] for name in attributes}
    people = annotators.select("annotator", **{name: each.nullif("") for name, each in known.items()})
    frame = people.to_pandas().set_index("annotator").reindex(names)
    return {name: pd.Categorical(frame[name]) for name in attributes}


def split(answers: Answers, attribute: pd.Categorical, size: int) -> Iterator[Patterns]:
    """The patterns of each group of annotators in one group of answers, sorted; none where there is one group alone.

    `attribute` is of all annotators, one entry each; those of whom it is not known are left out, and then units with
    one answer in all. `size` is the number of categories.
    """
    side = attribute.codes[answers.rater]
    rows = np.flatnonzero(side >= 0)
    rows = rows[(np.bincount(answers.unit[rows], minlength=answers.units) >= 2)[answers.unit[rows]]]
    sides = np.unique(side[rows])
    if len(sides) > 1:
        for number in sides:
            members = str(attribute.categories[number])
            yield _patterns(answers, members, rows, side[rows] == number, size)


def _patterns(answers: Answers, members: str, rows: Integers, member: npt.NDArray[np.bool_], size: int) -> Patterns:
    """Of units that the group answered: `member` (rows,) says which of the answers in `rows` are of the group."""
    cell = answers.unit[rows] * size + answers.own[rows]
    cells = answers.units * size
    inside = np.bincount(cell[member], minlength=cells).reshape(-1, size)
    outside = np.bincount(cell[~member], minlength=cells).reshape(-1, size)
    answered = inside.sum(axis=1) > 0
    given, number = unique_rows(np.column_stack([inside, outside])[answered])
    pattern = np.full(answers.units, -1)
    pattern[answered] = number
    used = answered[answers.unit[rows]]
    rows, member = rows[used], member[used]
    return Patterns(
        group=answers.group,
        members=members,
        inside=given[:, :size],
        outside=given[:, size:],
        units=np.bincount(number),
        rater=np.unique(answers.rater[rows], return_inverse=True)[1],
        pattern=pattern[answers.unit[rows]],
        own=answers.own[rows],
        member=member,
        count=np.ones(len(rows), np.int64),
    )


def features(inside: npt.NDArray[Any], outside: npt.NDArray[Any], difference: Floats) -> Floats:
    """What one unit of each pattern (patterns × categories) adds to the sums: patterns × (5 + 3 categories).

    The sums are: differences of pairs within the group, each rating weighing the same (Krippendorff 2011); differences
    across, as Wong et al. 2021 weigh them; the share of the most frequent answer; negentropy; units with a pair within;
    and ratings by category in units with a pair within, in the group and of the others in units with a pair across.
    """
    mine, theirs = np.asarray(inside, np.float64), np.asarray(outside, np.float64)
    m, s = mine.sum(axis=1), theirs.sum(axis=1)
    pairable, shared = m >= 2, (m >= 1) & (s >= 1)
    within = np.einsum("pi,pj,ij->p", mine, mine, difference) / np.maximum(m - 1, 1)
    across = np.einsum("pi,pj,ij->p", mine, theirs, difference) * (m + s) / np.maximum(m * s, 1)
    share = mine / np.maximum(m, 1)[:, None]
    negentropy = np.log(mine.shape[1]) + xlogy(share, share).sum(axis=1)
    columns = [within * pairable, across * shared, share.max(axis=1) * pairable, negentropy * pairable, pairable]
    return np.column_stack([*columns, mine * pairable[:, None], mine * shared[:, None], theirs * shared[:, None]])


def irr(total: Floats, difference: Floats) -> Floats:
    """Krippendorff's alpha within the group: at most 1, 0 at chance; not a number without variation."""
    used, _, _ = _marginals(total)
    expected = np.einsum("...i,...j,ij->...", used, used, difference)
    return np.asarray(1 - (used.sum(axis=-1) - 1) * ratio(total[..., 0], expected))


def xrr(total: Floats, difference: Floats) -> Floats:
    """Cross-replication reliability (Wong et al. 2021) of the group and the others: at most 1, 0 at chance.

    >>> mine = [[0, 2], [0, 3], [2, 0], [3, 0], [1, 1]]  # an example of that paper's program
    >>> theirs = [[0, 2], [1, 1], [1, 1], [1, 1], [2, 0]]
    >>> nominal = 1.0 - np.eye(2)
    >>> round(float(xrr(features(mine, theirs, nominal).sum(axis=0), nominal)), 7)
    0.1818182
    """
    _, mine, theirs = _marginals(total)
    n, others = mine.sum(axis=-1), theirs.sum(axis=-1)
    expected = np.einsum("...i,...j,ij->...", mine, theirs, difference)
    return np.asarray(1 - ratio(total[..., 1] * n * others, expected * (n + others)))


def apart(total: Floats, difference: Floats) -> Floats:
    """`irr` less `xrr`: 0 where annotators of the group agree with each other as they do with others."""
    return irr(total, difference) - xrr(total, difference)


def plurality(total: Floats, _: Floats) -> Floats:
    """The mean share of a unit's most frequent answer among the group's."""
    return ratio(total[..., 2], total[..., 4])


def negentropy(total: Floats, _: Floats) -> Floats:
    """The mean of ln(categories) less the entropy of the group's answers to a unit, in nats; 0 is evenly spread."""
    return ratio(total[..., 3], total[..., 4])


def _marginals(total: Floats) -> tuple[Floats, Floats, Floats]:
    used, mine, theirs = np.split(total[..., _SUMS:], 3, axis=-1)
    return used, mine, theirs


@dataclass(frozen=True)
class Parts:
    """The sums of a group of annotators, whole and with parts left out.

    `all` (features,); `without_item` (patterns × features), of which there are `units`; `without_rating` (kinds ×
    features), of which there are `ratings`, and whether they are of the group: `of_member` (kinds,); `without_rater`
    (annotators × features), and whether they are of the group: `members` (annotators,).
    """

    all: Floats
    without_item: Floats
    units: Floats
    without_rating: Floats
    ratings: Floats
    of_member: npt.NDArray[np.bool_]
    without_rater: Floats
    members: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, patterns: Patterns, difference: Floats) -> Parts:
        """The sums of these counts."""
        table = features(patterns.inside, patterns.outside, difference)
        total = patterns.units @ table
        change, number, of_member = _removals(patterns, table, difference)
        given = sparse.csr_array((patterns.count.astype(np.float64), (patterns.rater, number)))
        members = np.zeros(given.shape[0], bool)
        members[patterns.rater] = patterns.member
        return cls(
            all=total,
            without_item=total - table,
            units=patterns.units.astype(np.float64),
            without_rating=total + change,
            ratings=np.asarray(given.sum(axis=0)),
            of_member=of_member,
            without_rater=total + given @ change,
            members=members,
        )


def _removals(patterns: Patterns, table: Floats, difference: Floats) -> tuple[Floats, Integers, npt.NDArray[np.bool_]]:
    """How the sums change without one rating of each kind, the kind of each row, and which kinds are members'."""
    size = patterns.inside.shape[1]
    cell, number = np.unique((patterns.pattern * 2 + patterns.member) * size + patterns.own, return_inverse=True)
    rest, own = np.divmod(cell, size)
    pattern, member = np.divmod(rest, 2)
    place, of_member = np.arange(len(cell)), member.astype(bool)
    left = np.stack([patterns.outside[pattern], patterns.inside[pattern]])
    left[member, place, own] -= 1
    return features(left[1], left[0], difference) - table[pattern], number, of_member
