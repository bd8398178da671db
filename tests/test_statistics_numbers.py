"""Agreement on free numbers and their mean: published values, brute force, invariants, and the declared answers."""

from itertools import combinations

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.config import Config
from statistics_data import COLUMNS, EXAMPLE_C, KEY, data_set, judgments, nominal, observers

from analytics.errors import ImpossibleInterval, ImpossibleMetric, NotNumeric, UndeclaredCategory, UnknownGrouping
from analytics.intervals import AT_MOST_ONE, interval
from analytics.numbers import UNBOUNDED, Numbers, Totals, alpha_interval, mean, numbers
from analytics.numeric import Moments, Number, alike, numeric
from analytics.scales import Categories
from guidelines import load
from guidelines.model import Question, Workflow

FREE = {KEY: Number()}


def numbered(rows) -> pd.DataFrame:
    """Rows (item, annotator, value) whose value is also their number."""
    frame = pd.DataFrame(rows, columns=COLUMNS) if isinstance(rows, list) else rows
    return frame.assign(number=frame["value"].astype(float))


def of(rows, **options) -> Numbers:
    """The figures of such rows."""
    (row,) = numbers(judgments(numbered(rows)), questions=FREE, **options)
    return row


def brute_alpha(rows: pd.DataFrame) -> float:
    """Krippendorff's definition, pair by pair: observed by expected squared differences."""
    units = [each.to_numpy(float) for _, each in rows.groupby("item")["value"] if len(each) > 1]
    if not units or np.ptp(np.concatenate(units)) == 0:
        return np.nan
    pairs = [(2 * (a - b) ** 2 / (len(unit) - 1)) for unit in units for a, b in combinations(unit, 2)]
    every = np.concatenate(units)
    expected = ((every[:, None] - every[None, :]) ** 2).sum() / (len(every) * (len(every) - 1))
    return 1 - sum(pairs) / len(every) / expected


def some_ratings(seed: int, items: int = 12, raters: int = 5) -> pd.DataFrame:
    """Free numbers, each annotator on about half of the items."""
    rng = np.random.default_rng(seed)
    truth, bias = rng.normal(size=items), rng.normal(size=raters) / 2
    rows = [
        (f"i{i}", f"r{r}", 50 + 10 * (truth[i] + bias[r] + rng.normal()))
        for i in range(items)
        for r in range(raters)
        if rng.random() < 0.6
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_the_published_example():
    """Krippendorff 2011, example C: interval alpha .849."""
    found = of(observers(EXAMPLE_C))
    alpha = found.estimates["alpha_interval"]
    assert alpha.value == pytest.approx(0.84911, abs=1e-5)
    assert (alpha.n_items, alpha.n_judgments, alpha.n_annotators, found.n_single_rated) == (11, 40, 4, 1)
    assert found.small
    assert alpha.low < alpha.value < alpha.high < 1


@pytest.mark.parametrize(
    ("label", "alphas"),
    [
        ("DA_0_100", {"en-de": 0.3762, "en-zh": 0.6464, "et-en": 0.7700, "ru-en": 0.8912}),
        ("DA_z", {"en-de": 0.4849, "en-zh": 0.6217, "et-en": 0.8098, "ru-en": 0.7973}),
    ],
)
def test_direct_assessments(label, alphas):
    """MLQE-PE (Fomicheva et al.): interval alpha of 130,000 direct assessments with up to 3,089 different values."""
    frame = data_set("mlqe_da_4pairs.parquet")
    frame = frame[frame["label_name"] == label].rename(columns={"item_id": "item", "annotator_id": "annotator"})
    rows = numbered(frame[[*COLUMNS, "locale"]].reset_index(drop=True))
    found = numbers(judgments(rows), questions=FREE, over="items")
    assert {row.group["locale"]: round(row.estimates["alpha_interval"].value, 4) for row in found} == alphas
    widths = [row.estimates["alpha_interval"].high - row.estimates["alpha_interval"].low for row in found]
    assert all(0.005 < width < 0.05 for width in widths)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_leaving_out_is_exact(seed):
    """The figure without an item, an annotator or a rating is that of the data without it, pair by pair."""
    rows = some_ratings(seed)
    totals = Totals.of(Moments.of(rows["value"], rows["item"], rows["annotator"]))
    without = [
        (totals.without_rating, [brute_alpha(rows.drop(index=row)) for row in rows.index]),
        (totals.without_item, [brute_alpha(rows[rows["item"] != item]) for item in rows["item"]]),
        (totals.without_rater, [brute_alpha(rows[rows["annotator"] != r]) for r in sorted(set(rows["annotator"]))]),
    ]
    for sums, expected in without:
        assert alpha_interval(sums) == pytest.approx(np.array(expected), nan_ok=True)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.floats(-1e6, 1e6), st.floats(0.001, 1e4))
def test_neither_names_nor_order_nor_units_of_measurement_matter(seed, shift, factor):
    """Other names, another order, and numbers moved and stretched leave alpha and its interval, and move the mean."""
    rows = some_ratings(seed)
    found = of(rows).estimates
    other = rows.sample(frac=1, random_state=1).reset_index(drop=True)
    other["annotator"] = other["annotator"].map(lambda name: f"x{9 - int(name[1:])}")
    other["value"] = shift + factor * other["value"]
    changed = of(other).estimates
    for name in ("value", "low", "high"):
        one, two = getattr(found["alpha_interval"], name), getattr(changed["alpha_interval"], name)
        assert two == pytest.approx(one, abs=1e-6)
        moved = shift + factor * getattr(found["mean"], name)
        assert getattr(changed["mean"], name) == pytest.approx(moved, rel=1e-6, abs=1e-6 * factor)


def test_the_mean_counts_each_item_once():
    """An item with many ratings weighs no more than another; over items the interval is Student's of item means."""
    rows = [("i1", "a", 1), ("i1", "b", 3), ("i2", "a", 4), ("i3", "a", 6), ("i3", "b", 8), ("i3", "c", 7)]
    found = of(rows, over="items").estimates["mean"]
    means = np.array([2, 4, 7.0])
    reach = 4.302652729911275 * means.std(ddof=1) / 3**0.5
    assert found.value == pytest.approx(means.mean())
    assert (found.low, found.high) == pytest.approx((means.mean() - reach, means.mean() + reach))
    assert of(rows).deviation == pytest.approx(((2 + 2) / 3) ** 0.5)


def test_the_newest_answer_counts():
    """Of two answers of one annotator the newer one; of the same moment, the greater."""
    rows = numbered([("i1", "a", 1), ("i1", "a", 5), ("i1", "b", 5), ("i2", "a", 2), ("i2", "b", 2), ("i2", "b", 1)])
    moments = ["2026-01-02", "2026-01-01", "2026-01-01", "2026-01-01", "2026-01-01", "2026-01-01"]
    (found,) = numbers(judgments(rows.assign(updated=pd.to_datetime(moments, utc=True))), questions=FREE)
    assert found.estimates["mean"].value == pytest.approx((3 + 2) / 2)
    assert found.estimates["alpha_interval"].n_judgments == 4


@pytest.mark.parametrize(
    ("rows", "name", "value", "reason"),
    [
        ([("i1", "a", 3), ("i2", "a", 4)], "alpha_interval", None, "no item has two annotators"),
        (
            [("i1", "a", 0.1), ("i1", "b", 0.1), ("i2", "a", 0.1), ("i2", "b", 0.1)],
            "alpha_interval",
            None,
            "no variation: every answer is the same",
        ),
        (
            [("i1", "a", 1), ("i1", "b", 1), ("i2", "a", 2), ("i2", "b", 2)],
            "alpha_interval",
            1,
            "no interval: all annotators agree on every item",
        ),
        (
            [("i1", "a", 1), ("i1", "b", 2), ("i2", "a", 2), ("i2", "b", 3)],
            "alpha_interval",
            0.25,
            "no interval: without one item or one annotator no figure is left",
        ),
        (
            [("i1", "a", 7)],
            "mean",
            7,
            "no interval: without one item or one annotator no figure is left",
        ),
        (
            [("i1", "a", 1), ("i1", "b", 3), ("i2", "a", 1), ("i2", "b", 3)],
            "mean",
            2,
            None,
        ),
    ],
)
def test_declared_answers(rows, name, value, reason):
    """Where a figure or its interval is undefined the estimate says why."""
    found = of(rows).estimates[name]
    assert found.value == (None if value is None else pytest.approx(value))
    assert found.undefined == reason


def test_what_is_no_number_is_refused_and_named():
    """Texts, missing and infinite numbers, and numbers off the scale (two scales mixed) stop it, with the answers."""
    rows = numbered([("i1", "a", 1), ("i1", "b", 90), ("i2", "a", 2), ("i2", "b", 3)])
    with pytest.raises(NotNumeric, match=r"'90' to rating.overall"):
        numbers(judgments(rows), questions={KEY: Number(1, 5)})
    for wrong in (None, float("nan"), float("inf")):
        bad = rows.assign(value=["1", "90", "much", "3"], number=[1.0, 90.0, wrong, 3.0])
        with pytest.raises(NotNumeric, match=r"'much' to rating.overall"):
            numbers(judgments(bad), questions=FREE)
    with pytest.raises(UndeclaredCategory, match="'90'"):
        numbers(judgments(rows), questions={KEY: Categories(("1", "2", "3"), "ordinal", (1.0, 2.0, 3.0))})


def test_no_judgments_no_rows_and_impossible_requests_are_refused():
    """Nothing gives nothing; codes without numbers, unknown columns and intervals are named."""
    table = judgments(numbered([("i1", "a", 1), ("i1", "b", 2)]))
    assert numbers(table, questions={}) == []
    assert numbers(table.filter(table.item == "none"), questions=FREE) == []
    with pytest.raises(ImpossibleMetric, match="no numbers"):
        numbers(table, questions=nominal("abc"))
    with pytest.raises(UnknownGrouping):
        numbers(table, questions=FREE, by=["colour"])
    with pytest.raises(ImpossibleInterval):
        numbers(table, questions=FREE, level=2)


def test_which_questions_are_numeric():
    """Free numbers with their bounds, and ratings; neither texts nor choices without numbers."""
    free = Question("tokens", "number", "Tokens", "ratio", minimum=0)
    text = Question("why", "text", "Why", "nominal")
    flow = Workflow("w", "1", "W", "W", 0, {}, "tokens", (free, text))
    assert numeric({"w": flow}) == {("w", "tokens"): Number(0, None)}
    packaged = numeric(load().workflows)
    assert packaged["response_rating", "overall"].numbers == (1.0, 2.0, 3.0, 4.0, 5.0)
    assert ("input_evaluation", "domain") not in packaged


class _Spark(Config):
    treat_nan_as_null: bool = False


def test_the_expression_is_the_same_on_spark(monkeypatch):
    """Nothing in it is of one engine: it can be written as SQL of Spark too, and reads the judgments once."""
    monkeypatch.setattr(ibis.options, "pyspark", _Spark())  # Ibis sets it when Spark itself is there
    rows = judgments(numbered([("i1", "a", 1)]))
    table = ibis.table(rows.schema(), name="judgments")
    group = ["workflow", "question", "locale"]
    both = {KEY: Number(0, 5), ("rating", "other"): Categories(("x", "y"), "ordinal", (0.0, 1.0))}
    query = ibis.to_sql(alike(table, both, group), dialect="pyspark")
    assert query.count("FROM `judgments`") == 1


def coverage(items: int, raters: int, each: int, uneven: float, runs: int, seed: int) -> np.ndarray:
    """How often 95 % intervals over items and annotators hold the true interval alpha and mean."""
    rng, held = np.random.default_rng(seed), np.zeros(2)
    figures = ((alpha_interval, AT_MOST_ONE, 1 / (2 + uneven**2)), (mean, UNBOUNDED, 0.0))
    for _ in range(runs):
        rater = np.array([rng.choice(raters, each, replace=False) for _ in range(items)])
        bias = rng.normal(size=raters) * uneven
        ratings = rng.normal(size=(items, 1)) + bias[rater] + rng.normal(size=rater.shape)
        totals = Totals.of(Moments.of(ratings.ravel(), np.repeat(np.arange(items), each), rater.ravel()))
        for place, (figure, scale, truth) in enumerate(figures):
            variance = totals.variance(figure, "items_and_raters")
            low, high = interval(float(figure(totals.all)), variance, 0.95, scale)
            true = truth if scale is AT_MOST_ONE else (truth - totals.centre) / totals.scale
            held[place] += low < true < high
    return held / runs


@pytest.mark.simulation
@pytest.mark.parametrize(("items", "raters"), [(30, 40), (100, 20)])
def test_intervals_hold_what_they_promise(items, raters):
    """Of 95 % intervals over other items and other annotators of uneven leniency about 95 % hold the truth."""
    held = coverage(items, raters, 3, 0.5, 200, 5)
    assert (held > 0.92).all()
