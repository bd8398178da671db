"""Simulated work: what is declared about it holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import guidelines
from guidelines.model import Choice, Question, Severity, Workflow
from plugins import frames
from plugins.conditions import is_asked
from plugins.label_studio.results import Span
from plugins.simulate.frames import simulate
from plugins.simulate.people import Population
from plugins.simulate.person import Person, respond
from plugins.simulate.plan import LOCALES, Plan
from plugins.simulate.write import write

COLOURS = tuple(Choice(code, code.title()) for code in ("red", "green", "blue"))
WORKFLOW = Workflow(
    "colours",
    "1.0",
    "Colours",
    "",
    1,
    {},
    "colour",
    (
        Question("colour", "single_choice", "Colour", "nominal", choices=COLOURS),
        Question("shade", "rating", "Shade", "ordinal", minimum=1, maximum=5),
        Question(
            "errors",
            "error_spans",
            "Errors",
            "nominal",
            "response",
            choices=COLOURS,
            severities=(Severity("minor", "Minor", 1), Severity("major", "Major", 5)),
        ),
    ),
)


def _plan(**changes: object) -> Plan:
    return Plan(**{"workflow": WORKFLOW, "locales": ("de-DE",), "annotators": 12, "items": 400} | changes)  # type: ignore[arg-type]


def _judged(plan: Plan) -> pd.DataFrame:
    """Judgments beside the truth."""
    (simulated,) = simulate(plan)
    judgments, truth = (simulated.tables[name].to_pandas() for name in ("judgments", "truth"))
    return judgments.merge(truth, on=["item", "question", "target"], suffixes=("", "_true"))


def test_people_who_know_everything_answer_the_truth() -> None:
    """With skill 1 and no bias every answer is the right one."""
    judged = _judged(_plan(population=Population(skill=1, skill_sd=0, bias_sd=0)))
    assert (judged["value"] == judged["value_true"]).all()
    assert len(judged) == 3 * 3 * 400


def test_skill_is_the_share_of_right_answers_on_unordered_choices() -> None:
    """The share of right answers is the skill, and pairs agree as often as the formula in the module says."""
    skill = 0.7
    plan = _plan(population=Population(skill=skill, skill_sd=0, bias_sd=0), items=6000)
    judged = _judged(plan).query("question == 'colour'")
    assert (judged["value"] == judged["value_true"]).mean() == pytest.approx(skill, abs=0.02)
    answers = judged["value"].to_numpy().reshape(-1, 3)
    agreed = np.mean([answers[:, i] == answers[:, j] for i, j in ((0, 1), (0, 2), (1, 2))])
    assert agreed == pytest.approx(skill**2 + (1 - skill) ** 2 / 2, abs=0.02)


def test_bias_lifts_ratings() -> None:
    """Lenient people rate higher than severe ones."""
    lenient, severe = (_judged(_plan(population=Population(bias=bias, bias_sd=0))) for bias in (1.0, -1.0))
    assert (
        lenient.query("question == 'shade'")["number"].mean() > severe.query("question == 'shade'")["number"].mean() + 1
    )


def test_drift_changes_skill_over_the_weeks() -> None:
    """With a drift of -0.1 a week, the eighth week is 0.7 less often right than the first."""
    judged = _judged(_plan(items=8000, population=Population(skill=0.9, skill_sd=0, drift=-0.1))).query(
        "question == 'colour'"
    )
    week = (judged["created"] - judged["created"].min()).dt.days // 7
    right = (judged["value"] == judged["value_true"]).groupby(week).mean()
    assert right[0] - right[7] == pytest.approx(0.7, abs=0.06)


@given(annotators=st.integers(3, 40), items=st.integers(1, 60), overlap=st.integers(1, 3), seed=st.integers(0, 2**32))
def test_every_item_is_judged_by_distinct_people_who_share_the_work(
    annotators: int, items: int, overlap: int, seed: int
) -> None:
    """No one annotates an item twice, and no one does more than one item more than their share of full decks."""
    (simulated,) = simulate(_plan(annotators=annotators, items=items, overlap=overlap, seed=seed))
    annotations = simulated.tables["annotations"].to_pandas()
    assert len(annotations) == items * overlap
    assert not annotations.duplicated(["item", "annotator"]).any()
    decks = -(-items // (annotators // overlap))
    assert annotations["annotator"].value_counts().max() <= decks


def test_the_same_seed_gives_the_same_data_and_another_seed_does_not() -> None:
    """A plan is reproducible."""
    first, again, other = (next(simulate(_plan(seed=seed))).tables for seed in (1, 1, 2))
    assert all(first[name].equals(again[name]) for name in first)
    assert not first["judgments"].equals(other["judgments"])


def test_a_folder_holds_every_frame_of_every_locale(tmp_path: Path) -> None:
    """The files have the contract's schemas and all locales, no annotation id twice, and only simulated people."""
    plan = _plan(locales=LOCALES[:35], annotators=350, items=20)
    rows = write(plan, tmp_path)
    for name in ("judgments", "annotations", "spans", "items", "annotators", "projects"):
        table = pq.read_table(tmp_path / f"{name}.parquet")
        assert table.schema.equals(getattr(frames, name.upper()))
        assert table.num_rows == rows[name] > 0
    annotations = pq.read_table(tmp_path / "annotations.parquet").to_pandas()
    assert annotations["annotation"].is_unique
    assert set(annotations["locale"]) == set(LOCALES[:35])
    assert pq.read_table(tmp_path / "annotators.parquet")["simulated"].to_pylist() == [True] * 350


def test_spans_are_counted_by_their_judgment() -> None:
    """Each annotation's number of errors is the number of its spans."""
    (simulated,) = simulate(_plan())
    judgments, spans = (simulated.tables[name].to_pandas() for name in ("judgments", "spans"))
    counted = judgments.query("question == 'errors'").set_index("annotation")["number"]
    assert counted[counted > 0].to_dict() == spans.groupby("annotation").size().astype(float).to_dict()


def test_too_few_people_for_the_overlap_is_refused() -> None:
    """An impossible plan says how many people it takes."""
    with pytest.raises(ValueError, match="at least 6 annotators, not 5"):
        _plan(locales=("de-DE", "ja-JP"), annotators=5)


def test_a_simulated_person_answers_a_real_item_by_its_truth() -> None:
    """A person of skill 1 gives the gold answers and marks every seeded error; one of skill 0 marks none."""
    gold = {"colour": "green", "shade": "4"}
    errors = [{"start": 2, "end": 5, "category": "red", "severity": "major"}]
    rng = np.random.default_rng(0)
    expert = respond(WORKFLOW, gold, errors, Person(1, 0), rng)
    assert expert == {
        ("colour", "item"): "green",
        ("shade", "item"): "4",
        ("errors", "a"): [Span(2, 5, "red", "major")],
    }
    assert respond(WORKFLOW, gold, errors, Person(0, 0), rng)["errors", "a"] == []


@pytest.mark.parametrize("name", sorted(guidelines.load().workflows))
def test_every_workflow_can_be_simulated(name: str) -> None:
    """Each question that takes an answer by choice, place or edit gets some, and the condition of each is met."""
    workflow = guidelines.load().workflows[name]
    [simulated] = simulate(Plan(workflow, ("en-US",), annotators=12, items=60))
    judgments = simulated.tables["judgments"].to_pandas()
    answered = {question.id for question in workflow.questions if question.kind not in ("text", "number")}
    assert set(judgments["question"]) == answered
    given = {(row.annotation, row.question, row.target): row.value for row in judgments.itertuples()}
    for annotation, question, target in given:
        own = {key[1:]: value for key, value in given.items() if key[0] == annotation}
        assert is_asked(workflow.question(question), target, own)


def test_true_rankings_have_no_ties_and_experts_give_them() -> None:
    """Every place is given once; who knows everything sees it."""
    workflow = guidelines.load().workflows["ranking"]
    [simulated] = simulate(
        Plan(workflow, ("en-US",), annotators=3, items=50, population=Population(skill=1, skill_sd=0, bias_sd=0))
    )
    judgments = simulated.tables["judgments"].to_pandas()
    places = judgments[judgments["question"] == "place"].groupby("annotation")["number"]
    assert {tuple(sorted(each)) for _, each in places} == {(1.0, 2.0, 3.0, 4.0)}


def test_a_simulated_person_knows_what_is_true_of_each_response_and_claim() -> None:
    """Right answers are kept by target, and nobody answers what is not asked."""
    library, expert, rng = guidelines.load().workflows, Person(1, 0), np.random.default_rng(0)
    places = {f"place@{target}": place for target, place in zip("abcd", "3122", strict=True)}
    assert respond(library["ranking"], places, [], expert, rng) == {
        ("place", key[-1]): place for key, place in places.items()
    }
    gold = {"decision": "accept", "severity": "minor", "error_type": "careless|wrong_answer"}
    assert respond(library["review"], gold, [], expert, rng) == {("decision", "item"): "accept"}
    fixed = respond(library["review"], {**gold, "decision": "fix"}, [], expert, rng)
    assert fixed["error_type", "item"] == "careless|wrong_answer"
