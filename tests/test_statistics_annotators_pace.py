"""Pace: counts, order statistics and shares against brute force and published values; flags and declared answers."""

import ibis
import numpy as np
import pandas as pd
import pytest
from analytics_bodies import INGEST
from flask.testing import FlaskClient
from scipy.stats import binom
from statistics_data import NOON
from statsmodels.stats.proportion import proportion_confint

from analytics.annotators.pace import Pace, pace, quantile
from analytics.errors import ImpossibleInterval, UnknownGrouping

pytest_plugins = ["analytics_fixtures"]

SECOND = pd.Timedelta(seconds=1)
SCHEMA = dict.fromkeys(("workflow", "locale", "vendor", "item", "annotator", "status"), "string") | {
    "created": "timestamp('UTC')",
    "lead_time": "float64",
}


def annotations(rows: list[tuple[str, str, float | None]]) -> ibis.Table:
    """Rows (annotator, status, seconds) as annotations, a second apart."""
    filled = [
        ("w", "de-DE", "north", f"i{n}", name, status, NOON + n * SECOND, lead)
        for n, (name, status, lead) in enumerate(rows)
    ]
    return ibis.memtable(pd.DataFrame(filled, columns=list(SCHEMA)), schema=SCHEMA)


def worked(seed: int, people: int = 6, each: int = 200) -> list[tuple[str, str, float | None]]:
    """Lognormal times around a minute; a twentieth is skipped. The first hurries through a third of the items."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[str, str, float | None]] = []
    for _ in range(each):
        for person in range(people):
            skipped = rng.random() < (0.3 if person == 1 else 0.05)
            lead = 1.5 if person == 0 and rng.random() < 1 / 3 else float(rng.lognormal(4, 0.5))
            rows.append((f"r{person}", "skipped" if skipped else "submitted", lead))
    return rows


def test_counts_and_shares():
    """Submitted, skipped and discarded annotations, days, and the shares with Wilson's interval."""
    rows = worked(1)
    frame = pd.DataFrame(rows, columns=["annotator", "status", "lead"])
    fast = frame.loc[frame["status"] == "submitted", "lead"].median() / 10
    for row in pace(annotations([*rows, ("r1", "discarded", 5.0)])):
        own = frame[frame["annotator"] == row.annotator]
        done = own.loc[own["status"] == "submitted", "lead"]
        assert (row.submitted, row.skipped) == (len(done), len(own) - len(done))
        assert (row.discarded, row.days) == (int(row.annotator == "r1"), 1)
        assert row.fast == pytest.approx(fast)
        for name, part, whole in (
            ("skip_rate", row.skipped, len(own)),
            ("too_fast", int((done < fast).sum()), len(done)),
        ):
            low, high = proportion_confint(part, whole, method="wilson")
            found = row.estimates[name]
            assert [found.value, found.low, found.high] == pytest.approx([part / whole, low, high], abs=1e-9)
            assert found.n_items == whole


def test_quantiles_have_the_interval_of_their_order_statistics():
    """Of 20 values the median lies between the 6th and the 15th (Hahn & Meeker 1991: .959); p90 takes more of them."""
    values = np.arange(1.0, 21.0)
    median = quantile(values, 0.5, 0.95)
    assert (median.value, median.low, median.high) == (10.5, 6, 15)
    assert binom.cdf(14, 20, 0.5) - binom.cdf(5, 20, 0.5) == pytest.approx(0.959, abs=5e-4)
    assert quantile(values, 0.9, 0.95).undefined == "no interval: it takes more annotations"
    assert quantile(values, 0.9, 0.95).value == pytest.approx(18.1)


@pytest.mark.simulation
@pytest.mark.parametrize(("share", "count"), [(0.5, 30), (0.5, 200), (0.9, 60), (0.9, 300)])
def test_intervals_of_quantiles_hold_at_least_what_they_promise(share, count):
    """Of 95 % intervals 95 % or a little more hold the quantile, whatever the distribution."""
    rng = np.random.default_rng(1)
    found = [quantile(np.sort(rng.exponential(1, count)), share, 0.95) for _ in range(600)]
    assert 0.94 < np.mean([each.low < -np.log(1 - share) < each.high for each in found]) < 0.99


def test_who_hurries_or_skips_is_flagged_and_nobody_else():
    """The flags are sure: the interval lies wholly beyond a tenth too fast, or beyond the group's share of skips."""
    flags = {row.annotator: row.flags for row in pace(annotations(worked(2)))}
    assert flags == {"r0": ("too_fast",), "r1": ("skips_more",), "r2": (), "r3": (), "r4": (), "r5": ()}
    assert all(row.flags == () for row in pace(annotations(worked(2, each=20))))


def test_the_longest_row_of_fast_annotations():
    """Counted in the order in which annotations were begun, each annotator's for themselves."""
    leads = {"r": [1, 1, 60, 1, 1, 1], "s": [60, 60, 1, 60, 60, 60], "t": [60, 60, 60, 60, 60, 60]}
    rows = [(name, "submitted", float(times[k])) for k in range(6) for name, times in leads.items()]
    assert {row.annotator: row.longest_fast for row in pace(annotations(rows))} == {"r": 3, "s": 1, "t": 0}


def only(rows: list[tuple[str, str, float | None]]) -> Pace:
    """The one annotator's row."""
    (row,) = pace(annotations(rows))
    return row


def test_declared_answers():
    """Without a time there is no speed, without a submission no share; few annotations have no interval."""
    untimed = only([("r", "submitted", None)] * 3)
    for name in ("median", "p90", "too_fast"):
        assert untimed.estimates[name].undefined == "the labelling tool told no time"
    assert (untimed.fast, untimed.median_of_group, untimed.longest_fast) == (None, None, 0)
    assert untimed.estimates["skip_rate"].value == 0
    assert only([("r", "discarded", 1.0)]).estimates["skip_rate"].undefined == "nothing was submitted or skipped"
    few = only([("r", "submitted", 10.0)] * 3)
    assert (few.estimates["median"].value, few.estimates["median"].low) == (10, None)
    assert few.estimates["median"].undefined == "no interval: it takes more annotations"
    assert few.standard_errors["median"] is None


def test_rows_are_grouped_sorted_and_paged():
    """One row an annotator and group, by name; q-values are those of all."""
    table = annotations(worked(3))
    split = table.mutate(vendor=ibis.ifelse(table.annotator < "r3", "north", ibis.null("string")))
    rows = pace(split, by=["vendor"])
    assert [(row.group["vendor"], row.annotator) for row in rows] == [
        *(("north", f"r{k}") for k in range(3)),
        *((None, f"r{k}") for k in range(3, 6)),
    ]
    assert pace(split, by=["vendor"], limit=2, offset=1) == rows[1:3]
    assert pace(table.filter(table.item == "none")) == []


def test_impossible_questions_are_refused():
    """What annotations cannot be grouped by is named, with what they can."""
    with pytest.raises(UnknownGrouping, match="locale"):
        pace(annotations(worked(4, each=2)), by=["target"])
    with pytest.raises(ImpossibleInterval):
        pace(annotations(worked(4, each=2)), level=0)


def test_the_api_answers_pace(filled: FlaskClient):
    """`GET /v1/pace` has a row an annotator and workflow; what a question is asked about is no grouping."""
    rows = filled.get("/v1/pace?by=locale,vendor", headers=INGEST).json["rows"]
    assert {row["workflow"] for row in rows} == {"preference", "fluency_review"}
    assert all(row["estimates"]["median"]["value"] in (12.5, 30.0) for row in rows if row["submitted"])
    assert sum(row["skipped"] for row in rows) == 2
    assert filled.get("/v1/pace?by=target", headers=INGEST).status_code == 422
    assert filled.get("/v1/pace?question=overall", headers=INGEST).status_code == 422
