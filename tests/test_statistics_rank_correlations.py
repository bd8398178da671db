"""Spearman and Kendall between annotators: a peer, brute force, invariants, coverage, and the declared answers."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, spearmanr
from statistics_data import COLUMNS, EXAMPLE_C, KEY, data_set, judgments, nominal, observers, ordinal

from analytics.errors import ImpossibleInterval, ImpossibleMetric, NotNumeric, UndeclaredCategory, UnknownGrouping
from analytics.numeric import Number
from analytics.rank_correlations import annotator_correlations, correlations, ordered, pair_correlations
from analytics.ranks import Lists
from guidelines import load

FREE = {KEY: Number()}


def numbered(rows) -> pd.DataFrame:
    """Rows (item, annotator, value) whose value is also their number."""
    frame = pd.DataFrame(rows, columns=COLUMNS) if isinstance(rows, list) else rows
    return frame.assign(number=frame["value"].astype(float))


def ratings(rng: np.random.Generator, items: int, skills: np.ndarray, steps: int | None = None) -> pd.DataFrame:
    """Every annotator on about four fifths of the items; in steps where there are some."""
    truth = rng.normal(size=items)
    rows = [
        (f"i{i}", f"r{r}", truth[i] + noise * rng.normal())
        for i in range(items)
        for r, noise in enumerate(skills)
        if rng.random() < 0.8
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    if steps:
        frame["value"] = frame["value"].clip(-1.9, 1.9).mul(steps / 4).add(steps / 2).astype(int)
    return frame


def wide(rows: pd.DataFrame) -> pd.DataFrame:
    """A column an annotator."""
    return rows.pivot(index="item", columns="annotator", values="value")


def peer(x: pd.Series, y: pd.Series) -> tuple[float, float]:
    """What SciPy says of two columns with missing values."""
    both = x.notna() & y.notna()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of constant input
        return spearmanr(x[both], y[both])[0], kendalltau(x[both], y[both])[0]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 40))
def test_many_lists_at_once_are_those_of_a_peer(seed, steps, lists):
    """SciPy has the same rho and tau-b of every list, with ties, constant lists and lists of one entry."""
    rng = np.random.default_rng(seed)
    of = np.concatenate([np.arange(lists), rng.integers(0, lists, 200)])
    x, y = rng.integers(0, steps, len(of)), rng.integers(0, steps, len(of))
    found = Lists(of, x.astype(float), (x + y).astype(float))
    for each in range(lists):
        one = of == each
        expected = peer(pd.Series(x[one]), pd.Series((x + y)[one])) if one.sum() > 1 else (np.nan, np.nan)
        assert (found.spearman[each], found.kendall[each]) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("steps", [None, 4])
def test_influence_is_what_leaving_one_out_changes(steps):
    """Without any one entry both change by its influence, to first order; influences add up to nothing."""
    rng, n = np.random.default_rng(1), 200
    x = rng.normal(size=n) if steps is None else rng.integers(0, steps, n).astype(float)
    y = x + rng.normal(size=n).round(1)
    found = Lists(np.zeros(n, np.int64), x, y)
    for value, influence, of in (
        (found.spearman[0], found.spearman_influence, spearmanr),
        (found.kendall[0], found.kendall_influence, kendalltau),
    ):
        change = np.array([value - of(np.delete(x, i), np.delete(y, i))[0] for i in range(n)])
        assert change == pytest.approx(influence / n, abs=0.05 * np.abs(change).max())
        assert influence.sum() == pytest.approx(0, abs=1e-9)


def test_pairs_are_those_of_a_peer():
    """All pairs of an ordinal question, the lowest first, with SciPy's figures; the page is part of the list."""
    rows = ratings(np.random.default_rng(2), 40, np.array([0.5, 0.5, 1, 2]), steps=5)
    found = pair_correlations(judgments(rows), questions=ordinal("01234"))
    table = wide(rows)
    assert len(found) == 6
    assert [each.spearman.value for each in found] == sorted(each.spearman.value for each in found)
    for each in found:
        expected = peer(table[each.first], table[each.second])
        assert (each.spearman.value, each.kendall.value) == pytest.approx(expected)
        assert each.spearman.low < each.spearman.value < each.spearman.high < 1
        assert each.spearman.n_items == table[[each.first, each.second]].dropna().shape[0]
    page = pair_correlations(judgments(rows), questions=ordinal("01234"), limit=2, offset=1)
    assert [(each.first, each.second) for each in page] == [(each.first, each.second) for each in found[1:3]]


def test_annotators_are_compared_with_the_mean_of_the_others():
    """Of each item the mean of all but the annotator's own answer counts; the least skilled comes first."""
    rows = numbered(ratings(np.random.default_rng(3), 60, np.array([0.5, 0.5, 0.5, 3])))
    found = annotator_correlations(judgments(rows), questions=FREE)
    table = wide(rows)
    assert found[0].annotator == "r3"
    for each in found:
        others = table.drop(columns=each.annotator).mean(axis=1).round(9)
        expected = peer(table[each.annotator], others)
        assert (each.spearman.value, each.kendall.value) == pytest.approx(expected)


def test_direct_assessments_are_those_of_a_peer():
    """MLQE-PE, et-en: six slots with 9,000 items; every pair has SciPy's rho and tau-b."""
    frame = data_set("mlqe_da_4pairs.parquet")
    frame = frame[(frame["label_name"] == "DA_0_100") & (frame["locale"] == "et-en")]
    rows = frame.rename(columns={"item_id": "item", "annotator_id": "annotator"})[COLUMNS].reset_index(drop=True)
    rows = numbered(rows)
    found = pair_correlations(judgments(rows), questions=FREE)
    table = wide(rows.assign(value=rows["number"]))
    for each in (found[0], found[-1]):
        expected = peer(table[each.first], table[each.second])
        assert (each.spearman.value, each.kendall.value) == pytest.approx(expected)
    assert sum(each.spearman.n_items for each in found) > 50_000


def test_the_mean_of_pairs():
    """Each pair weighs as many items as it has in common; its intervals are wider over annotators."""
    rows = ratings(np.random.default_rng(4), 60, np.array([0.5, 0.8, 1, 1.5, 2]), steps=5)
    table, questions = judgments(rows), ordinal("01234")
    (found,) = correlations(table, questions=questions)
    (fixed,) = correlations(table, questions=questions, over="items")
    pairs = pair_correlations(table, questions=questions)
    weights = [each.spearman.n_items for each in pairs]
    for name in ("spearman", "kendall"):
        mean = np.average([getattr(each, name).value for each in pairs], weights=weights)
        one, other = found.estimates[name], fixed.estimates[name]
        assert one.value == pytest.approx(mean)
        assert one.low < other.low < one.value < other.high < one.high < 1
        assert (one.n_items, one.n_annotators, one.n_judgments) == (60, 5, len(rows))
    assert (found.n_pairs, found.n_constant) == (10, 0)


@settings(max_examples=5, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_neither_names_nor_order_nor_growing_functions_matter(seed):
    """Other names, another order, and any growing function of the numbers leave all correlations of pairs."""
    rows = ratings(np.random.default_rng(seed), 20, np.array([0.5, 1, 2]))
    (found,) = correlations(judgments(numbered(rows)), questions=FREE, minimum=5)
    other = rows.sample(frac=1, random_state=1).reset_index(drop=True)
    other["annotator"] = other["annotator"].map(lambda name: f"x{9 - int(name[1:])}")
    other["value"] = np.exp(other["value"])
    (changed,) = correlations(judgments(numbered(other)), questions=FREE, minimum=5)
    for name, each in found.estimates.items():
        again = changed.estimates[name]
        assert (again.value, again.low, again.high) == pytest.approx((each.value, each.low, each.high))


def fixed_raters(values: list[list[float]]) -> list[tuple[str, str, float]]:
    """A list of values an annotator, as rows."""
    return [(f"i{i}", f"r{r}", value) for r, each in enumerate(values) for i, value in enumerate(each)]


@pytest.mark.parametrize(
    ("values", "value", "reason"),
    [
        ([[1, 2, 3, 4, 5], [3, 3, 3, 3, 3]], None, "no variation: one of them gave the same answer to every item"),
        ([[1, 2, 3, 4, 5], [2, 4, 5, 8, 9]], 1, "no interval: the order is the same, or just the reverse"),
        ([[1, 2, 3, 4, 5], [9, 8, 7, 6, 1]], -1, "no interval: the order is the same, or just the reverse"),
        ([[1, 2, 3, 4], [1, 3, 2, 4]], 0.8, "no interval: it takes 5 items"),
    ],
)
def test_declared_answers_of_pairs(values, value, reason):
    """Where a correlation or its interval is undefined the estimate says why."""
    (found,) = pair_correlations(judgments(numbered(fixed_raters(values))), questions=FREE, minimum=4)
    assert found.spearman.value == (None if value is None else pytest.approx(value))
    assert (found.spearman.low, found.spearman.undefined) == (None, reason)
    assert found.kendall.undefined == reason


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([[1, 2, 3], [1, 3, 2]], "no two annotators have 4 items in common"),
        ([[1, 2, 3, 4], [3, 3, 3, 3]], "no variation: in each pair one gave the same answer to every item"),
        ([[1, 2, 3, 4], [1, 2, 4, 3]], "no interval: without one annotator no pair is left"),
        ([[1, 2, 3, 4], [1, 2, 3, 4]], "no interval: every two annotators have the same order, or just the reverse"),
    ],
)
def test_declared_answers_of_the_mean(values, reason):
    """A group that has answers has a row, and where nothing can be said it says why."""
    (found,) = correlations(judgments(numbered(fixed_raters(values))), questions=FREE, minimum=4)
    assert {each.undefined for each in found.estimates.values()} == {reason}


def test_no_judgments_no_rows_and_impossible_requests_are_refused():
    """Nothing gives nothing; questions without an order, unknown columns, intervals and wrong answers are named."""
    table = judgments(numbered(fixed_raters([[1, 2], [2, 1]])))
    for statistic in (correlations, pair_correlations, annotator_correlations):
        assert statistic(table, questions={}) == []
        assert statistic(table.filter(table.item == "none"), questions=FREE) == []
        with pytest.raises(ImpossibleMetric, match="nominal"):
            statistic(table, questions=nominal("12"))
        with pytest.raises(UnknownGrouping):
            statistic(table, questions=FREE, by=["colour"])
        with pytest.raises(ImpossibleInterval):
            statistic(table, questions=FREE, level=1)
        with pytest.raises(UndeclaredCategory, match="'2'"):
            statistic(table, questions=ordinal("1"))
        with pytest.raises(NotNumeric, match="'2'"):
            statistic(table, questions={KEY: Number(0, 1)})


def test_which_questions_have_an_order():
    """Ratings, ordinal choices and preferences; no nominal choices."""
    found = ordered(load().workflows)
    assert ("response_rating", "overall") in found
    assert ("preference", "overall") in found
    assert ("input_evaluation", "domain") not in found


def test_a_published_table():
    """Krippendorff's example C: the two observers with most items in common, as SciPy has it."""
    table = wide(observers(EXAMPLE_C).assign(value=lambda rows: rows["value"].astype(float)))
    found = pair_correlations(judgments(observers(EXAMPLE_C)), questions=ordinal("12345"), minimum=10)
    assert [(each.first, each.second) for each in found] == [("r1", "r3"), ("r2", "r3")]
    for each in found:
        assert (each.spearman.value, each.kendall.value) == pytest.approx(peer(table[each.first], table[each.second]))
