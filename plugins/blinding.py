"""What annotators may see of an item, and what only the analytics store may know.

The responses' order is drawn at random when a task is made, and afterwards read from the task itself. So nothing that
an annotator knows (the item, the programme, this code) tells which model stands where, and a rerun never reshuffles.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from string import ascii_lowercase
from typing import Any

from guidelines.model import Question, Workflow
from plugins.errors import ItemChanged
from plugins.items import Item
from plugins.word_count import word_count

# Which response of the file stands first, second, …
Order = tuple[int, ...]


def drawn_order(item: Item) -> Order:
    """An order for a new task, every one equally likely; equal responses keep the order of the file."""
    order = list(range(len(item.responses)))
    secrets.SystemRandom().shuffle(order)
    return shown_order(item, task_data(item, tuple(order)))


def shown_order(item: Item, data: Mapping[str, Any]) -> Order:
    """The order in which a task with this data shows the responses; raises ItemChanged when it shows other texts."""
    left = list(range(len(item.responses)))
    order = []
    for place in range(len(item.responses)):
        shown = data.get(f"response_{ascii_lowercase[place]}")
        at = next((at for at in left if item.responses[at].text == shown), None)
        if at is None:
            raise ItemChanged(item.item)
        left.remove(at)
        order.append(at)
    if any(data.get(name) != shown for name, shown in _other_texts(item).items()):
        raise ItemChanged(item.item)
    return tuple(order)


def task_data(item: Item, order: Order) -> dict[str, Any]:
    """The task's data in the labelling tool: item, prompt, responses in this order, claims, materials; nothing else."""
    texts = {f"response_{ascii_lowercase[place]}": item.responses[at].text for place, at in enumerate(order)}
    return {"item": item.item, **texts, **_other_texts(item)}


def _other_texts(item: Item) -> dict[str, Any]:
    """Whatever is shown beside the responses."""
    return {"prompt": item.prompt, **({"claims": list(item.claims)} if item.claims else {}), **item.materials}


def manifest_item(programme: str, item: Item, workflow: Workflow, order: Order) -> dict[str, Any]:
    """The item's row of `frames.ITEMS`: arms in the order shown, what tells them, gold restated for that order, …"""
    arms = [
        {"target": ascii_lowercase[place], "model": item.responses[at].model, "iteration": item.responses[at].iteration}
        for place, at in enumerate(order)
    ]
    gold = None if item.gold is None else _restated(item.gold, workflow, order)
    seeded = None if item.seeded_errors is None else [asdict(error) for error in item.seeded_errors]
    names = ("item", "workflow", "locale", "domain", "batch")
    row = {"programme": programme, **{name: getattr(item, name) for name in names}}
    words = [
        {"target": ascii_lowercase[place], "words": word_count(item.responses[at].text, item.locale)}
        for place, at in enumerate(order)
    ]
    told = {"responses": _named(item, order), "gold": _json(gold), "seeded_errors": _json(seeded)}
    return {**row, "arms": arms, **told, "words": words}


def _named(item: Item, order: Order) -> list[str]:
    """What tells the responses, in the order shown: a digest of the text, numbered where several have it."""
    digests = [sha256(response.text.encode()).hexdigest()[:16] for response in item.responses]
    return [f"{digests[at]}-{digests[:at].count(digests[at])}" for at in order]


def _restated(gold: Mapping[str, str], workflow: Workflow, order: Order) -> dict[str, str]:
    """Gold of the file's order for the order shown: what held of a response now holds where that response stands."""
    turned = order != tuple(sorted(order))
    moved = {ascii_lowercase[at]: ascii_lowercase[place] for place, at in enumerate(order)}
    restated = {}
    for name, code in gold.items():
        question, at, target = name.partition("@")
        key = f"{question}{at}{moved.get(target, target)}"
        restated[key] = mirrored(workflow.question(question), code) if turned else code
    return restated


def mirrored(question: Question, code: str) -> str:
    """The code that says the same once the two responses have changed places.

    Only preferences change: to the choice with the negated number.
    """
    if question.kind != "preference":
        return code
    number = question.choice(code).number
    return next(choice.code for choice in question.choices if number is not None and choice.number == -number)


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
