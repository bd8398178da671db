"""Error density by category and severity, and what a repeated error counts for."""

import ibis
import numpy as np
import pandas as pd
import pytest
from reviewed_data import QUESTIONS, answers, marks

from analytics.density import density
from analytics.marked import in_force, with_words
from analytics.quality import quality

ONCE = {"once": True, "annotation": "n0"}
READ = pd.DataFrame({"item": ["i1", "i2", "i3"], "annotator": ["r1", "r2", "r1"], "words": [100.0, 150.0, 250.0]})


def counts(rows: list[dict]) -> tuple[int, int, float]:
    """Errors, repeated ones and penalty of one annotation with these marks."""
    (row,) = quality(answers(READ.head(1)), marks([ONCE | each for each in rows]), questions=QUESTIONS)
    return row.n_errors, row.n_repeated, row.estimate.value


def test_errors_are_told_by_category_and_severity():
    """Two minor grammar errors and a major one in 500 words: 4 and 2 per 1,000; spelling has an upper limit alone."""
    found = marks(
        [{"annotation": "n0"}, {"annotation": "n1"}, {"annotation": "n1", "severity": "major", "weight": 5.0}]
    )
    grammar, spelling = density(answers(READ), found, questions=QUESTIONS)
    assert (grammar.category, grammar.n_errors, grammar.per_1000_words.value) == ("grammar", 3, 6.0)
    told = {code: (rate.n_errors, rate.per_1000_words.value) for code, rate in grammar.severities.items()}
    assert told == {"minor": (2, 4.0), "major": (1, 2.0)}
    assert grammar.per_annotation.value == 1.0
    assert (grammar.per_1000_words.n_items, grammar.per_1000_words.n_judgments, grammar.small) == (3, 3, True)
    assert (spelling.category, spelling.n_errors, spelling.per_1000_words.value) == ("spelling", 0, 0.0)
    assert spelling.per_1000_words.high == pytest.approx(1000 * 3.688879 / 500)
    assert spelling.severities["major"].per_1000_words.method == "Poisson"


def test_a_category_has_the_interval_that_it_would_have_alone():
    """The interval of one category is that of the total where there is no other, clusters without errors counted."""
    rng = np.random.default_rng(4)
    read = pd.DataFrame({"item": [f"i{n // 2}" for n in range(80)], "annotator": [f"r{n % 7}" for n in range(80)]})
    read = read.assign(words=rng.integers(20, 200, 80).astype(float))
    kinds = [{"severity": "minor"}, {"severity": "major", "weight": 5.0}]
    found = [{"annotation": f"n{n}", **kinds[rng.integers(2)]} for n in range(80) for _ in range(rng.poisson(0.8))]
    for over in ("items", "items_and_raters"):
        (whole,) = quality(answers(read), marks(found), questions=QUESTIONS)
        grammar, _ = density(answers(read), marks(found), questions=QUESTIONS)
        assert grammar.per_1000_words == whole.errors_per_1000_words, over


def test_without_lengths_there_are_errors_per_annotation():
    """Per 1,000 words is undefined, and says why."""
    grammar, _ = density(
        answers(READ.assign(words=[None] * 3).astype({"words": float})),
        marks([{"annotation": "n0"}]),
        questions=QUESTIONS,
    )
    assert grammar.per_1000_words.undefined == "no manifest told how many words the responses have"
    assert grammar.per_annotation.value == pytest.approx(1 / 3)


def test_nothing_reviewed_is_an_empty_list():
    """No question and no answer give no rows."""
    assert density(answers(READ), marks([]), questions={}) == []
    (scale,) = QUESTIONS.values()
    assert density(answers(READ), marks([]), questions={("rating", "other"): scale}) == []


def test_a_repeated_error_counts_once_where_the_guideline_says_so():
    """The same words, category and answer; letter case and outer spaces aside."""
    assert counts([{}, {"text": "Teh "}, {"text": "teh"}]) == (1, 2, 1.0)
    assert counts([{"once": False}, {"once": False}]) == (2, 0, 2.0)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{}, {"text": "adn"}], (2, 0, 2.0)),
        ([{}, {"category": "spelling"}], (2, 0, 2.0)),
        ([{"correction": "the"}, {"correction": "ten"}], (2, 0, 2.0)),
        ([{"correction": "the"}, {"correction": "the"}, {}], (1, 2, 1.0)),
        ([{}, {"severity": "major", "weight": 5.0}], (1, 1, 5.0)),
        ([{"text": None}, {"text": None}], (2, 0, 2.0)),
    ],
)
def test_what_is_the_same_error(rows, expected):
    """Not another word, category or correction; a correction left out is like any; the heaviest counts."""
    assert counts(rows) == expected


def test_another_answer_is_not_a_repetition():
    """Each annotator's mark of the same error counts, and so does each response's."""
    two = pd.concat([READ.head(1), READ.head(1).assign(annotator="r2")])
    (row,) = quality(answers(two), marks([ONCE, ONCE | {"annotation": "n1"}]), questions=QUESTIONS)
    assert (row.n_errors, row.n_repeated) == (2, 0)


def test_an_error_weighs_what_it_did_in_the_version_in_force():
    """The penalties that were told of the span's guideline version, and its rule for repeats; else those at hand."""
    columns = ["workflow", "question", "guideline_version", "category", "severity", "weight"]
    spans = pd.DataFrame(
        [("w", "errors", version, "grammar", "minor", 9.0) for version in ("v1", "v2", "v3")], columns=columns
    )
    known = pd.DataFrame(
        [("errors", "v1", "grammar", "minor", 0.1, "once"), ("errors", "v2", "grammar", "minor", 2.0, "each")],
        columns=[*columns[1:], "repeated_errors"],
    )
    found = in_force(ibis.memtable(spans), ibis.memtable(known), [("w", "errors")]).order_by("guideline_version")
    told = found.select("guideline_version", "weight", "once").to_pyarrow().to_pylist()
    assert [tuple(row.values()) for row in told] == [("v1", 0.1, True), ("v2", 2.0, False), ("v3", 9.0, True)]


def test_lengths_are_those_of_the_response_that_is_meant():
    """By item and place on the screen; unknown for others."""
    types = {"item": "string", "words": "array<struct<target: string, words: float64>>"}
    items = ibis.memtable(
        [{"item": "i1", "words": [{"target": "a", "words": 3.0}, {"target": "b", "words": 4.5}]}], schema=types
    )
    about = ibis.memtable(pd.DataFrame({"item": ["i1", "i1", "i2"], "target": ["b", "item", "a"]}))
    found = with_words(about, items).order_by("item", "target").to_pyarrow().to_pylist()
    assert [row["words"] for row in found] == [4.5, None, None]
