"""What more ratings an item would do: against what they did, by brute force, and the declared answers."""

from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
from analytics_bodies import INGEST
from flask.testing import FlaskClient
from statistics_data import COLUMNS, KEY, judgments, nominal, ordinal

from analytics.coefficients import COEFFICIENTS, features, sums
from analytics.consensus.fitting import fit
from analytics.consensus.next_rating import after_one, after_several, next_ratings
from analytics.consensus.votes import votes
from analytics.errors import ImpossibleMetric, UnknownGrouping
from analytics.growth import OfPairs, OfRatings, added_by_pairs, of_pairs
from analytics.needs import Need, needs
from analytics.numeric import Number
from analytics.scales import Categories

pytest_plugins = ["analytics_fixtures"]

FIVE = {KEY: Categories(tuple("01234"), "ordinal", (0.0, 1.0, 2.0, 3.0, 4.0))}


def ratings(items: int, raters: int, each: int, seed: int) -> pd.DataFrame:
    """Answers on five steps by annotators of uneven skill, on items of uneven difficulty; `each` an item."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(5, items, p=[0.3, 0.3, 0.2, 0.1, 0.1])
    skill = np.linspace(0.4, 0.9, raters)
    who = rng.random((items, raters)).argsort(axis=1)[:, :each]
    chance = 1 / (1 + np.exp(-np.log(skill / (1 - skill))[who] - rng.normal(size=(items, 1))))
    off = np.clip(np.round(truth[:, None] + 1.5 * rng.normal(size=who.shape)), 0, 4).astype(int)
    value = np.where(rng.random(who.shape) < chance, truth[:, None], off)
    columns = (np.arange(items).repeat(each).astype(str), who.ravel().astype(str), value.ravel().astype(str))
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def of(rows: pd.DataFrame, **options) -> dict[str, Need]:
    """The rows of one group, by metric."""
    return {row.metric: row for row in needs(judgments(rows), questions=FIVE, **options)}


@pytest.mark.simulation
def test_the_expected_width_is_the_one_that_more_ratings_have():
    """From 3 ratings an item the widths with 10 are foretold, by the same 20 annotators and by 67."""
    now = [of(ratings(200, 20, 3, seed)) for seed in range(8)]
    for raters, name in ((20, "same_annotators"), (67, "more_annotators")):
        then = [of(ratings(200, raters, 10, 50 + seed)) for seed in range(4)]
        for metric in ("percent", "alpha_nominal", "alpha_ordinal", "ac1", "share", "mean"):
            foretold = [each for row in now for each in row[metric].expected if each.ratings == 10]
            seen = np.mean([row[metric].width for row in then])
            assert np.mean([getattr(each, name) for each in foretold]) == pytest.approx(seen, rel=0.2)


@pytest.mark.simulation
def test_fewer_ratings_are_foretold_too():
    """From 5 ratings an item the widths with 2 are foretold: what would have been enough."""
    now = [of(ratings(200, 20, 5, seed), metrics=["alpha_nominal", "mean"]) for seed in range(6)]
    then = [of(ratings(200, 20, 2, 50 + seed), metrics=["alpha_nominal", "mean"]) for seed in range(12)]
    for metric in ("alpha_nominal", "mean"):
        foretold = np.mean([row[metric].expected[0].same_annotators for row in now])
        assert foretold == pytest.approx(np.mean([row[metric].width for row in then]), rel=0.15)


def test_the_width_now_is_that_of_the_estimate():
    """With as many ratings as now nothing changes; more ratings never widen, and more annotators help more."""
    for row in of(ratings(100, 10, 3, 1)).values():
        assert row.ratings == 3
        assert row.width == pytest.approx(row.estimate.high - row.estimate.low)
        three = next(each for each in row.expected if each.ratings == 3)
        assert (three.same_annotators, three.more_annotators) == pytest.approx((row.width, row.width))
        more = [each.more_annotators for each in row.expected]
        assert more == sorted(more, reverse=True)
        assert [each.ratings for each in row.expected if each.same_annotators is None] == [20]


def test_ratings_needed():
    """With the number that is needed the width is reached; it may be less than now, or out of reach."""
    rows = ratings(100, 40, 3, 1)
    widths = {each.ratings: each.more_annotators for each in of(rows)["alpha_ordinal"].expected}
    found = {
        target: of(rows, metrics=["alpha_ordinal"], target=target)["alpha_ordinal"]
        for target in (1.0, widths[7] + 1e-6, widths[7] - 1e-6, 0.001)
    }
    assert [row.needed_more_annotators for row in found.values()] == [2, 7, 8, None]
    assert found[1.0].needed == 2
    assert found[0.001].needed is None


def test_the_mean_of_numbers_becomes_more_reliable():
    """Spearman and Brown: of n ratings the reliability is n r / (1 + (n - 1) r); the target is a share of the scale."""
    row = of(ratings(200, 20, 3, 3))["mean"]
    two, three, *_, twenty = (each.reliability for each in row.expected)
    one = two / (2 - two)
    assert three == pytest.approx(3 * one / (1 + 2 * one))
    assert twenty == pytest.approx(20 * one / (1 + 19 * one))
    assert row.target == pytest.approx(0.4)
    free = ratings(200, 20, 3, 3).assign(number=lambda rows: rows["value"].astype(float))
    (number,) = needs(judgments(free), questions={KEY: Number(0, 4)})
    assert (number.metric, number.width, number.needed) == ("mean", pytest.approx(row.width), row.needed)
    assert [each.reliability for each in number.expected] == pytest.approx([each.reliability for each in row.expected])


def test_what_pairs_of_ratings_have_in_common_is_that_of_all_pairs():
    """By brute force over all choices of two, three and four ratings of each unit."""
    patterns, units = np.array([[3, 1, 0], [2, 1, 2], [0, 4, 1]]), np.array([2, 1, 3])
    added = np.array([[1.0, -0.5, -1.0], [-0.5, 2.0, 0.25], [-1.0, 0.25, -3.0]])
    expected = np.zeros(3)
    mean = 0.0
    for pattern, often in zip(patterns, units, strict=True):
        own = np.repeat(np.arange(3), pattern)
        four = np.array(list(permutations(own, 4)))
        one, two, three, other = four.T
        pair = added[one, two]
        mean += often * pair.mean()
        expected += often * np.array(
            [(pair**2).mean(), (pair * added[one, three]).mean(), (pair * added[three, other]).mean()]
        )
    square = (mean / units.sum()) ** 2
    found = of_pairs(added, patterns, units)
    assert (found.same, found.shared) == pytest.approx(tuple(expected[:2] / units.sum() - square))
    assert found.apart == pytest.approx(max(expected[2] / units.sum() - square, 0))


@pytest.mark.parametrize("metric", ["percent", "alpha_ordinal", "ac1", "fleiss"])
def test_what_a_pair_adds_is_what_the_figure_changes_by(metric):
    """Adding a few units with two ratings changes the figure by what they add."""
    total = np.array([300, 200, 100]) @ features(np.array([[3, 0, 0], [2, 1, 0], [0, 1, 2]]))
    of, numbers = COEFFICIENTS[metric].of, (0.0, 1.0, 2.0)
    added = added_by_pairs(of, total, numbers)
    for one, other in product(range(3), repeat=2):
        pair = np.zeros((1, 3))
        pair[0, one] += 1
        pair[0, other] += 1
        change = of(sums(total + 0.01 * features(pair)[0], numbers)) - of(sums(total, numbers))
        assert change / 0.01 == pytest.approx(added[one, other], abs=1e-6)


def test_variances_fall_as_they_must():
    """A mean of three ratings has the variance between units and a third of that within; pairs of three likewise."""
    assert OfRatings(2.0, 3.0).variance(3) == 3
    rng = np.random.default_rng(0)
    simulated = np.array([pairs_of_three(rng) for _ in range(40_000)])
    assert OfPairs(0.25, 0.0, 0.0).variance(3) == pytest.approx(simulated.var(), rel=0.05)


def pairs_of_three(rng: np.random.Generator) -> float:
    """The share of agreeing pairs of three fair coins: pairs that share a coin agree independently."""
    one, two, three = rng.integers(0, 2, 3)
    return (int(one == two) + int(one == three) + int(two == three)) / 3


@pytest.mark.parametrize(
    ("values", "metric", "reason"),
    [
        (["000", "111", "222"], "alpha_nominal", "no interval: all annotators agree on every item"),
        (["000", "000"], "share", "no interval: all items have the same mean"),
        (["0", "1", "1"], "share", "no interval: without one item or one annotator no figure is left"),
    ],
)
def test_declared_answers(values, metric, reason):
    """Where nothing can be foretold the row says why."""
    rows = [(f"i{i}", f"r{r}", value) for i, each in enumerate(values) for r, value in enumerate(each)]
    row = of(pd.DataFrame(rows, columns=COLUMNS), metrics=[metric])[metric]
    assert (row.undefined, row.expected, row.needed) == (reason, (), None)


def test_items_rated_twice_do_not_say_how_pairs_of_ratings_differ():
    """Where each item has two annotators there is a forecast of means, and none of agreement."""
    rows = of(ratings(40, 6, 2, 1))
    assert rows["ac1"].undefined == "it takes items with three annotators"
    assert rows["ac1"].width is not None
    assert rows["mean"].undefined is None


def test_items_rated_once_do_not_say_how_ratings_scatter():
    """Where each item has one annotator the mean has an interval, and no forecast."""
    rows = [(f"i{i}", f"r{i % 4}", str(i % 3)) for i in range(24)]
    row = of(pd.DataFrame(rows, columns=COLUMNS), metrics=["mean"])["mean"]
    assert row.width is not None
    assert row.undefined == "no item has two annotators"


def test_no_judgments_no_rows_and_impossible_requests_are_refused():
    """Nothing gives nothing; metrics that the scale does not allow and unknown columns are named."""
    table = judgments(ratings(5, 3, 2, 0))
    assert needs(table, questions={}) == []
    assert needs(table.filter(table.item == "none"), questions=FIVE) == []
    with pytest.raises(ImpossibleMetric, match="mean"):
        needs(table, questions=nominal("01234"), metrics=["mean"])
    with pytest.raises(ImpossibleMetric, match="choose from: mean"):
        needs(table, questions={KEY: Number()}, metrics=["ac1"])
    with pytest.raises(UnknownGrouping):
        needs(table, questions=FIVE, by=["colour"])


def test_after_several_ratings_is_brute_force_over_their_outcomes():
    """Every sequence of answers, by how probable it is, with the posterior that it leads to."""
    rng = np.random.default_rng(4)
    posterior, confusion = rng.dirichlet([1, 1, 1], 6), rng.dirichlet([1, 1, 1], 3)
    for more in (1, 2, 4):
        expected = np.zeros(6)
        for answers in product(range(3), repeat=more):
            expected += (posterior * confusion[:, answers].prod(axis=1)).max(axis=1)
        assert after_several(posterior, confusion, more) == pytest.approx(expected)
    assert after_several(posterior, confusion, 1) == pytest.approx(after_one(posterior, confusion))


@pytest.mark.simulation
def test_the_expected_certainty_is_the_one_that_another_rating_brings():
    """Of 1,000 items with three ratings the mean certainty with a fourth is foretold, and those it helps most."""
    every = ratings(1000, 40, 4, 6)
    first = every.groupby("item").head(3).reset_index(drop=True)
    before = {row.item: row for row in next_ratings(judgments(first), categories=ordinal("01234"))}
    (group,) = votes(judgments(every), ordinal("01234"))
    came = dict(zip(group.items, fit(group, "dawid_skene").posterior.max(axis=1), strict=True))
    gains = {item: (row.gain, came[item] - row.certainty) for item, row in before.items()}
    foretold, seen = np.array(list(gains.values())).T
    assert foretold.mean() == pytest.approx(seen.mean(), abs=0.02)
    assert seen[foretold > 0.2].mean() == pytest.approx(foretold[foretold > 0.2].mean(), abs=0.08)
    assert abs(seen[foretold < 0.01].mean()) < 0.02


def test_contested_items_come_first():
    """By what another rating adds; settled ones follow with the advice to stop; pages are parts of the list."""
    table = judgments(ratings(300, 20, 3, 7))
    found = next_ratings(table, categories=ordinal("01234"))
    advice = [row.advice for row in found]
    assert advice == sorted(advice, key=["one_more", "stop"].index)
    assert {row.advice for row in found if row.certainty >= 0.95} == {"stop"}
    gains = [round(row.gain, 9) for row in found if row.advice == "one_more"]
    assert gains == sorted(gains, reverse=True)
    assert all(row.expected >= row.certainty - 1e-9 for row in found)
    assert all((row.more == 0) == (row.advice == "stop") for row in found)
    assert next_ratings(table, categories=ordinal("01234"), limit=7, offset=3) == found[3:10]


def test_neither_names_nor_order_of_items_matter():
    """Other names and another order leave what is said of each item."""
    rows = ratings(60, 8, 3, 8)
    other = rows.sample(frac=1, random_state=1).reset_index(drop=True)
    other["item"] = "x" + other["item"]
    found = {row.item: row for row in next_ratings(judgments(rows), categories=ordinal("01234"))}
    for row in next_ratings(judgments(other), categories=ordinal("01234")):
        same = found[row.item.removeprefix("x")]
        assert replace(row, item=same.item, certainty=0, expected=0, gain=0) == replace(
            same, certainty=0, expected=0, gain=0
        )
        assert row.expected == pytest.approx(same.expected, abs=1e-3)


def test_declared_answers_of_items():
    """Where nothing is known of annotators there is no advice; nothing gives nothing; other methods are refused."""
    rows = pd.DataFrame([("i1", "a", "0"), ("i2", "b", "1")], columns=COLUMNS)
    for row in next_ratings(judgments(rows), categories=ordinal("01")):
        assert (row.advice, row.certainty, row.expected, row.more) == (None, None, None, None)
        assert row.undefined.startswith("no item has two annotators")
    table = judgments(rows)
    assert next_ratings(table.filter(table.item == "none"), categories=ordinal("01")) == []
    with pytest.raises(ImpossibleMetric, match="majority"):
        next_ratings(table, categories=ordinal("01"), method="majority")


@pytest.mark.parametrize(
    "path", ["needs", "next", "numbers", "correlations", "correlations/pairs", "correlations/annotators"]
)
def test_the_api_answers(filled: FlaskClient, path):
    """Each has rows of the store's answers, as JSON and as CSV, and refuses unknown parameters."""
    answer = filled.get(f"/v1/{path}?by=locale&workflow=preference", headers=INGEST)
    assert answer.status_code == 200
    table = filled.get(f"/v1/{path}?by=locale&workflow=preference&format=csv", headers=INGEST)
    assert table.status_code == 200
    assert not answer.json["rows"] or table.text.startswith("workflow,question,locale")
    assert filled.get(f"/v1/{path}?colour=red", headers=INGEST).status_code == 422
