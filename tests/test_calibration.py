"""Thresholds set from measured precision and recall."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from own_labels_texts import votes, write_labels, write_programme

from ml_backend.calibration import (
    Entry,
    Goal,
    Measured,
    MixedProviders,
    NothingToCalibrate,
    Scored,
    calibrate,
    measure,
    write_thresholds,
)
from ml_backend.cli import commands
from ml_backend.own_labels.labels import Vote
from plugins.thresholds import FILE, Threshold, Thresholds, read_thresholds

SCREENED = "2026-11-21T08:00:00+00:00"
LUCKY = [True] * 5 + [True, False, False] * 65
PRECISE, THOROUGH = Goal("precision", 0.9), Goal("recall", 0.9)


def _drawn(number: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores from 0 to 1 of which three in ten are harmful, with a normal distribution two deviations higher."""
    random = np.random.default_rng(seed)
    harmful = random.random(number) < 0.3
    return 1 / (1 + np.exp(-random.normal(harmful * 2.0))), harmful


def _measured(number: int, goal: Goal, seed: int = 0) -> Measured:
    found = measure(*_drawn(number, seed), goal)
    assert isinstance(found, Measured)
    return found


def _true(threshold: float) -> tuple[float, float]:
    """What precision and recall a threshold really has, from very many texts."""
    scores, harmful = _drawn(200_000, seed=99)
    flagged = scores >= threshold
    return float(harmful[flagged].mean()), float(flagged[harmful].mean())


@pytest.mark.parametrize("goal", [PRECISE, THOROUGH])
def test_the_threshold_reaches_its_goal_on_texts_it_has_not_seen(goal: Goal) -> None:
    """With many labels the true precision or recall is what was asked for, and what is told."""
    found = _measured(4000, goal)
    precision, recall = _true(found.threshold)
    assert {"precision": precision, "recall": recall}[goal.measure] == pytest.approx(0.9, abs=0.03)
    assert (found.precision.value, found.recall.value) == pytest.approx((precision, recall), abs=0.04)
    assert (found.texts, found.harmful) == (4000, int(_drawn(4000)[1].sum()))


@pytest.mark.parametrize("goal", [PRECISE, THOROUGH])
def test_what_is_told_is_not_rosier_than_what_is_true(goal: Goal) -> None:
    """With few labels a threshold flatters itself on the texts that set it; the held-out figures do not."""
    told, true, flattered = [], [], []
    for seed in range(60):
        scores, harmful = _drawn(150, seed)
        found = measure(scores, harmful, goal)
        if isinstance(found, Measured):
            own = scores >= found.threshold
            flattered.append(harmful[own].mean() if goal is PRECISE else own[harmful].mean())
            true.append(_true(found.threshold)[goal is THOROUGH])
            told.append((found.precision if goal is PRECISE else found.recall).value)
    assert np.mean(flattered) > np.mean(true)
    assert np.mean(told) <= np.mean(true) + 0.01


def test_precision_takes_as_much_and_recall_as_little_as_it_may() -> None:
    """Every flag that the precision allows, and none that the recall does not need."""
    scores, harmful = _drawn(1000)
    lowest, highest = (_measured(1000, goal).threshold for goal in (PRECISE, THOROUGH))
    assert [harmful[scores >= each].mean() >= 0.9 for each in (lowest, scores[scores < lowest].max())] == [True, False]
    reached = [(scores[harmful] >= each).mean() >= 0.9 for each in (highest, scores[scores > highest].min())]
    assert reached == [True, False]


@pytest.mark.parametrize(
    ("scores", "harmful", "goal", "reason"),
    [
        ([], [], PRECISE, "0 labelled texts of 100"),
        ([0.5] * 99, [True, False, True] * 33, PRECISE, "99 labelled texts of 100"),
        ([0.9] * 200, [True] * 200, PRECISE, "0 harmless texts of 20"),
        ([0.1] * 200, [False] * 181 + [True] * 19, THOROUGH, "19 harmful texts of 20"),
        ([0.5] * 200, [True, False] * 100, PRECISE, "no threshold reaches a precision of 0.9"),
        ([0.0] * 200, [True, False] * 100, THOROUGH, "no threshold reaches a recall of 0.9"),
        (
            [0.9] * 5 + [0.1] * 195,
            [True] * 5 + [True, False, False] * 65,
            PRECISE,
            "no threshold reaches a precision of 0.9",
        ),
    ],
)
def test_where_no_threshold_can_be_set_it_says_why(
    scores: list[float], harmful: list[bool], goal: Goal, reason: str
) -> None:
    """Too few labels, one class alone, scores that tell nothing, nothing found at all, or a few lucky hits."""
    assert measure(np.array(scores), np.array(harmful, dtype=bool), goal) == reason


def test_equal_scores_are_over_a_threshold_together() -> None:
    """A screen with two scores, such as a word list, has one threshold."""
    harmful = np.array([True] * 40 + [False] * 160)
    scores = np.array([1.0] * 30 + [0.0] * 10 + [1.0] * 2 + [0.0] * 158)
    found = measure(scores, harmful, PRECISE)
    assert isinstance(found, Measured)
    assert (found.threshold, found.precision.value, found.recall.value) == (1.0, 30 / 32, 30 / 40)


def _scored(locale: str, number: int, provider: str = "guard/1", seed: int = 0) -> list[Scored]:
    scores, harmful = _drawn(number, seed)
    rows = zip(scores.tolist(), harmful.tolist(), strict=True)
    return [Scored(locale, "toxicity_guard", provider, score, truth) for score, truth in rows]


def test_locales_with_too_few_labels_borrow_and_say_so() -> None:
    """First from their language, then from the whole programme; never from scores of another provider."""
    given = [
        *_scored("de-DE", 300),
        *_scored("de-AT", 30, seed=1),
        *(replace(each, harmful=None) for each in _scored("ja-JP", 50, seed=2)),
        *_scored("fr-FR", 20, "guard/1-fr", seed=3),
    ]
    entries = {entry.locale: entry for entry in calibrate(given, PRECISE)}
    whose = {locale: (entry.scope, entry.locales) for locale, entry in entries.items()}
    assert whose == {
        "de-DE": ("locale", ("de-DE",)),
        "de-AT": ("language", ("de-AT", "de-DE")),
        "ja-JP": ("programme", ("de-AT", "de-DE")),
        "fr-FR": ("programme", ("fr-FR",)),
    }
    assert [isinstance(entries[locale].found, Measured) for locale in ("de-DE", "de-AT", "ja-JP")] == [True] * 3
    assert entries["fr-FR"].found == "20 labelled texts of 100"


def test_scores_of_two_versions_are_refused() -> None:
    """They cannot be compared."""
    given = [*_scored("de-DE", 100), *_scored("de-DE", 100, "guard/2")]
    with pytest.raises(MixedProviders, match=r"toxicity_guard in de-DE come from guard/1 and guard/2; run `concord"):
        calibrate(given, PRECISE)


def test_nothing_to_calibrate_is_told() -> None:
    """A programme that was not screened."""
    with pytest.raises(NothingToCalibrate, match="run `concord screen` on the programme first"):
        calibrate([], PRECISE)


def test_what_is_written_is_what_push_reads(tmp_path: Path) -> None:
    """Thresholds and reasons alike; what was written by hand stays where nothing was measured."""
    german = {"pii": Threshold(0.5), "toxicity_guard": Threshold(0.1)}
    by_hand = Thresholds({"de-DE": german, "fr-FR": {"toxicity_guard": Threshold(0.2)}})
    entries = calibrate([*_scored("de-DE", 300), *_scored("fr-FR", 20, "other/1")], PRECISE)
    write_thresholds(tmp_path, entries, PRECISE, by_hand)
    read = read_thresholds(tmp_path)
    measured = entries[0].found
    assert isinstance(measured, Measured)
    asked = [("de-DE", "toxicity_guard"), ("de-DE", "pii"), ("fr-FR", "toxicity_guard")]
    assert [read.threshold(*each) for each in asked] == [measured.threshold, 0.5, 0.2]
    read.check("de-DE", "toxicity_guard", "guard/1")

    write_thresholds(tmp_path, [Entry("fr-FR", "profanity", "list/1", "programme", (), "why not")], PRECISE, read)
    assert read_thresholds(tmp_path).get("fr-FR", "profanity") == Threshold(None, "list/1", "programme", "why not")
    assert read_thresholds(tmp_path).threshold("de-DE", "toxicity_guard") is None
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


# The command


def _screening(programme: Path, given: Sequence[Vote], scores: Mapping[int, float], provider: str = "guard/1") -> None:
    rows = [
        {"item": f"i-{at}", "target": "item", "screen": "toxicity_guard", "provider": provider, "status": "screened"}
        | {"score": scores[at], "kind": None, "reason": None, "screened": SCREENED}
        for at in range(len(given))
    ]
    (programme / "screening.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")


def _run(data: Path, *arguments: object) -> tuple[int, str]:
    ran = CliRunner(env={"CONCORD_ML_DATA": str(data)}).invoke(commands[0], [*map(str, arguments)])
    return ran.exit_code, ran.output if ran.exception is None or ran.exit_code == 2 else str(ran.exception)


def test_the_command_sets_thresholds_of_screens_and_of_own_labels(tmp_path: Path) -> None:
    """Scores are joined with the labels of the same texts; those of own labels are held out, so not perfect."""
    given = votes(240, clear=0.7)
    programme, labels = write_programme(tmp_path / "guard", given), write_labels(tmp_path / "labels.jsonl", given)
    random = np.random.default_rng(0)
    scores = {at: float(1 / (1 + np.exp(-random.normal(vote.harm * 4 - 2)))) for at, vote in enumerate(given)}
    _screening(programme, given, scores)
    assert _run(tmp_path / "data", "train", programme, "--labels", labels)[0] == 0
    code, said = _run(tmp_path / "data", "calibrate", programme, "--precision", "0.9", "--labels", labels)
    assert code == 0, said
    assert "240 labelled texts, 0 undecided left out" in said
    read = read_thresholds(programme)
    own, guard = read.get("en-US", "own_labels"), read.get("en-US", "toxicity_guard")
    assert own and guard
    assert (own.provider, own.scope) == ("own_labels/guard/en/1", "locale")
    assert guard.value is not None
    flagged = [vote.harm for at, vote in enumerate(given) if scores[at] >= guard.value]
    assert np.mean(flagged) >= 0.9
    line = next(line for line in said.splitlines() if line.startswith("en-US own_labels"))
    assert "recall 1.00" not in line


def test_a_goal_has_to_be_given(tmp_path: Path) -> None:
    """Precision or recall, not both: one of them decides."""
    programme = write_programme(tmp_path / "guard", votes(4))
    for options in ([], ["--precision", "0.9", "--recall", "0.9"]):
        code, said = _run(tmp_path, "calibrate", programme, *options)
        assert code == 2
        assert "Give either --precision or --recall." in said


def test_a_programme_without_scores_is_told(tmp_path: Path) -> None:
    """And nothing is written."""
    given = votes(120)
    programme, labels = write_programme(tmp_path / "guard", given), write_labels(tmp_path / "labels.jsonl", given)
    code, said = _run(tmp_path, "calibrate", programme, "--recall", "0.8", "--labels", labels)
    assert (code, "no screen for harm has scored a text" in said) == (1, True)
    assert not (programme / FILE).exists()
