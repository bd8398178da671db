"""A head from labels, with what it is worth on texts it has not seen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from ml_backend.own_labels.features import FEATURES, counts, rarity, weighted
from ml_backend.own_labels.figures import Bools, Floats, Interval, auc, brier, calibration_error
from ml_backend.own_labels.labels import LONGEST, Label

BAR = 0.70
"""What the lower end of the AUC's interval has to reach before a head is used."""

FEWEST = 100
FEWEST_OF_A_KIND = 10
MOST = 3_000_000
"""Characters of labelled texts of one language that are learnt from; of more, so many are drawn."""

_FOLDS = 10
_FEWER_FOLDS, _MANY = 5, 1000  # of many texts a tenth more or less to learn from makes no difference
_STRENGTH = 10.0  # C of the logistic regression
_CURVE_STARTS_AT, _FEWEST_OF_A_POINT = 50, 5


@dataclass(frozen=True)
class Weights:
    """What a head has learnt: per n-gram its rarity and its weight, the intercept, and the calibration's line."""

    rarity: Floats
    coefficients: Floats
    intercept: float
    slope: float
    offset: float

    def scores(self, texts: Sequence[str]) -> Floats:
        """The probability that annotators would call each text harmful."""
        if not texts:
            return np.empty(0)
        return self.calibrated(weighted(counts(texts), self.rarity) @ self.coefficients + self.intercept)

    def calibrated(self, decisions: Floats) -> Floats:
        """The probabilities that belong to these decision values."""
        probabilities: Floats = expit(self.slope * decisions + self.offset)
        return probabilities


@dataclass(frozen=True)
class HeldOut:
    """The labelled texts' probabilities from heads that had not seen them, in the order of `keys`."""

    keys: tuple[str, ...]
    scores: Floats
    harmful: Bools


@dataclass(frozen=True)
class Point:
    """One point of the learning curve: the AUC from `texts` labels."""

    texts: int
    auc: Interval


@dataclass(frozen=True)
class Trained:
    """A head with its figures, all on held-out texts."""

    weights: Weights
    held_out: HeldOut
    auc: Interval
    brier: float
    calibration_error: float
    curve: tuple[Point, ...]
    digest: str

    @property
    def passes(self) -> bool:
        """Whether it is good enough to be used: the lower end of the AUC's interval reaches the bar."""
        return self.auc.low >= BAR


def too_few(labels: Sequence[Label]) -> str | None:
    """Why these labels are too few to learn from; None if they are not. A text in several locales is one."""
    if len(labels) < FEWEST:
        return f"{len(labels)} labels of {FEWEST}"
    for kind, is_harmful in (("harmful", True), ("harmless", False)):
        number = len({label.key for label in labels if label.harmful == is_harmful})
        if number < FEWEST_OF_A_KIND:
            return f"{number} {kind} texts of {FEWEST_OF_A_KIND} among {len(labels)} labels"
    return None


def digest(labels: Sequence[Label]) -> str:
    """The same for the same labels, learnt from in the same way."""
    lines = sorted(f"{label.key}\t{label.locale}\t{label.harmful:d}" for label in labels)
    return hashlib.sha256("\n".join([FEATURES, *lines]).encode()).hexdigest()


def drawn(labels: Sequence[Label]) -> list[Label]:
    """All of them, or where their texts are longer than `MOST` as many as fit, always the same ones."""
    by_chance = sorted(labels, key=lambda label: (label.key, label.locale))
    lengths = np.cumsum([min(len(label.text), LONGEST) for label in by_chance])
    return by_chance[: int(np.searchsorted(lengths, MOST, side="right"))]


def train(labels: Sequence[Label]) -> Trained:
    """Learn from labels that are not `too_few`: in a second from some hundreds, in minutes from as many as are drawn.

    Held out are tenths (of over 1,000, fifths) of the texts, stratified by label, a text in two locales never on both
    sides. The calibration is Platt's, learnt from the held-out decisions; for its own figures, that of each part is
    learnt from the others.
    """
    labels = drawn(labels)
    counted, harmful, groups = _data(labels)
    decisions, folds = _held_out_decisions(counted, harmful, groups)
    weights = _fitted(counted, harmful, _line(decisions, harmful))
    crossed = _calibrated_across(decisions, harmful, folds)
    return Trained(
        weights=weights,
        held_out=HeldOut(tuple(label.key for label in labels), weights.calibrated(decisions), harmful),
        auc=auc(decisions, harmful),
        brier=brier(crossed, harmful),
        calibration_error=calibration_error(crossed, harmful),
        curve=tuple(_curve(counted, harmful, groups)),
        digest=digest(labels),
    )


def _data(labels: Sequence[Label]) -> tuple[Any, Bools, Any]:
    """N-gram counts, truth, and a number for each different text."""
    groups = np.unique([label.key for label in labels], return_inverse=True)[1]
    return counts([label.text for label in labels]), np.array([label.harmful for label in labels]), groups


def _curve(counted: Any, harmful: Bools, groups: Any) -> Iterator[Point]:
    """At 50, 100, 200, … labels, drawn at random with the mix of all of them; not where one kind is all but missing."""
    order = _mixed(harmful)
    texts = _CURVE_STARTS_AT
    while texts < len(order):
        part = order[:texts]
        if _fewest_of_a_kind(harmful[part], groups[part]) >= _FEWEST_OF_A_POINT:
            decisions, _ = _held_out_decisions(counted[part], harmful[part], groups[part])
            yield Point(texts, auc(decisions, harmful[part]))
        texts *= 2


def _fewest_of_a_kind(harmful: Bools, groups: Any) -> int:
    """How many different texts the rarer of harmful and harmless has."""
    return min(len(np.unique(groups[kind])) for kind in (harmful, ~harmful))


def _mixed(harmful: Bools) -> Any:
    """A random order of which every beginning has about the mix of the whole."""
    random = np.random.default_rng(0)
    place = np.empty(len(harmful))
    for kind in (harmful, ~harmful):
        place[kind] = (random.permutation(kind.sum()) + random.random()) / kind.sum()
    return np.argsort(place, kind="stable")


def _held_out_decisions(counted: Any, harmful: Bools, groups: Any) -> tuple[Floats, Any]:
    """Each text's decision value from a model that had not seen it, and the number of its fold."""
    from sklearn.model_selection import StratifiedGroupKFold  # noqa: PLC0415

    most = _FOLDS if len(harmful) <= _MANY else _FEWER_FOLDS
    splits = min(most, _fewest_of_a_kind(harmful, groups))
    decisions, folds = np.empty(len(harmful)), np.empty(len(harmful), dtype=int)
    splitter = StratifiedGroupKFold(splits, shuffle=True, random_state=0)
    for number, (learnt, held) in enumerate(splitter.split(counted, harmful, groups)):
        weights = rarity(counted[learnt])
        model = _regression(weighted(counted[learnt], weights), harmful[learnt])
        decisions[held] = model.decision_function(weighted(counted[held], weights))
        folds[held] = number
    return decisions, folds


def _regression(features: Any, harmful: Bools) -> Any:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    # The dual solver goes by texts, not by n-grams, of which there are a thousand times as many.
    solver = {"solver": "liblinear", "dual": True, "max_iter": 1000, "random_state": 0}
    return LogisticRegression(C=_STRENGTH, **solver).fit(features, harmful)


def _line(decisions: Floats, harmful: Bools) -> tuple[float, float]:
    """Slope and offset of Platt's (1999) calibration, with his smoothed targets."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    positives, negatives = int(harmful.sum()), int((~harmful).sum())
    target = np.where(harmful, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    twice = np.concatenate([decisions, decisions])[:, None]
    truth = np.repeat([True, False], len(decisions))
    model = LogisticRegression(C=1e6).fit(twice, truth, sample_weight=np.concatenate([target, 1 - target]))
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def _calibrated_across(decisions: Floats, harmful: Bools, folds: Any) -> Floats:
    scores = np.empty(len(decisions))
    for number in np.unique(folds):
        held = folds == number
        slope, offset = _line(decisions[~held], harmful[~held])
        scores[held] = expit(slope * decisions[held] + offset)
    return scores


def _fitted(counted: Any, harmful: Bools, line: tuple[float, float]) -> Weights:
    weights = rarity(counted)
    model = _regression(weighted(counted, weights), harmful)
    return Weights(weights, model.coef_[0], float(model.intercept_[0]), *line)
