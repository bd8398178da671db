"""`concord run`: the whole path on one machine; a rerun repeats nothing, and a stop leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

import concord
import guidelines
from plugins import programme as programmes
from plugins.label_studio.api import Api
from plugins.local import demo, report
from plugins.local.ports import HOST, free_port, require_free
from plugins.local.progress import step
from plugins.local.stack import Port, Ports, Stack, running
from plugins.programme import Programme

VARIABLES = ("CONCORD_LABEL_STUDIO_PORT", "CONCORD_ML_BACKEND_PORT", "CONCORD_ANALYTICS_PORT")
LOCALES = ("de-DE", "ar-EG")
NAMES, COUNTS = ("locale", "workflow"), ("items", "annotations", "annotators")


@pytest.fixture(scope="module")
def library() -> guidelines.Library:
    return guidelines.load()


@pytest.fixture(scope="module")
def small_demo(library: guidelines.Library) -> Programme:
    """The demo in two locales, five annotators in each; of each workflow the first item and the last three."""
    programme = programmes.load(demo.FOLDER, library)
    own = [programme.items_of(workflow, locale) for workflow in programme.workflows for locale in LOCALES]
    items = [each for some in own for each in (some[0], *some[-3:])]
    people = [[each for each in programme.annotators if locale in each.locales][:5] for locale in LOCALES]
    return replace(programme, locales=LOCALES, items=tuple(items), annotators=(*people[0], *people[1]))


def ports() -> Ports:
    return Ports(*(Port(free_port(), variable) for variable in VARIABLES))


def state(stack: Stack) -> dict[str, Any]:
    """What a run makes, as Label Studio and analytics tell it."""
    headers = {"Authorization": f"Bearer {stack.credentials.analyst_token}"}
    rows = httpx.get(f"{stack.ports.analytics.url}/v1/locales", headers=headers, timeout=60).json()["rows"]
    with Api(stack.ports.label_studio.url, stack.admin.token) as api:
        projects = dict(api.projects())
        pages = {project: api.task_page(project, after=0, size=100, annotations=True).tasks for project in projects}
        users = api.users()
    annotations = {
        project: sorted(each["id"] for task in tasks for each in task["annotations"])
        for project, tasks in pages.items()
    }
    return {"users": users, "projects": projects, "annotations": annotations, "rows": rows}


@pytest.mark.timeout(600)
def test_a_second_run_resumes_and_repeats_nothing(
    tmp_path: Path, small_demo: Programme, library: guidelines.Library
) -> None:
    """A first run makes users, projects and annotations; a second one, on other ports, finds them and adds none."""
    emails = [annotator.email for annotator in small_demo.annotators]
    with running(tmp_path, ports(), emails, step) as stack:
        demo.walk(stack, small_demo, library, step)
        first, printed = state(stack), report.of(stack, small_demo)
    with running(tmp_path, ports(), emails, step) as stack:
        demo.walk(stack, small_demo, library, step)
        assert state(stack) == first
    counts = {tuple(row[name] for name in NAMES): tuple(row[name] for name in COUNTS) for row in first["rows"]}
    # One item came with its history, one was answered live, and two wait for a person.
    assert counts == {(item.locale, item.workflow): (2, 10, 5) for item in small_demo.items}
    assert len(first["users"]) == 11
    assert set(counts) <= {tuple(line.split()[:2]) for line in printed.splitlines()}
    assert "All of this work is simulated." in printed


def test_a_port_in_use_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    """The command says which port is in use and which variable chooses another, and starts nothing."""
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        options = ["run", "--data", str(tmp_path / "run"), "--analytics-port", str(port)]
        free = ["--label-studio-port", str(free_port()), "--ml-backend-port", str(free_port())]
        result = CliRunner().invoke(concord.main, [*options, *free])
    assert result.exit_code == 1
    assert f"Error: port {port} is in use; " in result.stderr
    assert "CONCORD_ANALYTICS_PORT" in result.stderr


def test_one_port_for_two_services_is_refused() -> None:
    """The same port twice is a usage error, not a service that fails to start."""
    result = CliRunner().invoke(concord.main, ["run", "--analytics-port", "9090"])
    assert result.exit_code == 2
    assert "three different ports" in result.stderr


@pytest.mark.parametrize("request_to_stop", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_stop_stops_everything(tmp_path: Path, request_to_stop: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end the services that already run, and the last line says how to go on."""
    chosen = {variable: str(free_port()) for variable in VARIABLES}
    command = [sys.executable, "-u", "-m", "concord", "run", "--data", str(tmp_path)]
    env = {**os.environ, **chosen, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        assert run.stdout is not None
        seen = ""
        while "Accounts for" not in seen:
            seen += run.stdout.read(1) or pytest.fail(f"it ended early: {seen}")
        run.send_signal(request_to_stop)
        try:
            rest, _ = run.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            run.terminate()
            raise
    assert run.returncode == 0
    assert rest.splitlines()[-1] == "Everything is stopped. `make run` (or `concord run`) goes on from here."
    for variable, port in chosen.items():
        require_free(int(port), variable)
