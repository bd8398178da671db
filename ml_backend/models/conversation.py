"""What a person and a model said so far, read from what the labelling page sends: anything may be missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ml_backend.controls import Sides
from ml_backend.tasks import mapping, name_of
from plugins.notices import is_notice


@dataclass(frozen=True)
class Conversation:
    """What a person wrote and what stands where the replies are; `region` is the id of the replies' region, if any."""

    prompts: tuple[str, ...]
    replies: tuple[str, ...] = ()
    region: str | None = None

    @property
    def waits(self) -> bool:
        """Whether nothing stands yet where the reply to the last prompt will be."""
        return len(self.prompts) > len(self.replies)

    def with_reply(self, text: str) -> tuple[str, ...]:
        """All replies with this one to the last prompt; an earlier prompt that has none gets an empty one."""
        return (*self.replies, *("",) * (len(self.prompts) - 1 - len(self.replies)), text)

    def messages(self) -> list[dict[str, str]]:
        """The turns in the order and form of a chat request, in which person and model take turns.

        What a person wrote when no reply came is one message with what they wrote next; said again, it is said once.

        >>> [each["content"] for each in Conversation(("Hi", "Hi", "Are you there?")).messages()]
        ['Hi\\n\\nAre you there?']
        """
        turns: list[dict[str, str]] = []
        waiting: list[str] = []
        for prompt, reply in self._turns():
            waiting += [prompt] if prompt not in waiting else []
            if reply:
                turns += [_turn("user", "\n\n".join(waiting)), _turn("assistant", reply)]
                waiting = []
        return [*turns, _turn("user", "\n\n".join(waiting))] if waiting else turns

    def _turns(self) -> Iterator[tuple[str, str]]:
        """Each prompt with the model's reply, empty where there is none."""
        for place, prompt in enumerate(self.prompts):
            reply = self.replies[place] if place < len(self.replies) else ""
            yield prompt, "" if is_notice(reply) else reply


def prompt_alone(task: object) -> Conversation:
    """The task's own prompt as a conversation; empty where it has none."""
    text = mapping(mapping(task).get("data")).get("prompt")
    return Conversation((text,) if isinstance(text, str) and text.strip() else ())


def dialogue(context: object, talk: Sides) -> Conversation:
    """The conversation so far in an interactive call's context: the texts of these two controls."""
    regions = mapping(context).get("result")
    named = {mapping(each).get("from_name"): mapping(each) for each in regions} if isinstance(regions, list) else {}
    reply = named.get(talk.reply, {})
    return Conversation(_texts(named.get(talk.message, {})), _texts(reply), name_of(reply.get("id")))


def _texts(region: Mapping[str, Any]) -> tuple[str, ...]:
    texts = mapping(region.get("value")).get("text")
    if isinstance(texts, str):
        return (texts,)
    return tuple(text for text in texts if isinstance(text, str)) if isinstance(texts, list) else ()


def _turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
