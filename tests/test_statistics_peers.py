"""Agreement against other libraries on random ratings with gaps, repeats of categories and rare ones, in Hypothesis."""

import numpy as np
import pandas as pd
import pytest
from crowdkit.metrics.data import alpha_krippendorff
from evalica import alpha
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score
from statistics_data import KEY, judgments, nominal
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

from analytics.agreement import agreement
from analytics.numbers import numbers
from analytics.numeric import Number
from analytics.pairs import pairs
from analytics.scales import Categories

CODES = "12345"
RATING = {KEY: Categories(tuple(CODES), "ordinal", (1.0, 2.0, 3.0, 4.0, 5.0))}
DISTANCES = ("nominal", "ordinal", "interval", "ratio")

# Items × annotators, 0 is missing.
gaps = arrays(np.int64, st.tuples(st.integers(3, 12), st.integers(2, 5)), elements=st.integers(0, 5))
full = arrays(np.int64, st.tuples(st.integers(3, 12), st.integers(2, 5)), elements=st.integers(1, 5))


def rows(grid: np.ndarray) -> pd.DataFrame:
    """A grid as rows (item, annotator, value)."""
    given_ = [(f"i{i}", f"r{r}", str(value)) for (i, r), value in np.ndenumerate(grid) if value]
    return pd.DataFrame(given_, columns=["item", "annotator", "value"])


def varied(grid: np.ndarray) -> bool:
    """Whether two answers, on items with two, are different."""
    return len(set(grid[(grid > 0).sum(axis=1) > 1].ravel()) - {0}) > 1


@settings(max_examples=10, deadline=None)
@given(gaps)
def test_alphas_are_those_of_evalica(grid):
    """Nominal, ordinal, interval and ratio, of codes; interval also of free numbers, from moments."""
    assume(varied(grid))
    table = judgments(rows(grid))
    (row,) = agreement(table, categories=RATING, metrics=[f"alpha_{each}" for each in DISTANCES])
    observers = pd.DataFrame(np.where(grid > 0, grid, np.nan).T)
    theirs = {f"alpha_{each}": alpha(observers, distance=each).alpha for each in DISTANCES}
    assert {name: each.value for name, each in row.estimates.items()} == pytest.approx(theirs, abs=1e-9)
    (row,) = numbers(table.mutate(number=table.value.cast("float64")), questions={KEY: Number(None, None)})
    assert row.estimates["alpha_interval"].value == pytest.approx(theirs["alpha_interval"], abs=1e-9)


@settings(max_examples=5, deadline=None)
@given(full)
def test_nominal_alpha_is_that_of_crowd_kit(grid):
    """Where every annotator rated every item."""
    assume(varied(grid))
    (row,) = agreement(judgments(rows(grid)), categories=RATING, metrics=["alpha_nominal"])
    theirs = alpha_krippendorff(rows(grid).set_axis(["task", "worker", "label"], axis=1))
    assert row.estimates["alpha_nominal"].value == pytest.approx(theirs, abs=1e-9)


@settings(max_examples=5, deadline=None)
@given(full)
def test_fleiss_is_that_of_statsmodels(grid):
    """Where every item has as many ratings: also Brennan and Prediger's (Randolph's free-marginal kappa)."""
    assume(varied(grid))
    (row,) = agreement(judgments(rows(grid)), categories=RATING, metrics=["fleiss", "brennan_prediger"])
    table, _ = aggregate_raters(grid, len(CODES) + 1)  # 0 to 5: their first category is our missing
    assert row.estimates["fleiss"].value == pytest.approx(fleiss_kappa(table[:, 1:]), abs=1e-9)
    free = fleiss_kappa(table[:, 1:], method="randolph")
    assert row.estimates["brennan_prediger"].value == pytest.approx(free, abs=1e-9)


def ac2(grid: np.ndarray, power: int) -> float:
    """AC2 by its definition, rating by rating (Gwet 2014, ch. 4): no library that may be installed here has it."""
    weights = 1 - (np.abs(np.subtract.outer(range(5), range(5))) / 4) ** power
    of = [item[item > 0] - 1 for item in grid if (item > 0).any()]
    agreed = [
        np.mean([weights[a, b] for n, a in enumerate(item) for m, b in enumerate(item) if n != m])
        for item in of
        if len(item) > 1
    ]
    shares = np.mean([np.bincount(item, minlength=5) / len(item) for item in of], axis=0)
    chance = weights.sum() / 20 * (shares * (1 - shares)).sum()
    return float((np.mean(agreed) - chance) / (1 - chance))


@settings(max_examples=5, deadline=None)
@given(gaps)
def test_ac2_is_its_definition(grid):
    """Linear and quadratic weights, of items with any number of ratings."""
    assume(varied(grid))
    (row,) = agreement(judgments(rows(grid)), categories=RATING, metrics=["ac2_linear", "ac2_quadratic"])
    assert row.estimates["ac2_linear"].value == pytest.approx(ac2(grid, 1), abs=1e-9)
    assert row.estimates["ac2_quadratic"].value == pytest.approx(ac2(grid, 2), abs=1e-9)


@settings(max_examples=5, deadline=None)
@given(gaps)
def test_kappas_of_pairs_are_those_of_scikit_learn(grid):
    """Of every two annotators, on the items that both answered."""
    grid = grid[:, :2]
    both = grid[(grid > 0).all(axis=1)]
    assume(len(both) > 1 and len(np.unique(both)) > 1)
    table = judgments(rows(grid))
    for metric, weights in (("kappa", None), ("kappa_linear", "linear"), ("kappa_quadratic", "quadratic")):
        (row,) = pairs(table, categories=RATING, metric=metric, minimum=2)
        theirs = cohen_kappa_score(*both.T, labels=range(1, 6), weights=weights)
        assert row.kappa.value == pytest.approx(theirs, abs=1e-9)


def test_a_category_that_nobody_used_is_none_of_theirs():
    """Alphas and Fleiss' kappa do not know it; peers that are told of it agree."""
    grid = np.array([[1, 1, 2], [2, 2, 2], [1, 2, 1], [1, 1, 1]])
    (few,) = agreement(judgments(rows(grid)), categories=nominal("12"), metrics=["alpha_nominal", "fleiss"])
    (many,) = agreement(judgments(rows(grid)), categories=nominal(CODES), metrics=["alpha_nominal", "fleiss"])
    assert few.estimates == many.estimates
    table, _ = aggregate_raters(grid, 6)
    assert many.estimates["fleiss"].value == pytest.approx(fleiss_kappa(table[:, 1:]))
