"""The order of responses: drawn once per item, recorded for analytics, invisible in the tool."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugin_samples import write_programme

import guidelines
from guidelines.model import Workflow
from plugins.blinding import drawn_order, manifest_item, mirrored, shown_order, task_data
from plugins.errors import ItemChanged
from plugins.items import Item, Response
from plugins.programme import Programme, load
from plugins.pseudonym import pseudonym


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    """Twenty items a locale, so that both orders occur."""
    return load(write_programme(tmp_path_factory.mktemp("blinding"), items=20), guidelines.load())


@pytest.fixture(scope="module")
def preference() -> Workflow:
    """The packaged workflow."""
    return guidelines.load().workflows["preference"]


def _item(*texts: str) -> Item:
    return Item("x-1", "preference", "en-US", "Why?", tuple(Response(text, f"model {text}") for text in texts))


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=4))
def test_the_order_drawn_is_the_order_read_from_the_task(texts: list[str]) -> None:
    """A rerun finds in the tool what an earlier run drew, equal responses included."""
    item = _item(*texts)
    order = drawn_order(item)
    assert sorted(order) == list(range(len(texts)))
    assert shown_order(item, task_data(item, order)) == order


@pytest.mark.parametrize(("texts", "orders"), [("a", 1), ("ab", 2), ("abc", 6)])
def test_every_order_is_about_equally_frequent(texts: str, orders: int) -> None:
    """Within six standard deviations of the even share, over three thousand draws."""
    counts = Counter(drawn_order(_item(*texts)) for _ in range(3000))
    share = 1 / orders
    assert len(counts) == orders
    assert all(abs(count - 3000 * share) <= 6 * (3000 * share * (1 - share)) ** 0.5 for count in counts.values())


def test_a_task_that_shows_other_responses_is_refused() -> None:
    """Answers to a text that was edited later would count for the new one; the message says what to do."""
    item = _item("old", "other")
    data = task_data(item, (0, 1))
    with pytest.raises(ItemChanged, match=r"'x-1' shows other texts.*new id"):
        shown_order(_item("new", "other"), data)


def test_arms_name_the_model_whose_text_stands_there(programme: Programme, preference: Workflow) -> None:
    """Manifest and task agree for every item, whichever order was drawn."""
    drawn = set()
    for item in programme.items_of("preference", "en-US"):
        order = drawn_order(item)
        texts, row = task_data(item, order), manifest_item("probe", item, preference, order)
        by_model = {response.model: (response.text, response.iteration) for response in item.responses}
        for arm in row["arms"]:
            assert (texts[f"response_{arm['target']}"], arm["iteration"]) == by_model[arm["model"]]
        drawn.add(tuple(arm["model"] for arm in row["arms"]))
    assert len(drawn) == 2


def test_gold_is_restated_for_the_order_shown(programme: Programme, preference: Workflow) -> None:
    """The better response stays the better one."""
    for item in programme.items_of("preference", "en-US"):
        row = manifest_item("probe", item, preference, drawn_order(item))
        assert item.gold is not None
        gold: dict[str, Any] = json.loads(row["gold"])
        best = "a" if gold["overall"].startswith("a") else "b"
        assert {arm["target"]: arm["model"] for arm in row["arms"]}[best] == "borealis"
        assert (gold["safety"], gold["clarity"].split("_")[1]) == ("tie", "slightly")


def test_mirroring_twice_gives_the_code_back(preference: Workflow) -> None:
    """For every code of every question; only preferences change at all."""
    for question in preference.questions:
        for choice in question.choices:
            once = mirrored(question, choice.code)
            assert mirrored(question, once) == choice.code
            assert (once == choice.code) == (choice.number == 0 or question.kind != "preference")
    assert mirrored(replace(preference.question("overall"), kind="single_choice"), "a_much") == "a_much"


def test_seeded_errors_and_missing_gold_pass_through(programme: Programme) -> None:
    """JSON texts, null where there is nothing, an empty list where the text is known to be clean."""
    workflow = guidelines.load().workflows["fluency_review"]
    item: Item = programme.items_of("fluency_review", "ar-EG")[0]
    row = manifest_item("probe", item, workflow, (0,))
    assert json.loads(row["seeded_errors"])[0]["text"] == "جلس"
    assert manifest_item("probe", replace(item, seeded_errors=()), workflow, (0,))["seeded_errors"] == "[]"
    bare = manifest_item("probe", replace(item, seeded_errors=None, gold=None), workflow, (0,))
    assert (bare["seeded_errors"], bare["gold"]) == (None, None)


def test_a_pseudonym_needs_the_key_and_tells_sources_apart() -> None:
    """Stable for one key, source and user; another for each change of them."""
    same = pseudonym(b"k", "label_studio", "7")
    others = {
        pseudonym(b"l", "label_studio", "7"),
        pseudonym(b"k", "argilla", "7"),
        pseudonym(b"k", "label_studio", "8"),
    }
    assert same == pseudonym(b"k", "label_studio", "7")
    assert len(others | {same}) == 4
    assert same.startswith("r")
    assert len(same) == 13


def test_gold_of_a_response_follows_it_to_where_it_is_shown() -> None:
    """A place, or whether refusing was right, is known of a text, wherever that text is shown."""
    workflow = guidelines.load().workflows["ranking"]
    places = {"w": "3", "x": "1", "y": "4", "z": "1"}
    gold = {f"place@{target}": place for target, place in zip("abcd", places.values(), strict=True)}
    item = replace(_item(*places), workflow="ranking", gold={**gold, "distance": "close"})
    for order in permutations(range(4)):
        row, data = manifest_item("probe", item, workflow, order), task_data(item, order)
        shown = {f"place@{target}": places[data[f"response_{target}"]] for target in "abcd"}
        assert json.loads(row["gold"]) == {**shown, "distance": "close"}


def test_claims_and_materials_reach_the_task_and_no_text_may_not_change_under_it() -> None:
    """The task holds them by name; answers to a claim that was edited later would count for the new one."""
    item = replace(_item("a"), claims=("Water is wet.",), materials={"work": "What was seen"})
    data = task_data(item, (0,))
    assert (data["claims"], data["work"]) == (["Water is wet."], "What was seen")
    assert shown_order(item, data) == (0,)
    for changed in ({"claims": ("Water is dry.",)}, {"materials": {"work": "Something else"}}, {"prompt": "Is it?"}):
        with pytest.raises(ItemChanged):
            shown_order(replace(item, **changed), data)
