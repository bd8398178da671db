"""The count tables: against counting by hand, whatever annotators did; and how often they read the judgments."""

from collections import Counter, defaultdict

import duckdb
import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.config import Config
from statistics_data import NOON, judgments, nominal, ordinal

from analytics.agreement import agreement
from analytics.counts import counts, rater_patterns
from analytics.forecast import forecast
from analytics.pairs import pairs
from analytics.patterns import PLACES
from analytics.scales import Categories

CODES = "abcdefghijk"  # more than fit into one number


def by_hand(rows: pd.DataFrame) -> Counter:
    """How often each annotator gave each answer to a unit with each pattern; the newest answer counts."""
    newest = rows.sort_values(["updated", "value"]).drop_duplicates(["item", "annotator"], keep="last")
    units = defaultdict(list)
    for row in newest.itertuples():
        units[row.item].append((row.annotator, CODES.index(row.value)))
    found: Counter = Counter()
    for given_ in units.values():
        pattern = tuple(np.bincount([own for _, own in given_], minlength=len(CODES)).tolist())
        found.update((annotator, pattern, own) for annotator, own in given_)
    return found


def by_counts(rows: pd.DataFrame) -> Counter:
    """The same from the count tables of the only group; of annotators it keeps how often each row was counted."""
    (group,) = counts(judgments(rows), nominal(CODES))
    assert len(set(zip(group.rater, group.pattern, group.own, strict=True))) == len(group.count)
    assert (np.unique(group.rater) == np.arange(group.rater.max() + 1)).all()
    names = sorted(set(rows["annotator"]))
    found: Counter = Counter()
    for rater, pattern, own, count in zip(group.rater, group.pattern, group.own, group.count, strict=True):
        found[names[rater], tuple(group.patterns[pattern].tolist()), int(own)] = int(count)
    assert sum(group.units * group.patterns.sum(axis=1)) == sum(found.values())
    return found


answers = st.tuples(
    st.integers(0, 4), st.integers(0, 6), st.integers(0, len(CODES) - 1), st.sampled_from([0, 400, 600, 1400, 1600])
)


@settings(max_examples=15, deadline=None)
@given(st.lists(answers, min_size=1, max_size=40))
def test_counts_are_those_by_hand_whatever_is_repeated(given_):
    """Answers repeated at once, within a second and later are settled, and all others counted, in one table."""
    assert len(CODES) > PLACES
    rows = pd.DataFrame(given_, columns=["item", "annotator", "value", "updated"]).astype({"item": str})
    rows["annotator"] = "r" + rows["annotator"].astype(str)
    rows["value"] = [CODES[number] for number in rows["value"]]
    rows["updated"] = NOON + pd.to_timedelta(rows["updated"], unit="ms")
    assert by_counts(rows) == by_hand(rows)


@pytest.mark.parametrize("annotators", [10, 60, 200])
def test_units_with_many_annotators_are_counted_too(annotators):
    """Where annotators are so many that some must share a bucket, units are settled, and nothing is lost."""
    rng = np.random.default_rng(annotators)
    rows = pd.DataFrame(
        [(f"i{item}", f"r{rater:03}", CODES[rng.integers(2)]) for item in range(4) for rater in range(annotators)],
        columns=["item", "annotator", "value"],
    ).assign(updated=NOON)
    again = rows.sample(5, random_state=1).assign(value="k", updated=NOON + pd.Timedelta(milliseconds=1))
    assert by_counts(pd.concat([rows, again])) == by_hand(pd.concat([rows, again]))


def test_within_a_second_the_later_answer_counts():
    """An answer of .1 s past the second is newer than one of .6 s before it."""
    times = pd.to_datetime(["2026-11-02 12:00:01.6", "2026-11-02 12:00:02.1"], utc=True)
    rows = pd.DataFrame({"item": "i", "annotator": "r", "value": ["b", "a"], "updated": times})
    (group,) = counts(judgments(rows), nominal("ab"))
    assert (group.own.tolist(), group.count.tolist()) == ([0], [1])


@pytest.fixture
def log():
    """A table of judgments in an engine of its own, and the queries that it ran."""
    rng = np.random.default_rng(3)
    rows = pd.DataFrame(
        [(f"i{item}", f"r{rater}", CODES[rng.integers(3)]) for item in range(60) for rater in range(4)],
        columns=["item", "annotator", "value"],
    )
    with duckdb.connect() as connection:
        connection.register("frame", judgments(rows).to_pandas())
        connection.execute("CREATE TABLE judgments AS FROM frame")
        connection.execute("CALL enable_logging('QueryLog')")
        yield ibis.duckdb.from_connection(connection).table("judgments"), connection


def reads(connection: duckdb.DuckDBPyConnection) -> int:
    """How often queries named the table since the log was begun."""
    rows = connection.execute("SELECT message FROM duckdb_logs WHERE type = 'QueryLog'").fetchall()
    return sum(query.count('"judgments" AS') for (query,) in rows if query.lstrip().startswith(("SELECT", "WITH")))


@pytest.mark.parametrize("ask", [agreement, forecast, pairs], ids=lambda each: each.__name__)
def test_judgments_are_read_once(log, ask):
    """Agreement, a forecast of it and pairs of annotators name the table of judgments once, in one query."""
    table, connection = log
    assert ask(table, categories=ordinal("abc"))
    assert reads(connection) == 1


class _Spark(Config):
    treat_nan_as_null: bool = False


def test_the_expression_is_the_same_on_spark(monkeypatch):
    """Nothing in it is of one engine: it can be written as SQL of Spark too, and reads the judgments once."""
    monkeypatch.setattr(ibis.options, "pyspark", _Spark())  # Ibis sets it when Spark itself is there
    rows = pd.DataFrame({"item": ["i"], "annotator": ["r"], "value": ["a"], "updated": [NOON]})
    two = {**nominal(CODES), ("rating", "other"): Categories(("x", "y"), "nominal")}
    table = ibis.table(judgments(rows).schema(), name="judgments")
    query = ibis.to_sql(rater_patterns(table, two, ["workflow", "question", "locale"]), dialect="pyspark")
    assert query.count("FROM `judgments`") == 1
