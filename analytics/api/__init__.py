"""The HTTP API: routes under /v1, tokens, one error shape, and its OpenAPI description."""

from __future__ import annotations

from flask import Flask

from analytics.api.description import DescribedApi
from analytics.api.health import blueprint as health
from analytics.api.intake import blueprint as intake
from analytics.api.statistics import blueprint as statistics

_DESCRIPTION = {
    "API_TITLE": "Concord analytics",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.1.0",
    "OPENAPI_URL_PREFIX": "/",
    "OPENAPI_JSON_PATH": "openapi.json",
}


def register(app: Flask) -> None:
    """Add the routes, the error shape and /openapi.json to an application."""
    app.config.update(_DESCRIPTION)
    api = DescribedApi(app)
    for blueprint in (statistics, intake, health):
        api.register_blueprint(blueprint)
