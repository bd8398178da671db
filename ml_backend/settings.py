"""The ML backend's settings file: model endpoints, screens, and what each programme uses of them.

One YAML file, named by `CONCORD_ML_SETTINGS`; without it there are the screens that need no model, and no models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from guidelines.errors import Problem
from guidelines.yaml_file import Document, Place, read_yaml
from ml_backend.errors import InvalidSettings
from ml_backend.settings_harm import harm_problems, is_folder
from ml_backend.settings_schema import SETTINGS, mistakes
from plugins.errors import PluginError
from plugins.tokens import token

# What a moderation endpoint shares with a model.
_ASKED = ("url", "model", "key_env", "seconds", "requests_at_once", "requests_per_minute")


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible endpoint under a name of ours: base URL with its `/v1`, the name it has for the model, key.

    `seconds` bound one answer, retries included; `requests_at_once` and `requests_per_minute` hold for all workers
    together; `parameters` go into every request (temperature, max_tokens, …). `iteration` is the one served now.
    """

    name: str
    url: str
    model: str
    key: str = field(default="", repr=False)
    iteration: str | None = None
    seconds: float = 30.0
    requests_at_once: int = 8
    requests_per_minute: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Use:
    """What a programme uses: the names of its models, and how many requests and tokens it may spend in all."""

    models: tuple[str, ...] = ()
    requests: int | None = None
    tokens: int | None = None


@dataclass(frozen=True)
class HarmProvider:
    """A provider of the toxicity screens: its name, its kind, and what that kind needs.

    `model` is a folder or a hub's name with its `revision`, and `head` a file, where the model runs in this process;
    otherwise `endpoint` is asked. `labels` are the provider's own, each with our category. `languages` None means that
    it is asked about any text.
    """

    name: str
    kind: str
    model: str = ""
    revision: str | None = None
    head: Path | None = None
    endpoint: Endpoint | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Settings:
    """The file as read.

    `off` names the default screens that are switched off; `semantic_duplicate` are the options of its provider;
    `language_tool` is the address of a LanguageTool server. `default_models`, all but judges of harm, are
    used by programmes for which the file names none.
    """

    models: Mapping[str, Endpoint] = field(default_factory=dict)
    off: tuple[str, ...] = ()
    semantic_duplicate: Mapping[str, Any] | None = None
    toxicity: tuple[HarmProvider, ...] = ()
    language_tool: str | None = None
    programmes: Mapping[str, Use] = field(default_factory=dict)
    default_models: tuple[str, ...] = ()

    def use(self, programme: str | None) -> Use:
        """What this programme uses.

        >>> Settings(default_models=("aurora",)).use("demo").models
        ('aurora',)
        """
        return self.programmes.get(programme or "", Use(self.default_models))


def read_settings(path: Path, environ: Mapping[str, str]) -> Settings:
    """The settings in this file; keys come from the environment variables that it names.

    Raises InvalidSettings with every problem, each with file, line, field and fix.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        fix = "name a YAML file in UTF-8 in CONCORD_ML_SETTINGS"
        raise InvalidSettings([Problem(str(path), 1, f"cannot be read: {error}", fix)]) from error
    document = read_yaml(str(path), text)
    problems = [*document.problems]
    if not problems:
        problems = [document.problem(*mistake) for mistake in mistakes(SETTINGS, document.value)]
    if not problems:
        problems = [*_unknown(document), *harm_problems(document)]
    if problems:
        raise InvalidSettings(problems)
    return _settings(document, environ)


def _unknown(document: Document) -> list[Problem]:
    """Models that are named and not defined."""
    known = document.value.get("models") or {}
    fix = f"choose: {', '.join(known) or 'none is defined under models'}"
    return [
        document.problem(("programmes", programme, "models", at), f"there is no model {name!r}", fix)
        for programme, use in (document.value.get("programmes") or {}).items()
        for at, name in enumerate(use.get("models") or ())
        if name not in known
    ]


def _settings(document: Document, environ: Mapping[str, str]) -> Settings:
    value = document.value
    screens = dict(value.get("screens") or {})
    semantic, toxicity = screens.pop("semantic_duplicate", None), screens.pop("toxicity", None)
    models = {
        name: _endpoint(document, ("models", name), {"name": name, **given}, environ)
        for name, given in (value.get("models") or {}).items()
    }
    judges = {given.get("model") for given in toxicity or () if given["kind"] == "judge"}
    answering = tuple(name for name in models if name not in judges)
    return Settings(
        models=models,
        off=tuple(name for name, on in screens.items() if not on),
        semantic_duplicate=semantic and {**semantic, "model": _model(document, semantic["model"])},
        toxicity=tuple(
            _harm_provider(document, ("screens", "toxicity", at), given, models, environ)
            for at, given in enumerate(toxicity or ())
        ),
        language_tool=value.get("language_tool"),
        programmes={name: _use(given, answering) for name, given in (value.get("programmes") or {}).items()},
        default_models=answering,
    )


def _endpoint(document: Document, place: Place, given: Mapping[str, Any], environ: Mapping[str, str]) -> Endpoint:
    rest = {field: value for field, value in given.items() if field != "key_env"}
    variable = given.get("key_env")
    try:
        key = token(variable, environ) if variable else ""
    except PluginError as error:
        raise InvalidSettings([document.problem((*place, "key_env"), error.message, error.fix)]) from error
    return Endpoint(key=key, **rest)


def _model(document: Document, model: str) -> str:
    """A model's folder, from the settings file's; or its name."""
    return str(Path(document.file).parent / model) if is_folder(model) else model


def _harm_provider(
    document: Document,
    place: Place,
    given: Mapping[str, Any],
    models: Mapping[str, Endpoint],
    environ: Mapping[str, str],
) -> HarmProvider:
    asked = {key: given[key] for key in _ASKED if key in given} | {"name": f"toxicity_{given['name']}"}
    endpoints = {
        "moderation": lambda: _endpoint(document, place, asked, environ),
        "judge": lambda: models[given["model"]],
    }
    return HarmProvider(
        name=given["name"],
        kind=given["kind"],
        model=_model(document, given["model"]),
        revision=given.get("revision"),
        head=Path(document.file).parent / given["head"] if "head" in given else None,
        endpoint=endpoints.get(given["kind"], lambda: None)(),
        labels=given.get("labels", {}),
        languages=tuple(given["languages"]) if "languages" in given else None,
    )


def _use(given: Mapping[str, Any], default: tuple[str, ...]) -> Use:
    budget = given.get("budget") or {}
    return Use(tuple(given.get("models", default)), budget.get("requests"), budget.get("tokens"))
