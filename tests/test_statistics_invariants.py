"""What must hold for every agreement metric, whatever the answers; and the count tables against brute force."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statistics_data import judgments, nominal, ordinal

from analytics.agreement import Totals, agreement, item_variance, rater_variance, rating_variance
from analytics.coefficients import COEFFICIENTS, features, possible, sums
from analytics.counts import counts, unique_rows
from analytics.scales import Categories

CODES = "abcd"
NUMBERS = (1.0, 2.0, 3.0, 4.0)
METRICS = {
    "percent": "plain",
    "alpha_nominal": "alpha",
    "alpha_ordinal": "alpha ordered",
    "alpha_interval": "alpha ordered",
    "alpha_ratio": "alpha ordered from zero",
    "fleiss": "plain",
    "brennan_prediger": "plain",
    "ac1": "plain",
    "ac2_linear": "plain ordered",
    "ac2_quadratic": "plain ordered",
}
ORDERED = {name for name, kind in METRICS.items() if "ordered" in kind}  # the order of categories matters
ALPHAS = {name for name, kind in METRICS.items() if "alpha" in kind}

# Ratings as units × annotators; -1 is missing.
grids = arrays(np.int64, st.tuples(st.integers(2, 8), st.integers(2, 5)), elements=st.integers(-1, 3))


def as_rows(grid: np.ndarray) -> pd.DataFrame:
    """A grid as rows of judgments."""
    rows = [(f"i{i}", f"r{r}", CODES[value]) for (i, r), value in np.ndenumerate(grid) if value >= 0]
    return pd.DataFrame(rows, columns=["item", "annotator", "value"])


def patterns_of(grid: np.ndarray) -> np.ndarray:
    """Counts per category of each unit: units × categories."""
    return (grid[:, :, None] == np.arange(len(CODES))).sum(axis=1)


def value(metric: str, grid: np.ndarray) -> float:
    """A metric straight from a grid, unit by unit."""
    return float(COEFFICIENTS[metric].of(sums(features(patterns_of(grid)).sum(axis=0), NUMBERS)))


def same(first: float, second: float) -> bool:
    """Equal up to rounding, or both undefined."""
    return bool(np.isclose(first, second, atol=1e-9, equal_nan=True))


def test_every_metric_is_classified():
    """A metric that is added without saying what must hold for it fails here."""
    assert set(METRICS) == set(COEFFICIENTS) == set(possible(Categories(tuple(CODES), "ordinal", NUMBERS)))


@pytest.mark.parametrize("metric", METRICS)
@given(grid=grids, data=st.data())
def test_order_of_units_and_annotators_changes_nothing(metric, grid, data):
    """Shuffling units or renaming annotators leaves every metric as it is."""
    units = data.draw(st.permutations(range(grid.shape[0])))
    raters = data.draw(st.permutations(range(grid.shape[1])))
    assert same(value(metric, grid), value(metric, grid[units][:, raters]))


@pytest.mark.parametrize("metric", sorted(set(METRICS) - ORDERED))
@given(grid=grids, data=st.data())
def test_relabelling_changes_nothing_where_order_does_not_matter(metric, grid, data):
    """Renaming the categories leaves the nominal metrics as they are."""
    renamed = np.array([*data.draw(st.permutations(range(4))), -1])[grid]
    assert same(value(metric, grid), value(metric, renamed))


@pytest.mark.parametrize("metric", sorted(set(METRICS) - {"alpha_ratio"}))
@given(grid=grids)
def test_reversing_the_scale_changes_nothing(metric, grid):
    """Counting the categories from the other end leaves every metric as it is, but for ratios to zero."""
    assert same(value(metric, grid), value(metric, np.where(grid < 0, grid, 3 - grid)))


@pytest.mark.parametrize("metric", sorted(set(METRICS) - ALPHAS))
@given(grid=grids)
def test_doubling_every_unit_changes_nothing(metric, grid):
    """Twice the same units give the same figure; alpha has its own test."""
    assert same(value(metric, grid), value(metric, np.vstack([grid, grid])))


@pytest.mark.parametrize("metric", sorted(ALPHAS))
@given(grid=grids)
def test_doubling_every_unit_changes_alpha_by_its_small_sample_term_alone(metric, grid):
    """Twice the same n ratings multiply 1 - alpha by (2n - 1) / (2n - 2): its only term that knows the sample size."""
    given_twice = patterns_of(grid).sum(axis=1)
    n = given_twice[given_twice >= 2].sum()
    expected = 1 - (1 - value(metric, grid)) * (2 * n - 1) / (2 * n - 2) if n > 1 else np.nan
    assert same(value(metric, np.vstack([grid, grid])), expected)


@pytest.mark.parametrize("metric", METRICS)
@given(grid=grids)
def test_no_metric_exceeds_one_and_percent_is_a_share(metric, grid):
    """Every metric is at most 1 where it is defined, and percent at least 0."""
    found = value(metric, grid)
    assert np.isnan(found) or found <= 1 + 1e-12
    assert metric != "percent" or np.isnan(found) or found >= 0


def leave_out(metric: str, grid: np.ndarray, axis: int) -> np.ndarray:
    """The metric without each unit (axis 0) or annotator (axis 1), recomputed from the ratings."""
    return np.array([value(metric, np.delete(grid, each, axis)) for each in range(grid.shape[axis])])


def leave_out_ratings(metric: str, grid: np.ndarray) -> np.ndarray:
    """The metric without each single rating, recomputed from the ratings."""
    replicates = []
    for place in np.argwhere(grid >= 0):
        without = grid.copy()
        without[tuple(place)] = -1
        replicates.append(value(metric, without))
    return np.array(replicates)


def brute_variance(replicates: np.ndarray) -> float:
    """The jackknife variance by its textbook formula."""
    n = len(replicates)
    return float((n - 1) / n * ((replicates - replicates.mean()) ** 2).sum())


@settings(max_examples=15, deadline=None)
@given(grid=grids.filter(lambda grid: (grid >= 0).any(axis=0).all() and (grid >= 0).any(axis=1).all()))
def test_count_tables_give_the_values_and_jackknives_of_the_ratings(grid):
    """Values and variances from the count tables equal those recomputed without each unit, rating and rater."""
    (group,) = counts(judgments(as_rows(grid)), ordinal(CODES))
    totals = Totals.of(group)
    for name in METRICS:
        metric = COEFFICIENTS[name].of
        assert same(float(metric(sums(totals.all, NUMBERS))), value(name, grid))
        items = item_variance(metric, totals, NUMBERS)
        raters = rater_variance(metric, totals, NUMBERS)
        single = rating_variance(metric, totals, NUMBERS)
        assert same(items.value, brute_variance(leave_out(name, grid, 0)))
        assert same(raters.value, brute_variance(leave_out(name, grid, 1)))
        assert same(single.value, brute_variance(leave_out_ratings(name, grid)))


@pytest.mark.parametrize("metric", METRICS)
def test_item_jackknife_resampled_patterns_and_resampled_items_agree(metric):
    """Standard errors over items: jackknife, bootstrap over patterns and bootstrap over items differ by chance only."""
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 4, 300)
    grid = np.where(rng.random((300, 4)) < 0.7, truth[:, None], rng.integers(0, 4, (300, 4)))
    (group,) = counts(judgments(as_rows(grid)), ordinal(CODES))
    table = features(group.patterns)
    of = COEFFICIENTS[metric].of
    jackknifed = item_variance(of, Totals.of(group), NUMBERS).value ** 0.5
    weights = rng.multinomial(300, group.units / 300, 4000)
    by_pattern = of(sums(weights @ table, NUMBERS)).std()
    by_item = features(patterns_of(grid))[rng.integers(0, 300, (4000, 300))].sum(axis=1)
    assert by_pattern == pytest.approx(of(sums(by_item, NUMBERS)).std(), rel=0.06)
    assert jackknifed == pytest.approx(by_pattern, rel=0.06)


def test_the_order_of_rows_does_not_change_a_digit():
    """The same judgments in another order give identical estimates, to the last bit."""
    rng = np.random.default_rng(2)
    rows = as_rows(rng.integers(-1, 4, (60, 6)))
    found = [
        agreement(judgments(rows.sample(frac=1, random_state=seed)), categories=nominal(CODES)) for seed in range(3)
    ]
    assert found[0] == found[1] == found[2]


@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=1, max_size=40), st.booleans())
def test_patterns_are_told_apart_however_large_their_counts(rows, large):
    """Sorted different rows and the place of each, for counts that fit into one number and for those that do not."""
    table = np.array(rows) * (2**21 if large else 1)
    patterns, pattern = unique_rows(table)
    assert (patterns[pattern] == table).all()
    assert patterns.tolist() == [list(row) for row in sorted(set(map(tuple, table.tolist())))]
