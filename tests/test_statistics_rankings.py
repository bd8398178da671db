"""Agreement on rankings: published W, peers, brute force, invariants, coverage, and declared answers."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from choix import kendalltau_dist
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import friedmanchisquare, kendalltau, rankdata, spearmanr
from statistics_data import KEY, NOON, judgments, nominal

from analytics.agreement import agreement
from analytics.concordance import concordance
from analytics.errors import ImpossibleInterval, UndeclaredCategory, UnknownGrouping
from analytics.rankings import rankings
from analytics.scales import Categories

ASKED = {KEY: Categories(tuple("1234"), "ordinal", (1.0, 2.0, 3.0, 4.0))}
EXECUTIVES = [[1, 6, 3, 2, 5, 4], [1, 5, 6, 4, 2, 3], [6, 3, 2, 5, 4, 1]]
TIED = [
    [1, 4.5, 2, 4.5, 3, 7.5, 6, 9, 7.5, 10],
    [2.5, 1, 2.5, 4.5, 4.5, 8, 9, 6.5, 10, 6.5],
    [2, 1, 4.5, 4.5, 4.5, 4.5, 8, 8, 8, 10],
]
grids = arrays(np.int64, st.tuples(st.integers(2, 6), st.integers(2, 4), st.just(4)), elements=st.integers(1, 4))


def of_grid(grid) -> pd.DataFrame:
    """Items × annotators × responses: places, 0 for none, as rows."""
    rows = [
        (f"i{item}", f"r{rater}", str(place), "abcd"[response])
        for (item, rater, response), place in np.ndenumerate(np.asarray(grid))
        if place
    ]
    found = pd.DataFrame(rows, columns=["item", "annotator", "value", "target"])
    return found.assign(source="tool", project="1")


def measured(rows: pd.DataFrame, **asked):
    """The one row of these rankings."""
    (row,) = rankings(judgments(rows), questions=ASKED, **asked)
    return row


def values(row) -> dict[str, float | None]:
    """The values of a row's estimates."""
    return {name: each.value for name, each in row.estimates.items()}


@pytest.mark.parametrize(("places", "published"), [(EXECUTIVES, 0.162), (TIED, 0.828)], ids=["no ties", "ties"])
def test_published_coefficients(places, published):
    """Siegel 1956, three executives and six applicants: .162; NAG Library manual, g08daf, with ties: .828."""
    assert round(concordance(places), 3) == published


@given(arrays(np.int64, st.tuples(st.integers(2, 6), st.integers(3, 6)), elements=st.integers(1, 4)))
@settings(max_examples=40, deadline=None)
def test_w_is_friedmans_statistic_by_its_greatest(places):
    """SciPy's statistic, right for ties, is m (n - 1) W."""
    found = concordance(places)
    if (places == places[:, :1]).all():
        assert np.isnan(found)
    else:
        annotators, responses = places.shape
        peer = friedmanchisquare(*places.T).statistic
        assert found * annotators * (responses - 1) == pytest.approx(peer)


def test_without_ties_w_is_the_mean_correlation_of_pairs():
    """(m W - 1) / (m - 1) is the mean of Spearman's correlations of all pairs of annotators."""
    drawn = np.random.default_rng(1)
    grid = np.array([[drawn.permutation(4) + 1 for _ in range(3)] for _ in range(10)])
    peer = [np.mean([spearmanr(one, other).statistic for one, other in combinations(item, 2)]) for item in grid]
    assert measured(of_grid(grid)).estimates["mean_rho"].value == pytest.approx(np.mean(peer))


def test_two_rankings_agree_on_pairs_as_kendalls_tau_says():
    """Without ties (tau + 1) / 2 of the pairs stand in the same order; choix counts the others."""
    drawn = np.random.default_rng(2)
    grid = np.array([[drawn.permutation(4) + 1 for _ in range(2)] for _ in range(10)])
    found = measured(of_grid(grid)).estimates["pairs_percent"].value
    assert found == pytest.approx((np.mean([kendalltau(*item).statistic for item in grid]) + 1) / 2)
    assert found == pytest.approx(1 - np.mean([kendalltau_dist(*item) for item in grid]) / 6)


def brute(grid):
    """W of each item from its definition, of rankings without gaps."""
    found = []
    for item in grid:
        whole = [ranking for ranking in item if (ranking > 0).all()]
        if len(whole) < 2:
            continue
        ranks = np.array([rankdata(ranking) for ranking in whole])
        m, n = ranks.shape
        ties = sum(t**3 - t for each in ranks for t in np.unique(each, return_counts=True)[1])
        most = m * m * (n**3 - n) - m * ties
        if most:
            found.append(12 * ((ranks.sum(axis=0) - m * (n + 1) / 2) ** 2).sum() / most)
    return found


def pairs_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Rankings broken down to pairs: an item and two responses are an item, and which is better is the answer."""
    wide = rows.assign(place=rows["value"].astype(int)).pivot(
        index=["item", "annotator"], columns="target", values="place"
    )
    found = []
    for one, other in combinations(wide.columns, 2):
        apart = (wide[one] - wide[other]).dropna()
        found += [(f"{item} {one}{other}", who, "<=>"[int(np.sign(d)) + 1]) for (item, who), d in apart.items()]
    return pd.DataFrame(found, columns=["item", "annotator", "value"])


@pytest.mark.parametrize("gaps", [False, True])
def test_figures_are_those_of_a_direct_computation(gaps):
    """W by its definition; pairs by the coefficients of agreement on a table of pairs."""
    drawn = np.random.default_rng(3)
    grid = drawn.integers(1, 5, (12, 3, 4))
    if gaps:
        grid[0] = 0
        grid[1, 0] = 0
        grid[2:5, 0, 1] = 0
        grid[6] = 1
    row, rows = measured(of_grid(grid)), of_grid(grid)
    assert row.estimates["kendall_w"].value == pytest.approx(np.mean(brute(grid)))
    (peer,) = agreement(
        judgments(pairs_of(rows)), categories=nominal("<=>"), metrics=["percent", "alpha_nominal", "ac1"]
    )
    for name, each in peer.estimates.items():
        assert row.estimates[f"pairs_{name}"].value == pytest.approx(each.value)
    assert (row.n_single_ranked, row.n_incomplete, row.n_without_order) == (0, 3 if gaps else 0, 1 if gaps else 0)


@pytest.mark.parametrize("over", ["items", "items_and_raters"])
def test_intervals_are_jackknives_over_items_annotators_and_rankings(over):
    """Leaving out each of them in turn, all over again, gives the variances of the interval."""
    grid = np.random.default_rng(4).integers(1, 5, (6, 4, 4))
    row, rows = measured(of_grid(grid), over=over), of_grid(grid)
    spread = []
    for keys in (["item"], ["annotator"], ["item", "annotator"]):
        left = [values(measured(rows[~mask(rows, keys, each)])) for each in rows[keys].drop_duplicates().to_numpy()]
        table = pd.DataFrame(left)
        spread.append((len(left) - 1) / len(left) * ((table - table.mean()) ** 2).sum())
    variance = spread[0] if over == "items" else np.maximum(spread[0] + spread[1] - spread[2], spread[0])
    for name, logit in (
        ("mean_rho", False),
        ("kendall_w", True),
        ("pairs_alpha_nominal", False),
        ("pairs_percent", True),
    ):
        found = row.estimates[name]
        slope = 1 / (found.value * (1 - found.value)) if logit else 1 / (1 - found.value)
        ends = np.array([found.low, found.high])
        there = np.log(ends / (1 - ends)) if logit else np.log(1 - ends)
        reach = abs(there[1] - there[0]) / 2 / (slope * variance[name] ** 0.5)
        assert 2.0 < reach < 4.4  # Student's t with Satterthwaite's degrees of freedom
        if over == "items":
            assert reach == pytest.approx(2.5706, abs=1e-3)


def mask(rows, keys, each):
    """Where these columns have these values."""
    return (rows[keys] == each).all(axis=1)


@given(grids, st.permutations("abcd"))
@settings(max_examples=5, deadline=None)
def test_names_and_order_do_not_matter(grid, names):
    """Responses in another order, and items and annotators the other way round, change nothing but how pairs lie."""
    rows = of_grid(grid)
    row = measured(rows)
    moved = rows.iloc[::-1].assign(target=rows["target"].map(dict(zip("abcd", names, strict=True))))
    other = measured(moved.assign(item="x" + rows["item"]))
    for name in ("kendall_w", "mean_rho", "pairs_percent"):
        one, same = row.estimates[name], other.estimates[name]
        assert one.undefined == same.undefined
        for end in ("value", "low", "high"):
            assert getattr(one, end) == pytest.approx(getattr(same, end)) if getattr(one, end) is not None else True


@given(grids)
@settings(max_examples=5, deadline=None)
def test_a_copy_of_the_items_changes_no_value_and_narrows_intervals(grid):
    """Every item twice: the same W and percent, an interval over items that is no wider."""
    rows = of_grid(grid)
    twice = pd.concat([rows, rows.assign(item="copy " + rows["item"])])
    row, other = (measured(each, over="items") for each in (rows, twice))
    for name in ("kendall_w", "mean_rho", "pairs_percent"):
        one, same = row.estimates[name], other.estimates[name]
        assert same.value == (None if one.value is None else pytest.approx(one.value))
        if one.low is not None:
            assert same.high - same.low <= one.high - one.low + 1e-9


def study(drawn, items: int, raters: int, each: int, noise) -> np.ndarray:
    """Items × annotators × responses: places by a quality that annotators see with a noise of their own, 0 for none."""
    quality = drawn.normal(0, 1, (items, 1, 4))
    seen = quality + drawn.normal(0, 1, (items, raters, 4)) * noise[None, :, None]
    places = seen.argsort(axis=2).argsort(axis=2) + 1
    chosen = drawn.random((items, raters)).argsort(axis=1) < each
    return places * chosen[:, :, None]


@pytest.mark.simulation
def test_intervals_hold_the_truth():
    """Twelve annotators of uneven care, forty items, three rankings an item: about 95 in 100."""
    drawn = np.random.default_rng(5)
    parts = []
    for number in range(60):
        noise = np.exp(drawn.normal(-0.3, 0.5, 12))
        parts.append(of_grid(study(drawn, 40, 12, 3, noise)).assign(batch=str(number)))
    table = pd.concat([part.assign(item=part["batch"] + part["item"]) for part in parts])
    many = np.exp(drawn.normal(-0.3, 0.5, 400))
    whole = measured(of_grid(study(drawn, 1500, 400, 3, many)), over="items")
    found = rankings(judgments(table), questions=ASKED, by=["batch"])
    for name in ("kendall_w", "mean_rho", "pairs_percent", "pairs_alpha_nominal"):
        truth = whole.estimates[name].value
        assert np.mean([row.estimates[name].low < truth < row.estimates[name].high for row in found]) >= 0.9


def test_what_the_data_does_not_allow_is_declared():
    """Nothing, one annotator, no order at all, full agreement, two annotators."""
    assert rankings(judgments(of_grid([[[1, 2, 3, 4]]]).iloc[:0]), questions=ASKED) == []
    assert rankings(judgments(of_grid([[[1, 2, 3, 4]]])), questions={}) == []
    row = measured(of_grid([[[1, 2, 3, 4]]] * 3))
    assert {each.undefined for each in row.estimates.values()} == {"no item has two annotators"}
    assert row.n_single_ranked == 3
    row = measured(of_grid([[[1, 1, 1, 1]] * 2] * 3))
    assert row.estimates["kendall_w"].undefined == "nobody put anything before anything else"
    assert row.estimates["pairs_percent"].value == 1
    assert row.estimates["pairs_alpha_nominal"].undefined.startswith("no variation")
    assert row.n_without_order == 3
    row = measured(of_grid([[[1, 2, 3, 4]] * 2, [[4, 3, 2, 1]] * 2]))
    for each in row.estimates.values():
        assert (each.value, each.low, each.undefined[:11]) == (1, None, "no interval")
    grid = np.random.default_rng(6).integers(1, 5, (9, 2, 4))
    assert measured(of_grid(grid)).estimates["mean_rho"].undefined.startswith("no interval: without one")
    assert measured(of_grid(grid), over="items").estimates["mean_rho"].low is not None


def test_the_newest_ranking_counts_as_a_whole():
    """A ranking that was made anew replaces the older one, also where it places fewer responses."""
    older = of_grid([[[1, 2, 3, 4], [1, 2, 3, 4]]])
    anew = of_grid([[[2, 1, 3, 0]]]).assign(updated=NOON + pd.Timedelta("1s"))
    row = measured(pd.concat([older.assign(updated=NOON), anew]))
    assert row.n_incomplete == 1
    assert row.estimates["pairs_percent"].value == pytest.approx(2 / 3)
    assert row.estimates["pairs_percent"].n_judgments == 2


def test_rankings_of_two_projects_are_not_compared():
    """Another project may show the responses in another order: its places are of other responses."""
    rows = of_grid([[[1, 2, 3, 4], [4, 3, 2, 1]]])
    row = measured(rows.assign(project=rows["annotator"]))
    assert row.n_single_ranked == 2
    assert row.estimates["kendall_w"].undefined == "no item has two annotators"


def test_what_is_wrong_is_said():
    """Places and responses that there are not, and groupings that make no sense."""
    rows = of_grid([[[1, 2, 3, 4]] * 2] * 2)
    with pytest.raises(UndeclaredCategory, match="'7'"):
        measured(rows.replace({"value": {"4": "7"}}))
    for response in ("e", "item"):
        with pytest.raises(UndeclaredCategory, match=f"'{response}'"):
            measured(rows.replace({"target": {"d": response}}))
    for column in ("target", "model", "shift"):
        with pytest.raises(UnknownGrouping, match=column) as told:
            measured(rows, by=[column])
        assert "locale" in told.value.fix
        assert "target" not in told.value.fix or column == "shift"
    with pytest.raises(ImpossibleInterval):
        measured(rows, over="raters")
