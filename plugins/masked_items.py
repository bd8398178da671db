"""Items as tasks show them: with personal data masked.

A task keeps the mask it was made with. When the text is screened anew and other words are found, its task still shows
the same item, as long as nothing but masks stands between the words of the text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from string import ascii_lowercase
from typing import Any

from plugins.errors import SeededErrorMasked
from plugins.items import Item, SeededError
from plugins.masking import KINDS, mask
from plugins.screening import PROMPT, Screened, Span

MASKS = tuple(mask("x", [(0, 1, kind)], [kind]) for kind in KINDS)
"""What stands in a task for personal data."""


@dataclass(frozen=True)
class Gap:
    """Words of a text, from `start` to `end`, in place of which a task shows `length` characters of a mask."""

    start: int
    end: int
    length: int


def masked_item(item: Item, found: Sequence[Screened], kinds: Collection[str]) -> Item:
    """The item for a new task: data of these kinds masked in prompt and responses, seeded errors moved along.

    Raises SeededErrorMasked where a seeded error stands in what is masked.
    """
    spans = _spans(found)
    texts = {target: mask(text, spans.get(target, ()), kinds) for target, text in _texts(item).items()}
    return _with(item, texts)


def as_shown(item: Item, data: Mapping[str, Any]) -> Item:
    """The item with the texts of its task, as far as these are the item's own with personal data masked."""
    left = [data.get(f"response_{letter}") for letter in ascii_lowercase[: len(item.responses)]]
    texts = {PROMPT: _shown(item.prompt, [data.get("prompt")])}
    # A text that is shown as it is belongs to its response before any other whose mask could stand for it.
    responses = list(enumerate(item.responses, start=1))
    for number, response in sorted(responses, key=lambda each: each[1].text not in left):
        texts[f"response_{number}"] = shown = _shown(response.text, left)
        if shown in left:
            left.remove(shown)
    return _with(item, texts)


def _texts(item: Item) -> dict[str, str]:
    return {PROMPT: item.prompt, **{f"response_{n}": each.text for n, each in enumerate(item.responses, start=1)}}


def _spans(found: Sequence[Screened]) -> dict[str, tuple[Span, ...]]:
    spans: dict[str, tuple[Span, ...]] = {}
    for row in found:
        spans[row.target] = spans.get(row.target, ()) + row.spans
    return spans


def _shown(text: str, candidates: Sequence[Any]) -> str:
    """Which of these is the text, perhaps masked; the text itself if none is."""
    if text in candidates:
        return text
    texts = (each for each in candidates if isinstance(each, str))
    return next((each for each in texts if gaps(text, each) is not None), text)


def gaps(text: str, shown: str) -> list[Gap] | None:
    """Where masks stand for words of the text; None if what is shown is not the text with words masked.

    >>> gaps("Mail ada@x.org now", "Mail [email] now")
    [Gap(start=5, end=14, length=7)]
    >>> gaps("Call Ada", "Mail [email]") is None
    True
    """
    pieces = list(_pieces(shown))
    first, *rest = pieces[::2]
    if not text.startswith(first):
        return None
    found, at = [], len(first)
    for number, (sign, piece) in enumerate(zip(pieces[1::2], rest, strict=True), start=1):
        # The last piece ends the text; the others stand as early as they can, which leaves the most to those behind.
        start = text.rfind(piece, at + 1) if number == len(rest) else text.find(piece, at + 1)
        if start < 0 or (number == len(rest) and start + len(piece) != len(text)):
            return None
        found.append(Gap(at, start, len(sign)))
        at = start + len(piece)
    return found if at == len(text) else None


def _pieces(shown: str) -> Iterator[str]:
    """The words and, between them, the masks."""
    rest = shown
    while places := [(rest.find(sign), sign) for sign in MASKS if sign in rest]:
        at, sign = min(places)
        yield from (rest[:at], sign)
        rest = rest[at + len(sign) :]
    yield rest


def _with(item: Item, texts: Mapping[str, str]) -> Item:
    responses = tuple(
        replace(response, text=texts[f"response_{number}"]) for number, response in enumerate(item.responses, start=1)
    )
    seeded = item.seeded_errors
    if seeded and responses[0].text != item.responses[0].text:
        places = gaps(item.responses[0].text, responses[0].text) or []
        seeded = tuple(_moved(error, places, item) for error in seeded)
    return replace(item, prompt=texts[PROMPT], responses=responses, seeded_errors=seeded)


def _moved(error: SeededError, places: Sequence[Gap], item: Item) -> SeededError:
    if any(gap.start < error.end and error.start < gap.end for gap in places):
        raise SeededErrorMasked(item.item, error.text)
    by = sum(gap.length - (gap.end - gap.start) for gap in places if gap.end <= error.start)
    return replace(error, start=error.start + by, end=error.end + by)
