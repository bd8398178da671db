"""Ingest and agreement against the bare engine and against evalica, on the same simulated judgments, in one run.

    python benchmarks/agreement.py [--sizes 100000 1000000] [--table benchmarks/agreement.md]

Every leg runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import duckdb
import evalica
import numpy as np
import pandas as pd
import pyarrow as pa

from analytics.agreement import agreement
from analytics.scales import Categories
from analytics.store import FILE, Store
from plugins.frames import ANNOTATIONS, JUDGMENTS, Frames

LOCALES, ANNOTATORS, RATERS = 35, 9_500, 3
CODES = ("a_much", "a_slightly", "tie", "b_slightly", "b_much")
CATEGORIES = {("preference", "overall"): Categories(CODES, "ordinal")}


Seconds = np.ndarray  # by the clock on the wall, and of both processors' time


def clock() -> Seconds:
    """Now, by the clock on the wall and by the processors' time this process has used."""
    return np.array([time.perf_counter(), time.process_time()])


def simulate(judgments: int) -> Frames:
    """Judgments by annotators of uneven skill, three an item, with their annotations."""
    rng = np.random.default_rng(1)
    items = judgments // RATERS
    locale = np.arange(items) % LOCALES
    each = ANNOTATORS // LOCALES
    start = rng.integers(0, each, items)
    local = (start[:, None] + np.array([0, 7, 31])) % each
    annotator = (locale[:, None] * each + local).ravel()
    truth = rng.integers(0, len(CODES), items).repeat(RATERS)
    right = rng.random(len(annotator)) < rng.uniform(0.4, 0.95, ANNOTATORS)[annotator]
    value = np.where(right, truth, rng.integers(0, len(CODES), len(annotator)))
    when = pa.array(1_790_000_000_000_000 + np.arange(len(value)) * 1_000_000, pa.timestamp("us", tz="UTC"))
    columns = {
        "source": constant("simulation", len(value)),
        "project": texts("project-", locale.repeat(RATERS)),
        "annotation": texts("", np.arange(len(value))),
        "workflow": constant("preference", len(value)),
        "locale": texts("locale-", locale.repeat(RATERS)),
        "item": texts("preference-", np.arange(items).repeat(RATERS)),
        "annotator": texts("r00000000", annotator),
        "stage": constant("annotate", len(value)),
        "guideline_version": constant("preference 1.0 / en 1 @0", len(value)),
        "created": when,
        "updated": when,
        "lead_time": pa.array(np.full(len(value), 30.0)),
    }
    answers = {"question": constant("overall", len(value)), "target": constant("item", len(value))}
    answers |= {"value": pa.array(np.array(CODES)[value]), "number": pa.array(value - 2.0)}
    answers |= {"original": pa.nulls(len(value), pa.string())}
    submissions = {"task": texts("", np.arange(items).repeat(RATERS)), "status": constant("submitted", len(value))}
    return Frames(table(columns | answers, JUDGMENTS), table(columns | submissions, ANNOTATIONS))


def constant(text: str, rows: int) -> pa.Array:
    """The same text in every row."""
    return pa.repeat(pa.scalar(text), rows)


def texts(prefix: str, numbers: np.ndarray) -> pa.Array:
    """Numbers as names."""
    return pa.array(np.char.add(prefix, numbers.astype(str)))


def table(columns: dict[str, pa.Array], schema: pa.Schema) -> pa.Table:
    """Columns in the order and types of the contract."""
    return pa.table({name: columns[name] for name in schema.names}).cast(schema)


def ingest(folder: Path, judgments: int) -> Seconds:
    """Merge the frames into a new store."""
    frames = simulate(judgments)
    started = clock()
    with Store(folder / FILE) as store:
        store.ingest(frames)
    return clock() - started


def bare_scan(folder: Path, judgments: int) -> Seconds:
    """The pattern table alone, in hand-written SQL: no duplicates settled, no annotator counted, no statistic."""
    counts = ", ".join(f"count(*) FILTER (value = '{code}') AS n{k}" for k, code in enumerate(CODES))
    units = f"SELECT workflow, question, locale, item, target, {counts} FROM judgments GROUP BY ALL"  # noqa: S608
    patterns = f"SELECT * EXCLUDE (item, target), count(*) AS units FROM ({units}) GROUP BY ALL"  # noqa: S608
    started = clock()
    with duckdb.connect(str(folder / FILE), read_only=True) as connection:
        found = connection.sql(patterns).to_arrow_table()
    assert sum(found["units"].to_pylist()) == judgments // RATERS
    return clock() - started


def agree(over: str) -> Callable[[Path, int], Seconds]:
    """Percent, AC1 and alpha, nominal and ordinal, of every locale, with intervals."""

    def leg(folder: Path, judgments: int) -> Seconds:
        started = clock()
        with Store(folder / FILE) as store, store.snapshot() as snapshot:
            rows = agreement(snapshot.judgments(), categories=CATEGORIES, over=over)
        assert len(rows) == LOCALES
        assert sum(row.estimates["percent"].n_judgments for row in rows) == judgments // RATERS * RATERS
        return clock() - started

    return leg


def evalica_per_locale(folder: Path, judgments: int) -> Seconds:
    """Alpha, nominal and ordinal, of every locale, without an interval; three rows of ratings an item."""
    started = clock()
    with duckdb.connect(str(folder / FILE), read_only=True) as connection:
        rows = connection.sql("SELECT locale, item, number FROM judgments ORDER BY locale, item").df()
    for _, each in rows.groupby("locale"):
        ratings = pd.DataFrame(each["number"].to_numpy().reshape(-1, RATERS).T)
        for distance in ("nominal", "ordinal"):
            evalica.alpha(ratings, distance=distance)
    return clock() - started


LEGS = {
    "ingest into the store": ingest,
    "bare DuckDB scan (pattern table)": bare_scan,
    "agreement over items": agree("items"),
    "agreement over items and raters": agree("items_and_raters"),
    "evalica per locale, no interval": evalica_per_locale,
}


def measured(leg: str, folder: Path, judgments: int) -> tuple[float, float, float]:
    """Run a leg: its seconds, its processor seconds and this process's peak megabytes."""
    seconds, busy = LEGS[leg](folder, judgments)
    return seconds, busy, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def alone(leg: str, folder: Path, judgments: int) -> tuple[float, float, float]:
    """The leg measured in a new process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(measured, leg, folder, judgments).result()


def run(judgments: int) -> list[str]:
    """The rows of the Markdown table for one size."""
    with tempfile.TemporaryDirectory() as folder:
        results = {leg: alone(leg, Path(folder), judgments) for leg in LEGS}
    bare = results["bare DuckDB scan (pattern table)"]
    return [
        f"| {judgments:,} | {leg} | {wall:.2f} | {wall / bare[0]:.1f} "
        f"| {busy:.2f} | {busy / bare[1]:.1f} | {peak:,.0f} |"
        for leg, (wall, busy, peak) in results.items()
    ]


def main() -> None:
    """Run all legs at all sizes, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000], help="numbers of judgments")
    parser.add_argument("--table", type=Path, help="a Markdown file to write")
    asked = parser.parse_args()
    lines = [
        "| judgments | leg | seconds | × bare scan | processor seconds | × bare scan | peak MB |",
        "|---:|---|---:|---:|---:|---:|---:|",
    ]
    for size in asked.sizes:
        lines += run(size)
    text = "\n".join(lines)
    print(text)
    if asked.table:
        asked.table.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
