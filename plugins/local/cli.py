"""`concord run`: the whole path on this machine."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

import guidelines
from plugins import programme as programmes
from plugins.local import demo, report
from plugins.local.progress import step
from plugins.local.stack import Port, Ports, Stack, running

_LABEL_STUDIO = "CONCORD_LABEL_STUDIO_PORT"
_ML_BACKEND = "CONCORD_ML_BACKEND_PORT"
_ANALYTICS = "CONCORD_ANALYTICS_PORT"
_WATCH_S = 0.5


def _port(
    option: str, variable: str, default: int, service: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        option,
        envvar=variable,
        show_envvar=True,
        default=default,
        show_default=True,
        type=click.IntRange(1024, 65535),
        help=f"Where {service} listens.",
    )


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".concord/run"),
    show_default=True,
    help="Folder of this run: databases, secrets, logs.",
)
@_port("--label-studio-port", _LABEL_STUDIO, 8080, "Label Studio")
@_port("--ml-backend-port", _ML_BACKEND, 9090, "the ML backend")
@_port("--analytics-port", _ANALYTICS, 8000, "the analytics service")
@click.option("--once", is_flag=True, help="Stop everything after the table is printed.")
def run(data: Path, label_studio_port: int, ml_backend_port: int, analytics_port: int, once: bool) -> None:
    """Run the whole path here: Label Studio, ML backend, analytics and the demo programme.

    The annotators are simulated and answer in the real Label Studio. Everything is kept in one folder, so running it
    again goes on with what is there. The services listen on 127.0.0.1 only; Ctrl-C stops them all.

    \b
    Example:
        concord run --analytics-port 8001
    """
    if len({label_studio_port, ml_backend_port, analytics_port}) < 3:
        raise click.UsageError("the three services need three different ports")
    ports = Ports(
        Port(label_studio_port, _LABEL_STUDIO), Port(ml_backend_port, _ML_BACKEND), Port(analytics_port, _ANALYTICS)
    )
    try:
        with _terminated_like_ctrl_c():
            _run(data, ports, once)
    except KeyboardInterrupt:
        click.echo("Everything is stopped. `make run` (or `concord run`) goes on from here.")


commands: list[click.Command] = [run]


def _run(data: Path, ports: Ports, once: bool) -> None:
    library = guidelines.load(_guidelines())
    programme = programmes.load(demo.FOLDER, library)
    click.echo(f"Concord goes on in {data}." if data.exists() else f"Concord starts in {data}; it takes some minutes.")
    emails = [annotator.email for annotator in programme.annotators]
    with running(data, ports, emails, step) as stack:
        demo.walk(stack, programme, library, step)
        click.echo(report.of(stack, programme))
        if not once:
            click.echo("Ctrl-C stops everything.")
            _watch(stack)


def _guidelines() -> Path | None:
    folder = os.environ.get("CONCORD_GUIDELINES")
    return Path(folder) if folder else None


def _watch(stack: Stack) -> None:
    """Return never: raises ServiceFailed when a service ends by itself."""
    while (ended := stack.ended()) is None:
        time.sleep(_WATCH_S)
    raise ended.failure("ended by itself")


@contextmanager
def _terminated_like_ctrl_c() -> Iterator[None]:
    """A termination request also stops the services in order."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
