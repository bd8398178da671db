"""Agreement on real data sets, against published or twice computed figures."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from statistics_data import data_set, judgments, nominal

from analytics.agreement import agreement
from analytics.consensus.answers import consensus


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
