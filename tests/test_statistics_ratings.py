"""Intraclass correlations: the published example, a peer's mean squares, invariants, and the declared answers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from analytics_bodies import INGEST
from flask.testing import FlaskClient
from statistics_data import KEY, judgments, nominal
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from analytics.errors import ImpossibleMetric, UnknownGrouping
from analytics.numeric import Moments, Number
from analytics.ratings import Icc, absolute, correlations, intraclass, one_way, two_way
from analytics.scales import Categories

pytest_plugins = ["analytics_fixtures"]

SHROUT = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
TEN = {KEY: Categories(tuple(map(str, range(1, 11))), "ordinal", tuple(map(float, range(1, 11))))}


def rows_of(table: np.ndarray) -> pd.DataFrame:
    """A table items × annotators (0 is missing) as rows (item, annotator, value)."""
    rows = [(f"i{i}", f"r{j}", value) for (i, j), value in np.ndenumerate(table) if value]
    return pd.DataFrame(rows, columns=["item", "annotator", "value"])


def of(table) -> Icc:
    """The correlations of such a table."""
    (row,) = intraclass(judgments(rows_of(np.asarray(table))), questions=TEN)
    return row


@pytest.mark.parametrize(
    ("name", "value"),
    [("icc1", 0.17), ("icc2", 0.29), ("icc3", 0.71), ("icc1_mean", 0.44), ("icc2_mean", 0.62), ("icc3_mean", 0.91)],
)
def test_the_published_example(name, value):
    """Shrout & Fleiss 1979, table 4, with the value inside of its interval."""
    found = of(SHROUT).estimates[name]
    assert round(found.value, 2) == value
    assert found.low < found.value < found.high < 1
    assert (found.n_items, found.n_judgments, found.n_annotators, found.method) == (6, 24, 4, "F")
    assert found.over == ("items" if "icc3" in name else "items_and_raters")


def test_mean_squares_are_those_of_a_peer():
    """Also of units with different numbers of ratings, statsmodels has the same analysis of variance."""
    rng = np.random.default_rng(1)
    item, rater = (each.ravel() for each in np.indices((12, 5)))
    frame = pd.DataFrame({"y": rng.normal(size=60) + item / 3 + rater / 2, "item": item, "rater": rater})
    found = two_way(Moments.of(frame["y"], item, rater))
    peer = anova_lm(ols("y ~ C(item) + C(rater)", frame).fit())["mean_sq"]
    assert [found.between, found.raters, found.residual] == pytest.approx(list(peer))
    some = frame[rng.random(60) < 0.7]
    found = one_way(Moments.of(some["y"], some["item"], some["rater"]))
    peer = anova_lm(ols("y ~ C(item)", some).fit())["mean_sq"]
    assert [found.between, found.within] == pytest.approx(list(peer))


def test_order_does_not_matter():
    """Neither the order of items nor that of annotators."""
    assert_same(of(SHROUT[::-1, ::-1]), of(SHROUT))


def assert_same(one: Icc, other: Icc) -> None:
    """Equal but for rounding."""
    for name, each in other.estimates.items():
        found = one.estimates[name]
        assert (found.value, found.low, found.high) == pytest.approx((each.value, each.low, each.high))


@pytest.mark.simulation
def test_intervals_hold_what_they_promise():
    """Of 95 % intervals about 95 % hold the truth; for ICC(1) and ICC(2) annotators are drawn anew."""
    rng, runs, held = np.random.default_rng(3), 400, np.zeros(3)
    item, rater = (each.ravel() for each in np.indices((30, 4)))
    for _ in range(runs):
        items, errors = rng.normal(size=(30, 1)), rng.normal(size=(30, 4))
        nested = one_way(Moments.of((items + errors).ravel(), item, rater))
        crossed = two_way(Moments.of((items + rng.normal(size=4) * 0.5**0.5 + errors).ravel(), item, rater))
        residual = replace(crossed, freedom=29 * 3)
        ends = [
            correlations(nested.between, nested.within, nested, 0.95)[0],
            absolute(crossed, 0.95)[0],
            correlations(crossed.between, crossed.residual, residual, 0.95)[0],
        ]
        held += [low < truth < high for (_, low, high), truth in zip(ends, (0.5, 0.4, 0.5), strict=True)]
    assert (held / runs > 0.92).all()
    assert (held / runs < 0.98).all()


def test_missing_ratings():
    """ICC(1) takes every item with two ratings; ICC(2) and ICC(3) only those that all annotators rated."""
    table = np.vstack([SHROUT, [[3, 4, 0, 0]], [[5, 0, 0, 0]]])
    found, complete = of(table), of(SHROUT)
    assert (found.n_single_rated, found.n_incomplete) == (1, 2)
    assert found.estimates["icc1"].n_items == 7
    for name in ("icc2", "icc2_mean", "icc3", "icc3_mean"):
        one, other = found.estimates[name], complete.estimates[name]
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


def test_free_numbers_have_correlations_too():
    """Numbers without codes, wherever they lie and however small they are, correlate as the ratings they come from."""
    rows = rows_of(SHROUT)
    rows["number"] = 1e6 + rows["value"] / 1e4
    (found,) = intraclass(judgments(rows), questions={KEY: Number()})
    for name, each in of(SHROUT).estimates.items():
        assert found.estimates[name].value == pytest.approx(each.value, abs=1e-4)


@pytest.mark.parametrize(
    ("table", "name", "value", "reason"),
    [
        ([[3, 3], [3, 3]], "icc1", None, "no variation: every answer is the same"),
        ([[3, 3], [3, 3]], "icc3", None, "no variation: every answer is the same"),
        ([[1, 1], [2, 2]], "icc1", 1, "no interval: all annotators agree on every item"),
        ([[1, 2], [2, 3]], "icc2", 0.5, "no interval: annotators differ by the same on every item, or nowhere"),
        ([[1, 2], [2, 3]], "icc3", 1, "no interval: annotators differ by the same on every item, or nowhere"),
        ([[1, 2], [2, 1]], "icc1", -1, "no interval: all items have the same mean"),
        ([[1, 2], [2, 1]], "icc1_mean", None, "all items have the same mean"),
        ([[1, 0], [2, 0]], "icc1", None, "fewer than two items have two ratings"),
        ([[1, 0], [2, 0]], "icc2", None, "fewer than two items were rated by every annotator, of two or more"),
        ([[5, 1], [1, 5], [3, 3], [2, 5]], "icc2_mean", None, "items differ too little"),
    ],
)
def test_declared_answers(table, name, value, reason):
    """Where a correlation or its interval is undefined the estimate says why."""
    found = of(table).estimates[name]
    assert found.value == (None if value is None else pytest.approx(value))
    assert (found.low, found.high, found.undefined) == (None, None, reason)


def test_no_judgments_no_rows_and_impossible_questions_are_refused():
    """Nothing gives nothing; codes without numbers and unknown columns are named."""
    table = judgments(rows_of(SHROUT))
    assert intraclass(table, questions={}) == []
    assert intraclass(table.filter(table.item == "none"), questions=TEN) == []
    with pytest.raises(ImpossibleMetric, match="no numbers"):
        intraclass(table, questions=nominal("abc"))
    with pytest.raises(UnknownGrouping):
        intraclass(table, questions=TEN, by=["colour"])


def test_the_api_answers_correlations(filled: FlaskClient):
    """`GET /v1/icc` answers for questions whose codes have numbers, and refuses others by name."""
    answer = filled.get("/v1/icc?by=locale", headers=INGEST)
    assert answer.status_code == 200
    assert all("icc2_mean" in row["estimates"] for row in answer.json["rows"])
    assert filled.get("/v1/icc?workflow=safety_moderation&question=refusal", headers=INGEST).status_code == 422
