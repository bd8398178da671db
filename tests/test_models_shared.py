"""What must hold for all processes on one data folder together: places, rate, budget, draws."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ml_model_endpoint import Handler, ModelServer, echo, model_server

from ml_backend.errors import BudgetSpent, ModelFailed
from ml_backend.models.asking import Models
from ml_backend.models.budget import Budget, Spent
from ml_backend.models.draws import Draws
from ml_backend.models.limits import Limits
from ml_backend.models.patience import Patience
from ml_backend.models.store import Store
from ml_backend.settings import Endpoint, Settings, Use

MESSAGES = [{"role": "user", "content": "hello"}]

# For each line that comes in: ask so many questions from eight threads, and say what came of them.
WORKER = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from ml_backend.errors import ModelFailed
from ml_backend.models.asking import Models
from ml_backend.models.patience import Patience
from ml_backend.settings import Endpoint, Settings, Use
for line in sys.stdin:
    given = json.loads(line)
    endpoint = Endpoint("aurora", given["url"], "aurora-7b", **given["limits"])
    settings = Settings(models={"aurora": endpoint}, programmes={"demo": Use(("aurora",), **given["budget"])})
    models = Models(settings, Path(given["data"]))
    def ask(n):
        messages = [{"role": "user", "content": f"{given['name']} {n}"}]
        try:
            return models.ask(endpoint, messages, Patience(), programme="demo").text
        except ModelFailed as failure:
            return failure.message
    with ThreadPoolExecutor(8) as pool:
        print(json.dumps(list(pool.map(ask, range(given["questions"])))), flush=True)
"""

Workers = list[subprocess.Popen[str]]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Two processes that ask what they are told."""
    command, at = [sys.executable, "-c", WORKER], Path(__file__).parent.parent
    pipe = subprocess.PIPE
    running = [subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=at, text=True) for _ in range(2)]
    yield running
    for process in running:
        process.communicate(timeout=60)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server


def both(workers: Workers, data: Path, server: ModelServer, questions: int, **more: Any) -> list[str]:
    """What came of the questions of two processes at once."""
    given = {"url": server.endpoint.url, "data": str(data), "questions": questions, "limits": {}, "budget": {}, **more}
    answers = []
    for name, process in zip(("one", "two"), workers, strict=True):
        assert process.stdin is not None
        print(json.dumps({**given, "name": name}), file=process.stdin, flush=True)
    for process in workers:
        assert process.stdout is not None
        answers += json.loads(process.stdout.readline())
    return answers


def test_two_processes_share_the_places_of_an_endpoint(tmp_path: Path, server: ModelServer, workers: Workers) -> None:
    """Never more requests at once than the settings allow, and never fewer than they could be."""
    lock, under_way, most = threading.Lock(), 0, 0

    def count(handler: Handler, body: dict[str, Any]) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.1)
        with lock:
            under_way -= 1
        echo(handler, body)

    server.behave = count
    answers = both(workers, tmp_path, server, 12, limits={"requests_at_once": 3})
    assert len([answer for answer in answers if answer.isupper()]) == 24
    assert most == 3


def test_two_processes_share_the_rate_of_an_endpoint(tmp_path: Path, server: ModelServer, workers: Workers) -> None:
    """Of 40 questions in a few seconds exactly the number that a minute allows is sent; the others are told why not."""
    answers = Counter(
        "answered" if answer.isupper() else answer
        for answer in both(workers, tmp_path, server, 20, limits={"requests_per_minute": 15, "seconds": 5.0})
    )
    assert answers == {"answered": 15, "too many requests wait for the model": 25}
    assert len(server.seen.requests) == 15


def test_two_processes_share_a_budget_of_requests(tmp_path: Path, server: ModelServer, workers: Workers) -> None:
    """Not one request more is sent than the programme may send."""
    answers = both(workers, tmp_path, server, 20, budget={"requests": 17})
    assert len(server.seen.requests) == 17
    assert Counter(answers)["the budget is spent: 17 of 17 requests"] == 23


def test_two_processes_share_a_budget_of_tokens(tmp_path: Path, server: ModelServer, workers: Workers) -> None:
    """Tokens are counted as the endpoint counts them (9 an answer here); nothing is sent once they are spent."""
    answers = both(workers, tmp_path, server, 20, budget={"tokens": 100})
    spent = Budget(Store(tmp_path)).spent("demo")
    assert spent.tokens == 9 * len(server.seen.requests)
    assert 91 < spent.tokens + 9 <= 100 + 16 * 9
    assert any("the budget is spent" in answer for answer in answers)


def test_two_processes_draw_the_same_models(tmp_path: Path) -> None:
    """Whoever comes first draws; the other finds what was drawn."""
    names = ["aurora", "borealis", "corona"]
    script = (
        "import json, sys; from pathlib import Path; from ml_backend.models.draws import Draws;"
        "from ml_backend.models.store import Store; draws = Draws(Store(Path(sys.argv[1])));"
        f"print(json.dumps([draws.order(str(n), {names}) for n in range(300)]))"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    at = Path(__file__).parent.parent
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=at) for _ in range(2)]
    one, two = (json.loads(process.communicate(timeout=60)[0]) for process in running)
    assert one == two
    counts = Counter(map(tuple, one))
    assert len(counts) == 6
    assert all(25 <= count <= 80 for count in counts.values()), counts


def test_a_draw_outlives_changes_of_the_settings(tmp_path: Path) -> None:
    """A model that is added comes last, one that is taken away is left out, and one that comes back is where it was."""
    draws = Draws(Store(tmp_path))
    first = draws.order("demo/one", ["aurora"])
    longer = draws.order("demo/one", ["corona", "aurora", "borealis"])
    assert longer[:1] == first
    assert draws.order("demo/one", [longer[2], longer[1]]) == longer[1:]
    assert draws.order("demo/one", sorted(longer)) == longer
    assert draws.order("demo/one", []) == ()


def test_a_killed_process_frees_its_place_at_once(tmp_path: Path) -> None:
    """The place that a killed process held is taken by the next in the same moment."""
    script = (
        "import sys, time; from pathlib import Path; from ml_backend.models.limits import Limits;"
        "from ml_backend.models.patience import Patience; from ml_backend.models.store import Store;"
        "from ml_backend.settings import Endpoint; limits = Limits(Store(Path(sys.argv[1])));"
        "held = limits.turn(Endpoint('a', 'u', 'm', requests_at_once=1), Patience());"
        "held.__enter__(); print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    limits, endpoint = Limits(Store(tmp_path)), Endpoint("a", "u", "m", requests_at_once=1)
    with pytest.raises(ModelFailed, match="too many requests"), limits.turn(endpoint, Patience().within(0.8)):
        pass
    process.kill()
    process.communicate()
    with limits.turn(endpoint, Patience().within(0.8)):
        pass


def test_work_ahead_of_labelling_leaves_room_for_people(tmp_path: Path) -> None:
    """Batch work takes all places but one and four fifths of the rate; a person gets the rest."""
    limits = Limits(Store(tmp_path))
    endpoint = Endpoint("aurora", "u", "m", requests_at_once=2, requests_per_minute=10)
    ahead = Patience(ahead=True).within(0.8)
    with limits.turn(endpoint, ahead):
        with pytest.raises(ModelFailed), limits.turn(endpoint, ahead):
            pass
        with limits.turn(endpoint, Patience().within(0.8)):
            pass
    for _ in range(6):
        with limits.turn(endpoint, Patience(ahead=True).within(5)):
            pass
    with pytest.raises(ModelFailed), limits.turn(endpoint, Patience(ahead=True).within(5)):
        pass
    for _ in range(2):
        with limits.turn(endpoint, Patience().within(5)):
            pass
    with pytest.raises(ModelFailed), limits.turn(endpoint, Patience().within(5)):
        pass


def test_a_budget_counts_what_could_not_be_counted_as_estimated(tmp_path: Path) -> None:
    """What is set aside for a request is given back but for what it took; a failed request took what its bill says."""
    budget, use = Budget(Store(tmp_path)), Use(tokens=100)
    with budget.spending("demo", use, 60) as bill:
        bill.sent, bill.tokens = True, 10
    with budget.spending("demo", use, 90) as bill:
        bill.sent, bill.estimate = True, 20
    with pytest.raises(RuntimeError), budget.spending("demo", use, 70) as bill:
        bill.sent = True
        raise RuntimeError
    with budget.spending("demo", use, 70):
        assert budget.spent("demo") == Spent(requests=4, tokens=100, estimated=90)
    assert budget.spent("demo") == Spent(requests=3, tokens=30, estimated=20)
    with pytest.raises(BudgetSpent, match="30 of 100 tokens, and the next request may take 71"):
        budget.spending("demo", use, 71).__enter__()
    assert budget.spent("demo").requests == 3
    assert budget.spent("other") == Spent()


def test_a_spent_budget_costs_no_waiting(tmp_path: Path, server: ModelServer) -> None:
    """It is told before a place or the minute's rate is waited for; a request that waited in vain is given back."""
    endpoint = Endpoint("aurora", server.endpoint.url, "m", requests_per_minute=1, seconds=3.0)
    use = Use(("aurora",), requests=2)
    models = Models(Settings(models={"aurora": endpoint}, programmes={"demo": use}), tmp_path)

    def ask(text: str) -> str:
        return models.ask(endpoint, [{"role": "user", "content": text}], Patience(), programme="demo").text

    assert ask("one") == "ONE"
    with pytest.raises(ModelFailed, match="too many requests"):
        ask("two")
    assert models.budget.spent("demo").requests == 1
    assert models.ask(replace(endpoint, name="other"), MESSAGES, Patience(), programme="demo").text == "HELLO"
    with pytest.raises(BudgetSpent):
        models.ask(endpoint, MESSAGES, Patience(ahead=True), programme="demo", sample="1")


def test_a_broken_file_of_records_is_a_failure_in_our_words(tmp_path: Path, server: ModelServer) -> None:
    """No traceback, and nothing is asked that could not be counted."""
    models = Models(server.settings, tmp_path)
    (tmp_path / "models.sqlite").write_bytes(b"broken" * 1000)
    with pytest.raises(ModelFailed, match="the records of models cannot be used now"):
        models.ask(server.endpoint, MESSAGES, Patience().within(5), programme="demo")
    assert server.seen.requests == []


def test_a_folder_that_cannot_be_used_is_told_at_once(tmp_path: Path) -> None:
    """The service does not start without its records."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelFailed, match="the records of models cannot be used now"):
        Models(Settings(), tmp_path / "file")
