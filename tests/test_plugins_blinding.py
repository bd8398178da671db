"""The order of responses: drawn once per item, recorded for analytics, invisible in the tool."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from plugin_samples import write_programme

import guidelines
from guidelines.model import Workflow
from plugins.blinding import manifest_item, mirrored, shown_order, task_data
from plugins.programme import Item, Programme, load
from plugins.pseudonym import pseudonym


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    """Twenty items a locale, so that both orders occur."""
    return load(write_programme(tmp_path_factory.mktemp("blinding"), items=20), guidelines.load())


@pytest.fixture(scope="module")
def preference() -> Workflow:
    """The packaged workflow."""
    return guidelines.load().workflows["preference"]


def test_the_order_is_always_the_same_for_an_item_and_differs_between_programmes() -> None:
    """A rerun never reshuffles."""
    orders = [shown_order("demo", f"item-{number}", 2) for number in range(50)]
    assert orders == [shown_order("demo", f"item-{number}", 2) for number in range(50)]
    assert orders != [shown_order("other", f"item-{number}", 2) for number in range(50)]


@pytest.mark.parametrize(("responses", "orders"), [(1, 1), (2, 2), (3, 6)])
def test_every_order_is_about_equally_frequent(responses: int, orders: int) -> None:
    """Within five standard deviations of the even share, over six thousand items."""
    counts = Counter(shown_order("demo", str(number), responses) for number in range(6000))
    share = 1 / orders
    assert len(counts) == orders
    assert all(abs(count - 6000 * share) <= 5 * (6000 * share * (1 - share)) ** 0.5 for count in counts.values())


def test_arms_name_the_model_whose_text_stands_there(programme: Programme, preference: Workflow) -> None:
    """Manifest and task agree for every item, whichever order was drawn."""
    drawn = set()
    for item in programme.items_of("preference", "en-US"):
        texts, row = task_data("probe", item), manifest_item(programme, item, preference)
        by_model = {response.model: (response.text, response.iteration) for response in item.responses}
        for arm in row["arms"]:
            assert (texts[f"response_{arm['target']}"], arm["iteration"]) == by_model[arm["model"]]
        drawn.add(tuple(arm["model"] for arm in row["arms"]))
    assert len(drawn) == 2


def test_gold_is_restated_for_the_order_shown(programme: Programme, preference: Workflow) -> None:
    """The better response stays the better one."""
    for item in programme.items_of("preference", "en-US"):
        row = manifest_item(programme, item, preference)
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
            assert (once == choice.code) == (choice.number == 0)
    assert mirrored(replace(preference.question("overall"), kind="single_choice"), "a_much") == "a_much"


def test_seeded_errors_and_missing_gold_pass_through(programme: Programme) -> None:
    """JSON texts, null where there is nothing, an empty list where the text is known to be clean."""
    workflow = guidelines.load().workflows["fluency_review"]
    item: Item = programme.items_of("fluency_review", "ar-EG")[0]
    row = manifest_item(programme, item, workflow)
    assert json.loads(row["seeded_errors"])[0]["text"] == "جلس"
    assert manifest_item(programme, replace(item, seeded_errors=()), workflow)["seeded_errors"] == "[]"
    bare = manifest_item(programme, replace(item, seeded_errors=None, gold=None), workflow)
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
