"""Label Studio's ML backend protocol (version 1.23.2) as a blueprint.

A well-formed request always gets one result per task. A request that is not in the protocol's form can only come from
a person trying the service, and gets a 400 that says what is missing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

from flask import Blueprint, Response, jsonify, request

from ml_backend.access import is_known, refused
from ml_backend.config import Config
from ml_backend.controls import text_areas
from ml_backend.errors import InvalidRequest
from ml_backend.job import Job
from ml_backend.models.health import Health
from ml_backend.monitoring import models_state, screens_state
from ml_backend.own_labels.calls import Trainings
from ml_backend.predictions import Predictor
from ml_backend.prescreen import Prescreen
from ml_backend.projects import Projects
from ml_backend.tasks import mapping, project_key

_OPEN = {"protocol.health", "protocol.webhook"}  # Label Studio sends no credentials to the webhook it makes itself


def create_blueprint(
    config: Config, prescreen: Prescreen, models: Health, predictor: Predictor, projects: Projects
) -> Blueprint:
    """The protocol's routes over one predictor, its screens and its models."""
    trainings = Trainings(config.data, config.label_studio)
    routes = Blueprint("protocol", __name__)

    @routes.before_request
    def authenticate() -> Response | None:
        return None if request.endpoint in _OPEN else refused(config)

    @routes.get("/")
    @routes.get("/health")
    def health() -> Response:
        told: dict[str, Any] = {"status": "UP", "model_class": "concord", "model_version": predictor.version}
        # Whoever may ask for predictions is told more: it names providers.
        if is_known(config):
            told |= {"screens": screens_state(prescreen), "models": models_state(models)}
        return jsonify(told)

    @routes.post("/setup")
    def setup() -> Response:
        # The body holds the project owner's access token: only project and extra_params are read from it.
        body = _body()
        projects.remember(project_key(body.get("project")), body.get("extra_params"))
        return jsonify(model_version=predictor.version)

    @routes.get("/versions")
    def versions() -> Response:
        return jsonify(versions=[predictor.version])

    @routes.post("/predict")
    def predict() -> Response:
        deadline = time.monotonic() + config.seconds
        predictions = predictor.predict(_job(_body(), projects), deadline)
        return Response(_streamed(predictions), content_type="application/json")

    @routes.post("/train")
    def train() -> tuple[Response, int]:
        return jsonify(trainings.start(project_key(_body().get("project")))), 201

    @routes.post("/webhook")
    def webhook() -> tuple[Response, int]:
        body = _body()
        if body.get("action") != "START_TRAINING":
            return jsonify(status="nothing to do"), 200  # judgments reach the analytics service by its own webhook
        return jsonify(trainings.start(project_key(mapping(body.get("project")).get("id")))), 201

    return routes


def _streamed(predictions: Iterable[dict[str, Any]]) -> Iterator[str]:
    """`{"results": […]}` piece by piece, so that ten thousand predictions never stand in memory together."""
    yield '{"results": ['
    for number, prediction in enumerate(predictions):
        yield (", " if number else "") + json.dumps(prediction)
    yield "]}"


def _body() -> dict[str, Any]:
    try:
        body = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("the body is not JSON", fix="send a JSON object as Label Studio does") from error
    if not isinstance(body, dict):
        raise InvalidRequest("the body is not a JSON object", fix="send a JSON object as Label Studio does")
    return body


def _job(body: dict[str, Any], projects: Projects) -> Job:
    tasks = body.get("tasks")
    if not isinstance(tasks, list):
        raise InvalidRequest("tasks is not a list", fix='send {"tasks": […], "project": …, "label_config": …}')
    project = project_key(body.get("project"))
    areas, context = text_areas(body.get("label_config")), mapping(body.get("params")).get("context")
    return Job(tasks, project, projects.of(project), areas, context)
