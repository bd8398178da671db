"""The `result` of one annotation as answers: every row checked, garbage refused row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from guidelines.model import Workflow
from plugins.conditions import is_asked
from plugins.frames import Refused
from plugins.gathered import Answer, MarkedSpan
from plugins.label_studio.controls import PRESCREEN, REVEAL, Control, controls, shown_text
from plugins.notices import is_notice
from plugins.values import (
    Garbled,
    code_of,
    dict_of,
    name_of,
    severity_of,
    shown,
    slice_of,
    submissions,
    value_of,
    written,
)


class Answers:
    """What one `result` list says: `answers`, `spans` and the rows that were `refused`.

    An answer to a question that was not asked, its condition not being met, is dropped without a word: the form takes
    it out of sight and Label Studio may still send it.
    """

    def __init__(self, form: Form, result: list[Any], texts: Mapping[str, Any], where: str) -> None:
        self.answers: list[Answer] = []
        self.spans: list[MarkedSpan] = []
        self.refused: list[Refused] = []
        self._form, self._texts, self._where = form, texts, where
        self._given: dict[tuple[str, str], str] = {}  # answers by question and target
        self._seen: dict[str, dict[str, Any]] = {}  # control → region → value
        for number, row in enumerate(result):
            self._guard(f"{where}, result {number}", self._sort, row)
        for control in form.controls.values():
            if control.part in ("answer", "message") and is_asked(control.question, control.target, self._given):
                self._answer(control)

    def _guard(self, row: str, step: Any, *args: Any) -> None:
        try:
            step(*args)
        except Garbled as garbled:
            self.refused.append(garbled.refused(row))

    def _sort(self, row: Any) -> None:
        """File a row under its control; only a control of the form may come, and once (once a region)."""
        name = dict_of(row, "result").get("from_name")
        control = self._form.controls.get(name) if isinstance(name, str) else None
        if control is None and name in (PRESCREEN, REVEAL):
            return
        if control is None:
            raise Garbled(
                "from_name", f"{shown(name)} is no control of this workflow", "answer with the project's own form"
            )
        region = name_of(row.get("id"), "id") if control.question.kind == "error_spans" else ""
        rows = self._seen.setdefault(control.name, {})
        if region in rows:
            raise Garbled("from_name", f"{name} is answered twice", "keep one answer a question")
        rows[region] = dict_of(row.get("value"), "value")

    def _answer(self, control: Control) -> None:
        rows, where = self._seen.get(control.name, {}), f"{self._where}, {control.name}"
        if control.question.kind == "error_spans":
            self._marked(control, rows)
        elif control.part == "message":
            self._guard(where, self._turns, control, rows)
        elif rows:
            self._guard(where, self._plain, control, rows[""])

    def _keep(self, answer: Answer) -> None:
        self.answers.append(answer)
        self._given[answer.question, answer.target] = answer.value

    def _plain(self, control: Control, value: dict[str, Any]) -> None:
        read = value_of(control.question, value, self._form.responses)
        if read is None:
            return
        text = shown_text(self._texts, control.text) if control.question.kind == "edited_text" else None
        original = text if isinstance(text, str) else None
        # A text left as it was is no answer.
        if original is None or read[0].strip() != original.strip():
            self._keep(Answer(control.question.id, control.target, *read, original))

    def _turns(self, control: Control, rows: Mapping[str, dict[str, Any]]) -> None:
        """A conversation: a row for each message and for each reply that a model gave."""
        reply = self._seen.get(f"{control.question.id}__reply", {})
        for ending, given in (("", rows), ("_reply", reply)):
            for number, text in enumerate(submissions(given.get("", {"text": []})), start=1):
                if text.strip() and not is_notice(text):
                    self._keep(Answer(control.question.id, f"turn_{number}{ending}", text, None))

    def _marked(self, control: Control, rows: Mapping[str, dict[str, Any]]) -> None:
        before = len(self.spans)
        for region, value in rows.items():
            self._guard(f"{self._where}, {control.name} {region}", self._span, control, region, value)
        found = len(self.spans) - before
        outcome = "marked" if found else "none"
        text = shown_text(self._texts, control.text)
        length = len(text) if isinstance(text, str) else None
        self._keep(Answer(control.question.id, control.target, outcome, float(found), length=length))

    def _span(self, control: Control, region: str, value: dict[str, Any]) -> None:
        question = control.question
        category = code_of(value.get("labels"), question, "labels")
        severity = severity_of(self._part(control, "severity", region), question)
        start, end, text = slice_of(value, shown_text(self._texts, control.text))
        correction = written(self._part(control, "correction", region)) or None
        weight = question.weight(category, severity)
        self.spans.append(
            MarkedSpan(question.id, control.target, region, start, end, text, category, severity, weight, correction)
        )

    def _part(self, control: Control, part: str, region: str) -> dict[str, Any]:
        value: dict[str, Any] = self._seen.get(f"{control.name}__{part}", {}).get(region, {})
        return value


@dataclass(frozen=True)
class Form:
    """A workflow's controls by name, made once and used for every annotation."""

    controls: Mapping[str, Control]
    responses: int

    @classmethod
    def of(cls, workflow: Workflow) -> Form:
        """The form of a workflow."""
        return cls(controls(workflow), workflow.responses)

    def read(self, result: list[Any], texts: Mapping[str, Any], where: str) -> Answers:
        """What a `result` list says; `texts` is the task's data, `where` names the annotation in refusals."""
        return Answers(self, result, texts, where)
