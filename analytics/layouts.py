"""Answers about several responses, told in one order of them.

Every programme draws an order of its own for an item's responses, and what a preference, a place or an answer about one
of several responses says depends on it. Where programmes show the same responses, answers are restated for the order of
the item's own programme: the last that told of the item, of those that know its gold if any do. Answers that cannot be
restated have a *layout*, the name of their programme, and are compared only with answers of the same layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_lowercase
from typing import Protocol, TypeAlias

import ibis
import ibis.expr.types as ir

from analytics.dimensions import joined, of_projects
from analytics.scales import QuestionKey
from guidelines.model import Workflow
from plugins.blinding import mirrored

Placed: TypeAlias = Mapping[QuestionKey, Mapping[str, str]]
"""Questions whose answers depend on the order of responses: code by code what says the same once two change places."""

_UNKNOWN = "?"  # the layout of answers of which no manifest told the project


class Tables(Protocol):
    """The tables beside the judgments: `analytics.store.Snapshot`."""

    def items(self) -> ir.Table:
        """Every item that a manifest named."""

    def layouts(self) -> ir.Table:
        """What each programme shows of an item, in its order."""

    def projects(self) -> ir.Table:
        """Every project that a manifest named."""


def placed_questions(workflows: Mapping[str, Workflow]) -> Placed:
    """The questions whose answers depend on the order in which responses are shown.

    >>> import guidelines
    >>> placed_questions(guidelines.load().workflows)["preference", "overall"]["a_slightly"]
    'b_slightly'
    """
    return {
        (workflow.id, question.id): {each.code: mirrored(question, each.code) for each in question.choices}
        for workflow in workflows.values()
        for question in workflow.questions
        if workflow.responses > 1 and (question.kind in ("preference", "ranking") or question.target == "response")
    }


def in_layout(answers: ir.Table, placed: Placed, tables: Tables) -> ir.Table:
    """Answers in the order of their item's own programme; `layout` is "", or the programme of those that are not.

    `target` and `value`, and `number` where there is one, change. Answers that have a `programme` are of that one,
    others of that of their project. Nothing is joined where all the questions' workflows have one programme each.
    """
    if not (placed and _shared(placed, tables)):
        return answers.mutate(layout=ibis.literal(""))
    known = _with_orders(answers, tables)
    depends = ibis.or_(*((known.workflow == flow) & (known.question == question) for flow, question in placed))
    same = depends & (known.own_order.sort() == known.asked_order.sort()).fill_null(False)
    own = (known.asked_by == known.owner).fill_null(False)
    layout = ibis.ifelse(depends & ~same & ~own, known.asked_by.fill_null(_UNKNOWN), "")
    restated = _restated(known, placed, same) | {"layout": layout}
    return known.mutate(**restated).drop("asked_by", "asked_order", "owner", "own_order")


def _shared(placed: Placed, tables: Tables) -> bool:
    """Whether several programmes have one of the workflows."""
    workflows = sorted({workflow for workflow, _ in placed})
    told = (each.filter(each.workflow.isin(workflows)) for each in (tables.projects(), tables.items()))
    known = ibis.union(*(each.select("workflow", "programme") for each in told), distinct=True)
    counted = known.workflow.value_counts(name="programmes").to_pyarrow()
    return max(counted["programmes"].to_pylist(), default=0) > 1


def _with_orders(answers: ir.Table, tables: Tables) -> ir.Table:
    """With the programmes of the answer and of its item, `asked_by` and `owner`, and their orders."""
    orders = tables.layouts().select("item", "programme", "responses")
    asked = orders.rename(asked_by="programme", asked_order="responses")
    own = orders.rename(owner="programme", own_order="responses")
    owners = tables.items().select("item", owner="programme").distinct(on=["item"])
    known = joined(_with_programme(answers, tables), asked, "item", "asked_by")
    return joined(known, joined(owners, own, "item", "owner"), "item")


def _with_programme(answers: ir.Table, tables: Tables) -> ir.Table:
    if "programme" in answers.columns:
        return answers.mutate(asked_by=answers.programme)
    return joined(answers, of_projects(tables.projects()).rename(asked_by="programme"), "source", "project")


def _restated(known: ir.Table, placed: Placed, same: ir.BooleanValue) -> dict[str, ir.Value]:
    """What answers say in their item's own order, of those whose responses are the `same` in both."""
    letters = ibis.literal(ascii_lowercase)
    place = known.own_order.index(known.asked_order[letters.find(known.target)])
    target = ibis.ifelse(same & (known.target.length() == 1), letters.substr(place, 1), known.target)
    turned = [
        ((known.workflow == flow) & (known.question == question) & (known.value == code), other)
        for (flow, question), opposite in placed.items()
        for code, other in opposite.items()
    ]
    if not turned:
        return {"target": target}
    otherwise = same & (known.own_order != known.asked_order)
    value = ibis.ifelse(otherwise, ibis.cases(*turned, else_=known.value), known.value)
    if "number" not in known.columns:
        return {"target": target, "value": value}
    side = otherwise & ibis.or_(*(test for test, _ in turned))
    return {"target": target, "value": value, "number": ibis.ifelse(side, 0 - known.number, known.number)}


def told_apart(answers: ir.Table, placed: Placed, tables: Tables) -> ir.Table:
    """Answers to compare with each other, in one order of responses for each `item`.

    Where answers cannot be restated for the order of the item's own programme, `item` names theirs too.
    """
    known = in_layout(answers, placed, tables)
    named = known.item + " (" + known.layout + ")"
    return known.mutate(item=ibis.ifelse(known.layout == "", known.item, named)).drop("layout")
