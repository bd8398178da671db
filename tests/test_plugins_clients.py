"""The analytics client, tokens, markers and the commands around them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from plugin_samples import write_programme

from plugins.analytics_client import AnalyticsClient
from plugins.cli import commands
from plugins.errors import EmptyToken, MissingToken, NotAllowed, PluginError, ServiceError, ServiceFailure, Unreachable
from plugins.marker import Marker, read_marker
from plugins.projects import Project
from plugins.pulling import Progress
from plugins.tokens import token

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


def client(answer: Callable[[httpx.Request], httpx.Response]) -> AnalyticsClient:
    """A client whose server is this function."""
    return AnalyticsClient("http://analytics.example/", "s3cret", transport=httpx.MockTransport(answer))


def test_an_export_page_is_sent_with_its_range_and_the_token() -> None:
    """Source, project, after, through and fetched as parameters, tasks as the body, half a character unharmed."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"received": 1})

    with client(answer) as analytics:
        reply = analytics.send_export("ls", [{"id": "\ud800"}], project="7", after=0, through=9, fetched=NOW)
        analytics.send_export("ls", [], project="7", after=9, through=None, fetched=NOW)
    assert reply == {"received": 1}
    assert seen[0].url.path == "/v1/exports"
    assert dict(seen[0].url.params) == {
        "source": "ls",
        "project": "7",
        "after": "0",
        "through": "9",
        "fetched": "2026-11-20T10:00:00+00:00",
    }
    assert json.loads(seen[0].content) == [{"id": "\ud800"}]
    assert seen[0].headers["Authorization"] == "Bearer s3cret"
    assert "through" not in seen[1].url.params


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (401, NotAllowed, "refuses the token while sending the manifest (401); give a token"),
        (403, NotAllowed, "refuses the token"),
        (422, ServiceFailure, "answered 422 while sending the manifest: no such project; mend what it names"),
        (500, ServiceFailure, "answered 500 while sending the manifest: no such project; see its log"),
    ],
)
def test_each_refusal_is_one_clear_error_without_the_token(status: int, kind: type[ServiceError], said: str) -> None:
    """With the reason the service gives."""
    body = {"error": {"code": "x", "message": "no such project", "fix": ""}}
    with client(lambda request: httpx.Response(status, json=body)) as analytics, pytest.raises(kind) as failure:
        analytics.send_manifest("ls", projects=[], items=[], annotators=[])
    assert said in str(failure.value)
    assert "s3cret" not in str(failure.value)


def test_a_page_for_browsers_is_not_quoted() -> None:
    """A proxy's HTML tells nothing."""
    with (
        client(lambda request: httpx.Response(502, text="<html>" * 1000)) as analytics,
        pytest.raises(ServiceFailure) as failure,
    ):
        analytics.send_manifest("ls", projects=[], items=[], annotators=[])
    assert "html" not in str(failure.value)


def test_a_service_that_is_down_is_unreachable() -> None:
    """Connection refused, with the address."""
    with AnalyticsClient("http://127.0.0.1:9", "t") as analytics, pytest.raises(Unreachable, match=r"127\.0\.0\.1:9"):
        analytics.send_manifest("ls", projects=[], items=[], annotators=[])


def test_a_token_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    """The variable wins; a file may end in a line break."""
    file = tmp_path / "token"
    file.write_text("from-file\n")
    assert token("T", {"T": "given", "T_FILE": str(file)}) == "given"
    assert token("T", {"T_FILE": str(file)}) == "from-file"


def test_a_missing_or_empty_token_is_named(tmp_path: Path) -> None:
    """With what to set."""
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(MissingToken, match="T is not set; set T, or T_FILE"):
        token("T", {})
    for name in ("empty", "absent"):
        with pytest.raises(EmptyToken, match=name):
            token("T", {"T_FILE": str(tmp_path / name)})


def test_a_marker_is_read_back_from_its_description() -> None:
    """With all versions, and whatever people wrote below."""
    marker = Marker("demo", "preference", "de-DE").with_version("preference 1.0 / de-DE 1 @ab", NOW)
    assert read_marker(str(marker)) == marker
    assert read_marker(f"{marker}\nAsk Ines about this project.\n") == marker


@pytest.mark.parametrize("description", ["", "A project", "concord:demo/preference", "see concord:a/b/c"])
def test_other_projects_carry_no_marker(description: str) -> None:
    """They are left alone."""
    assert read_marker(description) is None


def test_a_version_is_noted_once() -> None:
    """Pushing the same version again adds nothing; a return to an older one is a new entry."""
    marker = Marker("demo", "preference", "de-DE").with_version("v1", NOW)
    assert marker.with_version("v1", datetime(2027, 1, 1, tzinfo=UTC)) == marker
    back = marker.with_version("v2", NOW).with_version("v1", NOW)
    assert [version for _, version in back.versions] == ["v1", "v2", "v1"]


def test_pull_progress_is_forgotten_when_a_project_is_finished(tmp_path: Path) -> None:
    """Each project apart."""
    progress = Progress(tmp_path / "deep" / "pull.json")
    one, two = (Project("ls", number, "demo", "preference", "de-DE", "annotate", ()) for number in "12")
    progress.reached(one, 200)
    progress.reached(two, 300)
    assert (progress.after(one), progress.after(two)) == (200, 300)
    progress.reached(one, None)
    assert (progress.after(one), progress.after(two)) == (0, 300)


@pytest.mark.parametrize("content", ["{", "[]", '{"a": "x"}'])
def test_a_broken_progress_file_is_said_plainly(content: str, tmp_path: Path) -> None:
    """Deleting it is safe."""
    (tmp_path / "pull.json").write_text(content)
    project = Project("ls", "1", "demo", "preference", "de-DE", "annotate", ())
    with pytest.raises(PluginError, match="delete it: the pull starts over"):
        Progress(tmp_path / "pull.json").after(project)


@pytest.mark.parametrize("command", commands, ids=lambda command: str(command.name))
def test_commands_refuse_a_label_studio_that_is_down(
    command: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is ours, names the address, and holds no secret."""
    for name in ("LABEL_STUDIO", "INGEST", "WEBHOOK"):
        monkeypatch.setenv(f"CONCORD_{name}_TOKEN", f"secret-{name}")
    root = write_programme(tmp_path / "probe", items=1)
    arguments = [str(root), "--label-studio-url", "http://127.0.0.1:9", "--analytics-url", "http://127.0.0.1:9"]
    result = CliRunner().invoke(command, arguments)  # type: ignore[arg-type]
    assert isinstance(result.exception, Unreachable)
    assert "Label Studio at http://127.0.0.1:9 does not answer" in str(result.exception)
    assert "secret" not in f"{result.output}{result.exception}"


@pytest.mark.parametrize("command", commands, ids=lambda command: str(command.name))
def test_commands_ask_for_the_tokens_they_need(
    command: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the name of the variable."""
    for name in ("LABEL_STUDIO", "INGEST", "WEBHOOK"):
        monkeypatch.delenv(f"CONCORD_{name}_TOKEN", raising=False)
    root = write_programme(tmp_path / "probe", items=1)
    arguments = [str(root), "--label-studio-url", "http://127.0.0.1:9", "--analytics-url", "http://127.0.0.1:9"]
    result = CliRunner().invoke(command, arguments)  # type: ignore[arg-type]
    assert isinstance(result.exception, MissingToken)
