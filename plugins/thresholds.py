"""From which score on a screen's finding counts, per locale: `thresholds.yaml` in the programme's folder.

`concord screen calibrate` writes it from measured precision and recall; an entry may also be written by hand, with a
`threshold` alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from guidelines.errors import ConcordError, Problem
from guidelines.tags import parse_locale
from guidelines.yaml_file import Document, read_yaml
from plugins.errors import InvalidThresholds, OtherProvider
from plugins.programme_schema import mistakes

FILE = "thresholds.yaml"


@dataclass(frozen=True)
class Threshold:
    """A screen's threshold in one locale; a score that reaches `value` is over it.

    `value` is None where none could be set, for this `reason`. `provider` gave the scores it was measured on, None for
    one that was written by hand. `scope` says whose labels it was measured on: the locale's own, or, where those were
    too few, those of the language's or the whole programme's locales.
    """

    value: float | None
    provider: str | None = None
    scope: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Thresholds:
    """A programme's thresholds by locale and screen.

    >>> some = Thresholds({"de-DE": {"profanity": Threshold(0.5, "lists/1")}})
    >>> some.threshold("de-DE", "profanity"), some.threshold("fr-FR", "profanity")
    (0.5, None)
    """

    by_locale: Mapping[str, Mapping[str, Threshold]] = field(default_factory=dict)

    def get(self, locale: str, screen: str) -> Threshold | None:
        """What is said of this screen in this locale, None where nothing is."""
        return self.by_locale.get(locale, {}).get(screen)

    def threshold(self, locale: str, screen: str) -> float | None:
        """From which score on the screen's finding counts; None where no threshold is set."""
        found = self.get(locale, screen)
        return found.value if found else None

    def check(self, locale: str, screen: str, provider: str) -> None:
        """Raises OtherProvider where the threshold was measured on scores of another provider, or another version."""
        found = self.get(locale, screen)
        if found and found.value is not None and found.provider not in (None, provider):
            raise OtherProvider(locale, screen, str(found.provider), provider)


def read_thresholds(folder: Path) -> Thresholds:
    """The thresholds in a programme's folder; none where there is no file.

    Raises InvalidThresholds with every problem, each with file, line, field and fix.
    """
    try:
        text = (folder / FILE).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return Thresholds()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidThresholds([Problem(FILE, 1, f"cannot be read: {error}", "write it in UTF-8")]) from error
    document = read_yaml(FILE, text)
    if problems := [*document.problems] or list(_problems(document)):
        raise InvalidThresholds(problems)
    return _thresholds(document.value)


def _problems(document: Document) -> Iterator[Problem]:
    """Mistakes of form, and else locales that are none."""
    found = [document.problem(*mistake) for mistake in mistakes(_FILE, document.value)]
    yield from found or _locale_problems(document)


def _locale_problems(document: Document) -> Iterator[Problem]:
    for locale in document.value["thresholds"]:
        try:
            tag = parse_locale(locale).tag
        except ConcordError as error:
            yield document.problem(("thresholds", locale), error.message, error.fix)
            continue
        if tag != locale:
            yield document.problem(
                ("thresholds", locale), f"the locale {locale!r} is in the wrong case", f"write {tag}"
            )


def _thresholds(value: Mapping[str, Any]) -> Thresholds:
    by_locale = value["thresholds"]
    return Thresholds(
        {locale: {name: _threshold(entry) for name, entry in screens.items()} for locale, screens in by_locale.items()}
    )


def _threshold(entry: Mapping[str, Any]) -> Threshold:
    return Threshold(entry.get("threshold"), *(entry.get(name) for name in ("provider", "scope", "reason")))


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "description": description}


_SHARE = {"type": "number", "minimum": 0, "maximum": 1, "description": "a number from 0 to 1"}
_COUNT = {"type": "integer", "minimum": 0, "description": "a number of texts"}
_MEASURED = {
    "type": "object",
    "required": ["value", "low", "high"],
    "additionalProperties": False,
    "properties": {"value": _SHARE, "low": _SHARE, "high": _SHARE},
    "description": "value, low and high",
}

_ENTRY = {
    "type": "object",
    "anyOf": [{"required": ["threshold"]}, {"required": ["reason"]}],
    "additionalProperties": False,
    "properties": {
        "threshold": _SHARE,
        "reason": _text("why there is no threshold"),
        "provider": _text("the provider of the scores"),
        "scope": {"enum": ["locale", "language", "programme"], "description": "locale, language or programme"},
        "locales": {"type": "array", "items": _text("a locale"), "description": "a list of locales"},
        "precision": _MEASURED,
        "recall": _MEASURED,
        "n": _COUNT,
        "positives": _COUNT,
        "measured": _text("a date"),
    },
    "description": "threshold, or the reason why there is none",
}

_FILE = {
    "type": "object",
    "required": ["thresholds"],
    "additionalProperties": False,
    "properties": {
        "target": {
            "type": "object",
            "additionalProperties": _SHARE,
            "description": "the precision or recall that was asked for",
        },
        "thresholds": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": _ENTRY,
                "description": "screens, each with its threshold",
            },
            "description": "locales, each with its screens",
        },
    },
    "description": "thresholds: locales, each with screens and their thresholds",
}
