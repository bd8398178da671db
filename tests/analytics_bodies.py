"""Bodies as a labelling tool would send them, and the settings of a service to send them to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from analytics.config import Config
from analytics.service import EXTENSION, Service

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
ANALYST = {"Authorization": "Bearer analyst-token-of-the-tests"}
INGEST = {"Authorization": "Bearer ingest-token-of-the-tests"}
WEBHOOK = {"Authorization": "Bearer webhook-token-of-the-tests"}
PROJECTS = {"11": ("preference", "de-DE"), "12": ("preference", "ar-EG"), "21": ("fluency_review", "de-DE")}


def at(minutes: float) -> datetime:
    """So many minutes after the start of the tests' time."""
    return START + timedelta(minutes=minutes)


def config(folder: Path) -> Config:
    """Settings for a service that keeps its data in this folder."""
    return Config(
        data=folder,
        analyst_token="analyst-token-of-the-tests",
        ingest_token="ingest-token-of-the-tests",
        webhook_token="webhook-token-of-the-tests",
        pseudonym_key=b"pseudonym-key-of-the-tests",
        secret_key="session-key-of-the-tests",
    )


def manifest(*, simulated: bool = False) -> dict[str, Any]:
    """Three projects and five annotators of two vendors."""
    projects = [
        {
            "source": "label_studio",
            "project": project,
            "programme": "test",
            "workflow": workflow,
            "locale": locale,
            "stage": "annotate",
            "guideline_version": f"{workflow} 1.0 / {locale} 1 @000000000000",
            "since": START.isoformat(),
        }
        for project, (workflow, locale) in PROJECTS.items()
    ]
    people = [
        {"user": str(user), "vendor": ("north", "south")[user % 2], "locales": ["de-DE"], "simulated": simulated}
        for user in range(1, 6)
    ]
    return {"source": "label_studio", "projects": projects, "items": [], "annotators": people}


@dataclass(frozen=True)
class Answer:
    """One annotation of the tests: who gave which codes on which task, and when."""

    annotation: int
    task: int
    user: int
    overall: str
    updated: datetime = START
    project: str = "11"
    skipped: bool = False

    def as_json(self) -> dict[str, Any]:
        """The annotation as Label Studio writes it."""
        value = {"choices": [self.overall]}
        answers = [
            {"id": f"q{name}", "from_name": name, "to_name": "prompt", "type": "choices", "value": value}
            for name in ("relevance", "safety", "clarity", "overall")
        ]
        return {
            "id": self.annotation,
            "completed_by": self.user,
            "result": [] if self.skipped else answers,
            "was_cancelled": self.skipped,
            "created_at": START.isoformat(),
            "updated_at": self.updated.isoformat(),
            "lead_time": 12.5,
        }

    def task_json(self) -> dict[str, Any]:
        """The task without its annotations."""
        data = {
            "item": f"item-{self.project}-{self.task}",
            "prompt": "Eine Frage",
            "response_a": "A",
            "response_b": "B",
        }
        return {"id": self.task, "project": int(self.project), "data": data}


def export(answers: Sequence[Answer], empty: Sequence[Answer] = ()) -> list[dict[str, Any]]:
    """An export with these annotations; the tasks of `empty` are there without any."""
    tasks = {answer.task: {**answer.task_json(), "annotations": []} for answer in (*answers, *empty)}
    for answer in answers:
        tasks[answer.task]["annotations"].append(answer.as_json())
    return list(tasks.values())


def webhook(answer: Answer, action: str = "ANNOTATION_CREATED") -> dict[str, Any]:
    """The webhook that Label Studio sends for an annotation."""
    return {
        "action": action,
        "annotation": answer.as_json(),
        "task": answer.task_json(),
        "project": {"id": int(answer.project)},
    }


def deletion(*annotations: int, project: str = "11") -> dict[str, Any]:
    """The webhook for deleted annotations."""
    gone = [{"id": annotation} for annotation in annotations]
    return {"action": "ANNOTATIONS_DELETED", "annotations": gone, "project": {"id": int(project)}}


def marked(annotation: int, task: int, user: int, categories: Sequence[str], updated: datetime) -> dict[str, Any]:
    """A task of the fluency project with one annotation that marks an error of each category."""
    text = "Das ist ein Satz mit Fehlern"
    result: list[dict[str, Any]] = []
    for number, category in enumerate(categories):
        place = {"start": number, "end": number + 3, "text": text[number : number + 3]}
        base = {"id": f"s{number}", "to_name": "response_a", "origin": "manual"}
        result.append({**base, "from_name": "errors__a", "type": "labels", "value": {**place, "labels": [category]}})
        severity = {**place, "choices": ["major"]}
        result.append({**base, "from_name": "errors__a__severity", "type": "choices", "value": severity})
    fluency = {"id": "f", "from_name": "fluency", "to_name": "response_a", "type": "rating", "value": {"rating": 4}}
    whole = {"choices": ["complete"]}
    complete = {"id": "c", "from_name": "completeness", "to_name": "response_a", "type": "choices", "value": whole}
    written = {
        "id": annotation,
        "completed_by": user,
        "result": [*result, fluency, complete],
        "was_cancelled": False,
        "created_at": updated.isoformat(),
        "updated_at": updated.isoformat(),
        "lead_time": 30.0,
    }
    data = {"item": f"fluency-{task}", "prompt": "Eine Frage", "response_a": text}
    return {"id": task, "project": 21, "data": data, "annotations": [written]}


def service_of(app: Flask) -> Service:
    """The service inside an application."""
    running = app.extensions[EXTENSION]
    assert isinstance(running, Service)
    return running
