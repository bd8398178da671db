"""Weekly error rates and their trend: by hand, against statsmodels, simulated, and degenerate."""

import math
from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statistics_data import judgments

from analytics.errors import UndeclaredCategory
from analytics.intervals import Basis
from analytics.output import plain
from analytics.trends import error_trends, trend_slope, weekly_rate

CATEGORIES = {("rating", "errors"): ("grammar", "spelling")}
BASIS = Basis(0.95, "exact Poisson", "items", 100, 100, 5)
MONDAY = pd.Timestamp("2026-09-07", tz="UTC")


def reviewed(weeks: dict[pd.Timestamp, list[int]], **columns) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One annotation for each number, made at that instant, with as many grammar errors."""
    rows = pd.DataFrame([(made, errors) for made, each in weeks.items() for errors in each], columns=["created", "n"])
    name = columns.get("locale", "")
    rows = rows.assign(annotation=[f"{name}{row}" for row in range(len(rows))], source="ls", project="1", target="a")
    rows = rows.assign(question="errors", item=rows["annotation"], annotator="r1", value="marked", **columns)
    spans = rows.loc[rows.index.repeat(rows["n"])].assign(category="grammar", weight=1.0)
    return rows.drop(columns="n"), spans[
        ["source", "project", "annotation", "question", "target", "category", "weight"]
    ]


def trends(*parts: tuple[pd.DataFrame, pd.DataFrame], **asked):
    """The trends of these parts together."""
    rows, spans = (pd.concat(each) for each in zip(*parts, strict=True))
    return error_trends(judgments(rows), ibis.memtable(spans), categories=CATEGORIES, **asked)


def weekly(*counts: list[int]) -> dict[pd.Timestamp, list[int]]:
    """Errors of each annotation, week after week."""
    return {MONDAY + pd.Timedelta(weeks=week): each for week, each in enumerate(counts)}


def test_a_rate_is_errors_per_annotation_and_clean_annotations_count():
    """Errors 2, 0 and 1 in three annotations of a week make a rate of 1; each category has its own row."""
    grammar, spelling = trends(reviewed(weekly([2, 0, 1])))
    assert [(week.monday, week.errors, week.annotations, week.rate.value) for week in grammar.weeks] == [
        (date(2026, 9, 7), 3, 3, 1.0)
    ]
    assert (spelling.category, spelling.weeks[0].rate.value) == ("spelling", 0.0)


def test_weeks_change_on_monday_at_midnight_utc():
    """Sunday 23:59:59 and Monday 00:00 UTC fall in different ISO weeks, also for instants before 1970."""
    for monday in (MONDAY, pd.Timestamp("1969-12-29", tz="UTC")):
        found = trends(reviewed({monday - pd.Timedelta(seconds=1): [1], monday: [1, 1]}))[0].weeks
        assert [(week.monday, week.errors) for week in found] == [
            (monday.date() - timedelta(weeks=1), 1),
            (monday.date(), 2),
        ]


def test_the_rate_has_the_exact_poisson_interval():
    """10 errors have the exact limits 4.7954 and 18.3904 (Garwood 1936); 0 errors the upper limit 3.6889."""
    ten, none = weekly_rate(10, 100, BASIS), weekly_rate(0, 100, BASIS)
    assert (ten.low, ten.high) == pytest.approx((0.047954, 0.183904), abs=1e-6)
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(0.036889, abs=1e-6)


def test_an_exact_exponential_rise_is_found():
    """Errors that double every week have a slope of log 2."""
    slope, p_value = trend_slope([0, 1, 2, 3], [10, 20, 40, 80], [50] * 4, BASIS)
    assert slope.value == pytest.approx(math.log(2), abs=1e-8)
    assert slope.low < slope.value < slope.high
    assert p_value < 1e-9


def test_more_annotations_are_not_more_errors():
    """Errors that grow with the annotations alone have no trend."""
    slope, p_value = trend_slope([0, 1, 2, 3], [10, 20, 40, 80], [50, 100, 200, 400], BASIS)
    assert slope.value == pytest.approx(0, abs=1e-8)
    assert p_value == pytest.approx(1)


def test_weeks_that_scatter_widen_the_interval_as_quasi_poisson_does():
    """With overdispersed weeks the standard error is Poisson's by the root of Pearson's χ² over its freedom."""
    weeks, errors, exposure = np.arange(6), np.array([10, 40, 5, 60, 20, 70]), np.full(6, 100)
    fit = sm.GLM(errors, sm.add_constant(weeks), family=sm.families.Poisson(), exposure=exposure).fit(scale="X2")
    slope, p_value = trend_slope(list(weeks), list(errors), list(exposure), BASIS)
    assert slope.value == pytest.approx(fit.params[1])
    assert (slope.high - slope.low) / 2 == pytest.approx(2.776445 * fit.bse[1], rel=1e-5)  # t with 4 degrees of freedom
    assert p_value > 0.05


def test_false_alarms_are_as_rare_as_declared():
    """Without a trend, Poisson weeks are called significant at 5 % in about 5 of 100 cases at most."""
    rng = np.random.default_rng(4)
    p_values = [trend_slope(range(8), rng.poisson(20, 8).tolist(), [100] * 8, BASIS)[1] for _ in range(400)]
    assert np.mean(np.array(p_values) < 0.05) < 0.07


@pytest.mark.parametrize(
    ("errors", "reason"),
    [
        ([[1], [2]], "fewer than 3 weeks"),
        ([[0], [0], [0]], "no error in any week"),
        ([[0], [0], [4]], "errors in one week only"),
    ],
)
def test_a_trend_that_cannot_be_told_is_undefined_with_its_reason(errors, reason):
    """Too few weeks, or errors in too few of them, give no slope and no p-value; the weekly rates stand."""
    row = trends(reviewed(weekly(*errors)))[0]
    assert (row.slope.value, row.slope.undefined, row.p_value, row.q_value) == (None, reason, None, None)
    assert len(row.weeks) == len(errors)


def test_q_values_control_false_discoveries_over_all_rows():
    """Two tested rows: the smaller p-value doubles, the larger stays (Benjamini–Hochberg); untested rows have none."""
    rising = reviewed(weekly([1] * 9, [2] * 9, [4] * 9), locale="de-DE")
    flat = reviewed(weekly([1] * 9, [2] * 9, [1] * 9), locale="ja-JP")
    found = trends(rising, flat)
    tested = [row for row in found if row.p_value is not None]
    assert [row.group["locale"] for row in tested] == ["de-DE", "ja-JP"]
    low, high = (row.p_value for row in tested)
    assert [row.q_value for row in tested] == pytest.approx([2 * low, high])
    assert [row.q_value for row in found if row.p_value is None] == [None, None]


def test_an_undeclared_category_is_refused_by_name():
    """A stored span of a category the question does not have stops the computation and is named."""
    rows, spans = reviewed(weekly([1]))
    with pytest.raises(UndeclaredCategory, match=r"'typo' to rating\.errors"):
        trends((rows, spans.assign(category="typo")))


def test_nothing_to_follow_is_an_empty_list():
    """No questions, or no judgments of them, give no rows."""
    rows, spans = reviewed(weekly([1]))
    assert error_trends(judgments(rows), ibis.memtable(spans), categories={}) == []
    assert trends((rows.assign(question="other"), spans)) == []


def test_a_row_is_plain_values():
    """A row turns into dictionaries, texts and numbers that JSON can hold."""
    row = plain(trends(reviewed(weekly([1], [2], [3])))[0])
    assert row["weeks"][0]["monday"] == date(2026, 9, 7)
    assert row["slope"]["method"] == "quasi-Poisson regression"
