"""Dawid–Skene per locale against crowd-kit's, on the same simulated judgments of known truth, in one run.

    python benchmarks/consensus.py [--sizes 100000 1000000] [--table FILE]

Each leg runs in a process of its own. Reading the judgments out of the store is part of it.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from alone import Measured, Watch, alone
from crowdkit.aggregation import DawidSkene, MajorityVote
from simulated_judgments import CATEGORIES, CODES, RATERS, fill_store, pieces

from analytics.consensus.answers import answers
from analytics.store import FILE, Store


def truth(judgments: int) -> pd.Series:
    """The right answer by item."""
    drawn = [piece.to_pandas().iloc[::RATERS] for piece in pieces(judgments)]
    items = pd.concat(drawn)
    return pd.Series(np.array(CODES)[items["truth"]], index="preference-" + items["item"].astype(str))


def share_right(found: pd.Series, right: pd.Series) -> float:
    """The share of the items whose answer is right."""
    return float((found == right.loc[found.index]).mean())


def ours(folder: Path, judgments: int) -> Measured:
    """Concord's, with its prior."""
    watch = Watch()
    with Store(folder / FILE) as store, store.snapshot() as snapshot:
        groups = answers(snapshot.judgments(), categories=CATEGORIES, method="dawid_skene")
    measured = watch.stop(None)
    found = [pd.Series(np.array(each.codes)[each.probabilities.argmax(axis=1)], each.votes.items) for each in groups]
    return Measured(share_right(pd.concat(found), truth(judgments)), measured.seconds, measured.busy, measured.peak)


def crowd_kit(folder: Path, judgments: int, aggregation: type[DawidSkene] | type[MajorityVote]) -> Measured:
    """crowd-kit's, as it comes."""
    watch = Watch()
    with duckdb.connect(str(folder / FILE), read_only=True) as connection:
        connection.execute("SET enable_progress_bar = false")
        rows = connection.sql("SELECT locale, item AS task, annotator AS worker, value AS label FROM judgments").df()
    found = [aggregation().fit_predict(each.drop(columns="locale")) for _, each in rows.groupby("locale")]
    measured = watch.stop(None)
    return Measured(share_right(pd.concat(found), truth(judgments)), measured.seconds, measured.busy, measured.peak)


def run(judgments: int) -> list[str]:
    """The rows of the Markdown table for one size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill_store(folder, judgments)
        results = {
            "Concord": alone(ours, folder, judgments),
            "crowd-kit": alone(crowd_kit, folder, judgments, DawidSkene),
            "crowd-kit, majority": alone(crowd_kit, folder, judgments, MajorityVote),
        }
    first = results["Concord"]
    return [
        f"| {judgments:,} | {leg} | {each.seconds:.2f} | {each.seconds / first.seconds:.1f} "
        f"| {each.busy:.2f} | {each.busy / first.busy:.1f} | {each.peak:,.0f} | {each.found:.4f} |"
        for leg, each in results.items()
    ]


def main() -> None:
    """Run all legs at all sizes, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000], help="numbers of judgments")
    parser.add_argument("--table", type=Path, help="a Markdown file to write")
    asked = parser.parse_args()
    lines = [
        "| judgments | leg | seconds | × Concord | processor seconds | × Concord | peak MB | accuracy |",
        "|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    print(*lines, sep="\n")
    for size in asked.sizes:
        found = run(size)
        print(*found, sep="\n", flush=True)
        lines += found
    if asked.table:
        asked.table.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
