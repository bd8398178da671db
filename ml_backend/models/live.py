"""A model's answers while people label: to a task's prompt, or to what they wrote in a conversation."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from ml_backend.controls import Sides, sides
from ml_backend.errors import ModelFailed, OutboxUnavailable
from ml_backend.job import Job
from ml_backend.models.asking import Models
from ml_backend.models.conversation import Conversation, dialogue, prompt_alone
from ml_backend.models.patience import Patience
from ml_backend.outbox import Outbox
from ml_backend.settings import Endpoint
from ml_backend.tasks import mapping, name_of
from plugins.notices import notice, reply_of

_AT_ONCE = 8  # requests of one call
_ADVICE = "Send your message again; if that does not help, tell your project lead."

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What came of asking a model: all the response control's texts, and the reason why there is no new one, if so."""

    texts: tuple[str, ...] = ()
    region: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class _About:
    """What is answered: an item's target, as far as known; `key` names the item for the draw of its model."""

    programme: str | None
    item: str | None
    target: str
    key: str


class Live:
    """Answers from the models of each programme; without an outbox analytics is not told which model answered."""

    def __init__(self, models: Models, outbox: Outbox | None = None) -> None:
        self._models, self._outbox = models, outbox

    def answers(self, job: Job, deadline: float) -> Iterator[Answer | None]:
        """One answer per task, in order, by the deadline (`time.monotonic()` seconds); None where the labelling config
        has no place for one."""
        talk = sides(job.areas)
        if talk is None:
            yield from (None for _ in job.tasks)
            return
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from pool.map(partial(self._answer, job, talk, Patience(deadline)), job.tasks)

    def _answer(self, job: Job, talk: Sides, patience: Patience, task: object) -> Answer:
        conversation = _conversation(job, talk, task)
        if not conversation.waits:
            return Answer(reason="there is no new prompt to answer")
        spoken = talk.message in job.areas
        # A text area that no person speaks in is answered once, and goes by its name.
        target = f"turn_{len(conversation.prompts)}_reply" if spoken else talk.reply
        try:
            text = self._reply(_about(job, task, target), conversation, patience)
        except ModelFailed as failure:
            return _missing(conversation, failure.message, told=spoken)
        return Answer(conversation.with_reply(text), conversation.region)

    def _reply(self, about: _About, conversation: Conversation, patience: Patience) -> str:
        names = self._models.settings.use(about.programme).models
        if not names:
            raise ModelFailed("no model configured")
        endpoint = self._models.settings.models[self._models.draws.order(about.key, names)[0]]
        messages = conversation.messages()
        reply = self._models.ask(endpoint, messages, patience, programme=about.programme, sample=about.key)
        if about.programme and about.item:
            self._tell(about.item, about.target, endpoint)
        return reply_of(reply.text)

    def _tell(self, item: str, target: str, endpoint: Endpoint) -> None:
        """Tell analytics which model it was, before the annotator sees the reply."""
        if self._outbox is None:
            return
        row = {"item": item, "target": target, "model": endpoint.name, "served": datetime.now(UTC).isoformat()}
        try:
            self._outbox.put("served", [row])
        except OutboxUnavailable as error:
            _log.warning("analytics will not be told which model answered %s: %s", item, error.message)
            raise ModelFailed("which model answered cannot be recorded now") from error


def _about(job: Job, task: object, target: str) -> _About:
    programme, item = job.project.programme, name_of(mapping(mapping(task).get("data")).get("item"))
    number = name_of(mapping(task).get("id"))
    # One name in all projects of a programme: whoever gets the item gets the same model.
    key = f"{programme}/{item}" if programme and item else f"{job.name}/{item or number}"
    return _About(programme, item, target, key)


def _conversation(job: Job, talk: Sides, task: object) -> Conversation:
    # Where a person writes the prompts, the model must not speak before they do.
    if job.context is not None or talk.message in job.areas:
        return dialogue(job.context, talk)
    return prompt_alone(task)


def _missing(conversation: Conversation, reason: str, *, told: bool) -> Answer:
    """No reply, with the reason; in a conversation the person is `told` it where the reply would stand."""
    if not told:
        return Answer(reason=reason)
    return Answer(conversation.with_reply(notice(f"No reply: {reason}. {_ADVICE}")), conversation.region, reason)
