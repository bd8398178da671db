"""The possible answers to a question, in order."""

from __future__ import annotations

from guidelines.model import Question


def steps(question: Question) -> list[tuple[str, float | None]]:
    """Each possible answer as stored: its code and its number.

    >>> steps(Question("fluency", "rating", "Fluency", "ordinal", minimum=1, maximum=3))
    [('1', 1.0), ('2', 2.0), ('3', 3.0)]
    """
    if question.kind in ("rating", "number"):
        low = 1 if question.minimum is None else int(question.minimum)
        high = 5 if question.maximum is None else int(question.maximum)
        return [(str(step), float(step)) for step in range(low, high + 1)]
    return [(choice.code, choice.number) for choice in question.choices]
