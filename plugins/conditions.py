"""Which questions are asked, given the answers so far."""

from __future__ import annotations

from collections.abc import Mapping

from guidelines.model import Question


def is_asked(question: Question, target: str, given: Mapping[tuple[str, str], str]) -> bool:
    """Whether a question is asked about a target; `given` maps (question, target) to values as in `frames.JUDGMENTS`.

    A condition looks at the answer about the same target, or about the item where the other question is asked once.

    >>> from guidelines.model import Condition
    >>> why = Question("why", "text", "Why?", "nominal", asked_when=Condition("verdict", ("no",)))
    >>> is_asked(why, "item", {("verdict", "item"): "yes"})
    False
    """
    when = question.asked_when
    if when is None:
        return True
    value = given.get((when.question, target), given.get((when.question, "item"), ""))
    return not set(when.codes).isdisjoint(value.split("|"))
