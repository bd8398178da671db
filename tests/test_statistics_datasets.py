"""Agreement on real data sets, against published or twice computed figures."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from statistics_data import EXAMPLE_C, KEY, data_set, judgments, nominal, observers

from analytics.agreement import Totals, agreement, item_variance
from analytics.coefficients import COEFFICIENTS
from analytics.consensus.answers import consensus
from analytics.counts import counts
from analytics.pairs import pairs
from analytics.scales import Categories


def ratings(name: str) -> pd.DataFrame:
    """A data set as rows of judgments."""
    renamed = data_set(name).rename(columns={"item_id": "item", "annotator_id": "annotator"})
    return renamed[["item", "annotator", "value", "locale"]].astype(str)


def estimates(rows: pd.DataFrame, **asked) -> dict:
    """Estimates by locale of a nominal question."""
    found = agreement(judgments(rows), categories=nominal(sorted(set(rows["value"]))), **asked)
    return {row.group["locale"]: row.estimates for row in found}


def test_hatecheck():
    """Alpha, Fleiss' kappa and AC1 of HateCheck (Röttger et al. 2021, five of ten annotators an item) are met."""
    found = estimates(ratings("hatecheck_en.parquet"), metrics=("alpha_nominal", "fleiss", "ac1"))["en"]
    assert round(found["fleiss"].value, 5) == 0.92851
    assert round(found["alpha_nominal"].value, 5) == 0.92852
    assert round(found["ac1"].value, 5) == 0.94569


def test_multilingual_hatecheck():
    """Alpha of five languages (Röttger et al. 2022) is reproduced in one call."""
    found = estimates(ratings("mhc_5lang.parquet"))
    values = {locale: round(each["alpha_nominal"].value, 4) for locale, each in found.items()}
    assert values == {"ar": 0.5726, "de": 0.5979, "es": 0.7505, "fr": 0.3279, "hi": 0.7223}


def test_majorities_of_multilingual_hatecheck_against_gold():
    """The items on which the majority of three differs from gold are as many as counted elsewhere."""
    given = data_set("mhc_5lang.parquet")
    gold = given.drop_duplicates("item_id").set_index("item_id")["gold"]
    codes = nominal(["hateful", "non-hateful"])
    found = consensus(judgments(ratings("mhc_5lang.parquet")), categories=codes, method="majority")
    wrong = Counter(row.group["locale"] for row in found if pd.notna(gold[row.item]) and row.answer != gold[row.item])
    assert wrong == {"ar": 245, "de": 153, "es": 90, "fr": 789, "hi": 174}


def test_crowdscale_with_every_rating_as_given():
    """With its 1,810 repeated ratings kept as ratings of their own, alpha and its fixed-rater interval are known."""
    rows = ratings("crowdscale_kg.parquet")
    repeat = rows.groupby(["item", "annotator"]).cumcount().astype(str)
    found = estimates(rows.assign(annotator=rows["annotator"] + "#" + repeat), over="items")["en"]["alpha_nominal"]
    assert round(found.value, 5) == 0.70392
    assert (found.low, found.high) == pytest.approx((0.6995, 0.7084), abs=2e-4)


def test_crowdscale_with_the_newest_of_repeated_ratings():
    """With the order of the file as time, 1,810 ratings give way to newer ones of the same annotator."""
    rows = ratings("crowdscale_kg.parquet")
    later = pd.Timestamp("2013-01-01", tz="UTC") + pd.to_timedelta(np.arange(len(rows)), unit="s")
    found = estimates(rows.assign(updated=later), over="items")["en"]["alpha_nominal"]
    assert found.n_judgments == 216_725 - 1_810
    assert round(found.value, 5) == 0.70335


def test_crowdscale_with_the_first_of_repeated_ratings():
    """Keeping the first instead makes .70350: which of 1,810 ratings counts matters less than the interval is wide."""
    found = estimates(ratings("crowdscale_kg.parquet").drop_duplicates(["item", "annotator"]), over="items")
    alpha = found["en"]["alpha_nominal"]
    assert round(alpha.value, 5) == 0.70350
    assert all(alpha.low < other < alpha.high for other in (0.70335, 0.70392))


@pytest.mark.parametrize(
    ("name", "judged", "items", "raters"),
    [
        ("hatecheck_en.parquet", 19_505, 3_901, 10),
        ("mhc_5lang.parquet", 54_750, 18_250, 3),
        ("mlqe_da_4pairs.parquet", 258_252, 36_000, 21),
        ("crowdscale_kg.parquet", 216_725, 42_624, 57),
        ("dawid_skene_1979.csv", 315, 45, 5),
    ],
)
def test_what_was_published_is_what_is_measured(name, judged, items, raters):
    """Judgments, items and annotators are as many as the sources say, so nothing was lost on the way."""
    rows = data_set(name)
    assert (len(rows), rows["item_id"].nunique(), rows["annotator_id"].nunique()) == (judged, items, raters)


def ragged() -> np.ndarray:
    """Gwet's four-rater table as counts: items × categories, one item rated once."""
    rows = observers(EXAMPLE_C)
    return pd.crosstab(rows["item"], rows["value"]).to_numpy()


def gwet(table: np.ndarray, metric: str) -> tuple[float, float]:
    """AC1 or Fleiss' kappa and its analytic standard error over items (Gwet 2014, ch. 5)."""
    ratings_, n, q = table.sum(axis=1), *table.shape
    shares, paired = table / ratings_[:, None], ratings_ > 1
    mean = shares.mean(axis=0)
    chance = shares @ ((1 - mean) / (q - 1) if metric == "ac1" else mean)
    agreed = (table * (table - 1)).sum(axis=1) / np.maximum(ratings_ * (ratings_ - 1), 1) * n / paired.sum()
    expected, left = chance.mean(), 1 - chance.mean()
    value = (agreed.mean() - expected) / left
    each = (agreed - expected * paired * n / paired.sum()) / left - 2 * (1 - value) * (chance - expected) / left
    return value, np.sqrt(((each - value) ** 2).sum() / n / (n - 1))


@pytest.mark.parametrize(
    ("metric", "published", "without", "ours"),
    [("ac1", 0.14295, 0.12527, 0.12522), ("fleiss", 0.15302, 0.13544, 0.13914)],
)
def test_standard_errors_of_the_four_rater_table(metric, published, without, ours):
    """Gwet's count an item with one rating among the items; ours, like his of the other items, rest on those of two."""
    (group,) = counts(judgments(observers(EXAMPLE_C)), nominal("12345"))
    found = item_variance(COEFFICIENTS[metric].of, Totals.of(group), (float("nan"),) * 5).value ** 0.5
    table = ragged()
    assert round(gwet(table, metric)[1], 5) == published
    assert round(gwet(table[table.sum(axis=1) > 1], metric)[1], 5) == without
    assert round(found, 5) == ours


ABSTRACTORS = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]


def scaled(codes: str) -> dict:
    """An ordinal question whose codes are numbers."""
    return {KEY: Categories(tuple(codes), "ordinal", tuple(float(code) for code in codes))}


@pytest.mark.parametrize(
    ("metric", "published"),
    [("percent", 0.89), ("alpha_nominal", 0.79726), ("brennan_prediger", 0.835), ("ac1", 0.84933),
     ("alpha_interval", 0.89265), ("ac2_quadratic", 0.94024), ("kappa", 0.79641), ("kappa_quadratic", 0.89216)],
)  # fmt: skip
def test_two_abstractors(metric, published):
    """A hundred patients by two abstractors (Gwet 2014, `cont3x3abstractors`), as irrCAC's vignettes print them."""
    cells = [(i, j) for i, row in enumerate(ABSTRACTORS) for j, count in enumerate(row) for _ in range(count)]
    table = judgments(observers([" ".join(str(cell[of] + 1) for cell in cells) for of in (0, 1)]))
    if metric.startswith("kappa"):
        (pair,) = pairs(table, categories=scaled("123"), metric=metric)
        assert round(pair.kappa.value, 5) == published
        return
    (row,) = agreement(table, categories=scaled("123"), metrics=[metric])
    assert round(row.estimates[metric].value, 5) == published


def test_quadratic_ac2_of_the_four_rater_table():
    """.914, as irrCAC's vignette prints it; its quadratic alpha is alpha for intervals, .84911."""
    (row,) = agreement(
        judgments(observers(EXAMPLE_C)), categories=scaled("12345"), metrics=["ac2_quadratic", "alpha_interval"]
    )
    assert round(row.estimates["ac2_quadratic"].value, 5) == 0.914
    assert round(row.estimates["alpha_interval"].value, 5) == 0.84911


def test_of_both_conventions_of_fleiss_ours_is_the_mean_of_items():
    """Shares of categories are the mean of the items' shares, .76117; from all ratings pooled they would be .76047."""
    (row,) = agreement(judgments(observers(EXAMPLE_C)), categories=nominal("12345"), metrics=["fleiss", "percent"])
    pooled = ragged().sum(axis=0) / ragged().sum()
    percent = row.estimates["percent"].value
    assert round(row.estimates["fleiss"].value, 5) == 0.76117
    assert round((percent - (pooled**2).sum()) / (1 - (pooled**2).sum()), 5) == 0.76047
