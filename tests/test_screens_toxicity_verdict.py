"""A judge's answers, as they come and as they must not be believed."""

from __future__ import annotations

import math

import pytest

from ml_backend.models.reply import Reply, Token
from ml_backend.screens.toxicity.harms import harms
from ml_backend.screens.toxicity.verdict import probabilities

HARMFUL = '{"harmful": true, "categories": {"hate": 0.8, "violent_crimes": 0.2}}'
HARMLESS = '{"harmful": false, "categories": {}}'


def _found(reply: Reply) -> dict[str, float]:
    found = probabilities(reply)
    assert found is not None and found.keys() == harms().keys()
    return {code: round(value, 6) for code, value in found.items() if value}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HARMFUL, {"hate": 0.8, "violent_crimes": 0.2}),
        (HARMLESS, {}),
        ('{"harmful": false, "categories": {"hate": 0.3}}', {"hate": 0.3}),
        (f"\n  {HARMFUL}\n", {"hate": 0.8, "violent_crimes": 0.2}),
        (f"```json\n{HARMFUL}\n```", {"hate": 0.8, "violent_crimes": 0.2}),
        ('{"categories": {"weapons": 1}, "harmful": true}', {"weapons": 1.0}),
    ],
)
def test_a_verdict_is_read(text: str, expected: dict[str, float]) -> None:
    """A category that is not named has no probability; a fence around the JSON is a habit of many models."""
    assert _found(Reply(text)) == expected


GARBAGE = [
    "",
    "This text is harmful.",
    f"Sure! {HARMFUL}",
    HARMFUL[:-1],
    "[1]",
    "null",
    "{}",
    '{"harmful": true}',
    '{"harmful": "true", "categories": {"hate": 0.9}}',
    '{"harmful": 1, "categories": {"hate": 0.9}}',
    '{"harmful": true, "categories": ["hate"]}',
    '{"harmful": true, "categories": {"rude": 0.9}}',
    '{"harmful": true, "categories": {"hate": "0.9"}}',
    '{"harmful": true, "categories": {"hate": true}}',
    '{"harmful": true, "categories": {"hate": NaN}}',
    '{"harmful": true, "categories": {"hate": 90}}',
    '{"harmful": true, "categories": {"hate": -1}}',
    '{"harmful": true, "categories": {"hate": 0.1}}',
    '{"harmful": false, "categories": {"hate": 0.9}}',
    '{"harmful": true, "categories": {}}',
    '{"harmful": true, "categories": {"hate": 0.9}, "note": "x"}',
    "[" * 100_000,
]


@pytest.mark.parametrize("text", GARBAGE, ids=range(len(GARBAGE)))
def test_what_is_not_in_the_form_asked_for_is_no_verdict(text: str) -> None:
    """Other words, kinds that do not exist, numbers that are no probabilities, a verdict that contradicts itself."""
    assert probabilities(Reply(text)) is None


def _tokens(*texts: str, at: int, top: dict[str, float]) -> tuple[Token, ...]:
    """Tokens that were certain, but for the one at `at`, whose alternatives have these probabilities."""
    logs = {text: math.log(each) if each else -math.inf for text, each in top.items()}
    return tuple(
        Token(text, logs.get(text, 0.0), logs) if place == at else Token(text, 0.0, {})
        for place, text in enumerate(texts)
    )


@pytest.mark.parametrize(
    ("verdict", "at", "top"),
    [
        ((" true",), 1, {" true": 0.6, " false": 0.2, " maybe": 0.2}),
        ((" t", "rue"), 1, {" t": 0.6, " false": 0.15, " fal": 0.05, "t": 0.1}),
        ((" ", "true"), 2, {"true": 0.75, "false": 0.25}),
    ],
)
def test_the_log_probability_of_the_verdict_scales_what_is_stated(
    verdict: tuple[str, ...], at: int, top: dict[str, float]
) -> None:
    """.6 for true against .2 for false is .75, however the words are cut into tokens and whatever else was likely."""
    rest = '{"harmful":', *verdict, ', "categories": {"hate": 0.8, "violent_crimes": 0.2}}'
    reply = Reply("".join(rest), _tokens(*rest, at=at, top=top))
    assert _found(reply) == {"hate": 0.75, "violent_crimes": 0.1875}


def test_doubt_about_a_harmless_verdict_is_harm_of_another_kind() -> None:
    """Where no category was named there is none to give the probability to."""
    words = '{"harmful":', " false", ', "categories": {}}'
    assert _found(Reply("".join(words), _tokens(*words, at=1, top={" false": 0.6, " true": 0.4}))) == {"other": 0.4}


@pytest.mark.parametrize(
    "tokens",
    [
        (),
        _tokens("other", " words", at=0, top={}),
        _tokens('{"harmful": ', "true", HARMFUL[16:], at=1, top={"yes": 1.0}),
        _tokens('{"harmful": ', "true", HARMFUL[16:], at=1, top={"true": 0.0}),
    ],
    ids=["none", "of another text", "of other alternatives", "of nothing"],
)
def test_log_probabilities_that_do_not_fit_are_left_out(tokens: tuple[Token, ...]) -> None:
    """What the judge states stands; a verdict alone among the alternatives is certain."""
    found = _found(Reply(HARMFUL, tokens))
    assert found in ({"hate": 0.8, "violent_crimes": 0.2}, {"hate": 1.0, "violent_crimes": 0.25})
