"""What answers can be measured against: gold, the answers of a later stage, a model's, or the majority of the others'.

Where an item shows several responses, what an answer says depends on the order they stand in, and every programme draws
an order of its own. So answers carry a *layout*: the programme, for questions that depend on the order, else nothing.
An answer is measured only by what is known of its own layout.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir

from analytics.counts import beyond, newest_answers
from analytics.scales import Categories, QuestionKey
from guidelines.model import Workflow

UNIT = ("workflow", "question", "item", "target")
PLACE = (*UNIT, "layout")
"""What an answer is about, and in which order it was shown."""

STAGES = {"audit": "audit", "adjudicated": "adjudicate"}
HELPERS = ("judge", "rubric")
REFERENCES = ("gold", *STAGES, "majority", *HELPERS)
"""`gold`: the right answers of the programme; `audit`, `adjudicated`: the newest answer of projects of that stage;
`majority`: the answer most of the other annotators gave; `judge`, `rubric`: the answer of that helper's model."""

_GOLD = {**dict.fromkeys((*UNIT, "value", "programme"), "string"), "updated": "timestamp('UTC')"}


class Tables(Protocol):
    """The tables beside the judgments: `analytics.store.Snapshot`."""

    def items(self) -> ir.Table:
        """Every item that a manifest named."""

    def projects(self) -> ir.Table:
        """Every project that a manifest named."""

    def suggestions(self) -> ir.Table:
        """Every suggestion that a manifest named."""


def met(
    judgments: ir.Table, right: ir.Table, categories: Mapping[QuestionKey, Categories], group: Sequence[str]
) -> ir.Table:
    """One row per unit and annotator of a group, `own` and `right` as category numbers.

    `judgments` and `right` (`PLACE`, `value`, `updated`; of a unit the newest counts) have a layout. `right` is null
    where the reference is silent, and `beyond(categories)` where it gives a code that the question does not have.
    """
    own = newest_answers(judgments, categories, list(dict.fromkeys((*group, *PLACE))))
    newest = newest_answers(right.mutate(annotator=ibis.literal("")), categories, PLACE)
    return _joined(own, newest.select(*PLACE, right="own"), PLACE)


def majority(judgments: ir.Table, categories: Mapping[QuestionKey, Categories], group: Sequence[str] = ()) -> ir.Table:
    """The majority of all annotators of a unit within a group: group, `PLACE`, `right`, null where they are tied."""
    unit = list(dict.fromkeys((*group, *PLACE)))
    votes = newest_answers(judgments, categories, unit)
    given = votes.group_by(unit).aggregate(**{f"n{k}": votes.count(where=votes.own == k) for k in _codes(categories)})
    return _most(given, categories).select(*unit, "right")


def _codes(categories: Mapping[QuestionKey, Categories]) -> range:
    return range(beyond(categories))


def _most(counted: ir.Table, categories: Mapping[QuestionKey, Categories]) -> ir.Table:
    """With `right`: the category with the most of the counts n0, n1, …, null where several have, or where none has."""
    number = [counted[f"n{k}"] for k in _codes(categories)]
    most = number[0] if len(number) == 1 else ibis.greatest(*number)
    first = ibis.cases(*((each == most, k) for k, each in enumerate(number)))
    last = ibis.cases(*((each == most, k) for k, each in reversed(list(enumerate(number)))))
    return counted.mutate(right=ibis.ifelse((most > 0) & (first == last), first, None))


def _joined(one: ir.Table, other: ir.Table, keys: Sequence[str]) -> ir.Table:
    return one.left_join(other, list(keys)).drop(*(f"{key}_right" for key in keys))


def placed_questions(workflows: Mapping[str, Workflow]) -> frozenset[QuestionKey]:
    """The questions whose answers depend on the order in which responses are shown."""
    return frozenset(
        (workflow.id, question.id)
        for workflow in workflows.values()
        for question in workflow.questions
        if workflow.responses > 1 and (question.kind in ("preference", "ranking") or question.target == "response")
    )


def in_layout(answers: ir.Table, placed: Collection[QuestionKey], projects: ir.Table | None = None) -> ir.Table:
    """Answers with their `layout`; `projects` (see `plugins.frames.PROJECTS`) say of which programme they are.

    Without `projects` the answers name their programme themselves.
    """
    if not placed:
        return answers.mutate(layout=ibis.literal(""))
    if projects is None:
        answers = answers.mutate(shown_by=answers.programme)
    else:
        named = projects.select("source", "project", shown_by="programme").distinct(on=["source", "project"])
        answers = _joined(answers, named, ("source", "project"))
    depends = ibis.or_(*((answers.workflow == flow) & (answers.question == question) for flow, question in placed))
    return answers.mutate(layout=ibis.ifelse(depends, answers.shown_by.fill_null(""), "")).drop("shown_by")


def told_apart(answers: ir.Table, placed: Collection[QuestionKey], tables: Tables) -> ir.Table:
    """Answers to compare with each other: `item` names the programme too where another than the item's own showed it.

    An item's own programme is the one that told of it last. Only questions of `placed` are concerned, and nothing is
    read where each of their workflows has one programme.
    """
    projects = tables.projects()
    here = projects.filter(projects.workflow.isin(sorted({workflow for workflow, _ in placed})))
    programmes = here.group_by("workflow").aggregate(programmes=here.programme.nunique())
    if max(programmes.to_pyarrow()["programmes"].to_pylist(), default=0) < 2:
        return answers
    own = tables.items().select("item", owner="programme").distinct(on=["item"])
    known = _joined(in_layout(answers, placed, projects), own, ("item",))
    elsewhere = (known.layout != "") & (known.layout != known.owner.fill_null(""))
    named = known.item + " (" + known.layout + ")"
    return known.mutate(item=ibis.ifelse(elsewhere, named, known.item)).drop("layout", "owner")


def gold(items: ir.Table) -> ir.Table:
    """The gold of items (see `plugins.frames.ITEMS`): `UNIT`, `value`, `updated` and `programme`, in whose order it is.

    Gold that names no target is about the item, or about its only response.

    >>> row = {"item": "i1", "programme": "p", "workflow": "w", "gold": '{"tone@b": "warm"}', "arms": None}
    >>> texts = dict.fromkeys(("item", "programme", "workflow", "gold"), "string")
    >>> items = ibis.memtable([row], schema={**texts, "arms": "array<struct<target: string>>"})
    >>> gold(items).select("question", "target", "value").to_pyarrow().to_pylist()
    [{'question': 'tone', 'target': 'b', 'value': 'warm'}]
    """
    names = ("item", "programme", "workflow", "gold")
    known = items.filter(items.gold.notnull()).select(*names, arms=items.arms.length())
    rows = [row for item in known.distinct().to_pyarrow().to_pylist() for row in _answers(item)]
    return ibis.memtable(rows, schema=_GOLD)


def _answers(item: dict[str, Any]) -> Iterator[dict[str, str | None]]:
    for name, code in json.loads(item["gold"]).items():
        question, _, target = name.partition("@")
        about = [target] if target else ["item", "a"] if item["arms"] == 1 else ["item"]
        for each in about:
            known = {"workflow": item["workflow"], "question": question, "item": item["item"], "target": each}
            yield {**known, "value": code, "updated": None, "programme": item["programme"]}


def suggested(suggestions: ir.Table, items: ir.Table) -> ir.Table:
    """What helpers proposed where annotators saw no proposal: `UNIT`, `value`, `updated`, `helper`, `provider`.

    Whoever sees a proposal is drawn to it, so what was shown, by whatever helper, measures nobody. With the programme
    of the item, in whose order the proposal is.
    """
    about = ["item", "question", "target"]
    seen = suggestions.filter(suggestions.shown).select(about).distinct()
    unseen = suggestions.filter(suggestions.value.notnull()).anti_join(seen, about)
    known = unseen.join(items.select("item", "workflow", "programme").distinct(on=["item"]), "item")
    return known.select(*UNIT, "value", "helper", "provider", "programme", updated="made")


def split(
    judgments: ir.Table, tables: Tables, placed: Collection[QuestionKey], reference: str
) -> tuple[ir.Table, ir.Table]:
    """The answers to be measured, and those of one of `REFERENCES` but `majority` to measure them by; with a layout.

    `placed` as `placed_questions` gives them. Answers of the stage that is the reference are not measured.
    """
    laid_out = in_layout(judgments, placed, tables.projects())
    if reference in STAGES:
        of_stage = laid_out.stage == STAGES[reference]
        return laid_out.filter(~of_stage), laid_out.filter(of_stage).select(*PLACE, "value", "updated")
    if reference in HELPERS:
        proposed = suggested(tables.suggestions(), tables.items())
        return laid_out, in_layout(proposed.filter(proposed.helper == reference), placed)
    return laid_out, in_layout(gold(tables.items()), placed)
