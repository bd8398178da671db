"""Worked examples: an item with its right answers and the reason, checked against the workflow's questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from guidelines.errors import Problem
from guidelines.model import Example, Mark, Question, Workflow
from guidelines.question_rules import entries
from guidelines.schema import form_problems
from guidelines.wording import instead
from guidelines.workflow_file import name_problems
from guidelines.yaml_file import Document, Place

_WRITTEN = ("text", "edited_text", "conversation")
_Given = dict[tuple[str, str], tuple[Place, Any]]  # (question, target): where the answer stands, and the answer


def base_examples_problems(document: Document, workflow: Workflow | None) -> list[Problem]:
    """Everything wrong with base/<workflow>.examples.yaml; `workflow` is None if the base has none that is right."""
    problems = form_problems(document, "examples")
    name = PurePath(document.file).name.removesuffix(".examples.yaml")
    problems += name_problems(document, "workflow", name, "the file's name")
    if problems or workflow is None:
        return problems
    return [*_id_problems(document), *_examples_problems(document, {name: workflow}, name)]


def locale_examples_problems(document: Document, workflows: Mapping[str, Workflow | None]) -> list[Problem]:
    """Everything wrong with locales/<tag>/examples.yaml; a workflow is None while its base file has problems."""
    problems = form_problems(document, "locale_examples")
    problems += name_problems(document, "locale", PurePath(document.file).parent.name, "the folder's name")
    return problems or [*_id_problems(document), *_examples_problems(document, workflows, "")]


def examples_of(document: Document | None, workflow: Workflow, language: str) -> tuple[Example, ...]:
    """The examples of one workflow in a file without problems; none if there is no file."""
    fields = document.value if document is not None else {"examples": []}
    return tuple(
        _example(each, workflow, language)
        for each in fields["examples"]
        if each.get("workflow", workflow.id) == workflow.id
    )


def _example(fields: Mapping[str, Any], workflow: Workflow, language: str) -> Example:
    marks = fields.get("errors")
    return Example(
        id=fields["id"],
        workflow=workflow.id,
        title=fields["title"],
        language=language,
        prompt=fields["prompt"],
        answers={key: _stored(answer) for key, (_, answer) in _given(fields["answers"], workflow, ()).items()},
        why=fields["why"].strip(),
        responses=tuple(fields.get("responses", ())),
        claims=tuple(fields.get("claims", ())),
        materials=dict(fields.get("materials", {})),
        errors=None if marks is None else tuple(Mark(**each) for each in marks),
    )


def _stored(answer: str | Sequence[str]) -> str:
    """An answer as it is stored: several codes in order of the alphabet, between strokes."""
    return answer if isinstance(answer, str) else "|".join(sorted(answer))


def _id_problems(document: Document) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, example in entries(document.value, "examples"):
        place, name = ("examples", index, "id"), example["id"]
        if name in first:
            message = f"the example {name!r} stands twice in this file, first on line {first[name]}"
            yield document.problem(place, message, "give one of them another id")
        first.setdefault(name, document.line(place))


def _examples_problems(document: Document, workflows: Mapping[str, Workflow | None], only: str) -> Iterator[Problem]:
    for index, example in entries(document.value, "examples"):
        name = example.get("workflow", only)
        workflow = workflows.get(name)
        if workflow is not None:
            yield from _Checked(document, ("examples", index), example, workflow).problems()
        elif name not in workflows:
            message = f"there is no workflow {name!r} in base/"
            yield document.problem(("examples", index, "workflow"), message, instead(name, workflows))


def _targets(question: Question, workflow: Workflow, claims: int) -> list[str]:
    """What the question is asked of, and so what an example must answer."""
    if question.kind == "ranking" or question.target == "response":
        return list(workflow.positions)
    return [f"claim_{number}" for number in range(1, claims + 1)] if question.target == "claim" else ["item"]


def _given(answers: Mapping[str, Any], workflow: Workflow, place: Place) -> _Given:
    """The answers by question and target; one without a target is of the item or of the only response.

    An empty list says that nothing is chosen, and is no answer.
    """
    found: _Given = {}
    for name, answer in answers.items():
        if isinstance(answer, dict):
            found |= {(name, target): ((*place, name, target), each) for target, each in answer.items()}
        else:
            found[name, _only_target(name, workflow)] = ((*place, name), answer)
    return {key: each for key, each in found.items() if each[1] != []}


def _only_target(name: str, workflow: Workflow) -> str:
    question = next((each for each in workflow.questions if each.id == name), None)
    return "a" if question is not None and question.target == "response" and workflow.responses == 1 else "item"


class _Checked:
    """One example, held against its workflow."""

    def __init__(self, document: Document, place: Place, example: Mapping[str, Any], workflow: Workflow) -> None:
        self._document, self._place, self._example, self._workflow = document, place, example, workflow
        self._questions = {each.id: each for each in workflow.questions}
        self._given = _given(example["answers"], workflow, (*place, "answers"))

    def problems(self) -> Iterator[Problem]:
        yield from self._shown()
        for (name, target), (place, answer) in self._given.items():
            yield from self._answer(name, target, place, answer)
        yield from self._missing()
        yield from self._marks()

    def _problem(self, place: Place, message: str, fix: str) -> Problem:
        return self._document.problem(place, f"{self._example['id']}: {message}", fix)

    def _shown(self) -> Iterator[Problem]:
        """An example shows what an item of its workflow shows."""
        workflow, claims = self._workflow, len(self._example.get("claims", ()))
        if len(self._example.get("responses", ())) != workflow.responses:
            message = f"an item of {workflow.id} shows {workflow.responses} responses"
            yield self._problem((*self._place, "responses"), message, "give as many, or leave responses out for 0")
        if not (1 <= claims <= workflow.claims or claims == workflow.claims == 0):
            message = f"an item of {workflow.id} shows {f'1 to {workflow.claims}' if workflow.claims else 'no'} claims"
            yield self._problem((*self._place, "claims"), message, "give as many")
        if set(self._example.get("materials", ())) != set(workflow.materials):
            message = f"the materials of {workflow.id} are: {', '.join(workflow.materials) or 'none'}"
            yield self._problem((*self._place, "materials"), message, "give these and no others")

    def _answer(self, name: str, target: str, place: Place, answer: Any) -> Iterator[Problem]:
        question = self._questions.get(name)
        if question is None or question.kind == "error_spans":
            known = [each.id for each in self._workflow.questions if each.kind != "error_spans"]
            message = f"{self._workflow.id} has no question {name!r} to answer here"
            yield self._problem(place, message, instead(name, known))
            return
        targets = self._targets(question)
        if target not in targets:
            fix = "write one answer" if targets in (["item"], ["a"]) else f"answer for each of: {', '.join(targets)}"
            yield self._problem(place, f"{name!r} is not asked of {target!r}", fix)
        elif not self._asked(question, target):
            fix = "remove the answer, or change the one it depends on"
            yield self._problem(place, f"{name!r} is not asked after these answers", fix)
        else:
            yield from self._value(question, place, answer)

    def _value(self, question: Question, place: Place, answer: Any) -> Iterator[Problem]:
        several = question.kind == "multiple_choice"
        if isinstance(answer, str) == several:
            fix = "write a list: [one, another]" if several else "write one code or text"
            yield self._problem(place, f"{question.id!r} takes {'a list of codes' if several else 'one answer'}", fix)
            return
        known = self._codes(question)
        for code in answer if several else [answer]:
            if known and code not in known:
                yield self._problem(place, f"{question.id!r} has no code {code!r}", instead(code, known))
        if question.kind == "number" and not _between(answer, question.minimum, question.maximum):
            yield self._problem(place, f"{answer!r} is no number that {question.id!r} allows", "write it in digits")

    def _codes(self, question: Question) -> list[str]:
        if question.kind == "ranking":
            return [str(place) for place in range(1, self._workflow.responses + 1)]
        return [code for code, _ in question.steps]

    def _missing(self) -> Iterator[Problem]:
        """What an annotator would have to choose; written answers have no one right wording."""
        for question in self._workflow.questions:
            if not question.required or question.kind in (*_WRITTEN, "error_spans"):
                continue
            for target in self._targets(question):
                if (question.id, target) not in self._given and self._asked(question, target):
                    about = "" if target in ("item", _only_target(question.id, self._workflow)) else f" for {target}"
                    message = f"{question.id!r} is not answered{about}"
                    yield self._problem((*self._place, "answers"), message, f"add {question.id}: …")

    def _targets(self, question: Question) -> list[str]:
        return _targets(question, self._workflow, len(self._example.get("claims", ())))

    def _asked(self, question: Question, target: str) -> bool:
        condition = question.asked_when
        if condition is None:
            return True
        other = self._questions[condition.question]
        _, answer = self._given.get((other.id, target if other.target == question.target else "item"), ((), ""))
        return bool({answer} & set(condition.codes) if isinstance(answer, str) else set(answer) & set(condition.codes))

    def _marks(self) -> Iterator[Problem]:
        """Errors are marked in the only response; where there are several, or nothing to mark, there are none."""
        spans = next((each for each in self._workflow.questions if each.kind == "error_spans"), None)
        given, place = self._example.get("errors"), (*self._place, "errors")
        if spans is None or self._workflow.responses != 1:
            if given is not None:
                yield self._problem(place, "nothing is marked in this workflow's examples", "remove errors")
        elif given is None:
            yield self._problem(self._place, "errors is missing", "list what is to be marked; errors: [] for nothing")
        else:
            for index, mark in enumerate(given):
                yield from self._mark(spans, (*place, index), mark)

    def _mark(self, spans: Question, place: Place, mark: Mapping[str, str]) -> Iterator[Problem]:
        times = "".join(self._example.get("responses", ())).count(mark["text"])
        if times != 1:
            message = f"{mark['text']!r} stands {times} times in the response"
            yield self._problem((*place, "text"), message, "give the words as they stand there, and enough of them")
        for field, listed in (("category", spans.choices), ("severity", spans.severities)):
            known = [each.code for each in listed]
            if mark[field] not in known:
                message = f"{spans.id!r} has no {field} {mark[field]!r}"
                yield self._problem((*place, field), message, instead(mark[field], known))


def _between(answer: str, low: float | None, high: float | None) -> bool:
    try:
        number = float(answer)
    except ValueError:
        return False
    return (low is None or number >= low) and (high is None or number <= high)
