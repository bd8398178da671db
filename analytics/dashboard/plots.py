"""Where everything stands in the charts, in the units of their view boxes; the templates only draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analytics.dashboard.names import LocaleName
from analytics.estimate import Estimate

WIDTH = 1080
_LEFT, _RIGHT, _TOP, _ROW = 280, 880, 30, 22

# How far below its limit an axis goes to show the whole of an interval; beyond, one wide interval would squeeze all.
_BEYOND = 0.5


@dataclass(frozen=True)
class Mark:
    """A place on the axis and the text at it."""

    x: float
    text: str


@dataclass(frozen=True)
class Whisker:
    """One row: a dot, and the path of its interval; an end that is cut has no stop."""

    tag: str
    name: str
    y: float
    dot: float | None
    path: str
    text: str


@dataclass(frozen=True)
class IntervalPlot:
    """Dots and whiskers under each other on one axis."""

    title: str
    width: int
    height: float
    left: float
    right: float
    top: float
    bottom: float
    ticks: tuple[Mark, ...]
    references: tuple[Mark, ...]
    rows: tuple[Whisker, ...]


def interval_plot(
    title: str,
    rows: Sequence[tuple[LocaleName, Estimate]],
    *,
    limits: tuple[float, float | None],
    references: Sequence[tuple[float, str]] = (),
) -> IntervalPlot:
    """A plot of one estimate for each locale.

    The axis holds `limits` (None: as far as the intervals go), every dot, and intervals that end up to half a unit
    below. An interval that goes farther is cut.
    """
    axis = _axis([estimate for _, estimate in rows], limits)
    bottom = _TOP + _ROW * len(rows)
    return IntervalPlot(
        title, WIDTH, bottom + 24, _LEFT, _RIGHT, _TOP, bottom,
        ticks=tuple(Mark(axis(value), _short(value)) for value in axis.ticks),
        references=tuple(Mark(axis(value), text) for value, text in references),
        rows=tuple(_whisker(name, each, axis, _TOP + _ROW * (n + 0.5)) for n, (name, each) in enumerate(rows)),
    )  # fmt: skip


@dataclass(frozen=True)
class _Axis:
    ticks: tuple[float, ...]

    def __call__(self, value: float) -> float:
        first, last = self.ticks[0], self.ticks[-1]
        return round(_LEFT + (_RIGHT - _LEFT) * (value - first) / (last - first), 2)


def _axis(estimates: Sequence[Estimate], limits: tuple[float, float | None]) -> _Axis:
    dots = [each.value for each in estimates if each.value is not None]
    highs = [each.high for each in estimates if each.high is not None]
    lows = [each.low for each in estimates if each.low is not None]
    first = min([limits[0], *dots, *(max(low, limits[0] - _BEYOND) for low in lows)])
    last = max([min(max(highs, default=1.0), 2 * max(dots, default=1.0)) if limits[1] is None else limits[1], *dots])
    step = _step((last - first) or 1.0)
    start, stop = math.floor(first / step + 1e-9), math.ceil(last / step - 1e-9)
    return _Axis(tuple(round(step * n, 10) for n in range(start, max(stop, start + 1) + 1)))


def _step(span: float) -> float:
    """A round distance that cuts the span into three to eight parts."""
    unit = 10.0 ** math.floor(math.log10(span))
    return next(unit * factor for factor in (0.1, 0.2, 0.5, 1.0, 2.0) if span / (unit * factor) <= 8)


def _whisker(name: LocaleName, estimate: Estimate, axis: _Axis, y: float) -> Whisker:
    text = in_words(estimate)
    dot = None if estimate.value is None else axis(estimate.value)
    if estimate.low is None or estimate.high is None:
        return Whisker(name.tag, name.english, y, dot, "", text)
    low, high = max(axis(estimate.low), _LEFT), min(axis(estimate.high), _RIGHT)
    ends = [f"M{place} {y - 4}v8" for place, end in ((low, estimate.low), (high, estimate.high)) if axis(end) == place]
    path = "".join([f"M{low} {y}H{high}", *ends])
    return Whisker(name.tag, name.english, y, dot, path, text)


def in_words(estimate: Estimate) -> str:
    """An estimate in a few characters.

    >>> in_words(Estimate(0.7412, 0.68, 0.8, 0.95, "bootstrap", "items", 20, 60, 3))
    '0.74 (0.68 to 0.80)'
    >>> in_words(Estimate(None, None, None, 0.95, "bootstrap", "items", 0, 0, 0, "no item has two judgments"))
    'undefined'
    """
    if estimate.value is None:
        return "undefined"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.2f} (no interval)"
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"


@dataclass(frozen=True)
class Spark:
    """A small line over weeks: its points, the last week's dot, and what it says in words."""

    points: str
    last: tuple[float, float]
    words: str


SPARK_WIDTH, SPARK_HEIGHT = 168, 48


def spark(values: Sequence[float], highest: float, words: str) -> Spark:
    """A line through `values` on an axis from 0 to `highest`, which all lines shown together share."""
    across = (SPARK_WIDTH - 12) / max(len(values) - 1, 1)
    up = (SPARK_HEIGHT - 12) / (highest or 1.0)
    places = [(round(6 + across * n, 1), round(SPARK_HEIGHT - 6 - up * value, 1)) for n, value in enumerate(values)]
    return Spark(" ".join(f"{x},{y}" for x, y in places), places[-1], words)


def _short(value: float) -> str:
    return f"{value:g}"
