"""From candidates to answers: exact similarities, and the earliest item that has the text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from ml_backend.near_duplicates.model import POSSIBLE, Entry, Match, Nearest, kind
from ml_backend.near_duplicates.search import Candidates
from ml_backend.near_duplicates.shingles import jaccard, shingle_set, similarities

Pair = tuple[int, int]
"""Number of the query and id of a text."""

Similar = tuple[float, int]
"""Similarity and id of a text."""

Earliest = Callable[[int, str | None], tuple[str, str | None] | None]
"""Key and locale of the first other item, of a locale if one is given, that came before with the text of this id."""

_FEW = 30  # pairs: for so few, sets are faster than arrays
_CHARACTERS = 1_000_000  # compared at once: bounds memory


def similar_texts(candidates: Candidates, queries: Sequence[str], normals: Mapping[int, str]) -> list[list[Similar]]:
    """For each query the texts at least `POSSIBLE` alike, most alike first, then earliest first.

    `queries` are the queries' normalised texts and `normals` the candidates', without those that are gone.
    """
    pairs = [
        (query, text)
        for query, text in zip(candidates.query.tolist(), candidates.text.tolist(), strict=True)
        if text in normals
    ]
    found: list[list[Similar]] = [[] for _ in queries]
    for (query, text), similarity in zip(pairs, _similarities(pairs, queries, normals), strict=True):
        if similarity >= POSSIBLE:
            found[query].append((similarity, text))
    return [sorted(each, key=lambda pair: (-pair[0], pair[1])) for each in found]


def nearest(entry: Entry, own: int, similar: Sequence[Similar], earliest: Earliest) -> Nearest:
    """The answer for an entry whose text is `own`; `similar` lists the texts to name, most alike first."""
    anywhere = _first(similar, own, None, earliest)
    if anywhere is None or entry.locale in (None, anywhere.locale):
        return Nearest(anywhere, anywhere if entry.locale else None)
    return Nearest(anywhere, _first(similar, own, entry.locale, earliest))


def is_final(entry: Entry, answer: Nearest) -> bool:
    """Whether no similar text can be nearer: there is the same text, also in the entry's locale if that is known."""
    return answer.anywhere is not None and (entry.locale is None or answer.in_locale is not None)


def _first(similar: Sequence[Similar], own: int, locale: str | None, earliest: Earliest) -> Match | None:
    for similarity, text in similar:
        found = earliest(text, locale)
        if found:
            return Match(*found, similarity=round(similarity, 4), kind=kind(similarity, same_text=text == own))
    return None


def _similarities(pairs: Sequence[Pair], queries: Sequence[str], normals: Mapping[int, str]) -> Iterator[float]:
    if len(pairs) > _FEW:
        for part in _parts(pairs, queries, normals):
            yield from _many_similarities(part, queries, normals)
    else:
        sets = {query: shingle_set(queries[query]) for query, _ in pairs}
        yield from (jaccard(sets[query], shingle_set(normals[text])) for query, text in pairs)


def _parts(pairs: Sequence[Pair], queries: Sequence[str], normals: Mapping[int, str]) -> Iterator[list[Pair]]:
    part: list[Pair] = []
    characters = 0
    for query, text in pairs:
        length = len(queries[query]) + len(normals[text])
        if part and characters + length > _CHARACTERS:
            yield part
            part, characters = [], 0
        part.append((query, text))
        characters += length
    if part:
        yield part


def _many_similarities(pairs: Sequence[Pair], queries: Sequence[str], normals: Mapping[int, str]) -> list[float]:
    ones = {query: place for place, query in enumerate(dict.fromkeys(query for query, _ in pairs))}
    others = {text: len(ones) + place for place, text in enumerate(dict.fromkeys(text for _, text in pairs))}
    texts = [*(queries[query] for query in ones), *(normals[text] for text in others)]
    one = np.array([ones[query] for query, _ in pairs])
    other = np.array([others[text] for _, text in pairs])
    found: list[float] = similarities(texts, one, other).tolist()
    return found
