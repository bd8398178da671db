"""Judgments for the tests of the statistics, and the real data sets where they are there."""

import os
from collections.abc import Iterable
from pathlib import Path

import ibis
import pandas as pd
import pytest

from analytics.scales import Categories

WORKFLOW, QUESTION = "rating", "overall"
KEY = (WORKFLOW, QUESTION)
NOON = pd.Timestamp("2026-11-02 12:00", tz="UTC")
COLUMNS = ["item", "annotator", "value"]

# Krippendorff (2011), example C; the same ratings are Gwet's four-rater table. One line an observer, * is missing.
EXAMPLE_C = (
    "1 2 3 3 2 1 4 1 2 * * *",
    "1 2 3 3 2 2 4 1 2 5 * 3",
    "* 3 3 3 2 3 4 2 2 5 1 *",
    "1 2 3 3 2 4 4 1 2 5 1 *",
)


def observers(lines: Iterable[str]) -> pd.DataFrame:
    """A line of values an observer, as rows (item, annotator, value)."""
    rows = [
        (f"i{item}", f"r{rater}", value)
        for rater, line in enumerate(lines)
        for item, value in enumerate(line.split())
        if value != "*"
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def judgments(rows: pd.DataFrame):
    """Rows (item, annotator, value, and any other column) as a judgments table, other columns filled in."""
    filled = {
        "workflow": WORKFLOW,
        "question": QUESTION,
        "locale": "de-DE",
        "target": "item",
        "stage": "annotate",
        "guideline_version": "v1",
        "vendor": "north",
        "created": NOON,
        "updated": NOON,
    }
    missing = {name: value for name, value in filled.items() if name not in rows.columns}
    texts = dict.fromkeys(COLUMNS, str)
    return ibis.memtable(rows.astype(texts).assign(**missing))


def ordinal(codes: str) -> dict:
    """An ordinal question with one-letter codes, from low to high."""
    return {KEY: Categories(tuple(codes), "ordinal")}


def nominal(codes: Iterable[str]) -> dict:
    """A nominal question with these codes."""
    return {KEY: Categories(tuple(codes), "nominal")}


def data_set(name: str) -> pd.DataFrame:
    """A real data set, or a skip that says where it was looked for."""
    default = Path(__file__).parents[2] / "shared" / "data"
    path = Path(os.environ.get("CONCORD_TEST_DATA", default)) / name
    if not path.exists():
        pytest.skip(f"the data set {path} is not there (set CONCORD_TEST_DATA to its folder)")
    return pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
