"""What an item may say: texts that stores and browsers take, gold as answers are stored, errors that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import ascii_lowercase

from guidelines.model import Question, Workflow
from plugins.items import Item, SeededError

_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def item_mistakes(item: Item, workflow: Workflow, *, complete: bool = True) -> Iterator[tuple[str, str]]:
    """What is wrong with an item as such: its texts, carriage returns, gold, seeded errors.

    One that need not be `complete` may lack responses; claims, gold and errors, which are about them, come later then.
    """
    yield from _text_mistakes(item, workflow)
    if not complete and len(item.responses) < workflow.responses:
        return
    if len(item.responses) != workflow.responses:
        message = f"responses: {len(item.responses)} where {workflow.id} shows {workflow.responses}"
        lacks = len(item.responses) < workflow.responses
        yield message, f"give {workflow.responses}{', or run concord respond' if lacks else ''}"
    yield from _claim_mistakes(item, workflow)
    yield from _gold_mistakes(item, workflow)
    for number, error in enumerate(item.seeded_errors or ()):
        yield from _seeded_mistakes(f"seeded_errors.{number}", error, item, workflow)


def _text_mistakes(item: Item, workflow: Workflow) -> Iterator[tuple[str, str]]:
    if set(item.materials) != set(workflow.materials):
        named = ", ".join(sorted(item.materials)) or "none"
        yield f"materials: {named}", f"give {', '.join(workflow.materials) or 'none'}"
    if any("\r" in text for text in item.texts):
        yield "a text: holds a carriage return, which browsers drop", r"end lines with \n alone"
    if any(_NO_TEXT.search(text) for text in (item.item, *item.texts)):
        yield "a text: holds a NUL or half a character (a lone surrogate), which no store takes", "take it out"


def _claim_mistakes(item: Item, workflow: Workflow) -> Iterator[tuple[str, str]]:
    if workflow.claims and not 1 <= len(item.claims) <= workflow.claims:
        message = f"claims: {len(item.claims)} where {workflow.id} shows 1 to {workflow.claims}"
        yield message, f"give 1 to {workflow.claims}"
    elif item.claims and not workflow.claims:
        yield f"claims: {workflow.id} shows none", "leave them out"


def _gold_mistakes(item: Item, workflow: Workflow) -> Iterator[tuple[str, str]]:
    questions = {question.id: question for question in workflow.questions}
    for key, code in (item.gold or {}).items():
        name, _, _ = key.partition("@")
        if name not in questions:
            yield f"gold.{key}: {workflow.id} asks no such question", f"choose: {', '.join(questions)}"
        elif key not in (keys := _gold_keys(questions[name], item)):
            yield f"gold.{key}: {name} is not asked of that", f"choose: {', '.join(keys)}"
        else:
            yield from ((f"gold.{key}: {wrong}", fix) for wrong, fix in _code_mistakes(questions[name], code, item))


def _code_mistakes(question: Question, code: str, item: Item) -> Iterator[tuple[str, str]]:
    """Gold has to be as answers are stored, else nobody's answer would ever be right."""
    known = answer_codes(question, item)
    codes = code.split("|") if question.kind == "multiple_choice" else [code]
    if known and not set(codes) <= set(known):
        yield f"there is no code {code!r}", f"choose: {', '.join(known)}"
    elif codes != sorted(set(codes)):
        yield (
            f"the codes {code!r} are not each once and in the order of the alphabet",
            f"write {'|'.join(sorted(set(codes)))}",
        )


def _gold_keys(question: Question, item: Item) -> list[str]:
    """The keys under which an item may give the right answers to a question."""
    if question.target == "claim":
        return [f"{question.id}@claim_{number}" for number in range(1, len(item.claims) + 1)]
    if question.target != "response" and question.kind != "ranking":
        return [question.id]
    each = [f"{question.id}@{position}" for position, _ in zip(ascii_lowercase, item.responses, strict=False)]
    return [question.id, *each] if len(each) == 1 else each


def answer_codes(question: Question, item: Item) -> list[str]:
    """The codes that answers to a question about an item are stored as; none for numbers and texts."""
    if question.kind == "ranking":
        return [str(place) for place in range(1, len(item.responses) + 1)]
    if question.kind == "error_spans":
        return ["marked", "none"]
    return [code for code, _ in question.steps]


def _seeded_mistakes(place: str, error: SeededError, item: Item, workflow: Workflow) -> Iterator[tuple[str, str]]:
    text = item.responses[0].text if len(item.responses) == 1 else ""
    marked = text[error.start : error.end]
    if not error.text or marked != error.text:
        at = text.find(error.text)
        fix = f"start is {at}, end {at + len(error.text)}" if at >= 0 else "copy the words from the one response"
        yield f"{place}: {error.start} to {error.end} is {marked!r}, not {error.text!r}", fix
    asked = [question for question in workflow.questions if question.kind == "error_spans"]
    categories = [choice.code for question in asked for choice in question.choices]
    severities = [severity.code for question in asked for severity in question.severities]
    for name, code, known in (("category", error.category, categories), ("severity", error.severity, severities)):
        if code not in known:
            yield f"{place}.{name}: {workflow.id} has no {code!r}", f"choose: {', '.join(known)}"
