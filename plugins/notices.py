"""Words that stand where a model's reply would, and are ours: why there is none.

They begin with a character that nobody sees, so that they are never taken for something a model said.
"""

from __future__ import annotations

_MARK = "\N{INVISIBLE SEPARATOR}"


def notice(text: str) -> str:
    """A text of ours to show in place of a reply."""
    return f"{_MARK}⚠ {text}"


def is_notice(reply: str) -> bool:
    """Whether this is ours.

    >>> is_notice(notice("No reply.")), is_notice("⚠ No reply.")
    (True, False)
    """
    return reply.startswith(_MARK)


def reply_of(model: str) -> str:
    """A model's words, such that they are not taken for ours."""
    return model.lstrip(_MARK)
