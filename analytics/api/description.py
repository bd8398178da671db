"""flask-smorest with our error shape, and the decorators that describe routes alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, request
from flask_smorest import Api, Blueprint
from werkzeug.exceptions import HTTPException, UnsupportedMediaType

from analytics.api.errors import ErrorShape, handle_concord, handle_http
from analytics.intake import load_json
from guidelines.errors import ConcordError

View = TypeVar("View", bound=Callable[..., Any])

_CSV = {"type": "string", "description": "one header line, then one line a row"}
SCHEMES = {
    name: {"type": "http", "scheme": "bearer", "description": text}
    for name, text in {
        "analyst": "CONCORD_ANALYST_TOKEN: may read.",
        "ingest": "CONCORD_INGEST_TOKEN: may read and write.",
        "webhook": "CONCORD_WEBHOOK_TOKEN: may only post webhooks.",
    }.items()
}
ERRORS = {
    400: "The body is not JSON.",
    401: "No token, or one that is not known.",
    403: "The token may not do this.",
    413: "The body is too large.",
    415: "The body has a type that is not accepted.",
    422: "Something that was sent cannot be used; `details` says what.",
}


class DescribedApi(Api):
    """Its errors have our shape, in answers and in the description."""

    ERROR_SCHEMA = ErrorShape

    def _register_error_handlers(self) -> None:
        self._app.register_error_handler(HTTPException, self.handle_http_exception)
        self._app.register_error_handler(ConcordError, handle_concord)

    def handle_http_exception(self, error: HTTPException) -> Response:
        """An HTTP error in our shape."""
        return handle_http(error)

    def _init_spec(self, **options: Any) -> None:
        super()._init_spec(**options)
        for name, scheme in SCHEMES.items():
            self.spec.components.security_scheme(name, scheme)


def described(
    blueprint: Blueprint, *statuses: int, tokens: tuple[str, ...], csv: bool = False
) -> Callable[[View], View]:
    """Describe which tokens a route takes, which errors it answers with, and whether it can answer in CSV."""

    def decorate(view: View) -> View:
        for status in statuses:
            view = blueprint.alt_response(status, schema=ErrorShape, description=ERRORS[status])(view)
        if csv:
            view = blueprint.alt_response(200, schema=_CSV, content_type="text/csv", description="OK", success=True)(
                view
            )
        documented: View = blueprint.doc(security=[{token: []} for token in tokens])(view)
        return documented

    return decorate


def json_only(view: View) -> View:
    """Answer 415 to a body of another type and 400 to one that is not JSON, before anything else reads it."""

    @wraps(view)
    def checked(*args: Any, **more: Any) -> Any:
        if request.mimetype != "application/json":
            raise UnsupportedMediaType
        load_json(request.get_data())
        return view(*args, **more)

    return cast(View, checked)
