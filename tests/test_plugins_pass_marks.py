"""The part `pass_marks` of programme.yaml, and what analytics is told of errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from plugin_samples import write_programme

import guidelines
from guidelines import Library
from plugins.errors import InvalidProgramme
from plugins.pass_marks import MEASURES, pass_mark_rows, penalty_rows
from plugins.programme import load
from plugins.projects import Project
from plugins.pushing import register, shown_orders
from plugins.suggesting import Suggested


@pytest.fixture(scope="module")
def library() -> Library:
    """The guidelines that come with the product."""
    return guidelines.load()


def test_marks_are_loaded_by_workflow_and_measure(tmp_path: Path, library: Library) -> None:
    """A programme may set one for each measure, and sets none unless it says so."""
    marks = {"fluency_review": {"per_1000_words": 25, "per_annotation": 3}}
    loaded = load(write_programme(tmp_path / "a", items=1, pass_marks=marks), library).pass_marks
    assert loaded == {"fluency_review": {"per_1000_words": 25.0, "per_annotation": 3.0}}
    assert load(write_programme(tmp_path / "b", items=1), library).pass_marks == {}


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        ({"preference": {"per_1000_words": 25}}, "marks no errors in 'preference'; choose: fluency_review"),
        ({"review": {"per_1000_words": 25}}, "marks no errors in 'review'; choose: fluency_review"),
        ({"fluency_review": {"per_100_words": 25}}, "'per_100_words' was unexpected"),
        ({"fluency_review": {"per_1000_words": -1}}, "-1 is less than the minimum of 0; give the highest score"),
        ({"fluency_review": {"per_1000_words": "25"}}, "'25' is not of type 'number'"),
        ({"fluency_review": {}}, "pass_marks.fluency_review"),
        ([25], "pass_marks: [25] is not of type 'object'; give workflows that mark errors"),
    ],
)
def test_a_mark_that_cannot_be_used_is_named(marks: Any, said: str, tmp_path: Path, library: Library) -> None:
    """With what to give instead, before anything is pushed."""
    root = write_programme(tmp_path, items=1, pass_marks=marks)
    with pytest.raises(InvalidProgramme) as refused:
        load(root, library)
    assert any(said in str(problem) for problem in refused.value.problems), refused.value


def test_a_mark_that_was_taken_back_is_told_as_none(library: Library) -> None:
    """Each measure of each workflow that marks errors has a row, so that analytics forgets what is not set any more."""
    marks, running = {"fluency_review": {"per_1000_words": 25.0}}, ("preference", "fluency_review")
    rows = pass_mark_rows("probe", marks, running, library.workflows)
    assert [(row["workflow"], row["measure"], row["at_most"]) for row in rows] == [
        ("fluency_review", measure, most) for measure, most in zip(MEASURES, (25.0, None), strict=True)
    ]


def test_every_error_has_its_penalty(library: Library) -> None:
    """A row for each category and severity, with the version that it holds for."""
    rows = penalty_rows(library.workflows["fluency_review"], "v7")
    question = library.workflows["fluency_review"].question("errors")
    assert len(rows) == len(question.choices) * len(question.severities)
    assert {row["severity"]: row["weight"] for row in rows} == {"minor": 1.0, "major": 5.0, "critical": 25.0}
    assert {(row["guideline_version"], row["question"], row["repeated_errors"]) for row in rows} == {
        ("v7", "errors", "each")
    }
    assert penalty_rows(library.workflows["preference"], "v7") == []


class Analytics:
    """Keeps what it is told."""

    told: dict[str, Any]

    def send_manifest(self, _source: str, **rows: Any) -> None:
        self.told = rows


def test_a_push_tells_analytics_marks_and_lengths(tmp_path: Path, library: Library) -> None:
    """The words of each response go to analytics with the item, in the order shown; the tool is told of neither."""
    marks = {"fluency_review": {"per_annotation": 3}}
    programme, analytics = load(write_programme(tmp_path, items=1, pass_marks=marks), library), Analytics()
    orders = shown_orders(programme, [])
    register(programme, library, [], orders, {}, Suggested(programme, library, orders, {}, {}), [], analytics)
    told = {(row["measure"], row["at_most"]) for row in analytics.told["pass_marks"]}
    assert told == {("per_annotation", 3.0), ("per_1000_words", None)}
    for row in analytics.told["items"]:
        assert [each["target"] for each in row["words"]] == [each["target"] for each in row["arms"]]
        assert all(each["words"] > 0 for each in row["words"])


def test_a_push_tells_what_errors_cost_in_the_versions_in_force(tmp_path: Path, library: Library) -> None:
    """Of a project's versions only the present one: the guidelines at hand do not hold the penalties of others."""
    programme, analytics = load(write_programme(tmp_path, items=1), library), Analytics()
    orders = shown_orders(programme, [])
    version = str(library.guideline("fluency_review", "en-US").version)
    since = datetime(2026, 1, 1, tzinfo=UTC)
    versions = ((since, "fluency_review 0 / en-US 0 @0"), (since + timedelta(7), version))
    project = Project("label_studio", "7", "probe", "fluency_review", "en-US", "annotate", versions)
    suggested = Suggested(programme, library, orders, {}, {})
    register(programme, library, [project], orders, {}, suggested, [], analytics)
    assert analytics.told["penalties"] == penalty_rows(library.workflows["fluency_review"], version)
