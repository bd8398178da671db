"""Cohen's kappa of pairs of annotators: published and peers' figures, invariants, coverage, declared answers."""

import numpy as np
import pandas as pd
import pytest
from analytics_bodies import INGEST
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score
from statistics_data import data_set, judgments, nominal, ordinal
from statsmodels.stats.inter_rater import cohens_kappa

from analytics.errors import ImpossibleInterval, ImpossibleMetric, UndeclaredCategory, UnknownGrouping
from analytics.intervals import AT_MOST_ONE, interval, jackknife
from analytics.pairs import POWERS, kappas, pairs, without_one

pytest_plugins = ["analytics_fixtures"]

SAS = [[0, 4, 1], [0, 8, 0], [0, 1, 5]]
TYPES = {"kappa": None, "kappa_linear": "linear", "kappa_quadratic": "quadratic"}
TABLES = arrays(np.int64, st.integers(2, 5).map(lambda size: (size, size)), elements=st.integers(0, 20))


def of_table(table, codes: str = "abc", names: tuple[str, str] = ("r", "s")) -> pd.DataFrame:
    """Two annotators' answers that make this table, as rows (item, annotator, value)."""
    both = [(i, j) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)]
    rows = [
        (str(item), name, codes[own]) for item, cell in enumerate(both) for name, own in zip(names, cell, strict=True)
    ]
    return pd.DataFrame(rows, columns=["item", "annotator", "value"])


def test_a_published_kappa():
    """Fleiss, Levin & Paik 2003, table 18.1: .68."""
    value, _ = kappas([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    assert round(float(value), 2) == 0.68


@pytest.mark.parametrize(
    ("metric", "kappa", "error"), [("kappa", 0.4842, 0.1380), ("kappa_linear", 0.4701, 0.1457)], ids=str
)
def test_the_example_of_a_manual(metric, kappa, error):
    """Kappa and its standard error are those that SAS prints."""
    value, variance = kappas(SAS, metric)
    assert round(float(value), 4) == kappa
    assert round(float(variance) ** 0.5, 4) == error


@settings(max_examples=60, deadline=None)
@given(TABLES, st.sampled_from(list(POWERS)))
def test_peers_agree(table, metric):
    """Value and variance are those of statsmodels, the value that of scikit-learn where it is told the order."""
    value, variance = kappas(table + 1, metric)
    peer = cohens_kappa(table + 1, wt=TYPES[metric])
    assert value == pytest.approx(peer.kappa, abs=1e-9)
    assert variance == pytest.approx(peer.var_kappa, abs=1e-9)
    first, second = (np.repeat(axis.ravel(), (table + 1).ravel()) for axis in np.indices(table.shape))
    weights = None if metric == "kappa" else metric.removeprefix("kappa_")
    assert value == pytest.approx(cohen_kappa_score(first, second, weights=weights), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(TABLES, st.sampled_from(list(POWERS)))
def test_no_order_of_annotators_or_scale_matters(table, metric):
    """Exchanging the annotators or turning the scale round changes nothing; twice the items halve the variance."""
    value, variance = kappas(table + 1, metric)
    for same in ((table + 1).T, (table + 1)[::-1, ::-1]):
        assert kappas(same, metric) == pytest.approx((value, variance), abs=1e-9)
    assert kappas(2 * (table + 1), metric) == pytest.approx((value, variance / 2), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(TABLES, st.randoms())
def test_names_of_categories_do_not_matter_to_plain_kappa(table, random):
    """Relabelling changes nothing without weights."""
    order = random.sample(range(len(table)), len(table))
    assert kappas((table + 1)[np.ix_(order, order)]) == pytest.approx(kappas(table + 1), abs=1e-9)


def test_weights_follow_the_scale_and_not_the_alphabet():
    """The order of the categories is the declared one: scikit-learn sorts the texts and has another figure."""
    table = [[8, 2, 0], [3, 6, 4], [0, 1, 9]]
    codes = "pas"  # poor, average, superb: not in the order of the alphabet
    rows = of_table(table, codes)
    (row,) = pairs(judgments(rows), categories=ordinal(codes), metric="kappa_quadratic")
    told = {name: each.set_index("item")["value"] for name, each in rows.groupby("annotator")}
    first, second = told["r"], told["s"].loc[told["r"].index]
    named = cohen_kappa_score(first, second, weights="quadratic", labels=list(codes))
    assert row.kappa.value == pytest.approx(named)
    assert row.kappa.value != pytest.approx(cohen_kappa_score(first, second, weights="quadratic"), abs=0.05)


def test_real_pairs_are_those_of_scikit_learn():
    """On HateCheck every pair has the kappa that scikit-learn finds on the items in common."""
    rows = data_set("hatecheck_en.parquet").rename(columns={"item_id": "item", "annotator_id": "annotator"})
    rows = rows[["item", "annotator", "value"]].astype(str)
    found = pairs(judgments(rows), categories=nominal(sorted(rows["value"].unique())))
    wide = rows.pivot(index="item", columns="annotator", values="value")
    rated = wide.notna().to_numpy(int)
    assert len(found) == (np.triu(rated.T @ rated, 1) >= 10).sum() == 40
    assert [row.kappa.value for row in found] == sorted(row.kappa.value for row in found)
    for row in found:
        both = wide[[row.first, row.second]].dropna()
        assert row.kappa.n_items == len(both)
        assert row.kappa.value == pytest.approx(cohen_kappa_score(both[row.first], both[row.second]))
        assert row.percent.value == pytest.approx((both[row.first] == both[row.second]).mean())


@settings(max_examples=30, deadline=None)
@given(TABLES, st.sampled_from(list(POWERS)))
def test_leaving_out_an_item_is_kappa_of_the_others(table, metric):
    """Each cell has the kappa of the table that lacks one of its items."""
    found = without_one(table + 1, metric)
    for cell in np.ndindex(table.shape):
        left = table + 1
        left[cell] -= 1
        assert found[cell] == pytest.approx(kappas(left, metric)[0], abs=1e-9)


@pytest.mark.simulation
@pytest.mark.parametrize(
    ("shares", "known", "metric"),
    [([1 / 3] * 3, 0.7, "kappa"), ([0.2] * 5, 0.6, "kappa_quadratic"), ([0.85, 0.15], 0.8, "kappa")],
)
def test_intervals_hold_what_they_promise(shares, known, metric):
    """Of 95 % intervals from 30 items about 95 % hold the kappa that the study is drawn from, also in skewed ones."""
    chances = known**2 * np.diag(shares) + (1 - known**2) * np.outer(shares, shares)
    drawn = np.random.default_rng(1).multinomial(30, chances.ravel(), 1500).reshape(-1, *chances.shape)
    held = []
    for table, value in zip(drawn, kappas(drawn, metric)[0], strict=True):
        if np.trace(table) < 30 and min((table.sum(axis=0) > 0).sum(), (table.sum(axis=1) > 0).sum()) > 1:
            variance = jackknife(without_one(table, metric)[table > 0], table[table > 0].astype(float))
            low, high = interval(value, variance, 0.95, AT_MOST_ONE)
            held.append(low < known**2 < high)
    assert 0.93 < np.mean(held) < 0.97


def test_an_estimate_says_what_it_rests_on():
    """Two annotators, the items both answered, and an interval for other items; percent is Wilson's."""
    (row,) = pairs(judgments(of_table(SAS)), categories=ordinal("abc"), metric="kappa_linear")
    assert (row.first, row.second, row.metric) == ("r", "s", "kappa_linear")
    assert (row.kappa.n_items, row.kappa.n_judgments, row.kappa.n_annotators) == (19, 38, 2)
    assert (row.kappa.method, row.kappa.over, row.percent.method) == ("delete-one jackknife", "items", "Wilson")
    assert row.kappa.low < 0.4701 < row.kappa.high < 1
    assert row.percent.value == pytest.approx(13 / 19)


def test_pairs_are_sorted_paged_and_large_enough():
    """The lowest kappa comes first, undefined ones last; pairs with fewer items in common have no row."""
    worse = of_table([[3, 3], [3, 3]], "ab", ("t", "u"))
    better = of_table([[5, 1], [1, 5]], "ab", ("v", "w")).assign(item=lambda rows: "v" + rows["item"])
    alike = of_table([[12]], "ab", ("x", "y")).assign(item=lambda rows: "x" + rows["item"])
    few = of_table([[9]], "ab", ("k", "l")).assign(item=lambda rows: "k" + rows["item"])
    table = judgments(pd.concat([alike, better, few, worse]))
    rows = pairs(table, categories=nominal("ab"))
    assert [row.first for row in rows] == ["t", "v", "x"]
    assert pairs(table, categories=nominal("ab"), limit=1, offset=1) == rows[1:2]
    assert [row.first for row in pairs(table, categories=nominal("ab"), minimum=9)] == ["t", "v", "k", "x"]


def test_only_the_newest_answers_of_one_group_count():
    """An annotator's later answer replaces the earlier one; units of other groups and targets are others."""
    rows = of_table([[6, 0], [0, 6]], "ab")
    old = rows[rows["annotator"] == "s"].assign(value="a", updated=pd.Timestamp("2026-11-01", tz="UTC"))
    new = rows.assign(updated=pd.Timestamp("2026-11-02", tz="UTC"))
    (row,) = pairs(judgments(pd.concat([old, new])), categories=nominal("ab"))
    assert (row.percent.value, row.percent.n_items) == (1, 12)
    apart = rows.assign(locale=np.where(rows["annotator"] == "r", "de-DE", "fr-FR"))
    assert pairs(judgments(apart), categories=nominal("ab")) == []
    assert len(pairs(judgments(apart), categories=nominal("ab"), by=())) == 1
    assert pairs(judgments(rows.assign(target=rows["annotator"])), categories=nominal("ab")) == []


def test_a_group_without_a_name_is_a_group():
    """Where the vendor is unknown its annotators are still paired."""
    rows = of_table(SAS).assign(vendor=None)
    (row,) = pairs(judgments(rows), categories=nominal("abc"), by=["vendor"])
    assert row.group["vendor"] is None


@pytest.mark.parametrize(
    ("table", "value", "reason"),
    [
        ([[12, 0], [0, 0]], None, "no variation: both gave one and the same answer to every item"),
        ([[6, 0], [0, 6]], 1, "no interval: both agree on every item"),
        ([[6, 6], [0, 0]], 0, "no interval: one of them gave the same answer to every item"),
        ([[0, 12], [0, 0]], 0, "no interval: one of them gave the same answer to every item"),
        ([[0, 6], [6, 0]], -1, "no interval: all items show the same agreement"),
    ],
    ids=["one answer", "full agreement", "one annotator without variation", "two answers, each always", "never"],
)
def test_declared_answers(table, value, reason):
    """Where kappa or its interval is undefined the estimate says why; percent always has both."""
    (row,) = pairs(judgments(of_table(table)), categories=nominal("ab"))
    assert row.kappa.value == (None if value is None else pytest.approx(value))
    assert (row.kappa.low, row.kappa.undefined) == (None, reason)
    assert row.percent.low <= row.percent.value <= row.percent.high


def test_no_pairs_no_rows():
    """Nothing is asked, nobody judged, or nobody shares an item with another."""
    table = judgments(of_table(SAS))
    assert pairs(table, categories={}) == []
    assert pairs(table.filter(table.item == "none"), categories=nominal("abc")) == []
    assert pairs(table.filter(table.annotator == "r"), categories=nominal("abc")) == []


@pytest.mark.parametrize("size", range(3, 9))
def test_no_variance_is_none_whatever_the_number_of_categories(size: int):
    """Two items alike in all but their answers have no interval, also where weights are not exact in binary."""
    table = np.zeros((size, size), int)
    table[0, 1] = table[1, 2] = 2
    rows, codes = judgments(of_table(table)), ordinal("abcdefgh"[:size])
    (row,) = pairs(rows, categories=codes, metric="kappa_linear", minimum=2)
    assert (row.kappa.value, row.kappa.low) == (0, None)


def test_impossible_questions_are_refused():
    """What is not possible is named, with what is."""
    table = judgments(of_table(SAS))
    with pytest.raises(ImpossibleMetric, match=r"kappa_linear.*nominal"):
        pairs(table, categories=nominal("abc"), metric="kappa_linear")
    with pytest.raises(ImpossibleMetric, match="choose from: kappa, kappa_linear, kappa_quadratic"):
        pairs(table, categories=ordinal("abc"), metric="alpha")
    with pytest.raises(UnknownGrouping):
        pairs(table, categories=nominal("abc"), by=["colour"])
    with pytest.raises(UndeclaredCategory, match="'c'"):
        pairs(table, categories=nominal("ab"))
    with pytest.raises(ImpossibleInterval):
        pairs(table, categories=nominal("abc"), level=1)


def test_the_api_answers_pairs(filled: FlaskClient):
    """`GET /v1/pairs` has a row a pair; the weighted kappas are refused for nominal questions."""
    asked = "workflow=preference&question=overall"
    rows = filled.get(f"/v1/pairs?{asked}&minimum=2", headers=INGEST).json["rows"]
    assert rows
    assert all(row["first"] < row["second"] and row["kappa"]["n_items"] >= 2 for row in rows)
    assert filled.get(f"/v1/pairs?{asked}&minimum=1", headers=INGEST).status_code == 422
    assert filled.get(f"/v1/pairs?{asked}&metric=alpha", headers=INGEST).status_code == 422
    nominal_question = "question=refusal&metric=kappa_linear"
    assert filled.get(f"/v1/pairs?{nominal_question}", headers=INGEST).status_code == 422
