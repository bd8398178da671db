"""Concord's near-duplicates, in the process, and those of datasketch, rensa and semhash: the extra `benchmark`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import near_duplicate_texts as texts
import numpy as np
from near_duplicate_measures import CHUNK, Found, Leg, Pace, Run, Watch, quality, resident, size_of

from ml_backend.near_duplicates import Entry, Index, Match, normalise
from ml_backend.near_duplicates.batch import duplicates_of
from ml_backend.near_duplicates.shingles import shingles

BANDS, ROWS = 25, 5
DIMENSIONS = 256
COSINE = 2 * texts.NEAR / (1 + texts.NEAR)  # of two sets of equal size whose Jaccard similarity is NEAR
SINGLE_SEMHASH_QUERIES = 10  # each reads the whole index for exact duplicates


def concord(run: Run) -> Leg:
    """Look up and add in one durable transaction, in a folder that other processes may share at the same time."""
    corpus = run.corpus()
    before = resident()
    index = Index(run.index)
    rows = corpus.base["text"].tolist()
    pace = Pace()
    for start in range(0, len(rows), CHUNK):
        index.check_and_add_many([Entry(f"base/base{row}", rows[row]) for row in span(start, rows)])
    inserts = pace.of(len(rows))
    memory = resident() - before
    found: Found = []
    watch = Watch()
    for place, text in enumerate(corpus.queries["text"]):
        with watch:
            match = index.check_and_add(f"query/query{place}", text)
        found.append(rows_of(match))
    return watch.leg(inserts, memory, quality(corpus, found), size_of(run.index))


def span(start: int, rows: Sequence[str]) -> range:
    """The rows of a chunk."""
    return range(start, min(start + CHUNK, len(rows)))


def batch(run: Run) -> Leg:
    """A corpus compared with itself in one go, by two processes: nothing is remembered."""
    corpus = run.corpus()
    named = {"base": corpus.base["text"], "query": corpus.queries["text"]}
    entries = [Entry(f"{project}/{project}{row}", text) for project in named for row, text in enumerate(named[project])]
    pace = Pace()
    answers = duplicates_of(entries, processes=2)
    inserts = pace.of(len(entries))
    asked = [answer.anywhere for answer in answers[len(corpus.base) :]]
    return Leg((), (), inserts, quality=quality(corpus, [rows_of(match) for match in asked]))


def rows_of(match: Match | None) -> list[int]:
    """The row that is named as exact or near; none where another query is named."""
    is_named = match and match.kind in {"exact", "near"} and match.of.startswith("base/")
    return [int(match.of.removeprefix("base/base"))] if match and is_named else []


def datasketch(run: Run) -> Leg:
    """MinHash and MinHashLSH in memory, with the same shingles and the same bands; candidates as they are."""
    from datasketch import MinHash, MinHashLSH  # noqa: PLC0415

    def sketch(some: Sequence[str]) -> list[MinHash]:
        return MinHash.bulk(tokens(some), num_perm=128)

    index = MinHashLSH(num_perm=128, params=(BANDS, ROWS))

    def insert(start: int, sketches: list[MinHash]) -> None:
        with index.insertion_session() as session:
            for row, each in enumerate(sketches, start):
                session.insert(row, each)

    return in_memory(run, sketch, insert, index.query)


def rensa(run: Run) -> Leg:
    """RMinHash and RMinHashLSH in memory, with the same shingles and the same bands; candidates as they are."""
    from rensa import RMinHash, RMinHashLSH  # noqa: PLC0415

    index = RMinHashLSH(texts.NEAR, BANDS * ROWS, BANDS)

    def sketch(some: Sequence[str]) -> list[RMinHash]:
        return RMinHash.from_token_sets(tokens(some), BANDS * ROWS, 1)

    def insert(start: int, sketches: list[RMinHash]) -> None:
        index.insert_many(sketches, start)

    return in_memory(run, sketch, insert, index.query)


def in_memory(
    run: Run,
    sketch: Callable[[Sequence[str]], list],
    insert: Callable[[int, list], None],
    query: Callable[[object], list[int]],
) -> Leg:
    """A peer that sketches texts, inserts and queries sketches."""
    corpus = run.corpus()
    rows = corpus.base["text"].tolist()
    sketch(rows[:1])
    before = resident()
    pace = Pace()
    for start in range(0, len(rows), CHUNK):
        insert(start, sketch(rows[start : start + CHUNK]))
    inserts = pace.of(len(rows))
    memory = resident() - before
    found: Found = []
    watch = Watch()
    for text in corpus.queries["text"]:
        with watch:
            rows_found = query(sketch([text])[0])
        found.append(list(rows_found))
    return watch.leg(inserts, memory, quality(corpus, found))


def tokens(some: Sequence[str]) -> list[list[bytes]]:
    """The shingles of each text as the peers take them."""
    found = shingles([normalise(text) for text in some])
    flat = found.grams.astype("<u8").tobytes()
    return [
        [flat[8 * at : 8 * at + 8] for at in range(*ends)] for ends in zip(found.starts, found.starts[1:], strict=False)
    ]


class Hashing:
    """An encoder for semhash that needs no download: the same shingles, hashed with signs into 256 dimensions."""

    def encode(self, inputs: Sequence[str], **_: object) -> np.ndarray:
        """Texts × dimensions."""
        return np.concatenate([self._some(inputs[start : start + CHUNK]) for start in range(0, len(inputs), CHUNK)])

    def _some(self, inputs: Sequence[str]) -> np.ndarray:
        found = shingles([normalise(text) for text in inputs])
        mixed = found.grams * np.uint64(0x9E3779B97F4A7C15)
        signs = np.where(mixed >> np.uint64(63), 1.0, -1.0)
        places = ((mixed >> np.uint64(32)) % np.uint64(DIMENSIONS)).astype(np.int64)
        rows = np.repeat(np.arange(len(inputs)), np.diff(found.starts))
        flat = np.bincount(rows * DIMENSIONS + places, signs, minlength=len(inputs) * DIMENSIONS)
        return flat.reshape(len(inputs), DIMENSIONS).astype(np.float32)


def semhash(run: Run) -> Leg:
    """SemHash in memory over hashed shingles; a text is a duplicate from the cosine that equals NEAR on."""
    from semhash import SemHash  # noqa: PLC0415

    corpus = run.corpus()
    rows, queries = corpus.base["text"].tolist(), corpus.queries["text"].tolist()
    row_of = {text: row for row, text in enumerate(rows)}
    before = resident()
    pace = Pace()
    index = SemHash.from_records(rows, model=Hashing())
    inserts = pace.of(len(rows))
    memory = resident() - before
    watch = Watch()
    for text in queries[:SINGLE_SEMHASH_QUERIES]:
        with watch:
            index.deduplicate([text], threshold=COSINE)
    named = {each.record: row_of[each.duplicate_of] for each in index.deduplicate(queries, threshold=COSINE).filtered}
    found = [[named[text]] if text in named else [] for text in queries]
    return watch.leg(inserts, memory, quality(corpus, found))


PEERS: dict[str, Callable[[Run], Leg]] = {
    "Concord": concord,
    "Concord, a batch": batch,
    "datasketch": datasketch,
    "rensa": rensa,
    "semhash": semhash,
}
