"""MQM scores: by hand, against brute force, and the declared answers for degenerate input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reviewed_data import QUESTIONS, reviewed

from analytics.errors import ImpossibleInterval, UnknownGrouping
from analytics.quality import judged, quality


def scored(rows: list[tuple[str, str, list[float]]], words: float | None = 50.0, **asked):
    """The row of these penalties (item, annotator, weights), of responses of 50 words."""
    table = pd.DataFrame(rows, columns=["item", "annotator", "weights"])
    judgments, spans = reviewed(table.assign(words=words).astype({"words": float}))
    (row,) = quality(judgments, spans, questions=QUESTIONS, **asked)
    return row


def test_the_score_is_the_mean_penalty_and_error_free_annotations_count():
    """Penalties 6, 0, 5 and 0 of four annotations of 50 words make 2.75 per annotation and 55 per 1,000 words."""
    row = scored([("i1", "r1", [5, 1]), ("i1", "r2", []), ("i2", "r1", [5]), ("i2", "r2", [])])
    assert (row.estimate.value, row.per_1000_words.value, row.errors_per_1000_words.value) == (2.75, 55.0, 15.0)
    assert (row.n_errors, row.n_repeated, row.n_words, row.n_without_words) == (3, 0, 200.0, 0)
    for each in (row.estimate, row.per_1000_words):
        assert (each.n_items, each.n_judgments, each.n_annotators) == (2, 4, 2)
        assert 0 < each.low < each.value < each.high
    assert row.small


def test_long_responses_weigh_more_per_word():
    """One error in 100 words and none in 900 is 1 per 1,000 words, whatever the number of annotations."""
    rows = pd.DataFrame({"item": ["i1", "i2"], "annotator": ["r1", "r2"], "weights": [[1.0], []], "words": [100, 900]})
    (row,) = quality(*reviewed(rows), questions=QUESTIONS)
    assert (row.per_1000_words.value, row.estimate.value) == (1.0, 0.5)


def test_where_the_length_is_not_known_the_score_per_word_is_undefined():
    """It is said of how many annotations, and the score per annotation is there."""
    row = scored([("i1", "r1", [5]), ("i2", "r2", [])], words=None)
    assert (row.per_1000_words.value, row.per_1000_words.undefined) == (
        None,
        "no manifest told how many words the responses have",
    )
    assert (row.estimate.value, row.n_without_words, row.n_words) == (2.5, 2, 0.0)


def test_a_score_per_word_rests_on_what_has_a_length():
    """An annotation of a response without a length is counted, and its penalty is not set beside other words."""
    rows = pd.DataFrame({"item": ["i1", "i2", "i3"], "annotator": ["r1", "r2", "r3"], "weights": [[5], [1], [25]]})
    (row,) = quality(*reviewed(rows.assign(words=[100.0, 100.0, np.nan])), questions=QUESTIONS)
    assert (row.per_1000_words.value, row.per_1000_words.n_judgments, row.n_without_words) == (30.0, 2, 1)
    assert row.estimate.n_judgments == 3


def test_the_newest_of_an_annotators_answers_counts():
    """Somebody who reviews a response again replaces what they marked before."""
    rows = pd.DataFrame({"item": ["i1", "i1", "i2"], "annotator": ["r1", "r1", "r1"], "weights": [[25], [1], []]})
    later = pd.Timestamp("2026-11-02 12:00", tz="UTC") + pd.to_timedelta([0, 1, 0], unit="s")
    (row,) = quality(*reviewed(rows.assign(words=10.0, updated=later)), questions=QUESTIONS)
    assert (row.estimate.value, row.estimate.n_judgments, row.n_errors) == (0.5, 2, 1)


@pytest.mark.parametrize("over", ["items", "items_and_raters"])
def test_without_errors_the_upper_limit_is_that_of_no_event(over):
    """0 of 4 annotations: at most 3.69 events by Poisson (Garwood 1936), each of the heaviest penalty, 25."""
    row = scored([(f"i{n}", f"r{n % 2}", []) for n in range(4)], over=over)
    assert (row.estimate.value, row.estimate.low, row.estimate.method) == (0.0, 0.0, "Poisson")
    assert row.estimate.high == pytest.approx(25 * 3.688879 / 4)
    assert row.errors_per_1000_words.high == pytest.approx(1000 * 3.688879 / 200)


def test_one_item_has_a_score_and_no_interval():
    """A single item says nothing of other items, even where it is without errors."""
    for weights in ([1], []):
        estimate = scored([("i1", "r1", weights), ("i1", "r2", weights)]).estimate
        assert (estimate.value, estimate.low) == (float(sum(weights)), None)
        assert "two items" in estimate.undefined


def test_one_annotator_has_an_interval_over_items_only():
    """A single annotator says nothing of others: the default interval is withheld, that over items is not."""
    rows = [("i1", "r1", [1]), ("i2", "r1", [5]), ("i3", "r1", [])]
    assert scored(rows).estimate.low is None
    assert scored(rows, over="items").estimate.low > 0


def test_equal_penalties_everywhere_have_no_interval():
    """Where every annotation has the same penalty there is no variation to build an interval from."""
    estimate = scored([("i1", "r1", [1]), ("i2", "r2", [1])]).estimate
    assert (estimate.value, estimate.low) == (1.0, None)
    assert "same penalty" in estimate.undefined


def two_way(seed: int, raters: int, items: int = 40) -> pd.DataFrame:
    """Penalties of items by three of these annotators each, with an effect of the item and of the annotator."""
    rng = np.random.default_rng(seed)
    hard, strictness = rng.gamma(2, 0.5, items), rng.gamma(8, 0.125, raters)
    rows = [
        (f"i{i}", f"r{r}", [1.0] * rng.poisson(hard[i] * strictness[r]), 20.0 + 5 * (i % 7))
        for i in range(items)
        for r in rng.permutation(raters)[:3]
    ]
    return pd.DataFrame(rows, columns=["item", "annotator", "weights", "words"])


@pytest.mark.parametrize("score", ["estimate", "per_1000_words"])
def test_the_variance_is_that_of_brute_force_clustering(score):
    """The variance from one pass of moments equals the sandwich formula on the single penalties."""
    rows = two_way(3, 8)
    y, x = rows["weights"].map(sum), rows["words"] if score == "per_1000_words" else 1.0 + 0 * rows["words"]
    ratio = y.sum() / x.sum()
    apart = (y - ratio * x) / y.sum()
    part = {}
    for by in ("item", "annotator"):
        each = apart.groupby(rows[by]).sum()
        part[by] = (each**2).sum() * len(each) / (len(each) - 1)
    both = max(part["item"] + part["annotator"] - (apart**2).sum(), *part.values())
    found = getattr(quality(*reviewed(rows), questions=QUESTIONS, level=0.9)[0], score)
    half = np.log(found.high / found.low) / 2
    assert np.sqrt(found.low * found.high) == pytest.approx(ratio * (1000 if score == "per_1000_words" else 1))
    assert (
        both**0.5 * 1.68 < half < both**0.5 * 1.90
    )  # Student's t at 90 %: 1.68 with 46 degrees of freedom, 1.89 with 7


def test_a_bootstrap_over_items_is_near_the_linearised_interval():
    """With 400 equal items both methods agree within a tenth of their width; few items are too few to draw from."""
    many = quality(*reviewed(two_way(5, 30, 400)), questions=QUESTIONS, over="items")[0].estimate
    assert many.method == "bootstrap-t"
    y = two_way(5, 30, 400).assign(y=lambda rows: rows["weights"].map(sum)).groupby("item")["y"].sum()
    error = y.std() / y.mean() / len(y) ** 0.5
    assert [many.low, many.high] == pytest.approx(
        [many.value * np.exp(-1.966 * error), many.value * np.exp(1.966 * error)], rel=0.2 * error
    )
    few = quality(*reviewed(two_way(5, 30, 19)), questions=QUESTIONS, over="items")[0].estimate
    assert (few.method, few.n_items) == ("clustered", 19)


def test_more_items_than_blocks_are_dealt_out():
    """600 items are drawn in 500 groups: the same value, and an interval as wide as that of items."""
    rows = two_way(6, 30, 600)
    found = quality(*reviewed(rows), questions=QUESTIONS, over="items")[0].estimate
    y = rows.assign(y=rows["weights"].map(sum)).groupby("item")["y"].sum()
    half = 1.96 * y.std() / y.mean() / len(y) ** 0.5
    assert found.method == "bootstrap-t"
    assert np.log(found.high / found.low) / 2 == pytest.approx(half, rel=0.15)


@settings(max_examples=3, deadline=None, derandomize=True)
@given(st.integers(0, 5), st.sampled_from(["items", "items_and_raters"]))
def test_order_and_names_do_not_matter(seed, over):
    """Rows in another order and annotators under other names give the same figures, bootstrapped ones too."""
    rows = two_way(seed, 6, 25)
    (before,) = quality(*reviewed(rows), questions=QUESTIONS, over=over)
    other = rows.assign(annotator="x" + rows["annotator"]).sample(frac=1, random_state=seed, ignore_index=True)
    (after,) = quality(*reviewed(other), questions=QUESTIONS, over=over)
    for score in ("estimate", "per_1000_words", "errors_per_1000_words"):
        first, second = getattr(before, score), getattr(after, score)
        assert (second.value, second.low, second.high) == pytest.approx((first.value, first.low, first.high))


def test_twice_the_data_has_the_same_score():
    """Copies of all items leave the score, and make its interval narrower."""
    rows = two_way(9, 8)
    both = pd.concat([rows, rows.assign(item="copy of " + rows["item"])], ignore_index=True)
    (one,), (two,) = (quality(*reviewed(each), questions=QUESTIONS, over="items") for each in (rows, both))
    assert two.per_1000_words.value == pytest.approx(one.per_1000_words.value)
    assert two.per_1000_words.high < one.per_1000_words.high


@pytest.mark.simulation
def test_intervals_cover_the_truth():
    """Over 200 simulated studies of 60 items, 95 % intervals over items held the truth in about 95 of 100."""
    rng = np.random.default_rng(1)
    studies = [
        pd.DataFrame({"item": np.arange(60), "hard": rng.gamma(2, 0.5, 60), "locale": f"s{n:03}"}) for n in range(200)
    ]
    rows = pd.concat(studies, ignore_index=True)
    weights = [rng.choice([1.0, 5.0], rng.poisson(each), p=[0.7, 0.3]).tolist() for each in rows["hard"]]
    rows = rows.assign(item=rows["item"].astype(str), annotator="r1", words=40.0, weights=weights)
    found = quality(*reviewed(rows), questions=QUESTIONS, over="items")
    held = [row.estimate.low <= 2.2 <= row.estimate.high for row in found]  # .7 × 1 + .3 × 5
    assert 0.91 <= np.mean(held) <= 0.99


def test_groups_are_separate():
    """Each locale has its own score."""
    rows = pd.DataFrame({"item": ["i1", "i2"], "annotator": "r1", "weights": [[5], [1]], "locale": ["ja-JP", "ar-EG"]})
    table, spans = reviewed(rows.assign(words=10.0))
    found = quality(table, spans, questions=QUESTIONS, by=("locale",))
    assert [(row.group["locale"], row.estimate.value) for row in found] == [("ar-EG", 1.0), ("ja-JP", 5.0)]
    with pytest.raises(UnknownGrouping):
        quality(table, spans, questions=QUESTIONS, by=("model",))
    with pytest.raises(ImpossibleInterval):
        quality(table, spans, questions=QUESTIONS, over="raters")


def test_nothing_to_score_is_an_empty_list():
    """No questions, or no judgments of them, give no rows."""
    table, spans = reviewed(pd.DataFrame({"item": ["i1"], "annotator": "r1", "weights": [[5]], "words": 9.0}))
    assert quality(table, spans, questions={}) == []
    (scale,) = QUESTIONS.values()
    assert quality(table, spans, questions={("rating", "other"): scale}) == []


def test_a_result_needs_the_whole_interval_on_one_side():
    """Scores of 2.2 ± .7 pass at 4, fail at 1, and at 2 or 2.5 nothing is said; a mark is for one measure alone."""
    rows = two_way(3, 8).assign(programme="probe")
    table = reviewed(rows)
    (bare,) = quality(*table, questions=QUESTIONS)
    assert (bare.result, bare.pass_marks) == (None, {})
    low, value, high = bare.estimate.low, bare.estimate.value, bare.estimate.high
    expected = {high: "passed", high * 0.999: "uncertain", value * 0.99: "uncertain"}
    for mark, result in (expected | {low: "uncertain", low * 0.999: "failed"}).items():
        assert judged(bare.estimate, [mark]).result == result
    (row,) = quality(*table, questions=QUESTIONS, marks={("probe", "rating", "per_annotation"): low * 0.999})
    assert (row.result, row.pass_marks) == ("failed", {"per_annotation": judged(bare.estimate, [low * 0.999])})


def test_all_marks_must_be_met():
    """One failed mark fails, one uncertain one leaves it open."""
    rows = reviewed(two_way(3, 8).assign(programme="probe"))
    keys = [("probe", "rating", measure) for measure in ("per_annotation", "per_1000_words")]
    results = [
        quality(*rows, questions=QUESTIONS, marks=dict(zip(keys, marks, strict=True)))[0].result
        for marks in ((100, 1e6), (0, 1e6), (100, 28))
    ]
    assert results == ["passed", "failed", "uncertain"]


def test_programmes_with_different_marks_in_one_row():
    """The interval has to be under or over both; the lower one is shown. Another programme's mark has no say."""
    rows = two_way(3, 8)
    rows = rows.assign(programme=np.where(rows["item"].str.endswith("1"), "one", "two"))
    (row,) = quality(*reviewed(rows), questions=QUESTIONS)
    key, low, high = ("rating", "per_annotation"), row.estimate.low, row.estimate.high
    marks = {("one", *key): high, ("two", *key): low / 2, ("three", *key): 0.0}
    (row,) = quality(*reviewed(rows), questions=QUESTIONS, marks=marks)
    assert (row.result, row.pass_marks["per_annotation"].at_most) == ("uncertain", low / 2)
    apart = quality(*reviewed(rows), questions=QUESTIONS, marks=marks, by=("programme",))
    at_most = [(each.group["programme"], each.pass_marks["per_annotation"].at_most) for each in apart]
    assert at_most == [("one", high), ("two", low / 2)]
    pairs = ((high, high * 2), (low / 2, low * 0.9), (high, low / 2))
    assert [judged(row.estimate, pair).result for pair in pairs] == ["passed", "failed", "uncertain"]


def test_without_an_interval_nothing_passes_or_fails():
    """A single item is uncertain, however far its score is from the mark; flawless work passes once it is enough."""
    one = scored([("i1", "r1", [25]), ("i1", "r2", [25])]).estimate
    assert judged(one, [1.0]).result == "uncertain"
    clean = scored([(f"i{n}", f"r{n % 5}", []) for n in range(100)]).estimate
    assert [judged(clean, [mark]).result for mark in (0.9, 1.0)] == ["uncertain", "passed"]
