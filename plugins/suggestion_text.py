"""Suggestions as annotators read them: titles in their language, no code, no helper, no model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from string import ascii_lowercase

from guidelines.model import Guideline, Question, Workflow
from plugins.blinding import Order, mirrored
from plugins.items import Item
from plugins.suggestions import Mark, Suggestion
from plugins.targets import targets


def shown_target(target: str, order: Order) -> str:
    """Where the task shows a target of the file.

    >>> shown_target("response_1", (1, 0)), shown_target("item", (1, 0))
    ('b', 'item')
    """
    kind, _, number = target.partition("_")
    return ascii_lowercase[order.index(int(number) - 1)] if kind == "response" else target


def shown_value(value: str | None, question: Question, order: Order) -> str | None:
    """The code that says the same of the responses in the order shown."""
    turned = order != tuple(sorted(order))
    return mirrored(question, value) if value is not None and turned else value


def suggestion_text(suggestions: Iterable[Suggestion], item: Item, guideline: Guideline, order: Order) -> str:
    """What a task shows of these suggestions, each with a value, in the order of the questions."""
    by_place = {(each.question, shown_target(each.target, order)): each for each in suggestions}
    lines: list[str] = []
    for question in guideline.workflow.questions:
        for target in targets(question, guideline.workflow):
            if (question.id, target) in by_place:
                lines += _lines(by_place[question.id, target], question, target, item, guideline, order)
    return "\n".join(lines)


def _lines(
    each: Suggestion, question: Question, target: str, item: Item, guideline: Guideline, order: Order
) -> Iterator[str]:
    head = _head(question, target, guideline.workflow)
    if question.kind == "error_spans":
        marked = item.responses[int(each.target.removeprefix("response_")) - 1].text
        yield f"{head}:" if each.marks else f"{head}: {guideline.terms['no_errors']}"
        yield from (_mark(mark, marked) for mark in each.marks)
        return
    code = shown_value(each.value, question, order) or ""
    titles = {choice.code: choice.title for choice in question.choices}
    answer = f"{head}: {titles.get(code, code)}"
    yield f"{answer} – {each.reason}" if each.reason else answer


def _head(question: Question, target: str, workflow: Workflow) -> str:
    """The question's title, with the target's where several are asked about."""
    if target.startswith("claim_"):
        return f"{question.title} · {workflow.texts.get('claim', '')} {target.removeprefix('claim_')}"
    if target == "item" or workflow.responses == 1:
        return question.title
    return f"{question.title} · {workflow.texts.get(f'response_{target}', target)}"


def _mark(mark: Mark, text: str) -> str:
    """The words as they stand and as they might, and why.

    >>> _mark(Mark(4, 8, "Agreement", "sits"), "She sit. Now.")
    '“sit.” → “sits” – Agreement'
    """
    words = " ".join(text[mark.start : mark.end].split())
    better = f" → “{mark.replacement}”" if mark.replacement else ""
    return f"“{words}”{better} – {mark.message}"
