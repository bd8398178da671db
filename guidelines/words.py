"""The words of a workflow as one flat table, so that locales are merged, compared and completed place by place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from guidelines.model import Question, Workflow

TODO = "TODO"  # stands in a new locale's files wherever a text is still to be written

Spot = tuple[str, ...]
Words = dict[Spot, str]


def base_words(workflow: Workflow) -> Words:
    """Every text the base shows, by its place in a locale file; hints that the base does not have are left out.

    Places look like `("title",)`, `("texts", "prompt")`, `("questions", "errors", "choices", "grammar", "hint")` and
    `("questions", "errors", "severities", "minor")`.
    """
    words: Words = {("title",): workflow.title, ("summary",): workflow.summary}
    words |= {("texts", name): text for name, text in workflow.texts.items()}
    for question in workflow.questions:
        words |= _question_words(question)
    return {spot: word for spot, word in words.items() if word}


def _question_words(question: Question) -> Words:
    spot = ("questions", question.id)
    words: Words = {(*spot, "title"): question.title, (*spot, "hint"): question.hint}
    for choice in question.choices:
        words[(*spot, "choices", choice.code, "title")] = choice.title
        words[(*spot, "choices", choice.code, "hint")] = choice.hint
    return words | {(*spot, "severities", severity.code): severity.title for severity in question.severities}


def overlay_words(fields: Mapping[str, Any]) -> Words:
    """The texts of a locale file, by place; a choice given as a plain text is its title, and TODO is no text.

    >>> overlay_words({"title": "Titel", "questions": {"overall": {"choices": {"tie": "Gleich"}}}})
    {('title',): 'Titel', ('questions', 'overall', 'choices', 'tie', 'title'): 'Gleich'}
    """
    shown = {name: fields[name] for name in ("title", "summary", "texts", "questions") if name in fields}
    texts = ((spot, text) for spot, text in _leaves(shown, ()) if text != TODO)
    return {(*spot, "title") if _is_choice(spot) else spot: text for spot, text in texts}


def _is_choice(spot: Spot) -> bool:
    return len(spot) == 4 and spot[2] == "choices"


def _leaves(value: object, spot: Spot) -> Iterator[tuple[Spot, str]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, (*spot, key))
    elif isinstance(value, str):
        yield spot, value


def localised(workflow: Workflow, words: Words) -> Workflow:
    """The workflow with these words in place of its own; codes, numbers and weights stay."""
    return replace(
        workflow,
        title=words.get(("title",), workflow.title),
        summary=words.get(("summary",), workflow.summary),
        texts={name: words.get(("texts", name), text) for name, text in workflow.texts.items()},
        questions=tuple(_localised_question(question, words) for question in workflow.questions),
    )


def _localised_question(question: Question, words: Words) -> Question:
    def word(own: str, *spot: str) -> str:
        return words.get(("questions", question.id, *spot), own)

    choices = (
        replace(
            each,
            title=word(each.title, "choices", each.code, "title"),
            hint=word(each.hint, "choices", each.code, "hint"),
        )
        for each in question.choices
    )
    severities = (replace(each, title=word(each.title, "severities", each.code)) for each in question.severities)
    return replace(
        question,
        title=word(question.title, "title"),
        hint=word(question.hint, "hint"),
        choices=tuple(choices),
        severities=tuple(severities),
    )
