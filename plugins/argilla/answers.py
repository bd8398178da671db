"""The `values` of one submitted response as answers: garbage is refused value by value.

Dropped without a word, because Argilla always shows every question: answers to questions that were not asked (their
condition is not met, or the item has no such claim), and texts left as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from guidelines.model import Guideline, Question
from plugins.argilla.corrections import corrections
from plugins.argilla.encoding import Marked
from plugins.argilla.form import Asked, all_asked, to_texts
from plugins.argilla.transcript import turns
from plugins.conditions import is_asked
from plugins.frames import Refused
from plugins.gathered import Answer, MarkedSpan
from plugins.values import Garbled, code_of, dict_of, encodable, severity_of, shown, value_of


@dataclass(frozen=True)
class Form:
    """What is asked in a dataset, made once and used for every response."""

    asked: tuple[Asked, ...]
    guideline: Guideline

    @classmethod
    def of(cls, guideline: Guideline) -> Form:
        """The form of a guideline."""
        return cls(all_asked(guideline.workflow), guideline)

    @property
    def rtl(self) -> bool:
        """Whether its texts were encoded for a right-to-left locale."""
        return self.guideline.direction == "rtl"

    def texts(self, fields: Mapping[str, Any]) -> dict[str, str]:
        """The texts that a record shows; raises Garbled."""
        try:
            return to_texts(fields, self.guideline.workflow, rtl=self.rtl)
        except ValueError as error:
            raise Garbled("fields", str(error), "leave the fields as `concord push` wrote them") from error


class Answers:
    """What the `values` of a response say: `answers`, `spans` and the values that were `refused`."""

    def __init__(self, form: Form, values: Mapping[str, Any], fields: Mapping[str, Any], where: str) -> None:
        self.answers: list[Answer] = []
        self.spans: list[MarkedSpan] = []
        self.refused: list[Refused] = []
        self._form, self._values, self._fields, self._where = form, values, fields, where
        self._texts = form.texts(fields)
        self._given: dict[tuple[str, str], str] = {}
        for name in sorted(values.keys() - {asked.name for asked in form.asked}):
            self._refuse(name, Garbled("values", f"{shown(name)} is no question of this workflow", "see the dataset"))
        for asked in form.asked:
            if asked.part == "answer" and asked.text in self._texts and self._is_asked(asked):
                self._guarded(asked)

    def _is_asked(self, asked: Asked) -> bool:
        return is_asked(asked.question, asked.target, self._given)

    def _refuse(self, name: str, garbled: Garbled) -> None:
        self.refused.append(garbled.refused(f"{self._where}, {name}"))

    def _guarded(self, asked: Asked) -> None:
        try:
            self._answer(asked, self._value(asked.name))
        except Garbled as garbled:
            self._refuse(asked.name, garbled)

    def _value(self, name: str) -> Any:
        """None for a question without an answer."""
        return dict_of(self._values[name], "value").get("value") if self._values.get(name) is not None else None

    def _answer(self, asked: Asked, value: Any) -> None:
        if asked.question.kind == "error_spans":
            self._marked(asked, value or [])
        elif value is None:
            return
        elif asked.question.kind == "ranking":
            self._places(asked.question, value)
        elif asked.question.kind == "conversation":
            self._turns(asked.question, value)
        else:
            self._plain(asked, value)

    def _keep(self, answer: Answer) -> None:
        self.answers.append(answer)
        self._given[answer.question, answer.target] = answer.value

    def _plain(self, asked: Asked, value: Any) -> None:
        read = value_of(asked.question, _as_read(asked.question, value), 0)
        original = self._texts[asked.text] if asked.question.kind == "edited_text" else None
        if read is not None and (original is None or read[0].strip() != original.strip()):
            self._keep(Answer(asked.question.id, asked.target, *read, original))

    def _places(self, question: Question, value: Any) -> None:
        """A row for each response; ties are places of their own."""
        expected = self._form.guideline.workflow.positions
        places = [(str(dict_of(each, "value").get("value")), each.get("rank")) for each in _list(value)]
        if sorted(position for position, _ in places) != list(expected):
            raise Garbled("ranking", "not every response has one place", "give each response one place")
        for position, rank in sorted(places):
            read = value_of(question, {"rating": rank}, len(expected))
            if read is not None:
                self._keep(Answer(question.id, position, *read))

    def _turns(self, question: Question, value: Any) -> None:
        try:
            said = list(turns(_text(value))) if _text(value).strip() else []
        except ValueError as error:
            raise Garbled("conversation", str(error), "begin each message with >> and each reply with <<") from error
        for target, text in said:
            self._keep(Answer(question.id, target, text, None))

    def _marked(self, asked: Asked, value: Any) -> None:
        read = [span for number, each in enumerate(_list(value)) if (span := self._span(asked, number, each))]
        spans = sorted(set(read), key=lambda span: (span.start, span.end, span.span))
        self.spans += self._corrected(spans, f"{asked.name}__corrections")
        outcome, length = "marked" if spans else "none", len(self._texts[asked.text])
        self._keep(Answer(asked.question.id, asked.target, outcome, float(len(spans)), length=length))

    def _corrected(self, spans: list[MarkedSpan], name: str) -> list[MarkedSpan]:
        try:
            written = self._value(name)
            lines = corrections("" if written is None else _text(written), [span.text for span in spans])
        except Garbled as garbled:
            self._refuse(name, garbled)
            return spans
        for line in lines.astray:
            told = Garbled("corrections", f"{shown(line)} belongs to no mark", "write: marked words = correction")
            self._refuse(name, told)
        return [replace(span, correction=lines.by_mark.get(place)) for place, span in enumerate(spans)]

    def _span(self, asked: Asked, number: int, value: Any) -> MarkedSpan | None:
        try:
            return self._read_span(asked, dict_of(value, "value"))
        except Garbled as garbled:
            self._refuse(f"{asked.name} {number}", garbled)
            return None

    def _read_span(self, asked: Asked, value: dict[str, Any]) -> MarkedSpan:
        question = asked.question
        category, _, severity = str(value.get("label")).partition("/")
        category = code_of(category, question, "label")
        severity = severity_of({"choices": severity}, question)
        start, end = self._points(asked, value)
        text = encodable(self._texts[asked.text][start:end], "text")
        span, weight = f"{start}-{end}-{category}-{severity}", question.weight(category, severity)
        return MarkedSpan(question.id, asked.target, span, start, end, text, category, severity, weight, None)

    def _points(self, asked: Asked, value: dict[str, Any]) -> tuple[int, int]:
        start, end = value.get("start"), value.get("end")
        try:
            if type(start) is not int or type(end) is not int:
                raise ValueError("not two whole numbers")
            first, last = Marked(self._fields[asked.text], rtl=self._form.rtl).points(start, end)
            if not first < last:
                raise ValueError("nothing is marked")
        except ValueError as error:
            raise Garbled("start", f"{shown(start)} to {shown(end)}: {error}", "mark words of the text") from error
        return first, last


def _as_read(question: Question, value: Any) -> dict[str, Any]:
    """The value in the words of `values.value_of`."""
    if question.kind in ("text", "edited_text"):
        return {"text": _text(value)}
    if question.kind == "number":
        return {"number": _number(value)}
    if question.kind == "rating":
        return {"rating": value, "choices": [value]}
    return {"choices": value}


def _number(value: Any) -> Any:
    """The number in a text, in the digits of any script; other texts stay as they are, to be refused."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    raise Garbled("value", f"{type(value).__name__} where a list is expected", "send Argilla's own JSON")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return encodable(value, "value")
    raise Garbled("value", f"{type(value).__name__} where a text is expected", "send Argilla's own JSON")
