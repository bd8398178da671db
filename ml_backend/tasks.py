"""Label Studio's tasks as prompts to screen, and its interactive context as a conversation. Anything may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml_backend.controls import Sides
from ml_backend.prescreen import Prompt

_LONGEST_NAME = 300  # characters of an item name; a longer one is not a name


def prompt_of(task: object, project: str, locale: str | None) -> Prompt:
    """The task's prompt; never raises, whatever the task is.

    The key names the item (`data.item`), or where there is none the task's id.

    >>> prompt_of({"id": 7, "data": {"item": "demo-1", "prompt": "Hello?"}}, "12", "en-US")
    Prompt(key='12/demo-1', text='Hello?', locale='en-US', flaw=None)
    >>> prompt_of({"id": 7, "data": {}}, "12", None).flaw
    'the task has no prompt text'
    """
    data = mapping(mapping(task).get("data"))
    text = data.get("prompt")
    if not isinstance(text, str):
        return Prompt("", "", flaw="the task has no prompt text")
    name = _name(data.get("item"))
    number = _name(mapping(task).get("id"))
    if not (name or number):
        return Prompt("", "", flaw="the item has no usable name or id")
    key = f"{project}/{name}" if name else f"{project}#{number}"
    return Prompt(key, text, _name(data.get("locale")) or locale)


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def project_key(value: object) -> str:
    """The project's unique name, as Label Studio writes it: `<id>.<seconds of its creation>`."""
    return _name(value) or "unknown"


def _name(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    # The index stores UTF-8; JSON may carry lone surrogates.
    text = str(value).strip().encode("utf-8", "replace").decode()
    return text if 0 < len(text) <= _LONGEST_NAME else None


@dataclass(frozen=True)
class Conversation:
    """What a person wrote and what the model answered so far; `region` is the id of the answers' region, if any."""

    prompts: tuple[str, ...]
    responses: tuple[str, ...] = ()
    region: str | None = None

    @property
    def waits(self) -> bool:
        """Whether the last prompt has no answer yet."""
        return len(self.prompts) > len(self.responses)

    @property
    def unanswered(self) -> tuple[str, ...]:
        """An empty answer for each earlier prompt that the model failed to answer: so each answer keeps its turn."""
        return ("",) * (len(self.prompts) - 1 - len(self.responses))

    def messages(self) -> list[dict[str, str]]:
        """The turns in the order and form of a chat request."""
        turns = []
        for place, prompt in enumerate(self.prompts):
            turns.append({"role": "user", "content": prompt})
            if place < len(self.responses) and self.responses[place]:
                turns.append({"role": "assistant", "content": self.responses[place]})
        return turns


def prompt_alone(task: object) -> Conversation:
    """The task's own prompt as a conversation; empty where it has none."""
    text = mapping(mapping(task).get("data")).get("prompt")
    return Conversation((text,) if isinstance(text, str) and text.strip() else ())


def dialogue(context: object, talk: Sides) -> Conversation:
    """The conversation so far in an interactive call's context: the texts of these two controls."""
    regions = mapping(context).get("result")
    named = {mapping(each).get("from_name"): mapping(each) for each in regions} if isinstance(regions, list) else {}
    reply = named.get(talk.reply, {})
    return Conversation(_texts(named.get(talk.message, {})), _texts(reply), _name(reply.get("id")))


def _texts(region: Mapping[str, Any]) -> tuple[str, ...]:
    texts = mapping(region.get("value")).get("text")
    if isinstance(texts, str):
        return (texts,)
    return tuple(text for text in texts if isinstance(text, str)) if isinstance(texts, list) else ()
