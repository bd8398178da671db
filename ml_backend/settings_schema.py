"""The form of the settings file, as a JSON schema; each `description` says what to give in place of a mistake."""

from __future__ import annotations

from typing import Any

from plugins.programme_schema import mistakes

__all__ = ["SETTINGS", "mistakes"]


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "description": description}


def _whole(description: str) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "description": description}


def _switch(description: str) -> dict[str, Any]:
    return {"type": "boolean", "description": f"true or false: {description}"}


def _object(properties: dict[str, Any], description: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "additionalProperties": False,
        "properties": properties,
        "description": description,
    }


def _named(value: dict[str, Any], description: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": value, "description": description}


_URL = {"type": "string", "pattern": r"^https?://", "description": "an http address, e.g. http://127.0.0.1:8000/v1"}

_MODEL = _object(
    {
        "url": _URL,
        "model": _text("the endpoint's own name of the model"),
        "key_env": _text("the environment variable that holds the key"),
        "seconds": {"type": "number", "exclusiveMinimum": 0, "maximum": 90, "description": "seconds, up to 90"},
        "requests_at_once": _whole("a number of requests, 1 or more"),
        "requests_per_minute": _whole("a number of requests, 1 or more"),
        "parameters": {"type": "object", "description": "parameters of a chat request, e.g. temperature: 0.7"},
    },
    "url and model, and perhaps key_env, seconds, requests_at_once, requests_per_minute, parameters",
    ("url", "model"),
)

_SEMANTIC = _object(
    {"model": _text("the folder or the name of a sentence-transformers model")},
    "model: the folder or the name of a sentence-transformers model",
    ("model",),
)

_TOXICITY = {
    "type": "object",
    "required": ["name", "kind"],
    "properties": {
        "name": {**_text("a name in letters, digits and _"), "pattern": r"^[A-Za-z0-9_]+\Z"},
        "kind": {
            "type": "string",
            "enum": ["classifier", "embedding_head", "moderation", "judge"],
            "description": "a kind",
        },
    },
    "description": "a provider with name and kind",
}

_SCREENS = _object(
    {
        "near_duplicate": _switch("compare prompts with all seen before"),
        "language": _switch("check the declared locale"),
        "pii": _switch("look for personal data and secrets"),
        "profanity": _switch("look for words of the profanity lists"),
        "own_labels": _switch("use what was learnt from the programme's own safety labels"),
        "semantic_duplicate": _SEMANTIC,
        "toxicity": {"type": "array", "items": _TOXICITY, "description": "a list of providers"},
    },
    "the screens by name",
)

_USE = _object(
    {
        "models": {"type": "array", "items": _text("the name of a model"), "description": "a list of names of models"},
        "budget": _object(
            {"requests": _whole("a number of requests"), "tokens": _whole("a number of tokens")},
            "requests, tokens or both",
        ),
    },
    "models, and perhaps a budget",
)

SETTINGS = _object(
    {
        "models": _named(_MODEL, "models by name"),
        "screens": _SCREENS,
        "language_tool": _URL,
        "programmes": _named(_USE, "what each programme uses"),
    },
    "models, screens, language_tool or programmes",
)
