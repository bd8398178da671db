"""A text classifier of the `transformers` library as a provider."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml_backend.errors import ScreenFailed
from ml_backend.local_model import Local, Weights
from ml_backend.screens.model import Text
from ml_backend.screens.toxicity.model import Reading
from ml_backend.screens.toxicity.windows import Cut, cut, limit, read

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Loaded:
    pipeline: Any
    tokens: int
    exclusive: bool  # whether the probabilities of its labels add up to 1


class Classifier:
    """A sequence classifier; `labels` gives the harm category of each of its labels that means harm."""

    def __init__(self, weights: Weights, labels: Mapping[str, str]) -> None:
        self._weights, self._labels = weights, dict(labels)
        self._model = Local(self._load)

    @property
    def version(self) -> str:
        """The model with its revision."""
        return f"classifier {self._weights.version}"

    def trouble(self) -> str | None:
        """Why it cannot be loaded."""
        return self._model.trouble() or self._weights.trouble()

    def read(self, texts: Sequence[Text], deadline: float) -> list[Reading]:
        """Of each category the highest probability in any window of the text; raises ScreenFailed."""
        with self._model.held(deadline) as model:
            cuts = [self._cut(model, each.text) for each in texts]
            return read(cuts, lambda windows: self._scores(model, windows), deadline)

    def _cut(self, model: _Loaded, text: str) -> Cut:
        return cut(text, model.pipeline.tokenizer, model.tokens)

    def _scores(self, model: _Loaded, windows: list[str]) -> list[Mapping[str, float]]:
        answers = model.pipeline(windows, top_k=None, truncation=True, batch_size=len(windows))
        return [self._categories(answer, model.exclusive) for answer in answers]

    def _categories(self, answer: Sequence[Mapping[str, Any]], exclusive: bool) -> dict[str, float]:
        """Labels of one category: the sum where only one of them can hold, else the highest."""
        given: dict[str, list[float]] = {}
        for each in answer:
            if code := self._labels.get(each["label"]):
                given.setdefault(code, []).append(float(each["score"]))
        # Not a number stays what it is, in NumPy's maximum and where it comes first in Python's minimum.
        return {code: min(sum(found), 1.0) if exclusive else float(np.max(found)) for code, found in given.items()}

    def _load(self) -> _Loaded:
        from transformers import pipeline  # noqa: PLC0415

        made: Any = pipeline(
            "text-classification",
            model=self._weights.model,
            revision=self._weights.revision,
            device="cpu",
            dtype="float32",  # processors are slow at half of it
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},  # the other format can carry code
        )
        config = made.model.config
        self._check(config)
        tokens = limit(made.tokenizer, getattr(config, "max_position_embeddings", None), config.vocab_size)
        made.tokenizer.model_max_length = tokens  # where the pipeline cuts a window off
        return _Loaded(made, tokens, exclusive=config.problem_type != "multi_label_classification")

    def _check(self, config: Any) -> None:
        if config.problem_type == "regression":
            raise ScreenFailed("the model is a regression and gives no probabilities")
        if missing := set(self._labels) - set(config.id2label.values()):
            named, has = ", ".join(sorted(missing)), ", ".join(config.id2label.values())
            _log.warning("%s: the settings name labels it does not have: %s. It has: %s", self.version, named, has)
            raise ScreenFailed("the settings name labels that the model does not have")
