"""Whether the service works and what waits."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from analytics.api.description import described
from analytics.service import service

blueprint = Blueprint("health", __name__, description="Whether the service works")


class InboxCounts(Schema):
    """Webhooks that wait, and those that could not be read."""

    waiting = fields.Integer(required=True)
    failed = fields.Integer(required=True)


class Health(Schema):
    """The state of the service."""

    status = fields.String(required=True, validate=validate.OneOf(["ok"]))
    annotations = fields.Integer(required=True)
    inbox = fields.Nested(InboxCounts, required=True)


@blueprint.get("/health")
@described(blueprint, tokens=())
@blueprint.response(200, Health)
def health() -> dict[str, Any]:
    """Whether the store answers, and what waits in the inbox

    Needs no token.
    """
    running = service()
    with running.store.snapshot() as snapshot:
        annotations = snapshot.annotations().count().to_pyarrow().as_py()
    inbox = {"waiting": len(running.inbox.waiting()), "failed": len(running.inbox.failed())}
    return {"status": "ok", "annotations": annotations, "inbox": inbox}
