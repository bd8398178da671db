"""A workflow with every kind of question, guidelines in two directions and a small programme."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from guidelines.model import Choice, Guideline, GuidelineVersion, Question, Severity, Workflow
from plugins.projects import Project, Projects

FIVE = tuple(
    Choice(code, title, number=number)
    for code, title, number in [
        ("a_much", "A is much better", -2),
        ("a_slightly", "A is slightly better", -1),
        ("tie", "About the same", 0),
        ("b_slightly", "B is slightly better", 1),
        ("b_much", "B is much better", 2),
    ]
)
ERRORS = Question(
    "errors",
    "error_spans",
    "Errors",
    "nominal",
    target="response",
    required=False,
    choices=(Choice("grammar", "Grammar", hotkey="g"), Choice("spelling", "Spelling", hotkey="s")),
    severities=(Severity("minor", "Minor", 1, "1"), Severity("major", "Major", 5, "2")),
)

EVERY_KIND = Workflow(
    id="every_kind",
    version="1.0",
    title="Every kind",
    summary="One question of each kind.",
    responses=2,
    texts={"prompt": "Prompt", "response_a": "Response A", "response_b": "Response B"},
    headline="overall",
    questions=(
        ERRORS,
        Question("stars", "rating", "Stars", "ordinal", target="response", minimum=1, maximum=5),
        Question("overall", "preference", "Overall", "ordinal", choices=FIVE),
        Question("topic", "single_choice", "Topic", "nominal", choices=(Choice("x", "X"), Choice("y", "Y"))),
        Question("tags", "multiple_choice", "Tags", "nominal", choices=(Choice("p", "P"), Choice("q", "Q"))),
        Question("zero", "rating", "From zero", "ordinal", minimum=0, maximum=3),
        Question("amount", "number", "Amount", "ratio", minimum=-10, maximum=1000),
        Question("reason", "text", "Why?", "nominal", required=False),
    ),
)


@dataclass(frozen=True)
class Guidelines:
    """A library made by hand."""

    workflows: dict[str, Workflow] = field(default_factory=lambda: {"every_kind": EVERY_KIND})
    locales: tuple[str, ...] = ("en-US", "ar-EG")

    def guideline(self, workflow_id: str, locale: str) -> Guideline:
        """The guideline of a workflow and locale."""
        return guideline(self.workflows[workflow_id], locale)


def guideline(workflow: Workflow, locale: str = "en-US") -> Guideline:
    """A draft guideline for a workflow."""
    version = GuidelineVersion(workflow.id, workflow.version, locale, "1", "0123456789ab")
    direction = "rtl" if locale.startswith("ar") else "ltr"
    return Guideline(workflow, locale, direction, version, "draft", "# How", "<h1>How</h1>")


SINCE = datetime(2026, 1, 1, tzinfo=UTC)
PROJECT = Project("label_studio", "7", "demo", "every_kind", "en-US", "annotate", ((SINCE, "v1"),))
PROJECTS = Projects("label_studio", {"7": PROJECT})
DATA = {"item": "one", "prompt": "Say 😀", "response_a": "Hello 😀 world", "response_b": "שלום עולם"}


def annotation(result: Any, **changes: Any) -> dict[str, Any]:
    """An annotation as Label Studio exports it."""
    made = {
        "id": 5,
        "completed_by": 2,
        "result": result,
        "was_cancelled": False,
        "created_at": "2026-11-20T23:26:55.978389Z",
        "updated_at": "2026-11-20T23:27:00.248065Z",
        "lead_time": 3.5,
    }
    return {**made, **changes}


def task(*annotations: Any, **changes: Any) -> dict[str, Any]:
    """A task as Label Studio exports it."""
    return {"id": 1, "project": 7, "data": DATA, "annotations": list(annotations), **changes}


def write_programme(root: Path, *, items: int = 3, **changes: Any) -> Path:
    """A programme folder: `preference` and `fluency_review` in en-US and ar-EG; JSON is YAML too."""
    head = {
        "programme": "probe",
        "title": "Probe",
        "source": "label_studio",
        "workflows": ["preference", "fluency_review"],
        "locales": ["en-US", "ar-EG"],
        "overlap": 3,
        "stage": "annotate",
        **changes,
    }
    root.mkdir(parents=True, exist_ok=True)
    (root / "programme.yaml").write_text(json.dumps(head), encoding="utf-8")
    for workflow in head["workflows"]:
        for locale in head["locales"]:
            path = root / "items" / workflow / f"{locale}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = [item_row(workflow, locale, number) for number in range(items)]
            path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    (root / "annotators.csv").write_text(ANNOTATORS, encoding="utf-8")
    return root


ANNOTATORS = """\
email,name,vendor,locales,domains,education,role,qualified,simulated
ann1@concord.example,Ann One,norvend,en-US;ar-EG,cooking,master,annotator,preference;fluency_review,true
ann2@concord.example,Ann Two,sudvend,en-US,travel,,annotator,preference,false
"""


def item_row(workflow: str, locale: str, number: int) -> dict[str, Any]:
    """One line of an items file."""
    arabic = locale == "ar-EG"
    first = f"القطة جلس على الطاولة رقم {number} 😀" if arabic else f"The cat sit on table {number} 😀\nand sleeps."
    second = f"جلست القطة على الطاولة رقم {number}" if arabic else f"The cat sits on table {number}."
    row: dict[str, Any] = {
        "item": f"{workflow}-{locale}-{number:03}",
        "domain": "cats",
        "batch": "2026-11",
        "prompt": f"أين القطة {number}؟" if arabic else f"Where is cat {number}?",
        "responses": [{"text": first, "model": "aurora", "iteration": "3"}],
        "gold": None,
        "seeded_errors": None,
    }
    if workflow == "preference":
        row["responses"].append({"text": second, "model": "borealis", "iteration": "4"})
        row["gold"] = {"clarity": "b_slightly", "safety": "tie", "overall": "b_much"}
    else:
        word = "جلس" if arabic else "sit"
        start = first.index(word)
        seeded = {"start": start, "end": start + len(word), "text": word, "category": "grammar", "severity": "major"}
        row |= {"gold": {"fluency": "3", "completeness": "complete"}, "seeded_errors": [seeded]}
    return row
