"""Texts that a head can learn to tell apart, with a safety programme around them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path

from ml_backend.own_labels.labels import Vote

_PLAIN = ["house", "river", "bread", "morning", "garden", "window", "letter", "music", "winter", "paper", "coffee"]
_ROUGH = ["grobnak", "skarv", "uldrek", "morvash", "tirgol"]  # stand for insults


def votes(number: int, *, locale: str = "en-US", clear: float = 1.0, seed: int = 0) -> list[Vote]:
    """Half of the texts are harmful; a share `clear` of these has a telling word, and none of the others."""
    chance = random.Random(seed)  # noqa: S311
    made = []
    for place in range(number):
        words = chance.choices(_PLAIN, k=12)
        if place % 2 and chance.random() < clear:
            words.insert(chance.randrange(12), chance.choice(_ROUGH))
        made.append(Vote(" ".join(words), locale, float(place % 2)))
    return made


def write_labels(path: Path, given: Iterable[Vote]) -> Path:
    """The votes as a file of labels."""
    rows = ({"text": vote.text, "locale": vote.locale, "harmful": vote.harm} for vote in given)
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    return path


def write_programme(folder: Path, given: Iterable[Vote], *, source: str = "label_studio") -> Path:
    """A programme `guard` with an item per vote, whose prompt is the vote's text."""
    by_locale: dict[str, list[str]] = {}
    for number, vote in enumerate(given):
        response = {"text": f"I would rather not answer that, number {number}.", "model": "m"}
        item = {"item": f"i-{number}", "prompt": vote.text, "responses": [response]}
        by_locale.setdefault(vote.locale, []).append(json.dumps(item))
    items = folder / "items" / "safety_moderation"
    items.mkdir(parents=True)
    for locale, lines in by_locale.items():
        (items / f"{locale}.jsonl").write_text("\n".join(lines), "utf-8")
    head = f"programme: guard\ntitle: Guard\nsource: {source}\nworkflows: [safety_moderation]\n"
    head += f"locales: [{', '.join(by_locale)}]\noverlap: 1\n"
    (folder / "programme.yaml").write_text(head, "utf-8")
    columns = "email,name,vendor,locales,domains,education,role,qualified,simulated"
    (folder / "annotators.csv").write_text(columns + "\na@x.example,A,north,en-US,,,annotator,,true\n", "utf-8")
    return folder
