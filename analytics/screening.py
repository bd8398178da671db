"""How well screens find what people call harmful: recall and precision by locale, and what became of the texts.

People who are warned judge otherwise, so only texts that were shown without a warning count: those under the threshold,
and the random share of those over it that passed. The two are strata, each weighted by its share of all items (Begg &
Greenes 1983, Biometrics 39, 207-215; Cochran 1977, Sampling Techniques, sections 5A.2 and 12.2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import ibis.expr.types as ir
from scipy.stats import beta

from analytics import screened
from analytics.counts import name_group
from analytics.estimate import Estimate
from analytics.intervals import Basis, check
from analytics.output import SPREAD
from analytics.scales import Categories, QuestionKey

METHOD = "stratified ratio, Korn-Graubard"
FEWEST = 5
"""Labelled items a stratum must have for an interval."""


@dataclass(frozen=True)
class Counts:
    """Texts: screened or not, with a finding, over the threshold, and what was decided because of it.

    `revealed` are behind a reveal, `routed` with people who accepted such work, `passed` left unmarked at random,
    `masked` shown without personal data. `reasons` say why texts were not screened.
    """

    screened: int
    unscreened: int
    found: int
    over: int
    revealed: int
    routed: int
    passed: int
    masked: int
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Screening:
    """One screen in one group: what it did, and what it finds of what people call harmful.

    `recall` is the share of harmful texts that are over the threshold, `precision` the share of those over it that are
    harmful; 1 is best for both.
    """

    group: dict[str, str | None] = field(metadata={"columns": (*screened.ALWAYS, *screened.GROUPINGS)})
    recall: Estimate
    precision: Estimate
    counts: Counts = field(metadata=SPREAD)


@dataclass(frozen=True)
class Stratum:
    """Moments of one stratum: `items`, of which `labelled`; sums over the labelled ones.

    Of an item `a` is its number of texts that are over and harmful, `b` of harmful ones, `c` of those over, `m` of all
    that were judged; `aa` is Σ a², `ab` is Σ ab, and so on.
    """

    items: int
    labelled: int
    m: float
    a: float
    b: float
    c: float
    aa: float
    bb: float
    cc: float
    ab: float
    ac: float
    drawn: bool = False

    def widened(self) -> Stratum:
        """With two more items, over about as often as the others, one of them harmful (after Agresti & Coull 1998)."""
        texts = self.m / self.labelled
        over = texts * (self.c + 1) / (self.m + 2)
        return replace(
            self,
            labelled=self.labelled + 2,
            a=self.a + over,
            b=self.b + texts,
            c=self.c + 2 * over,
            aa=self.aa + over**2,
            bb=self.bb + texts**2,
            cc=self.cc + 2 * over**2,
            ab=self.ab + over * texts,
            ac=self.ac + over**2,
        )


def screening(
    screenings: ir.Table,
    items: ir.Table,
    judgments: ir.Table,
    *,
    workflow: str,
    questions: Mapping[QuestionKey, Categories],
    codes: Sequence[str],
    by: Sequence[str] = ("locale",),
    level: float = 0.95,
) -> list[Screening]:
    """One row per screen and the columns of `by`, sorted.

    Tables as in `plugins.frames`. The labels are answers to these questions of this workflow; the codes are those that
    call a text harmful. The counts are of all texts. Raises UnknownGrouping and ImpossibleInterval.
    """
    check("items", level)
    group = screened.grouping(by)
    rows = screened.texts(screenings, items)
    judged = screened.labels(judgments, questions, codes)
    texts = screened.judged_texts(rows, judged, workflow)
    found = _by_group(screened.strata(texts, group), group)
    people = _by_group(screened.annotators(texts, group), group)
    reasons = _by_group(screened.reasons(rows, group), group)
    limits = _by_group(rows.filter(rows.threshold.notnull()).select(*group).distinct(), group)
    return [
        _row(key, count[0], found[key], people[key], reasons[key], key in limits, group, level)
        for key, count in sorted(_by_group(screened.tally(rows, group), group).items(), key=_order)
    ]


Key = tuple[str | None, ...]


def _by_group(table: ir.Table, group: Sequence[str]) -> dict[Key, list[dict[str, Any]]]:
    found: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for row in table.to_pyarrow().to_pylist():
        found[tuple(row[name] for name in group)].append(row)
    return found


def _order(entry: tuple[Key, Any]) -> list[str]:
    return [each or "" for each in entry[0]]


def _row(
    key: Key,
    count: Mapping[str, Any],
    moments: Sequence[Mapping[str, Any]],
    people: Sequence[Mapping[str, Any]],
    reasons: Sequence[Mapping[str, Any]],
    has_threshold: bool,
    group: Sequence[str],
    level: float,
) -> Screening:
    strata = [_stratum(row) for row in sorted(moments, key=lambda row: row["stratum"])]
    n_items, n_judgments = (int(sum(row[name] for row in moments)) for name in ("labelled", "judgments"))
    n_annotators = people[0]["annotators"] if people else 0
    basis = Basis(level, METHOD, "items", n_items, n_judgments, n_annotators)
    names = ("screened", "unscreened", "found", "over", *screened.DECISIONS)
    why = {row["reason"]: row["n"] for row in sorted(reasons, key=lambda row: (-row["n"], row["reason"]))}
    recall, precision = (
        share_found(strata, of, basis) if has_threshold else basis.undefined("no threshold is set") for of in "bc"
    )
    return Screening(
        name_group(group, key), recall, precision, Counts(**{name: int(count[name]) for name in names}, reasons=why)
    )


def _stratum(row: Mapping[str, Any]) -> Stratum:
    names = ("items", "labelled", "m", "a", "b", "c", "aa", "bb", "cc", "ab", "ac")
    return Stratum(**{name: row[name] for name in names}, drawn=row["stratum"] != screened.CERTAIN)


_NOTHING = {"b": "no text was called harmful", "c": "no text over the threshold was judged"}


def share_found(strata: Sequence[Stratum], of: str, basis: Basis) -> Estimate:
    """The share of `of` that is over the threshold and harmful: recall of "b", precision of "c".

    The interval is that of Clopper and Pearson for the effective number of texts (Korn & Graubard 1998, Survey
    Methodology 24, 193-201), with variances of strata that two more items widen, so that no stratum claims certainty.

    >>> all_seen = Stratum(100, 100, m=100, a=8, b=10, c=16, aa=8, bb=10, cc=16, ab=8, ac=8)
    >>> share_found([all_seen], "b", Basis(0.95, METHOD, "items", 100, 300, 3)).value
    0.8
    """
    if reason := _unknown(strata):
        return basis.undefined(reason)
    value = _ratio(strata, of)
    if value is None:
        return basis.undefined(_NOTHING[of])
    if few := next((each for each in strata if each.labelled < FEWEST), None):
        which = "items that passed at random" if few.drawn else "items about which no lot was drawn"
        return basis.undefined(f"no interval: fewer than {FEWEST} {which} were judged", value)
    low, high = _interval(value, _effective(strata, of), basis.level)
    return replace(basis.undefined("", value), low=low, high=high, undefined=None)


def _unknown(strata: Sequence[Stratum]) -> str | None:
    """Why nothing is known of a stratum."""
    if not any(each.labelled for each in strata):
        return "no text that was shown without a warning was judged"
    if any(each.drawn and not each.labelled for each in strata):
        return "nothing that passed at random was judged"
    if any(not each.labelled for each in strata):
        return "only items that passed at random were judged"
    return None


def _ratio(strata: Sequence[Stratum], of: str) -> float | None:
    over, whole = (sum(_mean(each, name) * each.items for each in strata) for name in ("a", of))
    return float(over / whole) if whole else None


def _mean(stratum: Stratum, name: str) -> float:
    return float(getattr(stratum, name)) / stratum.labelled


def _effective(strata: Sequence[Stratum], of: str) -> float:
    """The number of texts of a simple sample that would be as certain."""
    wide = [each.widened() for each in strata]
    value = _ratio(wide, of)
    assert value is not None  # noqa: S101 - two of the items that widen are harmful, and something is over
    return value * (1 - value) / _variance(wide, of, value)


def _variance(strata: Sequence[Stratum], of: str, value: float) -> float:
    """Of a ratio from strata whose sizes are themselves a sample (double sampling, Cochran 1977, section 12.2)."""
    items = sum(each.items for each in strata)
    within = between = whole = 0.0
    for each in strata:
        share, n = each.items / items, each.labelled
        mean = _mean(each, "a") - value * _mean(each, of)
        squares = each.aa - 2 * value * getattr(each, f"a{of}") + value**2 * getattr(each, of + of)
        within += share**2 * max(squares - n * mean**2, 0.0) / (n - 1) / n
        between += share * mean**2 / items
        whole += share * _mean(each, of)
    return (within + between) / whole**2


def _interval(value: float, effective: float, level: float) -> tuple[float, float]:
    """Clopper and Pearson's interval for a share of so many texts."""
    tail, found = (1 - level) / 2, value * effective
    low = float(beta.ppf(tail, found, effective - found + 1)) if found > 0 else 0.0
    high = float(beta.ppf(1 - tail, found + 1, effective - found)) if found < effective else 1.0
    return low, high
