"""The figures that say how well scores tell harmful texts from harmless ones."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from ml_backend.own_labels.figures import auc, brier, calibration_error, share


def _hanley_mcneil() -> tuple[np.ndarray, np.ndarray]:
    """109 CT images rated from 1 to 5 (Hanley and McNeil 1982, table I)."""
    normal, abnormal = (33, 6, 6, 11, 2), (3, 2, 2, 11, 33)
    ratings = [*np.repeat(range(1, 6), normal), *np.repeat(range(1, 6), abnormal)]
    return np.array(ratings, dtype=float), np.arange(109) >= 58


def test_the_auc_and_its_standard_error_are_the_published_ones() -> None:
    """Area .8932 with DeLong's standard error .0307, as Stata's manual gives them for these ratings (roctab)."""
    found = auc(*_hanley_mcneil())
    assert round(found.value, 4) == 0.8932
    logits = log(found.high / (1 - found.high)) - log(found.low / (1 - found.low))
    assert round(logits / 2 / 1.959964 * found.value * (1 - found.value), 4) == 0.0307


def test_the_auc_is_what_its_definition_says() -> None:
    """Pair by pair, ties counted half; and DeLong's variance text by text."""
    random = np.random.default_rng(3)
    scores, harmful = random.integers(0, 12, 80) / 12, random.random(80) < 0.3
    pairs = scores[harmful][:, None] - scores[~harmful][None, :]
    won = (pairs > 0) + 0.5 * (pairs == 0)
    found = auc(scores, harmful)
    assert found.value == pytest.approx(won.mean())
    variance = won.mean(axis=1).var(ddof=1) / harmful.sum() + won.mean(axis=0).var(ddof=1) / (~harmful).sum()
    reach = 1.959964 * np.sqrt(variance) / (won.mean() * (1 - won.mean()))
    assert log(found.high / (1 - found.high)) == pytest.approx(log(won.mean() / (1 - won.mean())) + reach)


def test_the_interval_of_the_auc_covers() -> None:
    """19 times in 20 it holds the truth of the distributions that the scores are drawn from."""
    random = np.random.default_rng(0)
    harmful = np.arange(100) < 30
    found = [auc(random.normal(harmful * 1.2), harmful) for _ in range(600)]
    assert 0.92 <= np.mean([each.low <= 0.8019 <= each.high for each in found]) <= 0.98


@pytest.mark.parametrize(("texts", "low"), [(20, 0.82), (200, 0.98)])
def test_perfect_scores_are_not_certain(texts: int, low: float) -> None:
    """Where DeLong's variance is 0 the interval still has a width, less with more texts."""
    harmful = np.arange(texts) < texts / 2
    right, wrong, same = auc(1.0 * harmful, harmful), auc(1.0 - harmful, harmful), auc(np.zeros(texts), harmful)
    assert (right.value, right.high, wrong.value, wrong.low, same.value) == (1, 1, 0, 0, 0.5)
    assert right.low == pytest.approx(low, abs=0.02)
    assert wrong.high == pytest.approx(1 - right.low)
    assert same.low == pytest.approx(1 - same.high)
    assert 0.2 < same.low < 0.45


def test_an_auc_of_one_class_is_undefined() -> None:
    """There is nothing to tell apart."""
    for harmful in (np.ones(5, dtype=bool), np.zeros(5, dtype=bool)):
        with pytest.raises(ValueError, match="needs harmful and harmless"):
            auc(np.arange(5.0), harmful)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)]
)
def test_the_interval_of_a_share_is_the_published_one(hits: int, of: int, low: float, high: float) -> None:
    """Wilson's, as in Newcombe (1998), table I."""
    found = share(hits, of)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_a_share_of_nothing_is_undefined() -> None:
    """Not 0, and not 1."""
    with pytest.raises(ValueError, match="share of nothing"):
        share(0, 0)


def test_calibration_figures_see_overconfidence() -> None:
    """Honest probabilities have a small error; the same made more extreme have a large one and a worse Brier score."""
    random = np.random.default_rng(1)
    honest = random.random(20_000)
    harmful = random.random(20_000) < honest
    extreme = np.where(honest > 0.5, 0.99, 0.01)
    assert calibration_error(honest, harmful) < 0.02
    assert calibration_error(extreme, harmful) > 0.2
    assert brier(honest, harmful) == pytest.approx(1 / 6, abs=0.01)
    assert brier(honest, harmful) < brier(extreme, harmful)
