"""The toxicity screens of the settings."""

from __future__ import annotations

from pathlib import Path

from ml_backend.local_model import Weights
from ml_backend.models.asking import Models
from ml_backend.screens.toxicity.classifier import Classifier
from ml_backend.screens.toxicity.embedding_head import EmbeddingHead
from ml_backend.screens.toxicity.judge import Judge
from ml_backend.screens.toxicity.model import Provider
from ml_backend.screens.toxicity.moderation import Moderation
from ml_backend.screens.toxicity.screen import ToxicityScreen
from ml_backend.settings import HarmProvider, Settings


def toxicity_screens(settings: Settings, data: Path) -> list[ToxicityScreen]:
    """One screen a provider; nothing is loaded or asked yet.

    Raises ModelRecordsUnavailable where an endpoint is to be asked and the folder `data` cannot be used.
    """
    asked = any(each.endpoint for each in settings.toxicity)
    models = Models(settings, data) if asked else None
    return [ToxicityScreen(each.name, _provider(each, models), each.languages) for each in settings.toxicity]


def _provider(given: HarmProvider, models: Models | None) -> Provider:
    weights = Weights(given.model, given.revision)
    if given.endpoint and models:
        if given.kind == "judge":
            return Judge(models, given.endpoint)
        return Moderation(models, given.endpoint, given.labels)
    if given.head:
        return EmbeddingHead(weights, given.head)
    return Classifier(weights, given.labels)
