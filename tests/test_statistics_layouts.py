"""Where two programmes show the same items, each with its responses in an order of its own."""

from __future__ import annotations

import re
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pytest
from family_data import Tables, keep, simulated, turned
from hypothesis import given, settings
from hypothesis import strategies as st

import guidelines
from analytics.ask import ask
from analytics.layouts import in_layout
from analytics.store import FILE, Store
from plugins import frames
from plugins.blinding import manifest_item
from plugins.items import Item, Response

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


Row = dict[str, Any]


def orders_of(tables: Tables, drawn: np.random.Generator) -> dict[str, list[int]]:
    """Which of its two responses an item shows first, which second: drawn."""
    return {row["item"]: drawn.permutation(2).tolist() for row in tables["items"]}


def shown(tables: Tables, orders: dict[str, list[int]]) -> Tables:
    """The same work where every item shows its responses in this order."""

    def moved(row: Row) -> Row:
        order, target = orders[row["item"]], row["target"]
        if len(target) == 1:
            return row | {"target": ascii_lowercase[order.index(ascii_lowercase.index(target))]}
        if order == [1, 0] and row["question"] in QUESTIONS:
            number = row.get("number")
            return row | {"value": MIRRORED["overall"][row["value"]]} | ({"number": -number} if number else {})
        return row

    def told(row: Row) -> Row:
        order = orders[row["item"]]
        arms = [{"target": ascii_lowercase[k], "model": f"model {of}", "iteration": None} for k, of in enumerate(order)]
        return row | {"arms": arms, "responses": [f"text {of}" for of in order], "gold": None}

    same = {name: [*rows] for name, rows in tables.items()}
    asked = {name: [moved(row) for row in tables[name]] for name in ("judgments", "suggestions")}
    return same | asked | {"items": [told(row) for row in tables["items"]]}


def audited(tables: Tables, programme: str) -> Tables:
    """The same work as other people's audit, in projects of this programme."""
    own = {"programme": programme, "stage": "audit"}

    def told(row: Row) -> Row:
        names = {key: f"{row[key]} audit" for key in ("project", "annotation", "annotator") if key in row}
        return row | names | {key: value for key, value in own.items() if key in row}

    return {name: [told(row) for row in rows] for name, rows in tables.items()}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A programme that another audits in orders of its own; and the same work in one programme and order."""
    every, drawn = simulated(LIBRARY.workflows, 2), np.random.default_rng(2)
    work = {name: [row for row in rows if row.get("workflow") == "preference"] for name, rows in every.items()}
    work |= {name: every[name] for name in ("annotators", "suggestions")} | {"screenings": []}
    own, other = (orders_of(work, drawn) for _ in range(2))
    restated, known = (tmp_path_factory.mktemp(name) for name in ("restated", "known"))
    keep([shown(audited(work, "check"), other)], restated / FILE, drawn)
    keep([shown(audited(work, "simulation"), own)], known / FILE, drawn)
    for data in (restated, known):
        keep([shown(work, own)], data / FILE, drawn)
    return restated, known


@pytest.mark.parametrize(
    ("name", "question", "more"),
    [
        *((name, "overall", {}) for name in COMPARED if name not in ("contested", "dissent", "pairs", "severity")),
        *((name, "overall", {"minimum": 2}) for name in ("contested", "dissent", "pairs")),
        *(("accuracy", "overall", {"reference": reference}) for reference in ("audit", "majority", "judge")),
        ("annotators", "overall", {}),
        ("judges", "overall", {}),
        ("agreement", "refusal", {}),
        ("agreement", "refusal", {"by": ["model"]}),
        ("agreement", "refusal", {"by": ["target"]}),
        ("contested", "refusal", {"minimum": 2}),
        ("accuracy", "refusal", {"reference": "audit"}),
    ],
)
def test_answers_are_restated_where_responses_stand_otherwise(
    checked: tuple[Path, Path], name: str, question: str, more: Row
) -> None:
    """An audit in orders of its own tells what one in the same orders does, of comparisons and of single responses."""
    restated, known = (ask(data, name, workflow="preference", question=question, **more) for data in checked)
    assert told(restated) == told(known) != []


def test_suggestions_are_met_by_those_whom_they_were_shown_to(checked: tuple[Path, Path]) -> None:
    """Each programme's answers are held against what that programme showed, in its order."""
    check, own = ask(checked[0], "suggestions", **ASKED, by=["programme"])
    assert [each.group["programme"] for each in (check, own)] == ["check", "simulation"]
    assert (check.shown, check.hidden, check.difference) == (own.shown, own.hidden, own.difference)
    assert own.shown.n_judgments > 0


PLACED = {("ranking", "place"): {}, **{("preference", name): {"a": "b", "tie": "tie", "b": "a"} for name in QUESTIONS}}


class Shown:
    """One item of programme "own", and the order in which each programme of the workflow shows its responses."""

    def __init__(self, workflow: str, **orders: list[str] | None) -> None:
        self._workflow, self._orders = workflow, orders

    def items(self) -> ir.Table:
        """The item."""
        row = {"item": "i", "workflow": self._workflow, "programme": "own"}
        return ibis.memtable(frames.table([row], frames.ITEMS))

    def layouts(self) -> ir.Table:
        """What each programme shows."""
        rows = [{"item": "i", "programme": name, "responses": order} for name, order in self._orders.items()]
        return ibis.memtable(frames.table(rows, frames.ITEMS))

    def projects(self) -> ir.Table:
        """One of each programme, named like it."""
        rows = [
            {"source": "tool", "project": name, "programme": name, "workflow": self._workflow} for name in self._orders
        ]
        return ibis.memtable(frames.table(rows, frames.PROJECTS))


def restated(known: Shown, workflow: str, question: str, answers: dict[str, str], project: str = "check") -> list[Row]:
    """What these answers by target say in the order of the item's own programme, sorted by target there."""
    about = {"source": "tool", "project": project, "workflow": workflow, "question": question, "item": "i"}
    rows = [{"target": target, "value": value, "number": None, **about} for target, value in answers.items()]
    found = in_layout(ibis.memtable(frames.table(rows, frames.JUDGMENTS)), PLACED, known)
    return found.order_by("target").select("target", "value", "layout").to_pyarrow().to_pylist()


@given(st.permutations(ascii_lowercase[:6]), st.permutations(ascii_lowercase[:6]))
@settings(max_examples=15, deadline=None)
def test_places_follow_their_response(own: list[str], other: list[str]) -> None:
    """Whatever the two orders of up to 26 responses, each place is that of the same response."""
    known = Shown("ranking", own=own, check=other)
    found = restated(known, "ranking", "place", {ascii_lowercase[k]: of for k, of in enumerate(other)})
    assert [(row["target"], row["value"], row["layout"]) for row in found] == [
        (ascii_lowercase[k], of, "") for k, of in enumerate(own)
    ]


@pytest.mark.parametrize(
    ("other", "project", "value", "layout"),
    [
        (["x", "y"], "check", "a", ""),
        (["y", "x"], "check", "b", ""),
        (["y", "z"], "check", "a", "check"),
        (["x"], "check", "a", "check"),
        (None, "check", "a", "check"),
        (["y", "x"], "own", "a", ""),
        (["y", "x"], "elsewhere", "a", "?"),
    ],
)
def test_answers_that_cannot_be_restated_keep_a_layout_of_their_own(
    other: list[str] | None, project: str, value: str, layout: str
) -> None:
    """Other responses, an order nobody told, and a project nobody told of."""
    known = Shown("preference", own=["x", "y"], check=other)
    assert restated(known, "preference", "overall", {"item": "a"}, project) == [
        {"target": "item", "value": value, "layout": layout}
    ]


def test_what_does_not_depend_on_the_order_stays() -> None:
    """A reason in one's own words, and the answers of a workflow that one programme has."""
    known = Shown("preference", own=["x", "y"], check=["y", "x"])
    assert restated(known, "preference", "reason", {"item": "a"})[0]["value"] == "a"
    (row,) = restated(Shown("preference", own=["x", "y"]), "preference", "overall", {"item": "a"}, "own")
    assert (row["value"], row["layout"]) == ("a", "")


def test_responses_are_told_by_their_texts() -> None:
    """The same whatever the order; equal texts are told apart by their places in the file, as their tasks show them."""
    item = Item("i", "ranking", "en-US", "Why?", tuple(Response(text, "m") for text in ("So.", "No.", "So.", "Oh.")))
    workflow = LIBRARY.workflows["ranking"]
    one, other = (manifest_item("p", item, workflow, order)["responses"] for order in ((0, 1, 2, 3), (3, 0, 1, 2)))
    assert other == [one[3], one[0], one[1], one[2]]
    assert len(set(one)) == 4
