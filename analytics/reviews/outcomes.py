"""What reviewers decide, how much they change, and whether it stands: of all reviewers together, or of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from analytics.accuracy import SMALL
from analytics.counts import grouping, name_group
from analytics.estimate import Estimate, Over
from analytics.intervals import check
from analytics.output import SPREAD
from analytics.ratios import Ratio, moments
from analytics.reviews.asked import Asked
from analytics.reviews.corrections import corrections
from analytics.reviews.decided import decided
from analytics.reviews.figures import Row, mean, share

_SHARES = {
    "accepted": Ratio("accepted", "reviewed"),
    "fixed": Ratio("fixed", "reviewed"),
    "rejected": Ratio("rejected", "reviewed"),
    "overturned": Ratio("overturned", "checked"),
    "contradicted": Ratio("differing", "seconded"),
    "found": Ratio("found", "faulty"),
    "blamed": Ratio("blamed", "faultless"),
}
_MEANS = {"characters": Ratio("characters", "corrected"), "words": Ratio("words", "corrected")}
_NONE = {
    "overturned": "no later audit or adjudication",
    "contradicted": "no second reviewer",
    "found": "by gold nothing is wrong",
    "blamed": "by gold nothing is right",
    "characters": "no corrected text",
    "words": "no corrected text",
}


_NOTHING = {f"{name}_corrected": 0 for name in ("n", "items", "raters")}

_Key = tuple[str | None, ...]


@dataclass(frozen=True)
class Outcomes:
    """Shares of reviews; 0 to 1."""

    accepted: Estimate
    fixed: Estimate
    rejected: Estimate
    characters: Estimate = field(metadata={"description": "mean share of the characters that a fix changed"})
    words: Estimate = field(metadata={"description": "mean share of the words that a fix changed"})
    overturned: Estimate = field(
        metadata={"description": "of reviews that a later audit or adjudication checked, those it decided otherwise"}
    )
    contradicted: Estimate = field(
        metadata={"description": "of what others decided on the same items, the share that is another decision"}
    )
    found: Estimate = field(
        metadata={"description": "of reviews of what gold says is wrong, those that fix or reject it"}
    )
    blamed: Estimate = field(
        metadata={"description": "of reviews of what gold says is right, those that fix or reject it"}
    )


@dataclass(frozen=True)
class Reviews:
    """The outcomes of one group's reviews."""

    group: dict[str, str | None]
    outcomes: Outcomes = field(metadata=SPREAD)
    small: bool = field(metadata={"description": "whether the sample is small: fewer than 30 items"})


@dataclass(frozen=True)
class Reviewer:
    """The outcomes of one reviewer's reviews; intervals hold for this reviewer on other items."""

    group: dict[str, str | None]
    annotator: str
    outcomes: Outcomes = field(metadata=SPREAD)
    small: bool = field(metadata={"description": "whether the sample is small: fewer than 30 items"})


def reviews(
    judgments: ir.Table,
    items: ir.Table,
    *,
    asked: Asked,
    by: Sequence[str] = ("locale",),
    over: Over = "items_and_raters",
    level: float = 0.95,
) -> list[Reviews]:
    """The outcomes of reviews per workflow, question and the columns of `by`, one row a group, sorted by group.

    `judgments` as in `plugins.frames`, with the columns of `by`; `items` likewise. A reviewer's newest review of an
    item counts. Raises UnknownGrouping, ImpossibleInterval, UndeclaredCategory.
    """
    check(over, level)
    group = grouping(by, judgments)
    if not asked.decisions:
        return []
    told = decided(judgments, items, asked.decisions, group)
    rows = moments(told, group, _SHARES.values()).order_by(group).to_pandas().to_dict("records")
    changed = _changed(judgments, told, asked, group)
    found = [(row, _outcomes(row, changed.get(_key(row, group)), over, level)) for row in rows]
    return [Reviews(name_group(group, _key(row, group)), each, _is_small(each)) for row, each in found]


def reviewers(
    judgments: ir.Table,
    items: ir.Table,
    *,
    asked: Asked,
    by: Sequence[str] = ("locale",),
    limit: int = 100,
    offset: int = 0,
    level: float = 0.95,
) -> list[Reviewer]:
    """The outcomes of each reviewer's reviews, sorted by group and pseudonym: `limit` of them after the first `offset`.

    Everything else as for `reviews`.
    """
    check("items", level)
    group = grouping(by, judgments)
    if not asked.decisions:
        return []
    told = decided(judgments, items, asked.decisions, group).mutate(reviewer=ibis._.annotator)
    each = [*group, "reviewer"]
    page = moments(told, each, _SHARES.values()).order_by(each).limit(limit, offset=offset).to_pandas()
    changed = _changed(judgments, told.filter(told.reviewer.isin(sorted(set(page["reviewer"])))), asked, each)
    found = []
    for row in page.to_dict("records"):
        *key, name = _key(row, each)
        figures = _outcomes(row, changed.get((*key, name)), "items", level)
        found.append(Reviewer(name_group(group, key), str(name), figures, _is_small(figures)))
    return found


def _changed(judgments: ir.Table, told: ir.Table, asked: Asked, group: Sequence[str]) -> dict[_Key, Row]:
    """The moments of what was changed, by group."""
    if not asked.corrections:
        return {}
    fixes = corrections(judgments, told, asked.corrections, group)
    if not fixes.num_rows:
        return {}
    rows = moments(ibis.memtable(fixes), group, _MEANS.values()).to_pandas().to_dict("records")
    return {_key(row, group): row for row in rows}


def _key(row: Row, group: Sequence[str]) -> _Key:
    return tuple(name_group(group, [row[name] for name in group]).values())


def _outcomes(row: Row, changed: Row | None, over: Over, level: float) -> Outcomes:
    shares = {name: share(row, each, over, level, _NONE.get(name, "no review")) for name, each in _SHARES.items()}
    means = {name: mean(changed or _NOTHING, each, over, level, _NONE[name]) for name, each in _MEANS.items()}
    return Outcomes(**shares, **means)


def _is_small(found: Outcomes) -> bool:
    return found.accepted.n_items < SMALL
