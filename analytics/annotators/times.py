"""The annotations of every annotator: how many, on how many days, and how long each took, read in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.annotators.figures import Floats, Integers
from analytics.annotators.logs import DAY
from analytics.counts import milliseconds, name_group
from analytics.dimensions import DIMENSIONS
from analytics.errors import UnknownGrouping

GROUPINGS = tuple(name for name in DIMENSIONS if name not in ("target", "model", "iteration"))
"""What annotations can be grouped by: they are about an item as a whole."""

ALWAYS = ("workflow",)


@dataclass(frozen=True)
class Times:
    """The annotations of the annotators of one group.

    `counts` (annotators, 4): submitted, skipped, discarded, days. `lead` holds the seconds of timed annotations in the
    order they were begun, the annotators one after the other, cut at `starts` (annotators + 1,).
    """

    group: dict[str, str | None]
    annotators: npt.NDArray[np.object_]
    counts: Integers
    starts: Integers
    lead: Floats


def times(annotations: ir.Table, by: Sequence[str] = ("locale",)) -> list[Times]:
    """The annotations of every group, sorted by group, and by annotator in it; raises UnknownGrouping."""
    possible = tuple(name for name in GROUPINGS if name in annotations.columns)
    for column in by:
        if column not in (*ALWAYS, *possible):
            raise UnknownGrouping(column, (*ALWAYS, *possible))
    group = list(dict.fromkeys((*ALWAYS, *by)))
    table = _table(annotations, group).to_pyarrow()
    lists = table["timed"].combine_chunks()
    parts = lists.flatten()
    begun, lead = (parts.field(name).to_numpy(zero_copy_only=False) for name in ("begun", "lead"))
    starts = np.concatenate([[0], np.cumsum(lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False))])
    rows = table.drop_columns(["timed"]).to_pandas()
    return [
        _times(name_group(group, key), part.sort_values("annotator"), starts, begun, lead)
        for key, part in rows.groupby(group, dropna=False, sort=True)
    ]


def _table(annotations: ir.Table, group: Sequence[str]) -> ir.Table:
    """Per group and annotator: the counts, and a list of when timed annotations were begun and how long they took."""
    begun = milliseconds(annotations.created)
    dated = annotations.mutate(begun=begun, day=begun // DAY)
    done = dated.status == "submitted"
    timed = ibis.struct({"begun": dated.begun, "lead": dated.lead_time})
    return dated.group_by([*group, "annotator"]).aggregate(
        submitted=done.sum(),
        skipped=(dated.status == "skipped").sum(),
        discarded=(dated.status == "discarded").sum(),
        days=dated.day.nunique(where=done),
        timed=timed.collect(where=done & dated.lead_time.notnull()),
    )


def _times(group: dict[str, str | None], rows: pd.DataFrame, starts: Integers, begun: Integers, lead: Floats) -> Times:
    cut = []
    for place in rows.index:
        part = slice(starts[place], starts[place + 1])
        cut.append(lead[part][np.lexsort((lead[part], begun[part]))])
    return Times(
        group=group,
        annotators=rows["annotator"].to_numpy(object),
        counts=rows[["submitted", "skipped", "discarded", "days"]].to_numpy(np.int64),
        starts=np.concatenate([[0], np.cumsum([len(each) for each in cut])]),
        lead=np.concatenate(cut),
    )
