"""Heads on disk, a folder a version: `own_labels/<programme>/<language>/<version>/` in the ML backend's data folder.

A version is published by one rename, so others see all of it or nothing, and never changes afterwards. In use is the
newest version that passes the bar and was not rolled back. Arrays and JSON only: nothing that could run as code.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ml_backend.own_labels.errors import HeadError, HeadUnreadable, UnknownHead
from ml_backend.own_labels.features import FEATURES
from ml_backend.own_labels.labels import text_key
from ml_backend.own_labels.training import BAR, Trained, Weights

FOLDER = "own_labels"

_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_WITHDRAWN = "rolled-back-"
_PARTIAL = ".partial"
_ABOUT, _HELD_OUT = "head.json", "held_out.npz"
_ARRAYS = ("rarity", "coefficients")
_NUMBERS = ("intercept", "slope", "offset")


@dataclass(frozen=True)
class Version:
    """One version of a head: its number, what `head.json` says of it, and whether it was rolled back."""

    number: int
    about: Mapping[str, Any]
    rolled_back: bool

    @property
    def usable(self) -> bool:
        """Whether it may be used: it passed the bar, nobody rolled it back, and this release can read it."""
        return bool(self.about["passes"]) and not self.rolled_back and self.about["features"] == FEATURES


@dataclass(frozen=True)
class Head:
    """A version in memory; `held_out` are the probabilities of the texts it learnt from, by `text_key`."""

    provider: str
    locales: tuple[str, ...]
    weights: Weights
    held_out: Mapping[str, float]

    def scores(self, texts: Sequence[str]) -> list[float]:
        """The probability that annotators would call each text harmful, in four decimals.

        For a text that it learnt from, that of a head which had not seen it: its own would look too good.
        """
        fresh = self.weights.scores(texts).tolist()
        return [round(self.held_out.get(text_key(text), own), 4) for text, own in zip(texts, fresh, strict=True)]


class Heads:
    """The heads of one programme. Raises HeadError for a name that no programme can have."""

    def __init__(self, data: Path, programme: str) -> None:
        if not _NAME.fullmatch(programme):
            raise HeadError(f"no programme is named {programme!r}")
        self.programme = programme
        self.folder = data / FOLDER / programme

    def languages(self) -> list[str]:
        """The languages with a head, in use or not."""
        if not self.folder.is_dir():
            return []
        return sorted(each.name for each in self.folder.iterdir() if each.is_dir())

    def names(self, language: str) -> frozenset[str]:
        """What there is of this language; another set after every publication and every rollback."""
        try:
            return frozenset(each.name for each in (self.folder / language).iterdir())
        except FileNotFoundError:
            return frozenset()

    def versions(self, language: str) -> list[Version]:
        """All versions, oldest first; raises HeadUnreadable."""
        names = self.names(language)
        numbers = sorted(int(name) for name in names if name.isdecimal())
        return [Version(each, self._about(language, each), f"{_WITHDRAWN}{each}" in names) for each in numbers]

    def in_use(self, language: str) -> Version | None:
        """The version that screens, None where there is none; raises HeadUnreadable."""
        return next((each for each in reversed(self.versions(language)) if each.usable), None)

    def provider(self, language: str, number: int) -> str:
        """What the outcomes of a version name as their provider.

        >>> Heads(Path("data"), "demo").provider("de", 3)
        'own_labels/demo/de/3'
        """
        return f"{FOLDER}/{self.programme}/{language}/{number}"

    def load(self, language: str, version: Version) -> Head:
        """A version, with arrays in memory that all processes of this machine share; raises HeadUnreadable."""
        folder, provider = self._path(language, version.number), self.provider(language, version.number)
        try:
            arrays = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in _ARRAYS)
            weights = Weights(*arrays, *(float(version.about[name]) for name in _NUMBERS))
            with np.load(folder / _HELD_OUT) as held:
                held_out = dict(zip(held["keys"].tolist(), held["scores"].tolist(), strict=True))
            return Head(provider, tuple(sorted(version.about.get("locales", ()))), weights, held_out)
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise HeadUnreadable(provider) from error

    def publish(self, language: str, trained: Trained, about: Mapping[str, Any]) -> Version:
        """Add a version, in use from then on if it passes. `about` is told besides the figures.

        Not to be called by two at once (see `lock`); what one that was killed left half-done is cleared away.
        """
        parent = self.folder / language
        parent.mkdir(parents=True, exist_ok=True)
        for left in parent.glob(f"{_PARTIAL}*"):
            shutil.rmtree(left)
        number = max((each.number for each in self.versions(language)), default=0) + 1
        partial = parent / f"{_PARTIAL}-{os.getpid()}"
        partial.mkdir()
        told = {"programme": self.programme, "language": language, "version": number, **_figures(trained), **about}
        _write(partial, trained, told)
        partial.rename(parent / str(number))
        _sync(parent)
        return Version(number, told, rolled_back=False)

    def roll_back(self, language: str, to: int | None = None) -> Version | None:
        """Stop using the version in use, or every version newer than `to`, which is then used (again).

        The version in use afterwards, None if there is none. Raises UnknownHead where there is nothing to go back from,
        or no usable version `to`.
        """
        versions = self.versions(language)
        current = self.in_use(language)
        if to is None:
            if current is None:
                raise UnknownHead(f"no head of {self.programme} for {language} is in use")
            self._withdraw(language, current.number)
            return self.in_use(language)
        wanted = next((each for each in versions if each.number == to), None)
        if wanted is None or not wanted.about["passes"]:
            passed = [str(each.number) for each in versions if each.about["passes"]]
            raise UnknownHead(f"no head {to} for {language} that passed", fix=f"choose: {', '.join(passed) or 'none'}")
        (self.folder / language / f"{_WITHDRAWN}{to}").unlink(missing_ok=True)
        for each in versions:
            if each.number > to and each.about["passes"]:
                self._withdraw(language, each.number)
        return self.in_use(language)

    def _withdraw(self, language: str, number: int) -> None:
        (self.folder / language / f"{_WITHDRAWN}{number}").touch()

    def _path(self, language: str, number: int) -> Path:
        return self.folder / language / str(number)

    def _about(self, language: str, number: int) -> dict[str, Any]:
        try:
            about = json.loads((self._path(language, number) / _ABOUT).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise HeadUnreadable(self.provider(language, number)) from error
        if not isinstance(about, dict) or not {"passes", "features", "auc"} <= set(about):
            raise HeadUnreadable(self.provider(language, number))
        return about


def _figures(trained: Trained) -> dict[str, Any]:
    weights = trained.weights
    return {
        "features": FEATURES,
        "labels_digest": trained.digest,
        "learnt_from": len(trained.held_out.keys),
        "passes": trained.passes,
        "bar": BAR,
        "auc": trained.auc.rounded(),
        "brier": round(trained.brier, 4),
        "calibration_error": round(trained.calibration_error, 4),
        "curve": [{"texts": point.texts, "auc": point.auc.rounded()} for point in trained.curve],
        **{name: getattr(weights, name) for name in _NUMBERS},
    }


def _write(folder: Path, trained: Trained, told: Mapping[str, Any]) -> None:
    for name in _ARRAYS:
        np.save(folder / f"{name}.npy", getattr(trained.weights, name).astype(np.float32), allow_pickle=False)
    held = trained.held_out
    np.savez_compressed(folder / _HELD_OUT, keys=np.array(held.keys), scores=held.scores, harmful=held.harmful)
    (folder / _ABOUT).write_text(json.dumps(told, indent=1, ensure_ascii=False), "utf-8")
    for each in (*folder.iterdir(), folder):
        _sync(each)


def _sync(path: Path) -> None:
    """Have the disk hold it, so that a power cut after the rename leaves no empty files behind."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
