"""Near-duplicates: several processes share an index, are killed, fork, and run out of disk."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ml_backend.errors import IndexUnavailable
from ml_backend.near_duplicates import Entry, Index, Match
from ml_backend.near_duplicates.log import Log
from ml_backend.near_duplicates.segments import SegmentFolder

ROOT = Path(__file__).parent.parent

NUMBERED = """
import json, os, resource, sys
from itertools import count
from pathlib import Path
from ml_backend.near_duplicates import Entry, Index
def text(n):
    primes = (7919, 104729, 224737, 350377, 479909, 611953, 746773, 882377)
    return " ".join(f"{n * prime % 999983:x}" for prime in primes)
"""


@contextmanager
def _running(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A process that runs the script after `NUMBERED`, killed at the end if it has not ended by itself."""
    command = [sys.executable, "-c", NUMBERED + script, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def _go(*processes: subprocess.Popen[str]) -> None:
    """Let processes that wait to read a line begin at the same time."""
    assert [_line(process) for process in processes] == ["ready"] * len(processes)
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()


def _text(n: int) -> str:
    """The same as in the scripts: no two are alike."""
    primes = (7919, 104729, 224737, 350377, 479909, 611953, 746773, 882377)
    return " ".join(f"{n * prime % 999983:x}" for prime in primes)


RACE = """
index = Index(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
told = []
for start in range(0, 3000, 3):
    entries = [Entry(f"{sys.argv[2]}/{sys.argv[2]}-{n}", text(n)) for n in range(start, start + 1 + start % 2 * 2)]
    told += [match and match.of for match in index.check_and_add_many(entries)]
print(json.dumps(told), flush=True)
"""

TEND_FOR_EVER = """
from ml_backend.near_duplicates.log import Log
from ml_backend.near_duplicates.segments import SegmentFolder
folder = Path(sys.argv[1])
log, segments = Log(folder / "log.sqlite"), SegmentFolder(folder)
print("ready", flush=True)
sys.stdin.readline()
while True:
    (folder / "segments.json").unlink(missing_ok=True)
    segments.tend(log)
    print(len(log.texts_after(0)[0]), flush=True)
"""


def test_of_two_that_race_exactly_one_is_admitted(tmp_path: Path) -> None:
    """Two processes add the same 2,000 texts at once, alone or three together, while a third process makes the segments
    again and again: of each text exactly one is told that it is the duplicate of the other."""
    folder = Index(tmp_path).path.parent
    with (
        _running(RACE, tmp_path, "left") as left,
        _running(RACE, tmp_path, "right") as right,
        _running(TEND_FOR_EVER, folder) as tender,
    ):
        _go(left, right, tender)
        told = [json.loads(_line(process)) for process in (left, right)]
    numbers = [n for start in range(0, 3000, 3) for n in range(start, start + 1 + start % 2 * 2)]
    for n, of_left, of_right in zip(numbers, *told, strict=True):
        assert {of_left, of_right} in ({None, f"left/left-{n}"}, {None, f"right/right-{n}"})


ADD_FOR_EVER = """
index = Index(Path(sys.argv[1]))
for start in count(int(sys.argv[2]), 250):
    index.check_and_add_many([Entry(f"k/{n}", text(n)) for n in range(start, start + 250)])
    print(start + 250, flush=True)
"""


def _stored(index: Index) -> int:
    with closing(sqlite3.connect(index.path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        entries, texts = database.execute(
            "SELECT (SELECT count(*) FROM entries WHERE key LIKE 'k/%'), (SELECT count(*) FROM texts)"
        ).fetchone()
    assert entries == texts
    return int(entries)


def test_killed_while_adding_nothing_admitted_is_lost(tmp_path: Path) -> None:
    """After each of five kill -9 while adding and merging, all that was acknowledged is found, no batch is half there,
    and work goes on."""
    picker = random.Random(5)  # noqa: S311 - a seeded draw
    acknowledged = 0
    for _ in range(5):
        with _running(ADD_FOR_EVER, tmp_path, acknowledged) as worker:
            until = acknowledged + picker.randrange(1000, 6000)
            while (acknowledged := int(_line(worker))) < until:
                pass
            time.sleep(picker.random() / 20)
            os.kill(worker.pid, signal.SIGKILL)
            rest = worker.communicate(timeout=30)[0].split()
        acknowledged = int(rest[-1]) if rest else acknowledged
        index = Index(tmp_path)
        stored = _stored(index)
        assert stored >= acknowledged
        assert stored % 250 == 0
        asked = picker.sample(range(stored), 200)
        matches = index.check_and_add_many([Entry(f"new/new{n}", _text(n)) for n in asked])
        assert matches == [Match(f"k/{n}", None, 1.0, "exact") for n in asked]
        acknowledged = stored


def test_killed_while_merging_the_segments_are_made_again(tmp_path: Path) -> None:
    """After kill -9 at any point of making segments, an index opens, finds all that there is, and clears up."""
    index = Index(tmp_path)
    folder = index.path.parent
    for start in range(0, 9000, 1000):
        index.check_and_add_many([Entry(f"k/{n}", _text(n)) for n in range(start, start + 1000)])
    picker = random.Random(6)  # noqa: S311 - a seeded draw
    for kill in range(6):
        with _running(TEND_FOR_EVER, folder) as tender:
            _go(tender)
            time.sleep(picker.random() / 4)
            os.kill(tender.pid, signal.SIGKILL)
        again = Index(tmp_path)
        assert again.check_and_add(f"new/{kill}-a", _text(kill)) == Match(f"k/{kill}", None, 1.0, "exact")
        near = again.check_and_add(f"new/{kill}-b", _text(8999 - kill) + " zz")
        assert near is not None
        assert (near.of, near.kind) == (f"k/{8999 - kill}", "near")
    with closing(Log(index.path)) as log:
        SegmentFolder(folder).tend(log)
        files = SegmentFolder(folder).load(log)
    assert sum(map(len, files.segments)) >= 9000
    assert {path.name for path in folder.glob("*.segment")} == set(files.names)
    assert not list(folder.glob("*.unfinished"))


SHARED = """
index = Index(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for start in range(0, 9000, 100):
    index.check_and_add_many([Entry(f"{sys.argv[2]}/{n}", f"{sys.argv[2]} {text(n)}") for n in range(start, start + 100)])
print("done", flush=True)
"""  # noqa: E501 - a script


def test_workers_find_what_others_added_while_segments_are_merged(tmp_path: Path) -> None:
    """Two processes add 9,000 texts each, enough for both to merge segments: a third that was open all the time, and
    one that opens then, find them all."""
    watching = Index(tmp_path)
    assert watching.check_and_add("first/1", "the first text of all") is None
    with _running(SHARED, tmp_path, "left") as left, _running(SHARED, tmp_path, "right") as right:
        _go(left, right)
        assert [_line(left), _line(right)] == ["done", "done"]
    assert list(watching.path.parent.glob("*.segment"))
    for n, index in enumerate((watching, Index(tmp_path))):
        asked = [(side, k) for side in ("left", "right") for k in range(n, 9000, 97)]
        entries = [Entry(f"x{n}/{side}{k}", f"{side} {_text(k)} zz") for side, k in asked]
        # The other side's text of this number is alike too; a band may not be shared with either.
        found = [match.of for match in index.check_and_add_many(entries) if match]
        assert len(found) > 0.99 * len(asked)


FORK = """
index = Index(Path(sys.argv[1]))
index.check_and_add("parent/p1", text(1))
child = os.fork()
if not child:
    index.check_and_add("child/c2", text(2))
    assert index.check_and_add("child/c1", text(1)).of == "parent/p1"
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert index.check_and_add("parent/p2", text(2)).of == "child/c2"
print("done", flush=True)
"""


def test_a_forked_process_shares_the_index(tmp_path: Path) -> None:
    """An index that was used before a fork works in both processes, and each finds what the other adds."""
    with _running(FORK, tmp_path) as process:
        assert _line(process) == "done"
    assert _stored_keys(tmp_path) == {"parent/p1", "parent/p2", "child/c1", "child/c2"}


def _stored_keys(folder: Path) -> set[str]:
    with closing(sqlite3.connect(Index(folder).path)) as database:
        return {key for (key,) in database.execute("SELECT key FROM entries")}


def test_threads_share_the_index(tmp_path: Path) -> None:
    """Four threads add the same 300 texts: each text is new to exactly one of them."""
    index = Index(tmp_path)
    told: dict[str, list[Match | None]] = {}

    def work(name: str) -> None:
        told[name] = [index.check_and_add(f"{name}/{name}{n}", _text(n)) for n in range(300)]

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answers in zip(*told.values(), strict=True):
        assert [answer for answer in answers if answer is None] == [None]


FULL = """
index = Index(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
from ml_backend.errors import IndexUnavailable
for start in count(0, 50):
    try:
        index.check_and_add_many([Entry(f"k/{n}", text(n)) for n in range(start, start + 50)])
    except IndexUnavailable as error:
        assert "log.sqlite" in str(error)
        print("full", flush=True)
        break
    print(start + 50, flush=True)
"""


def test_a_full_disk_is_an_error_of_ours_and_loses_nothing(tmp_path: Path) -> None:
    """When a file cannot grow, the answer is an error; what was acknowledged before is there, and nothing half."""
    with _running(FULL, tmp_path) as process:
        lines = process.communicate(timeout=120)[0].split()
    assert lines[-1] == "full"
    acknowledged = int(lines[-2])
    index = Index(tmp_path)
    assert _stored(index) == acknowledged
    assert index.check_and_add("new/1", _text(acknowledged - 1)) == Match(f"k/{acknowledged - 1}", None, 1.0, "exact")


READ_ONLY = """
from ml_backend.errors import IndexUnavailable
if os.geteuid() == 0:
    os.seteuid(65534)
try:
    Index(Path(sys.argv[1]))
except IndexUnavailable as error:
    print(error, flush=True)
"""


def test_a_folder_that_is_not_writable_is_an_error_of_ours() -> None:
    """A folder in which nothing can be made is reported with its name."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        with _running(READ_ONLY, folder) as process:
            assert name in _line(process)
        folder.chmod(0o755)


def test_a_file_in_the_place_of_the_folder_is_an_error_of_ours(tmp_path: Path) -> None:
    """Where the data folder is a file, the error names it."""
    (tmp_path / "data").write_text("a file")
    with pytest.raises(IndexUnavailable, match="data"):
        Index(tmp_path / "data")
