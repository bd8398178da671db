"""Scorecards: each figure against brute force, published values and simulated truth; flags; the declared answers."""

from collections import deque
from collections.abc import Iterable

import ibis
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from analytics_bodies import INGEST, Answer, at, export
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta
from sklearn.metrics import cohen_kappa_score
from statistics_data import NOON, QUESTION, WORKFLOW, data_set, judgments, nominal
from statsmodels.stats.proportion import proportion_confint

from analytics.annotators.drift import drift
from analytics.annotators.figures import others, q_values
from analytics.annotators.gold import JEFFREYS, Hits, accuracy, group_prior
from analytics.annotators.peers import Peers, agreement
from analytics.annotators.runs import as_long
from analytics.annotators.scorecard import Scorecard, scorecards
from analytics.errors import ImpossibleInterval, UndeclaredCategory, UnknownGrouping

pytest_plugins = ["analytics_fixtures"]

HOUR, WEEK = pd.Timedelta(hours=1), pd.Timedelta(weeks=1)
RIGHT = dict.fromkeys(("workflow", "question", "item", "target", "value"), "string") | {"updated": "timestamp('UTC')"}


def gold(right: dict[str, str]) -> ibis.Table:
    """The right code of items, as a reference."""
    rows = [(WORKFLOW, QUESTION, item, "item", code, None) for item, code in right.items()]
    return ibis.memtable(pd.DataFrame(rows, columns=list(RIGHT)), schema=RIGHT)


def world(seed: int, raters: int = 8, items: int = 120, codes: str = "abc") -> pd.DataFrame:
    """Three annotators an item, right in seven of ten cases, an item an hour; a tenth answers again a day later."""
    rng = np.random.default_rng(seed)
    rows = []
    for item in range(items):
        truth = rng.integers(len(codes))
        for rater in rng.choice(raters, 3, replace=False):
            for again in range(1 + (rng.random() < 0.1)):
                own = truth if rng.random() < 0.7 else rng.integers(len(codes))
                when = NOON + HOUR * item + pd.Timedelta(days=again)
                rows.append((f"i{item:03}", f"r{rater}", codes[own], when, when))
    return pd.DataFrame(rows, columns=["item", "annotator", "value", "created", "updated"])


def cards(
    frame: pd.DataFrame, right: dict[str, str] | None = None, codes: Iterable[str] = "abc", **asked
) -> list[Scorecard]:
    """The scorecards of rows, with the gold of these items."""
    return scorecards(judgments(frame), gold(right or {}), categories=nominal(codes), **asked)


def newest(frame: pd.DataFrame) -> pd.DataFrame:
    """The newest answer of each annotator to each item."""
    return frame.sort_values("updated").groupby(["item", "annotator"], as_index=False).last()


def weekly(rows: list[tuple[int, list[float]]]) -> Peers:
    """One annotator's agreed shares, one an item, by week."""
    sums = [[len(s), len(s), sum(s), sum(x * x for x in s), sum(s), len(s)] for _, s in rows]
    week = np.array([number for number, _ in rows])
    return Peers(1, np.zeros(len(rows), np.int64), week, np.array(sums, float))


def test_counts_of_work():
    """All answers, the items they are about, and the days on which one was begun."""
    frame = world(1)
    for card in cards(frame):
        own = frame[frame["annotator"] == card.annotator]
        last = own.sort_values("updated").groupby("item").last()
        assert (card.answers, card.items, card.days) == (
            len(own),
            own["item"].nunique(),
            last["created"].dt.floor("D").nunique(),
        )
        assert card.small == (card.items < 30)


def test_agreement_and_confusion_are_those_with_the_others():
    """The mean over items of the share of others with the same answer, and what others answered, item by item."""
    frame = newest(world(2))
    shares = pd.crosstab(frame["item"], frame["value"])
    for card in cards(world(2)):
        met = {code: np.zeros(3) for code in "abc"}
        agreed = []
        for item, code in frame.loc[frame["annotator"] == card.annotator, ["item", "value"]].itertuples(index=False):
            others = shares.loc[item].to_numpy(float) - (shares.columns == code)
            met[code] += others / others.sum()
            agreed.append(others[list("abc").index(code)] / others.sum())
        assert card.estimates["agreement"].value == pytest.approx(np.mean(agreed))
        assert card.standard_errors["agreement"] == pytest.approx(np.std(agreed, ddof=1) / len(agreed) ** 0.5)
        for code, line in card.confusion.items():
            assert list(line.values()) == pytest.approx(met[code] / met[code].sum())


def test_several_answers_to_one_item_are_one_cluster():
    """Answers about two responses of an item vary together: the error is that of items, not of answers."""
    frame = newest(world(3, items=60))
    twice = pd.concat([frame.assign(target="a"), frame.assign(target="b")])
    for once, both in zip(cards(frame), cards(twice), strict=True):
        assert both.estimates["agreement"].n_judgments == 2 * once.estimates["agreement"].n_judgments
        for name in ("value", "low", "high", "n_items"):
            first, second = (getattr(each.estimates["agreement"], name) for each in (once, both))
            assert first == pytest.approx(second)


def test_consistency_is_of_the_first_and_the_newest_answer():
    """Percent with Wilson's interval and Cohen's kappa of what was answered more than once; three answers are one."""
    frame = world(4, items=400)
    more = frame[frame["item"] == "i000"].assign(value="b", updated=NOON + HOUR, created=NOON + HOUR)
    frame = pd.concat([frame, more])
    again = frame.sort_values("updated").groupby(["annotator", "item"])["value"].agg(["first", "last", "size"])
    again = again[again["size"] > 1]
    for card in cards(frame):
        own = again.loc[card.annotator]
        same, kappa = card.estimates["consistency"], card.estimates["consistency_kappa"]
        assert (same.value, same.n_items) == (pytest.approx((own["first"] == own["last"]).mean()), len(own))
        low, high = proportion_confint((own["first"] == own["last"]).sum(), len(own), method="wilson")
        assert (same.low, same.high) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))
        assert kappa.value == pytest.approx(cohen_kappa_score(own["first"], own["last"]))


def test_accuracy_is_a_posterior():
    """Of few annotators it is that of Jeffreys' prior; the reference's newest answers count."""
    frame = newest(world(5))
    right = dict.fromkeys(sorted(frame["item"].unique())[:60], "a")
    for card in cards(frame, right):
        own = frame[(frame["annotator"] == card.annotator) & frame["item"].isin(right)]
        hit = (own["value"] == "a").sum()
        estimate = card.estimates["accuracy"]
        posterior = beta(hit + 0.5, len(own) - hit + 0.5)
        assert (estimate.value, estimate.n_items) == (pytest.approx(posterior.mean()), len(own))
        assert [estimate.low, estimate.high] == pytest.approx(list(posterior.interval(0.95)))
        assert card.standard_errors["accuracy"] == pytest.approx(posterior.std())
        assert "Jeffreys" in estimate.method


@pytest.mark.simulation
def test_the_prior_of_a_group_is_found_and_intervals_hold_the_truth():
    """Annotators drawn from a beta distribution: its parameters come near, and about 95 % of intervals hold."""
    rng = np.random.default_rng(1)
    truth = rng.beta(18, 4, 600)
    known = rng.integers(5, 40, 600).astype(float)
    of = Hits(np.arange(600).astype(object), known, rng.binomial(known.astype(int), truth).astype(float))
    a, b = group_prior(of.known, of.right)
    assert a / (a + b) == pytest.approx(18 / 22, abs=0.02)
    assert a + b == pytest.approx(10)
    found = accuracy(of, 0.95)
    assert 0.94 < ((found.low < truth) & (truth < found.high)).mean() < 0.99
    uneven = rng.binomial(40, rng.beta(3, 1, 600)).astype(float)
    a, b = group_prior(np.full(600, 40.0), uneven)
    assert (a, b) == (pytest.approx(3, rel=0.2), pytest.approx(1, rel=0.2))
    assert group_prior(of.known[:29], of.right[:29]) == JEFFREYS


@pytest.mark.simulation
@pytest.mark.parametrize(("items", "others", "spread"), [(30, 2, 1.0), (30, 1, 0.0), (100, 2, 1.5), (50, 9, 1.5)])
def test_intervals_of_agreement_hold_what_they_promise(items, others, spread):
    """Of 95 % intervals of agreement about 95 % hold the chance that others agree; with one other a little more."""
    rng = np.random.default_rng(2)
    chance = 1 / (1 + np.exp(-1 - rng.normal(0, spread, (2000, items))))
    truth = (1 / (1 + np.exp(-1 - rng.normal(0, spread, 100_000)))).mean()
    s = rng.binomial(others, chance) / others
    one = np.full(2000, items)
    sums = np.column_stack([one, one, s.sum(axis=1), (s * s).sum(axis=1), s.sum(axis=1), one])
    found = agreement(Peers(2000, np.arange(2000), one * 0, sums), None, 0.95)
    assert 0.935 < ((found.low < truth) & (truth < found.high)).mean() < 0.985


def test_drift_is_a_logistic_regression_on_weeks():
    """The slope is that of statsmodels' binomial GLM, and the error its sandwich with items as clusters."""
    rng = np.random.default_rng(3)
    rows = [(week, list(rng.binomial(2, 0.8 - 0.04 * week, 20) / 2)) for week in range(8)]
    found = drift(weekly(rows), 0.95)
    design = sm.add_constant(np.repeat([week for week, _ in rows], 20).astype(float))
    shares = np.concatenate([s for _, s in rows])
    glm = sm.GLM(shares, design, family=sm.families.Binomial()).fit()
    robust = sm.GLM(shares, design, family=sm.families.Binomial()).fit(cov_type="HC0")
    assert found.value[0] == pytest.approx(glm.params[1], abs=1e-6)
    p = glm.predict(sm.add_constant(np.arange(8.0)))
    agreed = np.array([sum(s) for _, s in rows])
    single = ((shares - glm.fittedvalues) ** 2).sum() / (glm.fittedvalues * (1 - glm.fittedvalues)).sum()
    scatter = ((agreed - 20 * p) ** 2 / (20 * p * (1 - p))).sum() / single / 6
    assert found.error[0] == pytest.approx(robust.bse[1] * (160 / 158 * max(scatter, 1)) ** 0.5, rel=1e-6)
    assert found.value[0] < 0


def test_cards_can_be_grouped_by_week():
    """A week's card counts the week's answers, and tells no drift."""
    frame = world(6)
    frame["week"] = np.where(frame["item"] < "i060", "2026-11-02", "2026-11-09")
    found = cards(frame, by=["week"])
    assert {card.group["week"]: card.answers for card in found if card.annotator == "r0"} == dict(
        frame[frame["annotator"] == "r0"].groupby("week").size()
    )
    assert {card.estimates["drift"].undefined for card in found} == {"fewer than 3 weeks"}


def test_drift_is_not_seen_where_there_is_none():
    """Of steady annotators, with weeks that scatter beyond their items, at most about 5 % seem to drift."""
    rng = np.random.default_rng(4)
    weeks, items, people = 8, 15, 1500
    chance = 1 / (1 + np.exp(-1 - rng.normal(0, 0.5, (people, weeks, 1)) - rng.normal(0, 1, (people, weeks, items))))
    s = rng.binomial(2, chance) / 2
    one = np.full((people, weeks), items)
    sums = np.stack([one, one, s.sum(-1), (s * s).sum(-1), s.sum(-1), one], axis=-1).reshape(-1, 6)
    rater = np.repeat(np.arange(people), weeks)
    found = drift(Peers(people, rater, np.tile(np.arange(weeks), people), sums), 0.95)
    assert 0.02 < (found.p_value < 0.05).mean() < 0.06


def exact(length: int, answers: int, shares: np.ndarray) -> float:
    """The probability of a run, exactly: sequences without one, by their last answer, one answer after the other."""
    no_run, ending = deque([1.0]), deque([np.zeros(len(shares))])
    for _ in range(answers):
        now = shares * no_run[-1]
        if len(no_run) >= length:
            now = now - shares**length * (no_run[-length] - ending[-length])
        ending.append(now)
        no_run.append(now.sum())
    return 1 - no_run[-1]


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.integers(12, 200), st.lists(st.floats(0.05, 1), min_size=2, max_size=5))
def test_the_chance_of_a_run_is_bounded_from_above_and_near(length, answers, weights):
    """The p-value of the longest run is at least the exact probability, and near to it where that is small."""
    shares = np.array(weights) / sum(weights)
    truth = exact(length, answers, shares)
    found = float(as_long(np.array([length]), np.array([answers]), shares)[0])
    assert truth - 1e-9 <= found <= 1
    assert found <= truth + 1.2 * truth**2 + 1e-9 or truth > 0.3


def test_straight_lining_is_found_and_ties_in_time_are_none():
    """A run far beyond chance is flagged; answers imported with one and the same time make no run."""
    frame = newest(world(6, raters=6, items=150))
    frame.loc[frame["annotator"] == "r2", "value"] = "a"
    found = {card.annotator: card for card in cards(frame)}
    count = (frame["annotator"] == "r2").sum()
    assert (found["r2"].run.longest_run, found["r2"].run.longest_run_code) == (count, "a")
    assert "straight_lining" in found["r2"].flags
    imported = newest(world(7, raters=6, items=150)).assign(created=NOON)
    assert [card for card in cards(imported) if "straight_lining" in card.flags] == []


def test_the_longest_run_is_that_of_the_order_in_time():
    """Runs follow the time at which answers were begun, and do not go on from one annotator to the next."""
    when = [NOON + HOUR * hour for hour in range(6)]
    values = {"r": "aabbba", "s": "abcabc"}
    rows = [(f"i{k}", rater, code, when[k]) for rater, codes in values.items() for k, code in enumerate(codes)]
    frame = pd.DataFrame(rows, columns=["item", "annotator", "value", "created"]).sample(frac=1, random_state=1)
    runs = {card.annotator: (card.run.longest_run, card.run.longest_run_code) for card in cards(frame)}
    assert runs == {"r": (3, "b"), "s": (1, "a")}


def test_flags_are_sure():
    """Who agrees less, is less accurate, or agrees less and less is flagged; the others, and small samples, are not."""
    rng = np.random.default_rng(8)
    rows = []
    for item in range(1200):
        truth = rng.integers(3)
        for rater in rng.choice(20, 3, replace=False):
            right = {0: 0.4, 1: 1.1 - 1.2 * item / 1200}.get(int(rater), 0.85)
            own = truth if rng.random() < right else rng.integers(3)
            rows.append((f"i{item:03}", f"r{rater:02}", "abc"[own], NOON + item * WEEK / 120, "abc"[truth]))
    frame = pd.DataFrame(rows, columns=["item", "annotator", "value", "created", "truth"])
    right = dict(zip(frame["item"], frame["truth"], strict=True))
    found = {card.annotator: card for card in cards(frame.drop(columns="truth"), right)}
    assert {"agrees_less", "less_accurate"} <= set(found["r00"].flags)
    assert "agreement_falls" in found["r01"].flags
    assert sum(bool(card.flags) for card in found.values()) <= 4
    low = found["r00"].estimates["agreement"]
    assert low.high < found["r00"].of_group["agreement"]
    few = cards(frame[frame["item"] < "i100"].drop(columns="truth"), right)
    assert all(card.flags == () for card in few if card.items < 30)


def test_cards_are_sorted_by_name_paged_and_never_change_with_the_order_of_rows():
    """There is no rank; a page is a part of all rows, and shuffled judgments give the same, to the last bit."""
    frame = world(9)
    rows = cards(frame)
    assert [card.annotator for card in rows] == sorted(card.annotator for card in rows)
    assert cards(frame, limit=2, offset=3) == rows[3:5]
    assert cards(frame.sample(frac=1, random_state=1)) == rows
    assert [each.run.longest_run_q for each in cards(frame, limit=1)] == [rows[0].run.longest_run_q]


def test_groups_are_apart():
    """By vendor an annotator has a card a vendor; a vendor that is not known is a group too."""
    frame = world(10)
    frame = frame.assign(vendor=np.where(frame["item"] < "i060", "north", None))
    rows = cards(frame, by=["vendor"])
    assert {card.group["vendor"] for card in rows} == {"north", None}
    north = cards(frame[frame["vendor"] == "north"], by=["vendor"])
    known = [card for card in rows if card.group["vendor"] == "north"]
    assert [card.estimates["agreement"].value for card in known] == pytest.approx(
        [card.estimates["agreement"].value for card in north]
    )


@pytest.mark.parametrize(
    ("values", "figure", "value", "reason"),
    [
        ({"r": "ab"}, "agreement", None, "nobody else answered what this annotator answered"),
        ({"r": "a", "s": "a"}, "agreement", 1, "no interval: it takes two items"),
        ({"r": "ab", "s": "ab"}, "agreement", 1, None),
        ({"r": "ab", "s": "ba"}, "agreement", 0, None),
        ({"r": "ab", "s": "ba"}, "drift", None, "fewer than 3 weeks"),
        ({"r": "ab", "s": "ab"}, "accuracy", None, "no answer has a known right one"),
        ({"r": "ab", "s": "ab"}, "consistency", None, "this annotator answered no item twice"),
        ({"r": "ab", "s": "ab"}, "consistency_kappa", None, "this annotator answered no item twice"),
    ],
)
def test_declared_answers(values, figure, value, reason):
    """Where a figure or its interval is undefined the estimate says why."""
    rows = [(f"i{k}", rater, code) for rater, codes in values.items() for k, code in enumerate(codes)]
    estimate = cards(pd.DataFrame(rows, columns=["item", "annotator", "value"]))[0].estimates[figure]
    assert (estimate.value, estimate.undefined) == (value, reason)
    assert (estimate.low is None) == (reason is not None)


@pytest.mark.parametrize(
    ("shares", "reason"),
    [
        ([[1.0, 1.0]] * 4, "no variation: agreement is always full, or never there"),
        ([[0.0, 0.0]] * 2 + [[1.0, 1.0]] * 2, "the slope has no end: agreement changes at one week"),
        ([[1.0, 0.0]] * 2, "fewer than 3 weeks"),
    ],
)
def test_drift_without_an_end_is_declared(shares, reason):
    """Where the slope has no end, or nothing varies, there is none."""
    found = drift(weekly(list(enumerate(shares))), 0.95)
    assert (np.isnan(found.value[0]), found.reasons[0].startswith(reason)) == (True, True)


def test_one_answer_everywhere():
    """Without variation agreement is full with an interval, kappa undefined, and no run is unusual."""
    frame = world(11).assign(value="a")
    for card in cards(frame):
        assert (card.estimates["agreement"].value, card.run.longest_run_p, card.flags) == (1, 1, ())
        assert card.estimates["agreement"].low < 1
        assert card.estimates["consistency_kappa"].undefined.startswith(("no variation", "this annotator"))


def test_the_others_of_a_group():
    """Their share leaves the annotator out, with an interval for other annotators; it takes two of them."""
    part, whole = np.array([9.0, 5.0, 1.0, 0.0]), np.array([10.0, 10.0, 10.0, 0.0])
    value, low, high = others(part, whole, 0.95)
    assert value.tolist() == pytest.approx([0.3, 0.5, 0.7, 0.5])
    assert (low < value).all()
    assert (value < high).all()
    assert np.isnan(others(part[:2], whole[:2], 0.95)[1]).all()


def test_false_discoveries_are_controlled_over_all_groups():
    """Q-values are Benjamini and Hochberg's over all parts; what was not tested stays so."""
    first, second = q_values([np.array([0.01, np.nan]), np.array([0.04, 0.5])])
    assert first.tolist() == pytest.approx([0.03, np.nan], nan_ok=True)
    assert second.tolist() == pytest.approx([0.06, 0.5])
    assert q_values([]) == []


def test_impossible_questions_are_refused():
    """What is not possible is named, with what is; without a question or an answer there is no card."""
    frame = world(12, items=20)
    with pytest.raises(UnknownGrouping):
        cards(frame, by=["colour"])
    with pytest.raises(UndeclaredCategory, match="'c'"):
        cards(frame, codes="ab")
    with pytest.raises(UndeclaredCategory, match="'z'"):
        cards(frame, {"i000": "z"})
    with pytest.raises(ImpossibleInterval):
        cards(frame, level=2)
    table = judgments(frame)
    assert scorecards(table, gold({}), categories={}) == []
    assert scorecards(table.filter(table.item == "none"), gold({}), categories=nominal("abc")) == []


def test_the_api_answers_scorecards(filled: FlaskClient):
    """`GET /v1/annotators` has a card an annotator and question, paged; a second annotation of an item is a repeat."""
    again = [Answer(700 + task, task, 1, "tie", at(9000)) for task in range(1, 9)]
    assert filled.post("/v1/exports", json=export(again), headers=INGEST).status_code == 200
    asked = "/v1/annotators?workflow=preference&question=overall&locale=de-DE"
    rows = filled.get(asked, headers=INGEST).json["rows"]
    assert len(rows) == 3
    assert sorted(row["estimates"]["consistency"]["n_items"] for row in rows) == [0, 0, 8]
    assert all(row["longest_run"] >= 1 and "rank" not in row for row in rows)
    assert filled.get(f"{asked}&limit=1&offset=1", headers=INGEST).json["rows"] == rows[1:2]
    text = filled.get(f"{asked}&format=csv", headers=INGEST).get_data(as_text=True)
    assert text.splitlines()[0].startswith("workflow,question,locale,annotator,answers,items,days,")
    assert filled.get("/v1/annotators?by=colour", headers=INGEST).status_code == 422


def test_a_real_data_set():
    """HateCheck (Röttger et al. 2021): accuracies as counted by hand, and one of ten who errs most and is flagged."""
    frame = data_set("hatecheck_en.parquet").rename(columns={"item_id": "item", "annotator_id": "annotator"})
    right = dict(zip(frame["item"].astype(str), frame["gold"], strict=True))
    hit = (frame["value"] == frame["gold"]).groupby(frame["annotator"]).agg(["sum", "size"])
    found = cards(frame[["item", "annotator", "value"]], right, codes=sorted(frame["value"].unique()))
    for card in found:
        count, known = hit.loc[card.annotator]
        assert (card.right, card.estimates["accuracy"].n_items) == (count, known)
        assert card.estimates["accuracy"].value == pytest.approx((count + 0.5) / (known + 1))
    assert [card.annotator for card in found if "less_accurate" in card.flags] == [hit["sum"].div(hit["size"]).idxmin()]
    assert [card for card in found if "straight_lining" in card.flags] == []
