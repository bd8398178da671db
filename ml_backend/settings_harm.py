"""What a schema cannot say of the toxicity providers in the settings file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guidelines.errors import Problem
from guidelines.yaml_file import Document, Place
from ml_backend.screens.toxicity.harms import harms

_LOCAL = ("classifier", "embedding_head")


def harm_problems(document: Document) -> list[Problem]:
    """What is wrong with the toxicity providers of a settings file that has the right form."""
    given = (document.value.get("screens") or {}).get("toxicity") or []
    models = document.value.get("models") or {}
    return [
        document.problem(("screens", "toxicity", at, *place), message, fix)
        for at, provider in enumerate(given)
        for place, message, fix in (*_repeated(provider, given[:at]), *_labels(provider), *_model(provider, models))
    ]


def is_folder(model: str) -> bool:
    """Whether a model is named by its folder and not by the name it has on a hub.

    >>> is_folder("./models/harm"), is_folder("unitary/toxic-bert")
    (True, False)
    """
    return model.startswith(("/", "./", "../"))


def _repeated(provider: dict[str, Any], before: list[dict[str, Any]]) -> Iterator[tuple[Place, str, str]]:
    if provider["name"] in [each["name"] for each in before]:
        yield ("name",), f"two toxicity providers are called {provider['name']!r}", "give each a name of its own"


def _labels(provider: dict[str, Any]) -> Iterator[tuple[Place, str, str]]:
    for label, code in provider.get("labels", {}).items():
        if code not in harms():
            yield ("labels", label), f"there is no harm category {code!r}", f"choose: {', '.join(harms())}"


def _model(provider: dict[str, Any], models: dict[str, Any]) -> Iterator[tuple[Place, str, str]]:
    model = provider["model"]
    if provider["kind"] == "judge" and model not in models:
        yield ("model",), f"there is no model {model!r}", f"choose: {', '.join(models) or 'none is under models'}"
    if provider["kind"] in _LOCAL and not is_folder(model) and "revision" not in provider:
        fix = "add its revision, or begin a folder with / or ./"
        yield ("model",), f"the model {model!r} has no revision", fix
