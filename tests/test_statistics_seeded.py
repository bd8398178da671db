"""Seeded errors: which of the errors that were put into responses on purpose annotators mark."""

import json

import ibis
import pandas as pd
import pytest
from analytics_bodies import INGEST, at, manifest, marked
from hypothesis import given, settings
from hypothesis import strategies as st
from statistics_data import NOON
from statsmodels.stats.proportion import proportion_confint

from analytics.cli import commands
from analytics.errors import ImpossibleInterval, UnknownGrouping
from analytics.seeded import seeded

pytest_plugins = ["analytics_fixtures"]

KEY = ("fluency_review", "errors")
SAME = {"source": "ls", "project": "1", "workflow": KEY[0], "question": KEY[1], "target": "a"}
SEED = {"start": 10, "end": 14, "text": "take", "category": "grammar", "severity": "minor"}


def answers(*looks: tuple[str, str, str], **more):
    """Judgments: annotation, item and annotator each; other columns as usual, or one value a look."""
    names = ["annotation", "item", "annotator"]
    rows = pd.DataFrame(looks, columns=names).assign(**SAME, value="marked", locale="de-DE", updated=NOON)
    schema = dict.fromkeys(rows.columns.union(list(more)), "string") | {"updated": "timestamp('UTC')"}
    return ibis.memtable(rows.assign(**more)[list(schema)], schema=schema)


def marks(*found: tuple[str, int, int, str, str]):
    """Spans: annotation, start, end, category and severity each."""
    columns = ["annotation", "start", "end", "category", "severity"]
    rows = pd.DataFrame(found, columns=columns).assign(**SAME)
    schema = dict.fromkeys(rows.columns, "string") | {"start": "int64", "end": "int64"}
    return ibis.memtable(rows, schema=schema)


def items(**seeds: list[dict]):
    """Items with these seeded errors."""
    rows = [{"item": item, "workflow": KEY[0], "seeded_errors": json.dumps(each)} for item, each in seeds.items()]
    return ibis.memtable(rows, schema=dict.fromkeys(("item", "workflow", "seeded_errors"), "string"))


def found(*given_, **more):
    """The rows by category."""
    return {row.category: row for row in seeded(*given_, questions=[KEY], **more)}


def test_an_example_by_hand():
    """A mark finds an error if it has a character of it; its category and severity are judged apart."""
    looks = answers(("n1", "i1", "r1"), ("n2", "i1", "r2"), ("n3", "i2", "r1"), ("n4", "other", "r1"))
    seeds = items(i1=[SEED, {**SEED, "start": 20, "end": 22, "category": "spelling"}], i2=[SEED])
    made = marks(
        ("n1", 13, 18, "grammar", "major"),
        ("n1", 13, 14, "spelling", "major"),
        ("n1", 22, 23, "spelling", "minor"),
        ("n3", 0, 40, "spelling", "minor"),
        ("n4", 10, 14, "grammar", "minor"),
    )
    rows = found(looks, made, seeds)
    assert {name: (row.found.value, row.found.n_judgments) for name, row in rows.items()} == {
        None: (2 / 5, 5),
        "grammar": (2 / 3, 3),
        "spelling": (0, 2),
    }
    assert (rows[None].category_right.value, rows[None].severity_right.value) == (0.5, 0.5)
    assert rows["spelling"].category_right.undefined == "none was found"


def test_touching_is_not_overlapping():
    """A mark that ends where the error starts, or starts where it ends, has no character of it."""
    looks = answers(*((f"n{n}", f"i{n}", "r1") for n in range(4)))
    ends = [(6, 10), (14, 16), (9, 11), (13, 15)]
    made = marks(*((f"n{n}", *each, "grammar", "minor") for n, each in enumerate(ends)))
    rows = found(looks, made, items(**{f"i{n}": [SEED] for n in range(4)}), over="items")
    assert rows[None].found.value == 0.5


def test_one_error_an_item_has_wilsons_interval():
    """81 of 263 found: Newcombe's (1998) .2553 to .3662."""
    looks = answers(*((f"n{n}", f"i{n}", f"r{n % 9}") for n in range(263)))
    made = marks(*((f"n{n}", 10, 14, "grammar", "minor") for n in range(81)))
    seeds = items(**{f"i{n}": [SEED] for n in range(263)})
    rows = found(looks, made, seeds, over="items")
    assert (round(rows[None].found.low, 4), round(rows[None].found.high, 4)) == (0.2553, 0.3662)
    assert not rows[None].small
    sure = rows[None].category_right
    assert (sure.low, sure.high) == pytest.approx(proportion_confint(81, 81, method="wilson"))


def test_the_newest_answer_counts():
    """A mark that was taken back, or made in the first version only, finds nothing."""
    looks = answers(("old", "i1", "r1"), ("new", "i1", "r1"), updated=[NOON, NOON + pd.Timedelta(minutes=1)])
    rows = found(looks, marks(("old", 10, 14, "grammar", "minor")), items(i1=[SEED]))
    assert (rows[None].found.value, rows[None].found.n_judgments) == (0, 1)


looked = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans()), min_size=1, unique_by=lambda e: e[:2])


@given(looked, st.randoms())
@settings(max_examples=3, deadline=None)
def test_names_and_order_do_not_matter(drawn, random):
    """Renamed items and annotators, in another order, are found as often, as surely."""
    vendor = []
    looks, made = [], []
    for name, turn in (("first", 0), ("renamed", 9)):
        for item, rater, hit in drawn:
            key = f"{name}{item}-{rater}"
            looks.append((key, f"{name}{abs(turn - item)}", f"r{abs(turn - rater)}"))
            vendor.append(name)
            made += [(key, 12, 13, "grammar", "minor")] * hit
    seeds = items(
        **{f"{name}{abs(turn - item)}": [SEED] for name, turn in (("first", 0), ("renamed", 9)) for item in range(4)}
    )
    order = random.sample(range(len(looks)), len(looks))
    table = answers(*(looks[n] for n in order), vendor=[vendor[n] for n in order])
    rows = [row for row in seeded(table, marks(*made), seeds, questions=[KEY], by=["vendor"]) if row.category is None]
    one, other = ([row.found.value, row.found.low, row.found.high, row.found.n_items] for row in rows)
    assert one == [pytest.approx(each) for each in other]
    assert one[0] == sum(hit for *_, hit in drawn) / len(drawn)


def test_what_the_data_does_not_allow_is_declared():
    """No seeds, no answers, no questions, one item; groupings and intervals that there are not."""
    looks, nothing = answers(("n1", "i1", "r1")), marks()
    assert found(looks, nothing, items()) == {}
    assert found(answers(), nothing, items(i1=[SEED])) == {}
    assert seeded(looks, nothing, items(i1=[SEED]), questions=[]) == []
    row = found(looks, nothing, items(i1=[SEED]))[None]
    assert (row.found.value, row.found.low, row.small) == (0, None, True)
    assert row.found.undefined == "no interval: it takes two items, and over annotators two annotators"
    with pytest.raises(UnknownGrouping, match="shift"):
        found(looks, nothing, items(i1=[SEED]), by=["shift"])
    with pytest.raises(ImpossibleInterval):
        found(looks, nothing, items(i1=[SEED]), over="raters")


def test_the_api_answers(client):
    """What a manifest seeds and an export marks meet in the store; the command has the same name."""
    seed = {**SEED, "start": 0, "end": 3, "text": "Das"}
    item = {"item": "fluency-1", "programme": "test", "workflow": "fluency_review", "locale": "de-DE"}
    item |= {"domain": None, "batch": None, "arms": [{"target": "a", "model": "m", "iteration": None}], "gold": None}
    sent = manifest() | {"items": [item | {"seeded_errors": json.dumps([seed])}]}
    assert client.post("/v1/manifests", json=sent, headers=INGEST).status_code == 200
    tasks = [marked(1, 1, 1, ["grammar"], at(1)), marked(2, 1, 2, [], at(2))]
    assert client.post("/v1/exports", json=tasks, headers=INGEST).status_code == 200
    rows = client.get("/v1/errors/seeded", headers=INGEST).json["rows"]
    assert [(row["category"], row["found"]["value"]) for row in rows] == [(None, 0.5), ("grammar", 0.5)]
    assert rows[0]["severity_right"]["value"] == 0  # marked as major
    assert "seeded" in {command.name for command in commands}
