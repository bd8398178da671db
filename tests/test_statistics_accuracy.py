"""Accuracy, precision, recall, F1 and confusion against a reference: known figures, peers, invariants, answers."""

import json
from datetime import UTC, datetime
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import classification_report, confusion_matrix
from statistics_data import QUESTION, WORKFLOW, data_set, judgments, nominal
from statsmodels.stats.proportion import proportion_confint

import guidelines
from analytics.accuracy import accuracy, counted
from analytics.cli import commands
from analytics.errors import ImpossibleInterval, UndeclaredCategory, UnknownGrouping
from analytics.layouts import in_layout
from analytics.references import gold, met, split
from plugins.simulate.people import Population
from plugins.simulate.plan import LOCALES, Plan
from plugins.simulate.write import write

ITEMS = {
    "item": "string",
    "programme": "string",
    "workflow": "string",
    "gold": "string",
    "arms": "array<struct<target: string, model: string, iteration: string>>",
}
ARM = {"target": "a", "model": "m", "iteration": None}


def items_of(known: dict, arms: dict | None = None):
    """Items with this gold of the question, or with a whole mapping of it."""
    rows = [
        {
            "item": item,
            "programme": "test",
            "workflow": WORKFLOW,
            "gold": json.dumps(each if isinstance(each, dict) else {QUESTION: each}),
            "arms": (arms or {}).get(item),
        }
        for item, each in known.items()
    ]
    return ibis.memtable(rows, schema=ITEMS)


def measured(rows: pd.DataFrame, known: dict, codes="abc", **asked):
    """The figures of these answers against this gold of each item."""
    right = gold(items_of(known))
    return accuracy(laid_out(judgments(rows)), right, reference="gold", categories=nominal(codes), **asked)


class Known:
    """The tables beside the judgments, of which a test gives those that it needs."""

    def __init__(self, **tables):
        self._tables = tables

    def __getattr__(self, name):
        return lambda: self._tables.get(name)


def laid_out(answers):
    """Answers that do not depend on the order of responses."""
    return in_layout(answers, {}, Known())


def of_lists(right, own, raters: int = 3):
    """One answer an item: rows and gold."""
    rows = [(f"i{n}", f"r{n % raters}", value) for n, value in enumerate(own)]
    return pd.DataFrame(rows, columns=["item", "annotator", "value"]), {f"i{n}": code for n, code in enumerate(right)}


def test_an_example_by_hand():
    """Cats, fish and hens: 12 of 25 right; the precisions, recalls and F1 follow from the table."""
    table = np.array([[4, 1, 1], [6, 2, 2], [3, 0, 6]])  # rows are right, columns given
    cells = [(r, o) for r in range(3) for o in range(3) for _ in range(table[r, o])]
    (row,) = measured(*of_lists(["abc"[r] for r, _ in cells], ["abc"[o] for _, o in cells]), over="items")
    assert [list(each.values()) for each in row.confusion.values()] == table.tolist()
    figures = [(each.precision.value, each.recall.value, each.f1.value) for each in row.classes.values()]
    assert np.round(figures, 4).tolist() == [[0.3077, 0.6667, 0.4211], [0.6667, 0.2, 0.3077], [0.6667, 0.6667, 0.6667]]
    assert row.estimates["accuracy"].value == 12 / 25
    assert round(row.estimates["macro_f1"].value, 4) == 0.4651
    assert round(row.estimates["weighted_f1"].value, 4) == 0.4641
    assert (row.reference, row.small, row.n_without_reference) == ("gold", True, 0)


def test_one_answer_an_item_has_wilsons_interval():
    """Newcombe (1998), 81 of 263 and 15 of 148: .2553 to .3662 and .0624 to .1605."""
    for hits, n, ends in ((81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605))):
        (row,) = measured(*of_lists("a" * n, "a" * hits + "b" * (n - hits)), over="items")
        found = row.estimates["accuracy"]
        assert (round(found.low, 4), round(found.high, 4)) == ends
        assert not row.small


lists = st.integers(2, 40).flatmap(lambda n: st.tuples(*[st.lists(st.sampled_from("abc"), min_size=n, max_size=n)] * 2))


@given(lists)
@settings(max_examples=10, deadline=None)
def test_figures_are_those_of_scikit_learn(both):
    """Table, classes and means, with categories that nothing is, or that nobody gave, as scikit-learn has them."""
    right, own = both
    (row,) = measured(*of_lists(right, own))
    assert [list(each.values()) for each in row.confusion.values()] == confusion_matrix(
        right, own, labels=list("abc")
    ).tolist()
    peer = classification_report(right, own, output_dict=True, zero_division=0.0)
    assert row.estimates["accuracy"].value == pytest.approx(np.mean(np.array(right) == np.array(own)))
    for how, name in (("macro", "precision"), ("macro", "recall"), ("macro", "f1"), ("weighted", "f1")):
        figure = "f1-score" if name == "f1" else name
        assert row.estimates[f"{how}_{name}"].value == pytest.approx(peer[f"{how} avg"][figure])
    assert row.estimates["weighted_precision"].value == pytest.approx(peer["weighted avg"]["precision"])
    for code in set(right) | set(own):
        found = row.classes[code]
        values = found.precision.value or 0.0, found.recall.value or 0.0, found.f1.value
        assert values == pytest.approx([peer[code][name] for name in ("precision", "recall", "f1-score")])


grids = arrays(np.int64, st.tuples(st.integers(2, 8), st.integers(2, 5)), elements=st.integers(-1, 2))


def of_grid(grid: np.ndarray, codes: str = "abc"):
    """Items × annotators, the first column being gold; -1 is missing."""
    rows = [(f"i{i}", f"r{r}", codes[own]) for (i, r), own in np.ndenumerate(grid[:, 1:]) if own >= 0]
    known = {f"i{i}": codes[right] for i, right in enumerate(grid[:, 0]) if right >= 0}
    return pd.DataFrame(rows, columns=["item", "annotator", "value"]), known


@given(grids, st.permutations("abc"), st.sampled_from(["items", "items_and_raters"]))
@settings(max_examples=10, deadline=None)
def test_names_and_order_do_not_matter(grid, codes, over):
    """Relabelled categories, and items and annotators in another order, give the same estimates."""
    rows, known = of_grid(grid)
    if rows.empty or not known:
        return
    (row,) = measured(rows, known, over=over)
    moved = np.column_stack([grid[::-1, :1], grid[::-1, :0:-1]])
    (other,) = measured(*of_grid(moved, "".join(codes)), over=over)
    for name, found in row.estimates.items():
        same = other.estimates[name]
        assert (found.undefined, found.n_items, found.n_annotators) == (
            same.undefined,
            same.n_items,
            same.n_annotators,
        )
        for end in ("value", "low", "high"):
            assert getattr(found, end) == (None if getattr(same, end) is None else pytest.approx(getattr(same, end)))


@given(grids)
@settings(max_examples=10, deadline=None)
def test_a_copy_of_the_items_changes_no_value_and_narrows_intervals(grid):
    """Every item twice: the same figures, an interval over items that is no wider."""
    rows, known = of_grid(grid)
    if rows.empty or not known:
        return
    (row,) = measured(rows, known, over="items")
    twice = pd.concat([rows, rows.assign(item="copy " + rows["item"])])
    (other,) = measured(twice, known | {f"copy {item}": code for item, code in known.items()}, over="items")
    for name, found in row.estimates.items():
        value = other.estimates[name].value
        assert found.value == (None if value is None else pytest.approx(value))
    found, same = row.estimates["accuracy"], other.estimates["accuracy"]
    if found.low is not None:
        assert same.high - same.low <= found.high - found.low + 1e-9


def test_the_interval_of_macro_f1_is_the_jackknife_over_items():
    """Leaving out each item in turn, all over again, gives the variance that the counts give."""
    drawn = np.random.default_rng(7)
    grid = np.column_stack([drawn.integers(0, 3, 12), drawn.integers(-1, 3, (12, 4))])
    grid[:, 1] = grid[:, 0]
    (row,) = measured(*of_grid(grid), over="items")
    values = [
        measured(*of_grid(np.delete(grid, n, axis=0)), over="items")[0].estimates["macro_f1"].value for n in range(12)
    ]
    spread = (11 / 12 * np.sum((values - np.mean(values)) ** 2)) ** 0.5
    found = row.estimates["macro_f1"]
    reach = 2.200985 * spread / (found.value * (1 - found.value))
    ends = 1 / (1 + np.exp(-(np.log(found.value / (1 - found.value)) + np.array([-reach, reach]))))
    assert (found.low, found.high) == pytest.approx(tuple(ends), abs=1e-4)


@pytest.mark.simulation
@pytest.mark.parametrize("spread", [0.0, 0.6])
def test_intervals_hold_the_truth(spread):
    """Items of unequal difficulty; annotators of equal skill, or of unequal skill and over them: about 95 in 100."""
    drawn, parts, known = np.random.default_rng(3), [], {}
    for study in range(100):
        skill = drawn.normal(1.2, spread, 12)
        chance = 1 / (1 + np.exp(-(skill[None, :] + drawn.normal(0, 1, (60, 1)))))
        own = np.where(drawn.random(chance.shape) < 0.5, -1, drawn.random(chance.shape) < chance)
        rows, gold_of = of_grid(np.column_stack([np.ones(60, int), own]))
        parts.append(rows.assign(item=f"{study} " + rows["item"], batch=str(study)))
        known |= {f"{study} {item}": code for item, code in gold_of.items()}
    truth = np.mean(1 / (1 + np.exp(-drawn.normal(1.2, (1 + spread**2) ** 0.5, 100_000))))
    found = measured(pd.concat(parts), known, by=["batch"], over="items_and_raters" if spread else "items")
    assert len(found) == 100
    shares = [row.estimates["accuracy"] for row in found]
    assert np.mean([each.low < truth < each.high for each in shares]) >= 0.9


def test_hatecheck():
    """HateCheck (Röttger et al. 2021): on 22 items fewer than 4 of 5 annotators agree with gold."""
    rows = data_set("hatecheck_en.parquet").rename(columns={"item_id": "item", "annotator_id": "annotator"})
    known = dict(zip(rows["item"].astype(str), rows["gold"], strict=True))
    codes = sorted(set(rows["gold"]))
    (row,) = measured(rows[["item", "annotator", "value", "locale"]], known, codes)
    assert row.estimates["accuracy"].value == pytest.approx(np.mean(rows["value"] == rows["gold"]))
    assert row.estimates["accuracy"].n_judgments == 19_505
    table, group = (
        laid_out(judgments(rows[["item", "annotator", "value", "locale"]])),
        ["workflow", "question", "locale"],
    )
    _, patterns = counted(met(table, gold(items_of(known)), nominal(codes), group), group, 2)
    assert patterns["items"].sum() == 3_901
    assert patterns.query("hit0 + hit1 < 4")["items"].sum() == 22


def test_gold_of_a_response_is_found_by_its_place():
    """`question@b` is about response b; without a place it is about the item, or about the only response."""
    rows = pd.DataFrame(
        [("i1", "r", "a", "a"), ("i1", "r", "b", "b"), ("i2", "r", "a", "a")],
        columns=["item", "annotator", "value", "target"],
    )
    known = {"i1": {f"{QUESTION}@a": "a", f"{QUESTION}@b": "c"}, "i2": "a"}
    table = items_of(known, {"i2": [ARM]})
    right = gold(table)
    (row,) = accuracy(laid_out(judgments(rows)), right, reference="gold", categories=nominal("abc"))
    assert (row.confusion["a"]["a"], row.confusion["c"]["b"], row.n_without_reference) == (2, 1, 0)


@pytest.mark.parametrize(("reference", "stage"), [("audit", "audit"), ("adjudicated", "adjudicate")])
def test_the_newest_answer_of_a_stage_is_the_reference(reference, stage):
    """Answers are measured by the newest audit or adjudication, which is itself not measured."""
    early, late = pd.Timestamp("2026-11-02", tz="UTC"), pd.Timestamp("2026-11-03", tz="UTC")
    rows = pd.DataFrame(
        [("i1", "r1", "a", "annotate", early), ("i1", "x", "b", stage, early), ("i1", "y", "a", stage, late)],
        columns=["item", "annotator", "value", "stage", "updated"],
    )
    left, right = split(judgments(rows), Known(), {}, reference)
    (row,) = accuracy(left, right, reference=reference, categories=nominal("abc"))
    assert (row.confusion["a"]["a"], row.reference, row.estimates["accuracy"].n_judgments) == (1, reference, 1)


def test_what_the_data_does_not_allow_is_declared():
    """Nothing, no gold, one item, one annotator, all right, one category, a category that does not occur."""
    assert measured(of_lists("a", "a")[0].iloc[:0], {}) == []
    (row,) = measured(of_lists("aa", "ab")[0], {})
    assert row.estimates["accuracy"].undefined == row.estimates["macro_f1"].undefined == "no answer has a reference"
    assert row.n_without_reference == 2
    (row,) = measured(*of_lists("a", "b"), over="items")
    assert row.estimates["accuracy"].undefined.startswith("no interval: it takes two items")
    (row,) = measured(*of_lists("aabb", "abab", raters=1))
    assert row.estimates["accuracy"].value == 0.5
    assert row.estimates["accuracy"].low is None
    (row,) = measured(*of_lists("a" * 20, "a" * 20), over="items")
    ends = proportion_confint(20, 20, method="wilson")
    assert (row.estimates["accuracy"].low, row.estimates["accuracy"].high) == pytest.approx(ends)
    assert row.estimates["macro_f1"].undefined.startswith("no interval: it is 1")
    assert row.classes["b"].precision.undefined == "no answer is this one"
    assert row.classes["b"].recall.undefined == "this is nowhere the right answer"
    assert row.classes["b"].f1.undefined == "it is neither right nor given anywhere"


def test_answers_count_within_their_group():
    """By vendor there is a row a vendor, with its own answers, sorted."""
    rows, known = of_lists("aaaa", "aabb")
    found = measured(rows.assign(vendor=["south", "north", "south", "north"]), known, by=["vendor"])
    assert [(row.group["vendor"], row.estimates["accuracy"].value) for row in found] == [("north", 0.5), ("south", 0.5)]


def test_what_is_wrong_is_said():
    """Undeclared answers and gold, groupings and intervals that there are not."""
    rows, known = of_lists("aab", "abb")
    with pytest.raises(UndeclaredCategory, match="'b'"):
        measured(rows, {}, "a")
    with pytest.raises(UndeclaredCategory, match="'z'"):
        measured(rows, {"i0": "z"})
    with pytest.raises(UnknownGrouping, match="shift"):
        measured(rows, known, by=["shift"])
    with pytest.raises(ImpossibleInterval):
        measured(rows, known, over="raters")


def test_the_command_measures_a_store_by_its_gold(tmp_path: Path) -> None:
    """Simulated answers, measured against the truth they were made from, are right as often as they are right."""
    people = Population(skill=0.8, skill_sd=0.1, bias=0.0, bias_sd=0.2, drift=0.0, drift_sd=0.0)
    workflow = guidelines.load().workflows["preference"]
    write(Plan(workflow, LOCALES[:1], 12, 20, 3, 4, people, datetime(2026, 1, 5, tzinfo=UTC), 7), tmp_path)
    truth = pd.read_parquet(tmp_path / "truth.parquet").query("question == 'overall'").set_index("item")["value"]
    items = pq.read_table(tmp_path / "items.parquet")
    known = [json.dumps({"overall": truth[item]}) for item in items["item"].to_pylist()]
    place = items.schema.get_field_index("gold")
    pq.write_table(items.set_column(place, "gold", pa.array(known, pa.string())), tmp_path / "items.parquet")
    own = pd.read_parquet(tmp_path / "judgments.parquet").query("question == 'overall'")
    named = {command.name: command for command in commands}
    store = ["--data", str(tmp_path / "store")]
    CliRunner().invoke(named["load"], [str(tmp_path), *store], catch_exceptions=False)
    asked = [*store, "--question", "overall", "--format", "json"]
    (row,) = json.loads(CliRunner().invoke(named["accuracy"], asked, catch_exceptions=False).output)["rows"]
    assert row["reference"] == "gold"
    assert row["estimates"]["accuracy"]["value"] == pytest.approx((own["value"] == own["item"].map(truth)).mean())
