"""Lines of a programme's `screening.jsonl`, written out by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

GUARD = "toxicity_guard"
PROVIDER = "guard/1"
Row = dict[str, Any]


def line(item: str, target: str = "item", score: float | None = 0.1, screen: str = GUARD, **changes: Any) -> Row:
    """What a screen said of one text; without a score it could not run."""
    status = {"status": "unscreened", "reason": "out of time"} if score is None else {"status": "screened"}
    when = {"provider": PROVIDER, "screened": "2026-11-20T10:00:00+00:00"}
    return {"item": item, "target": target, "screen": screen, "score": score, **when, **status, **changes}


def personal(item: str, target: str, text: str, words: str, kind: str) -> Row:
    """Personal data that the screen found in a text."""
    start = text.index(words)
    spans = [[start, start + len(words), kind]]
    return line(item, target, 1.0, "pii", kind=kind, spans=spans)


def write_screening(root: Path, rows: Iterable[Row]) -> None:
    """The file in a programme's folder."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (root / "screening.jsonl").write_text(text, encoding="utf-8")


def change_head(root: Path, **changes: Any) -> None:
    """Other values in programme.yaml."""
    path = root / "programme.yaml"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), encoding="utf-8")
