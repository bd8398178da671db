"""One shape for every error: {"error": {"code", "message", "fix", "details"}}."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, current_app, jsonify
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException

from analytics.errors import InputError, NotJson, StatisticsError, UnknownValue
from guidelines.errors import ConcordError
from plugins.errors import MalformedExport

# Code, message and fix by status, where Werkzeug's own words do not help.
_WORDS = {
    400: ("bad_request", "the request cannot be read", "send a JSON document in UTF-8, as the route describes"),
    401: ("unauthorized", "no valid token was sent", "send the header `Authorization: Bearer <token>`"),
    403: ("forbidden", "this token may not do this", "use a token with the right: see the description of the route"),
    404: ("not_found", "there is nothing at this address", "see /openapi.json for what there is"),
    405: ("method_not_allowed", "this address does not take this method", "use one that the Allow header names"),
    413: ("body_too_large", "the body is too large", "send it in smaller pages"),
    415: ("wrong_type", "the body has a type that is not accepted", "send it as application/json"),
    422: ("invalid_parameters", "some values cannot be used", "correct what `details` lists"),
    500: ("internal_error", "an error of the service; its log has more", "try again, and report it if it stays"),
}


class Detail(Schema):
    """One value that cannot be used."""

    field = fields.String(required=True)
    message = fields.String(required=True)


class ErrorBody(Schema):
    """What went wrong and what to do."""

    code = fields.String(required=True, metadata={"description": "stable, for programs"})
    message = fields.String(required=True)
    fix = fields.String(required=True)
    details = fields.List(fields.Nested(Detail), required=True)


class ErrorShape(Schema):
    """The body of every error."""

    error = fields.Nested(ErrorBody, required=True)


def body(code: str, message: str, fix: str, details: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """An error in its shape."""
    return {"error": {"code": code, "message": message, "fix": fix, "details": details or []}}


def of_status(status: int, details: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """The error of an HTTP status, in our words."""
    return body(*_WORDS[status], details)


def handle_http(error: HTTPException) -> Response:
    """An HTTP error as ours, with its Allow header."""
    response = error.get_response()
    status = response.status_code
    details = list(_details(getattr(error, "data", {}).get("messages", {})))
    own = body(_code(type(error).__name__), str(error.description), "see /openapi.json for what there is")
    shaped = of_status(status, details) if status in _WORDS else own
    if details:
        shaped["error"]["message"] = "; ".join(f"{each['field']}: {each['message']}" for each in details)
    answer = jsonify(shaped)
    answer.status_code = status
    if "Allow" in response.headers:
        answer.headers["Allow"] = response.headers["Allow"]
    return answer


def handle_concord(error: ConcordError) -> tuple[dict[str, Any], int]:
    """An error of ours: the sender's where it is about what was sent, else the service's."""
    if not isinstance(error, InputError | StatisticsError | MalformedExport):
        current_app.logger.error("%s", error, exc_info=error)
        return of_status(500), 500
    if isinstance(error, UnknownValue):
        details = [{"field": error.field, "message": error.fix}]
        return body(f"unknown_{error.field}", error.message, error.fix, details), 422
    return body(_code(type(error).__name__), error.message, error.fix), 400 if isinstance(error, NotJson) else 422


def _details(messages: Any, path: tuple[str, ...] = ()) -> Iterator[dict[str, str]]:
    """Marshmallow's nested messages, flat: {"query": {"by": ["…"]}} is field "by"."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _details(inner, (*path, str(name)))
        return
    field = ".".join(part for part in path[1:] if part != "_schema") or (path[0] if path else "body")
    for message in messages if isinstance(messages, list) else [messages]:
        yield {"field": field, "message": str(message)}


def _code(name: str) -> str:
    """
    >>> _code("UnknownProject")
    'unknown_project'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
