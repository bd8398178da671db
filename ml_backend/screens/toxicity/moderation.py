"""An OpenAI-compatible moderation endpoint as a provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ml_backend.errors import ModelFailed, RequestRefused
from ml_backend.models.asking import Models
from ml_backend.screens.model import Text
from ml_backend.screens.toxicity.endpoint import Questions, head, patience
from ml_backend.screens.toxicity.harms import OTHER
from ml_backend.screens.toxicity.model import Reading, is_probability
from ml_backend.settings import Endpoint

OPENAI: Mapping[str, str] = {
    "harassment": "other",
    "harassment/threatening": "violent_crimes",
    "hate": "hate",
    "hate/threatening": "hate",
    "illicit": "nonviolent_crimes",
    "illicit/violent": "violent_crimes",
    "self-harm": "self_harm",
    "self-harm/instructions": "self_harm",
    "self-harm/intent": "self_harm",
    "sexual": "sexual_content",
    "sexual/minors": "child_exploitation",
    "violence": "violent_crimes",
    "violence/graphic": "violent_crimes",
}
"""OpenAI's categories, each with the harm category it comes nearest to."""

_TOGETHER = 16  # texts in a request
_GARBAGE = "the model endpoint did not answer in its protocol"


class Moderation:
    """`POST /moderations`; `labels` gives the harm category of the endpoint's own categories, before OPENAI's.

    A category that neither names counts as `other`: what the endpoint holds for harm is not overlooked.
    """

    def __init__(self, models: Models, endpoint: Endpoint, labels: Mapping[str, str]) -> None:
        self._models, self._endpoint = models, endpoint
        self._labels = {**OPENAI, **labels}
        self._questions = Questions(endpoint.requests_at_once)

    @property
    def version(self) -> str:
        """The endpoint's own name of its model, which may not tell its versions apart."""
        return f"moderation {self._endpoint.model}"

    def trouble(self) -> str | None:
        """Why it answered nothing a moment ago."""
        return self._questions.trouble()

    def read(self, texts: Sequence[Text], deadline: float) -> list[Reading]:
        """What the endpoint's `category_scores` say; raises ModelFailed."""
        groups = [texts[start : start + _TOGETHER] for start in range(0, len(texts), _TOGETHER)]
        return self._questions.readings(groups, lambda group: self._group(group, deadline), deadline)

    def _group(self, texts: Sequence[Text], deadline: float) -> list[Reading]:
        try:
            return self._answer(texts, deadline)
        except RequestRefused:
            if len(texts) == 1:
                raise
        # One text that it does not take, or it takes one text at a time: that must not cost the others.
        return [self._alone(text, deadline) for text in texts]

    def _alone(self, text: Text, deadline: float) -> Reading:
        try:
            (reading,) = self._answer([text], deadline)
        except ModelFailed as failure:
            return Reading(reason=failure.message)
        return reading

    def _answer(self, texts: Sequence[Text], deadline: float) -> list[Reading]:
        heads = [head(each.text) for each in texts]
        results = _results(self._post([text for text, _ in heads], deadline))
        if len(results) != len(texts):
            raise ModelFailed(_GARBAGE)
        return [self._reading(result, covers) for result, (_, covers) in zip(results, heads, strict=True)]

    def _post(self, texts: list[str], deadline: float) -> Any:
        """The answer's body as it came: the client's own types would drop categories that they do not know."""
        return self._models.call(
            self._endpoint,
            lambda client, timeout: client.moderations.with_raw_response.create(
                input=texts, model=self._endpoint.model, timeout=timeout
            ).http_response.json(),
            patience(deadline),
        )

    def _reading(self, result: Any, covers: str | None) -> Reading:
        scores = result.get("category_scores") if isinstance(result, dict) else None
        if not isinstance(scores, dict) or not scores or not all(map(is_probability, scores.values())):
            return Reading(reason=_GARBAGE)
        found: dict[str, float] = {}
        for name, score in scores.items():
            code = self._labels.get(name, OTHER)
            found[code] = max(found.get(code, 0.0), float(score))
        return Reading(found, covers)


def _results(body: Any) -> list[Any]:
    results = body.get("results") if isinstance(body, dict) else None
    return results if isinstance(results, list) else []
