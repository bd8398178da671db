"""The `result` of one annotation as answers: every row checked, garbage refused row by row."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from guidelines.model import Question, Workflow
from plugins.frames import Refused
from plugins.label_studio.controls import PRESCREEN, Control, controls


@dataclass(frozen=True)
class Answer:
    """One answer as in `frames.JUDGMENTS`."""

    question: str
    target: str
    value: str
    number: float | None
    original: str | None = None


@dataclass(frozen=True)
class MarkedSpan:
    """One marked error as in `frames.SPANS`."""

    question: str
    target: str
    span: str
    start: int
    end: int
    text: str
    category: str
    severity: str
    weight: float
    correction: str | None


class Garbled(Exception):  # never seen outside this package: it becomes a Refused row
    """One row that says nothing readable: which field, what is wrong, how to mend it."""

    def __init__(self, field: str, message: str, fix: str) -> None:
        super().__init__(field, message, fix)
        self.field, self.message, self.fix = field, message, fix

    def refused(self, row: str) -> Refused:
        """This refusal of the row that stood there."""
        return Refused(row, self.field, self.message, self.fix)


class Answers:
    """What one `result` list says: `answers`, `spans` and the rows that were `refused`."""

    def __init__(self, form: Form, result: list[Any], texts: Mapping[str, Any], where: str) -> None:
        self.answers: list[Answer] = []
        self.spans: list[MarkedSpan] = []
        self.refused: list[Refused] = []
        self._form, self._texts, self._where = form, texts, where
        self._seen: dict[str, dict[str, Any]] = {}  # control → region → value
        for number, row in enumerate(result):
            self._guard(f"{where}, result {number}", self._sort, row)
        for name, control in form.controls.items():
            if control.part == "answer":
                self._answer(name, control)

    def _guard(self, row: str, step: Any, *args: Any) -> None:
        try:
            step(*args)
        except Garbled as garbled:
            self.refused.append(garbled.refused(row))

    def _sort(self, row: Any) -> None:
        """File a row under its control; only a control of the form may come, and once (once a region)."""
        name = _dict(row, "result").get("from_name")
        if name == PRESCREEN:
            return
        control = self._form.controls.get(name) if isinstance(name, str) else None
        if control is None:
            raise Garbled(
                "from_name", f"{_shown(name)} is no control of this workflow", "answer with the project's own form"
            )
        region = _text(row.get("id"), "id") if control.question.kind == "error_spans" else ""
        rows = self._seen.setdefault(control.name, {})
        if region in rows:
            raise Garbled("from_name", f"{name} is answered twice", "keep one answer a question")
        rows[region] = _dict(row.get("value"), "value")

    def _answer(self, name: str, control: Control) -> None:
        rows = self._seen.get(name, {})
        if control.question.kind == "error_spans":
            self._marked(control, rows)
        elif rows:
            self._guard(f"{self._where}, {name}", self._plain, control, rows[""])

    def _plain(self, control: Control, value: dict[str, Any]) -> None:
        read = _value(control.question, value)
        if read is not None:
            self.answers.append(Answer(control.question.id, control.target, *read))

    def _marked(self, control: Control, rows: Mapping[str, dict[str, Any]]) -> None:
        before = len(self.spans)
        for region, value in rows.items():
            self._guard(f"{self._where}, {control.name} {region}", self._span, control, region, value)
        found = len(self.spans) - before
        outcome = "marked" if found else "none"
        self.answers.append(Answer(control.question.id, control.target, outcome, float(found)))

    def _span(self, control: Control, region: str, value: dict[str, Any]) -> None:
        question = control.question
        category = _code(value.get("labels"), question, "labels")
        severity = _severity(self._part(control, "severity", region), question)
        start, end, text = _slice(value, self._texts.get(control.text))
        correction = _written(self._part(control, "correction", region)) or None
        weight = question.severity(severity).weight
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

    @classmethod
    def of(cls, workflow: Workflow) -> Form:
        """The form of a workflow."""
        return cls(controls(workflow))

    def read(self, result: list[Any], texts: Mapping[str, Any], where: str) -> Answers:
        """What a `result` list says; `texts` is the task's data, `where` names the annotation in refusals."""
        return Answers(self, result, texts, where)


def _value(question: Question, value: dict[str, Any]) -> tuple[str, float | None] | None:
    """The stable code and the place on the scale; None for a text left empty."""
    if question.kind == "text":
        written = _written(value)
        return (written, None) if written else None
    if question.kind == "rating":
        return _rating(question, value)
    if question.kind == "number":
        return _number(question, value)
    if question.kind == "multiple_choice":
        return "|".join(sorted(_codes(value.get("choices"), question, "choices"))), None
    code = _code(value.get("choices"), question, "choices")
    return code, question.choice(code).number


def _rating(question: Question, value: dict[str, Any]) -> tuple[str, float]:
    given = value.get("rating")
    levels = question.levels
    for level in levels:
        if value.get("choices") == [str(level)] or (given == level and not isinstance(given, bool)):
            return str(level), float(level)
    fix = f"give a whole number from {levels[0]} to {levels[-1]}"
    raise Garbled("rating", f"{_shown(given)} is not on the scale", fix)


def _number(question: Question, value: dict[str, Any]) -> tuple[str, float]:
    given = finite(value.get("number"), "number")
    low = -math.inf if question.minimum is None else question.minimum
    high = math.inf if question.maximum is None else question.maximum
    if not low <= given <= high:
        raise Garbled("number", f"{given:g} is out of range", f"give a number from {low:g} to {high:g}")
    return plain(given), given


def plain(number: float) -> str:
    """A number as text, exact, without a needless ".0".

    >>> plain(4.0), plain(0.1)
    ('4', '0.1')
    """
    return str(int(number)) if number.is_integer() else repr(number)


def finite(value: Any, field: str) -> float:
    """The value as a finite number; raises Garbled."""
    try:
        if not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(number := float(value)):
            return number
    except OverflowError:
        pass  # an integer beyond every float: told below like any other non-number
    raise Garbled(field, f"{_shown(value)} is not a number", "give a finite number")


def _code(given: Any, question: Question, field: str) -> str:
    codes = _codes(given, question, field)
    if len(codes) != 1:
        raise Garbled(field, f"{len(codes)} codes where one is asked", "choose exactly one")
    return codes[0]


def _codes(given: Any, question: Question, field: str) -> list[str]:
    return _known(given, [choice.code for choice in question.choices], field)


def _severity(value: dict[str, Any], question: Question) -> str:
    codes = _known(value.get("choices"), [severity.code for severity in question.severities], "severity")
    if len(codes) != 1:
        raise Garbled("severity", f"{len(codes)} severities where one is asked", "choose exactly one")
    return codes[0]


def _known(given: Any, known: list[str], field: str) -> list[str]:
    codes = [given] if isinstance(given, str) else given
    if not isinstance(codes, list) or not codes:
        raise Garbled(field, "no code is given", f"choose from: {', '.join(known)}")
    unknown = [str(code)[:40] for code in codes if code not in known]
    if unknown or len(set(codes)) < len(codes):
        raise Garbled(
            field, f"unknown or repeated code: {', '.join(unknown or codes)}", f"choose from: {', '.join(known)}"
        )
    return codes


def _slice(value: dict[str, Any], text: Any) -> tuple[int, int, str]:
    """The offsets (code points) and the words they mark; the task's own text wins over the row's copy of it."""
    start, end = value.get("start"), value.get("end")
    whole = [number for number in (start, end) if isinstance(number, int) and not isinstance(number, bool)]
    limit = len(text) if isinstance(text, str) else 0
    if len(whole) != 2 or not 0 <= whole[0] < whole[1] <= limit:
        raise Garbled(
            "start", f"{_shown(start)} to {_shown(end)} is not inside the text", f"mark from 0 to {limit} code points"
        )
    return whole[0], whole[1], encodable(text[whole[0] : whole[1]], "text")


def _written(value: dict[str, Any]) -> str:
    """What was typed; several submissions become lines."""
    given = value.get("text", "")
    lines = [given] if isinstance(given, str) else given
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise Garbled("text", "not a text", "give a text or a list of texts")
    written = encodable("\n".join(lines), "text")
    return written if written.strip() else ""


def _shown(value: Any) -> str:
    return repr(value)[:40]


def _text(value: Any, field: str) -> str:
    if isinstance(value, str) and value:
        return encodable(value, field)
    raise Garbled(field, f"{_shown(value)} is not a name", "give a text that is not empty")


def encodable(text: str, field: str) -> str:
    """The text, unless it holds half of a surrogate pair, which no store takes."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Garbled(field, "half a character (a lone surrogate)", "send valid Unicode") from error
    return text


def _dict(value: Any, field: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise Garbled(field, f"{type(value).__name__} where an object is expected", "send the tool's own JSON")
