"""Marked errors for the tests of the statistics of quality."""

import ibis
import pandas as pd
from statistics_data import NOON, judgments

from analytics.marked import counted
from analytics.scales import ErrorScale

SCALE = ErrorScale(("grammar", "spelling"), ("minor", "major"), heaviest=25.0, once=False)
QUESTIONS = {("rating", "errors"): SCALE}
_MARK = {"text": "teh", "correction": None, "category": "grammar", "severity": "minor", "once": False}
_TYPES = {"once": "boolean", "start": "int64", "weight": "float64"}  # the others are texts


def answers(rows: pd.DataFrame):
    """Rows (item, annotator, …) as judgments, one annotation a row, named n0, n1, …"""
    known = {"question": "errors", "target": "a", "source": "ls", "project": "1", "value": "marked", "created": NOON}
    missing = {name: value for name, value in known.items() if name not in rows.columns}
    return judgments(rows.assign(annotation=[f"n{row}" for row in range(len(rows))], **missing))


def marks(rows: list[dict]) -> ibis.Table:
    """Spans of these annotations, each a dict of what is not usual, reduced to what counts."""
    key = {"source": "ls", "project": "1", "question": "errors", "target": "a", "workflow": "rating"}
    table = [{**key, **_MARK, "start": n, "span": str(n), "weight": 1.0, **row} for n, row in enumerate(rows)]
    columns = [*key, *_MARK, "annotation", "start", "span", "weight"]
    schema = {name: _TYPES.get(name, "string") for name in columns}
    return counted(ibis.memtable(pd.DataFrame(table, columns=columns), schema=schema))


def reviewed(penalties: pd.DataFrame):
    """Rows (item, annotator, weights, …) as judgments and spans; one annotation a row."""
    spans = [
        {"annotation": f"n{row}", "weight": float(weight)}
        for row, weights in enumerate(penalties["weights"])
        for weight in weights
    ]
    return answers(penalties.drop(columns="weights")), marks(spans)
