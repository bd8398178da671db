"""A small store with everything in it that a statistic looks at, and the same store told otherwise."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from analytics.load import Loaded
from analytics.manifest import Manifest
from analytics.store import Store
from guidelines.model import Workflow
from plugins import frames
from plugins.simulate.frames import simulate
from plugins.simulate.people import Population
from plugins.simulate.plan import Plan

Rows: TypeAlias = list[dict[str, Any]]
Tables: TypeAlias = dict[str, Rows]

WORKFLOWS = ("preference", "ranking", "response_rating", "fluency_review", "review", "safety_moderation")
_WORK = {"judgments": frames.JUDGMENTS, "annotations": frames.ANNOTATIONS, "spans": frames.SPANS}
_TOLD = {
    "items": frames.ITEMS,
    "annotators": frames.ANNOTATORS,
    "projects": frames.PROJECTS,
    "suggestions": frames.SUGGESTIONS,
    "screenings": frames.SCREENINGS,
}
_POPULATION = Population(skill=0.6, skill_sd=0.15, bias_sd=0.5)
NAMES = ("item", "annotator", "annotation", "project")
_SEED = {"start": 1, "end": 4, "text": "teh", "category": "grammar", "severity": "minor"}


def simulated(workflows: Mapping[str, Workflow], seed: int) -> Tables:
    """24 items of each of the workflows, with four of twelve annotators each, as rows of the frames."""
    drawn, tables = np.random.default_rng(seed), Tables({name: [] for name in (*_WORK, *_TOLD)})
    for name in WORKFLOWS:
        plan = Plan(workflows[name], ("de-DE",), 12, 24, overlap=4, weeks=4, population=_POPULATION, seed=seed)
        (made,) = simulate(plan)
        part = {each: table.to_pylist() for each, table in made.tables.items()}
        _tell_gold(part["items"], part["truth"])
        for each in tables:
            tables[each] += part.get(each, [])
    for row in (row for name in _WORK for row in tables[name]):
        row["annotation"] = f"{row['workflow']} {row['annotation']}"
    _answer_again(tables, drawn)
    _know_more(tables)
    tables["suggestions"] = _suggestions(tables["items"], drawn)
    tables["screenings"] = _screenings(tables["items"], drawn)
    return tables


def _tell_gold(items: Rows, truth: Rows) -> None:
    """What is right is known of every item, and an error was put into each text to review."""
    right: dict[str, dict[str, str]] = defaultdict(dict)
    for row in truth:
        place = "" if row["target"] == "item" else f"@{row['target']}"
        right[row["item"]][row["question"] + place] = row["value"]
    for row in items:
        row["gold"] = json.dumps(right[row["item"]])
        row["seeded_errors"] = json.dumps([_SEED]) if row["workflow"] == "fluency_review" else None


def _answer_again(tables: Tables, drawn: np.random.Generator) -> None:
    """A sixth of the annotations is made anew a day later, and a sixteenth audited by somebody, two days later."""
    people, said = defaultdict(list), defaultdict(list)
    for row in tables["judgments"]:
        people[row["workflow"]].append(row["annotator"])
        said[row["question"], row["target"]].append({"value": row["value"], "number": row["number"]})
    copies = {}
    for number, row in enumerate(tables["annotations"]):
        if number % 6 == 0:
            copies[row["annotation"]] = {"annotation": f"{row['annotation']} again"}
        elif number % 16 == 1:
            other = {"stage": "audit", "annotator": str(drawn.choice(people[row["workflow"]]))}
            copies[row["annotation"]] = {"annotation": f"{row['annotation']} audited", **other}
    for name in _WORK:
        old = [row for row in tables[name] if row["annotation"] in copies]
        new = [_later(row, copies[row["annotation"]]) for row in old]
        for row in new:
            if name == "judgments" and row["question"] != "errors":
                others = said[row["question"], row["target"]]
                row.update(others[drawn.integers(len(others))])
        tables[name] += new


def _later(row: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    wait = timedelta(days=2 if "stage" in changes else 1)
    return {**row, **{name: row[name] + wait for name in ("created", "updated") if name in row}, **changes}


def _know_more(tables: Tables) -> None:
    """Who annotators are, who skipped what, and what they made of texts."""
    for number, row in enumerate(tables["annotators"]):
        row["gender"] = "fm"[number % 2]
    for number, row in enumerate(tables["annotations"]):
        row["status"] = "skipped" if number % 10 == 3 else "submitted"
    for number, row in enumerate(tables["judgments"]):
        if row["question"] in ("corrected", "improved"):
            row["value"] = "A text that was mended" + "." * (number % 4)


def _suggestions(items: Rows, drawn: np.random.Generator) -> Rows:
    """A judge proposes an answer to every preference, half of them shown."""
    about: dict[str, Any] = {"question": "overall", "target": "item", "helper": "judge", "provider": "aurora 1"}
    about |= {"share": 0.5, "made": datetime(2026, 1, 1, tzinfo=UTC)}
    codes = ("a_much", "a_slightly", "tie", "b_slightly", "b_much")
    asked = [row["item"] for row in items if row["workflow"] == "preference"]
    return [
        {"item": item, "value": str(drawn.choice(codes)), "shown": n % 2 == 0, **about} for n, item in enumerate(asked)
    ]


def _screenings(items: Rows, drawn: np.random.Generator) -> Rows:
    """A screen found something in half of the prompts, of which half passed by chance."""
    about = {"target": "item", "screen": "guard", "provider": "guard 1", "status": "screened", "threshold": 0.5}
    decided = (
        {"score": 0.1, "decision": "open"},
        {"score": 0.1, "decision": "open"},
        {"score": 0.9, "decision": "passed", "share": 0.5},
        {"score": 0.9, "decision": "reveal", "share": 0.5},
    )
    asked = [row["item"] for row in items if row["workflow"] == "safety_moderation"]
    return [{"item": item, **about, **decided[n % 4]} for n, item in enumerate(asked)]


def retold(tables: Tables, locale: str, names: Mapping[str, str] = MappingProxyType({})) -> Tables:
    """In another locale, with its own items, annotators and annotations: of these names, else of the same."""

    def told(row: dict[str, Any]) -> dict[str, Any]:
        own = {key: f"{locale} {names.get(row[key], row[key])}" for key in NAMES if key in row}
        return row | own | ({"locale": locale} if "locale" in row else {})

    return {name: [told(row) for row in rows] for name, rows in tables.items()}


def _any_order(rows: list[Any], drawn: np.random.Generator) -> list[Any]:
    return [rows[place] for place in drawn.permutation(len(rows))]


def other_names(tables: Tables, drawn: np.random.Generator) -> dict[str, str]:
    """The names of items, of annotators and of annotations, each exchanged among themselves."""
    names: dict[str, str] = {}
    for table, key in (("items", "item"), ("annotators", "annotator"), ("annotations", "annotation")):
        old = [row[key] for row in tables[table]]
        names |= dict(zip(old, _any_order(old, drawn), strict=True))
    return names


def twice(tables: Tables) -> Tables:
    """With a twin of every item, which the same annotators answered in the same way."""
    twins = {
        name: [row | {key: f"{row[key]} twin" for key in ("item", "annotation") if key in row} for row in rows]
        for name, rows in tables.items()
        if name not in ("annotators", "projects")
    }
    return {name: [*rows, *twins.get(name, [])] for name, rows in tables.items()}


def turned(tables: Tables, codes: Mapping[str, Mapping[str, str]]) -> Tables:
    """With other codes, by question: of answers, of what was chosen together, of gold, marks and suggestions."""

    def other(question: str, value: str) -> str:
        names = codes.get(question.partition("@")[0], {})
        return "|".join(sorted(names.get(code, code) for code in value.split("|"))) if names and value else value

    def told(row: dict[str, Any]) -> dict[str, Any]:
        new = dict(row)
        if row.get("value") and row["question"] != "errors":
            new["value"] = other(row["question"], row["value"])
            if row.get("number") is not None and new["value"].isdigit():
                new["number"] = float(new["value"])
        if "category" in row:
            new["category"] = other(row["question"], row["category"])
        if row.get("gold"):
            new["gold"] = json.dumps({key: other(key, value) for key, value in json.loads(row["gold"]).items()})
        return new

    return {name: [told(row) for row in rows] for name, rows in tables.items()}


def keep(worlds: Iterable[Tables], path: Path, drawn: np.random.Generator) -> None:
    """A store of all these rows at this path, in an order drawn by lot."""
    worlds, rows = list(worlds), {}
    for name, schema in {**_WORK, **_TOLD}.items():
        every = [row for tables in worlds for row in tables[name]]
        rows[name] = frames.table(_any_order(every, drawn), schema)
    work, told = ({name: rows[name] for name in part} for part in (_WORK, _TOLD))
    with Store(path) as store:
        store.load(Loaded(frames.Frames(**work), Manifest(**told)))
