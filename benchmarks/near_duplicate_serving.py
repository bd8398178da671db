"""Near-duplicates where they are served: in the whole pre-screen, and through HTTP."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from near_duplicate_measures import Leg, Run, Watch

from ml_backend.prescreen import Prescreen
from ml_backend.screens import registry
from ml_backend.settings import Settings
from ml_backend.tasks import item_of
from plugins.local.ports import HOST, free_port

TASKS = 2000
OTHERS = ("language", "pii", "profanity", "own_labels")  # screens that are on by default beside near_duplicate


def whole_prescreen(run: Run) -> Leg:
    """All screens that are on by default, on a prompt and two responses, in the process."""
    screens = registry.build(Settings(), run.index)
    prescreen = Prescreen(screens, registry.absent(Settings(), screens))
    watch = Watch()
    for task in tasks(run, "whole"):
        with watch:
            list(prescreen.summaries([item_of(task, "whole", "en-US")], time.monotonic() + 60))
    return watch.leg()


def through_http(off: Sequence[str]) -> Callable[[Run], Leg]:
    """One prompt (with two responses where other screens are on) a request, by two clients at once."""

    def leg(run: Run) -> Leg:
        clients = [tasks(run, f"http{client}", with_responses=not off)[client::2] for client in range(2)]
        with served(run, off) as port, ThreadPoolExecutor(2) as pool:
            seconds = [each for client in pool.map(lambda own: ask(port, own), clients) for each in client]
        return Leg(seconds)

    return leg


def tasks(run: Run, project: str, *, with_responses: bool = True) -> list[dict[str, object]]:
    """Tasks whose texts are new to the index: queries in an order of their own, with a word of their own."""
    queries = run.corpus().queries["text"].sample(TASKS + 2, random_state=len(project) + ord(project[-1])).tolist()
    found = []
    for place in range(TASKS):
        data = {"item": f"{project}-{place}", "prompt": f"{queries[place]} {project}{place}", "locale": "en-US"}
        responses = {"response_a": queries[place + 1], "response_b": queries[place + 2]} if with_responses else {}
        found.append({"id": place, "data": data | responses})
    return found


@contextmanager
def served(run: Run, off: Sequence[str]) -> Iterator[int]:
    """The ML backend under gunicorn, with two workers, on a free port; its screens are loaded when this starts."""
    port = free_port()
    settings = run.folder / "ml.yaml"
    settings.write_text(json.dumps({"screens": dict.fromkeys(off, False)}))
    command = [sys.executable, "-m", "gunicorn", "ml_backend:create_app()", "--workers", "2", "--threads", "4"]
    command += ["--no-control-socket", "--bind", f"{HOST}:{port}", "--log-level", "warning"]
    env = os.environ | {"CONCORD_ML_DATA": str(run.index), "CONCORD_ML_SETTINGS": str(settings)}
    with subprocess.Popen(command, env=env) as server:  # noqa: S603 - the service itself
        try:
            warm_up(server, port)
            yield port
        finally:
            server.terminate()


def warm_up(server: subprocess.Popen[bytes], port: int) -> None:
    """Until both workers have answered, surely: each loads its screens with its first tasks."""
    deadline = time.monotonic() + 120
    answered = 0
    while answered < 50:
        try:
            ask(port, [{"id": answered, "data": {"item": f"warm-{answered}", "prompt": f"warming up {answered}"}}])
            answered += 1
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def ask(port: int, some: Sequence[dict[str, object]]) -> list[float]:
    """The seconds that each task took, one request after the other."""
    seconds = []
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    for task in some:
        body = json.dumps({"tasks": [task], "project": "7.1", "label_config": "<View/>"})
        started = time.perf_counter()
        connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        seconds.append(time.perf_counter() - started)
        assert answer.status == 200
        assert len(json.loads(content)["results"]) == 1
    connection.close()
    return seconds


SERVING: dict[str, Callable[[Run], Leg]] = {
    "near-duplicates through HTTP": through_http(OTHERS),
    "whole pre-screen of a task": whole_prescreen,
    "whole pre-screen through HTTP": through_http(()),
}
