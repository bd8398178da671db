"""Where two programmes show the same items, each with its responses in an order of its own."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from family_data import Tables, keep, simulated, turned

import guidelines
from analytics.ask import ask
from analytics.store import FILE, Store

LIBRARY = guidelines.load()
SIDES = ("a_much", "a_slightly", "tie", "b_slightly", "b_much")
QUESTIONS = ("overall", "relevance", "clarity", "safety")
MIRRORED = {question: dict(zip(SIDES, reversed(SIDES), strict=True)) for question in QUESTIONS}
ASKED = {"workflow": "preference", "question": "overall"}
COMPARED = ("agreement", "confusions", "contested", "consensus", "dissent", "forecast", "next", "pairs", "severity")


def second(tables: Tables, items: str) -> Tables:
    """The same work in a programme of its own that shows the responses the other way round; `items` follows names."""

    def told(row: dict) -> dict:
        own = {key: f"{row[key]} second" for key in ("project", "annotation") if key in row}
        own |= {"item": f"{row['item']}{items}"} if "item" in row else {}
        return row | own | ({"programme": "second"} if "programme" in row else {})

    return {name: [told(row) for row in rows] for name, rows in turned(tables, MIRRORED).items()}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A store in which two programmes show the same items, and one in which those of the second have other names."""
    first, drawn = simulated(LIBRARY.workflows, 1), np.random.default_rng(1)
    first = {
        name: [row for row in rows if row.get("workflow", "preference") == "preference"] for name, rows in first.items()
    }
    same, other = (tmp_path_factory.mktemp(name) for name in ("same", "other"))
    again = second(first, "")
    keep([first, again | {"items": [], "annotators": []}], same / FILE, drawn)
    keep([first, second(first, " (second)") | {"annotators": []}], other / FILE, drawn)
    return same, other


def told(rows: list) -> list[str]:
    """The rows, to nine digits and sorted: the engine adds up in any order."""
    return sorted(re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):.9f}", repr(row)) for row in rows)


@pytest.mark.parametrize("name", COMPARED)
def test_answers_in_another_order_of_responses_are_of_another_item(stores: tuple[Path, Path], name: str) -> None:
    """Every statistic is that of items which share no name; where items are listed, the other programme is named."""
    minimum = {"minimum": 2} if name in ("contested", "dissent", "pairs") else {}
    same, other = (ask(data, name, **ASKED, **minimum) for data in stores)
    assert told(same) == told(other) != []


def test_the_programme_of_an_answer_is_that_of_its_project(stores: tuple[Path, Path]) -> None:
    """Items belong to the programme that told of them last; answers are grouped by the one that asked for them."""
    rows = ask(stores[0], "agreement", **ASKED, by=["programme"])
    assert [row.group["programme"] for row in rows] == ["second", "simulation"]
    assert rows[0].estimates["percent"].value == pytest.approx(rows[1].estimates["percent"].value)


def test_the_locales_overview_compares_within_an_order_too(stores: tuple[Path, Path]) -> None:
    """The overview's agreement is that of items which share no name."""
    same, other = (ask(data, "locales", workflow="preference") for data in stores)
    assert same[0].alpha == other[0].alpha is not None


def test_items_are_listed_by_their_names_in_their_own_programme(stores: tuple[Path, Path]) -> None:
    """Only where another programme shows an item its name follows."""
    with Store(stores[0] / FILE) as store, store.snapshot() as snapshot:
        known = set(snapshot.items().select("item").to_pyarrow()["item"].to_pylist())
    listed = {row.item for row in ask(stores[0], "consensus", **ASKED, limit=1000)}
    assert {item.removesuffix(" (second)") for item in listed} == known
    assert listed - known == {f"{item} (second)" for item in known}
