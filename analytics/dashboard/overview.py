"""What the overview page shows, worked out before it is drawn."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from analytics.catalogue.quality import quality_rows, trend_rows
from analytics.dashboard.choices import Choices, choices_shown
from analytics.dashboard.names import LocaleName, locale_name
from analytics.dashboard.plots import IntervalPlot, Spark, interval_plot, spark
from analytics.estimate import Estimate
from analytics.literature import limits
from analytics.locales import LocaleRow, Simulated, locale_rows, simulated_part
from analytics.quality import Quality
from analytics.query import Query
from analytics.store import Snapshot
from analytics.trends import Trend
from guidelines import Library

_NOTABLE = 0.05  # false-discovery rate of the changes that are listed


@dataclass(frozen=True)
class Totals:
    """What there is altogether; `refused` rows and `failed` webhooks could not be read."""

    locales: int
    items: int
    annotations: int
    annotators: int
    skipped: int
    refused: int
    failed: int


@dataclass(frozen=True)
class LocaleLine:
    """One line of the locale table."""

    name: LocaleName
    row: LocaleRow


@dataclass(frozen=True)
class QualityLine:
    """The MQM scores of one locale and question."""

    name: LocaleName
    workflow: str
    score: Quality


@dataclass(frozen=True)
class ErrorLine:
    """The weekly errors per annotation of one locale and question."""

    name: LocaleName
    workflow: str
    chart: Spark


@dataclass(frozen=True)
class Change:
    """An error category that rises or falls; per week, as a factor."""

    name: LocaleName
    category: str
    factor: float
    low: float
    high: float
    q_value: float


@dataclass(frozen=True)
class Overview:
    """Everything on the page."""

    simulated: Simulated
    totals: Totals
    lines: tuple[LocaleLine, ...]
    agreement: tuple[IntervalPlot, ...]
    choices: Choices
    quality: tuple[QualityLine, ...]
    quality_plots: tuple[IntervalPlot, ...]
    errors: tuple[ErrorLine, ...]
    weeks: tuple[date, date] | None
    highest: float
    changes: tuple[Change, ...]


def overview(snapshot: Snapshot, library: Library, *, failed: int) -> Overview:
    """Everything on the page, from one snapshot."""
    titles = {workflow.id: workflow.title for workflow in library.workflows.values()}
    rows = locale_rows(snapshot, library)
    scores = quality_rows(snapshot, library, Query())
    trends = trend_rows(snapshot, library, Query())
    mondays = sorted({week.monday for trend in trends for week in trend.weeks})
    rates = _rates(trends)
    highest = max((rate for weeks in rates.values() for rate in weeks.values()), default=0.0)
    return Overview(
        simulated=simulated_part(snapshot, None, None),
        totals=_totals(snapshot, rows, failed),
        lines=tuple(LocaleLine(locale_name(row.locale), row) for row in rows),
        agreement=_agreement_plots(rows, titles),
        choices=choices_shown(snapshot, library, {row.workflow for row in rows}),
        quality=tuple(_quality_line(score, titles) for score in scores),
        quality_plots=_quality_plots(scores, titles),
        errors=tuple(_error_line(key, weeks, highest, titles) for key, weeks in rates.items()),
        weeks=(mondays[0], mondays[-1]) if mondays else None,
        highest=highest,
        changes=tuple(_changes(trends)),
    )


def _totals(snapshot: Snapshot, rows: Sequence[LocaleRow], failed: int) -> Totals:
    annotations = snapshot.annotations()
    submitted = annotations.filter(annotations.status == "submitted")
    counted = submitted.agg(
        items=submitted.item.nunique(), annotations=submitted.count(), annotators=submitted.annotator.nunique()
    )
    counts = counted.to_pyarrow().to_pylist()[0]
    refused = snapshot.refused().count().to_pyarrow().as_py()
    skipped = sum(row.skipped for row in rows)
    return Totals(len({row.locale for row in rows}), **counts, skipped=skipped, refused=refused, failed=failed)


def _agreement_plots(rows: Sequence[LocaleRow], titles: dict[str, str]) -> tuple[IntervalPlot, ...]:
    found: dict[str, list[tuple[LocaleName, Estimate]]] = defaultdict(list)
    for row in rows:
        if row.alpha is not None:
            found[row.workflow].append((locale_name(row.locale), row.alpha))
    marks = [(each.value, str(each.value)) for each in limits(["alpha"]) if each.value is not None]
    return tuple(
        interval_plot(titles[workflow], estimates, limits=(0.0, 1.0), references=marks)
        for workflow, estimates in found.items()
    )


def _quality_line(score: Quality, titles: dict[str, str]) -> QualityLine:
    return QualityLine(locale_name(str(score.group["locale"])), titles[str(score.group["workflow"])], score)


def _quality_plots(scores: Sequence[Quality], titles: dict[str, str]) -> tuple[IntervalPlot, ...]:
    found: dict[str, list[tuple[LocaleName, Estimate]]] = defaultdict(list)
    for score in scores:
        found[str(score.group["workflow"])].append((locale_name(str(score.group["locale"])), score.estimate))
    return tuple(
        interval_plot(titles[workflow], estimates, limits=(0.0, None)) for workflow, estimates in found.items()
    )


def _rates(trends: Sequence[Trend]) -> dict[tuple[str, str], dict[date, float]]:
    """Errors of all categories per annotation, by locale and workflow and by week."""
    errors: dict[tuple[str, str], dict[date, int]] = defaultdict(lambda: defaultdict(int))
    exposure: dict[tuple[str, str], dict[date, int]] = defaultdict(dict)
    for trend in trends:
        key = (str(trend.group["locale"]), str(trend.group["workflow"]))
        for week in trend.weeks:
            errors[key][week.monday] += week.errors
            exposure[key][week.monday] = week.annotations
    return {
        key: {monday: errors[key][monday] / count for monday, count in sorted(weeks.items()) if count}
        for key, weeks in exposure.items()
        if any(weeks.values())
    }


def _error_line(key: tuple[str, str], weeks: dict[date, float], highest: float, titles: dict[str, str]) -> ErrorLine:
    values = list(weeks.values())
    words = f"{values[-1]:.2f} in the last week, {values[0]:.2f} in the first of {len(values)}"
    return ErrorLine(locale_name(key[0]), titles[key[1]], spark(values, highest, words))


def _changes(trends: Sequence[Trend]) -> list[Change]:
    """Categories that rise or fall, the surest first."""
    found = []
    for trend in trends:
        slope = trend.slope
        if trend.q_value is None or trend.q_value > _NOTABLE:
            continue
        if slope.value is None or slope.low is None or slope.high is None:
            continue
        name = locale_name(str(trend.group["locale"]))
        factors = (math.exp(slope.value), math.exp(slope.low), math.exp(slope.high))
        found.append(Change(name, trend.category, *factors, trend.q_value))
    return sorted(found, key=lambda change: change.q_value)
