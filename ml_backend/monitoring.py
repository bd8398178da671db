"""What runs and what does not, for whoever operates the service."""

from __future__ import annotations

import time

from flask import Blueprint, Response, g, request

from ml_backend import metrics
from ml_backend.access import refused
from ml_backend.config import Config
from ml_backend.models.health import Health
from ml_backend.prescreen import Prescreen


def screens_state(prescreen: Prescreen) -> dict[str, dict[str, str]]:
    """For each screen whether it is up, down or absent, and why."""
    present = {screen.name: _state(screen.provider, screen.trouble()) for screen in prescreen.screens}
    return present | {name: {"status": "absent", "reason": reason} for name, reason in prescreen.absent.items()}


def models_state(health: Health) -> dict[str, dict[str, str]]:
    """For each model whether its endpoint is up or down, and why."""
    return {name: _up_or_down(trouble) for name, trouble in health.troubles().items()}


def _state(provider: str, trouble: str | None) -> dict[str, str]:
    return {"provider": provider, **_up_or_down(trouble)}


def _up_or_down(trouble: str | None) -> dict[str, str]:
    return {"status": "down", "reason": trouble} if trouble else {"status": "up"}


def create_monitoring(config: Config) -> Blueprint:
    """`/metrics`, and the counting of requests; it names models, so it asks for credentials where there are any."""
    routes = Blueprint("monitoring", __name__)

    @routes.before_request
    def authenticate() -> Response | None:
        return refused(config)

    @routes.get("/metrics")
    def exposition() -> Response:
        return Response(metrics.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")

    @routes.before_app_request
    def start_clock() -> None:
        g.started = time.perf_counter()

    @routes.after_app_request
    def count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unknown"
        metrics.REQUESTS.labels(route, str(response.status_code)).inc()
        metrics.REQUEST_SECONDS.labels(route).observe(time.perf_counter() - g.started)
        return response

    return routes
