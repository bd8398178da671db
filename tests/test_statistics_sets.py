"""Set-valued answers: published distances and figures, peers, invariants, what was left empty, coverage."""

import json
from datetime import UTC, datetime

import ibis
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.config import Config
from nltk.metrics import jaccard_distance, masi_distance
from nltk.metrics.agreement import AnnotationTask
from statistics_data import COLUMNS, EXAMPLE_C, KEY, NOON, judgments, nominal, observers

import guidelines
from analytics.agreement import agreement
from analytics.cli import commands
from analytics.errors import ImpossibleInterval, UndeclaredCategory, UnknownGrouping
from analytics.intervals import jackknife
from analytics.scales import Categories
from analytics.sets.agreement import option_agreement, set_agreement
from analytics.sets.counts import _patterns, set_counts
from analytics.sets.disagreement import alpha, disagreement
from analytics.sets.distances import jaccard, masi
from analytics.sets.questions import Options, set_questions, with_empty
from guidelines.model import Condition
from plugins import frames
from plugins.simulate.people import Population
from plugins.simulate.plan import LOCALES, Plan
from plugins.simulate.write import write

CODES = "abcd"


def asked(codes=CODES) -> dict:
    """A question any of these codes can answer."""
    return {KEY: Options(tuple(codes))}


def sets_of(rows, codes=CODES, **how):
    """Agreement on these sets."""
    return set_agreement(judgments(rows), questions=asked(codes), **how)


def table(*units: str) -> pd.DataFrame:
    """A word of sets a unit, one annotator a set, "-" is empty and "." no answer: "ab a -"."""
    rows = [
        (f"i{number}", f"r{rater}", "|".join(codes.strip("-")))
        for number, unit in enumerate(units)
        for rater, codes in enumerate(unit.split())
        if codes != "."
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def many(seed: int, items: int = 30, raters: int = 6) -> pd.DataFrame:
    """One to four sets an item."""
    rng = np.random.default_rng(seed)
    rows = []
    for item in range(items):
        truth = rng.random(4) < 0.4
        for rater in rng.permutation(raters)[: rng.integers(1, 5)]:
            given_codes = np.where(rng.random(4) < 0.8, truth, ~truth)
            rows.append((f"i{item}", f"r{rater}", "|".join(np.array(list(CODES))[given_codes])))
    return pd.DataFrame(rows, columns=COLUMNS)


def as_sets(rows: pd.DataFrame) -> list:
    """Coder, item and set, as NLTK wants them."""
    return [(row.annotator, row.item, frozenset(row.value.split("|")) - {""}) for row in rows.itertuples()]


def either(distance):
    """NLTK's distance, which divides by zero for two empty sets: ours is 0."""
    return lambda one, other: distance(one, other) if one or other else 0.0


def test_the_documented_distances():
    """NLTK's example, {1, 2} and {1, 2, 3, 4}: MASI .6667; then the four cases of Passonneau."""
    assert float(masi(2, 2, 4)) == pytest.approx(masi_distance({1, 2}, {1, 2, 3, 4})) == pytest.approx(2 / 3)
    assert float(jaccard(2, 2, 4)) == jaccard_distance({1, 2}, {1, 2, 3, 4}) == 0.5
    assert masi([2, 1, 1, 0], [2, 1, 2, 2], [2, 2, 2, 1]).tolist() == pytest.approx([0, 2 / 3, 8 / 9, 1])


def test_empty_sets_agree_with_each_other_alone():
    """Two empty sets are 0 apart, an empty and another one 1."""
    assert [float(of(0, 0, size)) for of in (masi, jaccard) for size in (0, 3)] == [0, 1, 0, 1]


@pytest.mark.parametrize("distance", ["alpha_masi", "alpha_jaccard"])
def test_sets_of_one_code_are_nominal_answers(distance):
    """Krippendorff (2011), example C, each value as a set of one: nominal alpha .743, percent .81818."""
    rows = observers(EXAMPLE_C)
    (row,) = sets_of(rows, "12345")
    assert round(row.estimates[distance].value, 3) == 0.743
    assert round(row.estimates["percent"].value, 5) == 0.81818
    (other,) = agreement(judgments(rows), categories=nominal("12345"))
    known = other.estimates["alpha_nominal"]
    assert (row.estimates[distance].low, row.estimates[distance].high) == pytest.approx((known.low, known.high))
    assert row.n_single_rated == other.n_single_rated == 1
    assert row.small


def test_figures_by_hand():
    """Four sets on two items: distances 1/2 and 1 within, alpha from the six pairs of sets."""
    (row,) = sets_of(table("ab a", "c -"))
    assert row.estimates["jaccard"].value == pytest.approx((0.5 + 0) / 2)
    within, between = 2 * (0.5 + 1), 2 * (0.5 + 1 + 1 + 1 + 1 + 1)
    assert row.estimates["alpha_jaccard"].value == pytest.approx(1 - 3 * within / between)
    assert (row.prevalence, row.empty, row.n_sets) == ({"a": 0.5, "b": 0.25, "c": 0.25, "d": 0}, 0.25, 4)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_alphas_are_those_of_nltk(seed: int):
    """NLTK's alpha with MASI and Jaccard distance, where items have one to four answers."""
    rows = many(seed)
    (row,) = sets_of(rows)
    for name, distance in (("alpha_masi", masi_distance), ("alpha_jaccard", jaccard_distance)):
        task = AnnotationTask(as_sets(rows), distance=either(distance))
        assert row.estimates[name].value == pytest.approx(task.alpha())


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_options_and_exact_sets_are_ordinary_agreement(seed: int):
    """Each option asked for by itself, and each different set as a code, give the same figures and intervals."""
    rows = many(seed)
    for row in option_agreement(judgments(rows), questions=asked()):
        held = rows["value"].str.contains(row.option).map({True: "yes", False: "no"})
        (one,) = agreement(judgments(rows.assign(value=held)), categories=nominal(["no", "yes"]))
        assert row.prevalence == pytest.approx(one.prevalence["yes"])
        for name, estimate in row.estimates.items():
            known = one.estimates[name]
            assert (estimate.value, estimate.undefined) == (pytest.approx(known.value), known.undefined)
            if known.low is not None:
                assert (estimate.low, estimate.high) == pytest.approx((known.low, known.high))
    (row,) = sets_of(rows)
    (one,) = agreement(judgments(rows), categories=nominal(sorted(set(rows["value"]))))
    mine, its = row.estimates["percent"], one.estimates["percent"]
    assert (mine.value, mine.low, mine.high) == pytest.approx((its.value, its.low, its.high))


def brute_alpha(rows: pd.DataFrame) -> float:
    """MASI alpha straight from its definition."""
    apart = either(masi_distance)
    units = [
        list(unit)
        for unit in rows.groupby("item")["value"].apply(lambda each: [set(v.split("|")) - {""} for v in each])
    ]
    units = [unit for unit in units if len(unit) > 1]
    every = [each for unit in units for each in unit]
    within = sum(sum(apart(one, other) for one in unit for other in unit) / (len(unit) - 1) for unit in units)
    between = sum(apart(one, other) for one in every for other in every)
    return 1 - (len(every) - 1) * within / between


def test_jackknives_are_those_of_the_answers():
    """Without each item, annotator or single answer alpha is what it is when they are not in the data."""
    rows = many(5, items=8, raters=4)
    (group,) = set_counts(judgments(rows), asked(), ["locale"])
    totals = disagreement(group, masi)
    for axis, left, repeats in (
        ("item", totals.without_item, totals.units),
        ("annotator", totals.without_rater, np.ones(len(totals.without_rater))),
        (None, totals.without_rating, totals.ratings),
    ):
        kept = rows[axis] if axis else pd.Series(range(len(rows)))
        brute = np.array([brute_alpha(rows[(kept != each).to_numpy()]) for each in kept.unique()])
        assert np.sort(np.repeat(alpha(left), repeats.astype(int))) == pytest.approx(np.sort(brute))
        assert jackknife(alpha(left), repeats).value == pytest.approx(jackknife(brute, np.ones(len(brute))).value)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_names_and_order_do_not_matter(seed: int):
    """Other names of items, annotators and codes, and another order, leave every figure and interval."""
    rows = many(seed)
    renamed = dict(zip(CODES, "dcba", strict=True))
    other = rows.sample(frac=1, random_state=seed).assign(
        item=lambda each: "x" + each["item"],
        annotator=lambda each: each["annotator"].str[::-1],
        value=lambda each: [
            "|".join(sorted(renamed[code] for code in value.split("|"))) if value else "" for value in each["value"]
        ],
    )
    one, two = sets_of(rows)[0].estimates, sets_of(other)[0].estimates
    for name, estimate in one.items():
        assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
            (two[name].value, two[name].low, two[name].high)
        )


def test_options_that_nobody_chose_change_nothing():
    """More declared codes leave the figures of sets; their own are undefined."""
    rows = many(2)
    assert sets_of(rows, "abcdxyz")[0].estimates == sets_of(rows)[0].estimates
    *_, last = option_agreement(judgments(rows), questions=asked("abcdz"))
    assert (last.option, last.prevalence, last.estimates["percent"].value) == ("z", 0, 1)
    assert last.estimates["ac1"].undefined == "no variation: every answer is the same"


def test_the_same_set_in_another_order_is_the_same():
    """Codes are a set, however a value lists them."""
    rows = pd.DataFrame([("1", "r", "a|b"), ("1", "s", "b|a"), ("2", "r", "c"), ("2", "s", "d")], columns=COLUMNS)
    (row,) = sets_of(rows)
    assert (row.n_sets, row.estimates["percent"].value) == (3, 0.5)


def test_the_newest_answer_counts():
    """An annotator's later set takes the place of the earlier one."""
    rows = table("a b", "ab ab").assign(updated=NOON)
    again = pd.DataFrame([("i0", "r1", "a")], columns=COLUMNS).assign(updated=NOON + pd.Timedelta("1s"))
    assert sets_of(pd.concat([rows, again]))[0].estimates["percent"].value == 1


@pytest.mark.parametrize(
    ("units", "figure", "value", "reason"),
    [
        (["a", "b"], "percent", None, "no item has two annotators"),
        (["a", "b"], "alpha_masi", None, "no item has two annotators"),
        (["- -", "- -"], "percent", 1, "no interval: all annotators agree on every item"),
        (["- -", "- -"], "alpha_masi", None, "no variation: every answer is the same"),
        (["a a", "ab ab"], "alpha_masi", 1, "no interval: all annotators agree on every item"),
        (["a a", "a b", "ab b"], "alpha_jaccard", pytest.approx(1 - 5 * 3 / 17), "left"),
        (["a ab", "a ab", "ab a"], "jaccard", 0.5, "no interval: all items show the same agreement"),
    ],
)
def test_declared_answers(units, figure, value, reason):
    """Single answers, one set everywhere, full agreement, two annotators, items that are all alike."""
    over = "items" if "same" in reason else "items_and_raters"
    (row,) = sets_of(table(*units), over=over)
    assert row.estimates[figure].value == value
    assert reason in row.estimates[figure].undefined
    assert (row.estimates[figure].low, row.estimates[figure].high) == (None, None)


def test_no_answers_give_no_row():
    """No judgments, or none with a value."""
    rows = many(1)
    assert sets_of(rows[:0]) == []
    assert set_agreement(judgments(rows).mutate(value=ibis.null("string")), questions=asked()) == []
    assert set_agreement(judgments(rows), questions={}) == []


def test_what_is_asked_wrongly_is_refused():
    """Codes that are not declared, unknown columns, intervals for nobody."""
    with pytest.raises(UndeclaredCategory, match=r"'d' to rating\.overall"):
        sets_of(many(1), "abc")
    with pytest.raises(UnknownGrouping, match="colour"):
        sets_of(many(1), by=["colour"])
    with pytest.raises(ImpossibleInterval):
        option_agreement(judgments(many(1)), questions=asked(), over="nobody")


def test_groups_stand_apart():
    """Each group has the sets in use of its own rows, also where others have more."""
    one, two = table("a a", "b a"), table("cd c", "- d", "ab ab")
    both = pd.concat([one.assign(vendor="north"), two.assign(vendor="south")])
    rows = sets_of(both, by=["vendor"])
    alone = [sets_of(each, by=["vendor"])[0] for each in (one, two.assign(vendor="south"))]
    assert [row.group["vendor"] for row in rows] == ["north", "south"]
    assert [(row.estimates, row.n_sets) for row in rows] == [(row.estimates, row.n_sets) for row in alone]


SAFETY = ("safety_moderation", "bias")
HARM = ("safety_moderation", "categories")


def said(annotation: str, question: str, value: str | None, **other) -> dict:
    """One answer of an annotation about response a."""
    return {
        "source": "s", "project": "p", "annotation": annotation, "item": "i1", "annotator": annotation,
        "workflow": "safety_moderation", "locale": "de-DE", "question": question, "target": "a", "value": value,
        "number": 1.0, "guideline_version": "safety_moderation 1.0 / de-DE 1 @0", "updated": NOON, **other,
    }  # fmt: skip


def emptied(*rows: dict, questions: dict | None = None) -> list[tuple]:
    """Who answered which question with which set."""
    known = questions or {SAFETY: set_questions(guidelines.load().workflows)[SAFETY]}
    found = with_empty(ibis.memtable(pd.DataFrame(rows)), known).to_pandas()
    return sorted(found[["annotation", "question", "target", "value"]].itertuples(index=False, name=None))


def test_an_optional_question_left_empty_is_the_empty_set():
    """Who answered about the same response and left it empty said: none of these."""
    rows = [said("1", "response_harm", "safe"), said("1", "bias", "age|gender"), said("2", "response_harm", "safe")]
    assert emptied(*rows) == [("1", "bias", "a", "age|gender"), ("2", "bias", "a", "")]


def test_other_responses_and_guidelines_before_the_question_are_not_empty_sets():
    """No row for what was not looked at, nor under a base version in which nobody answered the question."""
    known = {SAFETY: Options(("age", "gender"), ("a", "b"), optional=True)}
    older = {"guideline_version": "safety_moderation 0.9 / de-DE 7 @0"}
    other_locale = {"guideline_version": "safety_moderation 1.0 / fr-FR 3 @0"}
    rows = [
        said("1", "bias", "age"),
        said("2", "refusal", "right_answer", target="b"),
        said("3", "refusal", "right_answer", **older),
        said("4", "refusal", "right_answer", **other_locale),
        said("5", "prompt_harm", "harmless", target="item"),
    ]
    assert emptied(*rows, questions=known) == [
        ("1", "bias", "a", "age"), ("2", "bias", "b", ""), ("4", "bias", "a", ""),
    ]  # fmt: skip


def test_a_required_question_without_an_answer_is_not_empty():
    """The tool asks for one, so a missing row is no answer."""
    known = {HARM: set_questions(guidelines.load().workflows)[HARM]}
    rows = [said("1", "response_harm", "harmful"), said("2", "categories", "hate")]
    assert emptied(*rows, questions=known) == [("2", "categories", "a", "hate")]


@pytest.mark.parametrize("same_target", [True, False])
def test_a_question_under_a_condition_is_empty_only_where_it_was_asked(same_target):
    """Conditions look at the answer about the same target, or about the item; one of several codes is enough."""
    when = Condition("kinds", ("x", "y"))
    known = {SAFETY: Options(("age",), ("a",), optional=True, when=when, same_target=same_target)}
    target = "a" if same_target else "item"
    rows = [said("0", "bias", "age")]
    for annotation, value in (("1", "w|y"), ("2", "xx|w")):
        rows += [said(annotation, "kinds", value, target=target), said(annotation, "refusal", "right_answer")]
    assert emptied(*rows, questions=known) == [("0", "bias", "a", "age"), ("1", "bias", "a", "")]


def test_a_question_about_the_item_is_seen_by_whoever_answered_anything():
    """It gets one empty set an annotation, whatever that answered."""
    known = {SAFETY: Options(("age",), ("item",), optional=True)}
    rows = [said("0", "bias", "age", target="item"), said("1", "refusal", "x"), said("1", "refusal", "x", target="b")]
    assert emptied(*rows, questions=known) == [("0", "bias", "item", "age"), ("1", "bias", "item", "")]


class _Spark(Config):
    treat_nan_as_null: bool = False


def test_the_expressions_are_the_same_on_spark(monkeypatch):
    """What is left empty and the patterns of sets can be written as SQL of Spark too."""
    monkeypatch.setattr(ibis.options, "pyspark", _Spark())  # Ibis sets it when Spark itself is there
    table = ibis.table(ibis.Schema.from_pyarrow(frames.JUDGMENTS), name="judgments")
    numbers = ibis.table({**dict.fromkeys(("workflow", "question", "value"), "string"), "own": "int64"}, name="numbers")
    known = {SAFETY: Options(("age",), ("a",), optional=True, when=Condition("kinds", ("x",)))}
    query = ibis.to_sql(_patterns(with_empty(table, known), numbers, ["workflow", "question"]), dialect="pyspark")
    assert "COLLECT_LIST" in query.upper()


def test_the_commands_measure_a_store(tmp_path):
    """Of simulated answers with one option each, percent is that of the codes, and every option has a row."""
    people = Population(skill=0.8, skill_sd=0.1, bias=0.0, bias_sd=0.2, drift=0.0, drift_sd=0.0)
    workflow = guidelines.load().workflows["safety_moderation"]
    write(Plan(workflow, LOCALES[:1], 12, 30, 3, 4, people, datetime(2026, 1, 5, tzinfo=UTC), 7), tmp_path)
    answers = pd.read_parquet(tmp_path / "judgments.parquet").query("question == 'bias'")
    options = workflow.question("bias").choices
    (known,) = agreement(
        judgments(answers), categories={SAFETY: Categories(tuple(each.code for each in options), "nominal")}
    )
    named = {command.name: command for command in commands}
    store = ["--data", str(tmp_path / "store")]
    CliRunner().invoke(named["load"], [str(tmp_path), *store], catch_exceptions=False)

    def asked(name: str, form: str) -> str:
        given = [*store, "--question", "bias", "--format", form]
        return CliRunner().invoke(named[name], given, catch_exceptions=False).output

    (row,) = json.loads(asked("sets", "json"))["rows"]
    assert row["estimates"]["percent"]["low"] == pytest.approx(known.estimates["percent"].low)
    assert row["estimates"]["alpha_masi"]["value"] == pytest.approx(known.estimates["alpha_nominal"].value)
    assert (row["prevalence"], row["empty"]) == (pytest.approx(known.prevalence), 0)
    assert [line.split(",")[3] for line in asked("options", "csv").splitlines()] == [
        "option", *(each.code for each in options),
    ]  # fmt: skip


def covered(seed: int, over: str, equal: bool) -> bool:
    """Whether the interval of one simulated study holds MASI alpha of a very large one."""
    rng = np.random.default_rng(seed)
    rows = studied(rng, 60, 12, equal)
    found = sets_of(rows, over=over)[0].estimates["alpha_masi"]
    return bool(found.low <= TRUTHS[equal] <= found.high)


def studied(rng: np.random.Generator, items: int, raters: int, equal: bool) -> pd.DataFrame:
    """Three sets an item; an annotator gets each option right by chance, all by .85 or each by its own."""
    skill = np.full(raters, 0.85) if equal else rng.beta(8, 1.5, raters)
    truth = rng.random((items, 4)) < 0.3
    who = np.argsort(rng.random((items, raters)), axis=1)[:, :3]
    right = rng.random((items, 3, 4)) < skill[who][..., None]
    chosen = np.where(right, truth[:, None], ~truth[:, None])
    codes = np.array(list(CODES))
    return pd.DataFrame(
        [(f"i{i}", f"r{who[i, j]}", "|".join(codes[chosen[i, j]])) for i in range(items) for j in range(3)],
        columns=COLUMNS,
    )


TRUTHS = {True: 0.3132, False: 0.3209}  # of 24,000 answers, by as many annotators as need be


@pytest.mark.simulation
@pytest.mark.parametrize(("over", "equal"), [("items", True), ("items_and_raters", False)])
def test_intervals_hold_the_truth_about_as_often_as_they_say(over, equal):
    """Of 20 studies of 60 items at least 16 (.80): fewer would have a chance below 1 % at .95."""
    assert sum(covered(seed, over, equal) for seed in range(20)) >= 16
