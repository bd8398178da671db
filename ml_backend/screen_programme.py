"""A programme's items in, `screening.jsonl` in its folder out, for `concord push`."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from ml_backend.prescreen import Prescreen
from ml_backend.records import screenings
from ml_backend.screens.model import PROMPT, Text
from ml_backend.tasks import Item
from plugins.items import Item as ProgrammeItem
from plugins.programme import Programme
from plugins.screening import FILE, text_digest

_BATCH = 1000  # items


def screen(programme: Programme, prescreen: Prescreen, on_items: Callable[[int], object]) -> Path:
    """Write what the screens say of every text; `on_items` hears how many more items are done. The file's path.

    The file appears when it is whole; what was there before stays until then.
    """
    path = programme.root / FILE
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("w", encoding="utf-8") as lines:
            for start in range(0, len(programme.items), _BATCH):
                batch = programme.items[start : start + _BATCH]
                lines.writelines(_lines(programme, batch, prescreen))
                on_items(len(batch))
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    return path


def _lines(programme: Programme, batch: tuple[ProgrammeItem, ...], prescreen: Prescreen) -> Iterator[str]:
    items = [_item(programme.programme, each) for each in batch]
    for item, summary in zip(items, prescreen.summaries(items, math.inf), strict=True):
        digests = {text.target: text_digest(text.text) for text in item.texts}
        for row in screenings(item.name, summary):
            spans = summary.outcomes[row["target"]][row["screen"]].findings.get("spans")
            row["digest"] = digests[row["target"]]
            yield json.dumps(row | ({"spans": spans} if spans else {}), ensure_ascii=False) + "\n"


def _item(programme: str, item: ProgrammeItem) -> Item:
    named = [(PROMPT, item.prompt)]
    named += [(f"response_{number}", each.text) for number, each in enumerate(item.responses, start=1)]
    key = f"{programme}/{item.item}"
    return Item(item.item, tuple(Text(key, text, item.locale, target, programme) for target, text in named))
