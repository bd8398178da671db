"""Figures from the literature to show beside agreement, so that a reader knows what is usual and what is good."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Benchmark:
    """A published figure: its name, the estimate that it stands beside, what it is of, and where it was published.

    `low` and `high` are the ends of the published interval or range, None where there is none; `value` is None where
    a range alone was published.
    """

    name: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    about: str
    source: str


_CONTENT = "Krippendorff 2019, Content Analysis, 4th ed."
_LIMITS = (
    Benchmark("reliable", "alpha", 0.8, None, None, "from here on data are commonly called reliable", _CONTENT),
    Benchmark("tentative", "alpha", 0.667, None, None, "from here on, good enough for tentative conclusions", _CONTENT),
)
_AC2 = (
    Benchmark(
        "Llama 2", "ac2", None, 0.37, 0.55, "helpfulness in 7 steps, by the models compared", "Touvron et al. 2023"
    ),
)
_CHOICES = (
    Benchmark("InstructGPT", "percent", 0.726, 0.711, 0.741, "labelers with each other", "Ouyang et al. 2022"),
    Benchmark("InstructGPT, held-out", "percent", 0.773, 0.76, 0.786, "further labelers", "Ouyang et al. 2022"),
    Benchmark("summaries", "percent", 0.73, 0.69, 0.77, "researchers with each other", "Stiennon et al. 2020"),
    Benchmark("HH", "percent", 0.63, None, None, "about; researchers with crowd workers", "Bai et al. 2022"),
    Benchmark(
        "AlpacaFarm", "percent", 0.657, None, None, "one person with the majority of three", "Dubois et al. 2023"
    ),
    Benchmark("MT-bench", "percent", 0.81, None, None, "people with each other, ties left out", "Zheng et al. 2023"),
)


def limits(metrics: Collection[str]) -> tuple[Benchmark, ...]:
    """What stands beside those of these estimates that are an alpha or an AC2.

    >>> [(each.name, each.value) for each in limits(["percent", "alpha_nominal"])]
    [('reliable', 0.8), ('tentative', 0.667)]
    """
    return tuple(_beside(metrics))


def choices(metric: str) -> tuple[Benchmark, ...]:
    """What stands beside this share of people who agree which of two responses is better.

    >>> [each.name for each in choices("percent")][:2]
    ['InstructGPT', 'InstructGPT, held-out']
    """
    return tuple(replace(each, metric=metric) for each in _CHOICES)


def _beside(metrics: Collection[str]) -> Iterator[Benchmark]:
    for metric in metrics:
        known = _LIMITS if "alpha" in metric else _AC2 if metric.startswith("ac2") else ()
        yield from (replace(each, metric=metric) for each in known)
