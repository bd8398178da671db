"""Which text areas a labelling config has: a region for any other control would break the task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat


def text_areas(label_config: object) -> dict[str, str]:
    """Name → name of the object it belongs to, for each TextArea; empty for a config that cannot be read.

    >>> text_areas('<View><Text name="t" value="$t"/><TextArea name="response" toName="t"/></View>')
    {'response': 't'}
    """
    found: dict[str, str] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "TextArea" and attributes.get("name") and attributes.get("toName"):
            found[attributes["name"]] = attributes["toName"].split(",")[0].strip()

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(str(label_config or "").encode("utf-8", "replace"), True)
    except (expat.ExpatError, _EntityError):
        return {}
    return found


@dataclass(frozen=True)
class Sides:
    """The two text areas of a conversation: what the person writes, and where the model's replies go."""

    message: str
    reply: str


def sides(areas: Mapping[str, str]) -> Sides | None:
    """The first conversation among these text areas: `<question>__message` and `__reply`, or `prompt` and `response`.

    None where the model has no place to answer in.

    >>> sides({"note": "t", "talk__message": "t", "talk__reply": "t"})
    Sides(message='talk__message', reply='talk__reply')
    """
    for name in areas:
        if name == "response":
            return Sides("prompt", name)
        if name.endswith("__reply"):
            return Sides(f"{name.removesuffix('__reply')}__message", name)
    return None


class _EntityError(ValueError):
    """A config declares entities: none of ours does, and expanding them can exhaust memory."""


def _refuse_entity(*_: Any) -> None:
    raise _EntityError


def region(name: str, to_name: str, texts: list[str], region_id: str | None = None) -> dict[str, object]:
    """A text area's region as Label Studio stores it."""
    return {
        "id": region_id or name,
        "from_name": name,
        "to_name": to_name,
        "type": "textarea",
        "value": {"text": texts},
    }
