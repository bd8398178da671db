"""Label Studio's tasks as texts to screen. Anything may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

from ml_backend.screens.model import PROMPT, Text

_LONGEST_NAME = 300  # characters of an item name; a longer one is not a name


@dataclass(frozen=True)
class Item:
    """An item to screen: its name, its texts with the prompt first; `flaw` says why nothing can be screened, if so."""

    name: str
    texts: tuple[Text, ...] = ()
    flaw: str | None = None


def item_of(task: object, project: str, locale: str | None, programme: str | None = None) -> Item:
    """The texts of a task, prompt and responses; never raises, whatever the task is.

    The key of the texts names the item (`data.item`), or where there is none the task's id.

    >>> item_of({"id": 7, "data": {"item": "demo-1", "prompt": "Hello?"}}, "12", "en-US").texts
    (Text(key='12/demo-1', text='Hello?', locale='en-US', target='item', programme=None),)
    >>> item_of({"id": 7, "data": {}}, "12", None).flaw
    'the task has no prompt text'
    """
    data = mapping(mapping(task).get("data"))
    name, number = name_of(data.get("item")), name_of(mapping(task).get("id"))
    if not isinstance(data.get("prompt"), str):
        return Item(name or "", flaw="the task has no prompt text")
    if not (name or number):
        return Item("", flaw="the item has no usable name or id")
    key = f"{project}/{name}" if name else f"{project}#{number}"
    named = [(PROMPT, data["prompt"]), *((letter, data.get(f"response_{letter}")) for letter in ascii_lowercase)]
    own = name_of(data.get("locale")) or locale
    texts = tuple(Text(key, text, own, target, programme) for target, text in named if isinstance(text, str))
    return Item(name or "", texts)


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def project_key(value: object) -> str:
    """The project's unique name, as Label Studio writes it: `<id>.<seconds of its creation>`."""
    return name_of(value) or "unknown"


def name_of(value: object) -> str | None:
    """The value as a name: a text or a number that is not empty, too long, or something else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    # The index stores UTF-8; JSON may carry lone surrogates.
    text = str(value).strip().encode("utf-8", "replace").decode()
    return text if 0 < len(text) <= _LONGEST_NAME else None
