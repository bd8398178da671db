"""Errors per annotation, week by week and category by category, and whether they rise or fall."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.stats.rates import confint_poisson

from analytics.counts import grouping, name_group
from analytics.discoveries import controlled
from analytics.errors import UndeclaredCategory
from analytics.estimate import Estimate
from analytics.intervals import Basis, check
from analytics.penalties import exposures, totals, weekly_errors, weekly_exposures
from analytics.scales import QuestionKey

_FIRST_MONDAY = date(1969, 12, 29)
_FEWEST_WEEKS = 3


@dataclass(frozen=True)
class Week:
    """One ISO week (UTC), by its Monday: errors found, annotations that looked for them, and the rate."""

    monday: date
    errors: int
    annotations: int
    rate: Estimate


@dataclass(frozen=True)
class Trend:
    """One error category in one group: its weeks, and the change of the log rate per week.

    Weeks without an annotation are left out. `p_value` tests for no change; `q_value` is `p_value` after
    Benjamini–Hochberg over all rows returned together.
    """

    group: dict[str, str | None]
    category: str
    weeks: tuple[Week, ...]
    slope: Estimate
    p_value: float | None
    q_value: float | None = None


def error_trends(
    judgments: ir.Table,
    spans: ir.Table,
    *,
    categories: Mapping[QuestionKey, Sequence[str]],
    by: Sequence[str] = ("locale",),
    level: float = 0.95,
) -> list[Trend]:
    """Weekly error rates and their trend per workflow, question, the columns of `by` and error category.

    `judgments` and `spans` as in `plugins.frames` (judgments with `vendor` where `by` names it). `categories`: the
    error-span questions to look at with their error categories, see `analytics.scales.error_categories`. An error
    belongs to the week in which its annotation was created. Raises UnknownGrouping, UndeclaredCategory,
    ImpossibleInterval.
    """
    check("items", level)
    group = grouping(by, judgments)
    if not categories:
        return []
    looked = exposures(judgments, categories)
    errors = weekly_errors(looked, spans, group).to_pandas()
    _check_declared(errors, categories)
    weeks = weekly_exposures(looked, group).to_pandas()
    whole = totals(looked, group).order_by(group).to_pandas()
    return controlled(list(_trends(whole, weeks, errors, group, categories, level)))


def _check_declared(errors: pd.DataFrame, categories: Mapping[QuestionKey, Sequence[str]]) -> None:
    seen = errors[["workflow", "question", "category"]].drop_duplicates().itertuples(index=False, name=None)
    unknown = [(w, q, code) for w, q, code in seen if code not in categories[w, q]]
    if unknown:
        raise UndeclaredCategory(sorted(unknown))


def _trends(
    whole: pd.DataFrame,
    weeks: pd.DataFrame,
    errors: pd.DataFrame,
    group: list[str],
    categories: Mapping[QuestionKey, Sequence[str]],
    level: float,
) -> Iterator[Trend]:
    annotations = _series(weeks, group, "annotations")
    found = _series(errors, [*group, "category"], "errors")
    for row in whole.to_dict("records"):
        named = name_group(group, [row[key] for key in group])
        key = tuple(named.values())
        basis = Basis(
            level, "exact Poisson", "items", int(row["items"]), int(row["annotations"]), int(row["annotators"])
        )
        for category in categories[str(named["workflow"]), str(named["question"])]:
            yield _trend(named, category, annotations[key], found.get((*key, category), {}), basis)


def _series(table: pd.DataFrame, keys: list[str], column: str) -> dict[tuple[str | None, ...], dict[int, int]]:
    """For each key the value of every week, in order."""
    found: dict[tuple[str | None, ...], dict[int, int]] = {}
    for row in table.sort_values("week").to_dict("records"):
        key = tuple(name_group(keys, [row[each] for each in keys]).values())
        found.setdefault(key, {})[int(row["week"])] = int(row[column])
    return found


def _trend(
    group: dict[str, str | None], category: str, annotations: dict[int, int], errors: dict[int, int], basis: Basis
) -> Trend:
    found = [errors.get(week, 0) for week in annotations]
    slope, p_value = trend_slope(list(annotations), found, list(annotations.values()), basis)
    weeks = (_week(number, errors.get(number, 0), looked, basis) for number, looked in annotations.items())
    return Trend(group, category, tuple(weeks), slope, p_value)


def _week(number: int, errors: int, annotations: int, basis: Basis) -> Week:
    return Week(_FIRST_MONDAY + timedelta(weeks=number), errors, annotations, weekly_rate(errors, annotations, basis))


def weekly_rate(errors: int, annotations: int, basis: Basis) -> Estimate:
    """Errors per annotation with the exact Poisson (Garwood) interval; no error has an upper limit too.

    >>> rate = weekly_rate(0, 100, Basis(0.95, "exact Poisson", "items", 100, 100, 3))
    >>> rate.value, rate.low, round(rate.high, 4)
    (0.0, 0.0, 0.0369)
    """
    low, high = confint_poisson(errors, annotations, method="exact-c", alpha=1 - basis.level)
    return replace(
        basis.undefined("", errors / annotations),
        low=float(np.nan_to_num(low)),
        high=float(high),
        n_judgments=annotations,
        undefined=None,
    )


def trend_slope(
    weeks: Sequence[int], errors: Sequence[int], annotations: Sequence[int], basis: Basis
) -> tuple[Estimate, float | None]:
    """The change of the log error rate per week and the p-value of no change.

    Poisson regression with the annotations as exposure. Where the weeks scatter more than Poisson (Pearson's χ² by
    its degrees of freedom above 1) variances are widened by that and Student's t is used (quasi-Poisson).
    """
    basis = replace(basis, method="quasi-Poisson regression")
    if len(weeks) < _FEWEST_WEEKS:
        return basis.undefined(f"fewer than {_FEWEST_WEEKS} weeks"), None
    if sum(each > 0 for each in errors) < 2:
        return basis.undefined("errors in one week only" if any(errors) else "no error in any week"), None
    slope, error, freedom = _regression(np.array(weeks, float), np.array(errors), np.array(annotations))
    reach = float(stats.t.ppf((1 + basis.level) / 2, freedom)) * error
    estimate = replace(basis.undefined("", slope), low=slope - reach, high=slope + reach, undefined=None)
    return estimate, float(2 * stats.t.sf(abs(slope) / error, freedom))


def _regression(weeks: Any, errors: Any, annotations: Any) -> tuple[float, float, float]:
    """Slope, its standard error and the degrees of freedom of its quantile (infinite where Poisson holds)."""
    design = np.column_stack([np.ones(len(weeks)), weeks - weeks.mean()])
    fit = GLM(errors, design, family=Poisson(), exposure=annotations).fit(method="newton")
    dispersion = fit.pearson_chi2 / fit.df_resid
    freedom = float(fit.df_resid) if dispersion > 1 else np.inf
    return float(fit.params[1]), float(fit.bse[1]) * max(dispersion, 1.0) ** 0.5, freedom
