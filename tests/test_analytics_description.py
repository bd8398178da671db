"""The OpenAPI description: complete, and true of the service."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
import schemathesis
from analytics_bodies import INGEST, config, manifest, service_of
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from marshmallow import missing
from schemathesis import Case, GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import concord
from analytics import create_app
from analytics.catalogue import STATISTICS, Statistic

pytest_plugins = ["analytics_fixtures"]

CHECKS = [
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]


def test_every_route_under_v1_is_described_with_its_errors(app: Flask, client: FlaskClient) -> None:
    """Each route stands in the description with a summary, its tokens, and the errors it answers with."""
    described = client.get("/openapi.json").json
    assert described is not None
    assert described["openapi"].startswith("3.1")
    routes = {rule.rule: rule.methods - {"HEAD", "OPTIONS"} for rule in app.url_map.iter_rules() if rule.methods}
    for path in (path for path in routes if path.startswith("/v1/")):
        (method,) = routes[path]
        operation = described["paths"][path][method.lower()]
        assert operation["summary"]
        assert operation["security"]
        assert {"401", "403", "422", "default"} <= set(operation["responses"])
        if method == "POST":
            assert {"400", "413", "415"} <= set(operation["responses"])
            assert operation["requestBody"]["required"]
    assert described["paths"]["/health"]["get"]["security"] == []


def test_every_error_response_has_the_one_shape(client: FlaskClient) -> None:
    """All described errors refer to the same schema."""
    described = client.get("/openapi.json").json
    assert described is not None
    shape = {"$ref": "#/components/schemas/ErrorShape"}
    for path in described["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if status.startswith("4"):
                    assert response["content"]["application/json"]["schema"] == shape
    assert described["components"]["responses"]["DEFAULT_ERROR"]["content"]["application/json"]["schema"] == shape


OPERATIONS = [
    *((f"/v1/{each.path}", "GET") for each in STATISTICS),
    ("/v1/manifests", "POST"),
    ("/v1/exports", "POST"),
    ("/v1/webhooks/label-studio", "POST"),
    ("/health", "GET"),
]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    """The description of a running service, ready to be tried."""
    app = create_app(config(tmp_path_factory.mktemp("described")))
    assert app.test_client().post("/v1/manifests", json=manifest(), headers=INGEST).status_code == 200
    yield schemathesis.openapi.from_wsgi("/openapi.json", app)
    service_of(app).close()


def test_every_described_operation_is_tried(described: BaseSchema) -> None:
    """The list of operations below is the description's own."""
    found = [result.ok() for result in described.get_all_operations()]
    assert [(operation.path, operation.method.upper()) for operation in found] == OPERATIONS


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "forbidden"])
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_the_service_answers_as_described(described: BaseSchema, path: str, method: str, mode: GenerationMode) -> None:
    """Whatever is sent, allowed by the description or not, the answer is one that the description knows."""

    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(case=described[path][method].as_strategy(generation_mode=mode))
    def tried(case: Case) -> None:
        case.call_and_validate(headers=INGEST, checks=CHECKS)

    if mode is GenerationMode.POSITIVE or path != "/health":  # health takes nothing that could be wrong
        tried()


@pytest.mark.parametrize("statistic", STATISTICS, ids=lambda each: each.name)
def test_each_statistic_has_a_command_with_the_same_parameters(statistic: Statistic) -> None:
    """`concord NAME` takes what `GET /v1/PATH` takes, by the same names and with the same defaults."""
    command = concord.main.get_command(click.Context(concord.main), statistic.name)
    assert command is not None
    options = {option.name: option.default for option in command.params}
    taken = statistic.takes().fields
    assert options.keys() == (taken.keys() - {"format"}) | {"form", "data", "guidelines_dir"}
    for name, field in taken.items():
        if field.load_default is not missing:
            default = field.load_default
            assert options[name] == (",".join(default) if isinstance(default, list) else default)
