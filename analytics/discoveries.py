"""Many tests, few false alarms: p-values of rows that are returned together, adjusted for their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Protocol, TypeVar

from statsmodels.stats.multitest import multipletests


class Tested(Protocol):
    """A row, a frozen dataclass, with `p_value` (None: not tested) and `q_value`."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def p_value(self) -> float | None:
        """How probable such a difference is by chance."""


R = TypeVar("R", bound=Tested)


def controlled(rows: Sequence[R]) -> list[R]:
    """The rows with `q_value`: the p-value after Benjamini & Hochberg (1995) over all rows that have one.

    Among rows with a q-value below 0.05 at most about 5 % are false alarms.
    """
    tested = [row.p_value for row in rows if row.p_value is not None]
    if not tested:
        return list(rows)
    adjusted = iter(multipletests(tested, method="fdr_bh")[1])
    return [row if row.p_value is None else replace(row, q_value=float(next(adjusted))) for row in rows]
