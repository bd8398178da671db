"""Every packaged workflow in Label Studio: nothing is lost on the way to the page, and nothing on the way back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plugin_samples import SINCE, annotation, task

import guidelines
from guidelines.errors import InvalidGuidelines, Problem
from guidelines.model import Condition, Guideline, Question, Workflow
from plugins.conditions import is_asked
from plugins.frames import Frames
from plugins.label_studio.config import label_config
from plugins.label_studio.controls import control_names, controls, in_config
from plugins.label_studio.parse import read_tasks
from plugins.label_studio.push import Attachments, orphans, push
from plugins.label_studio.results import Given, Span, to_result
from plugins.label_studio.tags import codes
from plugins.programme import Programme
from plugins.projects import Project, Projects
from plugins.targets import targets

LIBRARY = guidelines.load()
WORKFLOWS = sorted(LIBRARY.workflows)
CONDITIONAL = [name for name in WORKFLOWS if any(each.asked_when for each in LIBRARY.workflows[name].questions)]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)


def data_of(workflow: Workflow) -> dict[str, Any]:
    """The data of a task that shows all this workflow can show."""
    letters = "abcdefghijklmnopqrstuvwxyz"[: workflow.responses]
    responses = {f"response_{letter}": f"Response {letter} 😀\nsecond line" for letter in letters}
    claims = {"claims": [f"Claim {number}" for number in range(workflow.claims)]} if workflow.claims else {}
    materials = {name: f"What is called {name}" for name in workflow.materials}
    return {"item": "one", "prompt": "Prompt 😀\nsecond line", **responses, **claims, **materials}


def read(workflow: Workflow, rows: list[dict[str, Any]]) -> Frames:
    """One annotation with these rows, read."""
    project = Project("label_studio", "7", "demo", workflow.id, "en-US", "annotate", ((SINCE, "v1"),))
    tasks = [task(annotation(rows), data=data_of(workflow))]
    return read_tasks(tasks, Projects("label_studio", {"7": project}), LIBRARY, b"key")


def values(frames: Frames) -> dict[tuple[str, str], str]:
    """Value by question and target."""
    assert frames.refused == ()
    return {(row["question"], row["target"]): row["value"] for row in frames.judgments.to_pylist()}


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_every_locale_has_every_question_and_code_of_the_base(workflow: str) -> None:
    """The same controls with the same codes in each language, and each title of the locale on the page."""
    base = LIBRARY.workflows[workflow]
    held = codes(label_config(LIBRARY.guideline(workflow, "en-US")))
    assert set(held) == {in_config(name) for name in control_names(base)}
    for control in controls(base).values():
        if control.part == "answer" and control.question.choices:
            assert held[in_config(control.name)] == {choice.code for choice in control.question.choices}
    for locale in LIBRARY.locales:
        guideline = LIBRARY.guideline(workflow, locale)
        config = label_config(guideline)
        assert codes(config) == held
        shown = {value for element in ET.fromstring(config).iter() for value in element.attrib.values()}  # noqa: S314
        assert set(_titles(guideline.workflow)) <= shown


def _titles(workflow: Workflow) -> Iterator[str]:
    for question in workflow.questions:
        yield question.title
        yield from filter(None, [question.hint])
        yield from (choice.title for choice in question.choices)
        yield from (severity.title for severity in question.severities)
        yield from (choice.hint for choice in question.choices if choice.hint)


@st.composite
def answers_to(draw: st.DrawFn, workflow: Workflow) -> dict[tuple[str, str], Given]:
    """Complete answers: to every question that is asked, given those before it."""
    answers: dict[tuple[str, str], Given] = {}
    for question in workflow.questions:
        for target in targets(question, workflow):
            if is_asked(question, target, {key: each for key, each in answers.items() if isinstance(each, str)}):
                answers |= draw(_answer(question, target, workflow))
    return answers


def _answer(question: Question, target: str, workflow: Workflow) -> st.SearchStrategy[dict[tuple[str, str], Given]]:
    if question.kind == "conversation":
        turns = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3)
        return turns.map(lambda texts: _turns(question.id, texts))
    return _value(question, workflow).map(lambda value: {(question.id, target): value})


def _turns(question: str, texts: list[tuple[str, str]]) -> dict[tuple[str, str], Given]:
    messages = {(question, f"turn_{number}"): message for number, (message, _) in enumerate(texts, 1)}
    return {**messages, **{(question, f"turn_{number}_reply"): reply for number, (_, reply) in enumerate(texts, 1)}}


def _value(question: Question, workflow: Workflow) -> st.SearchStrategy[Given]:
    known = [code for code, _ in question.steps]
    if question.kind == "error_spans":
        return st.just([Span(0, 4, question.choices[0].code, question.severities[0].code, "better")])
    if question.kind in ("text", "edited_text"):
        return TEXTS
    if question.kind == "ranking":
        return st.integers(1, workflow.responses).map(str)
    if question.kind == "multiple_choice":
        return st.sets(st.sampled_from(known), min_size=1).map(lambda chosen: "|".join(sorted(chosen)))
    return st.sampled_from(known)


@pytest.mark.parametrize("name", WORKFLOWS)
@settings(max_examples=25)
@given(data=st.data())
def test_answers_come_back_as_given(name: str, data: st.DataObject) -> None:
    """What the tool would send for an annotator's answers is read as exactly those answers."""
    workflow = LIBRARY.workflows[name]
    answers = data.draw(answers_to(workflow))
    frames = read(workflow, to_result(answers, workflow, data_of(workflow)))
    assert values(frames) == {key: each if isinstance(each, str) else "marked" for key, each in answers.items()}
    marked = sum(len(each) for each in answers.values() if not isinstance(each, str))
    assert frames.spans.num_rows == marked


@pytest.mark.parametrize("name", CONDITIONAL)
def test_an_answer_to_a_question_that_was_not_asked_is_dropped(name: str) -> None:
    """The page hides a question whose condition is not met, and may still send what was entered before."""
    workflow = LIBRARY.workflows[name]
    for question in workflow.questions:
        if question.asked_when:
            target = targets(question, workflow)[0]
            other = workflow.question(question.asked_when.question)
            unmet = next(code for code, _ in other.steps if code not in question.asked_when.codes)
            value = question.steps[0][0] if question.steps else "a text"
            rows = to_result({(other.id, target): unmet, (question.id, target): value}, workflow, data_of(workflow))
            assert (other.id, target) in values(read(workflow, rows))
            assert (question.id, target) not in values(read(workflow, rows))


def test_an_edited_text_comes_with_the_text_it_started_from() -> None:
    """So that analytics can show what was changed; a text left as it was is no answer."""
    workflow = LIBRARY.workflows["response_rating"]
    shown = data_of(workflow)["response_a"]
    [row] = read(workflow, to_result({("improved", "a"): "Better"}, workflow, {})).judgments.to_pylist()
    assert (row["value"], row["original"]) == ("Better", shown)
    assert read(workflow, to_result({("improved", "a"): f"{shown}\n"}, workflow, {})).judgments.num_rows == 0


def test_a_material_can_be_what_is_edited() -> None:
    """A reviewer starts from the colleague's answers."""
    workflow = LIBRARY.workflows["review"]
    rows = to_result({("decision", "item"): "fix", ("corrected", "item"): "Right"}, workflow, {})
    originals = {row["question"]: row["original"] for row in read(workflow, rows).judgments.to_pylist()}
    assert originals == {"decision": None, "corrected": data_of(workflow)["submission"]}


def test_every_turn_of_a_conversation_is_a_row_a_side() -> None:
    """A message that was never answered has no reply; an empty text is none."""
    workflow = LIBRARY.workflows["red_team"]
    rows = to_result({("conversation", "turn_1"): "Hi", ("conversation", "turn_1_reply"): "Yes?"}, workflow, {})
    rows[0]["value"]["text"] += ["Do it", " "]
    assert values(read(workflow, rows)) == {
        ("conversation", "turn_1"): "Hi",
        ("conversation", "turn_1_reply"): "Yes?",
        ("conversation", "turn_2"): "Do it",
    }


@pytest.mark.parametrize("place", ["0", "5", "1.0", "first"])
def test_a_place_that_no_response_can_have_is_refused(place: str) -> None:
    """Four responses have the places 1 to 4."""
    workflow = LIBRARY.workflows["ranking"]
    [refused] = read(workflow, to_result({("place", "b"): place}, workflow, {})).refused
    assert refused.fix == "give a whole number from 1 to 4"


def test_that_a_text_was_shown_is_no_answer() -> None:
    """The tick that reveals what may disturb is the page's own business."""
    workflow = LIBRARY.workflows["safety_moderation"]
    row = {"id": "x", "from_name": "reveal", "to_name": "prompt", "type": "choices", "value": {"choices": ["shown"]}}
    assert values(read(workflow, [row])) == {}


@pytest.mark.parametrize("name", [name for name in WORKFLOWS if LIBRARY.workflows[name].sensitive])
def test_what_may_disturb_is_out_of_sight_until_it_is_asked_for(name: str) -> None:
    """No text, and no field that starts from one, stands outside the part that the tick shows."""
    root = ET.fromstring(label_config(LIBRARY.guideline(name, "en-US")))  # noqa: S314  # made a moment ago
    hidden = {
        id(element) for view in root.iter("View") if view.get("whenTagName") == "reveal" for element in view.iter()
    }
    texts = [element for element in root.iter() if element.get("value", "").startswith("$")]
    assert texts
    assert all(id(element) in hidden for element in texts)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_required_question_is_required_of_each_target(name: str) -> None:
    """Each place of a ranking too; the model's side of a conversation is nobody's to fill in."""
    root = ET.fromstring(label_config(LIBRARY.guideline(name, "en-US")))  # noqa: S314  # made a moment ago
    elements = {element.get("name"): element for element in root.iter() if element.get("toName")}
    for control in controls(LIBRARY.workflows[name]).values():
        if control.question.kind != "error_spans":
            wanted = control.question.required and control.part != "reply"
            assert (elements[in_config(control.name)].get("required") == "true") == wanted


def test_a_condition_looks_at_the_same_claim() -> None:
    """The source of a claim is asked for when the verdict on that claim needs one."""
    root = ET.fromstring(label_config(LIBRARY.guideline("fact_verification", "en-US")))  # noqa: S314
    source = next(view for view in root.iter("View") if view.get("whenTagName", "").startswith("verdict"))
    assert source.get("whenTagName") == "verdict__claims_{{idx}}"
    assert source.get("whenChoiceValue") == "supported,refuted,outdated,elsewhere"


def test_a_rating_that_decides_what_else_is_asked_has_choices() -> None:
    """Label Studio shows a question after a choice, and never after a number of stars."""
    guideline = LIBRARY.guideline("fluency_review", "en-US")
    why = Question("why", "text", "Why?", "nominal", target="response", asked_when=Condition("fluency", ("1", "2")))
    workflow = replace(guideline.workflow, questions=(*guideline.workflow.questions, why))
    root = ET.fromstring(label_config(replace(guideline, workflow=workflow)))  # noqa: S314  # made a moment ago
    [view] = [view for view in root.iter("View") if view.get("whenChoiceValue") == "1,2"]
    [scale] = [each for each in root.iter("Choices") if each.get("name") == view.get("whenTagName")]
    assert [choice.get("value") for choice in scale] == ["1", "2", "3", "4", "5"]


def test_answers_that_a_new_config_could_not_hold_are_named() -> None:
    """Codes are told by the tool; which stars were given it does not say, so a shorter scale loses those beyond it."""
    before = """<View><Choices name="c"><Choice value="Ja" alias="yes"/><Choice value="Nein" alias="no"/></Choices>
        <Rating name="r" maxRating="5"/><TextArea name="t"/></View>"""
    after = '<View><Choices name="c"><Choice value="Ja" alias="yes"/></Choices><Rating name="r" maxRating="3"/></View>'
    used = {"c": {"yes"}, "r": set(), "t": set(), "foreign": set()}
    assert orphans(used, before, after, {"c", "r"}) == {"r=4", "r=5", "t"}
    assert orphans({"c": {"no"}}, before, after, {"c", "r"}) == {"c=no"}
    assert orphans({"r": set()}, after, before, {"c", "r"}) == set()


def test_a_hotkey_is_never_given_twice() -> None:
    """Otherwise the config is refused: here a question on each of two responses keeps its key to itself."""
    base = LIBRARY.workflows["adversarial"]
    workflow = replace(base, responses=2, texts={**base.texts, "response_b": "Other"})
    root = ET.fromstring(label_config(replace(LIBRARY.guideline("adversarial", "en-US"), workflow=workflow)))  # noqa: S314
    keys = [element.get("hotkey") for element in root.iter() if element.get("hotkey")]
    assert len(keys) == len(set(keys))


def test_an_overlay_with_an_error_never_reaches_a_live_project() -> None:
    """Every guideline is read before anything is asked of the tool."""

    class Broken:
        workflows = LIBRARY.workflows

        def guideline(self, workflow: str, locale: str) -> Guideline:
            if workflow == "ranking":
                raise InvalidGuidelines([Problem("locales/en-US/ranking.yaml", 3, "wrong", "mend it")])
            return LIBRARY.guideline(workflow, locale)

    names = {"programme": "p", "title": "P", "source": "label_studio", "stage": "annotate"}
    programme = Programme(
        root=Path(),
        workflows=("preference", "ranking"),
        locales=("en-US",),
        overlap=1,
        items=(),
        annotators=(),
        **names,
    )
    untouchable: Any = None
    with pytest.raises(InvalidGuidelines, match="ranking"):
        push(programme, Broken(), untouchable, untouchable, Attachments("", ""))  # type: ignore[arg-type]
