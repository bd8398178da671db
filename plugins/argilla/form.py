"""What a workflow shows and asks in Argilla: the names of fields and questions, and what each is about.

A question is named after its question; after its target too when it is asked about each response or claim:
`refusal__a`, `verdict__claim_1`. Argilla's marks hold one code and no words: each code is a category with a severity
(`grammar/minor`), and corrections are written in a text question of their own (`errors__a__corrections`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from guidelines.model import Question, Workflow
from plugins.argilla.encoding import Marked, hidden, marked, plain, read_hidden, read_plain
from plugins.suggesting import TEXT

PROMPT = "prompt"
SUGGESTION = TEXT  # the field for what helpers suggest; a record without it shows nothing
GUIDELINE = "guideline"  # the field that holds the whole guideline: see `guideline_text`


@dataclass(frozen=True)
class Asked:
    """A question in Argilla: what it asks (`part` of a question about a target) and the field it is about."""

    name: str
    question: Question
    target: str
    text: str
    part: Literal["answer", "corrections"] = "answer"


def claims(workflow: Workflow) -> tuple[str, ...]:
    """The names of the claims an item may show."""
    return tuple(f"claim_{number}" for number in range(1, workflow.claims + 1))


def texts(workflow: Workflow) -> tuple[str, ...]:
    """The fields that hold an item's texts, in the order shown; an item may have fewer claims."""
    responses = (f"response_{position}" for position in workflow.positions)
    return (PROMPT, *workflow.materials, *responses, *claims(workflow))


def marked_texts(workflow: Workflow) -> frozenset[str]:
    """The fields in which errors are marked."""
    return frozenset(asked.text for asked in all_asked(workflow) if asked.question.kind == "error_spans")


def all_asked(workflow: Workflow) -> tuple[Asked, ...]:
    """Everything Argilla asks in a workflow, in the order of its questions; claim by claim and response by response."""
    grouped = (list(group) for _, group in groupby(workflow.questions, key=lambda question: question.target))
    return tuple(asked for questions in grouped for asked in _of(questions, workflow))


def _of(questions: list[Question], workflow: Workflow) -> Iterator[Asked]:
    """What questions with the same kind of target ask about each target."""
    by_target = zip(*(_targets(question, workflow) for question in questions), strict=True)
    pairs = (pair for targets in by_target for pair in zip(questions, targets, strict=True))
    for question, (target, text) in pairs:
        name = question.id if target == "item" else f"{question.id}__{target}"
        yield Asked(name, question, target, text)
        if question.kind == "error_spans":
            yield Asked(f"{name}__corrections", question, target, text, "corrections")


def _targets(question: Question, workflow: Workflow) -> list[tuple[str, str]]:
    """The targets of a question, each with the text that an answer is about or starts from."""
    if question.target == "response":
        edits = question.edits if question.edits not in (None, "response") else None
        return [(position, edits or f"response_{position}") for position in workflow.positions]
    if question.target == "claim":
        return [(claim, claim) for claim in claims(workflow)]
    return [("item", question.edits or PROMPT)]


def to_fields(data: Mapping[str, Any], workflow: Workflow, *, rtl: bool) -> dict[str, Any]:
    """The fields of a record that shows a task's data (see `blinding.task_data`, `suggesting`)."""
    given = {**data, **{f"claim_{number}": text for number, text in enumerate(data.get("claims", ()), start=1)}}
    fields = {name: _shown(given[name], name, workflow, rtl=rtl) for name in texts(workflow) if name in given}
    if given.get(SUGGESTION):
        fields[SUGGESTION] = _shown(given[SUGGESTION], SUGGESTION, workflow, rtl=rtl)
    return {**fields, GUIDELINE: hidden("")}


def to_texts(fields: Mapping[str, Any], workflow: Workflow, *, rtl: bool) -> dict[str, str]:
    """The texts that a record's fields show, by name; raises ValueError."""
    return {
        name: _read(fields[name], name, workflow, rtl=rtl) for name in texts(workflow) if fields.get(name) is not None
    }


def to_data(item: str, shown: Mapping[str, str], workflow: Workflow) -> dict[str, Any]:
    """The task's data that a record with these texts shows."""
    named = claims(workflow)
    listed = {"claims": [shown[name] for name in named if name in shown]} if named else {}
    return {"item": item, **{name: text for name, text in shown.items() if name not in named}, **listed}


def _shown(text: str, name: str, workflow: Workflow, *, rtl: bool) -> Any:
    if workflow.sensitive:
        return hidden(text)
    return marked(text, rtl=rtl) if name in marked_texts(workflow) else plain(text)


def _read(shown: Any, name: str, workflow: Workflow, *, rtl: bool) -> str:
    """The shielded dataset of a workflow hides texts that its open one shows."""
    if workflow.sensitive or isinstance(shown, dict):
        return read_hidden(shown)
    if not isinstance(shown, str):
        raise ValueError(f"{name} is not a text")
    return Marked(shown, rtl=rtl).text if name in marked_texts(workflow) else read_plain(shown)
