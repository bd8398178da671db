"""Personal data in a text, replaced by a word that says what stood there."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def mask(text: str, spans: Sequence[tuple[int, int, str]], kinds: Collection[str]) -> str:
    """The text with these spans (start and end in code points, kind) replaced, where their kind is one of `kinds`.

    Of spans that overlap, the first and longest counts for all, so that nothing of any is left.

    >>> mask("Mail me: ada@example.org", [(9, 24, "email")], ["email"])
    'Mail me: [email]'
    """
    parts, done = [], 0
    for start, end, kind in _merged(spans, kinds):
        parts += [text[done:start], f"[{kind}]"]
        done = end
    return "".join([*parts, text[done:]])


def _merged(spans: Sequence[tuple[int, int, str]], kinds: Collection[str]) -> list[tuple[int, int, str]]:
    """The spans of these kinds in order, those that overlap as one."""
    merged: list[tuple[int, int, str]] = []
    for start, end, kind in sorted((each for each in spans if each[2] in kinds), key=lambda each: (each[0], -each[1])):
        if merged and start < merged[-1][1]:
            first, last, name = merged[-1]
            merged[-1] = (first, max(last, end), name)
        else:
            merged.append((start, end, kind))
    return merged
