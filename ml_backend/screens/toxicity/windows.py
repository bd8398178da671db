"""Texts of any length for models that read a few hundred tokens: window by window, the worst counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml_backend.errors import ScreenFailed
from ml_backend.screens.toxicity.model import Reading

LONGEST = 20_000
"""Characters of a text that are read."""

_MOST = 12  # windows of a text
_OVERLAP = 8  # one part of so many is shared with the next window, so that nothing is only seen cut in two
_AT_ONCE = 16  # windows between two looks at the clock
_TOKENS = 512  # of a window, where the model does not say
_OWN = 0.9  # of the word embeddings belong to words of the model's own tokenizer; some are only there for alignment
_SPARE = 8  # tokens that may be added when a window is read on its own

Scores = Callable[[list[str]], Sequence[Mapping[str, float]]]


@dataclass(frozen=True)
class Cut:
    """The windows of a text, and what of it they cover where that is not all."""

    windows: tuple[str, ...]
    covers: str | None = None


def limit(tokenizer: Any, positions: int | None, words: int) -> int:
    """How many tokens the model reads at once, its special tokens among them.

    `positions` is the number of its position embeddings, of which some models keep two for themselves; `words` of its
    word embeddings. Raises ScreenFailed for a tokenizer that cannot tell where its tokens stand, or is another model's.
    """
    if len(tokenizer) < words * _OWN:
        raise ScreenFailed("the model's tokenizer is not its own")
    if not tokenizer.is_fast:
        raise ScreenFailed("the model's tokenizer does not tell where its tokens stand")
    return int(min(tokenizer.model_max_length, positions - 2 if positions else _TOKENS, _TOKENS))


def cut(text: str, tokenizer: Any, most: int) -> Cut:
    """The text in overlapping windows for a model that reads `most` tokens at once.

    What comes after the last window is not read.
    """
    longest = max(1, most - tokenizer.num_special_tokens_to_add() - _SPARE)
    head = text[:LONGEST]
    places = tokenizer(head, add_special_tokens=False, return_offsets_mapping=True, verbose=False)["offset_mapping"]
    overlap = longest // _OVERLAP
    starts = range(0, max(1, len(places) - overlap), max(1, longest - overlap))[:_MOST]
    if len(starts) == 1:
        return Cut((head,), _covers(text, len(head)))
    ends = [min(start + longest, len(places)) for start in starts]
    windows = [head[places[start][0] : places[end - 1][1]] for start, end in zip(starts, ends, strict=True)]
    return Cut(tuple(windows), _covers(text, len(head) if ends[-1] == len(places) else places[ends[-1] - 1][1]))


def read(cuts: Sequence[Cut], scores: Scores, deadline: float) -> list[Reading]:
    """One reading per text: of each category the highest probability that `scores` gives any of its windows.

    A text of which a window is still to be read at the deadline has none.
    """
    # Short windows first: those of like length fill a batch with the least padding, and most texts are read in time.
    windows = sorted((len(window), at, window) for at, each in enumerate(cuts) for window in each.windows)
    found: list[list[Mapping[str, float]]] = [[] for _ in cuts]
    for start in range(0, len(windows), _AT_ONCE):
        if time.monotonic() >= deadline:
            break
        batch = windows[start : start + _AT_ONCE]
        for (_, at, _), given in zip(batch, scores([window for _, _, window in batch]), strict=True):
            found[at].append(given)
    return [_reading(each, given) for each, given in zip(cuts, found, strict=True)]


def _reading(text: Cut, found: Sequence[Mapping[str, float]]) -> Reading:
    if len(found) < len(text.windows):
        return Reading(reason="out of time")
    codes = dict.fromkeys(code for given in found for code in given)
    # NumPy's maximum of not a number and any other is not a number: it must not be lost among numbers.
    highest = {code: float(np.max([given[code] for given in found if code in given])) for code in codes}
    return Reading(highest, text.covers)


def _covers(text: str, end: int) -> str | None:
    return f"the first {end} characters" if end < len(text) else None
