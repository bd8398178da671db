"""Agreement on preferences, with and without ties: brute force, invariants, coverage, declared answers, the API."""

import csv
import io
from itertools import combinations

import ibis
import numpy as np
import pandas as pd
import pytest
from analytics_bodies import INGEST
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statistics_data import KEY, NOON, judgments, nominal, ordinal

import guidelines
from analytics.agreement import agreement
from analytics.errors import ImpossibleInterval, UndeclaredCategory, UnknownGrouping
from analytics.preferences import preference_questions, preferences
from analytics.scales import Categories

pytest_plugins = ["analytics_fixtures"]

CODES = "ABTCD"  # A much and slightly, a tie, B slightly and much: -2 to 2
ASKED = {KEY: Categories(tuple(CODES), "ordinal", (-2.0, -1.0, 0.0, 1.0, 2.0))}
grids = arrays(np.int64, st.tuples(st.integers(2, 8), st.integers(2, 5)), elements=st.integers(-1, 4))


def of_grid(grid) -> pd.DataFrame:
    """Items × annotators: numbers of codes, -1 for none, as rows."""
    rows = [(f"i{i}", f"r{r}", CODES[own]) for (i, r), own in np.ndenumerate(np.asarray(grid)) if own >= 0]
    return pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(source="tool", project="1")


def measured(rows: pd.DataFrame, **asked):
    """The one row of these answers."""
    (row,) = preferences(judgments(rows), questions=ASKED, **asked)
    return row


@given(grids)
@settings(max_examples=8, deadline=None)
def test_agreement_counts_pairs_of_people(grid):
    """With and without ties, as MT-bench counts pairs; and with ties decided by the toss of a coin."""
    if (grid < 0).all():
        return
    row, sides = measured(of_grid(grid)), np.sign(grid - 2)
    shares = {"direction_percent": [], "without_ties_percent": [], "ties_half_percent": []}
    for item, given_ in zip(sides, grid >= 0, strict=True):
        pairs = list(combinations(item[given_], 2))
        chose = [(one, other) for one, other in pairs if one and other]
        halves = [0.5 if 0 in pair else float(pair[0] == pair[1]) for pair in pairs]
        for name, each in zip(shares, ([a == b for a, b in pairs], [a == b for a, b in chose], halves), strict=True):
            shares[name] += [np.mean(each)] if each else []
    for name, each in shares.items():
        assert row.estimates[name].value == (pytest.approx(np.mean(each)) if each else None)


def test_coefficients_are_those_of_agreement():
    """On the answers as they are, on their sides, and on the sides of those who chose one."""
    rows = of_grid(np.random.default_rng(1).integers(-1, 5, (20, 5)))
    row = measured(rows)
    (whole,) = agreement(judgments(rows), categories=ordinal(CODES), metrics=["percent", "alpha_ordinal"])
    side = rows.assign(value=rows["value"].map(dict(zip(CODES, "aatbb", strict=True))))
    (sides,) = agreement(judgments(side), categories=nominal("atb"), metrics=["percent", "alpha_nominal", "ac1"])
    chosen = judgments(side[side["value"] != "t"])
    (chose,) = agreement(chosen, categories=nominal("ab"), metrics=["percent", "alpha_nominal", "ac1"])
    for prefix, peer in (("", whole), ("direction_", sides), ("without_ties_", chose)):
        for name, each in peer.estimates.items():
            found = row.estimates[f"{prefix}{name}"]
            assert (found.value, found.low, found.high) == pytest.approx((each.value, each.low, each.high))
            assert (found.n_items, found.n_judgments) == (each.n_items, each.n_judgments)
    for name, code in zip(("first", "tie", "second"), "atb", strict=True):
        assert row.sides[name].value == pytest.approx(sides.prevalence[code])
    assert row.first_share.value == pytest.approx(chose.prevalence["a"])
    assert row.n_single_rated == whole.n_single_rated


def test_one_answer_an_item_has_wilsons_interval():
    """Newcombe (1998), 81 of 263: .2553 to .3662."""
    rows = of_grid([[0]] * 81 + [[4]] * 182).assign(annotator=[f"r{n % 40}" for n in range(263)])
    found = measured(rows, over="items").first_share
    assert (round(found.low, 4), round(found.high, 4)) == pytest.approx((0.2553, 0.3662), abs=6e-4)


@given(grids, st.sampled_from(["items", "items_and_raters"]))
@settings(max_examples=5, deadline=None)
def test_exchanging_the_responses_exchanges_the_sides(grid, over):
    """Agreement stays, and the share of the first becomes that of the second."""
    if (grid < 0).all():
        return
    row, other = (measured(of_grid(each), over=over) for each in (grid, np.where(grid < 0, -1, 4 - grid)[::-1, ::-1]))
    pairs = [(each, other.estimates[name]) for name, each in row.estimates.items()]
    for one, same in [*pairs, (row.sides["first"], other.sides["second"]), (row.sides["tie"], other.sides["tie"])]:
        assert one.undefined == same.undefined
        for end in ("value", "low", "high"):
            assert getattr(same, end) == (None if getattr(one, end) is None else pytest.approx(getattr(one, end)))
    if row.first_share.value is not None:
        assert other.first_share.value == pytest.approx(1 - row.first_share.value)


def study(drawn, items: int, raters: int, each: int, lean) -> np.ndarray:
    """Items × annotators: which response is better, by its lead and by how far each annotator leans to the first."""
    seen = drawn.normal(0, 1, (items, 1)) - lean[None, :] + drawn.normal(0, 1, (items, raters))
    chosen = drawn.random((items, raters)).argsort(axis=1) < each
    return np.where(chosen, np.digitize(seen, [-1.5, -0.4, 0.4, 1.5]), -1)


@pytest.mark.simulation
def test_intervals_hold_the_truth():
    """Fourteen annotators who lean differently, sixty items, three answers an item: about 95 in 100."""
    drawn, parts = np.random.default_rng(3), []
    for number in range(60):
        lean = drawn.normal(0.2, 0.3, 14)
        parts.append(of_grid(study(drawn, 60, 14, 3, lean)).assign(batch=str(number)))
    table = pd.concat([part.assign(item=part["batch"] + part["item"]) for part in parts])
    whole = measured(of_grid(study(drawn, 2500, 400, 3, drawn.normal(0.2, 0.3, 400))), over="items")
    found = preferences(judgments(table), questions=ASKED, by=["batch"])
    for name in ("alpha_ordinal", "direction_percent", "without_ties_percent"):
        truth = whole.estimates[name].value
        assert np.mean([row.estimates[name].low < truth < row.estimates[name].high for row in found]) >= 0.9
    truth = whole.first_share.value
    assert np.mean([row.first_share.low < truth < row.first_share.high for row in found]) >= 0.9


def test_what_the_data_does_not_allow_is_declared():
    """Nothing, one annotator, nothing but ties, full agreement, one item."""
    assert preferences(judgments(of_grid([[0]])).filter(ibis._.item == "no"), questions=ASKED) == []
    assert preferences(judgments(of_grid([[0]])), questions={}) == []
    row = measured(of_grid([[0], [1], [2]]))
    assert {each.undefined for each in row.estimates.values()} == {"no item has two annotators"}
    assert row.n_single_rated == 3
    assert row.sides["first"].undefined.startswith("no interval: it takes two items")
    row = measured(of_grid([[2, 2]] * 3))
    assert row.estimates["direction_percent"].value == 1
    assert row.estimates["direction_alpha_nominal"].undefined.startswith("no variation")
    assert row.estimates["without_ties_percent"].undefined == "no item has two annotators"
    assert row.first_share.undefined == "no answer chose a side"
    assert (row.sides["tie"].value, row.sides["tie"].high) == (1, 1)
    row = measured(of_grid([[0, 0], [4, 4], [1, 1]]))
    assert row.estimates["without_ties_alpha_nominal"].undefined.startswith("no interval: all annotators agree")
    row = measured(of_grid([[0, 4]] * 3), over="items")
    assert (row.estimates["without_ties_percent"].value, row.estimates["without_ties_percent"].low) == (0, None)


def test_a_tie_that_replaced_a_side_is_a_tie():
    """The newest answer counts, and an older one is not looked for behind a tie."""
    older, anew = of_grid([[0, 0]]), of_grid([[2, -1]]).assign(updated=NOON + pd.Timedelta("1s"))
    row = measured(pd.concat([older.assign(updated=NOON), anew]))
    assert row.sides["tie"].value == 0.5
    assert row.first_share.n_judgments == 1


def test_answers_of_two_projects_are_not_compared():
    """Another project may show the responses in another order."""
    rows = of_grid([[0, 4]])
    assert measured(rows.assign(project=rows["annotator"])).n_single_rated == 2


def test_what_is_wrong_is_said():
    """Codes, groupings and intervals that there are not."""
    rows = of_grid([[0, 1]])
    with pytest.raises(UndeclaredCategory, match="'Z'"):
        measured(rows.replace({"value": {"A": "Z"}}))
    with pytest.raises(UnknownGrouping, match="shift"):
        measured(rows, by=["shift"])
    with pytest.raises(ImpossibleInterval):
        measured(rows, over="raters")


def test_the_questions_are_those_of_kind_preference():
    """In the guidelines that come with Concord the four of `preference`, and no rating."""
    found = preference_questions(guidelines.load().workflows)
    assert {question for workflow, question in found if workflow == "preference"} == {
        "relevance",
        "safety",
        "clarity",
        "overall",
    }
    assert ("response_rating", "overall") not in found


def test_the_api_shows_published_figures_beside_agreement(filled: FlaskClient) -> None:
    """JSON has them nested, CSV does not repeat them in each line."""
    asked = "workflow=preference&question=overall"
    (row, _) = filled.get(f"/v1/preferences?{asked}", headers=INGEST).json["rows"]
    known = {(each["name"], each["metric"]): each for each in row["benchmarks"]}
    assert known["reliable", "alpha_ordinal"]["value"] == 0.8
    assert known["InstructGPT", "without_ties_percent"]["low"] == 0.711
    (row, _) = filled.get(f"/v1/agreement?{asked}&metrics=percent,ac2_linear", headers=INGEST).json["rows"]
    names = [(each["name"], each["metric"], each["low"]) for each in row["benchmarks"]]
    assert ("Llama 2", "ac2_linear", 0.37) in names
    assert ("MT-bench", "percent", None) in names
    assert not [name for name, metric, _ in names if name == "reliable"]
    told = filled.get("/v1/agreement?workflow=fluency_review&question=fluency", headers=INGEST).json["rows"]
    assert {each["name"] for row in told for each in row["benchmarks"]} <= {"reliable", "tentative"}
    for path in ("preferences", "agreement"):
        text = filled.get(f"/v1/{path}?{asked}&format=csv", headers=INGEST).text
        lines = list(csv.DictReader(io.StringIO(text)))
        assert len(lines) == 2
        assert not [name for name in lines[0] if "benchmark" in name]
