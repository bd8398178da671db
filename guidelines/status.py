"""How far each locale is with each workflow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Literal

from guidelines.checks import guideline_problems
from guidelines.drift import locale_drift
from guidelines.errors import Problem
from guidelines.signing import sign_off
from guidelines.survey import Survey, chain_mistakes, survey
from guidelines.tags import is_base_language

State = Literal["complete", "draft", "stale", "missing", "wrong"]

MARKS: dict[State, str] = {"complete": "C", "draft": "d", "stale": "s", "missing": "-", "wrong": "!"}
MEANINGS: dict[State, str] = {
    "complete": "signed off as it is now",
    "draft": "not signed off, or changed since",
    "stale": "drifted from the base: see `check`",
    "missing": "not translated: annotators see English",
    "wrong": "has mistakes and is not served: see `check`",
}

Matrix = dict[str, dict[str, State]]


def matrix(root: Path) -> Matrix:
    """The state of each workflow (inner) in each locale (outer)."""
    seen = survey(root)
    workflows = seen.checked.base.workflows
    base_wrong = {name for name in workflows if _base_is_wrong(seen, name)}
    return {tag: _row(seen, tag, sorted(workflows), base_wrong) for tag in seen.locales()}


def _base_is_wrong(seen: Survey, workflow: str) -> bool:
    return workflow not in seen.checked.workflows or any(guideline_problems(seen.checked, workflow))


def _row(seen: Survey, tag: str, workflows: Iterable[str], base_wrong: set[str]) -> dict[str, State]:
    wrong, drifted = _files(chain_mistakes(seen, tag)), _files(_drifts(seen, tag))
    return {name: "wrong" if wrong or name in base_wrong else _state(seen, tag, name, drifted) for name in workflows}


def _drifts(seen: Survey, tag: str) -> Iterator[Problem]:
    return chain.from_iterable(locale_drift(seen, folder.tag) for folder in seen.chain(tag))


def _files(problems: Iterable[Problem]) -> set[str]:
    return {problem.file for problem in problems}


def _state(seen: Survey, tag: str, workflow: str, drifted: set[str]) -> State:
    folders = seen.chain(tag)
    files = [file for folder in folders for file in folder.contributing(workflow)]
    if not is_base_language(tag) and not any(workflow in folder.words for folder in folders):
        return "missing"
    if drifted & {file.file for file in files}:
        return "stale"
    own = any(folder.tag == tag and folder.contributing(workflow) for folder in folders)
    return "complete" if own and all(sign_off(file) for file in files) else "draft"


def table(found: Matrix) -> Iterator[str]:
    """The matrix as lines that fit a terminal: one row a locale, one column a workflow, and what the marks mean."""
    workflows = sorted({name for row in found.values() for name in row})
    numbers = [f"{number:>2}" for number in range(1, len(workflows) + 1)]
    yield f"{'':8}" + " ".join(numbers)
    for tag, row in found.items():
        yield f"{tag:8}" + " ".join(f" {MARKS[row[name]]}" for name in workflows)
    yield ""
    for number, name in zip(numbers, workflows, strict=True):
        yield f"{number} {name}"
    yield ""
    counts = Counter(state for row in found.values() for state in row.values())
    for state, mark in MARKS.items():
        yield f"{mark} {counts[state]:>4} {state}: {MEANINGS[state]}"
