"""The application factory: `gunicorn "ml_backend:create_app()"`."""

from __future__ import annotations

import os
from http import HTTPStatus

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from ml_backend.config import Config
from ml_backend.errors import InvalidRequest, MLBackendError
from ml_backend.locales import Locales
from ml_backend.near_duplicates import Index
from ml_backend.predictions import Predictor
from ml_backend.prescreen import Prescreen
from ml_backend.protocol import create_blueprint


def create_app(config: Config | None = None) -> Flask:
    """The ML backend as a WSGI application; settings come from the environment where none are given.

    Raises `InvalidSetting`, and `IndexUnavailable` if the data folder cannot be used.
    """
    config = config or Config.from_env(os.environ)
    app = Flask(__name__)
    predictor = Predictor(Prescreen(Index(config.data)), config.endpoint)
    app.register_blueprint(create_blueprint(config, predictor, Locales(config.data / "projects")))
    app.register_error_handler(MLBackendError, _own_error)
    app.register_error_handler(HTTPException, _http_error)
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
