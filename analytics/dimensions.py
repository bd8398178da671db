"""What statistics can be grouped by, and where each of these columns comes from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Protocol

import ibis
import ibis.expr.types as ir

from analytics.penalties import week

ALWAYS = ("workflow", "question")
"""Statistics are within one question of one workflow."""

DIMENSIONS = (
    "locale",
    "language",
    "target",
    "guideline_version",
    "vendor",
    "stage",
    "programme",
    "domain",
    "batch",
    "model",
    "iteration",
    "week",
)
"""The further columns: `language` is the first part of the locale, `week` the Monday of the ISO week of the answer;
`model` and `iteration` are of the response that an answer is about, and null where it is about none or several."""

_FIRST_MONDAY = date(1969, 12, 29)


class Tables(Protocol):
    """The tables beside the judgments: `analytics.store.Snapshot`."""

    def items(self) -> ir.Table:
        """Every item that a manifest named."""

    def layouts(self) -> ir.Table:
        """What each programme shows of an item, in its order."""

    def projects(self) -> ir.Table:
        """Every project that a manifest named."""

    def annotators(self) -> ir.Table:
        """Every annotator that a manifest named."""

    def served(self) -> ir.Table:
        """Which model wrote what annotators were shown while labelling."""


def with_dimensions(answers: ir.Table, tables: Tables, columns: Collection[str]) -> ir.Table:
    """Judgments or spans with those of these columns that they do not have yet; others cost nothing."""
    for add in dict.fromkeys(_ADDED[name] for name in columns if name in _ADDED and name not in answers.columns):
        answers = add(answers, tables)
    return answers


def _language(answers: ir.Table, _: Tables) -> ir.Table:
    return answers.mutate(language=answers.locale.split("-")[0])


def _week(answers: ir.Table, _: Tables) -> ir.Table:
    monday = ibis.literal(_FIRST_MONDAY) + (week(answers.created) * 7).as_interval("D")
    return answers.mutate(week=monday.strftime("%Y-%m-%d"))


def _vendor(answers: ir.Table, tables: Tables) -> ir.Table:
    return joined(answers, tables.annotators().select("annotator", "vendor"), "annotator")


def _of_item(answers: ir.Table, tables: Tables) -> ir.Table:
    return joined(answers, tables.items().select("item", "domain", "batch"), "item")


def _programme(answers: ir.Table, tables: Tables) -> ir.Table:
    """That of the project, since several may show an item; the item's where nothing is known of the project."""
    known = joined(answers, of_projects(tables.projects()), "source", "project")
    known = joined(known, tables.items().select("item", owner="programme"), "item")
    return known.mutate(programme=known.programme.fill_null(known.owner)).drop("owner")


def of_projects(projects: ir.Table) -> ir.Table:
    """The programme of each source and project, once."""
    return projects.select("source", "project", "programme").distinct(on=["source", "project"])


def _of_response(answers: ir.Table, tables: Tables) -> ir.Table:
    """By the order of the programme that asked; or who wrote what was shown while labelling."""
    layouts = tables.layouts()
    arms = layouts.select("item", asked_by="programme", arm=layouts.arms.unnest())
    arms = arms.mutate(target=arms.arm["target"], written_by=arms.arm["model"], iteration=arms.arm["iteration"])
    live = tables.served().select("item", "target", served="model").distinct(on=["item", "target"])
    asked = answers if "programme" in answers.columns else _programme(answers, tables)
    known = joined(asked.mutate(asked_by=asked.programme), arms.drop("arm"), "item", "asked_by", "target")
    known = joined(known, live, "item", "target")
    told = known.mutate(model=known.written_by.coalesce(known.served)).drop("asked_by", "written_by", "served")
    return told if "programme" in answers.columns else told.drop("programme")


def joined(rows: ir.Table, more: ir.Table, *keys: str) -> ir.Table:
    """All rows with the further columns of `more`, null where it knows nothing of a row."""
    return rows.left_join(more, list(keys)).drop(*(f"{key}_right" for key in keys))


_ADDED: Mapping[str, Callable[[ir.Table, Tables], ir.Table]] = {
    "language": _language,
    "week": _week,
    "vendor": _vendor,
    "programme": _programme,
    "domain": _of_item,
    "batch": _of_item,
    "model": _of_response,
    "iteration": _of_response,
}
