"""What more items would do for an interval: against the intervals that more items have, and the declared answers."""

import numpy as np
import pandas as pd
import pytest
from analytics_bodies import INGEST
from flask.testing import FlaskClient
from statistics_data import judgments, nominal

from analytics.forecast import forecast

pytest_plugins = ["analytics_fixtures"]

CODES = "abcd"


def ratings(items: int, raters: int, seed: int) -> pd.DataFrame:
    """Three ratings an item by annotators of uneven skill."""
    rng = np.random.default_rng(seed)
    truth, skill = rng.integers(0, 4, items), np.linspace(0.45, 0.95, raters)
    chosen = rng.random((items, raters)).argsort(axis=1)[:, :3]
    right = rng.random((items, 3)) < skill[chosen]
    value = np.where(right, truth[:, None], rng.integers(0, 4, (items, 3)))
    return pd.DataFrame(
        {
            "item": np.arange(items).repeat(3).astype(str),
            "annotator": chosen.ravel().astype(str),
            "value": np.array(list(CODES))[value.ravel()],
        }
    )


def widths(items: int, raters: int, seeds: range, metric: str) -> list:
    """The row of this metric for each seed."""
    return [
        forecast(judgments(ratings(items, raters, seed)), categories=nominal(CODES), metrics=[metric])[0]
        for seed in seeds
    ]


@pytest.mark.simulation
@pytest.mark.parametrize("metric", ["alpha_nominal", "ac1", "percent"])
def test_the_expected_width_is_the_one_that_more_items_have(metric):
    """From 300 items the widths with four times as many are foretold, by the same and by four times the annotators."""
    foretold = [row.expected[1] for row in widths(300, 12, range(12), metric)]
    assert {each.times for each in foretold} == {4}
    for name, raters in (("same_annotators", 12), ("more_annotators", 48)):
        seen = np.mean([row.width for row in widths(1200, raters, range(20, 26), metric)])
        assert np.mean([getattr(each, name) for each in foretold]) == pytest.approx(seen, rel=0.15)


def test_the_width_now_is_that_of_the_estimate():
    """Nothing more gives the interval of the agreement itself."""
    (row,) = widths(100, 10, range(1), "ac1")
    assert row.width == pytest.approx(row.estimate.high - row.estimate.low)
    same = [row.width, *(each.same_annotators for each in row.expected)]
    assert same == sorted(same, reverse=True)
    assert all(each.more_annotators <= each.same_annotators for each in row.expected)


def test_items_needed_grow_with_what_is_asked_and_may_be_out_of_reach():
    """A wide target is met already; a narrow one takes more items; a very narrow one more annotators."""
    table = judgments(ratings(150, 8, 1))
    rows = [
        forecast(table, categories=nominal(CODES), metrics=["percent"], target=target)[0]
        for target in (0.99, 0.15, 0.02)
    ]
    assert (rows[0].more_items, rows[0].more_items_more_annotators) == (0, 0)
    assert rows[1].more_items_more_annotators > 0
    assert rows[2].more_items is None
    assert rows[2].more_items_more_annotators > rows[1].more_items_more_annotators


@pytest.mark.parametrize("values", [["a", "a", "a", "a"], ["a", "a", "b", "b"]], ids=["one answer", "unanimous"])
def test_without_an_interval_nothing_is_foretold(values):
    """The reason stands in the estimate."""
    rows = pd.DataFrame({"item": ["1", "1", "2", "2"], "annotator": ["r", "s", "r", "s"], "value": values})
    (row,) = forecast(judgments(rows), categories=nominal(CODES), metrics=["alpha_nominal"])
    assert (row.width, row.more_items, row.more_items_more_annotators, row.expected) == (None, None, None, ())
    assert row.estimate.undefined
    table = judgments(rows)
    assert forecast(table.filter(table.item == "none"), categories=nominal(CODES)) == []


def test_the_api_answers_forecasts(filled: FlaskClient):
    """`GET /v1/forecast` has a row per group and metric; its CSV a line for each number of times."""
    asked = "workflow=preference&question=overall&metrics=percent&target=0.2"
    rows = filled.get(f"/v1/forecast?{asked}", headers=INGEST).json["rows"]
    assert {(row["metric"], row["target"]) for row in rows} == {("percent", 0.2)}
    csv = filled.get(f"/v1/forecast?{asked}&format=csv", headers=INGEST).text.splitlines()
    assert "metric,times_items,estimate.value" in csv[0]
    assert csv[0].endswith("same_annotators,more_annotators,simulated")
    assert filled.get("/v1/forecast?target=0", headers=INGEST).status_code == 422
