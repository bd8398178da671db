"""Commands of the ML backend."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ml_backend.config import Config
from ml_backend.errors import InvalidItems
from ml_backend.near_duplicates import Index
from ml_backend.prescreen import Prescreen, Prompt
from ml_backend.tasks import prompt_of

_FOLDER = "items"  # the project that a file's items are remembered under
_MOST_PROBLEMS = 20


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def screen(file: Path) -> None:
    """Screen the prompts of FILE before they are pushed.

    FILE has one JSON object a line with item, prompt and, if known, locale. The answer has one line per item: item,
    score (1 is new, 0 is a repetition or unscreened) and prescreen (the summary). Prompts are compared with each other
    and with all that the ML backend of the folder CONCORD_ML_DATA has seen, and are remembered there.

    \b
    Example:
        concord screen items/preference/de-DE.jsonl > screened.jsonl
    """
    _check(file)
    prescreen = Prescreen(Index(Config.from_env(os.environ).data))
    prompts = (_prompt(item) for _, item in _lines(file))
    for (_, item), summary in zip(_lines(file), prescreen.summaries(prompts, math.inf), strict=True):
        answer = {"item": item["item"], "score": summary.novelty, "prescreen": summary.to_json()}
        click.echo(json.dumps(answer, ensure_ascii=False))


commands: list[click.Command] = [screen]


def _check(file: Path) -> None:
    """Read the file once before anything is remembered; raises `InvalidItems` with the first problems, by line."""
    problems: list[str] = []
    first_seen: dict[str, int] = {}
    for number, item in _lines(file):
        problem = _problem(item) or _repeated(item["item"], number, first_seen)
        if problem:
            problems.append(f"{file}:{number}: {problem}")
    if problems:
        raise InvalidItems(problems[:_MOST_PROBLEMS])


def _lines(file: Path) -> Iterator[tuple[int, Any]]:
    """Line number and value of each line that is not blank; None for a line that is not JSON."""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _parse(line)


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):  # not UTF-8 is a ValueError too
        return None


def _problem(item: object) -> str | None:
    if not isinstance(item, dict):
        return "this line is not a JSON object in UTF-8"
    for field in ("item", "prompt"):
        if not isinstance(item.get(field), str) or not item[field].strip():
            return f"{field} is not a text"
    if not isinstance(item.get("locale", ""), str | None):
        return "locale is not a text"
    return _prompt(item).flaw


def _repeated(name: str, number: int, first_seen: dict[str, int]) -> str | None:
    first = first_seen.setdefault(name, number)
    return None if first == number else f"item {name!r} is already on line {first}"


def _prompt(item: dict[str, Any]) -> Prompt:
    return prompt_of({"data": item}, _FOLDER, None)
