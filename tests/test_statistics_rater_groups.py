"""Groups of annotators: a published example, figures and intervals by brute force, coverage, declared answers."""

from collections.abc import Callable

import ibis
import numpy as np
import pandas as pd
import pytest
from analytics_bodies import INGEST
from flask.testing import FlaskClient
from ibis.config import Config
from statistics_data import KEY, judgments, nominal

from analytics.agreement import agreement
from analytics.counts import numbered, placed
from analytics.errors import ImpossibleInterval, ImpossibleMetric, UndeclaredCategory, UnknownAttribute, UnknownGrouping
from analytics.intervals import AT_MOST_ONE, Variance, interval
from analytics.rater_groups import ATTRIBUTES, RaterGroup, rater_groups
from analytics.scales import Categories
from analytics.units import gathered

pytest_plugins = ["analytics_fixtures"]

# Ratings A and B by item of two groups, from the tests of the program of Wong, Paritosh & Aroyo (2021).
ONE = {1: "BB", 2: "BBB", 3: "AA", 4: "AAA", 5: "AB", 6: "AAA", 7: "AAB"}
OTHER = {1: "BB", 2: "AB", 3: "AB", 4: "AB", 5: "AA"}


def people(rows: pd.DataFrame, **attributes: Callable[[str], str | None]):
    """The annotators of these rows, each attribute made from the name, as a table; other attributes unknown."""
    names = sorted(rows["annotator"].astype(str).unique())
    columns = {name: [make(each) for each in names] for name, make in attributes.items()}
    empty = {name: [None] * len(names) for name in ATTRIBUTES if name not in attributes and name != "locale"}
    table = {"annotator": names, "locales": [["en-US"]] * len(names), **empty, **columns}
    kinds = {"annotator": "string", "locales": "array<string>"} | {
        name: "string" for name in ATTRIBUTES if name != "locale"
    }
    return ibis.memtable(pd.DataFrame(table), schema={name: kinds[name] for name in table})


def by_first_letter(rows: pd.DataFrame):
    """Annotators of the vendor that is the first letter of their name."""
    return people(rows, vendor=lambda name: name[0])


def found(rows: pd.DataFrame, codes: str = "abc", **options) -> dict[str, RaterGroup]:
    """The groups by vendor, by their name."""
    options = {"attributes": ["vendor"], "categories": nominal(codes)} | options
    return {each.members: each for each in rater_groups(judgments(rows), by_first_letter(rows), **options)}


def test_the_published_example_of_cross_replication_reliability():
    """Wong et al. (2021) publish .1818182 with their program; items that one group alone rated do not count."""
    rows = [
        (item, f"{group}{item}{place}", value)
        for group, ratings in (("x", ONE), ("y", OTHER))
        for item, values in ratings.items()
        for place, value in enumerate(values)
    ]
    groups = found(pd.DataFrame(rows, columns=["item", "annotator", "value"]), "AB")
    for each in groups.values():
        assert each.estimates["xrr"].value == pytest.approx(0.1818182, abs=1e-7)
        assert (each.estimates["xrr"].n_items, each.estimates["xrr"].n_judgments) == (5, 22)


def many(seed: int, items: int = 24, size: int = 6, effect: float = 0.0) -> pd.DataFrame:
    """Two to five ratings an item by annotators x and y; with an effect y sees that share of items otherwise."""
    rng = np.random.default_rng(seed)
    truth, own = rng.integers(0, 3, (2, items))
    names = [f"{group}{number}" for group in "xy" for number in range(size)]
    rows = []
    for item in range(items):
        for name in rng.permutation(names)[: rng.integers(2, 6)]:
            seen = own if name[0] == "y" and item < effect * items else truth
            rows.append((item, name, "abc"[seen[item] if rng.random() < 0.7 else rng.integers(0, 3)]))
    return pd.DataFrame(rows, columns=["item", "annotator", "value"])


def cross(rows: pd.DataFrame, members: str, apart: Callable[[str, str], float]) -> float:
    """Cross-replication reliability from the paper's sums, by loops."""
    mine = rows["annotator"].str[0] == members
    both = set(rows["item"][mine]) & set(rows["item"][~mine])
    one, other = (rows[side & rows["item"].isin(both)] for side in (mine, ~mine))
    observed = expected = 0.0
    for item in both:
        x, y = (list(each["value"][each["item"] == item]) for each in (one, other))
        observed += (len(x) + len(y)) / (len(x) * len(y)) * sum(apart(a, b) for a in x for b in y)
    expected = sum(apart(a, b) for a in one["value"] for b in other["value"]) / (len(one) * len(other))
    return 1 - observed / (len(one) + len(other)) / expected


def within(rows: pd.DataFrame, members: str, apart: Callable[[str, str], float]) -> float:
    """Krippendorff's alpha of one group, by loops over pairs of ratings."""
    units = [list(each["value"]) for _, each in rows[rows["annotator"].str[0] == members].groupby("item")]
    units = [each for each in units if len(each) > 1]
    every = [value for unit in units for value in unit]
    pairs = [sum(apart(a, b) for a in unit for b in unit) / (len(unit) - 1) for unit in units]
    expected = sum(apart(a, b) for a in every for b in every) / (len(every) * (len(every) - 1))
    return 1 - sum(pairs) / len(every) / expected


def unequal(one: str, other: str) -> float:
    """1 for different answers."""
    return float(one != other)


def squared(one: str, other: str) -> float:
    """The square of the steps between two answers."""
    return float((ord(one) - ord(other)) ** 2)


NUMBERED = {KEY: Categories(tuple("abc"), "ordinal", (1.0, 2.0, 3.0))}


@pytest.mark.parametrize(("metric", "apart"), [("nominal", unequal), ("interval", squared)])
def test_figures_are_those_of_loops_over_pairs(metric, apart):
    """Agreement within, across, and their ratio, with unequal numbers of ratings and items of one group alone."""
    rows = many(1)
    for members, each in found(rows, metric=metric, categories=NUMBERED).items():
        irr, xrr = within(rows, members, apart), cross(rows, members, apart)
        figures = {name: each.estimates[name].value for name in ("irr", "xrr", "gai")}
        assert figures == pytest.approx({"irr": irr, "xrr": xrr, "gai": irr / xrr})


def test_plurality_and_negentropy_are_means_over_items():
    """Of 2 + 1 answers the most frequent has 2/3; negentropy of two equal answers is ln 3, of 1 + 1 it is ln 1.5."""
    rows = many(2)
    for members, each in found(rows).items():
        counts = [
            list(unit["value"].value_counts())
            for _, unit in rows[rows["annotator"].str[0] == members].groupby("item")
            if len(unit) > 1
        ]
        shares = [np.array(one) / sum(one) for one in counts]
        assert each.estimates["plurality"].value == pytest.approx(np.mean([one.max() for one in shares]))
        entropy = [-(one * np.log(one)).sum() for one in shares]
        assert each.estimates["negentropy"].value == pytest.approx(np.log(3) - np.mean(entropy))


def spread(values: list[float]) -> float:
    """The delete-one jackknife variance of these replicates."""
    return (len(values) - 1) / len(values) * float(((np.array(values) - np.mean(values)) ** 2).sum())


def test_the_interval_is_the_jackknife_over_items_and_annotators_of_both_groups():
    """Leaving out each item, each annotator and each rating, and starting anew, gives the same interval."""
    rows = many(3)
    rows = rows[rows["item"].isin(rows["item"][rows["annotator"].str[0] == "x"])]

    def without(*which: pd.Series) -> float:
        return cross(rows[~np.logical_and.reduce(which)], "x", unequal)

    items = spread([without(rows["item"] == item) for item in rows["item"].unique()])
    raters = {side: sorted({name for name in rows["annotator"] if name[0] == side}) for side in "xy"}
    by_side = [spread([without(rows["annotator"] == name) for name in raters[side]]) for side in "xy"]
    single = spread([without(pd.Series(range(len(rows)), rows.index) == place) for place in range(len(rows))])
    drawn = Variance(by_side[0], len(raters["x"]) - 1) + Variance(by_side[1], len(raters["y"]) - 1)
    whole = drawn.value * (drawn.freedom + 1) / drawn.freedom
    added = max(whole - single, 0)
    value, variance = cross(rows, "x", unequal), items + added
    theirs = min((whole + added) / 2, variance)
    freedom = variance**2 / (theirs**2 / drawn.freedom + (variance - theirs) ** 2 / (rows["item"].nunique() - 1))
    estimate = found(rows)["x"].estimates["xrr"]
    assert (estimate.low, estimate.high) == pytest.approx(
        interval(value, Variance(variance, freedom), 0.95, AT_MOST_ONE)
    )
    fixed = found(rows, over="items")["x"].estimates["xrr"]
    plain = interval(value, Variance(items, rows["item"].nunique() - 1), 0.95, AT_MOST_ONE)
    assert (fixed.low, fixed.high) == pytest.approx(plain)


def test_agreement_within_is_that_of_the_group_alone():
    """`irr` is nominal alpha of the answers of the group, whatever the others answered."""
    rows = many(4)
    mine = rows[rows["annotator"].str[0] == "x"]
    (alone,) = agreement(judgments(mine), categories=nominal("abc"), metrics=["alpha_nominal"], over="items")
    estimate = found(rows)["x"].estimates["irr"]
    assert estimate.value == pytest.approx(alone.estimates["alpha_nominal"].value)
    assert estimate.n_items == alone.estimates["alpha_nominal"].n_items


def test_the_association_is_one_where_the_test_finds_nothing():
    """Fieller's interval holds 1 exactly where the p-value is .05 or more."""
    for seed in range(12):
        each = found(many(seed, items=120, size=10, effect=0.15))["x"]
        gai = each.estimates["gai"]
        assert gai.low < gai.value < gai.high
        assert (gai.low <= 1 <= gai.high) == (each.p_value >= 0.05)


def shuffled(rows: pd.DataFrame, number: int) -> float:
    """The share of shuffles of annotators over the groups whose difference of agreement is as large as the real one."""
    rng, names = np.random.default_rng(5), sorted(rows["annotator"].unique())
    place = {name: number for number, name in enumerate(names)}
    table = np.full((rows["item"].max() + 1, len(names)), -1)
    table[rows["item"], rows["annotator"].map(place)] = rows["value"].map("abc".index)
    given = (table[:, :, None] == np.arange(3)).astype(float)
    mine = np.array([name[0] == "x" for name in names])

    def apart(side: np.ndarray) -> float:
        inside, outside = given[:, side].sum(axis=1), given[:, ~side].sum(axis=1)
        m, s = inside.sum(axis=1), outside.sum(axis=1)
        pair, both = m > 1, (m > 0) & (s > 0)
        used = inside[pair].sum(axis=0)
        unlike = ((m**2 - (inside**2).sum(axis=1)) / np.maximum(m - 1, 1))[pair].sum()
        irr = 1 - (used.sum() - 1) * unlike / (used.sum() ** 2 - (used**2).sum())
        x, y = inside[both].sum(axis=0), outside[both].sum(axis=0)
        crossed = ((m * s - (inside * outside).sum(axis=1)) * (m + s) / np.maximum(m * s, 1))[both].sum()
        return irr - (1 - crossed / (x.sum() + y.sum()) / (1 - x @ y / (x.sum() * y.sum())))

    real = abs(apart(mine))
    return float(np.mean([abs(apart(rng.permutation(mine))) >= real for _ in range(number)]))


def test_the_test_finds_what_a_permutation_test_finds():
    """As in GRASP, groups of annotators shuffled at random: with an effect both are sure, without it they agree."""
    strong = many(6, items=160, size=30, effect=0.6)
    assert found(strong)["x"].p_value < 0.01
    assert shuffled(strong, 300) < 0.01
    apart = [
        found(rows)["x"].p_value - shuffled(rows, 300) for rows in (many(seed, items=60, size=10) for seed in range(10))
    ]
    assert np.abs(apart).mean() < 0.15


def test_a_group_that_sees_things_its_own_way_is_told():
    """With an effect agreement within is above that across, gai above 1 and q below .05."""
    each = found(many(7, items=300, size=10, effect=0.5))["y"]
    assert each.estimates["irr"].value > each.estimates["xrr"].value
    assert each.estimates["gai"].low > 1
    assert each.q_value < 0.05


@pytest.mark.simulation
@pytest.mark.parametrize(("items", "size"), [(30, 12), (150, 8)])
def test_intervals_hold_the_truth(items, size):
    """Annotators know an answer with chance .5 to .9 and guess else: within and across alpha is .49 in the long run."""
    rng, studies = np.random.default_rng(9), 60
    skill = rng.uniform(0.5, 0.9, (studies, 2 * size))
    chosen = rng.random((studies, items, 2 * size)).argsort(axis=-1)[..., :5]
    study, item, _ = np.indices(chosen.shape)
    truth = rng.integers(0, 3, (studies, items, 1))
    value = np.where(rng.random(chosen.shape) < skill[study, chosen], truth, rng.integers(0, 3, chosen.shape))
    columns = {"locale": study, "item": item, "rater": chosen, "value": np.array(list("abc"))[value]}
    rows = pd.DataFrame({name: each.ravel() for name, each in columns.items()})
    side = np.where(rows["rater"] < size, "x", "y")
    rows = rows.assign(
        locale=rows["locale"].astype(str),
        annotator=pd.Series(side) + rows["locale"].astype(str) + "-" + rows["rater"].astype(str),
    ).drop(columns="rater")
    groups = rater_groups(judgments(rows), by_first_letter(rows), categories=nominal("abc"), attributes=["vendor"])
    for name, truth_of in (("irr", 0.49), ("xrr", 0.49), ("gai", 1.0)):
        held = [each.estimates[name].low <= truth_of <= each.estimates[name].high for each in groups]
        assert np.mean(held) >= 0.9, (name, np.mean(held))
    assert np.mean([each.p_value < 0.05 for each in groups]) <= 0.1


def test_small_groups_are_people():
    """A group of four, and figures across to others of whom but four shared items, are withheld, their numbers too."""
    rows = many(8, items=60)
    few = rows[~rows["annotator"].isin(["y4", "y5"])]
    groups = found(few)
    small, large = groups["y"], groups["x"]
    for estimate in (*small.estimates.values(), large.estimates["xrr"], large.estimates["gai"]):
        assert estimate.undefined == "withheld: it would rest on fewer than 5 annotators of a group"
        assert (estimate.value, estimate.n_items, estimate.n_judgments, estimate.n_annotators) == (None, 0, 0, 0)
    assert (small.p_value, large.p_value) == (None, None)
    assert large.estimates["irr"].value is not None


def test_annotators_of_whom_nothing_is_known_are_left_out():
    """Neither a null nor an empty attribute is a group, and such annotators are none of the others."""
    rows = many(9, items=60, size=8)
    unknown = {"x7": None, "y7": ""}
    table = people(rows, region=lambda name: unknown.get(name, name[0]))
    groups = rater_groups(judgments(rows), table, categories=nominal("abc"))
    assert [(each.attribute, each.members) for each in groups] == [("region", "x"), ("region", "y")]
    without = found(rows[~rows["annotator"].isin(unknown)])
    assert [each.estimates for each in groups] == [without["x"].estimates, without["y"].estimates]


def test_the_locale_of_annotators_is_their_first():
    """Those who come from Canada and from France answer the same items of one locale."""
    rows = many(10, items=60).assign(locale="fr-FR")
    table = people(rows).mutate(
        locales=ibis.ifelse(ibis._.annotator.startswith("x"), ibis.array(["fr-CA", "fr-FR"]), ibis.array(["fr-FR"]))
    )
    groups = rater_groups(judgments(rows), table, categories=nominal("abc"), attributes=["locale"])
    assert [(each.group["locale"], each.members) for each in groups] == [("fr-FR", "fr-CA"), ("fr-FR", "fr-FR")]
    assert [each.estimates for each in groups] == [found(rows)[side].estimates for side in "xy"]


def test_a_group_without_others_has_no_row():
    """Where all annotators of a locale are of one vendor there is nothing to compare; another locale has its rows."""
    rows = many(11, items=60)
    alone = rows[rows["annotator"].str[0] == "x"].assign(locale="de-DE")
    groups = rater_groups(judgments(pd.concat([alone, rows.assign(locale="fr-FR")])), by_first_letter(rows),
                          categories=nominal("abc"))  # fmt: skip
    assert [(each.group["locale"], each.members) for each in groups] == [("fr-FR", "x"), ("fr-FR", "y")]


def test_what_is_undefined_says_why():
    """One answer, items that groups do not share, agreement below chance, and no judgments at all."""
    rows = many(12, items=60)
    same = found(rows.assign(value="a"))["x"]
    assert same.estimates["irr"].undefined == "no variation: every answer is the same"
    assert same.estimates["gai"].undefined == "irr or xrr is undefined"
    assert (same.estimates["plurality"].value, same.estimates["plurality"].low) == (1, None)
    assert same.p_value is None
    apart = found(rows.assign(item=rows["annotator"].str[0] + rows["item"].astype(str)))["x"]
    reason = "no item that annotators of the group and others answered"
    assert (apart.estimates["xrr"].undefined, apart.estimates["gai"].undefined) == (reason, reason)
    assert apart.estimates["irr"].value is not None
    turned = rows["value"].map({"a": "b", "b": "c", "c": "a"})
    against = rows.assign(value=rows["value"].where(rows["annotator"].str[0] == "x", turned))
    assert "chance" in found(against)["y"].estimates["gai"].undefined
    assert rater_groups(judgments(rows[:0]), by_first_letter(rows), categories=nominal("abc")) == []


def test_what_is_impossible_is_refused():
    """Unknown attributes, groupings, metrics, answers and intervals are errors of our own."""
    rows = many(13)
    for error, options in (
        (UnknownAttribute, {"attributes": ["shoe"]}),
        (UnknownGrouping, {"by": ["shoe"]}),
        (ImpossibleMetric, {"metric": "interval"}),
        (UndeclaredCategory, {"categories": nominal("ab")}),
        (ImpossibleInterval, {"level": 0}),
    ):
        with pytest.raises(error):
            found(rows, **options)


def test_the_api_answers_groups(filled: FlaskClient):
    """`GET /v1/groups` takes attributes and a metric; of the few people of this store it tells nothing but why."""
    answer = filled.get(
        "/v1/groups?workflow=preference&question=overall&attributes=vendor&metric=interval", headers=INGEST
    )
    assert answer.status_code == 200
    rows = answer.json["rows"]
    assert {row["attribute"] for row in rows} == {"vendor"}
    told = [estimate for row in rows for estimate in row["estimates"].values()]
    assert all(each["value"] is None and each["n_annotators"] == 0 and each["undefined"] for each in told)
    assert filled.get("/v1/groups?attributes=shoe", headers=INGEST).status_code == 422


class _Spark(Config):
    treat_nan_as_null: bool = False


def test_the_expression_is_the_same_on_spark(monkeypatch):
    """Nothing in it is of one engine: it can be written as SQL of Spark too."""
    monkeypatch.setattr(ibis.options, "pyspark", _Spark())  # Ibis sets it when Spark itself is there
    rows, group = many(1), ["asked", "locale"]
    table = ibis.table(judgments(rows).schema(), name="judgments")
    known = placed(numbered(table, nominal("abc")), nominal("abc"))
    query = ibis.to_sql(gathered(known, group), dialect="pyspark")
    assert "FROM `judgments`" in query
