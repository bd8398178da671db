"""Store, statistics, HTTP API and dashboard: how good the data is, per locale, with an interval."""

from __future__ import annotations

from flask import Flask

from analytics import api, dashboard
from analytics.config import Config
from analytics.service import attach

LARGEST_BODY = 256 * 1024 * 1024  # bytes: a page of exports is far smaller


def create_app(config: Config | None = None) -> Flask:
    """The analytics service; `config` None reads the `CONCORD_…` environment variables.

    Opens the store and starts the inbox; `app.extensions["concord"].close()` stops both, as the end of the process
    does. Raises SettingsError, StoreLocked or InvalidGuidelines.
    """
    settings = config or Config.from_env()
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    api.register(app)
    dashboard.register(app, settings)
    attach(app, settings)
    return app
