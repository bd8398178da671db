"""Consensus: published and peers' figures, invariants, worlds of known truth, and the declared answers."""

import numpy as np
import pandas as pd
import pytest
from analytics_bodies import INGEST
from crowdkit.aggregation import MACE, DawidSkene, MajorityVote, OneCoinDawidSkene
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statistics_data import data_set, judgments, nominal

from analytics.consensus.answers import METHODS, answers, certainties, consensus
from analytics.consensus.fitting import fit
from analytics.consensus.models import MODELS, NOTHING, Prior
from analytics.consensus.votes import Votes, votes
from analytics.errors import ImpossibleMetric, UndeclaredCategory, UnknownGrouping

pytest_plugins = ["analytics_fixtures"]

CODES = "abcd"


def as_votes(rows: pd.DataFrame, size: int) -> Votes:
    """Rows (task, worker, label) of numbers as votes, repeated ones kept."""
    rows = rows.sort_values(["task", "worker"])
    tasks, unit = np.unique(rows["task"], return_inverse=True)
    workers, rater = np.unique(rows["worker"], return_inverse=True)
    names = tasks.astype(str).astype(object)
    own = rows["label"].to_numpy(np.int64)
    return Votes({}, size, names, names, workers.astype(str).astype(object), unit, rater, own)


def world(
    seed: int,
    items: int = 800,
    raters: int = 40,
    size: int = 4,
    each: int = 3,
    skill: tuple[float, float] = (0.4, 0.95),
    prevalence: tuple[float, ...] | None = None,
    spammers: float = 0.0,
    pull: float = 0.0,
    hard: float = 0.0,
) -> tuple[np.ndarray, pd.DataFrame]:
    """The truth, and votes of annotators of uneven skill as rows (task, worker, label).

    A share `spammers` answers by habit whatever the truth; all others are drawn to answer 0 by up to `pull`; on a share
    `hard` of the items everybody guesses half of the time.
    """
    rng = np.random.default_rng(seed)
    truth = rng.choice(size, items, p=prevalence)
    right = rng.uniform(*skill, raters)[:, None, None]
    confusion = np.where(np.eye(size, dtype=bool), right, (1 - right) / (size - 1))
    drawn = rng.beta(2, 2, (raters, size, 1)) * pull
    confusion = confusion * (1 - drawn) + drawn * (np.arange(size) == 0)
    spams = rng.random(raters) < spammers
    confusion[spams] = rng.dirichlet(np.full(size, 0.3), (spams.sum(), 1))
    worker = rng.random((items, raters)).argsort(axis=1)[:, :each].ravel()
    task = np.repeat(np.arange(items), each)
    chances = confusion[worker, truth[task]]
    guessed = (rng.random(items) < hard)[task][:, None]
    chances = np.where(guessed, chances / 2 + 0.5 / size, chances)
    label = (chances.cumsum(axis=1) > rng.random(len(task))[:, None] * chances.sum(axis=1, keepdims=True)).argmax(
        axis=1
    )
    return truth, pd.DataFrame({"task": task, "worker": worker, "label": label})


WORLDS = {
    "balanced": {},
    "two answers": {"size": 2, "skill": (0.55, 0.95)},
    "skewed": {"prevalence": (0.85, 0.05, 0.05, 0.05)},
    "spammers": {"spammers": 0.4, "each": 5, "skill": (0.7, 0.95)},
    "asymmetric bias": {"pull": 0.8, "each": 5, "skill": (0.7, 0.95)},
    "few judgments an annotator": {"raters": 240},
    "hard items": {"hard": 0.4, "each": 5, "skill": (0.6, 0.95)},
    "ten answers": {"size": 10},
}


def doctors() -> Votes:
    """Dawid & Skene 1979, table 1: 45 patients, five anaesthetists, one of whom rated each patient three times."""
    rows = data_set("dawid_skene_1979.csv").rename(columns={"item_id": "task", "annotator_id": "worker"})
    return as_votes(rows.assign(label=rows["value"].astype(int) - 1), 4)


def test_the_published_estimates_of_dawid_and_skene():
    """Without a prior, the published prevalences and the first observer's confusion come out to two digits."""
    found = fit(doctors(), "dawid_skene", prior=NOTHING, tolerance=1e-8)
    assert found.prevalence.round(2).tolist() == [0.40, 0.42, 0.11, 0.07]
    published = [[0.89, 0.11, 0, 0], [0.07, 0.88, 0.05, 0], [0, 0.34, 0.66, 0], [0, 0, 0.56, 0.44]]
    assert found.confusion[0].round(2).tolist() == published


@pytest.mark.parametrize("seed", range(3))
def test_unsmoothed_dawid_skene_is_that_of_crowd_kit(seed):
    """From the same start, without a prior, posteriors equal those of crowd-kit."""
    _, rows = world(seed, items=300, raters=12)
    ours = fit(as_votes(rows, 4), "dawid_skene", prior=NOTHING, tolerance=0, rounds=60)
    theirs = DawidSkene(n_iter=60, tol=-np.inf).fit(rows).probas_.sort_index()
    assert ours.posterior == pytest.approx(theirs[range(4)].to_numpy(), abs=1e-3)


def test_unsmoothed_one_coin_is_that_of_crowd_kit():
    """Without a prior, the posteriors of one-coin equal those of crowd-kit."""
    _, rows = world(1, items=300, raters=12)
    ours = fit(as_votes(rows, 4), "one_coin", prior=NOTHING, tolerance=0, rounds=60)
    theirs = OneCoinDawidSkene(n_iter=60, tol=-np.inf).fit(rows).probas_.sort_index()
    assert ours.posterior == pytest.approx(theirs[range(4)].to_numpy(), abs=1e-3)


def share_right(labels: np.ndarray, truth: np.ndarray) -> float:
    """The share of items whose label is the truth."""
    return float((labels == truth).mean())


def ours(rows: pd.DataFrame, size: int, method: str) -> np.ndarray:
    """The most probable labels by one of our methods, by task."""
    return fit(as_votes(rows, size), method).posterior.argmax(axis=1)


def theirs(rows: pd.DataFrame, peer: DawidSkene | OneCoinDawidSkene | MACE | MajorityVote) -> np.ndarray:
    """The labels by an aggregation of crowd-kit, by task."""
    return peer.fit_predict(rows).sort_index().to_numpy()


@pytest.mark.parametrize("name", WORLDS)
def test_dawid_skene_is_at_least_as_accurate_as_that_of_crowd_kit_and_as_the_majority(name):
    """In worlds of known truth, our default is right as often as crowd-kit's and as the majority, or oftener."""
    found: dict[str, list[float]] = {"ours": [], "theirs": [], "majority": []}
    for seed in range(2):
        truth, rows = world(seed, **WORLDS[name])
        found["ours"].append(share_right(ours(rows, WORLDS[name].get("size", 4), "dawid_skene"), truth))
        found["theirs"].append(share_right(theirs(rows, DawidSkene()), truth))
        found["majority"].append(share_right(theirs(rows, MajorityVote()), truth))
    mean = {method: np.mean(shares) for method, shares in found.items()}
    assert mean["ours"] >= max(mean["theirs"], mean["majority"]) - 0.002, mean


@pytest.mark.simulation
@pytest.mark.parametrize("name", ["balanced", "spammers", "asymmetric bias"])
@pytest.mark.parametrize("method", ["one_coin", "mace"])
def test_one_coin_and_mace_are_as_accurate_as_those_of_crowd_kit(method, name):
    """In worlds of known truth, one-coin and MACE are right about as often as crowd-kit's, or oftener."""
    truth, rows = world(0, **WORLDS[name])
    peer = {"one_coin": OneCoinDawidSkene(), "mace": MACE(n_restarts=1)}[method]
    assert share_right(ours(rows, 4, method), truth) >= share_right(theirs(rows, peer), truth) - 0.005


grids = arrays(np.int64, st.tuples(st.integers(2, 10), st.integers(2, 5)), elements=st.integers(-1, 3)).filter(
    lambda grid: (grid >= 0).any()
)


def as_rows(grid: np.ndarray) -> pd.DataFrame:
    """A grid of items × annotators as rows of judgments; -1 is missing."""
    rows = [(f"i{i:03}", f"r{r}", CODES[value]) for (i, r), value in np.ndenumerate(grid) if value >= 0]
    return pd.DataFrame(rows, columns=["item", "annotator", "value"])


def by_item(rows: pd.DataFrame, method: str) -> dict[str, dict[str, float]]:
    """The probabilities of each item."""
    return {row.item: row.probabilities for row in consensus(judgments(rows), categories=nominal(CODES), method=method)}


def posterior(grid: np.ndarray, method: str, **asked: float | Prior) -> np.ndarray:
    """The posterior of each item of a grid that has judgments, in order."""
    task, worker = np.nonzero(grid >= 0)
    rows = pd.DataFrame({"task": task, "worker": worker, "label": grid[task, worker]})
    return fit(as_votes(rows, len(CODES)), method, **asked).posterior


@pytest.mark.parametrize("method", MODELS)
@settings(max_examples=30, deadline=None)
@given(grid=grids, data=st.data())
def test_relabelling_and_order_change_nothing(method, grid, data):
    """Renaming the answers, and shuffling items and annotators, leaves every probability as it is."""
    codes = np.array(data.draw(st.permutations(range(4))))
    items = data.draw(st.permutations(range(len(grid))))
    raters = data.draw(st.permutations(range(grid.shape[1])))
    moved = np.where(grid >= 0, codes[grid], -1)[items][:, raters]
    rated = (grid >= 0).any(axis=1)
    place = np.cumsum(rated) - 1
    before = posterior(grid, method, rounds=20)[[place[item] for item in items if rated[item]]]
    assert posterior(moved, method, rounds=20)[:, codes] == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize("method", MODELS)
@settings(max_examples=30, deadline=None)
@given(grid=grids)
def test_every_posterior_sums_to_one_and_gives_nothing_to_answers_that_nobody_gave(method, grid):
    """Probabilities are probabilities."""
    found = posterior(grid, method)
    assert found.sum(axis=1) == pytest.approx(1)
    assert (found >= 0).all()
    assert (found[:, [code for code in range(4) if code not in grid]] == 0).all()


@pytest.mark.parametrize("method", ["dawid_skene", "one_coin"])
@settings(max_examples=30, deadline=None)
@given(grid=grids)
def test_doubling_every_item_changes_nothing_without_a_prior(method, grid):
    """Twice the same items tell no more of annotators than once, unless a prior is weighed against them."""
    once = posterior(grid, method, prior=NOTHING, rounds=5)
    twice = posterior(np.vstack([grid, grid]), method, prior=NOTHING, rounds=5)
    assert twice[: len(once)] == pytest.approx(once, abs=0.05 if method == "one_coin" else 0.005)  # 0 is never quite 0


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_rows_does_not_change_a_digit(method):
    """The same judgments in another order give the same rows, to the last bit."""
    rows = as_rows(np.random.default_rng(2).integers(-1, 4, (60, 6)))
    found = [
        consensus(judgments(rows.sample(frac=1, random_state=seed)), categories=nominal(CODES), method=method)
        for seed in range(2)
    ]
    assert found[0] == found[1]


def test_majority_declares_ties():
    """Three votes against one win with certainty 3/4; two against two have no answer but two that are tied."""
    rows = as_rows(np.array([[0, 0, 0, 1], [2, 1, 2, 1]]))
    even, clear = consensus(judgments(rows), categories=nominal(CODES), method="majority")
    assert (clear.item, clear.answer, clear.tied, clear.certainty, clear.settled) == ("i000", "a", (), 0.75, False)
    assert (even.item, even.answer, even.tied, even.certainty) == ("i001", None, ("b", "c"), 0.5)
    assert (even.probabilities, even.n_judgments) == ({"b": 0.5, "c": 0.5}, 4)


@pytest.mark.parametrize("method", METHODS)
def test_unanimous_annotators_are_believed_though_never_wholly(method):
    """Where all always agree the answer is theirs; models keep a doubt that more items would lessen."""
    grid = np.repeat(np.arange(40) % 3, 3).reshape(40, 3)
    found = consensus(judgments(as_rows(grid)), categories=nominal(CODES), method=method)
    assert {row.item: row.answer for row in found} == {f"i{i:03}": CODES[i % 3] for i in range(40)}
    assert all(row.settled for row in found)
    assert (found[0].certainty == 1) == (method == "majority")


@pytest.mark.parametrize("method", METHODS)
def test_one_answer_everywhere_is_the_answer(method):
    """No other answer is known, so none is probable."""
    found = consensus(judgments(as_rows(np.zeros((5, 3), int))), categories=nominal(CODES), method=method)
    assert {(row.answer, row.certainty, row.settled) for row in found} == {("a", 1.0, True)}


@pytest.mark.parametrize("method", MODELS)
def test_without_an_item_that_two_annotated_certainty_is_undefined(method):
    """How often annotators err cannot be learnt: the only vote is the answer, and its certainty unknown."""
    rows = as_rows(np.array([[0, -1], [-1, 1]]))
    found = consensus(judgments(rows), categories=nominal(CODES), method=method)
    assert [(row.answer, row.certainty, row.settled) for row in found] == [("a", None, False), ("b", None, False)]
    assert {row.undefined for row in found} == {"no item has two annotators: how often they err cannot be known"}
    (group,) = certainties(judgments(rows), categories=nominal(CODES), method=method)
    assert (group.certainty.value, group.settled.value) == (None, None)
    assert "two annotators" in group.settled.undefined


def test_nothing_to_answer_is_an_empty_list():
    """No questions, or no answers to them, give no rows."""
    rows = judgments(as_rows(np.zeros((2, 2), int)))
    assert consensus(rows, categories={}) == []
    assert consensus(rows.filter(rows.item == "none"), categories=nominal(CODES)) == []
    assert certainties(rows.filter(rows.item == "none"), categories=nominal(CODES)) == []


def test_bad_input_is_named():
    """An unknown method or grouping, and an answer that is not declared, are errors of their own."""
    rows = judgments(as_rows(np.zeros((2, 2), int)))
    with pytest.raises(ImpossibleMetric, match="glad"):
        consensus(rows, categories=nominal(CODES), method="glad")
    with pytest.raises(UnknownGrouping):
        consensus(rows, categories=nominal(CODES), by=("model",))
    with pytest.raises(UndeclaredCategory, match="'a'"):
        consensus(rows, categories=nominal("xy"))


def test_each_group_is_fitted_on_its_own():
    """The answers of a locale are the same with and without another locale beside it."""
    grids_of = {
        locale: np.random.default_rng(seed).integers(-1, 4, (40, 5)) for seed, locale in enumerate(("ar", "de"))
    }
    rows = pd.concat([as_rows(grid).assign(locale=locale) for locale, grid in grids_of.items()])
    both = consensus(judgments(rows), categories=nominal(CODES))
    alone = consensus(judgments(rows[rows["locale"] == "de"]), categories=nominal(CODES))
    assert [row for row in both if row.group["locale"] == "de"] == alone


def test_the_newest_answer_of_an_annotator_counts():
    """A correction takes the place of what it corrects."""
    rows = as_rows(np.array([[0, 0], [1, 1]]))
    later = rows.head(1).assign(value="c", updated=pd.Timestamp("2026-12-01", tz="UTC"))
    earlier = rows.assign(updated=pd.Timestamp("2026-11-01", tz="UTC"))
    (group,) = votes(judgments(pd.concat([earlier, later])), nominal(CODES))
    assert group.own.tolist() == [2, 0, 1, 1]


def test_rows_come_the_least_certain_first_and_in_pages():
    """Pages put together are the whole list."""
    table = judgments(as_rows(np.random.default_rng(3).integers(-1, 4, (50, 5))))
    whole = consensus(table, categories=nominal(CODES))
    assert [row.certainty for row in whole] == sorted(row.certainty for row in whole)
    pages = [consensus(table, categories=nominal(CODES), limit=20, offset=offset) for offset in (0, 20, 40, 60)]
    assert [row for page in pages for row in page] == whole
    assert [len(page) for page in pages[:2]] == [20, 20]


def test_the_contested_items_are_those_under_a_certainty():
    """With `under` only items whose certainty is below it come, in the same order, and none of unknown certainty."""
    table = judgments(as_rows(np.random.default_rng(3).integers(-1, 4, (50, 5))))
    whole = consensus(table, categories=nominal(CODES))
    contested = consensus(table, categories=nominal(CODES), under=whole[20].certainty)
    assert contested == [row for row in whole if row.certainty < whole[20].certainty]
    assert 0 < len(contested) <= 20
    single = judgments(as_rows(np.array([[0, -1], [-1, 1]])))
    assert consensus(single, categories=nominal(CODES), under=1) == []


def test_the_summary_of_a_group_is_that_of_its_items():
    """The share of settled items and the mean certainty, with intervals around them."""
    table = judgments(as_rows(np.random.default_rng(4).integers(-1, 3, (50, 5))))
    items = consensus(table, categories=nominal(CODES))
    (group,) = certainties(table, categories=nominal(CODES))
    assert group.settled.value == pytest.approx(np.mean([row.settled for row in items]))
    assert group.certainty.value == pytest.approx(np.mean([row.certainty for row in items]))
    assert group.n_tied == sum(bool(row.tied) for row in items)
    assert group.certainty.low < group.certainty.value < group.certainty.high
    assert group.settled.low <= group.settled.value <= group.settled.high
    assert (group.settled.n_items, group.settled.n_annotators) == (len(items), 5)


def test_accuracy_of_annotators_is_a_by_product():
    """With many judgments, the accuracy that is estimated of annotators is near the one they were made with."""
    truth, rows = world(5, items=3000, raters=10)
    found = fit(as_votes(rows, 4), "dawid_skene")
    right = truth[rows["task"]] == rows["label"]
    assert found.accuracy == pytest.approx(right.groupby(rows["worker"]).mean().to_numpy(), abs=0.06)
    assert found.confusion.sum(axis=2) == pytest.approx(1)
    assert found.counts.sum(axis=(1, 2)) == pytest.approx(rows["worker"].value_counts().sort_index().to_numpy())


def test_hatecheck_consensus_beats_each_annotator():
    """On HateCheck (Röttger et al. 2021) consensus answers are gold on more than 99 of 100 items."""
    rows = data_set("hatecheck_en.parquet").rename(columns={"item_id": "item", "annotator_id": "annotator"})
    rows = rows.astype({"value": str, "gold": str})
    gold = rows.drop_duplicates("item").set_index("item")["gold"]
    (group,) = answers(
        judgments(rows[["item", "annotator", "value", "locale"]]), categories=nominal(sorted(set(rows["value"])))
    )
    found = np.array(group.codes)[group.probabilities.argmax(axis=1)]
    assert (found == gold[group.votes.items].to_numpy()).mean() > 0.99


def test_the_api_answers_pages_of_consensus(filled: FlaskClient):
    """`GET /v1/consensus` gives items, the least certain first, and `GET /v1/certainty` their groups."""
    asked = "workflow=preference&question=overall&method=majority"
    whole = filled.get(f"/v1/consensus?{asked}", headers=INGEST).json["rows"]
    page = filled.get(f"/v1/consensus?{asked}&limit=2&offset=1", headers=INGEST).json["rows"]
    assert page == whole[1:3]
    assert {row["method"] for row in whole} == {"majority"}
    groups = filled.get(f"/v1/certainty?{asked}", headers=INGEST).json["rows"]
    assert sum(group["settled"]["n_items"] for group in groups) == len(whole)
    csv = filled.get(f"/v1/consensus?{asked}&format=csv&limit=1", headers=INGEST).text
    assert csv.startswith("workflow,question,locale,item,target,method,answer,tied,certainty,settled,n_judgments")
    contested = filled.get(f"/v1/consensus?{asked}&under=.8", headers=INGEST).json["rows"]
    assert contested == [row for row in whole if row["certainty"] < 0.8]
    assert filled.get("/v1/consensus?under=2", headers=INGEST).status_code == 422
    assert filled.get("/v1/consensus?method=glad", headers=INGEST).status_code == 422
