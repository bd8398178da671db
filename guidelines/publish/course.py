"""A guideline as a short course: its sections, its worked examples, and questions with feedback, on one HTML page."""

from __future__ import annotations

from dataclasses import dataclass

from guidelines.assembly import status_line
from guidelines.example_text import answer_text, target_name
from guidelines.formats import locale_name
from guidelines.model import Clause, Example, Guideline, Question
from guidelines.publish.pages import coded_answers, templates
from guidelines.render import section_html
from guidelines.tags import parse_locale

EXAMPLES = "examples"
_MOST = 3  # questions a step: more would test patience


@dataclass(frozen=True)
class Option:
    """An answer to choose; `right` says whether it is the known one."""

    value: str
    title: str
    right: bool


@dataclass(frozen=True)
class Ask:
    """A question about an example: about what, its options, and the right answer in words."""

    title: str
    about: str
    options: tuple[Option, ...]
    answer: str


@dataclass(frozen=True)
class Case:
    """An example as a step of the course: what is judged, what is asked, and why the answer is right."""

    example: Example
    direction: str
    responses: tuple[tuple[str, str], ...]
    materials: tuple[tuple[str, str], ...]
    claims: tuple[tuple[str, str], ...]
    asks: tuple[Ask, ...]
    marks: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Step:
    """One step: a section to read, or a case to judge."""

    clause: Clause | None = None
    case: Case | None = None


def course(guideline: Guideline) -> str:
    """The course of one workflow in one locale, as one HTML page that needs nothing else.

    It shows the sections one by one and then each worked example as a task: the reader answers, and is told the right
    answer and why. Only answers that are chosen from a list are asked, at most three an example, the one that sums the
    workflow up first.
    """
    read = [Step(clause=clause) for clause in guideline.clauses if clause.id != EXAMPLES and clause.title]
    cases = [Step(case=_case(example, guideline)) for example in guideline.examples]
    page = templates().get_template("course.html")
    return page.render(
        guideline=guideline,
        workflow=guideline.workflow,
        terms=guideline.terms,
        name=locale_name(guideline.locale),
        status=status_line(guideline.signed_off, guideline.terms, guideline.locale),
        steps=[*read, *(step for step in cases if step.case and step.case.asks)],
    )


def _case(example: Example, guideline: Guideline) -> Case:
    workflow = guideline.workflow
    direction = parse_locale(example.language).direction
    names = [workflow.texts[f"response_{letter}"] for letter in workflow.positions]
    claim = workflow.texts.get("claim", "")
    return Case(
        example=example,
        direction=direction,
        responses=tuple(zip(names, example.responses, strict=True)),
        materials=tuple((workflow.texts[name], text) for name, text in example.materials.items()),
        claims=tuple((f"{claim} {number}", text) for number, text in enumerate(example.claims, start=1)),
        asks=_asks(example, guideline),
        marks=_marks(example, guideline),
        why=section_html(example.why, example.language, direction),
    )


def _asks(example: Example, guideline: Guideline) -> tuple[Ask, ...]:
    workflow = guideline.workflow
    known = [each for each in coded_answers(example, workflow) if each[0].kind != "multiple_choice"]
    known.sort(key=lambda each: each[0].id != workflow.headline)
    headline = [each for each in known if each[0].id == workflow.headline]
    return tuple(
        Ask(question.title, target_name(workflow, target), _options(question, value, len(example.responses)), shown)
        for question, target, value in known[: max(_MOST, len(headline))]
        for shown in [answer_text(question, value)]
    )


def _options(question: Question, right: str, responses: int) -> tuple[Option, ...]:
    if question.kind == "ranking":
        steps = [(str(place), str(place)) for place in range(1, responses + 1)]
    elif question.kind == "rating":
        steps = [(str(level), str(level)) for level in question.levels]
    else:
        steps = [(choice.code, choice.title) for choice in question.choices]
    return tuple(Option(code, title, code == right) for code, title in steps)


def _marks(example: Example, guideline: Guideline) -> tuple[str, ...]:
    """What is to be marked, in words; one line that says so where nothing is."""
    spans = next((question for question in guideline.workflow.questions if question.kind == "error_spans"), None)
    if spans is None or example.errors is None:
        return ()
    found = (
        f"“{mark.text}”: {spans.choice(mark.category).title}, {spans.severity(mark.severity).title}"
        + (f" → {mark.correction}" if mark.correction else "")
        for mark in example.errors
    )
    return tuple(found) or (guideline.terms["no_errors"],)
