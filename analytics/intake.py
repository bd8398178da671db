"""From a body to the store: read it, keep it raw, merge it. Reading comes first, so a bad body changes nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from marshmallow import ValidationError

from analytics.errors import InputError, MalformedBody, NotJson, UnknownProject, UnknownSource
from analytics.load import keep_folder, read_folder, read_frames
from analytics.manifest import ManifestSchema, read_manifest
from analytics.merge import Deletion, Ingested, Page
from analytics.raw import Extent, RawBodies, Receipt
from analytics.store import Store
from guidelines import Library
from plugins.argilla.parse import read_records
from plugins.frames import Frames
from plugins.label_studio.parse import WebhookEvent, read_tasks, read_webhook

LABEL_STUDIO = "label_studio"
READERS = {LABEL_STUDIO: read_tasks, "argilla": read_records}  # by source, which names the tool
_CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class Webhook:
    """A webhook body and when it was acknowledged."""

    source: str
    received: datetime
    body: bytes


class Intake:
    """Reads bodies with the guidelines, keeps them raw and merges them into the store."""

    def __init__(self, store: Store, raw: RawBodies, library: Library, pseudonym_key: bytes) -> None:
        self.store, self._raw, self._library, self._key = store, raw, library, pseudonym_key

    def manifest(self, document: dict[str, Any], body: bytes) -> None:
        """Register what a loaded `ManifestSchema` document names; raises UnknownWorkflow for a workflow it lacks."""
        self._check(document)
        self._raw.keep(Receipt("manifest", document["source"], datetime.now(UTC)), body)
        self.store.register(read_manifest(document, self._key))

    def export(self, source: str, extent: Extent | None, body: bytes) -> tuple[int, Ingested]:
        """Merge an export; tasks received and what they changed. Raises InputError or MalformedExport."""
        receipt = Receipt("export", source, datetime.now(UTC), extent)
        tasks, frames, page = self._read_export(receipt, body)
        self._raw.keep(receipt, body)
        return len(tasks), self.store.ingest(frames, page)

    def frames(self, folder: Path) -> Ingested:
        """Merge a folder of Parquet frames; raises MissingFrames or MalformedFrame."""
        loaded = read_folder(folder)
        self._raw.keep(Receipt("frames", "parquet", datetime.now(UTC)), keep_folder(self._raw, folder))
        return self.store.load(loaded)

    def webhooks(self, webhooks: Sequence[Webhook]) -> None:
        """Merge webhooks; raises InputError or MalformedExport, and then has changed nothing."""
        events = [self._read_webhook(webhook) for webhook in webhooks]
        for webhook in webhooks:
            self._raw.keep(Receipt("webhook", webhook.source, webhook.received), webhook.body)
        self._merge(events, [webhook.received for webhook in webhooks])

    def replay(self, receipt: Receipt, body: bytes) -> None:
        """Merge a raw body again, without keeping it; give them in their order of arrival."""
        if receipt.kind == "manifest":
            self.store.register(read_manifest(load_manifest(body), self._key))
        elif receipt.kind == "frames":
            self.store.load(read_frames(self._raw, body))
        elif receipt.kind == "export":
            _, frames, page = self._read_export(receipt, body)
            self.store.ingest(frames, page)
        else:
            event = self._read_webhook(Webhook(receipt.source, receipt.received, body))
            self._merge([event], [receipt.received])

    def _check(self, document: dict[str, Any]) -> None:
        for row in (*document["projects"], *document["items"]):
            if row["workflow"] not in self._library.workflows:
                raise MalformedBody(
                    f"workflow: there is no workflow {row['workflow']!r}",
                    fix=f"choose one of: {', '.join(sorted(self._library.workflows))}",
                )
            if row.get("source", document["source"]) != document["source"]:
                raise MalformedBody(
                    f"source: {row['source']!r} is not the manifest's source {document['source']!r}",
                    fix="send one manifest for each source",
                )

    def _read_export(self, receipt: Receipt, body: bytes) -> tuple[list[Any], Frames, Page | None]:
        _check_source(receipt.source)
        tasks = load_json(body)
        projects = self.store.projects(receipt.source)
        if receipt.extent and projects.get(receipt.extent.project) is None:
            raise UnknownProject(receipt.source, receipt.extent.project)
        frames = READERS[receipt.source](tasks, projects, self._library, self._key)
        return tasks, frames, _page(receipt, tasks) if receipt.extent else None

    def _read_webhook(self, webhook: Webhook) -> WebhookEvent:
        projects = self.store.projects(webhook.source)
        event = read_webhook(load_json(webhook.body), projects, self._library, self._key)
        if event.kind == "upsert" and projects.get(event.project) is None:
            raise UnknownProject(webhook.source, event.project)
        for updated in event.frames.annotations["updated"].to_pylist():
            _check_clock("updated", updated, webhook.received)
        return event

    def _merge(self, events: Sequence[WebhookEvent], received: Sequence[datetime]) -> None:
        upserts = [event.frames for event in events if event.kind == "upsert"]
        if upserts:
            self.store.ingest(_concat(upserts))
        for event, when in zip(events, received, strict=True):
            if event.annotations:
                deletion = Deletion(event.source, event.project, event.annotations, when)
                self.store.ingest(Frames(), deletion=deletion)
            for page in _emptied(event, when):
                self.store.ingest(Frames(), page)


def load_json(body: bytes) -> Any:
    """Any JSON document; raises NotJson. Half a surrogate pair is let through, to be refused with its row."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotJson(error) from error


def load_manifest(body: bytes) -> dict[str, Any]:
    """A manifest document; raises MalformedBody."""
    try:
        document: dict[str, Any] = ManifestSchema().load(load_json(body))
    except ValidationError as error:
        raise MalformedBody(f"not a manifest: {error}", fix="send what `concord push` sends") from error
    return document


def _check_source(source: str) -> None:
    if source not in READERS:
        raise UnknownSource(source, list(READERS))


def _check_clock(field: str, said: datetime, received: datetime) -> None:
    """Nothing that comes later could correct what claims to be from the future."""
    if said > received + _CLOCK_SKEW:
        raise InputError(f"{field} lies in the future", fix="set the clocks of the labelling tool and of this service")


def _page(receipt: Receipt, tasks: list[Any]) -> Page:
    extent = receipt.extent
    assert extent is not None  # noqa: S101 - for the type checker
    _check_clock("fetched", extent.fetched, receipt.received)
    last = extent.through if extent.through is not None else float("inf")
    present = set()
    for task in tasks:
        number = task.get("id") if isinstance(task, dict) else None
        if not isinstance(number, int) or not extent.after < number <= last:
            raise MalformedBody(f"task {number} is not of this page", fix="send the tasks with after < id <= through")
        if str(task.get("project")) != extent.project:
            raise MalformedBody(f"task {number} is not of project {extent.project}", fix="send one project's tasks")
        present |= {
            str(each["id"]) for each in task.get("annotations") or () if isinstance(each, dict) and "id" in each
        }
    return Page(receipt.source, extent.project, extent.after, extent.through, extent.fetched, frozenset(present))


def _emptied(event: WebhookEvent, when: datetime) -> list[Page]:
    """Deleted tasks as pages without annotations."""
    return [Page(event.source, event.project, int(task) - 1, int(task), when, frozenset()) for task in event.tasks]


def _concat(frames: Sequence[Frames]) -> Frames:
    return Frames(
        pa.concat_tables([each.judgments for each in frames]),
        pa.concat_tables([each.annotations for each in frames]),
        pa.concat_tables([each.spans for each in frames]),
        tuple(refused for each in frames for refused in each.refused),
    )
