"""How much reviewers changed in what they fixed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import ibis.expr.types as ir
import pyarrow as pa

from analytics.differences import shares
from analytics.reviews.decided import KEY, of
from analytics.scales import QuestionKey


def corrections(
    judgments: ir.Table, reviews: ir.Table, questions: Collection[QuestionKey], group: Sequence[str]
) -> pa.Table:
    """One row per fix: `group`, `item`, `annotator`, `corrected` (1), and changed shares: `characters` and `words`."""
    texts = of(judgments, questions)
    texts = texts.filter(texts.original.notnull()).select(*KEY, "original", "value")
    about = list(dict.fromkeys((*group, "item", "annotator")))
    fixes = reviews.filter(reviews.fixed > 0).select(*about, *KEY)
    read = fixes.join(texts, list(KEY)).select(*about, "original", "value")
    lots = [_measured(lot, about) for lot in read.to_pyarrow().to_batches()]
    numbers = {"corrected": pa.float64(), "characters": pa.float64(), "words": pa.float64()}
    schema = pa.schema([*((name, pa.string()) for name in about), *numbers.items()])
    return pa.Table.from_batches(lots, schema=schema)


def _measured(lot: pa.RecordBatch, about: Sequence[str]) -> pa.RecordBatch:
    rows = zip(lot["original"].to_pylist(), lot["value"].to_pylist(), strict=True)
    changed = [shares(original, edited) for original, edited in rows]
    kept = [lot[name].cast(pa.string()) for name in about]
    numbers = [pa.array(values, pa.float64()) for values in ([1.0] * len(changed), *_columns(changed))]
    return pa.RecordBatch.from_arrays([*kept, *numbers], names=[*about, "corrected", "characters", "words"])


def _columns(changed: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [characters for characters, _ in changed], [words for _, words in changed]
