"""What comes in: manifests, exports, webhooks."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema
from werkzeug.exceptions import UnsupportedMediaType

from analytics.api.description import described, json_only
from analytics.api.tokens import auth
from analytics.errors import MalformedBody
from analytics.intake import LABEL_STUDIO, READERS, load_json
from analytics.manifest import ManifestSchema
from analytics.raw import Extent
from analytics.service import service

_LARGEST_ID = 2**62

blueprint = Blueprint("intake", __name__, url_prefix="/v1", description="What comes in")


class Registered(Schema):
    """How many rows were registered."""

    projects = fields.Integer(required=True)
    items = fields.Integer(required=True)
    annotators = fields.Integer(required=True)


class ExportQuery(Schema):
    """Where an export comes from; with `project`, `after` and `fetched` it is everything in that range of tasks."""

    source = fields.String(load_default=LABEL_STUDIO, validate=validate.OneOf(list(READERS)))
    project = fields.String(validate=validate.Length(min=1), metadata={"description": "the tool's id of the project"})
    after = fields.Integer(
        strict=False,
        validate=validate.Range(0, _LARGEST_ID),
        metadata={"description": "the page has all tasks with a larger id"},
    )
    through = fields.Integer(
        validate=validate.Range(0, _LARGEST_ID), metadata={"description": "and none with a larger id than this"}
    )
    fetched = fields.AwareDateTime(format="iso", metadata={"description": "when fetching began"})

    class Meta:
        unknown = RAISE

    @validates_schema
    def whole(self, data: dict[str, Any], **_: Any) -> None:
        """A page needs its project, its start and its time."""
        given = {"project", "after", "fetched"} & set(data)
        if (given or "through" in data) and len(given) < 3:
            raise ValidationError("a complete page needs project, after and fetched")
        if "through" in data and data["through"] <= data["after"]:
            raise ValidationError("must be larger than after", "through")


class RefusedRow(Schema):
    """A row that could not be read."""

    row = fields.String(required=True)
    field = fields.String(required=True)
    message = fields.String(required=True)
    fix = fields.String(required=True)


class Received(Schema):
    """What an export changed, in annotations; `received` counts tasks."""

    received = fields.Integer(required=True)
    added = fields.Integer(required=True)
    updated = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    deleted = fields.Integer(required=True)
    refused = fields.List(fields.Nested(RefusedRow), required=True)


class Accepted(Schema):
    """The webhook is safe and will be read."""

    accepted = fields.Boolean(required=True)


_EXPORT_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
            }
        },
    },
}
_WEBHOOK_BODY = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}


@blueprint.post("/manifests")
@auth.login_required(role="write")
@described(blueprint, 400, 401, 403, 413, 415, 422, tokens=("ingest",))
@json_only
@blueprint.arguments(ManifestSchema)
@blueprint.response(200, Registered)
def register(document: dict[str, Any]) -> dict[str, int]:
    """Register projects, items and annotators

    Adds or replaces rows; sending a manifest again changes nothing. Users are stored under pseudonyms.
    """
    service().intake.manifest(document, request.get_data())
    service().inbox.retry()
    return {name: len(document[name]) for name in ("projects", "items", "annotators")}


@blueprint.post("/exports")
@auth.login_required(role="write")
@described(blueprint, 400, 401, 403, 413, 415, 422, tokens=("ingest",))
@blueprint.doc(requestBody=_EXPORT_BODY)
@blueprint.arguments(ExportQuery, location="query", unknown=RAISE)
@blueprint.response(200, Received)
def export(query: dict[str, Any]) -> dict[str, Any]:
    """Upload an export

    A JSON export of Label Studio, or records of Argilla as `concord pull` sends them: an array of tasks, each with its
    annotations. It adds and updates. With `project`,
    `after` and `fetched` the body is everything in that range, and what is missing from it is deleted.
    """
    received, ingested = service().intake.export(query["source"], _extent(query), _export_body())
    return {"received": received, **vars(ingested)}


@blueprint.post("/webhooks/label-studio")
@auth.login_required(role="webhook")
@described(blueprint, 400, 401, 403, 413, 415, 422, tokens=("webhook", "ingest"))
@blueprint.doc(requestBody=_WEBHOOK_BODY)
@json_only
@blueprint.response(202, Accepted)
def label_studio() -> dict[str, bool]:
    """Take a webhook of Label Studio

    Acknowledged as soon as it is on disk; read afterwards.
    """
    body = request.get_data()
    if not isinstance(load_json(body), dict):
        raise MalformedBody("a webhook is a JSON object", fix="send the body as Label Studio does")
    service().inbox.put(LABEL_STUDIO, body)
    return {"accepted": True}


def _extent(query: dict[str, Any]) -> Extent | None:
    if "project" not in query:
        return None
    return Extent(query["project"], query["after"], query.get("through"), query["fetched"])


def _export_body() -> bytes:
    if request.mimetype == "application/json":
        return request.get_data()
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType
    if set(request.files) != {"file"}:
        raise MalformedBody("the form holds no `file`", fix="send the export as the form's `file`")
    return bytes(request.files["file"].read())
