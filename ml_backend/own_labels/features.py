"""Texts as weighted character n-grams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ml_backend.own_labels.figures import Floats
from ml_backend.own_labels.labels import plain

FEATURES = "char_wb-1-5/2^18/1"
"""Version of what is below: heads of another version cannot be used."""

_SHORTEST, _LONGEST = 1, 5
_COLUMNS = 2**18


def counts(texts: Sequence[str]) -> Any:
    """1 + ln(how often each n-gram of 1 to 5 characters within words stands in each text): sparse, texts × 2^18.

    Hashed, so that no words of the labelled texts are kept in a head, and a head has one size whatever it learnt from.
    """
    # Imported here: it takes a second, which every command and every worker without a head would pay.
    from sklearn.feature_extraction.text import HashingVectorizer  # noqa: PLC0415

    vectorizer = HashingVectorizer(
        analyzer="char_wb",
        ngram_range=(_SHORTEST, _LONGEST),
        n_features=_COLUMNS,
        alternate_sign=False,
        norm=None,
        lowercase=False,
    )
    counted = vectorizer.transform([plain(text) for text in texts])
    counted.data = 1 + np.log(counted.data)
    return counted


def rarity(counted: Any) -> Floats:
    """The weight of each n-gram, higher for rarer ones (smoothed inverse document frequency); 0 for one not seen.

    >>> weights = rarity(counts(["aa", "ab"]))
    >>> sorted(set(weights.round(3).tolist()))
    [0.0, 1.0, 1.405]
    """
    texts, seen_in = counted.shape[0], np.bincount(counted.indices, minlength=counted.shape[1])
    return np.where(seen_in > 0, np.log((1 + texts) / (1 + seen_in)) + 1, 0.0)


def weighted(counted: Any, weights: Floats) -> Any:
    """TF-IDF: counts times weights, each text scaled to length 1."""
    from sklearn.preprocessing import normalize  # noqa: PLC0415

    scaled = counted.copy()
    scaled.data *= weights[scaled.indices]
    return normalize(scaled, copy=False)
