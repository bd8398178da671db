"""A conversation that was copied into a text: `>>` begins a message, `<<` the model's reply to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TURN = re.compile(r"(?m)^[ \t]*(>>|<<)(?![<>])[ \t]*")


def turns(text: str) -> Iterator[tuple[str, str]]:
    """(target, text) of every message and reply: "turn_1", "turn_1_reply", …; raises ValueError where none begins.

    Several messages without a reply between them are several turns; a second reply goes on with the first.

    >>> list(turns(">> Hi\\n<< Hello,\\nhow are you?\\n>> Bye"))
    [('turn_1', 'Hi'), ('turn_1_reply', 'Hello,\\nhow are you?'), ('turn_2', 'Bye')]
    """
    before, *parts = _TURN.split(text)
    if before.strip() or not parts or parts[0] == "<<":
        raise ValueError("it does not begin with a message")
    said: dict[str, list[str]] = {}
    turn = 0
    for sign, words in zip(parts[::2], parts[1::2], strict=True):
        turn += sign == ">>"
        said.setdefault(f"turn_{turn}" if sign == ">>" else f"turn_{turn}_reply", []).append(words.strip())
    yield from ((target, "\n".join(each)) for target, each in said.items() if any(each))
