"""Near-duplicates against datasketch, rensa and semhash on the same texts in eight scripts, in one run.

    python benchmarks/near_duplicates.py SENTENCES [--sizes 100000 1000000] [--table benchmarks/near_duplicates.md]

SENTENCES is a Parquet file with ordinary sentences: columns language and text. Every leg runs in a process of its own,
so that its memory is its own. The peers are in the extra `benchmark`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import near_duplicate_texts as texts
import numpy as np
import pandas as pd
from near_duplicate_measures import Leg, Run
from near_duplicate_peers import PEERS
from near_duplicate_serving import SERVING

LEGS = PEERS | SERVING


def measured(name: str, run: Run) -> Leg:
    """Run a leg by its name."""
    return LEGS[name](run)


def alone(name: str, run: Run) -> Leg:
    """The leg measured in a new process."""
    print(f"{time.strftime('%X')} {name}; load average {os.getloadavg()[0]:.1f}", file=sys.stderr)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(measured, name, run).result()


def measure(sentences: pd.DataFrame, size: int, peers: Sequence[str]) -> dict[str, Leg]:
    """All legs on one corpus; later legs use the index that Concord's own fills."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
        corpus = texts.make(sentences, size)
        corpus.base.to_parquet(run.folder / "base.parquet")
        corpus.queries.to_parquet(run.folder / "queries.parquet")
        return {name: alone(name, run) for name in (*peers, *SERVING)}


def tables(size: int, legs: dict[str, Leg]) -> list[list[str]]:
    """The Markdown rows of the three tables."""
    peers = {name: leg for name, leg in legs.items() if name in PEERS}
    engine = [
        f"| {size:,} | {name} | {leg.inserts[0]:,.0f} | {leg.inserts[1]:,.0f} | {milliseconds(leg.seconds)} "
        f"| {milliseconds(leg.busy)} | {leg.quality['recall'].min():.4f} "
        f"| {leg.quality['precision'].min():.4f} | {megabytes(leg.memory)} | {megabytes(leg.disk)} |"
        for name, leg in peers.items()
    ]
    recall = [
        f"| {size:,} | {name} | " + " | ".join(f"{each:.4f}" for each in leg.quality["recall"]) + " |"
        for name, leg in peers.items()
    ]
    serving = [
        f"| {size:,} | {name} | {milliseconds(legs[name].seconds)} | {milliseconds(legs[name].busy)} |"
        for name in SERVING
    ]
    return [engine, recall, serving]


def milliseconds(seconds: Sequence[float]) -> str:
    """Median and 99 % quantile."""
    return " | ".join(f"{1e3 * each:.2f}" for each in np.quantile(seconds, (0.5, 0.99))) if len(seconds) else "– | –"


def megabytes(size: float) -> str:
    """A size that was measured."""
    return f"{size:,.0f}" if size else "–"


HEADS = (
    "| items | | inserts/s | /processor s | query p50 ms | p99 ms | processor p50 ms | p99 ms | least recall "
    "| least precision | MB | MB on disk |\n|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    f"| items | recall | {' | '.join(texts.SCRIPTS)} |\n|---:|---|{'---:|' * len(texts.SCRIPTS)}",
    "| items | | p50 ms | p99 ms | processor p50 ms | p99 ms |\n|---:|---|---:|---:|---:|---:|",
)


def main() -> None:
    """Run all legs at all sizes, print the tables and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sentences", type=Path, help="a Parquet file: language, text")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000], help="numbers of items")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS), help="Concord and which others")
    parser.add_argument("--table", type=Path, help="a Markdown file to write")
    asked = parser.parse_args()
    found: list[list[str]] = [[head] for head in HEADS]
    for size in asked.sizes:
        legs = measure(pd.read_parquet(asked.sentences), size, asked.peers)
        for rows, more in zip(found, tables(size, legs), strict=True):
            rows.extend(more)
        text = "\n\n".join("\n".join(rows) for rows in found)
        print(text)
        if asked.table:
            asked.table.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
