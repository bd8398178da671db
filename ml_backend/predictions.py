"""Tasks in, Label Studio predictions out: one per task, in order, always in a form it can store and open."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

from ml_backend.controls import region, sides
from ml_backend.errors import OutboxUnavailable
from ml_backend.job import Job
from ml_backend.models.live import Answer, Live
from ml_backend.outbox import Outbox, Row
from ml_backend.prescreen import Prescreen, Summary
from ml_backend.records import screenings
from ml_backend.tasks import Item, item_of

SUMMARY_CONTROL = "prescreen"

_TOLD = 5000  # rows for analytics, kept in one transaction

_log = logging.getLogger(__name__)


class Predictor:
    """Screens the texts of tasks, and asks a model where one is configured and the labelling config has a place for it.

    `version` is what Label Studio calls model version: another one makes it ask for all predictions again. Without an
    outbox analytics is not told of outcomes.
    """

    def __init__(self, prescreen: Prescreen, live: Live, outbox: Outbox | None, version: str) -> None:
        self._prescreen, self._live, self._outbox = prescreen, live, outbox
        self.version = version

    def predict(self, job: Job, deadline: float) -> Iterator[dict[str, Any]]:
        """One prediction per task, in order, by the deadline (`time.monotonic()` seconds); never fails for a task."""
        told: list[Row] = []
        items = [item_of(task, job.name, job.project.locale, job.project.programme) for task in job.tasks]
        summaries = self._prescreen.summaries(items, deadline)
        # Screens first: a model that is slow must not take their time.
        answered = zip(items, summaries, self._live.answers(job, deadline), strict=True)
        try:
            for item, summary, answer in answered:
                told.extend(self._rows(job, item, summary))
                if len(told) >= _TOLD:
                    self._tell(told)
                yield self._prediction(job, summary, answer)
        finally:  # also when Label Studio has hung up
            self._tell(told)

    def _prediction(self, job: Job, summary: Summary, answer: Answer | None) -> dict[str, Any]:
        return {"model_version": self.version, "score": summary.novelty, "result": _regions(job, summary, answer)}

    def _rows(self, job: Job, item: Item, summary: Summary) -> Iterator[Row]:
        """What analytics is told of an item of a programme."""
        if job.project.programme and item.name:
            yield from screenings(item.name, summary)

    def _tell(self, rows: list[Row]) -> None:
        if self._outbox:
            try:
                self._outbox.put("screenings", rows)
            except OutboxUnavailable as error:
                _log.warning("analytics will not be told of %d outcomes: %s", len(rows), error.message)
        rows.clear()


def _regions(job: Job, summary: Summary, answer: Answer | None) -> list[dict[str, object]]:
    regions = []
    talk = sides(job.areas)
    if SUMMARY_CONTROL in job.areas:
        texts = [json.dumps(_told(summary, answer), ensure_ascii=False)]
        regions.append(region(SUMMARY_CONTROL, job.areas[SUMMARY_CONTROL], texts))
    if talk and answer and answer.texts:
        regions.append(region(talk.reply, job.areas[talk.reply], list(answer.texts), answer.region))
    return regions


def _told(summary: Summary, answer: Answer | None) -> dict[str, Any]:
    told = summary.blinded().to_json()
    if answer:
        told["response"] = {"status": "missing", "reason": answer.reason} if answer.reason else {"status": "given"}
    return told
