"""Looking up and adding entries inside one write transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ml_backend.near_duplicates.answers import Similar, is_final, nearest, similar_texts
from ml_backend.near_duplicates.log import Log, Stored
from ml_backend.near_duplicates.model import Entry, Nearest
from ml_backend.near_duplicates.prints import Prints
from ml_backend.near_duplicates.search import Queries
from ml_backend.near_duplicates.view import View

_AT_ONCE = 1000


@dataclass(frozen=True)
class _Placed:
    """An entry in the log: its place among those asked about, its id, and its text's."""

    place: int
    entry: Entry
    id: int
    text: int


class Admission:
    """Answers entries as if they came one by one; those that cannot change each other's answers are done together."""

    def __init__(self, log: Log, view: View, entries: Sequence[Entry], prints: Prints) -> None:
        self._log = log
        self._view = view
        self._entries = entries
        self._prints = prints
        self._last = log.last()
        self._waiting: list[_Placed] = []
        self._answers = [Nearest()] * len(entries)

    def admit(self) -> list[Nearest]:
        """One answer per entry, in order; all but those with empty texts are in the log then."""
        for place, normal in enumerate(self._prints.normals):
            if normal:
                placed = self._placed(place)  # may answer those that wait
                self._waiting.append(placed)
            if len(self._waiting) == _AT_ONCE:
                self._answer_waiting()
        self._answer_waiting()
        return self._answers

    def _placed(self, place: int) -> _Placed:
        entry = self._entries[place]
        stored = self._log.entry(entry.key)
        text = self._log.text(self._prints.digests[place])
        if stored and stored.text == text:
            return self._again(place, stored)
        if stored:
            self._answer_waiting()
        self._last += 1
        text = text or self._new_text(place)
        if stored:
            self._log.move_entry(entry, self._last, text)
            self._log.remove_if_unused(stored.text)
        else:
            self._log.add_entry(entry, self._last, text)
        return _Placed(place, entry, self._last, text)

    def _again(self, place: int, stored: Stored) -> _Placed:
        entry = self._entries[place]
        if entry.locale != stored.locale:
            self._answer_waiting()
            self._log.set_locale(entry)
        return _Placed(place, entry, stored.id, stored.text)

    def _new_text(self, place: int) -> int:
        signature = self._prints.signatures[place]
        self._log.add_text(self._last, self._prints.digests[place], self._prints.normals[place], signature.tobytes())
        return self._last

    def _answer_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._show({each.text: each.place for each in waiting if each.text > self._view.last})
        for each in waiting:
            self._answers[each.place] = self._answer(each, ())
        rest = [each for each in waiting if not is_final(each.entry, self._answers[each.place])]
        for each, similar in zip(rest, self._similar(rest), strict=True):
            self._answers[each.place] = self._answer(each, similar)

    def _show(self, new: Mapping[int, int]) -> None:
        """Let new texts (id → place) be found, by each other too."""
        if new:
            places = list(new.values())
            self._view.add(np.array(list(new)), self._prints.signatures[places], self._prints.keys[places])

    def _answer(self, placed: _Placed, similar: Sequence[Similar]) -> Nearest:
        def earliest(text: int, locale: str | None) -> tuple[str, str | None] | None:
            return self._log.earliest(text, placed.id, placed.entry.item, locale)

        same = [] if placed.id == placed.text else [(1.0, placed.text)]  # it brought its text: nobody had it before
        return nearest(placed.entry, placed.text, [*same, *similar], earliest)

    def _similar(self, placed: Sequence[_Placed]) -> list[list[Similar]]:
        if not placed:
            return []
        places = [each.place for each in placed]
        own, before = (np.array(ids) for ids in zip(*((each.text, each.id) for each in placed), strict=True))
        candidates = self._view.search(Queries(self._prints.signatures[places], self._prints.keys[places], own, before))
        normals = self._log.normals(dict.fromkeys(candidates.text.tolist()))
        return similar_texts(candidates, [self._prints.normals[place] for place in places], normals)
