"""Tasks in, Label Studio predictions out: one per task, in order, always in a form it can store and open."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ml_backend import settings
from ml_backend.config import Endpoint
from ml_backend.controls import Sides, region, sides
from ml_backend.errors import ModelFailed
from ml_backend.prescreen import Prescreen, Summary
from ml_backend.tasks import Conversation, dialogue, prompt_alone, prompt_of

if TYPE_CHECKING:
    from ml_backend.models.client import Client

SUMMARY_CONTROL = "prescreen"

_AT_ONCE = 8  # requests to the model endpoint


@dataclass(frozen=True)
class Job:
    """A prediction request: its tasks, unchecked; the project's unique name and locale; the config's text areas; and
    the context of an interactive call, None in a batch."""

    tasks: Sequence[object]
    project: str
    locale: str | None
    areas: dict[str, str]
    context: object = None


@dataclass(frozen=True)
class _Answer:
    """What came of asking the model: all the response control's texts, or the reason why there is no new one."""

    texts: tuple[str, ...] = ()
    region: str | None = None
    reason: str | None = None


class Predictor:
    """Screens prompts, and asks the model where one is configured and the labelling config has a place for it."""

    def __init__(self, prescreen: Prescreen, endpoint: Endpoint | None) -> None:
        self._prescreen = prescreen
        self._endpoint = endpoint

    @property
    def version(self) -> str:
        """What Label Studio calls model version: another one makes it ask for all predictions again."""
        return "concord-prescreen-1" + (f"+{self._endpoint.name}" if self._endpoint else "")

    def predict(self, job: Job, deadline: float) -> list[dict[str, Any]]:
        """One prediction per task, in order, by the deadline (`time.monotonic()` seconds); never fails for a task."""
        prompts = (prompt_of(task, job.project, job.locale) for task in job.tasks)
        summaries = list(self._prescreen.summaries(prompts, deadline))
        answers = self._answers(job, deadline)
        return [
            {"model_version": self.version, "score": summary.novelty, "result": _regions(job, summary, answer)}
            for summary, answer in zip(summaries, answers, strict=True)
        ]

    def _answers(self, job: Job, deadline: float) -> Iterator[_Answer | None]:
        talk = sides(job.areas)
        if talk is None:
            yield from (None for _ in job.tasks)
            return
        conversations = (_conversation(job, talk, task) for task in job.tasks)
        with _connect(self._endpoint) as model, ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from pool.map(partial(_ask, model, deadline), conversations)


def _connect(endpoint: Endpoint | None) -> AbstractContextManager[Client | None]:
    if endpoint is None:
        return nullcontext()
    # Imported here: the client takes a second to load, which every command would pay.
    from ml_backend.models.client import Client  # noqa: PLC0415

    return Client(settings.Endpoint(endpoint.name, endpoint.url, endpoint.name, endpoint.key))


def _conversation(job: Job, talk: Sides, task: object) -> Conversation:
    # Where a person writes the prompts, the model must not speak before they do.
    if job.context is not None or talk.message in job.areas:
        return dialogue(job.context, talk)
    return prompt_alone(task)


def _ask(model: Client | None, deadline: float, conversation: Conversation) -> _Answer:
    if model is None:
        return _Answer(reason="no model configured")
    if not conversation.waits:
        return _Answer(reason="there is no new prompt to answer")
    try:
        text = model.chat(conversation.messages(), deadline).text
    except ModelFailed as failure:
        return _Answer(reason=failure.message)
    return _Answer((*conversation.responses, *conversation.unanswered, text), conversation.region)


def _regions(job: Job, summary: Summary, answer: _Answer | None) -> list[dict[str, object]]:
    regions = []
    talk = sides(job.areas)
    if SUMMARY_CONTROL in job.areas:
        texts = [json.dumps(_told(summary, answer), ensure_ascii=False)]
        regions.append(region(SUMMARY_CONTROL, job.areas[SUMMARY_CONTROL], texts))
    if talk and answer and answer.texts:
        regions.append(region(talk.reply, job.areas[talk.reply], list(answer.texts), answer.region))
    return regions


def _told(summary: Summary, answer: _Answer | None) -> dict[str, Any]:
    told = summary.to_json()
    if answer:
        told["response"] = {"status": "missing", "reason": answer.reason} if answer.reason else {"status": "given"}
    return told
