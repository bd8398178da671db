"""Which entries of a corpus have which text: in memory what the log is for the index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ml_backend.near_duplicates.model import Entry


class Register:
    """An entry's id is its place plus one; a text's is that of the first entry that has it."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._texts: dict[bytes, int] = {}
        self._later: defaultdict[tuple[int, str | None], list[int]] = defaultdict(list)

    def add(self, number: int, digest: bytes) -> int:
        """The id of the text of the entry with this id, which comes after all that were added."""
        text = self._texts.setdefault(digest, number)
        if text != number:
            self._later[text, None].append(number)
            locale = self._entries[number - 1].locale
            if locale is not None:
                self._later[text, locale].append(number)
        return text

    def earliest(self, text: int, before: int, item: str, locale: str | None) -> tuple[str, str | None] | None:
        """Key and locale of the first entry of another item with this text and an id below `before`."""
        first = self._entries[text - 1]
        if text < before and first.item != item and locale in (None, first.locale):
            return first.key, first.locale
        for number in self._later.get((text, locale), ()):
            entry = self._entries[number - 1]
            if number >= before:
                return None
            if entry.item != item:
                return entry.key, entry.locale
        return None
