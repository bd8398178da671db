"""A sentence-transformers model with a head as a provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_backend.errors import ScreenFailed
from ml_backend.local_model import Local, Weights
from ml_backend.screens.model import Text
from ml_backend.screens.toxicity.head import Head, load
from ml_backend.screens.toxicity.model import Reading
from ml_backend.screens.toxicity.windows import cut, limit, read


@dataclass(frozen=True)
class _Loaded:
    embedder: Embedder
    head: Head


class Embedder:
    """A loaded SentenceTransformer."""

    def __init__(self, weights: Weights) -> None:
        """Load it; raises what its libraries raise."""
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415

        self.version = weights.version
        self._model = SentenceTransformer(
            weights.model,
            revision=weights.revision,
            device="cpu",
            trust_remote_code=False,
            # The other format of weights can carry code, and processors are slow at half of the precision.
            model_kwargs={"use_safetensors": True, "dtype": "float32"},
        )
        self.tokenizer: Any = self._model.tokenizer
        first: Any = self._model[0]  # the transformer
        words = first.auto_model.get_input_embeddings().num_embeddings
        self.tokens = limit(self.tokenizer, self._model.max_seq_length, words)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Texts × dimensions, each row of length 1; of a text as much as the model reads."""
        found = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(found, dtype=np.float64)


class EmbeddingHead:
    """The probabilities that a head gives to the embeddings of a model."""

    def __init__(self, weights: Weights, head: Path) -> None:
        self._weights, self._path = weights, head
        self._head: Head | None = None
        self._model = Local(self._load)

    @property
    def version(self) -> str:
        """The head and the model, each with a digest."""
        try:
            return f"embedding head {self._read_head().digest} on {self._weights.version}"
        except ScreenFailed:
            return f"embedding head on {self._weights.version}"

    def trouble(self) -> str | None:
        """Why it cannot be loaded."""
        try:
            self._read_head()
        except ScreenFailed as failure:
            return failure.message
        return self._model.trouble() or self._weights.trouble()

    def read(self, texts: Sequence[Text], deadline: float) -> list[Reading]:
        """Of each category the highest probability in any window of the text; raises ScreenFailed."""
        with self._model.held(deadline) as model:
            cuts = [cut(each.text, model.embedder.tokenizer, model.embedder.tokens) for each in texts]
            return read(cuts, lambda windows: _scores(model, windows), deadline)

    def _load(self) -> _Loaded:
        head, embedder = self._read_head(), Embedder(self._weights)
        if head.embedder != embedder.version:
            raise ScreenFailed(
                "the head was trained on another model", fix="train it again: concord screen embedding-head"
            )
        return _Loaded(embedder, head)

    def _read_head(self) -> Head:
        """Read once: its version must stay that of the head which gives the probabilities."""
        if self._head is None:
            self._head = load(self._path)
        return self._head


def _scores(model: _Loaded, windows: list[str]) -> list[Mapping[str, float]]:
    return model.head.probabilities(model.embedder.embed(windows))
