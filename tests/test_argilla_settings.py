"""Argilla's settings: what Label Studio asks is asked, code by code, for every workflow in every locale.

`python tests/test_argilla_settings.py` writes the golden files anew.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import guidelines
from guidelines import Library
from guidelines.model import Choice, Condition, Guideline, GuidelineVersion, Question, Severity, Workflow
from plugins.argilla.errors import InvalidSettings
from plugins.argilla.form import Asked, all_asked
from plugins.argilla.guideline_text import LIMIT, dataset_guidelines, field_title
from plugins.argilla.settings import DatasetSettings, frozen, settings
from plugins.label_studio.controls import controls

GOLDEN = Path(__file__).parent / "golden"
PAIRS = [("fluency_review", "ar-EG"), ("fact_verification", "en-US"), ("ranking", "en-US")]
LOCALES = sorted(
    path.name for path in (Path(guidelines.__file__).parent / "locales").iterdir() if "-" in path.name and path.is_dir()
)


@cache
def library() -> Library:
    """The guidelines that come with the product."""
    return guidelines.load()


def golden(workflow: str, locale: str) -> Path:
    """The golden file of a workflow in a locale."""
    return GOLDEN / f"argilla_{workflow}_{locale}.json"


def told(made: DatasetSettings) -> str:
    """The settings as JSON, without the guideline, which has tests of its own."""
    fields = [
        {**field, "settings": {**field["settings"], "template": "…"}} if "template" in field["settings"] else field
        for field in made.fields
    ]
    return json.dumps({"fields": fields, "questions": made.questions}, ensure_ascii=False, indent=1) + "\n"


@pytest.mark.parametrize(("workflow", "locale"), PAIRS)
def test_the_packaged_guidelines_give_the_golden_settings(workflow: str, locale: str) -> None:
    """A change of what annotators see is seen in a review."""
    assert told(settings(library().guideline(workflow, locale))) == golden(workflow, locale).read_text("utf-8")


def codes(question: dict[str, Any]) -> list[str]:
    """The codes a question can store."""
    return [str(option["value"]) for option in question["settings"].get("options", ())]


def wanted_codes(asked: Asked, workflow: Workflow) -> list[str]:
    """The codes of the guideline, as Argilla stores them."""
    question = asked.question
    if asked.part == "corrections":
        return []
    if question.kind == "ranking":
        return list("abcdefgh"[: workflow.responses])
    if question.kind == "error_spans":
        return [f"{each.code}/{severity.code}" for each, severity in product(question.choices, question.severities)]
    return [code for code, _ in question.steps]


def words(question: Question) -> set[str]:
    """Every word of the question that annotators read."""
    named = [*question.choices, *question.severities]
    hints = [choice.hint for choice in question.choices]
    return {question.title, *question.hint.split("\n"), *(each.title for each in named), *hints} - {""}


@pytest.mark.parametrize("locale", LOCALES)
def test_both_tools_ask_the_same_questions_with_the_same_codes(locale: str) -> None:
    """Every workflow: no question, target, code or word of Label Studio's form is missing in Argilla's."""
    for name, base in library().workflows.items():
        guideline = library().guideline(name, locale)
        workflow, made = guideline.workflow, settings(guideline)
        asked = all_asked(workflow)
        answers = [each for each in asked if each.part == "answer"]
        assert {(each.question.id, each.target) for each in answers} == {
            (control.question.id, "item" if control.question.kind == "ranking" else control.target)
            for control in controls(workflow).values()
        }
        assert [each["name"] for each in made.questions] == [each.name for each in asked]
        by_name = {each["name"]: each for each in made.questions}
        assert {each.name: codes(by_name[each.name]) for each in asked} == {
            each.name: wanted_codes(each, workflow) for each in asked
        }
        assert [frozen(each) for each in made.questions] == [
            frozen(each) for each in settings(replace(guideline, workflow=base)).questions
        ]
        shown = json.dumps([made.fields, made.questions], ensure_ascii=False)
        known = {
            json.dumps(each, ensure_ascii=False)[1:-1] for question in workflow.questions for each in words(question)
        }
        assert {each for each in known if each not in shown} == set()


@pytest.mark.parametrize("locale", LOCALES)
def test_argilla_takes_the_settings_of_every_workflow(locale: str) -> None:
    """Its limits of length and number hold, something is required, and no template holds a pattern of its page."""
    for name in library().workflows:
        guideline = library().guideline(name, locale)
        made = settings(guideline)
        assert 0 < len(made.guidelines) <= LIMIT
        assert any(each["required"] for each in made.questions)
        for each in (*made.fields, *made.questions):
            assert 0 < len(each["title"]) <= 500
            assert len(each.get("description", "x")) <= 1000
            options = each["settings"].get("options", [])
            assert len(options) != 1
            assert all(0 < len(option.get("text", "x")) <= 500 for option in options)
            assert "$" not in each["settings"].get("template", "")


def asked_once(question: Question, **workflow: Any) -> Guideline:
    """A guideline that asks this alone."""
    made = Workflow("probe", "1", "Probe", "Summary", 1, {"prompt": "Prompt"}, question.id, (question,))
    version = GuidelineVersion("probe", "1", "en-US", "0", "abc")
    return Guideline(replace(made, **workflow), "en-US", "ltr", version, "draft", "# Probe\n", "<h1>Probe</h1>")


def rating(low: int, high: int) -> Question:
    """A rating of the item."""
    return Question("fluency", "rating", "Fluency", "ordinal", minimum=low, maximum=high)


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [(0, 10, "rating"), (1, 7, "rating"), (-2, 2, "label_selection"), (1, 11, "label_selection")],
)
def test_a_scale_beyond_argillas_ratings_becomes_labels(low: int, high: int, kind: str) -> None:
    """Every level can be chosen."""
    (question,) = settings(asked_once(rating(low, high))).questions
    assert question["settings"]["type"] == kind
    assert codes(question) == [str(level) for level in range(low, high + 1)]


SPANS = Question(
    "errors",
    "error_spans",
    "Errors",
    "nominal",
    target="response",
    choices=(Choice("grammar", "Grammar"),),
    severities=(Severity("minor", "Minor", 1.0),),
)


@pytest.mark.parametrize(
    ("guideline", "message"),
    [
        (asked_once(SPANS, sensitive=True), "cannot hide a text in which errors are marked"),
        (asked_once(SPANS, questions=(SPANS, replace(SPANS, id="more"))), "errors are marked twice in response_a"),
    ],
)
def test_what_argilla_cannot_show_is_refused(guideline: Guideline, message: str) -> None:
    """Rather than shown in part."""
    with pytest.raises(InvalidSettings, match=message):
        settings(guideline)


def test_a_question_that_depends_on_another_says_when_and_is_not_required() -> None:
    """The hint names the other question and its answers, in the words of the locale."""
    verdict = Question(
        "verdict", "single_choice", "Verdict", "nominal", choices=(Choice("no", "No"), Choice("yes", "Yes"))
    )
    why = Question("why", "text", "Why?", "nominal", hint="Briefly.", asked_when=Condition("verdict", ("no",)))
    first, second = settings(asked_once(verdict, questions=(verdict, why))).questions
    assert (first["required"], second["required"]) == (True, False)
    assert second["description"] == "Briefly.\n▸ Verdict: No"


def test_sensitive_texts_are_in_fields_that_hide_them() -> None:
    """Every text of the item, and nothing of it in the template."""
    for name in ("safety_moderation", "red_team", "adversarial"):
        made = settings(library().guideline(name, "en-US"))
        assert {field["settings"]["type"] for field in made.fields} == {"custom"}
        assert all("blur" in field["settings"]["template"] for field in made.fields[:-1])


def test_guidelines_that_are_too_long_end_with_the_name_of_the_field_that_has_all() -> None:
    """Whole sections only; headings lose their ids, and nothing is read as a tag."""
    sections = "".join(f"## Section {number} {{#s{number}}}\n\n{'word ' * 300}<b>x</b>\n\n" for number in range(9))
    guideline = replace(asked_once(rating(1, 5)), markdown=f"# Probe\n\n{sections}")
    text = dataset_guidelines(guideline)
    assert len(text) <= LIMIT
    assert "## Section 5\n" in text
    assert "Section 6" not in text
    assert text.endswith(f"\n… {field_title(guideline)}\n")
    assert not re.search(r"<[a-z/]|\{#", text)
    short = replace(guideline, markdown="# Probe\n\n## Section {#s}\n\nword\n")
    assert dataset_guidelines(short).endswith("## Section\n\nword\n")


if __name__ == "__main__":
    for pair in PAIRS:
        golden(*pair).write_text(told(settings(library().guideline(*pair))), encoding="utf-8")
