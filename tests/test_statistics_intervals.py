"""Intervals: bounds, degrees of freedom, and how often they hold in simulations whose truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.agreement import group_agreement
from analytics.coefficients import alpha_nominal, features, sums
from analytics.counts import Counts
from analytics.intervals import AT_LEAST_ZERO, AT_MOST_ONE, SHARE, Basis, Variance, interval, jackknife
from analytics.scales import Categories

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


CATEGORIES = 5
NUMBERS = (1.0, 2.0, 3.0, 4.0, 5.0)
ASKED = Categories(tuple("abcde"), "nominal")


def simulated(rng: np.random.Generator, items: int, raters: int, each: int, skill: tuple[float, float]) -> Counts:
    """Ratings of annotators of uneven skill, who else guess, as the counts of one group."""
    skills = rng.uniform(*skill, raters)
    truth = rng.integers(0, CATEGORIES, items)
    rater = rng.random((items, raters)).argsort(axis=1)[:, :each]
    own = np.where(
        rng.random((items, each)) < skills[rater], truth[:, None], rng.integers(0, CATEGORIES, (items, each))
    )
    every = (own[:, :, None] == np.arange(CATEGORIES)).sum(axis=1)
    patterns, pattern, units = np.unique(every, axis=0, return_inverse=True, return_counts=True)
    rows = np.stack([rater.ravel(), np.repeat(pattern, each), own.ravel()])
    (who, which, what), count = np.unique(rows, axis=1, return_counts=True)
    return Counts({}, patterns, units, np.unique(who, return_inverse=True)[1], which, what, count)


def coverage(design: dict, over: str, repetitions: int) -> float:
    """How often the 95 % interval of nominal alpha holds the value of very many items and annotators."""
    rng = np.random.default_rng(11)
    large = simulated(rng, 20_000, 300, design["each"], design["skill"])
    truth = float(alpha_nominal(sums(large.units @ features(large.patterns), NUMBERS)))
    held = 0
    for _ in range(repetitions):
        group = simulated(rng, **design)
        found = group_agreement(group, ASKED, ["alpha_nominal"], over, 0.95).estimates["alpha_nominal"]
        held += found.low <= truth <= found.high
    return held / repetitions


UNEVEN = {"items": 300, "raters": 10, "each": 3, "skill": (0.3, 1.0)}
LARGE = {"items": 2000, "raters": 12, "each": 3, "skill": (0.3, 1.0)}
SMALL = {"items": 30, "raters": 5, "each": 5, "skill": (0.7, 0.7)}
MANY = {"items": 300, "raters": 50, "each": 3, "skill": (0.7, 0.7)}


@pytest.mark.parametrize("design", [UNEVEN, LARGE, SMALL, MANY], ids=["300x10", "2000x12", "30x5", "300x50"])
def test_intervals_over_items_and_annotators_hold_as_often_as_they_say(design):
    """With few uneven annotators, few items or many equal ones, the default interval holds in about 95 of 100."""
    assert 0.90 <= coverage(design, "items_and_raters", 100) < 1


def test_where_annotators_are_alike_their_interval_is_hardly_wider():
    """What single answers scatter is counted once: with equal annotators both readings are about as uncertain."""
    rng = np.random.default_rng(3)
    widths = {}
    for over in ("items", "items_and_raters"):
        groups = [simulated(rng, **MANY) for _ in range(20)]
        found = [group_agreement(each, ASKED, ["alpha_nominal"], over, 0.95) for each in groups]
        widths[over] = np.median([f.estimates["alpha_nominal"].high - f.estimates["alpha_nominal"].low for f in found])
    assert widths["items_and_raters"] < 1.3 * widths["items"]


def test_intervals_over_items_alone_do_not_hold_for_other_annotators():
    """With ten uneven annotators the item-only interval misses the truth of other annotators far too often."""
    assert coverage(UNEVEN, "items", 60) < 0.75


def test_intervals_over_items_hold_for_the_same_annotators():
    """With annotators who are all alike there is nothing but items to vary, and the item-only interval holds."""
    assert coverage(SMALL, "items", 100) >= 0.90
