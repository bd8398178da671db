"""Judgments of one question by annotators of uneven skill, as many as asked for, in pieces, the same at every run.

Items are handed round 35 locales, and annotators belong to one; three of them answer each item with one of five ordered
codes. A piece is drawn with NumPy; DuckDB makes names of the numbers, since that takes it a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analytics.scales import Categories
from analytics.store import FILE, Store
from plugins.frames import ANNOTATIONS, JUDGMENTS, Frames

LOCALES, ANNOTATORS, RATERS = 35, 9_500, 3
CODES = ("a_much", "a_slightly", "tie", "b_slightly", "b_much")
QUESTION = ("preference", "overall")
CATEGORIES = {QUESTION: Categories(CODES, "ordinal")}
PIECE = 1_000_000
"""Items drawn at once."""

_COLUMNS = {
    "source": "'simulation'",
    "project": "'project-' || locale",
    "annotation": "(3 * item + place)::VARCHAR",
    "workflow": f"'{QUESTION[0]}'",
    "question": f"'{QUESTION[1]}'",
    "locale": "'locale-' || locale",
    "item": "'preference-' || item",
    "target": "'item'",
    "annotator": "'r00000000' || annotator",
    "stage": "'annotate'",
    "value": f"{list(CODES)}[own + 1]",
    "number": "own - 2.0",
    "task": "item::VARCHAR",
    "status": "'submitted'",
    "guideline_version": "'preference 1.0 / en 1 @0'",
    "created": "to_timestamp(1790000000 + 3 * item + place)",
    "updated": "to_timestamp(1790000000 + 3 * item + place)",
    "lead_time": "30.0",
}


def draw(first: int, items: int) -> pa.Table:
    """The judgments of so many items from `first` on, all in numbers; `truth` is the right answer of the item."""
    rng = np.random.default_rng((1, first))
    skill = np.random.default_rng(1).uniform(0.4, 0.95, ANNOTATORS)
    item = np.arange(first, first + items)
    each = ANNOTATORS // LOCALES
    local = (rng.integers(0, each, items)[:, None] + np.array([0, 7, 31])) % each
    annotator = ((item % LOCALES * each)[:, None] + local).ravel()
    truth = rng.integers(0, len(CODES), items).repeat(RATERS)
    right = rng.random(len(annotator)) < skill[annotator]
    own = np.where(right, truth, rng.integers(0, len(CODES), len(annotator)))
    item = item.repeat(RATERS)
    place = np.tile(np.arange(RATERS), items)
    return pa.table(
        {"item": item, "place": place, "locale": item % LOCALES, "annotator": annotator, "own": own, "truth": truth}
    )


def pieces(judgments: int) -> Iterator[pa.Table]:
    """So many judgments, as `draw` gives them, at most `PIECE` items at once."""
    items = judgments // RATERS
    return (draw(first, min(PIECE, items - first)) for first in range(0, items, PIECE))


def named(drawn: pa.Table, schema: pa.Schema) -> pa.Table:
    """A piece in the columns of a frame; what was not simulated is null."""
    columns = ", ".join(f"{_COLUMNS.get(name, 'NULL')} AS {name}" for name in schema.names)
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("drawn", drawn)
        return connection.sql(f"SELECT {columns} FROM drawn").to_arrow_table().cast(schema)  # noqa: S608


def frames(judgments: int) -> Frames:
    """All of them with their annotations, as a labelling tool's export would give them."""
    drawn = pa.concat_tables(pieces(judgments))
    return Frames(named(drawn, JUDGMENTS), named(drawn, ANNOTATIONS))


def write_parquet(folder: Path, judgments: int) -> str:
    """A Parquet file for each piece; gives the pattern of their names."""
    folder.mkdir(parents=True)
    for number, drawn in enumerate(pieces(judgments)):
        pq.write_table(named(drawn, JUDGMENTS), folder / f"judgments-{number:03}.parquet", compression="zstd")
    return str(folder / "*.parquet")


def fill_store(folder: Path, judgments: int) -> None:
    """A new store with the judgments alone: no annotations, which agreement does not read."""
    Store(folder / FILE).close()
    with duckdb.connect(str(folder / FILE)) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET TimeZone = 'UTC'")
        for drawn in pieces(judgments):
            connection.register("piece", named(drawn, JUDGMENTS))
            connection.execute("INSERT INTO judgments BY NAME SELECT * FROM piece")
