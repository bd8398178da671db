"""One simulated person's answers to one real item, whose right answers and seeded errors are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from guidelines.model import Question, Workflow
from plugins.conditions import is_asked
from plugins.label_studio.results import Given, Span
from plugins.simulate.answers import ordered, unordered
from plugins.simulate.people import Population
from plugins.targets import targets


@dataclass(frozen=True)
class Person:
    """What one simulated annotator can do: see `people.Population`."""

    skill: float
    bias: float

    @classmethod
    def named(cls, name: str, population: Population) -> Person:
        """The person of this name: the same name always has the same skill.

        >>> Person.named("ada", Population()) == Person.named("ada", Population())
        True
        """
        one = population.draw(1, np.random.default_rng(list(name.encode())))
        return cls(float(one.skill[0]), float(one.bias[0]))


def respond(
    workflow: Workflow,
    gold: Mapping[str, str],
    seeded_errors: Sequence[Mapping[str, Any]],
    person: Person,
    rng: np.random.Generator,
) -> dict[tuple[str, str], Given]:
    """What this person answers, by (question, target); questions without a known answer stay unanswered.

    `gold` maps a question, or `question@target`, to its right code; a seeded error has `start`, `end`, `category` and
    `severity`. A person misses errors and misjudges them, but never marks what is right, and answers only what is asked
    after their own answers so far.
    """
    answers: dict[tuple[str, str], Given] = {}
    given: dict[tuple[str, str], str] = {}
    for question in workflow.questions:
        for target in targets(question, workflow):
            truth = gold.get(f"{question.id}@{target}", gold.get(question.id))
            if not is_asked(question, target, given):
                continue
            if question.kind == "error_spans":
                answers[question.id, target] = _spans(question, seeded_errors, person, rng)
            elif truth is not None and (codes := _codes(question, workflow)):
                several = [] if truth in codes else [truth]  # "x|y" of a multiple choice
                given[question.id, target] = _choose(question.scale, codes + several, truth, person, rng)
                answers[question.id, target] = given[question.id, target]
    return answers


def _codes(question: Question, workflow: Workflow) -> list[str]:
    if question.kind == "ranking":
        return [str(place) for place in range(1, workflow.responses + 1)]
    return [code for code, _ in question.steps]


def _spans(
    question: Question, seeded_errors: Sequence[Mapping[str, Any]], person: Person, rng: np.random.Generator
) -> list[Span]:
    categories = [choice.code for choice in question.choices]
    severities = [severity.code for severity in question.severities]
    return [
        Span(
            error["start"],
            error["end"],
            _choose("nominal", categories, error["category"], person, rng),
            # Lenient people find errors less severe.
            _choose("ordinal", severities, error["severity"], Person(person.skill, -person.bias), rng),
        )
        for error in seeded_errors
        if rng.random() < person.skill
    ]


def _choose(scale: str, codes: Sequence[str], truth: str, person: Person, rng: np.random.Generator) -> str:
    right, skill, bias = np.array([codes.index(truth)]), np.array([person.skill]), np.array([person.bias])
    if scale == "nominal":
        return codes[int(unordered(right, skill, len(codes), rng)[0])]
    return codes[int(ordered(right, skill, bias, len(codes), rng)[0])]
