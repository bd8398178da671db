"""What a labelling tool's answers say, gathered into frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from plugins.frames import ANNOTATIONS, JUDGMENTS, SPANS, Frames, Refused


@dataclass(frozen=True)
class Answer:
    """One answer as in `frames.JUDGMENTS`."""

    question: str
    target: str
    value: str
    number: float | None
    original: str | None = None
    length: int | None = None


@dataclass(frozen=True)
class MarkedSpan:
    """One marked error as in `frames.SPANS`."""

    question: str
    target: str
    span: str
    start: int
    end: int
    text: str
    category: str
    severity: str
    weight: float
    correction: str | None


class Gathered:
    """Rows as tuples in schema order, since an export has millions of cells; `refused` is what could not be read.

    `lead` are the columns from source to stage, `when` guideline version, created, updated and lead time.
    """

    def __init__(self) -> None:
        self.refused: list[Refused] = []
        self._judgments: list[tuple[Any, ...]] = []
        self._annotations: list[tuple[Any, ...]] = []
        self._spans: list[tuple[Any, ...]] = []

    def submission(self, lead: tuple[Any, ...], task: str, status: str, when: tuple[Any, ...]) -> None:
        """One annotation: submitted, skipped or discarded."""
        self._annotations.append((*lead, task, status, *when))

    def answers(
        self, answers: Sequence[Answer], spans: Sequence[MarkedSpan], lead: tuple[Any, ...], when: tuple[Any, ...]
    ) -> None:
        """What one submitted annotation says."""
        version, _, updated, _ = when
        for answer in answers:
            given = (answer.question, answer.target, answer.value, answer.number, answer.original, answer.length)
            self._judgments.append((*lead, *given, *when))
        for span in spans:
            marked = (span.question, span.target, span.span, span.start, span.end, span.text)
            judged = (span.category, span.severity, span.weight, span.correction)
            self._spans.append((*lead, *marked, *judged, version, updated))

    def frames(self) -> Frames:
        """All of it."""
        judgments, annotations = _table(self._judgments, JUDGMENTS), _table(self._annotations, ANNOTATIONS)
        return Frames(judgments, annotations, _table(self._spans, SPANS), tuple(self.refused))


def _table(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pa.table([pa.array(column, each.type) for column, each in zip(columns, schema, strict=True)], schema=schema)
