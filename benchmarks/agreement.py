"""Agreement against the bare engine and against other libraries, on the same simulated judgments, in one run.

    python benchmarks/agreement.py [--sizes 100000 1000000 10000000] [--parquet 100000000] [--table FILE]

Every leg runs in a process of its own, so that its peak memory is its own. `--parquet` takes judgments from Parquet
files, with memory limited to 4 GiB. Ends with 1 if processor time grows faster than the judgments.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
from agreement_peers import crowd_kit, evalica_alphas, statsmodels_fleiss
from alone import Measured, Watch, alone
from simulated_judgments import CATEGORIES, CODES, LOCALES, QUESTION, RATERS, fill_store, frames, write_parquet

from analytics.agreement import agreement
from analytics.estimate import Over
from analytics.store import FILE, Store

METRICS = ("alpha_nominal", "alpha_ordinal", "fleiss", "ac1")
STEEPER = 1.5
"""Processor time a judgment may grow by this where judgments grow tenfold: caches are left, sorts deepen."""

LIMIT = "2500MB"
"""DuckDB's own limit for 4 GiB in all: it does not count all of its memory, nor Python's."""


@dataclass(frozen=True)
class Source:
    """Where judgments are: in the store of a folder, or in Parquet files."""

    folder: Path
    judgments: int
    parquet: str | None = None

    def connect(self) -> duckdb.DuckDBPyConnection:
        """The engine alone, with a table `judgments`."""
        spilling = {"memory_limit": LIMIT, "temp_directory": str(self.folder / "spilled")}
        stored = str(self.folder / FILE)
        connection = duckdb.connect(config=spilling) if self.parquet else duckdb.connect(stored, read_only=True)
        connection.execute("SET enable_progress_bar = false")
        if self.parquet:
            connection.execute(f"CREATE VIEW judgments AS FROM read_parquet('{self.parquet}')")
        return connection


Leg = Callable[[Source], Measured]


def ingest(source: Source) -> Measured:
    """Merge the frames into a new store."""
    exported = frames(source.judgments)
    watch = Watch()
    with Store(source.folder / "ingested" / FILE) as store:
        store.ingest(exported)
    return watch.stop(None)


def bare_scan(source: Source) -> Measured:
    """Both count tables in hand-written SQL: no repeated answers settled, no statistic."""
    seen = ", ".join(f"count(*) FILTER (value = '{code}') OVER unit AS n{k}" for k, code in enumerate(CODES))
    pattern = ", ".join(f"n{k}" for k in range(len(CODES)))
    asked = "workflow = '{}' AND question = '{}'".format(*QUESTION)
    answers = f"""SELECT locale, annotator, value, {seen} FROM judgments WHERE {asked}
        WINDOW unit AS (PARTITION BY locale, item, target)"""  # noqa: S608
    by_rater = f"SELECT locale, annotator, value, {pattern}, count(*) AS ratings FROM ({answers}) GROUP BY ALL"  # noqa: S608
    by_unit = f"SELECT locale, {pattern}, sum(ratings) AS ratings FROM raters GROUP BY ALL"  # noqa: S608
    watch = Watch()
    with source.connect() as connection:
        connection.execute(f"CREATE TEMP TABLE raters AS {by_rater}")
        connection.sql("FROM raters").to_arrow_table()
        patterns = connection.sql(by_unit).to_arrow_table()
    assert sum(patterns["ratings"].to_pylist()) == source.judgments // RATERS * RATERS
    return watch.stop(None)


def agree(judgments: ir.Table, source: Source, over: Over, watch: Watch) -> Measured:
    """All metrics of every locale; finds the means of the locales."""
    rows = agreement(judgments, categories=CATEGORIES, metrics=METRICS, over=over)
    assert len(rows) == LOCALES
    assert sum(row.estimates["ac1"].n_judgments for row in rows) == source.judgments // RATERS * RATERS
    assert all(row.estimates[metric].low is not None for row in rows for metric in METRICS)
    return watch.stop({metric: sum(row.estimates[metric].value or 0.0 for row in rows) / LOCALES for metric in METRICS})


def over_items(source: Source) -> Measured:
    """Agreement from the store, with intervals for these annotators."""
    watch = Watch()
    with Store(source.folder / FILE) as store, store.snapshot() as snapshot:
        return agree(snapshot.judgments(), source, "items", watch)


def over_items_and_raters(source: Source) -> Measured:
    """Agreement from the store or from Parquet files, with intervals for other annotators too."""
    watch = Watch()
    if source.parquet is not None:
        backend = ibis.duckdb.from_connection(source.connect())
        return agree(backend.table("judgments"), source, "items_and_raters", watch)
    with Store(source.folder / FILE) as store, store.snapshot() as snapshot:
        return agree(snapshot.judgments(), source, "items_and_raters", watch)


BARE, OURS = "bare DuckDB scan, both count tables", "agreement over items and raters"

LEGS: Mapping[str, tuple[Leg, int]] = {
    "ingest into the store": (ingest, 1_000_000),
    BARE: (bare_scan, sys.maxsize),
    "agreement over items": (over_items, 10_000_000),
    OURS: (over_items_and_raters, sys.maxsize),
    "evalica: both alphas, no interval": (evalica_alphas, 10_000_000),
    "statsmodels: Fleiss, no interval": (statsmodels_fleiss, 10_000_000),
    "crowd-kit: nominal alpha, no interval": (crowd_kit, 1_000_000),
}
"""Each leg, and how many judgments it is given at most: more take it minutes, or too much memory."""


def run(judgments: int, folder: Path, from_parquet: bool) -> dict[str, Measured]:
    """What every leg measured."""
    parquet = write_parquet(folder / "parquet", judgments) if from_parquet else None
    source = Source(folder, judgments, parquet)
    if parquet is None:
        fill_store(folder, judgments)
        return {name: alone(leg, source) for name, (leg, most) in LEGS.items() if judgments <= most}
    return {name: alone(LEGS[name][0], source) for name in (BARE, OURS)}


def lines(judgments: int, results: Mapping[str, Measured]) -> Iterator[str]:
    """The rows of the Markdown table for one size."""
    bare = results[BARE]
    for leg, each in results.items():
        figures = ", ".join(f"{metric} {value:.5f}" for metric, value in (each.found or {}).items())
        yield (
            f"| {judgments:,} | {leg} | {each.seconds:.2f} | {each.seconds / bare.seconds:.2f} "
            f"| {each.busy:.2f} | {each.busy / bare.busy:.2f} | {each.peak:,.0f} | {figures} |"
        )


def in_proportion(busy: Mapping[int, float]) -> Iterator[str]:
    """Says of each step between sizes whether processor time grew as the judgments did."""
    for smaller, larger in zip(sorted(busy), sorted(busy)[1:], strict=False):
        growth = busy[larger] / busy[smaller]
        verdict = "faster than the judgments" if growth > STEEPER * larger / smaller else "in proportion"
        yield f"{smaller:,} to {larger:,} judgments: processor time × {growth:.1f}, {verdict}"


def main() -> None:
    """Run all legs at all sizes, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = [100_000, 1_000_000, 10_000_000]
    parser.add_argument("--sizes", type=int, nargs="*", default=sizes, help="numbers of judgments in the store")
    parser.add_argument("--parquet", type=int, nargs="*", default=[], help="numbers of judgments in Parquet files")
    parser.add_argument("--scratch", type=Path, help="where to write: 1e8 judgments take about 8 GB")
    parser.add_argument("--table", type=Path, help="a Markdown file to write")
    asked = parser.parse_args()
    told = [
        "| judgments | leg | seconds | × bare | processor seconds | × bare | peak MB | means of 35 locales |",
        "|---:|---|---:|---:|---:|---:|---:|---|",
    ]
    print(*told, sep="\n")
    busy: dict[bool, dict[int, float]] = {False: {}, True: {}}
    for from_parquet, size in [*((False, size) for size in asked.sizes), *((True, size) for size in asked.parquet)]:
        with tempfile.TemporaryDirectory(dir=asked.scratch) as folder:
            results = run(size, Path(folder), from_parquet)
        busy[from_parquet][size] = results[OURS].busy
        told += lines(size, results)
        print(*told[-len(results) :], sep="\n", flush=True)
    verdicts = [*in_proportion(busy[False]), *in_proportion(busy[True])]
    print("", *verdicts, sep="\n")
    if asked.table:
        asked.table.write_text("\n".join(told) + "\n", encoding="utf-8")
    sys.exit(any("faster" in each for each in verdicts))


if __name__ == "__main__":
    main()
