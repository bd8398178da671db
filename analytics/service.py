"""The running service: the store, the raw bodies, the inbox with its thread, and the guidelines."""

from __future__ import annotations

import atexit
from typing import cast

from flask import Flask, current_app

import guidelines
from analytics.config import Config
from analytics.inbox import Drainer, Inbox
from analytics.intake import Intake
from analytics.raw import RawBodies
from analytics.store import FILE, Store

EXTENSION = "concord"


class Service:
    """Everything one process of the service holds; `close` stops it in order."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.library = guidelines.load(config.guidelines)
        self.store = Store(config.data / FILE)
        self.inbox = Inbox(config.data / "inbox")
        self.intake = Intake(self.store, RawBodies(config.data / "raw"), self.library, config.pseudonym_key)
        self.drainer = Drainer(self.inbox, self.intake.webhooks)
        self.drainer.start()
        atexit.register(self.close)

    def close(self) -> None:
        """Stop the inbox thread and close the store; calling it again does nothing."""
        atexit.unregister(self.close)
        self.drainer.stop()
        self.store.close()


def attach(app: Flask, config: Config) -> Service:
    """Start the service of an application."""
    service = Service(config)
    app.extensions[EXTENSION] = service
    return service


def service() -> Service:
    """The service of the application that handles this request."""
    return cast(Service, current_app.extensions[EXTENSION])
