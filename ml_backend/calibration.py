"""Thresholds of the screens for harm, from their scores and the annotators' labels: `thresholds.yaml` of a programme.

Precision and recall are held out: each fifth of the texts is judged by the threshold that the other four fifths would
set. The threshold written is the one that all of them set.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml

from ml_backend.errors import MLBackendError
from ml_backend.own_labels.figures import Bools, Floats, Interval, share
from ml_backend.own_labels.labels import Label, head_language, text_key
from ml_backend.own_labels.store import FOLDER as OWN_LABELS
from ml_backend.own_labels.store import Heads
from plugins.programme import Programme
from plugins.screening import ScreeningFile, targets
from plugins.thresholds import FILE, Thresholds

FEWEST = 100
FEWEST_OF_A_KIND = 20
_FEWEST_FLAGGED = 10  # a threshold that fewer labelled texts reach is chance
_FOLDS = 5

Scope = Literal["locale", "language", "programme"]


class NothingToCalibrate(MLBackendError):
    """No screen for harm has scored a text of the programme."""


class MixedProviders(MLBackendError):
    """One screen's scores in one locale come from several providers, or versions of one, which cannot be compared."""

    def __init__(self, locale: str, screen: str, providers: Iterable[str]) -> None:
        super().__init__(
            f"the scores of {screen} in {locale} come from {' and '.join(sorted(providers))}",
            fix="run `concord screen` on the programme again",
        )


@dataclass(frozen=True)
class Goal:
    """What a threshold is to reach: as many findings as this precision allows, or as few as this recall needs."""

    measure: Literal["precision", "recall"]
    at_least: float


@dataclass(frozen=True)
class Scored:
    """One text's score by one screen; `harmful` is None where nobody has labelled the text."""

    locale: str
    screen: str
    provider: str
    score: float
    harmful: bool | None


@dataclass(frozen=True)
class Measured:
    """A threshold with its held-out precision and recall, on `texts` of which `harmful` are."""

    threshold: float
    precision: Interval
    recall: Interval
    texts: int
    harmful: int


@dataclass(frozen=True)
class Entry:
    """One screen in one locale: what was measured on whose labels, or the reason why there is no threshold."""

    locale: str
    screen: str
    provider: str
    scope: Scope
    locales: tuple[str, ...]
    found: Measured | str


def measure(scores: Floats, harmful: Bools, goal: Goal) -> Measured | str:
    """The threshold for these texts with its held-out figures, or the reason why none can be set.

    `scores` and `harmful` have one entry a text. A score of 0 is never over a threshold.
    """
    if reason := _too_few(harmful):
        return reason
    threshold = _threshold(scores, harmful, goal)
    if threshold is None:
        return f"no threshold reaches a {goal.measure} of {goal.at_least:g}"
    flagged = _held_out_flags(scores, harmful, goal)
    hits = int((flagged & harmful).sum())
    if not flagged.any():
        return f"no threshold reaches a {goal.measure} of {goal.at_least:g} on held-out texts"
    positives = int(harmful.sum())
    return Measured(threshold, share(hits, int(flagged.sum())), share(hits, positives), len(scores), positives)


def _too_few(harmful: Bools) -> str | None:
    if len(harmful) < FEWEST:
        return f"{len(harmful)} labelled texts of {FEWEST}"
    positives = int(harmful.sum())
    for kind, number in (("harmful", positives), ("harmless", len(harmful) - positives)):
        if number < FEWEST_OF_A_KIND:
            return f"{number} {kind} texts of {FEWEST_OF_A_KIND}"
    return None


def _threshold(scores: Floats, harmful: Bools, goal: Goal) -> float | None:
    """The lowest threshold with the precision, or the highest with the recall; None where none has it."""
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(harmful[order])
    flagged = np.arange(1, len(ranked) + 1)
    last = np.append(ranked[1:] != ranked[:-1], True)  # texts with the same score are over a threshold together
    possible = last & (ranked > 0) & (flagged >= _FEWEST_FLAGGED)
    reached = hits / flagged if goal.measure == "precision" else hits / max(int(hits[-1]), 1)
    places = np.flatnonzero(possible & (reached >= goal.at_least))
    if len(places) == 0:
        return None
    return float(ranked[places[-1] if goal.measure == "precision" else places[0]])


def _held_out_flags(scores: Floats, harmful: Bools, goal: Goal) -> Bools:
    """Which texts are over the threshold that the other folds set."""
    flagged = np.zeros(len(scores), dtype=bool)
    folds = _folds(harmful)
    for number in range(_FOLDS):
        held = folds == number
        threshold = _threshold(scores[~held], harmful[~held], goal)
        if threshold is not None:
            flagged[held] = scores[held] >= threshold
    return flagged


def _folds(harmful: Bools) -> Any:
    """A number of a fold for each text, the same every time, with equal shares of harmful texts."""
    random = np.random.default_rng(0)
    folds = np.empty(len(harmful), dtype=int)
    for kind in (harmful, ~harmful):
        folds[kind] = random.permutation(int(kind.sum())) % _FOLDS
    return folds


def scored_texts(programme: Programme, labels: Sequence[Label], screening: ScreeningFile, heads: Heads) -> list[Scored]:
    """The scores of the screens for harm with the labels of their texts, each text once per screen.

    Scores of own labels are held out where the head has learnt from the text. Raises HeadUnreadable.
    """
    known = {(label.locale, label.key): label.harmful for label in labels}
    return [*_from_file(programme, screening, known), *_from_heads(programme, labels, heads)]


def _from_file(
    programme: Programme, screening: ScreeningFile, known: Mapping[tuple[str, str], bool]
) -> Iterator[Scored]:
    seen = set()
    for item in programme.items:
        texts = targets(item)
        for row in screening.of(item.item):
            if row.score is None or row.provider is None or not is_for_harm(row.screen):
                continue
            place = (item.locale, text_key(texts[row.target]))
            if (*place, row.screen, row.provider) not in seen:
                seen.add((*place, row.screen, row.provider))
                yield Scored(item.locale, row.screen, row.provider, row.score, known.get(place))


def is_for_harm(screen: str) -> bool:
    """Whether this screen's scores in `screening.jsonl` are about harm; those of own labels are taken from the heads.

    >>> [is_for_harm(screen) for screen in ("toxicity_guard", "profanity", "language", "own_labels")]
    [True, True, False, False]
    """
    return screen in {"profanity", "toxicity"} or screen.startswith("toxicity_")


def _from_heads(programme: Programme, labels: Sequence[Label], heads: Heads) -> Iterator[Scored]:
    for language in heads.languages():
        version = heads.in_use(language)
        own = [label for label in labels if head_language(label.locale) == language]
        if version is None or not own:
            continue
        head = heads.load(language, version)
        for label, score in zip(own, head.scores([label.text for label in own]), strict=True):
            yield Scored(label.locale, OWN_LABELS, head.provider, score, label.harmful)


def calibrate(scored: Sequence[Scored], goal: Goal) -> list[Entry]:
    """An entry for each locale and screen that has scores, by locale and screen.

    Where a locale has too few labels, those of all locales of its language count, then those of the whole programme,
    always of the same provider; the entry says so. Raises NothingToCalibrate and MixedProviders.
    """
    if not scored:
        fix = "run `concord screen` on the programme first, or `concord screen train`"
        raise NothingToCalibrate("no screen for harm has scored a text of the programme", fix=fix)
    return [_entry(*place, provider, scored, goal) for place, provider in sorted(_providers(scored).items())]


def _providers(scored: Sequence[Scored]) -> dict[tuple[str, str], str]:
    """The one provider of each screen in each locale; raises MixedProviders."""
    found: dict[tuple[str, str], set[str]] = {}
    for each in scored:
        found.setdefault((each.locale, each.screen), set()).add(each.provider)
    for place, several in sorted(found.items()):
        if len(several) > 1:
            raise MixedProviders(*place, several)
    return {place: provider for place, (provider,) in found.items()}


def _entry(locale: str, screen: str, provider: str, scored: Sequence[Scored], goal: Goal) -> Entry:
    """With the narrowest scope that has enough labels; with the widest where none has."""
    pool = [each for each in scored if (each.screen, each.provider) == (screen, provider) and each.harmful is not None]
    scope, part = next(
        ((scope, part) for scope, part in _scopes(locale, pool) if not _too_few(_truth(part))), ("programme", pool)
    )
    found = measure(np.array([each.score for each in part]), _truth(part), goal)
    return Entry(locale, screen, provider, scope, tuple(sorted({each.locale for each in part})), found)


def _truth(scored: Sequence[Scored]) -> Bools:
    return np.array([each.harmful for each in scored], dtype=bool)


def _scopes(locale: str, pool: Sequence[Scored]) -> Iterator[tuple[Scope, list[Scored]]]:
    language = head_language(locale)
    yield "locale", [each for each in pool if each.locale == locale]
    yield "language", [each for each in pool if head_language(each.locale) == language]
    yield "programme", list(pool)


def write_thresholds(folder: Path, entries: Sequence[Entry], goal: Goal, before: Thresholds) -> Path:
    """Write the programme's thresholds; those written by hand (`before`) stay where none was measured. The file."""
    told: dict[str, dict[str, dict[str, Any]]] = {}
    for entry in entries:
        told.setdefault(entry.locale, {})[entry.screen] = _told(entry)
    for locale, screens in before.by_locale.items():
        for screen, threshold in screens.items():
            measured = told.get(locale, {}).get(screen, {})
            if threshold.provider is None and threshold.value is not None and "threshold" not in measured:
                told.setdefault(locale, {})[screen] = {"threshold": threshold.value}
    path, aside = folder / FILE, folder / f".{FILE}.{os.getpid()}"
    value = {"target": {goal.measure: goal.at_least}, "thresholds": dict(sorted(told.items()))}
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)
    aside.write_text("# Written by `concord screen calibrate`. Precision and recall are held out.\n" + text, "utf-8")
    aside.replace(path)
    return path


def _told(entry: Entry) -> dict[str, Any]:
    about = {"provider": entry.provider, "scope": entry.scope, "locales": list(entry.locales)}
    about["measured"] = datetime.now(UTC).date().isoformat()
    if isinstance(entry.found, str):
        return {"reason": entry.found, **about}
    found = entry.found
    figures = {"precision": found.precision.rounded(), "recall": found.recall.rounded()}
    return {"threshold": found.threshold, **figures, "n": found.texts, "positives": found.harmful, **about}
