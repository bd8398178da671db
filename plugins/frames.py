"""The contract between the parts: the long frames, as Arrow schemas.

`JUDGMENTS` has one row an answer. `ANNOTATIONS` has one row a submission, `SPANS` one a marked error. What would
unblind annotators (`ITEMS`, `ANNOTATORS`, `PROJECTS`) goes to the analytics store and never to a labelling tool.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

_TEXT = pa.string()
_TIME = pa.timestamp("us", tz="UTC")

_KEY = [("source", _TEXT), ("project", _TEXT), ("annotation", _TEXT)]
_CONTEXT = [
    ("workflow", _TEXT),
    ("locale", _TEXT),
    ("item", _TEXT),
    ("annotator", _TEXT),
    ("stage", _TEXT),
]
_WHEN = [("guideline_version", _TEXT), ("created", _TIME), ("updated", _TIME), ("lead_time", pa.float64())]

# One row an answer: `value` is a stable code (codes of a multiple choice sorted and joined by "|") or a text, `number`
# its place on the scale where there is one, `original` the text that an edited text started from, `length` the code
# points of a text in which errors were looked for. `target` is "item", the response's position ("a", "b", …),
# "claim_1", … or a turn of a conversation ("turn_1", "turn_1_reply", …).
JUDGMENTS = pa.schema(
    [
        *_KEY,
        *_CONTEXT,
        ("question", _TEXT),
        ("target", _TEXT),
        ("value", _TEXT),
        ("number", pa.float64()),
        ("original", _TEXT),
        ("length", pa.int64()),
        *_WHEN,
    ]
)

# One row a submission: `status` is submitted, skipped or discarded; `task` is the tool's own id of the item.
ANNOTATIONS = pa.schema([*_KEY, *_CONTEXT, ("task", _TEXT), ("status", _TEXT), *_WHEN])

# One row a marked error: offsets in code points, `weight` the severity's penalty in the guideline version in force.
SPANS = pa.schema(
    [
        *_KEY,
        *_CONTEXT,
        ("question", _TEXT),
        ("target", _TEXT),
        ("span", _TEXT),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("text", _TEXT),
        ("category", _TEXT),
        ("severity", _TEXT),
        ("weight", pa.float64()),
        ("correction", _TEXT),
        ("guideline_version", _TEXT),
        ("updated", _TIME),
    ]
)

_ARM = pa.struct([("target", _TEXT), ("model", _TEXT), ("iteration", _TEXT)])

_LENGTH = pa.struct([("target", _TEXT), ("words", pa.float64())])

# One row an item: `arms` in the order shown, `responses` a text each that tells which of the item's responses it is,
# whatever the order, `words` how long each is; `gold` and `seeded_errors` are JSON texts, null where there are none.
ITEMS = pa.schema(
    [
        ("item", _TEXT),
        ("programme", _TEXT),
        ("workflow", _TEXT),
        ("locale", _TEXT),
        ("domain", _TEXT),
        ("batch", _TEXT),
        ("arms", pa.list_(_ARM)),
        ("responses", pa.list_(_TEXT)),
        ("gold", _TEXT),
        ("seeded_errors", _TEXT),
        ("words", pa.list_(_LENGTH)),
    ]
)

# `education`, `role`, `gender` and `region` are in the programme's own words, null where it does not tell them.
ANNOTATORS = pa.schema(
    [
        ("annotator", _TEXT),
        ("vendor", _TEXT),
        ("locales", pa.list_(_TEXT)),
        ("domains", pa.list_(_TEXT)),
        ("education", _TEXT),
        ("role", _TEXT),
        ("qualified", pa.list_(_TEXT)),
        ("simulated", pa.bool_()),
        ("gender", _TEXT),
        ("region", _TEXT),
    ]
)

# A tool's project and the guideline version in force in it from `since` on: one row a version.
PROJECTS = pa.schema(
    [
        ("source", _TEXT),
        ("project", _TEXT),
        ("programme", _TEXT),
        ("workflow", _TEXT),
        ("locale", _TEXT),
        ("stage", _TEXT),
        ("guideline_version", _TEXT),
        ("since", _TIME),
    ]
)

# The highest MQM score that passes in a programme: `measure` is per_1000_words or per_annotation, `at_most` null where
# there is none (any more).
PASS_MARKS = pa.schema(
    [
        ("programme", _TEXT),
        ("workflow", _TEXT),
        ("measure", _TEXT),
        ("at_most", pa.float64()),
    ]
)

# What an error of a category and severity costs in a guideline version; `repeated_errors` is each or once.
PENALTIES = pa.schema(
    [
        ("guideline_version", _TEXT),
        ("question", _TEXT),
        ("category", _TEXT),
        ("severity", _TEXT),
        ("weight", pa.float64()),
        ("repeated_errors", _TEXT),
    ]
)

# What one screen said of one text of an item: `target` is "item" (the prompt) or a response's position, `score` 0 to 1
# or null, `kind` the finding in one word. `threshold` is the programme's where it has one; `decision` what push did
# with the item because of this row: open, reveal, route, passed (over the threshold, left unmarked at random) or
# masked; null where no push decided. `share` is the chance of passing that what was over a threshold had.
SCREENINGS = pa.schema(
    [
        ("item", _TEXT),
        ("target", _TEXT),
        ("screen", _TEXT),
        ("provider", _TEXT),
        ("status", _TEXT),
        ("score", pa.float64()),
        ("kind", _TEXT),
        ("threshold", pa.float64()),
        ("share", pa.float64()),
        ("decision", _TEXT),
        ("reason", _TEXT),
        ("screened", _TIME),
    ]
)

# Which model wrote what an annotator was shown while labelling, e.g. target "turn_1_reply".
SERVED = pa.schema(
    [
        ("item", _TEXT),
        ("target", _TEXT),
        ("model", _TEXT),
        ("served", _TIME),
    ]
)

# A helper's proposed answer to one question, and whether annotators of this item were shown it. `share` is the chance
# of being shown that the draw gave it when the task was made; null where nothing was drawn.
SUGGESTIONS = pa.schema(
    [
        ("item", _TEXT),
        ("question", _TEXT),
        ("target", _TEXT),
        ("helper", _TEXT),
        ("provider", _TEXT),
        ("value", _TEXT),
        ("shown", pa.bool_()),
        ("share", pa.float64()),
        ("made", _TIME),
    ]
)


def table(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows as an Arrow table of this schema; a missing column is null.

    >>> table([{"annotator": "a1", "vendor": "north"}], ANNOTATORS).num_rows
    1
    """
    return pa.Table.from_pylist(list(rows), schema=schema)


@dataclass(frozen=True)
class Refused:
    """A row that could not be read: where it stood, what is wrong with which field, and how to mend it."""

    row: str
    field: str
    message: str
    fix: str


@dataclass(frozen=True)
class Frames:
    """What one export page or webhook says: the three frames, and the rows that were refused."""

    judgments: pa.Table = field(default_factory=JUDGMENTS.empty_table)
    annotations: pa.Table = field(default_factory=ANNOTATIONS.empty_table)
    spans: pa.Table = field(default_factory=SPANS.empty_table)
    refused: tuple[Refused, ...] = ()
