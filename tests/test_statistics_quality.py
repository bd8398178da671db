"""The MQM score: by hand, against brute force, and its declared answers for degenerate input."""

import ibis
import numpy as np
import pandas as pd
import pytest
from statistics_data import NOON, judgments

from analytics.errors import UnknownGrouping
from analytics.quality import quality

QUESTIONS = [("rating", "errors")]
SPAN_COLUMNS = ["source", "project", "annotation", "question", "target", "category", "weight"]


def reviewed(penalties: pd.DataFrame) -> tuple:
    """Rows (item, annotator, weights) as judgments and spans; one annotation a row."""
    rows = penalties.assign(annotation=[f"n{row}" for row in range(len(penalties))], question="errors", target="a")
    rows = rows.assign(source="ls", project="1", value="marked", created=NOON)
    spans = rows.explode("weights").dropna(subset="weights").rename(columns={"weights": "weight"})
    spans = spans.assign(category="grammar", weight=spans["weight"].astype(float))
    return judgments(rows.drop(columns="weights")), ibis.memtable(spans[SPAN_COLUMNS].astype({"annotation": str}))


def scored(rows: list[tuple[str, str, list[float]]], **asked):
    """The estimate of these rows."""
    table, spans = reviewed(pd.DataFrame(rows, columns=["item", "annotator", "weights"]))
    (row,) = quality(table, spans, questions=QUESTIONS, **asked)
    return row.estimate


def test_the_score_is_the_mean_penalty_and_error_free_annotations_count():
    """Penalties 6, 0, 5 and 0 of four annotations make 2.75 per annotation."""
    rows = [("i1", "r1", [5, 1]), ("i1", "r2", []), ("i2", "r1", [5]), ("i2", "r2", [])]
    estimate = scored(rows)
    assert estimate.value == 2.75
    assert (estimate.n_items, estimate.n_judgments, estimate.n_annotators) == (2, 4, 2)
    assert 0 < estimate.low < 2.75 < estimate.high


def test_without_errors_the_score_is_zero_without_an_interval():
    """Nothing marked is 0, the best score; how far from 0 the truth may be is not claimed."""
    estimate = scored([("i1", "r1", []), ("i2", "r2", [])])
    assert (estimate.value, estimate.low, estimate.undefined) == (0.0, None, "no interval: no error was marked")


def test_one_item_has_a_score_and_no_interval():
    """A single item says nothing of other items."""
    estimate = scored([("i1", "r1", [1]), ("i1", "r2", [5])])
    assert (estimate.value, estimate.low) == (3.0, None)
    assert "two items" in estimate.undefined


def test_one_annotator_has_an_interval_over_items_only():
    """A single annotator says nothing of others: the default interval is withheld, that over items is not."""
    rows = [("i1", "r1", [1]), ("i2", "r1", [5]), ("i3", "r1", [])]
    assert scored(rows).low is None
    assert scored(rows, over="items").low > 0


def test_equal_penalties_everywhere_have_no_interval():
    """Where every annotation has the same penalty there is no variation to build an interval from."""
    estimate = scored([("i1", "r1", [1]), ("i2", "r2", [1])])
    assert (estimate.value, estimate.low) == (1.0, None)
    assert "same penalty" in estimate.undefined


def two_way(seed: int, raters: int) -> pd.DataFrame:
    """Penalties of 40 items by three of these annotators each, with an effect of the item and of the annotator."""
    rng = np.random.default_rng(seed)
    items, strictness = rng.gamma(2, 0.5, 40), rng.gamma(8, 0.125, raters)
    rows = [
        (f"i{i}", f"r{r}", [1.0] * rng.poisson(items[i] * strictness[r]))
        for i in range(40)
        for r in rng.permutation(raters)[:3]
    ]
    return pd.DataFrame(rows, columns=["item", "annotator", "weights"])


@pytest.mark.parametrize("over", ["items", "items_and_raters"])
def test_the_interval_is_that_of_brute_force_clustering(over):
    """The variance from one pass of moments equals the sandwich formula on the single penalties."""
    rows = two_way(3, 8)
    y = rows["weights"].map(sum)
    apart = (y - y.mean()) / len(y)
    sums_of = {by: apart.groupby(rows[by]).sum() for by in ("item", "annotator")}
    part = {by: (each**2).sum() * len(each) / (len(each) - 1) for by, each in sums_of.items()}
    both = max(part["item"] + part["annotator"] - (apart**2).sum(), *part.values())
    table, spans = reviewed(rows)
    (row,) = quality(table, spans, questions=QUESTIONS, over=over, level=0.9)
    found = row.estimate
    half = np.log(found.high / found.low) / 2
    error = (part["item"] if over == "items" else both) ** 0.5 / y.mean()
    assert np.sqrt(found.low * found.high) == pytest.approx(y.mean())
    assert error * 1.64 < half < error * 2.0  # Student's t at 90 %: 1.69 with 39 degrees of freedom, 1.89 with 7


def test_groups_are_separate():
    """Each locale has its own score."""
    rows = pd.DataFrame({"item": ["i1", "i2"], "annotator": "r1", "weights": [[5], [1]], "locale": ["ja-JP", "ar-EG"]})
    table, spans = reviewed(rows)
    found = quality(table, spans, questions=QUESTIONS, by=("locale",))
    assert [(row.group["locale"], row.estimate.value) for row in found] == [("ar-EG", 1.0), ("ja-JP", 5.0)]
    with pytest.raises(UnknownGrouping):
        quality(table, spans, questions=QUESTIONS, by=("model",))


def test_nothing_to_score_is_an_empty_list():
    """No questions, or no judgments of them, give no rows."""
    table, spans = reviewed(pd.DataFrame({"item": ["i1"], "annotator": "r1", "weights": [[5]]}))
    assert quality(table, spans, questions=[]) == []
    assert quality(table, spans, questions=[("rating", "other")]) == []
