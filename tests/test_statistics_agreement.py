"""Agreement: published values, declared answers for degenerate input, groupings and refusals."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from evalica import alpha
from statistics_data import EXAMPLE_C, KEY, NOON, judgments, nominal, observers, ordinal

from analytics.agreement import agreement
from analytics.coefficients import possible
from analytics.errors import ImpossibleInterval, ImpossibleMetric, UndeclaredCategory, UnknownGrouping
from analytics.output import plain
from analytics.scales import Categories


def only(rows: pd.DataFrame, categories: dict, **asked):
    """The one group of these rows."""
    (row,) = agreement(judgments(rows), categories=categories, **asked)
    return row


@pytest.mark.parametrize(
    ("metric", "published", "decimals"),
    [
        ("alpha_nominal", 0.743, 3),
        ("alpha_ordinal", 0.815, 3),
        ("alpha_interval", 0.849, 3),
        ("alpha_ratio", 0.797, 3),
        ("percent", 0.81818, 5),
        ("ac1", 0.77544, 5),
        ("fleiss", 0.76117, 5),
        ("brennan_prediger", 0.77273, 5),
    ],
)
def test_published_values_of_the_four_observer_example(metric, published, decimals):
    """Krippendorff's example C and Gwet's four-rater table are reproduced to all published digits."""
    questions = {KEY: Categories(tuple("12345"), "ordinal", (1, 2, 3, 4, 5))}
    estimates = only(observers(EXAMPLE_C), questions, metrics=[metric]).estimates
    assert round(estimates[metric].value, decimals) == published


def test_nominal_alpha_of_example_c_is_its_exact_fraction():
    """Nominal alpha of example C is 113/152, computed by hand from its coincidences."""
    value = only(observers(EXAMPLE_C), nominal("12345")).estimates["alpha_nominal"].value
    assert value == pytest.approx(float(Fraction(113, 152)), abs=1e-15)


def test_what_an_estimate_rests_on_leaves_out_items_with_one_rating():
    """Example C has 11 units with a pair, 40 ratings in them, 4 observers, and one unit rated once."""
    row = only(observers(EXAMPLE_C), ordinal("12345"))
    estimate = row.estimates["percent"]
    assert (estimate.n_items, estimate.n_judgments, estimate.n_annotators, row.n_single_rated) == (11, 40, 4, 1)


def test_prevalence_is_the_mean_share_of_a_category_over_units():
    """Two units answered a,a and a,b give a prevalence of three quarters and one quarter."""
    assert only(observers(["a a", "a b"]), nominal("ab")).prevalence == {"a": 0.75, "b": 0.25}


@pytest.mark.parametrize("seed", range(3))
def test_nominal_alpha_equals_another_library(seed):
    """On random ragged ratings evalica and this module give the same nominal alpha."""
    rng = np.random.default_rng(seed)
    grid = rng.integers(0, 4, (6, 40)).astype(float)
    grid[rng.random(grid.shape) < 0.3] = np.nan
    rows = [(i, r, str(int(v))) for (r, i), v in np.ndenumerate(grid) if not np.isnan(v)]
    ours = only(pd.DataFrame(rows, columns=["item", "annotator", "value"]), nominal("0123"))
    assert ours.estimates["alpha_nominal"].value == pytest.approx(alpha(pd.DataFrame(grid)).alpha, abs=1e-12)


def test_unanimous_answers_of_several_categories_agree_perfectly_without_an_interval():
    """Full agreement on several categories is 1 in every metric; the interval is missing and the reason is given."""
    for estimate in only(observers(["a b a b"] * 3), ordinal("ab")).estimates.values():
        assert (estimate.value, estimate.low, estimate.high) == (1.0, None, None)
        assert estimate.undefined == "no interval: all annotators agree on every item"


def test_one_category_everywhere_leaves_chance_corrected_metrics_undefined():
    """Where every answer is the same, percent is 1, and alpha and AC1 are undefined for want of variation."""
    estimates = only(observers(["a a a"] * 3), ordinal("ab")).estimates
    assert estimates.pop("percent").value == 1.0
    assert {each.undefined for each in estimates.values()} == {"no variation: every answer is the same"}
    assert {each.value for each in estimates.values()} == {None}


def test_without_a_pair_everything_is_undefined():
    """A single annotator, or annotators who share no item, give no figure and say so."""
    for rows in (observers(["a b a"]), observers(["a b * *", "* * a b"])):
        row = only(rows, nominal("ab"))
        assert {each.undefined for each in row.estimates.values()} == {"no item has two annotators"}
        assert row.n_single_rated == len(rows)


def test_no_judgments_give_no_rows():
    """Nothing asked or nothing answered is an empty list, not an error."""
    empty = judgments(observers(["a a"])).filter(False)
    assert agreement(empty, categories=nominal("ab")) == []
    assert agreement(judgments(observers(["a a"])), categories={}) == []


def test_two_annotators_have_an_interval_over_items_only():
    """Without one of two annotators no pair is left: the value stands, the interval over annotators is withheld."""
    rows = observers(["a b a b a b b", "a b a a a b b"])
    over_raters = only(rows, nominal("ab")).estimates["alpha_nominal"]
    assert over_raters.low is None
    assert "one annotator" in over_raters.undefined
    over_items = only(rows, nominal("ab"), over="items").estimates["alpha_nominal"]
    assert over_items.low < over_items.value == over_raters.value < over_items.high < 1


def test_the_newest_answer_of_an_annotator_counts():
    """Of two answers of one annotator on one item the later updated one is used, whatever their order."""
    first = observers(["a b a b", "a b a b"]).assign(updated=NOON)
    again = first[(first["item"] == "i0") & (first["annotator"] == "r0")].assign(
        value="b", updated=NOON + pd.Timedelta(seconds=1)
    )
    for rows in (pd.concat([first, again]), pd.concat([again, first])):
        estimate = only(rows, nominal("ab")).estimates["percent"]
        assert (estimate.value, estimate.n_judgments) == (0.75, 8)


def test_an_answer_left_open_is_no_rating():
    """A null value, as an optional question leaves it, is not counted."""
    table = judgments(observers(["a b a", "a b b"])).mutate(value=lambda t: (t.value + "").nullif("b"))
    (row,) = agreement(table, categories=nominal("ab"))
    assert row.estimates["percent"].n_items == 1
    assert row.n_single_rated == 1


def test_groups_are_separate_and_sorted_and_missing_vendors_are_a_group():
    """Each locale and vendor is its own row; units are split by vendor; an unknown vendor is None."""
    rows = pd.concat(
        [
            observers(["a b", "a b", "b a"]).assign(vendor=["north"] * 4 + [None] * 2, locale="fr-FR"),
            observers(["a b", "b a"]).assign(vendor="north", locale="de-DE"),
        ]
    )
    found = agreement(judgments(rows), categories=nominal("ab"), by=("locale", "vendor"), metrics=["percent"])
    assert [tuple(row.group.values())[2:] for row in found] == [("de-DE", "north"), ("fr-FR", "north"), ("fr-FR", None)]
    assert [row.estimates["percent"].value for row in found] == [0.0, 1.0, None]


def test_questions_with_different_categories_are_computed_in_one_call():
    """Each question keeps its own categories; judgments of questions that were not asked about are left out."""
    rows = pd.concat(
        [
            observers(["1 2 3", "1 2 2"]).assign(question="overall"),
            observers(["x y", "x y"]).assign(question="other"),
            observers(["free text"]).assign(question="reason"),
        ]
    )
    categories = {**ordinal("123"), **{(KEY[0], "other"): nominal("xy")[KEY]}}
    found = agreement(judgments(rows), categories=categories)
    assert [(row.group["question"], list(row.prevalence)) for row in found] == [
        ("other", ["x", "y"]),
        ("overall", ["1", "2", "3"]),
    ]
    assert "alpha_ordinal" not in found[0].estimates


def test_an_undeclared_answer_is_refused_by_name():
    """A stored code that the question does not declare stops the computation and is named."""
    with pytest.raises(UndeclaredCategory, match=r"'c' to rating\.overall"):
        only(observers(["a b", "a c"]), nominal("ab"))


def test_an_ordinal_metric_of_a_nominal_question_is_refused_with_what_is_possible():
    """Asking an order of categories that have none names the metrics the question allows."""
    with pytest.raises(ImpossibleMetric, match="percent, alpha_nominal, fleiss, brennan_prediger, ac1"):
        only(observers(["a b"]), nominal("ab"), metrics=["alpha_ordinal"])
    assert "alpha_interval" not in possible(ordinal("ab")[KEY])
    assert set(only(observers(["a b"]), ordinal("ab")).estimates) == {
        "percent",
        "alpha_nominal",
        "alpha_ordinal",
        "ac1",
    }


@pytest.mark.parametrize("column", ["annotator", "colour"])
def test_an_unknown_grouping_is_refused_with_those_there_are(column):
    """Only the declared columns can be grouped by."""
    with pytest.raises(UnknownGrouping, match="workflow, question, locale, target, guideline_version, vendor, stage"):
        only(observers(["a b"]), nominal("ab"), by=(column,))


def test_grouping_by_vendor_without_the_column_is_refused():
    """Judgments that were not joined with their annotators cannot be grouped by vendor."""
    with pytest.raises(UnknownGrouping, match="vendor"):
        agreement(judgments(observers(["a b"])).drop("vendor"), categories=nominal("ab"), by=("vendor",))


@pytest.mark.parametrize("asked", [{"over": "everyone"}, {"level": 95}])
def test_an_interval_for_nobody_is_refused(asked):
    """An unknown population or a level outside 0 to 1 is an error, not a silent default."""
    with pytest.raises(ImpossibleInterval):
        only(observers(["a b"]), nominal("ab"), **asked)


def test_a_row_is_plain_values():
    """A row turns into dictionaries, texts and numbers that JSON can hold."""
    row = plain(only(observers(EXAMPLE_C), ordinal("12345")))
    assert (row["workflow"], row["question"], row["locale"]) == ("rating", "overall", "de-DE")
    assert row["estimates"]["percent"]["n_annotators"] == 4
