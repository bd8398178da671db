"""A head over sentence embeddings: a logistic regression per harm category, in a file that can carry no code."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml_backend.errors import ScreenFailed
from ml_backend.screens.toxicity.harms import harms

SAFE = "safe"
"""The label of a text without harm."""


@dataclass(frozen=True)
class Head:
    """For each category a row of `weights` (categories × dimensions) and an entry of `bias`.

    `embedder` is the version of the embedding model that it was trained on: it is good for no other.
    """

    categories: tuple[str, ...]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    embedder: str

    @property
    def digest(self) -> str:
        """The first 12 digits of the SHA-256 of what it is made of."""
        named = "\n".join((*self.categories, self.embedder)).encode()
        return hashlib.sha256(named + self.weights.tobytes() + self.bias.tobytes()).hexdigest()[:12]

    def probabilities(self, embeddings: NDArray[np.float64]) -> list[Mapping[str, float]]:
        """The probability of each category for each row of `embeddings` (texts × dimensions).

        >>> head = Head(("hate",), np.array([[2.0, 0.0]]), np.array([0.0]), "a@1")
        >>> head.probabilities(np.array([[0.0, 1.0]]))
        [{'hate': 0.5}]
        """
        logits = embeddings @ self.weights.T + self.bias
        found = 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
        return [dict(zip(self.categories, map(float, row), strict=True)) for row in found]

    def save(self, path: Path) -> None:
        """Write it to a `.npz` file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.savez(
                file,
                categories=np.array(self.categories),
                weights=self.weights,
                bias=self.bias,
                embedder=np.array(self.embedder),
            )


def load(path: Path) -> Head:
    """Read a head from its file; raises ScreenFailed for a file that is missing or holds none."""
    try:
        with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
            head = Head(
                tuple(map(str, file["categories"])), file["weights"], file["bias"], str(file["embedder"].item())
            )
    except FileNotFoundError as error:
        raise ScreenFailed("the head's file is missing", fix="train it: concord screen embedding-head") from error
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ScreenFailed(
            "the head's file cannot be read", fix="train it again: concord screen embedding-head"
        ) from error
    if not _fits(head):
        raise ScreenFailed("the head's file is not a head", fix="train it again: concord screen embedding-head")
    return head


def train(embeddings: NDArray[np.float64], labels: Sequence[str], embedder: str) -> Head:
    """A head for every category that occurs among `labels`, one for each row of `embeddings`: category or `safe`.

    Raises ValueError where there is nothing to tell apart.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    codes = tuple(code for code in harms() if code in labels)
    models = [
        LogisticRegression(C=1.0, max_iter=1000).fit(embeddings, [label == code for label in labels]) for code in codes
    ]
    weights = np.vstack([model.coef_[0] for model in models])
    return Head(codes, weights, np.array([model.intercept_[0] for model in models]), embedder)


def _fits(head: Head) -> bool:
    numbers = head.weights.dtype.kind == head.bias.dtype.kind == "f"
    rows = len(head.categories)
    shapes = head.weights.ndim == 2 and head.weights.shape[0] == rows and head.bias.shape == (rows,)
    return bool(head.categories) and numbers and shapes and set(head.categories) <= set(harms())
