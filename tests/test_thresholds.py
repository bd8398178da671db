"""The thresholds of a programme, as push reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.errors import InvalidThresholds, OtherProvider
from plugins.thresholds import FILE, read_thresholds

MEASURED = """target: {precision: 0.9}
thresholds:
  de-DE:
    toxicity_guard:
      threshold: 0.83
      provider: guard/2
      scope: language
      locales: [de-AT, de-DE]
      precision: {value: 0.93, low: 0.88, high: 0.96}
      recall: {value: 0.5, low: 0.41, high: 0.59}
      n: 312
      positives: 88
      measured: 2026-11-21
    profanity: {reason: no threshold reaches a precision of 0.9}
  fr-CA:
    profanity: {threshold: 0.5}
"""


def _write(folder: Path, text: str) -> Path:
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


def test_a_threshold_is_found_by_locale_and_screen(tmp_path: Path) -> None:
    """What is measured and what is written by hand are found; what was not set, and what is not there, is None."""
    read = read_thresholds(_write(tmp_path, MEASURED))
    asked = [("de-DE", "toxicity_guard"), ("de-DE", "profanity"), ("fr-CA", "profanity"), ("ja-JP", "profanity")]
    assert [read.threshold(*each) for each in asked] == [0.83, None, 0.5, None]
    measured, unset = read.get("de-DE", "toxicity_guard"), read.get("de-DE", "profanity")
    assert measured and unset
    assert (measured.scope, unset.reason) == ("language", "no threshold reaches a precision of 0.9")


def test_without_a_file_there_are_no_thresholds(tmp_path: Path) -> None:
    """A programme need not have thresholds."""
    assert read_thresholds(tmp_path).threshold("de-DE", "profanity") is None


def test_scores_of_another_provider_are_refused(tmp_path: Path) -> None:
    """A threshold holds for the provider and version it was measured on, one written by hand for all."""
    read = read_thresholds(_write(tmp_path, MEASURED))
    read.check("de-DE", "toxicity_guard", "guard/2")
    read.check("fr-CA", "profanity", "whatever/7")
    read.check("de-DE", "profanity", "no threshold, so nothing to compare")
    with pytest.raises(OtherProvider, match=r"measured on scores of guard/2, these are of guard/3; run `concord"):
        read.check("de-DE", "toxicity_guard", "guard/3")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("thresholds:\n  de-DE:\n    profanity: {threshold: 7}\n", 3, "7 is greater than the maximum of 1"),
        ("thresholds:\n  de-DE:\n    profanity: {scope: locale}\n", 3, "is not valid under any"),
        ("thresholds:\n  de-DE:\n    profanity: 0.5\n", 3, "0.5 is not of type 'object'"),
        ("thresholds:\n  fr-FR: {}\n  de-de: {}\n", 3, "the locale 'de-de' is in the wrong case; write de-DE"),
        ("thresholds:\n  german: {}\n", 2, "'german' is not a locale tag"),
        ("thresholds: [\n", 2, "this is not YAML"),
        ("", 1, "None is not of type 'object'"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    """Each problem names the file, the line and what is wrong."""
    with pytest.raises(InvalidThresholds) as caught:
        read_thresholds(_write(tmp_path, text))
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (FILE, line)
    assert message in str(problem)
    assert problem.fix


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    """A file in another encoding is refused, not read as something else."""
    (tmp_path / FILE).write_bytes(b"thresholds: \xff")
    with pytest.raises(InvalidThresholds, match="cannot be read"):
        read_thresholds(tmp_path)
