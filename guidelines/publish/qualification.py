"""Worked examples as items with known answers: a test that someone passes before they join a workflow."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from guidelines.model import Example, Guideline

AUTHOR = "guideline"  # stands where the model's name does: nobody's model wrote these responses


def items(guideline: Guideline) -> Iterator[dict[str, Any]]:
    """The guideline's examples as lines of a programme's items file, each with its gold answers.

    Answers that are written, not chosen, have no one right wording and are left out of the gold.
    """
    for example in guideline.examples:
        yield _item(example, guideline)


def write_items(guideline: Guideline, folder: Path) -> Path:
    """Write the items below `folder` as a programme expects them: items/<workflow>/<locale>.jsonl; that path."""
    path = folder / "items" / guideline.workflow.id / f"{guideline.locale}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(item, ensure_ascii=False) for item in items(guideline)]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def _item(example: Example, guideline: Guideline) -> dict[str, Any]:
    workflow = guideline.workflow
    item: dict[str, Any] = {
        "item": f"qualification-{workflow.id}-{guideline.locale}-{example.id}",
        "batch": "qualification",
        "prompt": example.prompt,
        "responses": [{"text": text, "model": AUTHOR} for text in example.responses],
        "gold": dict(_gold(example, guideline)),
    }
    if workflow.claims:
        item["claims"] = list(example.claims)
    if workflow.materials:
        item["materials"] = dict(example.materials)
    if example.errors is not None:
        item["seeded_errors"] = list(_seeded(example))
    return item


def _gold(example: Example, guideline: Guideline) -> Iterator[tuple[str, str]]:
    """`question` for the item or the only response, `question@target` for one of several."""
    workflow = guideline.workflow
    for (name, target), value in example.answers.items():
        question = workflow.question(name)
        if not question.steps and question.kind != "ranking":
            continue
        alone = target == "item" or (question.target == "response" and workflow.responses == 1)
        yield (name if alone else f"{name}@{target}"), value


def _seeded(example: Example) -> Iterator[dict[str, Any]]:
    (response,) = example.responses
    for mark in example.errors or ():
        start = response.index(mark.text)
        place = {"start": start, "end": start + len(mark.text), "text": mark.text}
        yield {**place, "category": mark.category, "severity": mark.severity}


def write_programme(guidelines: Sequence[Guideline], folder: Path) -> Path:
    """Write the programme.yaml of a qualification programme, and an annotators.csv to fill in; the former's path.

    A file that is there already is kept, since its owner may have changed it.
    """
    locales = list(dict.fromkeys(each.locale for each in guidelines))
    head = {
        "programme": "-".join(["qualification", *locales]),
        "title": " ".join(["Qualification", *locales]),
        "source": "label_studio",
        "workflows": [each.workflow.id for each in guidelines],
        "locales": locales,
        "overlap": 1,
        "stage": "qualification",
    }
    path = folder / "programme.yaml"
    _write_once(path, yaml.safe_dump(head, sort_keys=False, allow_unicode=True))
    _write_once(folder / "annotators.csv", "email,name,vendor,locales,domains,education,role,qualified,simulated\n")
    return path


def _write_once(path: Path, text: str) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
