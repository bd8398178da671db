"""Personal data and secrets, taken out of a text by the spans in which a screen found them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

KINDS = ("secret", "card", "iban", "national_id", "phone", "email", "ip")
"""What can be masked, most sensitive first."""

Span = tuple[int, int, str]
"""Start, end and kind of something found: offsets in code points, the end exclusive."""


def mask(text: str, spans: Iterable[Span], kinds: Collection[str]) -> str:
    """The text with each span of these kinds replaced by its kind in square brackets.

    Spans that overlap become one, of the more sensitive kind. Raises ValueError for a span that does not lie within the
    text: it was found in another text.

    >>> mask("Write to ana@example.org or call 1.", [(9, 24, "email")], {"email"})
    'Write to [email] or call 1.'
    """
    parts, at = [], 0
    for start, end, kind in merge(span for span in spans if span[2] in kinds):
        if not 0 <= start < end <= len(text):
            raise ValueError(f"the span {start} to {end} is not within a text of {len(text)} characters")
        parts += [text[at:start], f"[{kind}]"]
        at = end
    return "".join([*parts, text[at:]])


def merge(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, each group of overlapping ones joined into one of its most sensitive kind.

    >>> merge([(8, 20, "email"), (0, 10, "secret"), (30, 40, "ip")])
    [(0, 20, 'secret'), (30, 40, 'ip')]
    """
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span[0] < merged[-1][1]:
            merged[-1] = _join(merged[-1], span)
        else:
            merged.append(span)
    return merged


def _join(one: Span, other: Span) -> Span:
    return min(one[0], other[0]), max(one[1], other[1]), most_sensitive((one[2], other[2]))


def most_sensitive(kinds: Iterable[str]) -> str:
    """The most sensitive of these kinds; a kind that is not one of ours comes last.

    >>> most_sensitive(["email", "card"])
    'card'
    """
    return min(kinds, key=lambda kind: KINDS.index(kind) if kind in KINDS else len(KINDS))
