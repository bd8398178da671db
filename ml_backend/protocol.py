"""Label Studio's ML backend protocol (version 1.23.2) as a blueprint.

A well-formed request always gets one result per task. A request that is not in the protocol's form can only come from
a person trying the service, and gets a 400 that says what is missing.
"""

from __future__ import annotations

import hmac
import json
import time
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from ml_backend.config import Config
from ml_backend.controls import text_areas
from ml_backend.errors import InvalidRequest
from ml_backend.locales import Locales
from ml_backend.predictions import Job, Predictor
from ml_backend.tasks import mapping, project_key

_OPEN = {"protocol.health", "protocol.webhook"}  # Label Studio sends no credentials to the webhook it makes itself


def create_blueprint(config: Config, predictor: Predictor, locales: Locales) -> Blueprint:
    """The protocol's routes over one predictor."""
    routes = Blueprint("protocol", __name__)

    @routes.before_request
    def authenticate() -> Response | None:
        if request.endpoint in _OPEN or _is_known(config.basic_auth):
            return None
        answer = current_app.make_response(
            _error("unauthorized", "user or password is missing or wrong", "send CONCORD_ML_BASIC_AUTH as basic auth")
        )
        answer.status_code = 401
        answer.headers["WWW-Authenticate"] = 'Basic realm="ml backend"'
        return answer

    @routes.get("/")
    @routes.get("/health")
    def health() -> Response:
        return jsonify(status="UP", model_class="concord", model_version=predictor.version)

    @routes.post("/setup")
    def setup() -> Response:
        # The body holds the project owner's access token: only project and extra_params are read from it.
        body = _body()
        locales.remember(project_key(body.get("project")), body.get("extra_params"))
        return jsonify(model_version=predictor.version)

    @routes.get("/versions")
    def versions() -> Response:
        return jsonify(versions=[predictor.version])

    @routes.post("/predict")
    def predict() -> Response:
        deadline = time.monotonic() + config.seconds
        return jsonify(results=predictor.predict(_job(_body(), locales), deadline))

    @routes.post("/train")
    def train() -> tuple[Response, int]:
        return _acknowledge(), 201

    @routes.post("/webhook")
    def webhook() -> tuple[Response, int]:
        return _acknowledge(), 201 if _body().get("action") == "START_TRAINING" else 200

    return routes


def _acknowledge() -> Response:
    """There is nothing to train, and judgments reach the analytics service by its own webhook."""
    return jsonify(status="nothing to do")


def _is_known(expected: tuple[str, str] | None) -> bool:
    if expected is None:
        return True
    given = request.authorization
    user, password = (given.username or "", given.password or "") if given and given.type == "basic" else ("", "")
    # Both are compared, and in constant time, so that the time taken tells nothing.
    return bool(_same(user, expected[0]) & _same(password, expected[1]))


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode("utf-8", "replace"))


def _body() -> dict[str, Any]:
    try:
        body = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("the body is not JSON", fix="send a JSON object as Label Studio does") from error
    if not isinstance(body, dict):
        raise InvalidRequest("the body is not a JSON object", fix="send a JSON object as Label Studio does")
    return body


def _job(body: dict[str, Any], locales: Locales) -> Job:
    tasks = body.get("tasks")
    if not isinstance(tasks, list):
        raise InvalidRequest("tasks is not a list", fix='send {"tasks": […], "project": …, "label_config": …}')
    project = project_key(body.get("project"))
    areas, context = text_areas(body.get("label_config")), mapping(body.get("params")).get("context")
    return Job(tasks, project, locales.of(project), areas, context)


def _error(code: str, message: str, fix: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "fix": fix, "details": []}}
