"""The part `suggestions` of programme.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from plugin_samples import write_programme

import guidelines
from guidelines import Library
from plugins.errors import InvalidProgramme
from plugins.programme import load
from plugins.suggestion_rules import SuggestionRule

JUDGE = {"helper": "judge", "workflow": "preference", "questions": ["overall", "clarity"], "model": "m", "show": 0.5}


@pytest.fixture(scope="module")
def library() -> Library:
    """The guidelines that come with the product."""
    return guidelines.load()


def test_rules_are_loaded_in_their_order(tmp_path: Path, library: Library) -> None:
    """A grammar helper that is told no questions looks at all that are about errors."""
    rules = [JUDGE, {"helper": "grammar", "workflow": "fluency_review", "show": 1}]
    programme = load(write_programme(tmp_path, items=1, suggestions=rules), library)
    assert programme.suggestions == (
        SuggestionRule("judge", "preference", ("overall", "clarity"), 0.5, "m"),
        SuggestionRule("grammar", "fluency_review", ("errors",), 1.0),
    )


def test_a_programme_without_rules_has_none(tmp_path: Path, library: Library) -> None:
    """Nothing is suggested unless it is asked for."""
    assert load(write_programme(tmp_path, items=1), library).suggestions == ()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"helper": "oracle"}, "helper: 'oracle' is not one of ['judge', 'rubric', 'grammar']; give judge, rubric or"),
        ({"show": 1.5}, "show: 1.5 is greater than the maximum of 1; give the share of items"),
        ({"show": True}, "show: True is not of type 'number'"),
        ({"workflow": "ranking"}, "the programme has no workflow 'ranking'; choose: preference, fluency_review"),
        ({"questions": ["overal"]}, "judge cannot answer 'overal' of preference; choose: relevance, safety, refusal"),
        ({"questions": ["reason"]}, "judge cannot answer 'reason' of preference; choose: relevance"),
        ({"model": None}, "judge: no model; name a model of the ML settings: model: …"),
        ({"questions": None}, "judge: no questions; choose some: relevance"),
        ({"helper": "grammar", "model": None, "questions": None}, "preference has no question that grammar can answer"),
        ({"helper": "grammar", "workflow": "fluency_review", "questions": None}, "grammar asks no model; leave model"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_named(
    changed: dict[str, Any], said: str, tmp_path: Path, library: Library
) -> None:
    """With what to give instead."""
    rule = {name: value for name, value in {**JUDGE, **changed}.items() if value is not None}
    root = write_programme(tmp_path, items=1, suggestions=[rule])
    with pytest.raises(InvalidProgramme) as refused:
        load(root, library)
    assert any(said in str(problem) for problem in refused.value.problems), refused.value


def test_annotators_are_shown_one_suggestion_for_a_question(tmp_path: Path, library: Library) -> None:
    """Else nobody could tell which one pulled; a second helper may still be recorded."""
    rubric = {**JUDGE, "helper": "rubric", "questions": ["clarity"]}
    assert load(write_programme(tmp_path / "a", items=1, suggestions=[JUDGE, {**rubric, "show": 0}]), library)
    with pytest.raises(InvalidProgramme, match="two helpers would be shown for 'clarity' of preference"):
        load(write_programme(tmp_path / "b", items=1, suggestions=[JUDGE, rubric]), library)


def test_a_helper_answers_a_question_once(tmp_path: Path, library: Library) -> None:
    """Two judges of one question could not be told apart in the figures."""
    with pytest.raises(InvalidProgramme, match="judge answers 'overall' of preference twice"):
        load(write_programme(tmp_path, items=1, suggestions=[JUDGE, {**JUDGE, "model": "n", "show": 0}]), library)
