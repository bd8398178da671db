"""Candidates for near-duplicates: texts that share a band, judged by their signatures.

A template that is used a million times must not cost a million reads. So of each bucket the `_BUCKET` earliest texts
are looked at, and of all candidates the `_MOST` whose signatures are most alike are handed on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ml_backend.near_duplicates.minhash import BANDS, PERMUTATIONS, Keys, Signatures
from ml_backend.near_duplicates.model import POSSIBLE

_BUCKET = 50
_MOST = 20
_MARGIN = 0.15  # three and a half standard errors of a signature's estimate
_ENOUGH = int(np.ceil((POSSIBLE - _MARGIN) * PERMUTATIONS))  # equal places
_PAIRS = 1 << 16  # of signatures compared at once: 24 MB

_NOTHING = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class Queries:
    """Texts to look up: only among those with an id below `before`, and not the text `own` itself."""

    signatures: Signatures
    keys: Keys
    own: NDArray[np.int64]
    before: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.own)


@dataclass(frozen=True)
class Candidates:
    """Number of the query and id of the text."""

    query: NDArray[np.int64]
    text: NDArray[np.int64]


class Source(Protocol):
    """Texts among which can be looked."""

    def hits(self, keys: Keys, room: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Query and row of each text in the queries' buckets, at most `room` a bucket; the room taken is deducted."""

    @property
    def ids(self) -> NDArray[np.int64]:
        """The texts' ids, which ascend."""

    @property
    def signatures(self) -> Signatures:
        """One row a text."""


def search(sources: Iterable[Source], queries: Queries, dead: NDArray[np.int64]) -> Candidates:
    """The candidates of each query, at most `_MOST`; `dead` texts are none.

    The ids of each source are above those of the source before it. What is found does not depend on how the texts are
    split into sources.
    """
    room = np.full(len(queries) * BANDS, _BUCKET + len(dead), dtype=np.int64)
    found = [_judged(each, queries, dead, *each.hits(queries.keys, room)) for each in sources]
    query, text, equal = (np.concatenate(parts) for parts in zip(_NOTHING, *found, strict=True))
    if len(query) <= _MOST:
        return Candidates(query, text)
    order = np.lexsort((text, -equal, query))
    ordered = query[order]
    best = order[np.arange(len(order)) - np.searchsorted(ordered, ordered) < _MOST]
    return Candidates(query[best], text[best])


def _judged(
    source: Source, queries: Queries, dead: NDArray[np.int64], query: NDArray[np.int64], row: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The hits that may be, and that are alike enough."""
    if not row.size:
        return _NOTHING
    text = source.ids[row]
    allowed = (text < queries.before[query]) & (text != queries.own[query])
    if dead.size:
        allowed &= ~np.isin(text, dead)
    query, row, text = query[allowed], row[allowed], text[allowed]
    equal = _equal_places(source.signatures, row, queries.signatures, query)
    alike = equal >= _ENOUGH
    return query[alike], text[alike], equal[alike]


def _equal_places(
    one: Signatures, row: NDArray[np.int64], other: Signatures, query: NDArray[np.int64]
) -> NDArray[np.int64]:
    """In how many places the signatures of each pair are equal."""
    parts = (slice(start, start + _PAIRS) for start in range(0, len(row), _PAIRS))
    return np.concatenate(
        [_NOTHING[0], *(np.count_nonzero(one[row[part]] == other[query[part]], axis=1) for part in parts)]
    )
