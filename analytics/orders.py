"""Rankings of responses as arrays, one row a ranking.

A ranking is one annotator's places for the responses of one item; equal places are ties. Another project may show the
responses in another order, so rankings are of one project's item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_lowercase
from typing import TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.coefficients import Floats
from analytics.counts import as_frame, beyond, check_declared, grouping, name_group, numbered
from analytics.dimensions import ALWAYS, DIMENSIONS
from analytics.errors import UndeclaredCategory, UnknownGrouping
from analytics.scales import Categories, QuestionKey
from guidelines.model import Workflow

Integers: TypeAlias = npt.NDArray[np.int64]

OF_A_RESPONSE = ("target", "model", "iteration")
"""Rankings cannot be grouped by what their responses differ in."""

_PROJECT = ("source", "project")


def ranking_questions(workflows: Mapping[str, Workflow]) -> dict[QuestionKey, Categories]:
    """The questions of these workflows that ask for an order of responses; the codes are the places, 1 the best."""
    return {
        (workflow.id, question.id): Categories(
            tuple(str(place + 1) for place in range(workflow.responses)),
            "ordinal",
            tuple(float(place + 1) for place in range(workflow.responses)),
        )
        for workflow in workflows.values()
        for question in workflow.questions
        if question.kind == "ranking"
    }


def orders(
    judgments: ir.Table, questions: Mapping[QuestionKey, Categories], by: Sequence[str] = ("locale",)
) -> list[Orders]:
    """The rankings of every group, sorted by group: of each annotator the newest of an item.

    `questions` as `ranking_questions` gives them. Raises UnknownGrouping (also for `OF_A_RESPONSE`) and
    UndeclaredCategory (of places and of responses).
    """
    group = _grouping(by, judgments)
    if not questions:
        return []
    table = as_frame(_places(judgments, questions, group).to_pyarrow())
    check_declared(table[_columns(beyond(questions))].stack().to_numpy(np.int64), judgments, questions)
    table["unit"] = table.groupby([*_PROJECT, "item"], observed=True, dropna=False).ngroup()
    found = []
    for key, rows in table.groupby(group, dropna=False, sort=True, observed=True):
        named = name_group(group, key)
        places = len(questions[str(named["workflow"]), str(named["question"])].codes)
        found.append(Orders.of(named, rows, places))
    return found


def _grouping(by: Sequence[str], judgments: ir.Table) -> list[str]:
    for column in by:
        if column in OF_A_RESPONSE:
            there = [each for each in DIMENSIONS if each in judgments.columns and each not in OF_A_RESPONSE]
            raise UnknownGrouping(column, (*ALWAYS, *there))
    return grouping(by, judgments)


def _columns(size: int) -> list[str]:
    return [f"place_{k}" for k in range(size)]


def _places(judgments: ir.Table, questions: Mapping[QuestionKey, Categories], group: Sequence[str]) -> ir.Table:
    """One row a ranking: the newest answers of an annotator about an item, the places numbered from 0.

    `astray` is a response that no question has, where one was ranked.
    """
    known, size = numbered(judgments, questions), beyond(questions) + 1
    packed = known.instant * size + known.own
    column = dict(zip(ascii_lowercase, _columns(size - 1), strict=False))
    newest = known.group_by([*group, *_PROJECT, "item", "annotator"]).aggregate(
        newest=known.instant.max(),
        astray=known.target.max(where=known.target.notin(list(column))),
        **{name: packed.max(where=known.target == target) for target, name in column.items()},
    )
    places = {
        name: ibis.ifelse(newest[name] // size == newest.newest, newest[name] % size, None) for name in column.values()
    }
    return newest.mutate(**places).drop("newest")


@dataclass(frozen=True)
class Orders:
    """The rankings of one group: `places` (rankings × responses) with nan for what was not placed, and whose they are.

    `unit` and `rater` (rankings,) are numbered from 0 without gaps; each annotator ranked a unit once.
    """

    group: dict[str, str | None]
    places: Floats
    unit: Integers
    rater: Integers

    @classmethod
    def of(cls, group: dict[str, str | None], rows: pd.DataFrame, responses: int) -> Orders:
        """From rows of `_places`, with `unit`; raises UndeclaredCategory for a response that is not shown."""
        every = [name for name in rows.columns if name.startswith("place_")]
        beyond_last = [
            ascii_lowercase[k] for k, name in enumerate(every) if k >= responses and rows[name].notna().any()
        ]
        astray = [*beyond_last, *rows["astray"].dropna().unique()]
        if astray:
            raise UndeclaredCategory((str(group["workflow"]), str(group["question"]), str(each)) for each in astray)
        return cls(
            group=group,
            places=rows[every[:responses]].to_numpy(np.float64),
            unit=np.unique(rows["unit"].to_numpy(np.int64), return_inverse=True)[1],
            rater=np.unique(rows["annotator"].cat.codes.to_numpy(np.int64), return_inverse=True)[1],
        )

    @cached_property
    def shown(self) -> npt.NDArray[np.bool_]:
        """Which responses of each unit anybody placed: (units, responses)."""
        found = np.zeros((int(self.unit.max()) + 1, self.places.shape[1]), bool)
        np.logical_or.at(found, self.unit, ~np.isnan(self.places))
        return found

    @cached_property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Which rankings place all of them: (rankings,)."""
        lacking = self.shown[self.unit] & np.isnan(self.places)
        return np.asarray(~lacking.any(axis=1))
