"""Review outcomes: what is accepted, fixed and rejected, how much is changed, and whether it stands."""

import csv
import io
import json
from datetime import UTC, datetime

import ibis
import numpy as np
import pandas as pd
import pytest
from analytics_bodies import INGEST, config, service_of
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein
from statistics_data import NOON
from statsmodels.stats.proportion import proportion_confint

import guidelines
from analytics import create_app
from analytics.cli import commands
from analytics.errors import ImpossibleInterval, UndeclaredCategory, UnknownGrouping
from analytics.reviews.asked import Asked, asked
from analytics.reviews.findings import findings
from analytics.reviews.outcomes import reviewers, reviews
from plugins.simulate.people import Population
from plugins.simulate.plan import LOCALES, Plan
from plugins.simulate.write import write

ASKED = asked(guidelines.load().workflows)
ITEMS = {
    "item": "string",
    "programme": "string",
    "workflow": "string",
    "gold": "string",
    "arms": "array<struct<target: string, model: string, iteration: string>>",
}
OTHERS = {
    "source": "label_studio",
    "workflow": "review",
    "locale": "de-DE",
    "stage": "annotate",
    "target": "item",
    "original": None,
    "guideline_version": "v1",
    "vendor": "north",
    "batch": "one",
    "minutes": 0,
}
TIMES = {"created": "timestamp('UTC')", "updated": "timestamp('UTC')"}


def answers(*looks: dict):
    """Judgments of these reviews: `item`, `annotator`, a value a question, and whatever is not as usual."""
    rows = []
    for number, look in enumerate(looks):
        same = OTHERS | {name: value for name, value in look.items() if name not in QUESTIONS}
        minutes = pd.Timedelta(minutes=same.pop("minutes"))
        same |= {"project": same["stage"], "annotation": f"n{number}", "created": NOON, "updated": NOON + minutes}
        rows += [same | {"question": name, "value": look[name]} for name in QUESTIONS if name in look]
    columns = [name for name in OTHERS if name != "minutes"]
    texts = ["project", "annotation", "item", "annotator", "question", "value", *columns]
    schema = dict.fromkeys(texts, "string") | TIMES
    return ibis.memtable(pd.DataFrame(rows, columns=list(schema)), schema=schema)


QUESTIONS = ("decision", "error_type", "severity", "corrected", "guideline_gap")


def items(**decisions: str):
    """Items whose right decision is known."""
    gold = [{"item": item, "gold": json.dumps({"decision": code})} for item, code in decisions.items()]
    return ibis.memtable([{"programme": "p", "workflow": "review", "arms": None, **row} for row in gold], schema=ITEMS)


def look(item: str, annotator: str, decision: str, **more) -> dict:
    """One review."""
    return {"item": item, "annotator": annotator, "decision": decision, **more}


def outcomes(*looks: dict, known=None, **more):
    """The one group's outcomes."""
    (row,) = reviews(answers(*looks), items() if known is None else known, asked=ASKED, **more)
    return row.outcomes


def test_an_example_by_hand():
    """Six reviews of four items: each figure has its own numerator and denominator."""
    looks = [
        look("i1", "r1", "accept"),
        look("i1", "r2", "fix", corrected="a text", original="a test"),
        look("i2", "r1", "accept"),
        look("i2", "r2", "accept"),
        look("i3", "r1", "reject"),
        look("i4", "r2", "fix", corrected="two words", original="two worlds"),
        look("i1", "boss", "fix", stage="audit", minutes=5),
        look("i3", "boss", "reject", stage="adjudicate", minutes=5),
    ]
    found = outcomes(*looks, known=items(i1="fix", i2="accept", i3="accept"))
    values = {name: (each.value, each.n_judgments, each.n_items) for name, each in vars(found).items()}
    assert values == {
        "accepted": (3 / 6, 6, 4),
        "fixed": (2 / 6, 6, 4),
        "rejected": (1 / 6, 6, 4),
        "characters": (pytest.approx((1 / 6 + 1 / 10) / 2), 2, 2),
        "words": (0.5, 2, 2),
        "overturned": (1 / 3, 3, 2),
        "contradicted": (2 / 4, 4, 2),
        "found": (1 / 2, 2, 1),
        "blamed": (1 / 3, 3, 2),
    }


def test_one_review_an_item_has_wilsons_interval():
    """Newcombe (1998), 81 of 263: .2553 to .3662."""
    looks = [look(f"i{n}", f"r{n % 7}", "accept" if n < 81 else "fix") for n in range(263)]
    found = outcomes(*looks, over="items").accepted
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)
    assert (found.n_items, found.n_judgments, found.n_annotators) == (263, 263, 7)


def test_reviews_of_one_item_and_by_one_reviewer_are_alike():
    """Where items, or reviewers, always decide the same way, so many independent reviews there are."""
    codes = ("accept", "fix")
    by_item = [look(f"i{n}", f"r{r}", codes[n % 2], batch="items") for n in range(40) for r in range(5)]
    by_rater = [look(f"j{n}", f"r{n % 10}", codes[n % 2], batch="raters") for n in range(200)]
    table = answers(*by_item, *by_rater)
    alike, of_these = (
        row.outcomes.accepted for row in reviews(table, items(), asked=ASKED, by=["batch"], over="items")
    )
    assert (alike.low, alike.high) == pytest.approx(proportion_confint(20, 40, method="wilson"), abs=0.005)
    _, others = (row.outcomes.accepted for row in reviews(table, items(), asked=ASKED, by=["batch"]))
    low, high = proportion_confint(5, 10, method="wilson")
    assert others.low < low < of_these.low < 0.5 < of_these.high < high < others.high


def test_the_share_that_a_fix_changes():
    """Characters as readers see them, words, and in scripts without spaces each character, by the longer text."""
    fixes = [("kitten", "sitting"), ("今日は良い天気です", "今日はいい天気です"), ("", "two words"), ("เธอ", "เธอ")]
    looks = [look(f"i{n}", "r1", "fix", original=before, corrected=after) for n, (before, after) in enumerate(fixes)]
    found = outcomes(*looks, over="items")
    assert found.characters.value == pytest.approx(np.mean([3 / 7, 1 / 9, 1, 0]))
    assert found.words.value == pytest.approx(np.mean([1, 1 / 9, 1, 0]))
    assert found.characters.low < found.characters.value < found.characters.high < 1


def test_the_mean_change_has_the_interval_of_a_mean():
    """With one fix an item the variance is the sample's by n, carried to the logit scale."""
    rng = np.random.default_rng(1)
    cut = rng.integers(1, 20, 50)
    looks = [look(f"i{n}", "r1", "fix", original="x" * 20, corrected="x" * int(c)) for n, c in enumerate(cut)]
    found = outcomes(*looks, over="items").characters
    values = np.array([Levenshtein.normalized_distance("x" * 20, "x" * int(c)) for c in cut])
    mean, error = values.mean(), values.std(ddof=1) / 50**0.5
    reach = 2.0096 * error / (mean * (1 - mean))  # Student's t with 49 degrees of freedom
    ends = 1 / (1 + np.exp(-(np.log(mean / (1 - mean)) + np.array([-reach, reach]))))
    assert (found.value, found.low, found.high) == pytest.approx((mean, *ends), abs=1e-4)


def test_the_newest_review_of_a_reviewer_counts():
    """A review that was changed counts as it is now, with the text as it is now."""
    first = look("i1", "r1", "fix", original="a", corrected="b")
    found = outcomes(first, look("i1", "r1", "accept", minutes=1), look("i2", "r1", "accept"))
    assert (found.accepted.value, found.accepted.n_judgments) == (1, 2)
    assert found.characters.undefined == "no corrected text"


CHECKS = {
    "audit": ([("audit", "boss", "fix", 5)], 1, 1),
    "adjudication after audit": ([("audit", "boss", "fix", 5), ("adjudicate", "judge", "accept", 6)], 0, 1),
    "audit after adjudication": ([("adjudicate", "judge", "accept", 5), ("audit", "boss", "fix", 6)], 0, 1),
    "newest": ([("audit", "boss", "accept", 5), ("audit", "other", "reject", 6)], 1, 1),
    "oneself": ([("audit", "r1", "fix", 5)], None, 0),
    "earlier": ([("audit", "boss", "fix", -5)], None, 0),
    "another review": ([("annotate", "r2", "fix", 5)], None, 0),
}


def test_what_overturns_a_review():
    """The last later look by somebody else, adjudications before audits; a second review does not."""
    looks = [look(case, "r1", "accept", batch=case) for case in CHECKS]
    for case, (checks, _, _) in CHECKS.items():
        later = [look(case, who, code, stage=stage, minutes=minutes) for stage, who, code, minutes in checks]
        looks += [each | {"batch": case} for each in later]
    rows = reviews(answers(*looks), items(), asked=ASKED, by=["batch"])
    found = {row.group["batch"]: row.outcomes.overturned for row in rows}
    assert {case: (each.value, each.n_judgments) for case, each in found.items()} == {
        case: (value, n) for case, (_, value, n) in CHECKS.items()
    }


def test_audits_of_what_was_never_reviewed_are_reviews():
    """Where nobody looked before, an audit is the review."""
    found = outcomes(look("i1", "boss", "fix", stage="audit"), look("i2", "boss", "accept", stage="audit"))
    assert (found.accepted.value, found.accepted.n_judgments) == (0.5, 2)


def test_a_check_counts_in_whatever_group_it_stands():
    """Grouped by stage or vendor, a review is overturned by a look of another stage and vendor."""
    looks = [
        look("i1", "r1", "accept"),
        look("i2", "r1", "accept"),
        look("i1", "boss", "fix", stage="adjudicate", vendor="south", minutes=9),
    ]
    (row,) = reviews(answers(*looks), items(), asked=ASKED, by=["stage", "vendor"])
    assert row.group == {"workflow": "review", "question": "decision", "stage": "annotate", "vendor": "north"}
    assert row.outcomes.overturned.value == 1


def test_each_reviewer_has_a_row():
    """Sorted by pseudonym, pages of them, each with their own reviews only."""
    looks = [look(f"i{n}", f"r{n % 3}", "fix" if n % 3 else "accept", original="a", corrected="b") for n in range(9)]
    table = answers(*looks)
    rows = reviewers(table, items(), asked=ASKED)
    assert [(row.annotator, row.outcomes.accepted.value) for row in rows] == [("r0", 1), ("r1", 0), ("r2", 0)]
    assert [row.outcomes.characters.n_judgments for row in rows] == [0, 3, 3]
    assert all(row.outcomes.accepted.over == "items" and row.small for row in rows)
    assert reviewers(table, items(), asked=ASKED, limit=1, offset=1) == [rows[1]]


def test_a_share_that_is_the_same_on_every_item_has_an_interval():
    """One of two others contradicts on each of eight items: no spread is seen, so items count in Wilson's interval."""
    decided = {"r0": "accept", "r1": "accept", "r2": "reject"}
    looks = [look(f"i{n}", name, decision) for n in range(8) for name, decision in decided.items()]
    found = reviewers(answers(*looks), items(), asked=ASKED)[0].outcomes.contradicted
    assert (found.value, found.n_items) == (0.5, 8)
    assert (found.low, found.high) == pytest.approx(proportion_confint(4, 8, method="wilson"))


def test_findings_by_hand():
    """A review may name several types; what each is named in, and what was then decided."""
    looks = [
        look("i1", "r1", "fix", error_type="careless|wrong_answer", severity="minor"),
        look("i2", "r1", "reject", error_type="wrong_answer", severity="major"),
        look("i3", "r2", "accept", guideline_gap="unclear"),
        look("i4", "r2", "reject", error_type="locale_rule_ignored", severity="major"),
    ]
    rows = findings(answers(*looks), items(), asked=ASKED)
    found = {
        (row.group["question"], row.code): (row.named.value, row.n_accepted, row.n_fixed, row.n_rejected)
        for row in rows
        if row.named.value
    }
    assert found == {
        ("error_type", "wrong_answer"): (2 / 4, 0, 1, 1),
        ("error_type", "careless"): (1 / 4, 0, 1, 0),
        ("error_type", "locale_rule_ignored"): (1 / 4, 0, 0, 1),
        ("severity", "minor"): (1 / 4, 0, 1, 0),
        ("severity", "major"): (2 / 4, 0, 0, 2),
        ("guideline_gap", "unclear"): (1 / 4, 1, 0, 0),
    }
    by_code = {(row.group["question"], row.code): row for row in rows}
    assert by_code["severity", "major"].rejected.value == 1
    assert by_code["error_type", "rule_ignored"].rejected.undefined == "no review names it"


reviewed = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 2), st.sampled_from(["accept", "fix", "reject"])),
    min_size=1,
    max_size=20,
    unique_by=lambda each: each[:2],
)


@given(reviewed, st.randoms())
@settings(max_examples=4, deadline=None)
def test_shares_add_up_and_names_and_order_do_not_matter(drawn, random):
    """Accepted, fixed and rejected make 1; other names, another order, and items seen twice change no value."""
    first = [look(f"i{i}", f"r{r}", code, batch="first") for i, r, code in drawn]
    renamed = [look(f"x{9 - i}", f"y{9 - r}", code, batch="renamed") for i, r, code in drawn]
    twice = [look(f"{copy}{i}", f"r{r}", code, batch="twice") for i, r, code in drawn for copy in "ab"]
    looks = [*first, *renamed, *twice]
    random.shuffle(looks)
    rows = reviews(answers(*looks), items(), asked=ASKED, by=["batch"])
    one, other, double = (vars(row.outcomes) for row in rows)
    assert one["accepted"].value + one["fixed"].value + one["rejected"].value == pytest.approx(1)
    assert [_figures(each) for each in other.values()] == [pytest.approx(_figures(each)) for each in one.values()]
    assert [each.value for each in double.values()] == [pytest.approx(each.value) for each in one.values()]


def _figures(estimate):
    return [estimate.value, estimate.low, estimate.high, estimate.n_items, estimate.n_judgments, estimate.n_annotators]


def test_what_the_data_does_not_allow_is_declared():
    """Nothing, one item, one reviewer, all the same, no second look, no gold."""
    assert reviews(answers(), items(), asked=ASKED) == reviewers(answers(), items(), asked=ASKED) == []
    assert reviews(answers(), items(), asked=Asked((), (), {})) == []
    found = outcomes(look("i1", "r1", "accept"))
    assert (found.accepted.value, found.accepted.low) == (1, None)
    assert found.accepted.undefined == "no interval: it takes two items, and over annotators two annotators"
    assert found.overturned.undefined == "no later audit or adjudication"
    assert found.contradicted.undefined == "no second reviewer"
    assert (found.found.undefined, found.blamed.undefined) == ("by gold nothing is wrong", "by gold nothing is right")
    fixes = [look(f"i{n}", f"r{n}", "fix", original="abc", corrected="abd") for n in range(9)]
    found = outcomes(*fixes)
    assert (found.characters.low, found.characters.undefined) == (None, "no interval: all are the same")
    assert (found.fixed.low, found.fixed.high) == pytest.approx(proportion_confint(9, 9, method="wilson"))


def test_what_is_wrong_is_said():
    """Decisions and findings that the guideline does not declare, groupings and intervals that there are not."""
    fine = answers(look("i1", "r1", "accept"))
    with pytest.raises(UndeclaredCategory, match=r"'maybe' to review\.decision"):
        reviews(answers(look("i1", "r1", "maybe")), items(), asked=ASKED)
    with pytest.raises(UndeclaredCategory, match=r"'dull' to review\.error_type"):
        findings(answers(look("i1", "r1", "fix", error_type="careless|dull")), items(), asked=ASKED)
    with pytest.raises(UnknownGrouping, match="shift"):
        reviews(fine, items(), asked=ASKED, by=["shift"])
    with pytest.raises(ImpossibleInterval):
        reviews(fine, items(), asked=ASKED, over="raters")


@pytest.mark.simulation
@pytest.mark.parametrize("over", ["items", "items_and_raters"])
def test_intervals_cover_the_truth(over):
    """Of 95 % intervals from 60 items and 12 reviewers, 89 to 99 % hold the share, in 120 programmes."""
    rng, looks = np.random.default_rng(5), []
    for batch in range(120):
        tough, strict = rng.normal(0, 1, 60), rng.normal(0, 0.5 if over == "items_and_raters" else 0, 12)
        for item in range(60):
            for rater in rng.choice(12, 2, replace=False):
                code = "accept" if rng.random() < 1 / (1 + np.exp(tough[item] + strict[rater])) else "fix"
                looks.append(look(f"i{batch}-{item}", f"r{batch}-{rater}", code, batch=str(batch)))
    rows = reviews(answers(*looks), items(), asked=ASKED, by=["batch"], over=over)
    assert len(rows) == 120
    assert 0.89 <= np.mean([row.outcomes.accepted.low <= 0.5 <= row.outcomes.accepted.high for row in rows]) <= 0.99


def test_a_store_answers_by_command_and_by_api(tmp_path):
    """Simulated reviews: the command's table, its CSV and the API agree with the rows that were loaded."""
    people = Population(skill=0.8, skill_sd=0.1, bias=0.0, bias_sd=0.2, drift=0.0, drift_sd=0.0)
    workflow = guidelines.load().workflows["review"]
    write(Plan(workflow, LOCALES[:1], 6, 20, 2, 4, people, datetime(2026, 1, 5, tzinfo=UTC), 7), tmp_path / "frames")
    own = pd.read_parquet(tmp_path / "frames" / "judgments.parquet")
    accepted = (own[own["question"] == "decision"]["value"] == "accept").mean()
    settings = config(tmp_path / "store")
    named = {command.name: command for command in commands}
    store = ["--data", str(tmp_path / "store")]
    CliRunner().invoke(named["load"], [str(tmp_path / "frames"), *store], catch_exceptions=False)
    table = CliRunner().invoke(named["reviews"], store, catch_exceptions=False).output
    assert f"{accepted:.2f} (" in table
    lines = CliRunner().invoke(named["findings"], [*store, "--format", "csv"], catch_exceptions=False).output
    assert {row["code"] for row in csv.DictReader(io.StringIO(lines))} >= {"careless", "critical", "unclear"}
    app = create_app(settings)
    (row,) = app.test_client().get("/v1/reviews?by=locale", headers=INGEST).json["rows"]
    assert row["accepted"]["value"] == pytest.approx(accepted)
    assert row["overturned"] | {"value": None, "undefined": "no later audit or adjudication"} == row["overturned"]
    each = app.test_client().get("/v1/reviewers?limit=3", headers=INGEST).json["rows"]
    assert len({row["annotator"] for row in each}) == 3
    wrong = app.test_client().get("/v1/reviews?question=overall", headers=INGEST)
    assert (wrong.status_code, "choose one of: decision" in wrong.text) == (422, True)
    service_of(app).close()
