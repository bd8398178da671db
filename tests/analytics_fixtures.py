"""A running analytics service as fixtures; a test module takes them with `pytest_plugins`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from analytics_bodies import INGEST, Answer, at, config, export, manifest, marked, service_of
from flask import Flask
from flask.testing import FlaskClient

from analytics import create_app


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """A service with an empty store."""
    app = create_app(config(tmp_path))
    yield app
    service_of(app).close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the service."""
    return app.test_client()


@pytest.fixture
def filled(client: FlaskClient) -> FlaskClient:
    """A client of a service that has judgments of two locales and two workflows."""
    assert client.post("/v1/manifests", json=manifest(simulated=True), headers=INGEST).status_code == 200
    codes = ["a_much", "a_slightly", "tie", "b_slightly", "b_much"]
    number = 0
    for project in ("11", "12"):
        answers = []
        for task in range(1, 9):
            for user in range(1, 4):
                number += 1
                wobble = 1 if (task + user + int(project)) % 4 == 0 else 0
                code = codes[(task + wobble) % 5]
                answers.append(Answer(number, task, user, code, at(number), project))
        answers.append(Answer(900 + int(project), 1, 4, "tie", at(1), project, skipped=True))
        assert client.post("/v1/exports", json=export(answers), headers=INGEST).status_code == 200
    tasks = [
        marked(500 + 10 * task + user, task, user, ["grammar", "spelling"][: (task + user) % 3], at(10080 * (task % 4)))
        for task in range(1, 9)
        for user in (1, 2)
    ]
    assert client.post("/v1/exports", json=tasks, headers=INGEST).status_code == 200
    return client
