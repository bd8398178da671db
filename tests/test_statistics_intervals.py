"""Intervals: bounds, degrees of freedom, and how often they hold in simulations whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.agreement import group_agreement
from analytics.intervals import AT_LEAST_ZERO, AT_MOST_ONE, SHARE, Basis, Variance, interval, jackknife, two_way
from benchmarks.coverage import DESIGNS, METRICS, coverage, study

BOUNDS = {"AT_MOST_ONE": (AT_MOST_ONE, -np.inf, 1), "SHARE": (SHARE, 0, 1), "AT_LEAST_ZERO": (AT_LEAST_ZERO, 0, np.inf)}


@pytest.mark.parametrize("name", BOUNDS)
@given(value=st.floats(0.01, 0.99), deviation=st.floats(1e-6, 2), freedom=st.floats(1, 1e6), level=st.floats(0.5, 0.99))
def test_an_interval_holds_its_value_and_stays_within_bounds(name, value, deviation, freedom, level):
    """Whatever the variance, low ≤ value ≤ high within the figure's bounds, without clipping."""
    scale, least, most = BOUNDS[name]
    low, high = interval(value, Variance(deviation**2, freedom), level, scale)
    assert least <= low <= value + 1e-12
    assert value - 1e-12 <= high <= most


def test_an_interval_without_end_is_declared():
    """Where the data say so little that the interval would not end, there is none, and the reason."""
    basis = Basis(0.95, "method", "items", 3, 9, 3)
    estimate = basis.estimate(0.01, Variance(4.0, 1.0), AT_LEAST_ZERO)
    assert (estimate.value, estimate.low, estimate.high) == (0.01, None, None)
    assert estimate.undefined == "too uncertain for an interval"


def test_jackknife_of_a_mean_is_its_textbook_variance():
    """Leaving out each of n numbers gives s²/n, also when equal numbers are written once with their repeats."""
    numbers = np.array([1.0, 2.0, 2.0, 5.0])
    without = (numbers.sum() - numbers) / 3
    expected = numbers.var(ddof=1) / 4
    assert jackknife(without, np.ones(4)).value == pytest.approx(expected)
    assert jackknife(without[[0, 1, 3]], np.array([1.0, 2.0, 1.0])).value == pytest.approx(expected)


def test_a_replicate_that_cannot_be_computed_makes_the_variance_undefined():
    """One undefined replicate is not left out in silence."""
    assert np.isnan(jackknife(np.array([0.5, np.nan]), np.ones(2)).value)


def test_degrees_of_freedom_follow_the_part_that_dominates():
    """A sum of variances has the freedom of the dominating part, and more where both matter."""
    assert (Variance(1.0, 9) + Variance(1e-9, 999)).freedom == pytest.approx(9)
    assert (Variance(1.0, 9) + Variance(1.0, 9)).freedom == pytest.approx(18)


def test_what_annotators_add_is_what_single_ratings_do_not_tell():
    """Of three annotators: their jackknife by (r - 1) / r, less the single ratings, is added to that over items."""
    found = two_way(Variance(1.0, 99), Variance(4.0, 2), Variance(0.5, 299))
    theirs = (6.0 + 5.5) / 2
    assert found.value == pytest.approx(1.0 + 6.0 - 0.5)
    assert found.freedom == pytest.approx(6.5**2 / (theirs**2 / 2 + (6.5 - theirs) ** 2 / 99))


def test_other_annotators_never_make_an_interval_surer():
    """Where annotators differ by no more than single ratings tell, the variance is that over items."""
    for raters in (0.0, 0.5, 1.0):
        assert two_way(Variance(2.0, 99), Variance(raters, 4), Variance(1.5, 299)).value == 2.0


ALIKE = DESIGNS["balanced: 300 items, 50 equal annotators, 3 an item"]
UNEVEN = DESIGNS["uneven: 300 items, 10 annotators, 3 an item"]
HARD = DESIGNS["hard items: 300 items, 20 uneven annotators, 3 an item"]


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("over", ["items", "items_and_raters"])
def test_intervals_hold_the_truth_in_about_95_of_100_studies(name, over):
    """Over balanced, skewed, few-rater, unequal and clustered designs; the longer study is `benchmarks/coverage.py`."""
    assert coverage(DESIGNS[name], over, 60, ["alpha_nominal"])["alpha_nominal"] >= 0.86


def test_where_annotators_are_alike_their_interval_is_hardly_wider():
    """What single answers scatter is counted once: with equal annotators both readings are about as uncertain."""
    rng = np.random.default_rng(3)
    widths = {}
    for over in ("items", "items_and_raters"):
        groups = [study(rng, ALIKE).group for _ in range(20)]
        found = [group_agreement(each, ALIKE.asked, ["alpha_nominal"], over, 0.95) for each in groups]
        widths[over] = np.median([f.estimates["alpha_nominal"].high - f.estimates["alpha_nominal"].low for f in found])
    assert widths["items_and_raters"] < 1.2 * widths["items"]


def test_intervals_over_items_alone_do_not_hold_for_other_annotators():
    """With ten uneven annotators the item-only interval misses the truth of other annotators far too often."""
    rng, held = np.random.default_rng(11), 0
    for _ in range(60):
        one = study(rng, UNEVEN)
        found = group_agreement(one.group, UNEVEN.asked, ["percent"], "items", 0.95).estimates["percent"]
        held += found.low <= one.truth("percent", UNEVEN, "items_and_raters") <= found.high
    assert held / 60 < 0.75


@pytest.mark.simulation
def test_the_truth_of_simulated_studies_is_what_large_ones_find():
    """The closed form that coverage is measured against is the mean of studies of very many items and annotators."""
    for design in (UNEVEN, HARD):
        large = replace(design, items=40_000, annotators=400)
        one = study(np.random.default_rng(2), large)
        found = group_agreement(one.group, large.asked, METRICS, "items", 0.95).estimates
        for metric, each in found.items():
            assert each.value == pytest.approx(one.truth(metric, large, "items"), abs=0.012)
            assert each.value == pytest.approx(one.truth(metric, large, "items_and_raters"), abs=0.03)
