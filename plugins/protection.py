"""What a push does because of what screens said: which items stay out of sight, and what is masked in them.

Decided when an item's task is made, and never again: afterwards its lane is where its task is. Of what is over a
threshold a random share passes as if it were not, so that analytics can tell what the screens miss and what they hold
back for nothing. The draw is made here and told to analytics alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from guidelines.model import Guideline
from plugins.annotators import SENSITIVE, Annotator
from plugins.blinding import Order
from plugins.items import Item
from plugins.marker import OPEN, SHIELDED, Identity, Marker
from plugins.masked_items import as_shown, masked_item
from plugins.programme import Programme
from plugins.screening import PROMPT, Screened, ScreeningFile, read_screening
from plugins.screening_rules import ScreeningRules
from plugins.thresholds import Thresholds, read_thresholds

if TYPE_CHECKING:
    from guidelines import Library

_random = secrets.SystemRandom()

Tasks = Mapping[str, Mapping[str, Any]]
"""The data of a project's tasks, by item."""


@dataclass(frozen=True)
class Limits:
    """From which score on a finding counts: the measured threshold of the locale, else the programme's."""

    rules: ScreeningRules
    measured: Thresholds

    def of(self, locale: str, screen: str) -> float | None:
        """The threshold; None where there is none."""
        value = self.measured.threshold(locale, screen)
        return self.rules.thresholds.get(screen) if value is None else value

    def screens(self, locale: str) -> set[str]:
        """The screens that have one."""
        known = {*self.rules.thresholds, *self.measured.by_locale.get(locale, ())}
        return {screen for screen in known if self.of(locale, screen) is not None}

    def over(self, locale: str, row: Screened) -> bool:
        """Whether a score reaches its threshold. Raises OtherProvider for a score that it was not measured on."""
        limit = self.of(locale, row.screen)
        if limit is None or row.score is None:
            return False
        self.measured.check(locale, row.screen, row.provider or "")
        return row.score >= limit


@dataclass(frozen=True)
class Ruling:
    """What becomes of an item: its lane, the decision on what was over a threshold, and the reason.

    `share` is the chance it had to pass, None where nothing was drawn.
    """

    lane: str = OPEN
    decision: str = "open"
    reason: str | None = None
    share: float | None = None


def ruling(rules: ScreeningRules, *, over: bool, hidden: bool, draw: Callable[[], float]) -> Ruling:
    """What becomes of a new item; `hidden` says that its workflow hides every text anyway, `draw` gives 0 to 1.

    >>> rules = ScreeningRules("reveal", pass_share=0.05)
    >>> ruling(rules, over=True, hidden=False, draw=lambda: 0.5)
    Ruling(lane='shielded', decision='reveal', reason='over the threshold', share=0.05)
    >>> ruling(rules, over=True, hidden=False, draw=lambda: 0.01).decision
    'passed'
    """
    if not over:
        return Ruling()
    if rules.protection == "none":
        return Ruling(reason="over the threshold; the programme protects from nothing")
    if rules.protection == "reveal" and hidden:
        return Ruling(reason="over the threshold; the workflow hides every text")
    if draw() < rules.pass_share:
        return Ruling(decision="passed", reason="over the threshold; drawn to pass", share=rules.pass_share)
    return Ruling(SHIELDED, rules.protection, "over the threshold", rules.pass_share)


@dataclass(frozen=True)
class Protected:
    """A programme as it is shown: personal data masked, each item in its lane.

    `new` are the rulings on items without a task yet; `masked` are the items with masked texts; `told` is what the
    operator should know.
    """

    programme: Programme
    lanes: Mapping[str, str]
    new: Mapping[str, Ruling]
    masked: frozenset[str]
    told: tuple[str, ...]
    _limits: Limits
    _file: ScreeningFile

    def items(self, marker: Marker) -> list[Item]:
        """The items of a project, in the order of their file."""
        return self._by_project.get((marker.workflow, marker.locale, marker.lane), [])

    @cached_property
    def _by_project(self) -> dict[tuple[str, str, str], list[Item]]:
        found: dict[tuple[str, str, str], list[Item]] = {}
        for item in self.programme.items:
            found.setdefault((item.workflow, item.locale, self.lanes[item.item]), []).append(item)
        return found

    def needs(self, marker: Marker) -> bool:
        """Whether a project is needed: an open one always, a shielded one where something is in it."""
        return marker.lane == OPEN or bool(self.items(marker))

    def scores(self, item: str) -> dict[str, float]:
        """The highest score of each screen that gave one, over the item's texts."""
        found: dict[str, float] = {}
        for row in self._file.of(item):
            if row.score is not None:
                found[row.screen] = max(row.score, found.get(row.screen, 0.0))
        return found

    def rows(self, orders: Mapping[str, Order]) -> list[dict[str, Any]]:
        """Rows of `frames.SCREENINGS` for the new items, by the place where each response is shown.

        What was decided on the others was told by the push that made their tasks.
        """
        items = (item for item in self.programme.items if item.item in self.new)
        return [row for item in items for row in self._rows(item, orders[item.item])]

    def _rows(self, item: Item, order: Order) -> Iterator[dict[str, Any]]:
        ruled = self.new[item.item]
        for row in self._file.of(item.item):
            names = ("item", "screen", "provider", "status", "score", "kind", "screened")
            told = {name: getattr(row, name) for name in names} | {"target": _shown_target(row.target, order)}
            told |= {"threshold": self._limits.of(item.locale, row.screen), "share": ruled.share}
            decision, reason = "open", row.reason
            if self._limits.over(item.locale, row):
                decision, reason = ruled.decision, ruled.reason
            elif any(kind in self._limits.rules.mask for _, _, kind in row.spans):
                decision, reason = "masked", "personal data"
            yield {**told, "decision": decision, "reason": reason}


def _shown_target(target: str, order: Order) -> str:
    """Where a task shows a text of the file."""
    return PROMPT if target == PROMPT else ascii_lowercase[order.index(int(target.removeprefix("response_")) - 1)]


def markers(programme: Programme) -> list[Marker]:
    """Every project that a programme may have, without its versions."""
    return [
        Marker(programme.programme, workflow, locale, lane=lane)
        for workflow in programme.workflows
        for locale in programme.locales
        for lane in (OPEN, SHIELDED)
    ]


def protected(
    programme: Programme,
    library: Library,
    there: Mapping[Identity, Tasks],
    draw: Callable[[], float] = _random.random,
) -> Protected:
    """What becomes of a programme's items, with the tasks that are there by project.

    Raises InvalidScreening, InvalidThresholds, OtherProvider, SeededErrorMasked.
    """
    file = read_screening(programme.root, programme.items)
    limits = Limits(programme.screening, read_thresholds(programme.root))
    placed = {item: (identity[3], data) for identity, tasks in there.items() for item, data in tasks.items()}
    new = {item.item: _ruled(item, file, limits, library, draw) for item in programme.items if item.item not in placed}
    items = tuple(_shown(item, placed, file, programme.screening.mask) for item in programme.items)
    return Protected(
        programme=replace(programme, items=items),
        lanes={item.item: new[item.item].lane if item.item in new else placed[item.item][0] for item in items},
        new=new,
        masked=frozenset(a.item for a, b in zip(items, programme.items, strict=True) if a.texts != b.texts),
        told=tuple(_told(programme, new, file, limits)),
        _limits=limits,
        _file=file,
    )


def _ruled(item: Item, file: ScreeningFile, limits: Limits, library: Library, draw: Callable[[], float]) -> Ruling:
    over = [row for row in file.of(item.item) if limits.over(item.locale, row)]
    hidden = library.workflows[item.workflow].sensitive
    return ruling(limits.rules, over=bool(over), hidden=hidden, draw=draw)


def _shown(
    item: Item, placed: Mapping[str, tuple[str, Mapping[str, Any]]], file: ScreeningFile, kinds: Sequence[str]
) -> Item:
    if item.item in placed:
        return as_shown(item, placed[item.item][1])
    return masked_item(item, file.of(item.item), kinds)


def _told(programme: Programme, new: Mapping[str, Ruling], file: ScreeningFile, limits: Limits) -> Iterator[str]:
    if file.passed_over:
        number, first = len(file.passed_over), file.passed_over[0]
        yield f"{number} lines of {first.file} passed over, the first: {first}"
    shown = [item for item in programme.items if item.item in new and new[item.item].lane == OPEN]
    unscreened = [item for item in shown if _is_unscreened(item, file, limits)]
    if unscreened:
        why = "a screen that could hold them back did not judge all of their texts"
        yield f"{len(unscreened)} items unscreened: {why}, so everybody is shown them"


def _is_unscreened(item: Item, file: ScreeningFile, limits: Limits) -> bool:
    """Whether some screen that could hold the item back did not judge it, or not all of it."""
    judged = {(row.screen, row.target) for row in file.of(item.item) if row.status == "screened"}
    wanted = ((screen, target) for screen in limits.screens(item.locale) for target in file.read_by(screen, item))
    return any(each not in judged for each in wanted)


def accepting(programme: Programme, locale: str, lane: str) -> list[Annotator]:
    """The annotators of a locale who work in this lane."""
    mine = [person for person in programme.annotators if locale in person.locales]
    if lane == OPEN or programme.screening.protection != "route":
        return mine
    return [person for person in mine if SENSITIVE in person.accepts]


def shielded(guideline: Guideline) -> Guideline:
    """The guideline with every text out of sight until somebody asks for it; the same questions, the same version."""
    workflow = guideline.workflow
    if workflow.sensitive:
        return guideline
    words = {name: guideline.terms[name] for name in ("warning", "reveal")}
    return replace(guideline, workflow=replace(workflow, sensitive=True, texts={**words, **workflow.texts}))
