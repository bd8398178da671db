"""MQM of the TED talks of WMT 2021 (Freitag et al. 2021), against the published system scores."""

from __future__ import annotations

import pandas as pd
import pytest
from reviewed_data import answers, marks
from statistics_data import data_set

from analytics.density import density
from analytics.quality import quality
from analytics.scales import ErrorScale
from guidelines.model import Choice, Question, Severity

PUBLISHED = {("ende", "Facebook-AI"): 1.06, ("ende", "Nemo"): 2.14, ("zhen", "refB"): 0.42, ("zhen", "ref"): 5.52}
CODES = {"Fluency/Punctuation": "punctuation", "Accuracy/Mistranslation": "mistranslation"}

# Their penalties, as a guideline says them.
ERRORS = Question(
    "errors",
    "error_spans",
    "Errors",
    "nominal",
    target="response",
    choices=(
        Choice("punctuation", "Punctuation", weights={"minor": 0.1}),
        Choice("mistranslation", "Mistranslation"),
        Choice("other", "Other"),
        Choice("non_translation", "Non-translation", weights={"minor": 25.0, "major": 25.0}),
    ),
    severities=(Severity("minor", "Minor", 1.0), Severity("major", "Major", 5.0)),
)
QUESTIONS = {
    ("rating", "errors"): ErrorScale(
        tuple(choice.code for choice in ERRORS.choices), ("minor", "major"), heaviest=25.0, once=False
    )
}


@pytest.fixture(scope="module")
def marked() -> pd.DataFrame:
    """The evaluation, one row a mark or a clean segment, with codes and penalties."""
    rows = data_set("mqm_ted_spans.parquet").rename(columns={"rater": "annotator", "lp": "locale", "system": "model"})
    code = (
        rows["category"].map(CODES).fillna("other").mask(rows["category"].str.startswith("Non-tr"), "non_translation")
    )
    rows = rows.assign(category=code, severity=rows["severity"].str.lower())
    pairs = zip(rows["category"], rows["severity"], strict=True)
    weight = [0.0 if severity == "no-error" else ERRORS.weight(category, severity) for category, severity in pairs]
    return rows.assign(weight=weight, target=rows["seg_id"].astype(str))


def tables(marked: pd.DataFrame, item: str):
    """Judgments and spans: talks as items and their segments as targets, or segments as items."""
    segments = ["locale", "model", "doc", "target", "annotator"]
    number = marked.groupby(segments, sort=False).ngroup()
    words = marked["target_len"] / 6  # the data set holds characters alone
    rows = marked.assign(number=number, words=words).drop_duplicates("number").sort_values("number", ignore_index=True)
    name = rows["doc"] if item == "talk" else rows["doc"] + "/" + rows["target"]
    spans = marked.assign(annotation="n" + number.astype(str)).query("severity != 'no-error'")
    columns = ["annotation", "target", "category", "severity", "weight"]
    return answers(rows[[*segments, "words"]].assign(item=name)), marks(spans[columns].to_dict("records"))


@pytest.mark.parametrize("item", ["talk", "segment"])
def test_scores_of_all_systems(marked, item):
    """All 29 are the mean penalty of their annotated segments, the published ones too; every one has an interval."""
    found = quality(*tables(marked, item), questions=QUESTIONS, by=("locale", "model"), over="items")
    scores = {(row.group["locale"], row.group["model"]): row.estimate for row in found}
    by_segment = marked.groupby(["locale", "model", "doc", "target", "annotator"])["weight"].sum()
    expected = by_segment.groupby(["locale", "model"]).mean().to_dict()
    assert len(scores) == 29
    assert {key: each.value for key, each in scores.items()} == pytest.approx(expected)
    assert {key: round(scores[key].value, 2) for key in PUBLISHED} == PUBLISHED
    assert {(each.n_items, each.method) for each in scores.values()} <= (
        {(5, "clustered")} if item == "talk" else {(each.n_items, "bootstrap-t") for each in scores.values()}
    )
    assert all(0 < each.low < each.value < each.high for each in scores.values())


def test_other_raters_make_the_interval_wider(marked):
    """Three to eight raters did each system: over them too, no interval of segments is narrower."""
    both = tables(marked, "segment")
    fixed, others = (
        quality(*both, questions=QUESTIONS, by=("locale", "model"), over=over) for over in ("items", "items_and_raters")
    )
    widths = [
        (one.estimate.high / one.estimate.low, two.estimate.high / two.estimate.low)
        for one, two in zip(fixed, others, strict=True)
    ]
    assert sum(wide > narrow for narrow, wide in widths) >= 27


def test_density_adds_up(marked):
    """Errors per 1,000 words of all categories and severities sum up to those of the score's row."""
    both = tables(marked, "segment")
    whole = quality(*both, questions=QUESTIONS, by=("locale",))
    parts = density(*both, questions=QUESTIONS, by=("locale",))
    for row in whole:
        own = [each for each in parts if each.group == row.group]
        assert sum(each.n_errors for each in own) == row.n_errors
        assert sum(each.per_1000_words.value for each in own) == pytest.approx(row.errors_per_1000_words.value)
        for each in own:
            assert sum(rate.n_errors for rate in each.severities.values()) == each.n_errors
