"""The application factory: `gunicorn "ml_backend:create_app()"`."""

from __future__ import annotations

import os
from http import HTTPStatus

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from ml_backend import sender
from ml_backend.config import Config
from ml_backend.errors import InvalidRequest, MLBackendError
from ml_backend.models.asking import Models
from ml_backend.models.live import Live
from ml_backend.monitoring import create_monitoring
from ml_backend.outbox import Outbox
from ml_backend.predictions import Predictor
from ml_backend.prescreen import Prescreen
from ml_backend.projects import Projects
from ml_backend.protocol import create_blueprint
from ml_backend.screens import registry
from ml_backend.version import model_version


def create_app(config: Config | None = None) -> Flask:
    """The ML backend as a WSGI application; settings come from the environment where none are given.

    Raises `InvalidSetting`, `InvalidSettings`, and `IndexUnavailable` or `OutboxUnavailable` if the data folder cannot
    be used.
    """
    config = config or Config.from_env(os.environ)
    app = Flask(__name__)
    screens = registry.build(config.settings, config.data)
    prescreen = Prescreen(screens, registry.absent(config.settings, screens))
    outbox = Outbox(config.data)
    version = model_version(config.settings, config.data)
    told = outbox if config.analytics else None
    models = Models(config.settings, config.data)
    predictor = Predictor(prescreen, Live(models, told), told, version)
    projects = Projects(config.data / "projects")
    app.register_blueprint(create_blueprint(config, prescreen, models.health, predictor, projects))
    app.register_blueprint(create_monitoring(config))
    app.register_error_handler(MLBackendError, _own_error)
    app.register_error_handler(HTTPException, _http_error)
    if config.analytics:
        sender.start(outbox, config.analytics, config.data / "outbox.lock")
    return app


def _own_error(error: MLBackendError) -> tuple[Response, int]:
    status = HTTPStatus.BAD_REQUEST if isinstance(error, InvalidRequest) else HTTPStatus.SERVICE_UNAVAILABLE
    return _shaped("invalid_request" if status == HTTPStatus.BAD_REQUEST else "unavailable", error), status


def _http_error(error: HTTPException) -> tuple[Response, int]:
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    return _shaped(status.name.lower(), MLBackendError(status.description or status.phrase)), status


def _shaped(code: str, error: MLBackendError) -> Response:
    """The one error shape."""
    return jsonify(error={"code": code, "message": error.message, "fix": error.fix, "details": []})
