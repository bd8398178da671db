"""A programme's training: its labels, a head per language, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from guidelines.errors import ConcordError
from ml_backend.own_labels.errors import NoLabels
from ml_backend.own_labels.labels import Vote, head_language, settle
from ml_backend.own_labels.status import Status, read, training, write
from ml_backend.own_labels.store import Heads
from ml_backend.own_labels.training import Trained, digest, drawn, too_few, train


@dataclass(frozen=True)
class Collected:
    """The votes of a programme; `texts` counts per locale the texts that there are to label, where that is known."""

    votes: Sequence[Vote]
    texts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What came of one language: the labels it had, what was done, the new version, or what is missing for one."""

    language: str
    labels: int
    harmful: int
    undecided: int
    said: str
    version: int | None = None
    missing: str | None = None


def train_programme(data: Path, programme: str, collect: Callable[[], Collected]) -> list[Result]:
    """Train a head for each language that has labels, and publish it.

    Raises TrainingRuns, NoLabels, and what `collect` raises; the status tells of the failure too.
    """
    heads = Heads(data, programme)
    with training(heads.folder):
        try:
            results = _results(heads, collect())
        except ConcordError as error:
            write(heads.folder, Status("failed", message=str(error), languages=read(heads.folder).languages))
            raise
        told = {each.language: {"said": each.said, "missing": each.missing} for each in results}
        write(heads.folder, Status("done", languages=told))
    return results


def _results(heads: Heads, collected: Collected) -> list[Result]:
    by_language: dict[str, list[Vote]] = {}
    for vote in collected.votes:
        if language := head_language(vote.locale):
            by_language.setdefault(language, []).append(vote)
    if not by_language:
        fix = "label some texts with the workflow safety_moderation first"
        raise NoLabels(f"{heads.programme} has no safety labels yet", fix=fix)
    return [_one(heads, language, votes, collected.texts) for language, votes in sorted(by_language.items())]


def _one(heads: Heads, language: str, votes: Sequence[Vote], texts: Mapping[str, int]) -> Result:
    settled = settle(votes)
    harmful = sum(label.harmful for label in settled.labels)
    counted = (language, len(settled.labels), harmful, settled.undecided)
    if reason := too_few(settled.labels):
        return Result(*counted, f"no head: {reason}", missing=reason)
    versions = heads.versions(language)
    if versions and versions[-1].about.get("labels_digest") == digest(drawn(settled.labels)):
        return Result(*counted, f"the same labels as for head {versions[-1].number}")
    trained = train(settled.labels)
    about = {"made": datetime.now(UTC).isoformat(timespec="seconds"), "votes": len(votes), **_coverage(votes, texts)}
    version = heads.publish(language, trained, about)
    return Result(*counted, _said(version.number, trained), version.number)


def _said(version: int, trained: Trained) -> str:
    if trained.passes:
        return f"head {version} is in use: AUC {trained.auc}"
    return f"head {version} stays hidden: AUC {trained.auc} does not reach the bar"


def _coverage(votes: Sequence[Vote], texts: Mapping[str, int]) -> dict[str, Any]:
    """Per locale how many texts are harmful and harmless, how many were left out, and how many there are in all."""
    locales: dict[str, dict[str, int | None]] = {}
    for locale in sorted({vote.locale for vote in votes}):
        settled = settle(vote for vote in votes if vote.locale == locale)
        kinds = Counter("harmful" if label.harmful else "harmless" for label in settled.labels)
        counted = {"harmful": kinds["harmful"], "harmless": kinds["harmless"], "undecided": settled.undecided}
        locales[locale] = {**counted, "texts": texts.get(locale)}
    names = ("harmful", "harmless", "undecided")
    return {"locales": locales, **{name: sum(each[name] or 0 for each in locales.values()) for name in names}}
