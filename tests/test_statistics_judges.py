"""People and models that judge, and the majority of the others: brute force, peers, what must not be compared."""

import json
from collections import Counter
from datetime import UTC, datetime
from types import MappingProxyType

import ibis
import numpy as np
import pandas as pd
import pytest
from analytics_bodies import INGEST
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score
from statistics_data import KEY, QUESTION, WORKFLOW, judgments, nominal

import guidelines
from analytics.accuracy import accuracy, accuracy_by_majority
from analytics.agreement import agreement
from analytics.errors import UndeclaredCategory
from analytics.intervals import SHARE, Variance, interval, two_way
from analytics.judges import judges
from analytics.layouts import in_layout, placed_questions
from analytics.references import REFERENCES, split, suggested
from plugins import frames

pytest_plugins = ["analytics_fixtures"]

grids = arrays(np.int64, st.tuples(st.integers(2, 8), st.integers(2, 6)), elements=st.integers(-1, 2))
MADE = datetime(2026, 11, 1, tzinfo=UTC)


def of_grid(grid) -> pd.DataFrame:
    """Items × annotators: numbers of codes, -1 for none, as rows."""
    rows = [(f"i{i}", f"r{r}", "abc"[own]) for (i, r), own in np.ndenumerate(np.asarray(grid)) if own >= 0]
    return pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(source="tool", project="1")


class Known:
    """The tables beside the judgments: items of one programme, its projects, and what a judge proposed."""

    def __init__(self, proposed: dict, shown=(), programme: str = "p", projects=(("1", "p"),)):
        self._proposed, self._shown = proposed, set(shown)
        self._programme, self._projects = programme, projects

    def items(self):
        """Every item that something was proposed for."""
        about = {"programme": self._programme, "workflow": WORKFLOW}
        return ibis.memtable(frames.table([{"item": item, **about} for item in self._proposed], frames.ITEMS))

    def projects(self):
        """Which programme each project is of."""
        about = {"source": "tool", "workflow": WORKFLOW}
        rows = [{"project": project, "programme": name, **about} for project, name in self._projects]
        return ibis.memtable(frames.table(rows, frames.PROJECTS))

    def layouts(self):
        """Nothing is known of any order."""
        return ibis.memtable(frames.ITEMS.empty_table())

    def suggestions(self):
        """The judge's answers."""
        about = {"question": QUESTION, "target": "item", "helper": "judge", "provider": "aurora 1", "made": MADE}
        rows = [
            {"item": item, "value": code, "shown": item in self._shown, **about}
            for item, code in self._proposed.items()
        ]
        return ibis.memtable(frames.table(rows, frames.SUGGESTIONS)).mutate(programme=ibis.literal(self._programme))


def judged(rows: pd.DataFrame, known: Known, placed=MappingProxyType({}), **asked):
    """How far people agree with the judge."""
    laid_out = in_layout(judgments(rows), placed, known)
    return judges(laid_out, suggested(known, placed), categories=nominal("abc"), **asked)


def against(rows: pd.DataFrame, reference: str, known: Known, placed=MappingProxyType({}), **asked):
    """The answers measured against a reference."""
    if reference == "majority":
        return by_majority(rows, **asked)
    left, right = split(judgments(rows), known, placed, reference)
    return accuracy(left, right, reference=reference, categories=nominal("abc"), **asked)


def by_majority(rows: pd.DataFrame, **asked):
    """The answers measured against the majority of the others."""
    return accuracy_by_majority(in_layout(judgments(rows), {}, Known({})), categories=nominal("abc"), **asked)


@given(grids)
@settings(max_examples=8, deadline=None)
def test_the_majority_of_the_others_is_found(grid):
    """Each answer against the mode of the others on the item, where there is one mode."""
    if (grid < 0).all():
        return
    right, silent = [], 0
    for item in grid:
        for rater in np.flatnonzero(item >= 0):
            votes = Counter(item[(item >= 0) & (np.arange(len(item)) != rater)].tolist()).most_common(2)
            if not votes or (len(votes) == 2 and votes[0][1] == votes[1][1]):
                silent += 1
            else:
                right.append(item[rater] == votes[0][0])
    (row,) = by_majority(of_grid(grid))
    assert (row.n_without_reference, row.reference) == (silent, "majority")
    assert row.estimates["accuracy"].value == (pytest.approx(np.mean(right)) if right else None)
    assert row.estimates["micro_f1"] == row.estimates["weighted_recall"] == row.estimates["accuracy"]


def test_the_majority_is_that_of_the_group():
    """By vendor the others are those of the vendor, as in every row of a report."""
    rows = of_grid([[0, 0, 1, 1]] * 3).assign(vendor=["north", "north", "south", "south"] * 3)
    assert [row.estimates["accuracy"].value for row in by_majority(rows, by=["vendor"])] == [1, 1]
    assert by_majority(rows)[0].estimates["accuracy"].value == 0


def test_who_is_left_out_is_left_out_of_the_others():
    """The interval of macro F1 is the jackknife that computes all anew without each item, annotator and answer."""
    rows = of_grid(np.random.default_rng(3).integers(0, 3, (5, 5)))
    (row,) = by_majority(rows)
    spread = []
    for keys in (["item"], ["annotator"], ["item", "annotator"]):
        left = [rows[~(rows[keys] == each).all(axis=1)] for each in rows[keys].drop_duplicates().to_numpy()]
        values = [by_majority(part)[0].estimates["macro_f1"].value for part in left]
        spread.append((len(values) - 1) / len(values) * np.sum((values - np.mean(values)) ** 2))
    found = row.estimates["macro_f1"]
    variance = two_way(Variance(spread[0], 4), Variance(spread[1], 4), Variance(spread[2], 24))
    assert (found.low, found.high) == pytest.approx(interval(found.value, variance, 0.95, SHARE))


@pytest.mark.simulation
def test_intervals_by_majority_hold_the_truth():
    """Ten annotators of uneven skill: about 95 in 100, though each is a reference to the others too."""
    drawn, parts = np.random.default_rng(4), []
    for number in range(60):
        part = of_grid(study(drawn, 60, 10, drawn.normal(1, 0.5, 10)))
        parts.append(part.assign(batch=str(number), item=f"{number} " + part["item"]))
    (whole,) = by_majority(of_grid(study(drawn, 3000, 300, drawn.normal(1, 0.5, 300))), over="items")
    truth = whole.estimates["accuracy"].value
    shares = [row.estimates["accuracy"] for row in by_majority(pd.concat(parts), by=["batch"])]
    assert np.mean([each.low < truth < each.high for each in shares]) >= 0.9


def study(drawn, items: int, raters: int, skill) -> np.ndarray:
    """Items × annotators: four answers an item, right by the annotators' skill and the item's ease."""
    truth, ease = drawn.integers(0, 3, (items, 1)), drawn.normal(0, 0.7, (items, 1))
    right = drawn.random((items, raters)) < 1 / (1 + np.exp(-(skill[None, :] + ease)))
    given_ = np.where(right, truth, (truth + drawn.integers(1, 3, (items, raters))) % 3)
    return np.where(drawn.random((items, raters)).argsort(axis=1) < 4, given_, -1)


def test_people_and_a_judge_by_hand_and_by_peers():
    """Percent, kappa, alpha and AC1 on pairs of a person and the judge; two people; the judge by the majority."""
    drawn = np.random.default_rng(2)
    grid = drawn.integers(0, 3, (40, 4))
    own = np.where(drawn.random(40) < 0.6, grid[:, 0], drawn.integers(0, 3, 40))
    known = Known({f"i{n}": "abc"[code] for n, code in enumerate(own)})
    (row,) = judged(of_grid(grid), known)
    people, model = grid.ravel(), np.repeat(own, 4)
    found = {name: each.value for name, each in row.estimates.items()}
    assert (row.helper, row.provider, row.small) == ("judge", "aurora 1", False)
    assert found["percent"] == pytest.approx(np.mean(people == model))
    assert found["kappa"] == pytest.approx(cohen_kappa_score(people, model))
    pairs = of_grid(np.column_stack([people, model]))
    (peer,) = agreement(judgments(pairs), categories=nominal("abc"), metrics=["alpha_nominal", "ac1"])
    assert found["alpha_nominal"] == pytest.approx(peer.estimates["alpha_nominal"].value)
    assert found["ac1"] == pytest.approx(peer.estimates["ac1"].value)
    (two,) = agreement(judgments(of_grid(grid)), categories=nominal("abc"), metrics=["percent"])
    assert found["people_percent"] == pytest.approx(two.estimates["percent"].value)
    modes = [Counter(item.tolist()).most_common(2) for item in grid]
    clear = [n for n, each in enumerate(modes) if len(each) == 1 or each[0][1] > each[1][1]]
    assert found["of_majority"] == pytest.approx(np.mean([modes[n][0][0] == own[n] for n in clear]))
    assert row.estimates["of_majority"].n_items == len(clear)
    (measured,) = against(of_grid(grid), "judge", known)
    assert measured.estimates["accuracy"] == row.estimates["percent"]
    assert measured.reference == "judge"


def test_who_saw_a_proposal_is_not_measured_by_it():
    """Items that showed what a helper proposed count nowhere; nor do those without a proposal."""
    rows = of_grid([[0, 0], [1, 1], [2, 2]])
    known = Known({"i0": "a", "i1": "c", "i2": None}, shown=["i1"])
    (row,) = judged(rows, known)
    assert (row.estimates["percent"].value, row.estimates["percent"].n_judgments) == (1, 2)
    (row,) = against(rows, "judge", known)
    assert (row.estimates["accuracy"].n_judgments, row.n_without_reference) == (2, 4)
    assert judged(rows, Known({"i1": "c"}, shown=["i1"])) == []


def test_answers_in_another_order_of_responses_are_not_compared():
    """Where the order matters, audits and proposals of another programme, which drew its own order, are left out."""
    rows = of_grid([[0, 0], [1, 1]])
    audits = of_grid([[0], [1]]).assign(project="2", stage="audit", annotator="x")
    both = pd.concat([rows.assign(stage="annotate"), audits])
    one, two = (Known({}, projects=(("1", "p"), ("2", name))) for name in ("p", "q"))
    for placed, known, compared in (({}, two, 4), ({KEY: {}}, one, 4), ({KEY: {}}, two, 0)):
        (row,) = against(both, "audit", known, placed)
        assert (row.estimates["accuracy"].n_judgments, row.n_without_reference) == (compared, 4 - compared)
    for programme, compared in (("p", 1), ("q", 0)):
        known = Known({"i0": "a"}, programme=programme)
        assert len(judged(rows, known, {KEY: {}})) == compared
        (row,) = against(rows, "judge", known, {KEY: {}})
        assert row.n_without_reference == 4 - 2 * compared


def test_the_order_matters_to_comparisons_and_to_what_is_asked_of_one_response():
    """Preferences, places and answers about one of several responses; not what is asked of the whole item."""
    found = placed_questions(guidelines.load().workflows)
    assert {("preference", "overall"), ("preference", "refusal"), ("ranking", "place")} <= found.keys()
    assert not {("ranking", "distance"), ("response_rating", "overall"), ("preference", "reason")} & found.keys()


def test_what_the_data_does_not_allow_is_declared():
    """No judge, no answer to what it judged, everything the same, no majority, a code that there is not."""
    rows = of_grid([[0, 0], [0, 0]])
    assert judged(rows, Known({})) == []
    assert judged(rows, Known({"elsewhere": "a"})) == []
    (row,) = judged(rows, Known({"i0": "a", "i1": "a"}))
    assert row.estimates["percent"].value == 1
    assert row.estimates["kappa"].undefined == "no variation: every answer is the same"
    assert row.small
    (row,) = judged(of_grid([[0, 1]]), Known({"i0": "a"}))
    assert row.estimates["of_majority"].undefined == "no item has a majority"
    assert row.estimates["percent"].value == 0.5
    with pytest.raises(UndeclaredCategory, match="'z'"):
        judged(rows, Known({"i0": "z"}))
    (row,) = against(of_grid([[0]]), "majority", Known({}))
    assert row.estimates["accuracy"].undefined == "no answer has a reference"


def test_the_api_measures_by_judge_and_majority(app: Flask, filled: FlaskClient) -> None:
    """Proposals that a manifest told are met with the answers of the store."""
    about = {"question": "overall", "target": "item", "helper": "judge", "provider": "aurora 1", "shown": False}
    rows = [{"item": f"item-11-{n}", "value": "tie", "made": MADE.isoformat(), **about} for n in range(1, 9)]
    item = {"programme": "test", "workflow": "preference", "locale": "de-DE"}
    told = {
        "source": "label_studio",
        "projects": [],
        "annotators": [],
        "items": [{"item": row["item"], **item} for row in rows],
        "suggestions": rows,
    }
    answer = filled.post("/v1/manifests", json=told, headers=INGEST)
    assert answer.status_code == 200, json.dumps(answer.json)
    asked = "workflow=preference&question=overall&locale=de-DE"
    (row,) = filled.get(f"/v1/judges?{asked}", headers=INGEST).json["rows"]
    assert (row["helper"], row["estimates"]["percent"]["n_judgments"]) == ("judge", 24)
    for reference in REFERENCES:
        (row,) = filled.get(f"/v1/accuracy?{asked}&reference={reference}", headers=INGEST).json["rows"]
        assert row["reference"] == reference
        known = row["estimates"]["accuracy"]["n_judgments"]
        assert known == {"majority": known, "judge": 24}.get(reference, 0)
        assert known > 0 or reference not in ("majority", "judge")
