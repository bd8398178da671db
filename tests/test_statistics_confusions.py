"""Confusions: a published matrix, hand-computed figures, invariants, coverage, and the declared answers."""

from collections.abc import Mapping, Sequence

import ibis
import numpy as np
import pandas as pd
import pytest
from analytics_bodies import INGEST
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from statistics_data import EXAMPLE_C, judgments, nominal, observers

from analytics.agreement import Totals, agreement
from analytics.coefficients import sums
from analytics.confusions import Confusion, Example, confusions, ratio_of, share_of
from analytics.counts import counts
from analytics.errors import ImpossibleInterval, UndeclaredCategory, UnknownGrouping

pytest_plugins = ["analytics_fixtures"]

FOUR = pd.DataFrame(
    [
        (item, rater, value)
        for item, values in enumerate(["aa", "ab", "bc", "ba"])
        for rater, value in enumerate(values)
    ],
    columns=["item", "annotator", "value"],
)


def figures(rows: list[Confusion]) -> dict[str, tuple[float, float, int]]:
    """Share, ratio and units by the two codes."""
    return {row.first + row.second: (row.share.value, row.ratio.value, row.n_confused) for row in rows}


def test_hand_computed_confusions():
    """Of three disagreeing pairs two are a with b; 4 a, 3 b and 1 c would by chance make 12/7 and 3/7 of them."""
    rows = confusions(judgments(FOUR), categories=nominal("abc"))
    assert [row.first + row.second for row in rows] == ["ab", "bc"]
    assert figures(rows) == {"ab": pytest.approx((2 / 3, 14 / 12, 2)), "bc": pytest.approx((1 / 3, 7 / 3, 1))}
    assert [row.examples for row in rows] == [(Example("1", "item"), Example("3", "item")), (Example("2", "item"),)]
    assert (rows[0].share.n_items, rows[0].share.n_judgments, rows[0].share.n_annotators) == (4, 8, 2)


def test_the_published_coincidences_of_krippendorff():
    """Example C (Krippendorff 2011): coincidences 4/3 and 1/3 of marginals 9, 13, 10, 5, 3, of 40 in all."""
    rows = figures(confusions(judgments(observers(EXAMPLE_C)), categories=nominal("12345")))
    published = {
        "12": (4, 9, 13),
        "13": (1, 9, 10),
        "14": (1, 9, 5),
        "23": (4, 13, 10),
        "24": (1, 13, 5),
        "34": (1, 10, 5),
    }
    assert {pair: row[0] for pair, row in rows.items()} == pytest.approx(
        {pair: thirds / 12 for pair, (thirds, *_) in published.items()}
    )
    assert {pair: row[1] for pair, row in rows.items()} == pytest.approx(
        {pair: thirds / 3 * 39 / (one * other) for pair, (thirds, one, other) in published.items()}
    )


def many(seed: int, items: int = 40, raters: int = 6) -> pd.DataFrame:
    """One to four ratings an item, out of four codes."""
    rng = np.random.default_rng(seed)
    rows = [
        (i, r, rng.choice(list("abcd"))) for i in range(items) for r in rng.permutation(raters)[: rng.integers(1, 5)]
    ]
    return pd.DataFrame(rows, columns=["item", "annotator", "value"])


def assert_alike(rows: Sequence[Confusion], same: Sequence[Confusion], codes: Mapping[str, str]) -> None:
    """The same figures up to rounding, of codes that are called otherwise."""
    for row, other in zip(rows, same, strict=True):
        assert (codes[row.first], codes[row.second], row.n_confused) == (other.first, other.second, other.n_confused)
        for mine, its in ((row.share, other.share), (row.ratio, other.ratio)):
            assert (its.value, its.low, its.high) == pytest.approx((mine.value, mine.low, mine.high))


def test_shares_add_to_one_and_ratios_average_to_one_less_alpha():
    """Weighed by what chance expects, the ratios' mean is 1 − alpha."""
    table = judgments(many(1))
    rows = confusions(table, categories=nominal("abcd"))
    assert sum(row.share.value for row in rows) == pytest.approx(1)
    expected = np.array([row.share.value / row.ratio.value for row in rows])
    (found,) = agreement(table, categories=nominal("abcd"), metrics=["alpha_nominal"])
    assert 1 / expected.sum() == pytest.approx(1 - found.estimates["alpha_nominal"].value)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_names_and_order_do_not_matter(seed: int):
    """Other names of items, annotators and codes, and another order, leave every figure and interval."""
    rows = many(seed)
    other = rows.sample(frac=1, random_state=seed)
    other = other.assign(
        item="x" + other["item"].astype(str),
        annotator=(9 - other["annotator"]).astype(str),
        value=other["value"].map(dict(zip("abcd", "dcba", strict=True))),
    )
    one = confusions(judgments(rows), categories=nominal("abcd"))
    two = confusions(judgments(other), categories=nominal("dcba"))
    assert_alike(one, two, dict(zip("abcd", "dcba", strict=True)))


def test_codes_that_nobody_gave_change_nothing():
    """Declared codes without an answer leave every row as it is."""
    table = judgments(many(3))
    more, all_given = (confusions(table, categories=nominal(codes)) for codes in ("abcdxy", "abcd"))
    assert_alike(more, all_given, {code: code for code in "abcd"})


def test_the_ratio_of_codes_made_one_is_that_of_their_sums():
    """Where c and d become one code, a meets it as often as it met both, and so chance would have it."""
    rows = many(4)
    apart = figures(confusions(judgments(rows), categories=nominal("abcd")))
    merged = figures(confusions(judgments(rows.replace({"value": {"d": "c"}})), categories=nominal("abc")))
    share = {pair: apart[pair][0] for pair in apart}
    scale = 1 - share["cd"]
    assert merged["ac"][0] == pytest.approx((share["ac"] + share["ad"]) / scale)
    expected = share["ac"] / apart["ac"][1] + share["ad"] / apart["ad"][1]
    assert merged["ac"][1] == pytest.approx((share["ac"] + share["ad"]) / expected)


def test_groups_are_apart_and_the_most_frequent_come_first():
    """Twice the data doubles the units and leaves the share; the limit keeps the most frequent, with three examples."""
    rows = many(2)
    twice = pd.concat([rows, rows.assign(item=rows["item"] + 1000)]).assign(locale="fr-CA")
    table = judgments(pd.concat([rows.assign(locale="de-DE"), twice]))
    found = confusions(table, categories=nominal("abcd"))
    assert [row.n_confused for row in found] == sorted((row.n_confused for row in found), reverse=True)
    by = {(row.group["locale"], row.first, row.second): row for row in found}
    for (locale, first, second), row in by.items():
        other = by["fr-CA", first, second]
        if locale == "de-DE":
            assert (2 * row.n_confused, row.share.value) == (other.n_confused, pytest.approx(other.share.value))
    assert confusions(table, categories=nominal("abcd"), limit=2) == found[:2]
    for row in found:
        seen = twice if row.group["locale"] == "fr-CA" else rows
        codes = seen.groupby(seen["item"].astype(str))["value"].agg(set)
        both = sorted(codes.index[[{row.first, row.second} <= each for each in codes]])
        assert [each.item for each in row.examples] == both[:3]


def test_a_missing_vendor_is_a_group_like_any_other():
    """Answers of annotators without a vendor are a group, with their examples."""
    table = judgments(FOUR).mutate(vendor=ibis.null("string"))
    found = confusions(table, categories=nominal("abc"), by=["vendor"])
    assert [(row.group["vendor"], len(row.examples)) for row in found] == [(None, 2), (None, 1)]


CONFUSED = np.array([[0.7, 0.25, 0.05], [0.15, 0.7, 0.15], [0.05, 0.25, 0.7]])


def confused(skill: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The chances of a, b and c where annotators of this skill look at items of this truth."""
    return skill[..., None] * np.eye(3)[truth] + (1 - skill[..., None]) * CONFUSED[truth]


def studies(number: int, items: int, raters: int, uneven: bool) -> tuple[pd.DataFrame, np.ndarray]:
    """Studies as locales, and the skills of their annotators (studies, annotators)."""
    rng = np.random.default_rng(7)
    skill = rng.uniform(0, 1, (number, raters)) if uneven else np.full((number, raters), 0.5)
    truth = rng.integers(0, 3, (number, items))
    chosen = rng.random((number, items, raters)).argsort(axis=2)[:, :, :3]
    chances = confused(np.take_along_axis(skill[:, None, :], chosen, axis=2), truth[:, :, None])
    value = (chances.cumsum(axis=-1) > rng.random(chosen.shape)[..., None]).argmax(axis=-1)
    study, item, _ = np.indices(chosen.shape)
    columns = {"locale": study, "item": item, "annotator": chosen, "value": np.array(list("abc"))[value]}
    rows = pd.DataFrame({name: each.ravel() for name, each in columns.items()})
    return rows.assign(locale=rows["locale"].astype(str)), skill


def truths(skill: np.ndarray) -> dict[str, float]:
    """Share and ratio of a and b among two of these annotators, on as many items of each truth as one likes."""
    given = confused(skill[:, None], np.arange(3))  # annotators, truths, codes
    both, number = given.sum(axis=0), len(skill)
    pairs = (both.T @ both - np.einsum("rta,rtb->ab", given, given)) / (3 * number * (number - 1))
    marginal = both.sum(axis=0) / (3 * number)
    return {"share": 2 * pairs[0, 1] / (1 - np.trace(pairs)), "ratio": pairs[0, 1] / (marginal[0] * marginal[1])}


@pytest.mark.simulation
@pytest.mark.parametrize(("items", "raters", "uneven", "over"), [
    (30, 40, False, "items"),
    (30, 12, True, "items"),
    (200, 12, True, "items"),
    (30, 40, False, "items_and_raters"),
    (200, 12, True, "items_and_raters"),
])  # fmt: skip
def test_intervals_hold_the_truth(items, raters, uneven, over):
    """Of 200 studies about 95 in 100 intervals hold share and ratio: of these annotators, or of all there might be."""
    rows, skill = studies(200, items, raters, uneven)
    everybody = truths(np.tile(np.linspace(0, 1, 1001) if uneven else [0.5], 2))
    held = {"share": [], "ratio": []}
    for row in confusions(judgments(rows), categories=nominal("abc"), over=over):
        if (row.first, row.second) == ("a", "b"):
            truth = truths(skill[int(row.group["locale"])]) if over == "items" else everybody
            for name, each in (("share", row.share), ("ratio", row.ratio)):
                held[name] += [each.low <= truth[name] <= each.high] if each.low is not None else []
    assert all(0.915 <= np.mean(each) <= 0.995 for each in held.values()), {k: np.mean(v) for k, v in held.items()}


def test_what_a_change_adds_is_the_slope():
    """To first order, what a figure says a unit adds is what it adds: a millionth of it a millionth."""
    (group,) = counts(judgments(many(5)), nominal("abcd"))
    totals, numbers = Totals.of(group), [np.nan] * 4
    unit = totals.all - totals.without_item
    for figure in (share_of(0, 2), ratio_of(1, 3)):
        slope = figure.of(sums(totals.all + 1e-6 * unit, numbers)) - figure.of(sums(totals.all, numbers))
        assert figure.added(sums(totals.all, numbers), sums(unit, numbers)) == pytest.approx(slope / 1e-6, abs=1e-5)


@pytest.mark.parametrize(
    "values", [["aa", "aa"], ["aa", "bb"], ["a", "b"]], ids=["one answer", "unanimous", "one each"]
)
def test_without_disagreement_there_is_no_row(values):
    """Unanimous answers, one answer an item and no answers have no confusion."""
    rows = [(item, rater, value) for item, each in enumerate(values) for rater, value in enumerate(each)]
    table = judgments(pd.DataFrame(rows, columns=["item", "annotator", "value"]))
    assert confusions(table, categories=nominal("ab")) == []
    assert confusions(table.filter(table.item == "none"), categories=nominal("ab")) == []


def test_what_has_no_interval_says_why():
    """Two codes that alone met have a share of 1; two annotators cannot stand for others; equal items do not vary."""
    (only,) = confusions(judgments(FOUR.query("item != 2")), categories=nominal("abc"), over="items")
    assert (only.share.value, only.share.undefined) == (1, "no interval: no other two codes met")
    first, _ = confusions(judgments(FOUR), categories=nominal("abc"))
    reason = "no interval: without one item or one annotator no figure is left"
    assert (first.share.low, first.share.undefined) == (None, reason)
    mixed = [(item, rater, value) for item in range(4) for rater, value in enumerate("abc")]
    rows = pd.DataFrame(mixed, columns=["item", "annotator", "value"])
    for row in confusions(judgments(rows), categories=nominal("abc"), over="items"):
        assert (row.share.value, row.share.undefined) == (
            pytest.approx(1 / 3),
            "no interval: all items show the same confusion",
        )


def test_what_is_impossible_is_refused():
    """Unknown groupings, undeclared answers and intervals for nobody are errors of our own."""
    table = judgments(FOUR)
    with pytest.raises(UnknownGrouping):
        confusions(table, categories=nominal("abc"), by=["shoe"])
    with pytest.raises(UndeclaredCategory):
        confusions(table, categories=nominal("ab"))
    with pytest.raises(ImpossibleInterval):
        confusions(table, categories=nominal("abc"), level=1.5)


def test_the_api_answers_confusions(filled: FlaskClient):
    """`GET /v1/confusions` has a row for two codes, with examples; its CSV names them in one column."""
    asked = "workflow=preference&question=overall&over=items"
    rows = filled.get(f"/v1/confusions?{asked}", headers=INGEST).json["rows"]
    assert rows
    assert all(1 <= len(row["examples"]) <= 3 and row["n_confused"] >= len(row["examples"]) for row in rows)
    lines = filled.get(f"/v1/confusions?{asked}&limit=1&format=csv", headers=INGEST).text.splitlines()
    assert len(lines) == 2
    assert {"first", "second", "share.value", "ratio.value", "n_confused", "examples"} <= set(lines[0].split(","))
    assert filled.get("/v1/confusions?limit=0", headers=INGEST).status_code == 422
