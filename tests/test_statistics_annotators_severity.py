"""Severity: a published example, peers, brute force, simulated truth, invariants and the declared answers."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from analytics_bodies import INGEST
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from statistics_data import judgments, nominal, ordinal
from statsmodels.discrete.conditional_models import ConditionalLogit

from analytics.annotators.blocks import blocks
from analytics.annotators.severity import Severity, severity
from analytics.consensus.votes import votes
from analytics.errors import ImpossibleInterval, ImpossibleMetric, UndeclaredCategory, UnknownGrouping

pytest_plugins = ["analytics_fixtures"]

# Section 6 of the Law School Admission Test (Bock & Lieberman 1970): right and wrong answers to five questions, and how
# many of 1,000 students gave them. Questions take the part of annotators: a difficult one is severe.
LSAT = {
    "00000": 3, "00001": 6, "00010": 2, "00011": 11, "00100": 1, "00101": 1, "00110": 3, "00111": 4, "01000": 1,
    "01001": 8, "01011": 16, "01101": 3, "01110": 2, "01111": 15, "10000": 10, "10001": 29, "10010": 14, "10011": 81,
    "10100": 3, "10101": 28, "10110": 15, "10111": 80, "11000": 16, "11001": 56, "11010": 21, "11011": 173,
    "11100": 11, "11101": 61, "11110": 28, "11111": 298,
}  # fmt: skip


def of_lines(lines: list[str]) -> pd.DataFrame:
    """One line an item: the code of each annotator, `*` where one did not answer."""
    rows = [
        (f"i{item:04}", f"r{rater:02}", code)
        for item, line in enumerate(lines)
        for rater, code in enumerate(line)
        if code != "*"
    ]
    return pd.DataFrame(rows, columns=["item", "annotator", "value"])


def world(seed: int, raters: int, items: int, each: int, size: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Severities, and answers by the model as rows (item, annotator, value)."""
    rng = np.random.default_rng(seed)
    severe = rng.normal(0, 0.7, raters)
    who = rng.random((items, raters)).argsort(axis=1)[:, :each].ravel()
    item = np.repeat(np.arange(items), each)
    steps = np.sort(rng.normal(0, 1, size - 1))
    logs = np.cumsum((rng.normal(0, 1.5, items)[item] - severe[who])[:, None] - steps, axis=1)
    chance = np.exp(np.column_stack([np.zeros(len(item)), logs]))
    own = (rng.random(len(item))[:, None] > (chance / chance.sum(axis=1, keepdims=True)).cumsum(axis=1)).sum(axis=1)
    lines = np.full((items, raters), "*")
    lines[item, who] = np.array(list("abcdefg"))[own]
    return severe, of_lines(["".join(line) for line in lines])


def values(rows: list[Severity]) -> np.ndarray:
    """The severities of rows."""
    return np.array([np.nan if row.severity.value is None else row.severity.value for row in rows])


def test_a_published_example():
    """LSAT, section 6: as Rizopoulos 2006 (J. Stat. Softw. 17, 5) finds it by marginal likelihood, and statsmodels."""
    lines = [pattern for pattern, students in LSAT.items() for _ in range(students)]
    rows = severity(judgments(of_lines(lines)), categories=ordinal("01"))
    published = np.array([-3.6153, -1.3224, -0.3176, -1.7301, -2.7802]) * 0.7551
    assert values(rows) == pytest.approx(published - published.mean(), abs=0.002)
    assert all(0.06 < row.standard_error < 0.11 for row in rows)
    assert {(row.subset, row.n_subsets, row.severity.n_items, row.severity.n_annotators) for row in rows} == {
        (1, 1, 1000, 5)
    }


def test_two_categories_are_a_conditional_logistic_regression():
    """Severities are those of statsmodels' ConditionalLogit with items as groups, whatever annotators they have."""
    _, frame = world(3, 7, 150, 4, 2)
    frame = frame[np.random.default_rng(0).random(len(frame)) < 0.85]
    rows = severity(judgments(frame), categories=ordinal("ab"))
    item = frame.groupby("item")["value"].transform("nunique") > 1
    used = frame[item]
    design = pd.get_dummies(used["annotator"], dtype=float).iloc[:, 1:]
    fitted = ConditionalLogit((used["value"] == "b").astype(int), design, groups=used["item"]).fit(method="newton")
    peer = np.concatenate([[0], -fitted.params])
    assert values(rows) == pytest.approx(peer - peer.mean(), abs=1e-5)


def test_several_categories_equal_brute_force():
    """Severities maximise the conditional likelihood, written out over all ways to share out each item's total."""
    _, frame = world(5, 5, 40, 3, 4)
    rows = severity(judgments(frame), categories=ordinal("abcd"))
    items = [
        (each["annotator"].str[1:].astype(int).to_numpy(), each["value"].map("abcd".index).to_numpy())
        for _, each in frame.groupby("item")
    ]

    def loss(at: np.ndarray) -> float:
        severe, thresholds = at[:5] - at[:5].mean(), np.array([0, at[5], at[6], 0])
        total = 0.005 * (at[5] ** 2 + at[6] ** 2) + at[:5].sum() ** 2
        for who, own in items:
            ways = np.array([way for way in product(range(4), repeat=3) if sum(way) == own.sum()])
            logs = -(ways * severe[who]).sum(axis=1) - thresholds[ways].sum(axis=1)
            total += np.log(np.exp(logs).sum()) + (own * severe[who]).sum() + thresholds[own].sum()
        return float(total)

    best = minimize(loss, np.zeros(7), method="BFGS").x[:5]
    assert values(rows) == pytest.approx(best - best.mean(), abs=1e-3)


@pytest.mark.simulation
def test_simulated_severities_are_found_and_intervals_hold_them():
    """About 95 % of intervals hold the severity that answers were drawn with."""
    held = []
    for seed in range(8):
        severe, frame = world(seed, 25, 400, 3, 5)
        rows = severity(judgments(frame), categories=ordinal("abcde"))
        truth = severe - severe.mean()
        assert np.corrcoef(truth, values(rows))[0, 1] > 0.85
        held += [row.severity.low < true < row.severity.high for row, true in zip(rows, truth, strict=True)]
    assert 0.92 < np.mean(held) < 0.98


def test_large_items_are_cut_and_still_tell():
    """Items that everybody rates are cut into blocks by lot; severities stay comparable and near the truth."""
    severe, frame = world(1, 24, 80, 24, 5)
    (group,) = votes(judgments(frame), ordinal("abcde"))
    parts = blocks(group)
    assert max(each.rater.shape[1] for each in parts) == 4
    assert max(len(each.outcomes) for each in parts) <= 128
    rows = severity(judgments(frame), categories=ordinal("abcde"))
    assert {row.n_subsets for row in rows} == {1}
    assert np.corrcoef(severe, values(rows))[0, 1] > 0.9


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 1000), st.permutations(range(6)))
def test_no_order_matters_and_a_reversed_scale_reverses_severity(seed, order):
    """Other names of annotators move their severities along; the scale from the other end changes their sign."""
    _, frame = world(seed, 6, 40, 3, 3)
    rows = severity(judgments(frame), categories=ordinal("abc"))
    renamed = frame.assign(annotator=frame["annotator"].map({f"r{k:02}": f"r{order[k]:02}" for k in range(6)}))
    moved = severity(judgments(renamed.sample(frac=1, random_state=1)), categories=ordinal("abc"))
    assert values(moved)[list(order)] == pytest.approx(values(rows), abs=1e-4, nan_ok=True)
    reversed_scale = severity(judgments(frame), categories=ordinal("cba"))
    assert values(reversed_scale) == pytest.approx(-values(rows), abs=1e-4, nan_ok=True)


def test_disjoint_annotators_are_said_to_be_disjoint():
    """Annotators who share no item with the others are a subset of their own, whose mean is 0."""
    _, first = world(1, 5, 60, 3, 3)
    _, second = world(2, 3, 40, 2, 3)
    second = second.assign(item="z" + second["item"], annotator="z" + second["annotator"])
    rows = severity(judgments(pd.concat([first, second])), categories=ordinal("abc"))
    assert [(row.subset, row.n_subsets) for row in rows] == [(1, 2)] * 5 + [(2, 2)] * 3
    assert values(rows)[:5].sum() == pytest.approx(0, abs=1e-9)
    assert values(rows)[5:].sum() == pytest.approx(0, abs=1e-9)
    alone = severity(judgments(first), categories=ordinal("abc"))
    assert values(rows)[:5] == pytest.approx(values(alone), abs=1e-6)
    assert [row.severity.n_annotators for row in rows] == [5] * 5 + [3] * 3


@pytest.mark.parametrize(
    ("lines", "annotator", "reason"),
    [
        (["ab*", "ba*", "**a"], 2, "no item in common with others"),
        (["abc", "bac", "aac", "bbc"], 2, "no finite severity: on every item in common the answers are as far to one"),
        (["aa", "aa", "cc"], 0, "no finite severity"),
        (["aab", "aab", "bab", "bab"], 2, "no finite severity"),
        (["bb", "bb", "bb"], 1, "no variation: every answer is the same"),
    ],
    ids=["alone", "always the highest", "one end or the other", "always the highest that is used", "one answer"],
)
def test_declared_answers(lines, annotator, reason):
    """Where an annotator has no severity the estimate says why, and there is no subset."""
    row = severity(judgments(of_lines(lines)), categories=ordinal("abc"))[annotator]
    assert (row.severity.value, row.standard_error, row.subset, row.flag) == (None, None, None, None)
    assert row.severity.undefined.startswith(reason)


def test_categories_that_nobody_uses_change_nothing():
    """A scale with more steps than were used gives the same severities."""
    _, frame = world(7, 8, 80, 3, 3)
    rows = severity(judgments(frame), categories=ordinal("abc"))
    assert values(severity(judgments(frame), categories=ordinal("abcde"))) == pytest.approx(values(rows), abs=1e-5)


def test_full_agreement_has_no_interval():
    """Annotators who always agree are equally severe; how surely cannot be seen."""
    for row in severity(judgments(of_lines(["aa", "bb", "bb", "cc"])), categories=ordinal("abc")):
        assert row.severity.value == pytest.approx(0)
        assert row.severity.undefined == "no interval: it takes items on which annotators differ"
        assert (row.severity.low, row.standard_error, row.q_value) == (None, None, None)


def test_only_sure_and_notable_annotators_are_flagged():
    """A flag takes 30 items, an interval beyond half a logit, and a false discovery rate under 5 %."""
    _, frame = world(4, 12, 400, 3, 5)
    down = {"b": "a", "c": "b", "d": "c", "e": "d"}
    strict = (frame["annotator"] == "r03") & frame["value"].isin(list(down))
    frame.loc[strict, "value"] = frame.loc[strict, "value"].map(down)
    rows = severity(judgments(frame), categories=ordinal("abcde"))
    flagged = [row for row in rows if row.flag]
    assert "r03" in {row.annotator for row in flagged if row.flag == "severe"}
    assert all(row.q_value < 0.05 for row in flagged)
    assert all(row.severity.low > 0.5 if row.flag == "severe" else row.severity.high < -0.5 for row in flagged)
    few = severity(judgments(frame[frame["item"] < "i0060"]), categories=ordinal("abcde"))
    assert all(row.flag is None for row in few if row.severity.n_items < 30)


def test_rows_are_sorted_by_name_and_paged():
    """There is no rank; a page is a part of all rows, with the same q-values."""
    _, frame = world(6, 8, 60, 3, 3)
    rows = severity(judgments(frame), categories=ordinal("abc"))
    assert [row.annotator for row in rows] == sorted(row.annotator for row in rows)
    assert severity(judgments(frame), categories=ordinal("abc"), limit=2, offset=3) == rows[3:5]


def test_impossible_questions_are_refused():
    """What is not possible is named, with what is."""
    table = judgments(of_lines(["ab", "ba"]))
    with pytest.raises(ImpossibleMetric, match="nominal"):
        severity(table, categories=nominal("ab"))
    with pytest.raises(UnknownGrouping):
        severity(table, categories=ordinal("ab"), by=["colour"])
    with pytest.raises(UndeclaredCategory, match="'b'"):
        severity(table, categories=ordinal("ac"))
    with pytest.raises(ImpossibleInterval):
        severity(table, categories=ordinal("ab"), level=0)
    assert severity(table, categories={}) == []
    assert severity(table.filter(table.item == "none"), categories=ordinal("ab")) == []


def test_the_api_answers_severity(filled: FlaskClient):
    """`GET /v1/severity` has a row an annotator of ordinal questions, and refuses nominal ones."""
    rows = filled.get("/v1/severity?workflow=preference&question=overall", headers=INGEST).json["rows"]
    assert len(rows) == 6
    assert all("low" in row["severity"] and row["n_subsets"] >= 0 for row in rows)
    assert filled.get("/v1/severity?workflow=preference&question=refusal", headers=INGEST).status_code == 422
