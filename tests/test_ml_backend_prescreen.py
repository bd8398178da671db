"""The runner over all screens: each answers for itself, and none can keep the others or a task from being answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import pytest

from ml_backend.errors import ScreenFailed
from ml_backend.prescreen import Prescreen, Summary
from ml_backend.screens.model import PROMPT, Outcome, Text, unscreened
from ml_backend.tasks import Item

SAFE = Outcome("screened", 0.0)
Answer = Callable[[Sequence[Text], float], list[Outcome]]


class Fake:
    """A screen that answers as it is told and remembers what it was asked."""

    provider = "fake/1"

    def __init__(self, name: str, answer: Answer | None = None, *, prompts_only: bool = False) -> None:
        self.name, self.prompts_only = name, prompts_only
        self._answer = answer or (lambda texts, deadline: [SAFE for _ in texts])
        self.asked: list[str] = []

    def screen(self, texts: Sequence[Text], deadline: float) -> list[Outcome]:
        self.asked += [text.target for text in texts]
        return self._answer(texts, deadline)

    def trouble(self) -> str | None:
        return None


def _item(number: int, *responses: str) -> Item:
    named = [(PROMPT, f"prompt {number}"), *zip("ab", responses, strict=False)]
    return Item(f"demo-{number}", tuple(Text(f"1/demo-{number}", text, "en-US", target) for target, text in named))


def _summaries(items: Sequence[Item], *screens: Fake, seconds: float = 60.0) -> list[Summary]:
    prescreen = Prescreen(screens, {"near_duplicate": "switched off", "toxicity": "no provider configured"})
    return list(prescreen.summaries(items, time.monotonic() + seconds))


def test_responses_are_asked_about_where_a_screen_reads_them() -> None:
    """A screen for prompts sees prompts alone, another every text; a text has outcomes of the screens that read it."""
    everything, prompts = Fake("pii"), Fake("semantic_duplicate", prompts_only=True)
    (summary,) = _summaries([_item(1, "one", "two")], everything, prompts)
    assert (everything.asked, prompts.asked) == (["item", "a", "b"], ["item"])
    assert summary.outcomes["item"].keys() == {"pii", "semantic_duplicate", "near_duplicate", "toxicity"}
    assert "semantic_duplicate" not in summary.outcomes["a"]
    assert summary.outcomes["a"]["pii"].provider == "fake/1"


def test_a_screen_that_is_not_there_is_never_safe() -> None:
    """It is unscreened with the reason, and the novelty of a prompt that was not compared is 0."""
    (summary,) = _summaries([_item(1)])
    assert summary.outcomes[PROMPT]["toxicity"] == unscreened("no provider configured")
    assert summary.novelty == 0.0


def _failing(_texts: Sequence[Text], _deadline: float) -> list[Outcome]:
    raise ScreenFailed("the classifier cannot be reached")


def test_a_failing_screen_leaves_the_others_alone() -> None:
    """Its texts are unscreened with its reason; the screens before and after it answer."""
    before, after = Fake("language"), Fake("pii")
    summaries = _summaries([_item(n, "a") for n in range(250)], before, Fake("toxicity_guard", _failing), after)
    for summary in summaries:
        for outcomes in summary.outcomes.values():
            assert outcomes["toxicity_guard"].status == "unscreened"
            assert outcomes["toxicity_guard"].reason == "the classifier cannot be reached"
            assert (outcomes["language"].score, outcomes["pii"].score) == (0.0, 0.0)


def test_a_slow_screen_does_not_starve_later_items() -> None:
    """A screen that takes all its time leaves each later chunk its share: the quick screen reads every item."""

    def slow(texts: Sequence[Text], deadline: float) -> list[Outcome]:
        time.sleep(max(0.0, deadline - time.monotonic()))
        return [unscreened("out of time") for _ in texts]

    quick = Fake("language")
    summaries = _summaries([_item(n) for n in range(500)], quick, Fake("toxicity_guard", slow), seconds=4.0)
    assert [summary.outcomes[PROMPT]["language"].status for summary in summaries] == ["screened"] * 500
    assert len(quick.asked) == 500


def test_without_time_everything_is_unscreened() -> None:
    """At the deadline no screen is asked any more, and each says why."""
    screen = Fake("language")
    (summary,) = _summaries([_item(1)], screen, seconds=-1.0)
    assert summary.outcomes[PROMPT]["language"] == Outcome("unscreened", reason="out of time", provider="fake/1")
    assert screen.asked == []


def test_an_item_without_texts_is_unscreened_by_every_screen() -> None:
    """Its flaw is the reason everywhere, and its neighbours are screened."""
    screen = Fake("language")
    bad, good = _summaries([Item("", flaw="the task has no prompt text"), _item(2)], screen)
    assert {outcome.reason for outcome in bad.outcomes[PROMPT].values()} == {"the task has no prompt text"}
    assert good.outcomes[PROMPT]["language"].status == "screened"


@pytest.mark.parametrize("items", [0, 1, 100, 101, 1000])
def test_there_is_one_summary_per_item_in_order(items: int) -> None:
    """Whatever the number of chunks, and for the same item twice."""
    given = [_item(number % 97) for number in range(items)]
    summaries = _summaries(given, Fake("language", lambda texts, _: [Outcome("screened", kind=t.text) for t in texts]))
    kinds = [summary.outcomes[PROMPT]["language"].kind for summary in summaries]
    assert kinds == [item.texts[0].text for item in given]
