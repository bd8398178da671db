"""Making the suggestions that a programme lacks: what is asked, by whom, and what came of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, BinaryIO

from ml_backend.errors import BudgetSpent, MLBackendError
from ml_backend.helpers.file import add
from ml_backend.helpers.model import Asked, Helper, Proposal
from plugins.programme import Programme
from plugins.suggestion_rules import SuggestionRule
from plugins.suggestions import Key, Suggestion, file_targets, text_digest

if TYPE_CHECKING:
    from guidelines import Library

_IN_A_ROW = 10  # failures after which a helper is not asked any more: it is down, and waiting for each takes long


@dataclass
class Made:
    """What one rule came to: suggestions with a value and without one, failures, and how many were not asked for."""

    rule: SuggestionRule
    answered: int = 0
    unanswered: int = 0
    failures: list[str] = field(default_factory=list)
    left: int = 0


def missing(programme: Programme, library: Library, rule: SuggestionRule, there: set[Key]) -> Iterator[Asked]:
    """What the rule's helper has not answered yet, in the order of the programme's files."""
    for item in (item for item in programme.items if item.workflow == rule.workflow):
        guideline = library.guideline(item.workflow, item.locale)
        for name in rule.questions:
            question = guideline.workflow.question(name)
            targets = file_targets(question, item)
            left = [target for target in targets if (item.item, name, target, rule.helper) not in there]
            if question.kind != "ranking":
                yield from (Asked(item, guideline, question, (target,)) for target in left)
            elif left:
                yield Asked(item, guideline, question, targets)


def make(
    rule: SuggestionRule,
    helper: Helper,
    asked: Sequence[Asked],
    there: set[Key],
    file: BinaryIO,
    stopped: Event,
    done: Callable[[], object] = lambda: None,
) -> Made:
    """Ask the helper, and write what it proposes as it comes, without what is `there`.

    A failure is noted and the rest goes on; after ten in a row, or when the budget is spent, the rest is left.
    `stopped` is set at the end, for questions that still wait; `done` is called after each question.
    """
    made, in_a_row = Made(rule), 0
    with ThreadPoolExecutor(helper.at_once) as pool:
        futures = {pool.submit(helper.propose, each): each for each in asked}
        try:
            for number, future in enumerate(as_completed(futures), start=1):
                failure = _keep(made, future, futures[future], there, file)
                done()
                in_a_row = in_a_row + 1 if failure else 0
                if in_a_row == _IN_A_ROW or isinstance(failure, BudgetSpent):
                    made.left = len(futures) - number
                    break
        finally:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
    return made


def _keep(
    made: Made, future: Future[list[Proposal]], asked: Asked, there: set[Key], file: BinaryIO
) -> MLBackendError | None:
    """Write what was proposed; the failure if it is one."""
    try:
        proposals = future.result()
    except MLBackendError as failure:
        made.failures.append(f"{asked.item.item} {asked.question.id} {asked.targets[0]}: {failure.message}")
        return failure
    rows = [row for row in _suggestions(made.rule, asked, proposals) if row.key not in there]
    add(file, rows)
    made.answered += sum(row.value is not None for row in rows)
    made.unanswered += sum(row.value is None for row in rows)
    return None


def _suggestions(rule: SuggestionRule, asked: Asked, proposals: Sequence[Proposal]) -> Iterator[Suggestion]:
    now = datetime.now(UTC)
    for target, each in zip(asked.targets, proposals, strict=True):
        yield Suggestion(
            id=secrets.token_hex(8),
            item=asked.item.item,
            question=asked.question.id,
            target=target,
            helper=rule.helper,
            provider=each.provider,
            value=each.value,
            made=now,
            reason=each.reason,
            marks=each.marks,
            probability=each.probability,
            digest=text_digest(asked.item),
        )
