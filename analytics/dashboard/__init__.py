"""The dashboard: one page rendered on the server, without scripts and without anything from elsewhere."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from analytics.config import Config
from analytics.dashboard.pages import blueprint


def register(app: Flask, config: Config) -> None:
    """Add the pages; sessions are signed cookies that end after half a day."""
    app.secret_key = config.secret_key
    app.config.update(
        SESSION_COOKIE_NAME="concord",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
    )
    app.register_blueprint(blueprint)
