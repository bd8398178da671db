"""What the preview shows: the guideline, the tasks made of its examples, and what is wrong with the files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guidelines.checks import chain
from guidelines.drift import locale_drift
from guidelines.errors import InvalidGuidelines, Problem
from guidelines.library import load
from guidelines.model import Example, Guideline
from guidelines.survey import survey
from plugins.blinding import task_data
from plugins.items import Item, Response
from plugins.label_studio.config import label_config


@dataclass(frozen=True)
class Content:
    """One state of the files; without a guideline where the files have mistakes."""

    guideline: Guideline | None = None
    config: str = ""
    tasks: tuple[tuple[str, dict[str, Any]], ...] = ()
    problems: tuple[str, ...] = ()


def read_content(root: Path, workflow: str, locale: str) -> Content:
    """The present state; raises UnknownWorkflow, MalformedLocale, UnknownLocale and InvalidConfig."""
    try:
        guideline = load(root).guideline(workflow, locale)
    except InvalidGuidelines as error:
        return Content(problems=tuple(map(str, error.problems)))
    tasks = tuple((each.title, _data(each, locale)) for each in guideline.examples)
    return Content(guideline, label_config(guideline), tasks, tuple(map(str, _drift(root, guideline.locale))))


def _data(example: Example, locale: str) -> dict[str, Any]:
    responses = tuple(Response(text, model="") for text in example.responses)
    item = Item(
        example.id,
        example.workflow,
        locale,
        example.prompt,
        responses,
        claims=example.claims,
        materials=example.materials,
    )
    return task_data(item, tuple(range(len(responses))))


def _drift(root: Path, locale: str) -> Iterator[Problem]:
    seen = survey(root)
    for folder in seen.chain(locale):
        yield from locale_drift(seen, folder.tag)


def stamp(root: Path, locale: str) -> str:
    """A text that changes whenever a file does that the preview shows."""
    folders = [root / "base", *(root / "locales" / tag for tag in chain(locale))]
    files = sorted(path for folder in folders for path in folder.glob("*") if path.is_file())
    return str(hash(tuple((str(path), _changed(path)) for path in files)))


def _changed(path: Path) -> int:
    """When the file was changed; 0 if it has gone meanwhile, as files do that an editor writes beside its own."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
