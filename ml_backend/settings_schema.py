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

_SECONDS = {"type": "number", "exclusiveMinimum": 0, "maximum": 90, "description": "seconds, up to 90"}

_REQUESTS = _whole("a number of requests, 1 or more")

_MODEL = _object(
    {
        "url": _URL,
        "model": _text("the endpoint's own name of the model"),
        "key_env": _text("the environment variable that holds the key"),
        "iteration": _text("the model's iteration as a text"),
        "seconds": _SECONDS,
        "requests_at_once": _REQUESTS,
        "requests_per_minute": _REQUESTS,
        "parameters": {"type": "object", "description": "parameters of a chat request, e.g. temperature: 0.7"},
    },
    "url and model, and perhaps key_env, iteration, seconds, requests_at_once, requests_per_minute, parameters",
    ("url", "model"),
)

_SEMANTIC = _object(
    {
        "model": {
            "type": "string",
            "pattern": r"^(\.{0,2}/.+|all-MiniLM-L6-v2)\Z",
            "description": "a model's folder, beginning with / or ./, or all-MiniLM-L6-v2, that of the extra english",
        },
        "sha256": {
            "type": "string",
            "pattern": r"^[0-9a-fA-F]{64}\Z",
            "description": "the SHA-256 of the model's weights, 64 hexadecimal digits",
        },
    },
    "model (a folder, or all-MiniLM-L6-v2) and perhaps sha256",
    ("model",),
)

_LABELS = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": _text("a harm category of safety_moderation"),
    "description": "the provider's labels, each with the harm category it means",
}

_LANGUAGES = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "string", "pattern": r"^[a-z]{2,3}\Z", "description": "a language as in its tags, e.g. de"},
    "description": "the languages it was made for, e.g. [de, fr]",
}

_LOCAL = {
    "model": _text("the model's folder, beginning with / or ./, or its name"),
    "revision": {
        "type": "string",
        "pattern": r"^[0-9a-f]{40}\Z",
        "description": "the commit of a named model, 40 digits",
    },
    "languages": _LANGUAGES,
}

_KINDS = {
    "classifier": ({**_LOCAL, "labels": _LABELS}, ("model", "labels", "languages")),
    "embedding_head": ({**_LOCAL, "head": _text("the file of the head")}, ("model", "head", "languages")),
    "moderation": (
        {
            "url": _URL,
            "model": _text("the endpoint's own name of the model"),
            "key_env": _text("the environment variable that holds the key"),
            "seconds": _SECONDS,
            "requests_at_once": _REQUESTS,
            "requests_per_minute": _REQUESTS,
            "labels": _LABELS,
            "languages": _LANGUAGES,
        },
        ("url", "model"),
    ),
    "judge": ({"model": _text("one of the names under models"), "languages": _LANGUAGES}, ("model",)),
}


def _kind(kind: str, properties: dict[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    """What a provider of this kind needs, in terms of a provider of any kind."""
    asked = ", ".join(required)
    rest = ", ".join(name for name in properties if name not in required)
    wanted = f"name, kind, {asked}, and perhaps {rest}"
    return {
        "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
        "then": _object({"name": True, "kind": True, **properties}, wanted, required),
    }


_TOXICITY = {
    "type": "object",
    "required": ["name", "kind"],
    "properties": {
        "name": {**_text("a name in letters, digits and _"), "pattern": r"^[A-Za-z0-9_]+\Z"},
        "kind": {"type": "string", "enum": list(_KINDS), "description": f"one of {', '.join(_KINDS)}"},
    },
    "allOf": [_kind(kind, *options) for kind, options in _KINDS.items()],
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
