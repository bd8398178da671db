"""Which suggestions annotators are shown: drawn when a task is made, afterwards read from the task itself.

A task holds the words of what it shows and, so that a later push knows what was shown even when the words or the file
have changed, the random ids of these suggestions. What is hidden is nowhere in it.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from plugins.blinding import Order
from plugins.items import Item
from plugins.programme import Programme
from plugins.suggestion_rules import SuggestionRule
from plugins.suggestion_text import shown_target, shown_value, suggestion_text
from plugins.suggestions import Suggestion

if TYPE_CHECKING:
    from guidelines import Library

TEXT, IDS = "suggestion", "suggestion_ids"
"""The task's fields: what is shown, and the ids of what is shown."""

_random = secrets.SystemRandom()


def has_panel(programme: Programme, workflow: str) -> bool:
    """Whether tasks of this workflow have a place for suggestions: some of them may show one."""
    return any(rule.workflow == workflow and rule.show > 0 for rule in programme.suggestions)


@dataclass(frozen=True)
class Shown:
    """The ids of the suggestions that a task shows; `shares` is the chance that each had where a draw was made now."""

    ids: frozenset[str] = frozenset()
    shares: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Suggested:
    """A programme's suggestions, and by item which of them its task shows or will show."""

    programme: Programme
    library: Library
    orders: Mapping[str, Order]
    by_item: Mapping[str, Sequence[Suggestion]]
    shown: Mapping[str, Shown]

    def fields(self, item: Item) -> dict[str, Any]:
        """What the suggestions add to the data of the item's task; empty texts where it shows none."""
        if not has_panel(self.programme, item.workflow):
            return {}
        shown = [each for each in self.by_item.get(item.item, ()) if each.id in self.shown[item.item].ids]
        guideline = self.library.guideline(item.workflow, item.locale)
        text = suggestion_text(shown, item, guideline, self.orders[item.item])
        return {TEXT: text, IDS: [each.id for each in shown]}

    def rows(self) -> list[dict[str, Any]]:
        """Rows of `frames.SUGGESTIONS`: all suggestions, for the order in which their tasks show the responses."""
        return [self._row(item, each) for item in self.programme.items for each in self.by_item.get(item.item, ())]

    def _row(self, item: Item, each: Suggestion) -> dict[str, Any]:
        question, order = self.library.workflows[item.workflow].question(each.question), self.orders[item.item]
        same = {name: getattr(each, name) for name in ("item", "question", "helper", "provider", "made")}
        target, value = shown_target(each.target, order), shown_value(each.value, question, order)
        shown = self.shown[item.item]
        told = {"shown": each.id in shown.ids, "share": shown.shares.get(each.id)}
        return {**same, "target": target, "value": value, **told}


def suggested(
    programme: Programme,
    library: Library,
    suggestions: Iterable[Suggestion],
    orders: Mapping[str, Order],
    there: Iterable[Mapping[str, Mapping[str, Any]]],
    masked: Collection[str] = (),
) -> Suggested:
    """These suggestions for a push of the programme; `there` holds each project's tasks: their data by item.

    A task that is there shows what it shows; for a task to come each helper is drawn at random, once for the item, with
    the share of its rule. Nothing is shown about items whose texts are `masked`: it was made from what is hidden.
    """
    by_item: dict[str, list[Suggestion]] = {}
    for each in suggestions:
        by_item.setdefault(each.item, []).append(each)
    tasks = {item: data for project in there for item, data in project.items()}

    def shown(item: Item) -> Shown:
        if item.item in tasks:
            return Shown(frozenset(tasks[item.item].get(IDS) or ()))
        rules = [rule for rule in programme.suggestions if rule.workflow == item.workflow]
        return Shown() if item.item in masked else _drawn(by_item.get(item.item, ()), rules)

    return Suggested(programme, library, orders, by_item, {item.item: shown(item) for item in programme.items})


def _drawn(suggestions: Sequence[Suggestion], rules: Sequence[SuggestionRule]) -> Shown:
    """What the new task of one item shows: all that a rule's helper suggests for it, or none of it."""
    ids: set[str] = set()
    shares: dict[str, float] = {}
    for rule in rules:
        mine = [each.id for each in suggestions if each.value is not None and _is_of(rule, each)]
        shares |= dict.fromkeys(mine, rule.show)
        ids |= set(mine) if _random.random() < rule.show else set()
    return Shown(frozenset(ids), shares)


def _is_of(rule: SuggestionRule, suggestion: Suggestion) -> bool:
    return suggestion.helper == rule.helper and suggestion.question in rule.questions
