"""A simulated programme as a folder of Parquet files, written locale by locale so that memory stays small."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from plugins.simulate.frames import simulate
from plugins.simulate.plan import Plan


def write(plan: Plan, folder: Path, done: Callable[[str], None] = lambda _locale: None) -> dict[str, int]:
    """Write `<frame>.parquet` for every frame, `truth` and `skills` among them; rows written, by frame.

    `done` is called with each locale when its rows are on disk. Files of an earlier run are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    writers: dict[str, pq.ParquetWriter] = {}
    rows: dict[str, int] = {}
    try:
        for locale, simulated in zip(plan.locales, simulate(plan), strict=True):
            for name, table in simulated.tables.items():
                if name not in writers:
                    writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", table.schema, compression="zstd")
                writers[name].write_table(table)
                rows[name] = rows.get(name, 0) + table.num_rows
            done(locale)
    finally:
        for writer in writers.values():
            writer.close()
    return rows
