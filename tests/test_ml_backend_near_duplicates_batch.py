"""Near-duplicates: the index, the batch and a plain comparison of all pairs agree."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_backend.errors import InvalidItems
from ml_backend.near_duplicates import Entry, Index, Match, Nearest, normalise
from ml_backend.near_duplicates.batch import duplicates_of
from ml_backend.near_duplicates.shingles import jaccard, shingle_set

SENTENCES: dict[str, list[str]] = json.loads((Path(__file__).parent / "samples/ml_sentences.json").read_text("utf-8"))
CERTAIN = 0.9
"""A pair this alike shares a band but for one time in ten billion."""


def _edited(picker: random.Random, text: str) -> str:
    """The text with up to five characters moved, doubled or lost."""
    for _ in range(picker.randrange(6)):
        place = picker.randrange(len(text))
        text = text[:place] + picker.choice(["", text[place] * 2, text[-place], "é", "東 "]) + text[place + 1 :]
    return text


def _corpus(script: str, size: int) -> list[Entry]:
    """Texts of one to three sentences of a script, most of them edited and many alike, of few items and locales."""
    picker = random.Random(script)  # noqa: S311 - a seeded draw
    texts = [" ".join(picker.sample(SENTENCES[script], picker.randint(1, 3))) for _ in range(size // 4)]
    return [
        Entry(f"{picker.choice('ab')}{n}/{picker.randrange(size)}", _edited(picker, picker.choice(texts)), locale)
        for n, locale in enumerate(picker.choices(["xx-AA", "xx-BB", None], k=size))
    ]


@pytest.mark.parametrize("script", SENTENCES)
def test_a_batch_answers_as_the_index_does(tmp_path: Path, script: str) -> None:
    """For 600 texts of a script, many of them alike, the batch and the index give the same answers."""
    entries = _corpus(script, 600)
    incremental = Index(tmp_path).nearest_and_add_many(entries)
    assert duplicates_of(entries) == incremental
    assert sum(answer.anywhere is not None for answer in incremental) > 300


def test_a_batch_of_thousands_is_the_same_with_two_processes(tmp_path: Path) -> None:
    """For 9,600 texts in all scripts two processes, one process and the index agree, within the locale too."""
    entries = [
        Entry(f"{script}/{entry.key}", entry.text, entry.locale)
        for script in SENTENCES
        for entry in _corpus(script, 800)
    ]
    index = Index(tmp_path)
    incremental = [
        answer for start in range(0, 9600, 700) for answer in index.nearest_and_add_many(entries[start : start + 700])
    ]
    assert duplicates_of(entries) == duplicates_of(entries, processes=1) == incremental


def test_a_batch_refuses_a_key_that_is_there_twice() -> None:
    """A corpus whose keys are not distinct is refused with the key."""
    with pytest.raises(InvalidItems, match="demo/1"):
        duplicates_of([Entry("demo/1", "one text"), Entry("demo/1", "another text")])


@pytest.mark.parametrize("texts", [[], [""], ["", "?!", "🙂"]])
def test_a_batch_without_text_finds_nothing(texts: list[str]) -> None:
    """No text, and texts without letters, are like no other."""
    entries = [Entry(f"demo/{n}", text) for n, text in enumerate(texts)]
    assert duplicates_of(entries) == [Nearest()] * len(texts)


SOME = [sentence for sentences in SENTENCES.values() for sentence in sentences[:2]]
TEXTS = st.text(max_size=6) | st.builds(
    lambda base, place, piece: base[:place] + piece + base[place:],
    st.sampled_from(SOME[:3]) | st.sampled_from(SOME),
    st.integers(0, 60),
    st.sampled_from(["", "", "a", "!", " der ", "東", "ไข่", "\u200c"]),
)
LOCALES = st.sampled_from(["de-DE", "th-TH", None])
KEYS = st.builds("{}/{}".format, st.sampled_from("ab"), st.integers(0, 9))
ENTRIES = st.lists(st.builds(Entry, KEYS, TEXTS, LOCALES), max_size=14)


def _plain(entries: list[Entry]) -> list[tuple[float, float]]:
    """The highest similarity to an earlier item, anywhere and in the locale, by comparing all pairs."""
    order: dict[str, Entry] = {}
    best = []
    for entry in entries:
        if not normalise(entry.text):
            best.append((0.0, 0.0))
            continue
        known = order.get(entry.key)
        if known and normalise(known.text) != normalise(entry.text):
            del order[entry.key]
        order[entry.key] = entry
        best.append(_best(entry, [order[key] for key in list(order)[: list(order).index(entry.key)]]))
    return best


def _best(entry: Entry, earlier: list[Entry]) -> tuple[float, float]:
    others = [
        (jaccard(shingle_set(normalise(entry.text)), shingle_set(normalise(other.text))), other.locale)
        for other in earlier
        if other.item != entry.item
    ]
    here = [similarity for similarity, locale in others if entry.locale and locale == entry.locale]
    return max((similarity for similarity, _ in others), default=0.0), max(here, default=0.0)


def _agrees(match: Match | None, best: float) -> bool:
    """Whether an answer is the best there is; what is not certain to share a band may be missed."""
    if match is None or match.similarity < round(best, 4):
        return best < CERTAIN
    return match.similarity == round(best, 4)


@settings(deadline=None)
@given(entries=ENTRIES)
def test_the_index_finds_what_comparing_all_pairs_finds(entries: list[Entry]) -> None:
    """Whatever is asked, repeated or changed, no answer is too high, and none is missing where one is certain."""
    with TemporaryDirectory() as folder:
        answers = Index(Path(folder)).nearest_and_add_many(entries)
    for answer, (anywhere, in_locale) in zip(answers, _plain(entries), strict=True):
        assert _agrees(answer.anywhere, anywhere)
        assert _agrees(answer.in_locale, in_locale)


@settings(deadline=None)
@given(entries=ENTRIES, cuts=st.lists(st.integers(0, 14), max_size=4))
def test_it_does_not_matter_what_is_asked_together(entries: list[Entry], cuts: list[int]) -> None:
    """One call, several, or one an entry: the answers are the same, changed texts and repetitions included."""
    bounds = sorted({0, len(entries), *(min(cut, len(entries)) for cut in cuts)})
    with TemporaryDirectory() as one, TemporaryDirectory() as several, TemporaryDirectory() as each:
        together = Index(Path(one)).nearest_and_add_many(entries)
        index, single = Index(Path(several)), Index(Path(each))
        parts = [index.nearest_and_add_many(entries[start:end]) for start, end in pairwise(bounds)]
        assert [answer for part in parts for answer in part] == together
        assert [single.nearest_and_add_many([entry])[0] for entry in entries] == together


@settings(deadline=None)
@given(entries=st.lists(st.builds(Entry, KEYS, TEXTS, LOCALES), max_size=14, unique_by=lambda entry: entry.key))
def test_a_small_batch_answers_as_the_index_does(entries: list[Entry]) -> None:
    """Whatever a corpus of distinct keys holds, the batch gives the answers of the index."""
    with TemporaryDirectory() as folder:
        assert duplicates_of(entries) == Index(Path(folder)).nearest_and_add_many(entries)
