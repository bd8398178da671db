"""Chat models as judges: what they are asked, which answers count, and what becomes of a preference for a position."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from ml_model_endpoint import KEY, Handler, ModelServer, event, model_server
from tiny_models import save_chat_model

import guidelines
from ml_backend.errors import GarbledAnswer, ModelFailed
from ml_backend.helpers.chat import ChatHelper
from ml_backend.helpers.model import INCONSISTENT, Asked
from ml_backend.helpers.prompts import clauses, prompt, read_places, read_reasoned
from ml_backend.models.asking import Models
from ml_backend.models.patience import Patience
from ml_backend.settings import Endpoint, Settings
from plugins.items import Item, Response

LIBRARY = guidelines.load()
TWO = Item("two", "preference", "en-US", "Where?", (Response("In the garden.", "m"), Response("No idea.", "n")))
FOUR = Item(
    "four", "ranking", "en-US", "Name a colour.", tuple(Response(each, "m") for each in ("Red", "Up", "Blu", "4"))
)
ONE = Item("one", "response_rating", "en-US", "Where?", (Response("In the garden.", "m"),))

Name = Literal["judge", "rubric"]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A model that answers as the test says."""
    with model_server() as running:
        yield running


def asked(item: Item, question: str, *targets: str) -> Asked:
    """A question about an item, in its locale."""
    guideline = LIBRARY.guideline(item.workflow, item.locale)
    return Asked(item, guideline, guideline.workflow.question(question), targets or ("item",))


def helper(endpoint: Endpoint, folder: Path, name: Name = "judge") -> ChatHelper:
    """A helper that keeps its records in this folder."""
    models = Models(Settings(models={endpoint.name: endpoint}), folder)
    return ChatHelper(name, models, endpoint, "demo", Patience(ahead=True))


def answering(choose: Callable[[str], str]) -> Callable[[Handler, dict[str, Any]], None]:
    """A model whose answer depends on what it is asked."""

    def behave(handler: Handler, body: dict[str, Any]) -> None:
        handler.send(event(choose(body["messages"][-1]["content"])) + b"data: [DONE]\n\n")

    return behave


def test_a_code_that_was_offered_is_the_answer(server: ModelServer, tmp_path: Path) -> None:
    """White space around it is no matter; the provider names the model and the form of the question."""
    server.behave = answering(lambda _: " 4\n")
    (found,) = helper(server.endpoint, tmp_path).propose(asked(ONE, "relevance", "response_1"))
    assert (found.value, found.reason, found.probability) == ("4", None, None)
    assert found.provider == "aurora aurora-7b judge/1"


@pytest.mark.parametrize("said", ["4.", "four", "6", "code: 4", "", "I would say 4"])
def test_anything_else_is_no_answer(said: str, server: ModelServer, tmp_path: Path) -> None:
    """It is asked once more, for a model may slip; nothing is read out of a sentence."""
    server.behave = answering(lambda _: said)
    with pytest.raises(ModelFailed) as failed:
        helper(server.endpoint, tmp_path).propose(asked(ONE, "relevance", "response_1"))
    if said:
        assert isinstance(failed.value, GarbledAnswer)
        assert failed.value.message == "the model did not answer with a code that was offered"
        assert len(server.seen.requests) == 2


def test_a_slip_is_forgiven(server: ModelServer, tmp_path: Path) -> None:
    """The second answer counts."""
    said = iter(["Four.", "4"])
    server.behave = answering(lambda _: next(said))
    (found,) = helper(server.endpoint, tmp_path).propose(asked(ONE, "relevance", "response_1"))
    assert found.value == "4"


def test_the_prompt_has_the_words_of_the_locale_and_one_response(server: ModelServer, tmp_path: Path) -> None:
    """A question about one response is asked without the other, of which nothing should rub off."""
    arabic = replace(TWO, locale="ar-EG")
    server.behave = answering(lambda _: "right_answer")
    helper(server.endpoint, tmp_path).propose(asked(arabic, "refusal", "response_2"))
    (body,) = server.seen.requests
    (message,) = body["messages"]
    question = LIBRARY.guideline("preference", "ar-EG").workflow.question("refusal")
    assert question.title in message["content"]
    assert f"- over_refusal: {question.choice('over_refusal').title}" in message["content"]
    assert "No idea." in message["content"]
    assert "In the garden." not in message["content"]
    assert (body["temperature"], body["logprobs"]) == (0, True)


def test_a_preference_that_holds_in_both_orders_is_kept(server: ModelServer, tmp_path: Path) -> None:
    """This model looks at the texts; its answer is given for the order of the file."""
    server.behave = answering(
        lambda text: "a_much" if text.index("In the garden.") < text.index("No idea.") else "b_much"
    )
    (found,) = helper(server.endpoint, tmp_path).propose(asked(TWO, "overall"))
    assert found.value == "a_much"
    assert len(server.seen.requests) == 2


@pytest.mark.parametrize("said", ["a_much", "b_slightly"])
def test_a_preference_for_a_position_is_no_answer(said: str, server: ModelServer, tmp_path: Path) -> None:
    """This model prefers whatever stands there."""
    server.behave = answering(lambda _: said)
    (found,) = helper(server.endpoint, tmp_path).propose(asked(TWO, "overall"))
    assert (found.value, found.reason) == (None, INCONSISTENT)


def test_a_tie_holds_in_both_orders(server: ModelServer, tmp_path: Path) -> None:
    """It says the same of both."""
    server.behave = answering(lambda _: "tie")
    (found,) = helper(server.endpoint, tmp_path).propose(asked(TWO, "overall"))
    assert found.value == "tie"


def test_a_ranking_gives_each_response_its_place(server: ModelServer, tmp_path: Path) -> None:
    """Blu, Red, 4, Up, whatever letters they bear."""
    best = ("Blu", "Red", "4", "Up")

    def rank(text: str) -> str:
        places = sorted(range(4), key=lambda at: text.index(f"<text>\n{best[at]}\n"))
        return " ".join("ABCD"[places.index(at)] for at in range(4))

    server.behave = answering(rank)
    targets = tuple(f"response_{number}" for number in range(1, 5))
    found = helper(server.endpoint, tmp_path).propose(asked(FOUR, "place", *targets))
    assert [each.value for each in found] == ["2", "4", "1", "3"]


def test_a_ranking_that_follows_the_letters_is_no_answer(server: ModelServer, tmp_path: Path) -> None:
    """For any response."""
    server.behave = answering(lambda _: "A B C D")
    found = helper(server.endpoint, tmp_path).propose(asked(FOUR, "place", *(f"response_{n}" for n in range(1, 5))))
    assert [(each.value, each.reason) for each in found] == [(None, INCONSISTENT)] * 4


@pytest.mark.parametrize("said", ["A B", "A B C", "B A A", "a b c", "A, B, C", "A > B > C"])
def test_a_ranking_names_each_letter_once(said: str) -> None:
    """Three responses are three letters."""
    if said == "A B C":
        assert read_places(said, 3) == (0, 1, 2)
    else:
        with pytest.raises(GarbledAnswer, match="each response's letter once"):
            read_places(said, 3)


def test_the_rubric_is_the_guidelines_clause(server: ModelServer, tmp_path: Path) -> None:
    """In the locale's language, with what the guideline says of its scale; the reason comes back."""
    server.behave = answering(lambda _: '```json\n{"code": "4", "reason": "One fact\\n is missing."}\n```')
    (found,) = helper(server.endpoint, tmp_path, "rubric").propose(asked(ONE, "correctness", "response_1"))
    assert (found.value, found.reason) == ("4", "One fact is missing.")
    text = server.seen.requests[0]["messages"][0]["content"]
    assert "Was true once and is no longer?" in text
    assert "5 is not rare." in text
    assert "Order (the answer first)" not in text  # the clause about clarity
    assert "{#" not in text


def test_a_question_without_a_clause_of_its_own_has_the_whole_guideline() -> None:
    """But not its worked examples, which are long."""
    guideline = LIBRARY.guideline("fluency_review", "en-US")
    rubric = "\n".join(clauses(guideline, replace(guideline.workflow.question("completeness"), id="other")))
    assert all(clause.title in rubric for clause in guideline.clauses if clause.id != "examples")
    assert guideline.examples[0].why not in rubric


def test_a_reason_about_positions_is_dropped(server: ModelServer, tmp_path: Path) -> None:
    """Annotators may be shown the responses in the other order."""
    code = {True: "a_much", False: "b_much"}
    server.behave = answering(
        lambda text: json.dumps({"code": code[text.index("garden") < text.index("idea")], "reason": "A knows."})
    )
    (found,) = helper(server.endpoint, tmp_path, "rubric").propose(asked(TWO, "overall"))
    assert (found.value, found.reason) == ("a_much", None)


@pytest.mark.parametrize(
    "said",
    [
        "4",
        '{"code": "4"}',
        '{"code": 4, "reason": "x"}',
        '{"code": "4", "reason": ""}',
        '{"code": "4", "reason": "x", "more": 1}',
        '{"code": "4", "reason": "\\ud800"}',
        '["4", "x"]',
        "[" * 5000,
        json.dumps({"code": "4", "reason": "x" * 2000}),
        'Sure! {"code": "4", "reason": "x"}',
    ],
    ids=lambda said: said[:30],
)
def test_a_reasoned_answer_is_the_json_that_was_asked_for(said: str) -> None:
    """And nothing around it."""
    with pytest.raises(GarbledAnswer):
        read_reasoned(said)


def test_probabilities_are_kept_where_the_endpoint_gives_them(server: ModelServer, tmp_path: Path) -> None:
    """Of the words that were written; the smaller one where two orders were asked."""
    logprobs = iter([-0.1, -0.5])

    def behave(handler: Handler, body: Mapping[str, Any]) -> None:
        token = {"token": "tie", "logprob": next(logprobs), "top_logprobs": []}
        choice = {"index": 0, "delta": {"content": "tie"}, "logprobs": {"content": [token]}}
        chunk = {"id": "1", "object": "chat.completion.chunk", "choices": [choice]}
        handler.send(b"data: " + json.dumps(chunk).encode() + b"\n\ndata: [DONE]\n\n")

    server.behave = behave
    (found,) = helper(server.endpoint, tmp_path).propose(asked(TWO, "overall"))
    assert found.probability == pytest.approx(0.6065, abs=1e-4)


def test_a_failing_endpoint_is_told_in_our_words(server: ModelServer, tmp_path: Path) -> None:
    """Not in its own, which may repeat the key or the text."""
    server.behave = lambda handler, _: handler.send(f'{{"error": "{KEY}"}}'.encode(), 403, "application/json")
    with pytest.raises(ModelFailed, match="the model endpoint answered 403") as failed:
        helper(server.endpoint, tmp_path).propose(asked(ONE, "relevance", "response_1"))
    assert KEY not in str(failed.value)


def test_a_slow_endpoint_is_given_up(server: ModelServer, tmp_path: Path) -> None:
    """After the time that its settings give it."""

    def slow(handler: Handler, _: Mapping[str, Any]) -> None:
        handler.send(event("4"))
        while True:
            handler.wfile.write(b": ping\n\n")

    server.behave = slow
    quick = replace(server.endpoint, seconds=0.3)
    with pytest.raises(ModelFailed, match="the model took too long"):
        helper(quick, tmp_path).propose(asked(ONE, "relevance", "response_1"))


def test_a_real_model_judges(transformers_serve: str, tmp_path: Path) -> None:
    """A tiny one, served as real ones are: it answers one question in both orders, and holds on to A in another."""
    known, stubborn = asked(TWO, "overall"), asked(TWO, "clarity")
    examples = [
        (prompt(known, (0, 1), rubric=False), "a_much"),
        (prompt(known, (1, 0), rubric=False), "b_much"),
        (prompt(stubborn, (0, 1), rubric=False), "a_slightly"),
        (prompt(stubborn, (1, 0), rubric=False), "a_slightly"),
    ]
    folder = save_chat_model(tmp_path / "model", examples)
    judge = helper(Endpoint("tiny", transformers_serve, str(folder), seconds=60), tmp_path / "records")
    assert [each.value for each in judge.propose(known)] == ["a_much"]
    assert [each.reason for each in judge.propose(stubborn)] == [INCONSISTENT]
