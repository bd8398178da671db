"""The guidelines that come with the product, and the documentation of their format."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from guideline_folder import write_folder
from jsonschema import Draft202012Validator

import guidelines
from guidelines.folder import PACKAGED
from guidelines.yaml_file import read_yaml

SCHEMAS = sorted((PACKAGED / "schemas").glob("*.json"))


def test_packaged_files_have_no_problems() -> None:
    """Every base and locale file passes the check."""
    assert list(map(str, guidelines.check())) == []


@pytest.fixture(scope="module")
def packaged() -> dict[tuple[str, str], guidelines.Guideline]:
    """Every packaged guideline, by locale and workflow."""
    library = guidelines.load()
    return {(tag, name): library.guideline(name, tag) for tag in library.locales for name in library.workflows}


def test_packaged_locales(packaged: dict[tuple[str, str], guidelines.Guideline]) -> None:
    """Each packaged locale has a guideline of each workflow, with the base's codes and a version of its own."""
    workflows = guidelines.load().workflows
    for (_, workflow), guideline in packaged.items():
        asked = [each.id for each in workflows[workflow].questions]
        assert [each.id for each in guideline.workflow.questions] == asked
    assert len({str(guideline.version) for guideline in packaged.values()}) == len(packaged)


@pytest.mark.parametrize("workflow", guidelines.load().workflows)
def test_base_guidelines_have_examples(workflow: str) -> None:
    """Each base guideline defines its words, says when to skip, and works through eight examples or more."""
    guideline = guidelines.load().guideline(workflow, "en-US")
    clauses = {clause.id for clause in guideline.clauses}
    assert clauses >= {"purpose", "what-you-see", "definitions", "hard-cases", "skip", "examples"}
    assert len([each for each in guideline.examples if each.language == "en"]) >= 8


def test_links_between_clauses(packaged: dict[tuple[str, str], guidelines.Guideline]) -> None:
    """Every link to a clause, in every locale's guideline, leads to one."""
    for name, guideline in packaged.items():
        html = guideline.html
        assert set(re.findall(r'href="#([^"]+)"', html)) <= set(re.findall(r' id="([^"]+)"', html)), name


def test_format_examples(tmp_path: Path) -> None:
    """The complete example in the README of the format is a locale without mistakes, against a base with its codes."""
    text = (PACKAGED / "README.md").read_text(encoding="utf-8")
    words, _, examples = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)[:3]
    rules, shared = re.findall(r"```markdown\n(.*?)```", text, flags=re.DOTALL)[:2]
    base = (PACKAGED / "base" / "fluency_review.yaml").read_text(encoding="utf-8")
    files = {
        "base/fluency_review.yaml": _cut(base),
        "base/fluency_review.md": _README_BASE,
        "base/fluency_review.examples.yaml": _README_BASE_EXAMPLES,
        "locales/de-DE/fluency_review.yaml": words,
        "locales/de-DE/fluency_review.md": rules,
        "locales/de-DE/locale.md": shared,
        "locales/de-DE/examples.yaml": examples,
    }
    assert list(map(str, guidelines.check(write_folder(tmp_path, files)))) == []


_README_BASE = """\
---
workflow: fluency_review
version: "1.1"
---

## Register {#register}

As the prompt.

## Numbers {#number-formats}

As usual.
"""


_README_BASE_EXAMPLES = """\
workflow: fluency_review
version: "1.1"
examples:
  - id: clean
    title: Nothing to mark
    prompt: Say hello.
    responses: [Hello!]
    answers: {completeness: complete}
    errors: []
    why: There is nothing to mend.
"""


def _cut(base: str) -> str:
    """The base of the README's example: fewer codes, and no rating."""
    codes = "accuracy|terminology|punctuation|word_choice|register|locale_convention|audience|markup|critical|missing"
    fewer = re.sub(rf" +- \{{code: ({codes}),.*\n", "", base)
    without_rating = re.sub(r"  - id: fluency\n.*?(?=  - id: )", "", fewer, flags=re.DOTALL)
    return without_rating.replace("headline: fluency", "headline: completeness")


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_schemas_are_schemas(path: Path) -> None:
    """The published schemas are valid JSON Schema, Draft 2020-12."""
    Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_schemas_explain_every_field(path: Path) -> None:
    """Every field of every schema says what it is for, since messages and editors quote it."""
    assert _unexplained(json.loads(path.read_text(encoding="utf-8"))) == []


def _unexplained(schema: Any, name: str = "") -> list[str]:
    """The fields without a description, outside conditions and references."""
    if not isinstance(schema, dict):
        return []
    parts = {key: part for group in ("properties", "$defs") for key, part in schema.get(group, {}).items()}
    parts |= {key: schema[key] for key in ("items", "additionalProperties", "then") if key in schema}
    found = [] if {"description", "$ref", "if"} & schema.keys() or name == "then" else [name]
    return found + [each for key, part in parts.items() for each in _unexplained(part, key)]


def test_lines_are_those_of_the_file() -> None:
    """The line of a field is where its name stands, in flow style and in block style."""
    document = read_yaml("a.yaml", "# c\na: 1\nb:\n  - {c: 2,\n     d: 3}\n")
    lines = {place: document.line(place) for place in [("a",), ("b",), ("b", 0), ("b", 0, "c"), ("b", 0, "d")]}
    assert list(lines.values()) == [2, 3, 4, 4, 5]
