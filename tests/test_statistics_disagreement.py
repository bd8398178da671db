"""Contested items, disagreement of groups and dissent: hand-computed figures, invariants, coverage, undefined input."""

import ibis
import numpy as np
import pandas as pd
import pytest
from analytics_bodies import INGEST
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.config import Config
from scipy.stats import false_discovery_control
from statistics_data import EXAMPLE_C, judgments, nominal, observers, ordinal

from analytics.agreement import agreement
from analytics.contested import _read, _units, contested
from analytics.counts import newest_answers, rater_patterns
from analytics.disagreement import _by_annotator, disagreement
from analytics.dissent import _sums, dissent
from analytics.errors import ImpossibleInterval, UndeclaredCategory, UnknownGrouping
from analytics.pairs import pairs
from analytics.scales import Categories

pytest_plugins = ["analytics_fixtures"]


def test_hand_computed_items_of_the_published_table():
    """Of example C (Krippendorff 2011) unit 6 has four answers, 2 and 8 a lone dissent; all others agree."""
    rows = contested(judgments(observers(EXAMPLE_C)), categories=ordinal("12345"))
    assert [(row.item, row.disagreement, row.n_annotators) for row in rows] == [
        ("i5", 1, 4),
        ("i1", 0.5, 4),
        ("i7", 0.5, 4),
    ]
    assert rows[0].answers == {"1": 1, "2": 1, "3": 1, "4": 1}
    assert rows[0].entropy == pytest.approx(2)
    assert rows[0].distance == pytest.approx((1 + 2 + 3 + 1 + 2 + 1) / 6)
    assert (rows[1].answers, rows[1].distance) == ({"2": 3, "3": 1}, 0.5)
    assert rows[1].entropy == pytest.approx(-(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25)))


def test_nominal_answers_are_not_some_steps_apart():
    """A nominal question has no distance, and the same disagreement."""
    rows = contested(judgments(observers(EXAMPLE_C)), categories=nominal("12345"))
    assert [(row.disagreement, row.distance) for row in rows] == [(1, None), (0.5, None), (0.5, None)]


class _Spark(Config):
    treat_nan_as_null: bool = False


def many(seed: int, items: int = 40, raters: int = 6, codes: str = "abcd") -> pd.DataFrame:
    """One to four ratings an item."""
    rng = np.random.default_rng(seed)
    rows = [
        (i, r, rng.choice(list(codes))) for i in range(items) for r in rng.permutation(raters)[: rng.integers(1, 5)]
    ]
    return pd.DataFrame(rows, columns=["item", "annotator", "value"])


def test_the_mean_over_items_is_one_less_raw_agreement():
    """Items on which all agree have no row; with them the mean disagreement is that of the whole."""
    table = judgments(many(1))
    rows = contested(table, categories=nominal("abcd"))
    (found,) = agreement(table, categories=nominal("abcd"), metrics=["percent"])
    percent = found.estimates["percent"]
    assert sum(row.disagreement for row in rows) / percent.n_items == pytest.approx(1 - percent.value)
    assert [row.disagreement for row in rows] == sorted((row.disagreement for row in rows), reverse=True)


def test_pages_follow_each_other_and_few_annotators_can_be_left_out():
    """Pages of ten are the whole; with a minimum only items with that many annotators are there."""
    table = judgments(many(2))
    rows = contested(table, categories=nominal("abcd"))
    pages = [contested(table, categories=nominal("abcd"), limit=10, offset=at) for at in range(0, len(rows), 10)]
    assert [row for page in pages for row in page] == rows
    fours = contested(table, categories=nominal("abcd"), minimum=4)
    assert fours == [row for row in rows if row.n_annotators == 4]


@settings(max_examples=4, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000))
def test_other_names_and_another_order_change_nothing(seed: int):
    """Items, figures and answers are the same under other names of annotators and codes, in another order of rows."""
    rows = many(seed)
    codes = dict(zip("abcd", "dcba", strict=True))
    other = rows.sample(frac=1, random_state=seed)
    other = other.assign(annotator=(9 - other["annotator"]).astype(str), value=other["value"].map(codes))
    one = contested(judgments(rows), categories=nominal("abcd"))
    two = contested(judgments(other), categories=nominal("dcba"))
    assert [(row.item, row.disagreement, {codes[code]: n for code, n in row.answers.items()}) for row in one] == [
        (row.item, row.disagreement, row.answers) for row in two
    ]
    mine, its = (disagreement(judgments(each), categories=nominal("abcd"), by=["target"]) for each in (rows, other))
    assert mine[0].disagreement.low == pytest.approx(its[0].disagreement.low)


@pytest.mark.parametrize("over", ["items", "items_and_raters"])
def test_disagreement_mirrors_raw_agreement(over):
    """Value and interval are one less those of percent, annotators who answered alone included."""
    table = judgments(many(3).assign(locale=lambda rows: np.where(rows["item"] % 2, "de-DE", "fr-CA")))
    found = {
        row.group["locale"]: row.disagreement for row in disagreement(table, categories=nominal("abcd"), over=over)
    }
    for row in agreement(table, categories=nominal("abcd"), metrics=["percent"], over=over):
        mine, percent = found[row.group["locale"]], row.estimates["percent"]
        assert (mine.value, mine.low, mine.high) == pytest.approx(
            (1 - percent.value, 1 - percent.high, 1 - percent.low)
        )
        assert (mine.n_items, mine.n_judgments, mine.n_annotators) == (
            percent.n_items,
            percent.n_judgments,
            percent.n_annotators,
        )


def test_the_rest_is_all_other_groups_of_the_question_together():
    """What is said of the rest is what is said of it as one group; both differences of two groups are opposite."""
    rows = many(4, items=300).assign(locale=lambda rows: (rows["item"] % 3).astype(str))
    found = {
        row.group["locale"]: row for row in disagreement(judgments(rows), categories=nominal("abcd"), over="items")
    }
    halves = rows.assign(locale=np.where(rows["locale"] == "0", "0", "rest"))
    one, other = disagreement(judgments(halves), categories=nominal("abcd"), over="items")
    mine, rest = (one, other) if one.group["locale"] == "0" else (other, one)
    assert found["0"].rest == pytest.approx(rest.disagreement.value)
    for name in ("value", "low", "high"):
        assert getattr(found["0"].difference, name) == pytest.approx(getattr(mine.difference, name))
    assert (rest.difference.value, rest.difference.low) == pytest.approx(
        (-mine.difference.value, -mine.difference.high)
    )
    assert rest.p_value == pytest.approx(mine.p_value)


def test_q_values_are_those_of_benjamini_and_hochberg():
    """They are SciPy's, over all rows that have a p-value."""
    rows = disagreement(judgments(many(5, items=400).assign(locale=lambda rows: (rows["item"] % 5).astype(str))),
                        categories=nominal("abcd"))  # fmt: skip
    assert [row.q_value for row in rows] == pytest.approx(false_discovery_control([row.p_value for row in rows]))


def studies(
    number: int, items: int, raters: int, skill_sd: float
) -> tuple[pd.DataFrame, dict[tuple[str, str], Categories]]:
    """Studies as questions, each with three locales of one population: annotators know an answer or guess."""
    rng = np.random.default_rng(11)
    skill = np.clip(rng.normal(0.6, skill_sd, (number, 3, raters)), 0.05, 0.95)
    chosen = rng.random((number, 3, items, raters)).argsort(axis=-1)[..., :3]
    study, locale, item, _ = np.indices(chosen.shape)
    known = rng.random(chosen.shape) < skill[study, locale, chosen]
    value = np.where(known, rng.integers(0, 3, (number, 3, items, 1)), rng.integers(0, 3, chosen.shape))
    columns = {"study": study, "locale": locale, "item": item, "annotator": chosen}
    rows = pd.DataFrame({name: each.ravel() for name, each in columns.items()})
    rows = rows.assign(
        question="q" + rows["study"].astype(str),
        item=rows["locale"].astype(str) + "-" + rows["item"].astype(str),
        annotator=rows["locale"].astype(str) + "-" + rows["annotator"].astype(str),
        locale=rows["locale"].astype(str),
        value=np.array(list("abc"))[value.ravel()],
    )
    return rows.drop(columns="study"), {
        ("rating", f"q{each}"): Categories(tuple("abc"), "nominal") for each in range(number)
    }


@pytest.mark.simulation
@pytest.mark.parametrize(("items", "raters", "skill_sd"), [(30, 15, 0.0), (200, 12, 0.15)])
def test_equal_locales_are_seldom_called_different(items, raters, skill_sd):
    """Of 180 locales like the others about 5 in 100 have a p-value below .05, and about 95 an interval that holds 0."""
    rows, categories = studies(60, items, raters, skill_sd)
    found = disagreement(judgments(rows), categories=categories)
    assert len(found) == 180
    assert np.mean([row.p_value < 0.05 for row in found]) <= 0.085
    assert np.mean([row.difference.low <= 0 <= row.difference.high for row in found]) >= 0.915


def test_what_has_no_difference_says_why():
    """A small group, a group without others, and one in which all agree have no difference and no p-value."""
    rows = many(6, items=60)
    small = rows.assign(locale=np.where(rows["item"] < 5, "small", "large"))
    found = {row.group["locale"]: row for row in disagreement(judgments(small), categories=nominal("abcd"))}
    assert found["small"].difference.undefined == "no interval: the group or all others have fewer than 30 items"
    assert (found["small"].p_value, found["small"].q_value) == (None, None)
    (alone,) = disagreement(judgments(rows), categories=nominal("abcd"))
    assert (alone.rest, alone.difference.value, alone.difference.undefined) == (None, None, "there is no other group")
    agreed = rows.assign(value=rows["value"].where(rows["item"] < 30, "a"), locale=(rows["item"] < 30).astype(str))
    found = {row.group["locale"]: row for row in disagreement(judgments(agreed), categories=nominal("abcd"), minimum=5)}
    assert found["False"].disagreement.undefined == "no interval: all annotators agree on every item"
    assert found["False"].disagreement.value == 0
    assert found["False"].difference.undefined == "no interval: the group or all others have none"
    assert found["False"].p_value is None


@pytest.mark.parametrize("values", [["a", "b"], []], ids=["one each", "none"])
def test_without_two_annotators_there_is_no_row(values):
    """Items with one answer, and no answers, have no disagreement."""
    rows = pd.DataFrame([(i, 1, each) for i, each in enumerate(values)], columns=["item", "annotator", "value"])
    assert contested(judgments(rows), categories=nominal("ab")) == []
    assert disagreement(judgments(rows), categories=nominal("ab")) == []
    assert dissent(judgments(rows), categories=nominal("ab"), minimum=2) == []


def test_an_annotators_newest_answer_counts():
    """An answer that was given anew takes the place of the old one."""
    rows = pd.DataFrame([("i", "r1", "a"), ("i", "r2", "b"), ("i", "r2", "a")], columns=["item", "annotator", "value"])
    rows["updated"] = pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-02"], utc=True)
    assert contested(judgments(rows), categories=nominal("ab")) == []
    (before,) = contested(judgments(rows[:2]), categories=nominal("ab"))
    assert before.disagreement == 1


def test_a_missing_vendor_is_a_group_like_any_other():
    """Answers of annotators without a vendor are a group."""
    table = judgments(many(7)).mutate(vendor=ibis.null("string"))
    (row,) = disagreement(table, categories=nominal("abcd"), by=["vendor"])
    assert row.group["vendor"] is None
    assert contested(table, categories=nominal("abcd"), by=["vendor"])[0].group["vendor"] is None
    assert dissent(table, categories=nominal("abcd"), by=["vendor"], minimum=2)[0].group["vendor"] is None


def test_what_is_impossible_is_refused():
    """Unknown groupings, undeclared answers and intervals for nobody are errors of our own."""
    table = judgments(many(8))
    for statistic in (contested, disagreement, dissent):
        with pytest.raises(UnknownGrouping):
            statistic(table, categories=nominal("abcd"), by=["shoe"])
        with pytest.raises(UndeclaredCategory):
            statistic(table, categories=nominal("abc"))
    with pytest.raises(ImpossibleInterval):
        disagreement(table, categories=nominal("abcd"), level=2)


def test_the_api_answers_contested_items_and_disagreement(filled: FlaskClient):
    """Both routes have rows; the CSV of items tells who many gave which answer in one column."""
    asked = "workflow=preference&question=overall"
    rows = filled.get(f"/v1/contested?{asked}&limit=3", headers=INGEST).json["rows"]
    assert len(rows) == 3
    assert sum(rows[0]["answers"].values()) == rows[0]["n_annotators"]
    lines = filled.get(f"/v1/contested?{asked}&format=csv", headers=INGEST).text.splitlines()
    assert {"item", "disagreement", "answers"} <= set(lines[0].split(","))
    assert filled.get("/v1/contested?minimum=1", headers=INGEST).status_code == 422
    found = filled.get(f"/v1/disagreement?{asked}&minimum=5", headers=INGEST).json["rows"]
    assert {row["locale"] for row in found} == {"de-DE", "ar-EG"}
    assert found[0]["disagreement"]["value"] >= found[1]["disagreement"]["value"]


def test_dissent_by_hand():
    """Three annotators on two items: the share of peers who differ, and what their frequencies would make it."""
    rows = pd.DataFrame(
        [(0, "r", "a"), (0, "s", "a"), (0, "t", "b"), (1, "r", "a"), (1, "s", "b"), (1, "t", "b"), (2, "r", "b")],
        columns=["item", "annotator", "value"],
    )
    found = {row.annotator: row for row in dissent(judgments(rows), categories=nominal("ab"), minimum=2)}
    assert {name: row.disagreement.value for name, row in found.items()} == {"r": 0.75, "s": 0.5, "t": 0.75}
    assert {name: row.share for name, row in found.items()} == pytest.approx({"r": 0.375, "s": 0.25, "t": 0.375})
    assert found["r"].expected == pytest.approx(1 - 0.25)  # always a; of peers' answers a quarter
    assert found["s"].expected == pytest.approx(1 - (0.5 * 0.5 + 0.5 * 0.5))
    assert found["t"].ratio == pytest.approx(0.75 / (1 - 0.25))
    assert found["r"].disagreement.n_items == 2


def test_dissent_is_one_less_agreement_of_two():
    """Of two annotators each has the disagreement of the whole, and what is expected is Cohen's."""
    rows = many(9, items=80, raters=2)
    one, other = dissent(judgments(rows), categories=nominal("abcd"), minimum=10)
    (pair,) = pairs(judgments(rows), categories=nominal("abcd"))
    assert one.disagreement.value == other.disagreement.value == pytest.approx(1 - pair.percent.value)
    assert one.ratio == other.ratio == pytest.approx(1 - pair.kappa.value)
    assert (one.disagreement.low, one.disagreement.high) == pytest.approx(
        (1 - pair.percent.high, 1 - pair.percent.low), abs=0.01
    )


def test_few_answers_bring_nobody_to_the_front():
    """They are sorted by the lower end of the interval; those with too few items have no row, and pages follow."""
    rows = pd.concat(
        [many(10, items=300, raters=9), pd.DataFrame({"item": range(5), "annotator": "new", "value": "d"})]
    )
    found = dissent(judgments(rows), categories=nominal("abcd"), minimum=10)
    assert "new" not in {row.annotator for row in found}
    lows = [row.disagreement.low for row in found]
    assert lows == sorted(lows, reverse=True)
    page = dissent(judgments(rows), categories=nominal("abcd"), minimum=10, limit=3, offset=2)
    assert [row.annotator for row in page] == [row.annotator for row in found[2:5]]
    assert sum(row.share for row in dissent(judgments(rows), categories=nominal("abcd"), minimum=2)) == pytest.approx(1)


@pytest.mark.simulation
def test_intervals_of_dissent_hold_the_truth():
    """Annotators who know .6 of answers and guess else differ from peers in .64 · 2/3 of pairs: .427."""
    rows, categories = studies(20, 100, 8, 0.0)
    found = dissent(judgments(rows), categories=categories)
    assert len(found) > 400
    held = np.mean([row.disagreement.low <= 0.64 * 2 / 3 <= row.disagreement.high for row in found])
    assert 0.92 <= held <= 0.98


def test_judgments_are_read_once_and_the_expressions_are_the_same_on_spark(monkeypatch):
    """Each statistic is one query that names the judgments once; nothing in it is of one engine."""
    monkeypatch.setattr(ibis.options, "pyspark", _Spark())  # Ibis sets it when Spark itself is there
    table = ibis.table(judgments(many(1)).schema(), name="judgments")
    group, codes = ["workflow", "question", "locale"], nominal("abcd")
    unit = [*group, "item", "target"]
    patterns = rater_patterns(table, codes, group)
    page = _read(_units(newest_answers(table, codes, unit), unit, 4), unit, 2, 10, 0)
    for expression in (page, _by_annotator(patterns, group, 4), _sums(patterns, group, 4)):
        assert ibis.to_sql(expression, dialect="pyspark").count("FROM `judgments`") == 1
