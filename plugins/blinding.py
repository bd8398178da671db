"""What annotators may see of an item, and what only the analytics store may know.

The responses' order is drawn per item from a hash of programme and item: a rerun never reshuffles, and nobody can
tell from the tool which model stands where.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from guidelines.model import Question, Workflow
from plugins.programme import Item, Programme

_POSITIONS = "abcdefghijklmnopqrstuvwxyz"


def shown_order(programme: str, item: str, responses: int) -> tuple[int, ...]:
    """Which response of the file stands first, second, …: every order is equally likely, and always the same.

    >>> shown_order("demo", "x-1", 2)
    (1, 0)
    """
    return tuple(sorted(range(responses), key=lambda at: hashlib.sha256(f"{programme}/{item}/{at}".encode()).digest()))


def task_data(programme: str, item: Item) -> dict[str, str]:
    """The task's data in the labelling tool: item, prompt and responses in the order shown, and nothing else."""
    order = shown_order(programme, item.item, len(item.responses))
    texts = {f"response_{_POSITIONS[place]}": item.responses[at].text for place, at in enumerate(order)}
    return {"item": item.item, "prompt": item.prompt, **texts}


def manifest_item(programme: Programme, item: Item, workflow: Workflow) -> dict[str, Any]:
    """The item's row of `frames.ITEMS`: arms in the order shown, gold restated for that order, seeded errors."""
    order = shown_order(programme.programme, item.item, len(item.responses))
    arms = [
        {"target": _POSITIONS[place], "model": item.responses[at].model, "iteration": item.responses[at].iteration}
        for place, at in enumerate(order)
    ]
    gold = item.gold if order == tuple(sorted(order)) or item.gold is None else _mirrored(item.gold, workflow)
    seeded = None if item.seeded_errors is None else [asdict(error) for error in item.seeded_errors]
    names = ("item", "workflow", "locale", "domain", "batch")
    row = {"programme": programme.programme, **{name: getattr(item, name) for name in names}}
    return {**row, "arms": arms, "gold": _json(gold), "seeded_errors": _json(seeded)}


def _mirrored(gold: Mapping[str, str], workflow: Workflow) -> dict[str, str]:
    questions = {question.id: question for question in workflow.questions}
    return {name: mirrored(questions[name], code) for name, code in gold.items()}


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
