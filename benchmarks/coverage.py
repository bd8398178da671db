"""How often nominal 95 % intervals of agreement hold the truth, in simulated studies whose truth is known exactly.

    python benchmarks/coverage.py [--studies 2000] [--table benchmarks/coverage.md]

An annotator of skill s knows the true category of an item with chance s, less where the item is hard, and else draws
one as often as each occurs. Two annotators then agree beyond chance by the product of their skills, so alpha, whatever
its distances, is the mean of these products (times the mean square of how easy items are): over the pairs of the
study's annotators where the interval is for these, over all there might be where it is for others too.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from analytics.agreement import group_agreement
from analytics.counts import Counts
from analytics.estimate import Estimate, Over
from analytics.scales import Categories

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

METRICS = ("alpha_nominal", "alpha_ordinal", "fleiss", "ac1", "percent")


@dataclass(frozen=True)
class Design:
    """A study: so many items and annotators, from `least` to `most` ratings an item, skills even between two bounds.

    `share` is that of the first of so many categories, the others share the rest. `hard` is how much of the skill the
    hardest items take away. `block`: so many items in a row have the same annotators (0: drawn for each item).
    """

    items: int
    annotators: int
    least: int
    most: int
    skill: tuple[float, float]
    categories: int = 5
    share: float = 0.2
    hard: float = 0.0
    block: int = 0

    @property
    def shares(self) -> Floats:
        """How often each category occurs: (categories,)."""
        return np.array([self.share] + [(1 - self.share) / (self.categories - 1)] * (self.categories - 1))

    @property
    def asked(self) -> Categories:
        """The question: its categories, worth 1, 2, …"""
        numbers = tuple(float(each) for each in range(1, self.categories + 1))
        return Categories(tuple(map(str, range(self.categories))), "ordinal", numbers)


DESIGNS = {
    "balanced: 300 items, all 5 equal annotators": Design(300, 5, 5, 5, (0.7, 0.7)),
    "balanced: 300 items, 50 equal annotators, 3 an item": Design(300, 50, 3, 3, (0.7, 0.7)),
    "small: 30 items, all 5 equal annotators": Design(30, 5, 5, 5, (0.7, 0.7)),
    "small: 30 items, 50 equal annotators, 3 an item": Design(30, 50, 3, 3, (0.7, 0.7)),
    "small: the same, two categories": Design(30, 50, 3, 3, (0.7, 0.7), 2, 0.5),
    "small and uneven: 30 items, 10 annotators, 3 an item": Design(30, 10, 3, 3, (0.3, 1.0)),
    "uneven: 300 items, 10 annotators, 3 an item": Design(300, 10, 3, 3, (0.3, 1.0)),
    "uneven: 2,000 items, 12 annotators, 3 an item": Design(2000, 12, 3, 3, (0.3, 1.0)),
    "uneven: 300 items, 100 annotators, 3 an item": Design(300, 100, 3, 3, (0.3, 1.0)),
    "skewed: 300 items, 10 uneven annotators, one category .8": Design(300, 10, 3, 3, (0.4, 1.0), 5, 0.8),
    "unequal: 100 items, 20 uneven annotators, 1 to 5 an item": Design(100, 20, 1, 5, (0.4, 1.0)),
    "clustered: 300 items in blocks of 25, 24 uneven annotators": Design(300, 24, 3, 3, (0.4, 1.0), block=25),
    "hard items: 300 items, 20 uneven annotators, 3 an item": Design(300, 20, 3, 3, (0.5, 1.0), hard=0.8),
    "few: 300 items, all 4 uneven annotators": Design(300, 4, 4, 4, (0.4, 1.0)),
    "few: 300 items, all 3 uneven annotators": Design(300, 3, 3, 3, (0.4, 1.0)),
}


@dataclass(frozen=True)
class Study:
    """One simulated study, and what alpha it would find on endless items: by its own annotators, and by any."""

    group: Counts
    own: float
    any: float

    def truth(self, metric: str, design: Design, over: Over) -> float:
        """What an interval over these should hold."""
        return _figure(metric, self.own if over == "items" else self.any, design.shares)


def _figure(metric: str, alpha: float, shares: Floats) -> float:
    """A metric where alpha is so: in these worlds all annotators use each category as often as it occurs."""
    same = (shares**2).sum()
    percent = same + alpha * (1 - same)
    chance = (shares * (1 - shares)).sum() / (len(shares) - 1)
    return float({"percent": percent, "ac1": (percent - chance) / (1 - chance)}.get(metric, alpha))


def study(rng: np.random.Generator, design: Design) -> Study:
    """One study of this design."""
    skills = rng.uniform(*design.skill, design.annotators)
    rater = _assigned(rng, design)
    rated = np.arange(design.most) < rng.integers(design.least, design.most + 1, design.items)[:, None]
    truth = rng.choice(design.categories, design.items, p=design.shares)
    easy = 1 - design.hard * rng.random(design.items)
    guess = rng.choice(design.categories, rater.shape, p=design.shares)
    given = np.where(rng.random(rater.shape) < skills[rater] * easy[:, None], truth[:, None], guess)
    squares = 1 - design.hard + design.hard**2 / 3
    teams = skills[rater] if design.block else skills[None, :]
    own, everyone = _mean_product(teams), float(np.mean(design.skill)) ** 2
    return Study(_counted(rater, given, rated, design.categories), squares * own, squares * everyone)


def _assigned(rng: np.random.Generator, design: Design) -> Integers:
    """Who rates each item: items × most."""
    teams = -(-design.items // design.block) if design.block else design.items
    drawn = rng.random((teams, design.annotators)).argsort(axis=1)[:, : design.most]
    who: Integers = drawn[np.arange(design.items) // max(design.block, 1)]
    return who


def _mean_product(skills: Floats) -> float:
    """The mean product of two annotators' skills, over the pairs in each row."""
    size = skills.shape[1]
    return float(np.mean((skills.sum(axis=1) ** 2 - (skills**2).sum(axis=1)) / (size * (size - 1))))


def _counted(rater: Integers, given: Integers, rated: npt.NDArray[np.bool_], size: int) -> Counts:
    each = ((given[:, :, None] == np.arange(size)) & rated[:, :, None]).sum(axis=1)
    patterns, pattern, units = np.unique(each, axis=0, return_inverse=True, return_counts=True)
    rows = np.stack([rater, np.broadcast_to(pattern[:, None], rater.shape), given])[:, rated]
    (who, which, own), count = np.unique(rows, axis=1, return_counts=True)
    return Counts({}, patterns, units, np.unique(who, return_inverse=True)[1], which, own, count)


def estimates(
    rng: np.random.Generator, design: Design, over: Over, metrics: Sequence[str]
) -> Iterator[dict[str, bool]]:
    """Endless studies: whether the interval of each metric that has one held the truth."""
    while True:
        one = study(rng, design)
        found = group_agreement(one.group, design.asked, metrics, over, 0.95).estimates
        yield {
            name: _holds(each, one.truth(name, design, over)) for name, each in found.items() if each.low is not None
        }


def _holds(estimate: Estimate, truth: float) -> bool:
    assert estimate.low is not None and estimate.high is not None
    return estimate.low <= truth <= estimate.high


def coverage(
    design: Design, over: Over, studies: int, metrics: Sequence[str] = METRICS, seed: int = 5
) -> dict[str, float]:
    """How often the interval of each metric held the truth, of the studies that had one.

    >>> coverage(Design(100, 5, 5, 5, (0.7, 0.7)), "items", 20, ["percent"])["percent"] > 0.7
    True
    """
    drawn = estimates(np.random.default_rng(seed), design, over, metrics)
    held = [next(drawn) for _ in range(studies)]
    return {name: float(np.mean([each[name] for each in held if name in each])) for name in metrics}


def table(studies: int) -> Iterator[str]:
    """The lines of a Markdown table: for each design, each metric over items, and over items and annotators."""
    yield f"| design, {studies:,} studies | " + " | ".join(METRICS) + " |"
    yield "|---|" + "---|" * len(METRICS)
    for name, design in DESIGNS.items():
        over_items, over_both = (coverage(design, over, studies) for over in ("items", "items_and_raters"))
        cells = (f"{over_items[metric]:.3f}, {over_both[metric]:.3f}".replace("0.", ".") for metric in METRICS)
        yield f"| {name} | " + " | ".join(cells) + " |"


def main() -> None:
    """Prints the table, and writes it where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=2000, help="studies of each design")
    parser.add_argument("--table", type=Path, help="a Markdown file to write")
    asked = parser.parse_args()
    lines = []
    for line in table(asked.studies):
        print(line, flush=True)
        lines.append(line)
    if asked.table:
        asked.table.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
