"""A whole corpus compared with itself at once, by several processes; the answers are those of the index.

Nothing is remembered. What the processes share lies in a temporary folder: about 550 bytes a text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_backend.errors import InvalidItems
from ml_backend.near_duplicates.answers import Similar, is_final, nearest
from ml_backend.near_duplicates.corpus import CorpusWriter, opened
from ml_backend.near_duplicates.model import Entry, Nearest
from ml_backend.near_duplicates.prints import prints
from ml_backend.near_duplicates.register import Register

_CHUNK = 2000  # texts that a process takes at once
_FEW = 5000  # texts that are not worth starting processes for
_MOST_PROBLEMS = 20

Mapped = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""`map`, or the same with several processes."""


def duplicates_of(entries: Sequence[Entry], processes: int = 2) -> list[Nearest]:
    """For each entry the nearest earlier one, as an empty `Index` answers that is asked one by one.

    Raises `InvalidItems` if a key is there twice. From 5,000 entries on there is more than one process; a script that
    calls this must be importable (`if __name__ == "__main__":`).

    >>> texts = ["How long should I boil an egg?", "How long should I boil an egg"]
    >>> duplicates_of([Entry(f"demo/{n}", text) for n, text in enumerate(texts)])[1].anywhere
    Match(of='demo/0', locale=None, similarity=1.0, kind='exact')
    """
    _check(entries)
    with TemporaryDirectory(prefix="concord-") as folder, _mapped(processes if len(entries) > _FEW else 1) as mapped:
        return _Comparison(entries, Path(folder), mapped).answers()


class _Comparison:
    def __init__(self, entries: Sequence[Entry], folder: Path, mapped: Mapped) -> None:
        self._entries = entries
        self._folder = folder
        self._mapped = mapped
        self._register = Register(entries)
        self._texts: list[int] = []  # the id of each entry's text, 0 for one that is empty

    def answers(self) -> list[Nearest]:
        self._write()
        answers = [self._answer(place, ()) for place in range(len(self._entries))]
        asked = [
            place
            for place, (entry, answer) in enumerate(zip(self._entries, answers, strict=True))
            if self._texts[place] and not is_final(entry, answer)
        ]
        for place, similar in zip(asked, self._similar(asked), strict=True):
            answers[place] = self._answer(place, similar)
        return answers

    def _write(self) -> None:
        """Read all texts, and write those that are new into the folder."""
        writer = CorpusWriter(self._folder)
        for part in self._mapped(prints, _chunks([entry.text for entry in self._entries])):
            first = len(self._texts) + 1
            ids = [id_ if normal else 0 for id_, normal in enumerate(part.normals, start=first)]
            texts = [id_ and self._register.add(id_, digest) for id_, digest in zip(ids, part.digests, strict=True)]
            new = [place for place, (id_, text) in enumerate(zip(ids, texts, strict=True)) if id_ and id_ == text]
            writer.add([ids[place] for place in new], [part.normals[place] for place in new], part.signatures[new])
            self._texts.extend(texts)
        writer.close()

    def _similar(self, places: Sequence[int]) -> Iterator[Sequence[Similar]]:
        pairs = [np.array([(self._texts[place], place + 1) for place in chunk]) for chunk in _chunks(places)]
        for part in self._mapped(partial(_similar, self._folder), pairs):
            yield from part

    def _answer(self, place: int, similar: Sequence[Similar]) -> Nearest:
        entry, text = self._entries[place], self._texts[place]

        def earliest(other: int, locale: str | None) -> tuple[str, str | None] | None:
            return self._register.earliest(other, place + 1, entry.item, locale)

        same = [(1.0, text)] if text not in (0, place + 1) else []
        return nearest(entry, text, [*same, *similar], earliest)


def _similar(folder: Path, pairs: NDArray[np.int64]) -> list[list[Similar]]:
    return opened(folder).similar(pairs[:, 0], pairs[:, 1])


def _check(entries: Sequence[Entry]) -> None:
    twice = [key for key, count in Counter(entry.key for entry in entries).items() if count > 1]
    if twice:
        raise InvalidItems([f"the key {key!r} is there twice" for key in twice[:_MOST_PROBLEMS]])


def _chunks(values: Sequence[Any]) -> list[Sequence[Any]]:
    return [values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK)]


@contextmanager
def _mapped(processes: int) -> Iterator[Mapped]:
    if processes == 1:
        yield map
    else:
        # Forking would copy the threads' locks of whoever calls this.
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            yield pool.map
