"""The `value` of one row of a result as what it says: codes, numbers, texts; garbage is told, never passed on."""

from __future__ import annotations

import math
from typing import Any

from guidelines.model import Question
from plugins.frames import Refused


class Garbled(Exception):  # never leaves the adapters: it becomes a Refused row
    """One row that says nothing readable: which field, what is wrong, how to mend it."""

    def __init__(self, field: str, message: str, fix: str) -> None:
        super().__init__(field, message, fix)
        self.field, self.message, self.fix = field, message, fix

    def refused(self, row: str) -> Refused:
        """This refusal of the row that stood there."""
        return Refused(row, self.field, self.message, self.fix)


def value_of(question: Question, value: dict[str, Any], responses: int) -> tuple[str, float | None] | None:
    """The stable code and the place on the scale; None for a text left empty. Raises Garbled.

    `responses` is how many places a ranking has.
    """
    if question.kind in ("text", "edited_text"):
        text = written(value)
        return (text, None) if text else None
    if question.kind in ("rating", "ranking"):
        return _level(question.levels if question.kind == "rating" else range(1, responses + 1), value)
    if question.kind == "number":
        return _number(question, value)
    if question.kind == "multiple_choice":
        return "|".join(sorted(_codes(value.get("choices"), question, "choices"))), None
    code = code_of(value.get("choices"), question, "choices")
    return code, question.choice(code).number


def _level(levels: range, value: dict[str, Any]) -> tuple[str, float]:
    given = value.get("rating")
    for level in levels:
        if value.get("choices") == [str(level)] or (given == level and not isinstance(given, bool)):
            return str(level), float(level)
    fix = f"give a whole number from {levels[0]} to {levels[-1]}"
    raise Garbled("rating", f"{shown(given or value.get('choices'))} is not on the scale", fix)


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
    raise Garbled(field, f"{shown(value)} is not a number", "give a finite number")


def code_of(given: Any, question: Question, field: str) -> str:
    codes = _codes(given, question, field)
    if len(codes) != 1:
        raise Garbled(field, f"{len(codes)} codes where one is asked", "choose exactly one")
    return codes[0]


def _codes(given: Any, question: Question, field: str) -> list[str]:
    return _known(given, [choice.code for choice in question.choices], field)


def severity_of(value: dict[str, Any], question: Question) -> str:
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


def slice_of(value: dict[str, Any], text: Any) -> tuple[int, int, str]:
    """The offsets (code points) and the words they mark; the task's own text wins over the row's copy of it."""
    start, end = value.get("start"), value.get("end")
    whole = [number for number in (start, end) if isinstance(number, int) and not isinstance(number, bool)]
    limit = len(text) if isinstance(text, str) else 0
    if len(whole) != 2 or not 0 <= whole[0] < whole[1] <= limit:
        raise Garbled(
            "start", f"{shown(start)} to {shown(end)} is not inside the text", f"mark from 0 to {limit} code points"
        )
    return whole[0], whole[1], encodable(text[whole[0] : whole[1]], "text")


def written(value: dict[str, Any]) -> str:
    """What was typed, "" for nothing but blanks; several submissions become lines. Raises Garbled."""
    text = "\n".join(submissions(value))
    return text if text.strip() else ""


def submissions(value: dict[str, Any]) -> list[str]:
    """What was submitted in a text area, one text a submission; raises Garbled."""
    given = value.get("text", "")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Garbled("text", "not a text", "give a text or a list of texts")
    return [encodable(text, "text") for text in texts]


def shown(value: Any) -> str:
    return repr(value)[:40]


def name_of(value: Any, field: str) -> str:
    if isinstance(value, str) and value:
        return encodable(value, field)
    raise Garbled(field, f"{shown(value)} is not a name", "give a text that is not empty")


def encodable(text: str, field: str) -> str:
    """The text, unless it holds half of a surrogate pair, which no store takes."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Garbled(field, "half a character (a lone surrogate)", "send valid Unicode") from error
    return text


def dict_of(value: Any, field: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise Garbled(field, f"{type(value).__name__} where an object is expected", "send the tool's own JSON")
