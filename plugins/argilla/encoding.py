"""Texts as Argilla's page may be given them: it runs whatever looks like HTML in a record.

- `plain`: U+2060 (no width, no line break) after each character that would open a tag, and after those that would let
  a text reach into the page's own template of a custom field;
- `marked`: the same for a text in which errors are marked. Argilla's server counts code points where its page counts
  UTF-16 units, so as many U+2060 are added at the end as the page counts more; and as the page keeps such a text
  left-to-right, each line of a right-to-left locale is isolated (U+2067 … U+2069);
- `hidden`: base64 of ASCII JSON, which a custom field's script decodes into text.

Each can be undone exactly, and `Marked` knows where each character went.
"""

from __future__ import annotations

import base64
import json
import re
from bisect import bisect_left
from collections.abc import Iterator

_JOINER, _ISOLATE, _POP = "\u2060", "\u2067", "\u2069"

# A character that is made harmless, and what makes it dangerous when it follows.
_FOLLOWED = {"<": "[A-Za-z/!?]", r"\$": "[$&`']", "#": "TEMPLATE#"}
_OPENS = re.compile("|".join(f"{one}(?={_JOINER}*{then})" for one, then in _FOLLOWED.items()))
_ADDED = re.compile("|".join(f"(?<={one}){_JOINER}(?={_JOINER}*{then})" for one, then in _FOLLOWED.items()))


def plain(text: str) -> str:
    """The text for a plain field or a name.

    >>> plain("<b> 1 < 2").encode("ascii", "backslashreplace").decode()
    '<\\\\u2060b> 1 < 2'
    """
    return _OPENS.sub(lambda match: match[0] + _JOINER, text)


def read_plain(shown: str) -> str:
    """The text that `plain` encoded.

    >>> read_plain(plain("<b> $& </b>"))
    '<b> $& </b>'
    """
    return _ADDED.sub("", shown)


def hidden(text: str) -> dict[str, str]:
    """The text as the value of a custom field.

    >>> hidden("é")
    {'text': 'Ilx1MDBlOSI='}
    """
    return {"text": encoded(text)}


def encoded(value: object) -> str:
    """Any JSON value in letters that mean nothing to a page; a script reads it with `JSON.parse(atob(…))`."""
    return base64.b64encode(json.dumps(value).encode("ascii")).decode("ascii")


def read_hidden(shown: object) -> str:
    """The text that `hidden` encoded; raises ValueError.

    >>> read_hidden(hidden("é"))
    'é'
    """
    if not isinstance(shown, dict) or not isinstance(shown.get("text"), str):
        raise ValueError("not a hidden text")
    text = json.loads(base64.b64decode(shown["text"], validate=True))
    if not isinstance(text, str):
        raise ValueError("not a hidden text")
    return text


def marked(text: str, *, rtl: bool) -> str:
    """The text for a field in which errors are marked."""
    lines = plain(text).split("\n")
    body = "\n".join(f"{_ISOLATE}{line}{_POP}" for line in lines) if rtl else "\n".join(lines)
    return body + _JOINER * _surplus(text)


class Marked:
    """A text that `marked` encoded: `text` is the original, and offsets of either kind can be converted.

    >>> shown = Marked(marked("😀 <b>", rtl=True), rtl=True)
    >>> shown.text, shown.units(2, 5), shown.points(4, 8)
    ('😀 <b>', (4, 8), (2, 5))
    """

    def __init__(self, shown: str, *, rtl: bool) -> None:
        self._shown = shown
        self._added = sorted(_added(shown, rtl=rtl))
        gone = set(self._added)
        self._kept = [place for place in range(len(shown)) if place not in gone]
        self.text = "".join(shown[place] for place in self._kept)

    def points(self, start: int, end: int) -> tuple[int, int]:
        """UTF-16 offsets in what is shown as code points of the original; raises ValueError outside the text."""
        return self._point(start), self._point(end)

    def units(self, start: int, end: int) -> tuple[int, int]:
        """Code points of the original, not empty, as the UTF-16 offsets that the page would send."""
        return self._unit(self._kept[start]), self._unit(self._kept[end - 1] + 1)

    def _point(self, unit: int) -> int:
        raw = self._shown.encode("utf-16-le")
        if not 0 <= 2 * unit <= len(raw):
            raise ValueError(f"{unit} is outside the text")
        place = len(raw[: 2 * unit].decode("utf-16-le"))  # half a character is a ValueError too
        return place - bisect_left(self._added, place)

    def _unit(self, place: int) -> int:
        return len(self._shown[:place].encode("utf-16-le")) // 2


def _surplus(text: str) -> int:
    """How many units UTF-16 needs beyond one a code point."""
    return sum(character > "\uffff" for character in text)


def _added(shown: str, *, rtl: bool) -> Iterator[int]:
    """The places of the characters that `marked` added."""
    end = len(shown) - _surplus(shown)
    yield from range(end, len(shown))
    body = shown[:end]
    yield from (match.start() for match in _ADDED.finditer(body))
    start = 0
    for line in body.split("\n") if rtl else ():
        yield from (start, start + len(line) - 1)
        start += len(line) + 1
