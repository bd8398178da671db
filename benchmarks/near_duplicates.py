"""Near-duplicates against datasketch, rensa and semhash on the same texts in eight scripts, in one run.

    python benchmarks/near_duplicates.py SENTENCES [--sizes 100000 1000000] [--table benchmarks/near_duplicates.md]

SENTENCES is a Parquet file with ordinary sentences: columns language and text. Every leg runs in a process of its own,
so that its memory is its own. The peers are in the extra `benchmark`.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import near_duplicate_texts as texts
import numpy as np
import pandas as pd

from ml_backend.near_duplicates import Entry, Index, Match, normalise
from ml_backend.near_duplicates.batch import duplicates_of
from ml_backend.near_duplicates.shingles import shingles, similarities
from ml_backend.prescreen import Prescreen
from ml_backend.screens import registry
from ml_backend.settings import Settings
from ml_backend.tasks import item_of
from plugins.local.ports import HOST, free_port

BANDS, ROWS = 25, 5
DIMENSIONS = 256
COSINE = 2 * texts.NEAR / (1 + texts.NEAR)  # of two sets of equal size whose Jaccard similarity is NEAR
CHUNK = 1000
SINGLE_SEMHASH_QUERIES = 10  # each reads the whole index for exact duplicates
TASKS = 2000
OTHERS = ("language", "pii", "profanity", "own_labels")  # screens that are on by default beside near_duplicate

Found = list[list[int]]
"""Of each query the rows of the base that are named as its near-duplicates."""


@dataclass
class Leg:
    """What one leg measured; `seconds` are of single queries by the clock, `busy` of the processor."""

    seconds: Sequence[float]
    busy: Sequence[float] = ()
    inserts: tuple[float, float] = (0.0, 0.0)  # a second, and a second of the processor
    memory: float = 0.0  # MB that the index added to the process
    disk: float = 0.0  # MB
    quality: pd.DataFrame = field(default_factory=pd.DataFrame)  # per script: recall, precision


@dataclass(frozen=True)
class Run:
    """The corpus of a run, as files, and the folder of the index that the first leg fills and later legs use."""

    folder: Path

    def corpus(self) -> texts.Corpus:
        """The texts as they were made."""
        return texts.Corpus(*(pd.read_parquet(self.folder / f"{name}.parquet") for name in ("base", "queries")))

    @property
    def index(self) -> Path:
        """The data folder of the ML backend."""
        return self.folder / "ml"


def concord(run: Run) -> Leg:
    """Look up and add in one durable transaction, in a folder that other processes may share at the same time."""
    corpus = run.corpus()
    before = resident()
    index = Index(run.index)
    rows = corpus.base["text"].tolist()
    pace = Pace()
    for start in range(0, len(rows), CHUNK):
        index.check_and_add_many([Entry(f"base/base{row}", rows[row]) for row in span(start, rows)])
    inserts = pace.of(len(rows))
    memory = resident() - before
    found: Found = []
    watch = Watch()
    for place, text in enumerate(corpus.queries["text"]):
        with watch:
            match = index.check_and_add(f"query/query{place}", text)
        found.append(rows_of(match))
    return watch.leg(inserts, memory, quality(corpus, found), size_of(run.index))


def batch(run: Run) -> Leg:
    """A corpus compared with itself in one go, by two processes: nothing is remembered."""
    corpus = run.corpus()
    named = {"base": corpus.base["text"], "query": corpus.queries["text"]}
    entries = [Entry(f"{project}/{project}{row}", text) for project in named for row, text in enumerate(named[project])]
    pace = Pace()
    answers = duplicates_of(entries, processes=2)
    inserts = pace.of(len(entries))
    asked = [answer.anywhere for answer in answers[len(corpus.base) :]]
    return Leg((), (), inserts, quality=quality(corpus, [rows_of(match) for match in asked]))


def rows_of(match: Match | None) -> list[int]:
    """The row that is named as exact or near; none where another query is named."""
    is_named = match and match.kind in {"exact", "near"} and match.of.startswith("base/")
    return [int(match.of.removeprefix("base/base"))] if match and is_named else []


def datasketch(run: Run) -> Leg:
    """MinHash and MinHashLSH in memory, with the same shingles and the same bands; candidates as they are."""
    from datasketch import MinHash, MinHashLSH  # noqa: PLC0415

    def sketch(some: Sequence[str]) -> list[MinHash]:
        return MinHash.bulk(tokens(some), num_perm=128)

    index = MinHashLSH(num_perm=128, params=(BANDS, ROWS))

    def insert(start: int, sketches: list[MinHash]) -> None:
        with index.insertion_session() as session:
            for row, each in enumerate(sketches, start):
                session.insert(row, each)

    return in_memory(run, sketch, insert, index.query)


def rensa(run: Run) -> Leg:
    """RMinHash and RMinHashLSH in memory, with the same shingles and the same bands; candidates as they are."""
    from rensa import RMinHash, RMinHashLSH  # noqa: PLC0415

    index = RMinHashLSH(texts.NEAR, BANDS * ROWS, BANDS)

    def sketch(some: Sequence[str]) -> list[RMinHash]:
        return RMinHash.from_token_sets(tokens(some), BANDS * ROWS, 1)

    def insert(start: int, sketches: list[RMinHash]) -> None:
        index.insert_many(sketches, start)

    return in_memory(run, sketch, insert, index.query)


def in_memory(
    run: Run,
    sketch: Callable[[Sequence[str]], list],
    insert: Callable[[int, list], None],
    query: Callable[[object], list[int]],
) -> Leg:
    """A peer that sketches texts, inserts and queries sketches."""
    corpus = run.corpus()
    rows = corpus.base["text"].tolist()
    sketch(rows[:1])
    before = resident()
    pace = Pace()
    for start in range(0, len(rows), CHUNK):
        insert(start, sketch(rows[start : start + CHUNK]))
    inserts = pace.of(len(rows))
    memory = resident() - before
    found: Found = []
    watch = Watch()
    for text in corpus.queries["text"]:
        with watch:
            rows_found = query(sketch([text])[0])
        found.append(list(rows_found))
    return watch.leg(inserts, memory, quality(corpus, found))


def tokens(some: Sequence[str]) -> list[list[bytes]]:
    """The shingles of each text as the peers take them."""
    found = shingles([normalise(text) for text in some])
    flat = found.grams.astype("<u8").tobytes()
    return [
        [flat[8 * at : 8 * at + 8] for at in range(*ends)] for ends in zip(found.starts, found.starts[1:], strict=False)
    ]


class Hashing:
    """An encoder for semhash that needs no download: the same shingles, hashed with signs into 256 dimensions."""

    def encode(self, inputs: Sequence[str], **_: object) -> np.ndarray:
        """Texts × dimensions."""
        return np.concatenate([self._some(inputs[start : start + CHUNK]) for start in range(0, len(inputs), CHUNK)])

    def _some(self, inputs: Sequence[str]) -> np.ndarray:
        found = shingles([normalise(text) for text in inputs])
        mixed = found.grams * np.uint64(0x9E3779B97F4A7C15)
        signs = np.where(mixed >> np.uint64(63), 1.0, -1.0)
        places = ((mixed >> np.uint64(32)) % np.uint64(DIMENSIONS)).astype(np.int64)
        rows = np.repeat(np.arange(len(inputs)), np.diff(found.starts))
        flat = np.bincount(rows * DIMENSIONS + places, signs, minlength=len(inputs) * DIMENSIONS)
        return flat.reshape(len(inputs), DIMENSIONS).astype(np.float32)


def semhash(run: Run) -> Leg:
    """SemHash in memory over hashed shingles; a text is a duplicate from the cosine that equals NEAR on."""
    from semhash import SemHash  # noqa: PLC0415

    corpus = run.corpus()
    rows, queries = corpus.base["text"].tolist(), corpus.queries["text"].tolist()
    row_of = {text: row for row, text in enumerate(rows)}
    before = resident()
    pace = Pace()
    index = SemHash.from_records(rows, model=Hashing())
    inserts = pace.of(len(rows))
    memory = resident() - before
    watch = Watch()
    for text in queries[:SINGLE_SEMHASH_QUERIES]:
        with watch:
            index.deduplicate([text], threshold=COSINE)
    named = {each.record: row_of[each.duplicate_of] for each in index.deduplicate(queries, threshold=COSINE).filtered}
    found = [[named[text]] if text in named else [] for text in queries]
    return watch.leg(inserts, memory, quality(corpus, found))


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


class Pace:
    """Measures how many texts are inserted a second, and a second of the processor (of all threads)."""

    def __init__(self) -> None:
        self._started = time.perf_counter(), self._busy()

    def of(self, count: int) -> tuple[float, float]:
        """This many since it was made."""
        return count / (time.perf_counter() - self._started[0]), count / (self._busy() - self._started[1])

    def _busy(self) -> float:
        """Processor seconds of this process and of those that it waited for."""
        return sum(os.times()[:4])


class Watch:
    """Times single queries."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.busy: list[float] = []

    def __enter__(self) -> None:
        self._started = time.perf_counter(), time.thread_time()

    def __exit__(self, *_: object) -> None:
        self.seconds.append(time.perf_counter() - self._started[0])
        self.busy.append(time.thread_time() - self._started[1])

    def leg(
        self,
        inserts: tuple[float, float] = (0.0, 0.0),
        memory: float = 0.0,
        found: pd.DataFrame | None = None,
        disk: float = 0.0,
    ) -> Leg:
        """What was measured."""
        return Leg(self.seconds, self.busy, inserts, memory, disk, pd.DataFrame() if found is None else found)


def quality(corpus: texts.Corpus, found: Found) -> pd.DataFrame:
    """Recall and precision per script.

    Recall is over the planted edits of Jaccard similarity NEAR or more: was a row named whose similarity, computed
    exactly, is NEAR too? Precision is over all queries for which any row was named: was such a one among them?
    """
    queries = corpus.queries
    pairs = [(query, row) for query, rows in enumerate(found) for row in rows]
    right = np.zeros(len(queries), dtype=bool)
    for start in range(0, len(pairs), 10 * CHUNK):
        part = np.array(pairs[start : start + 10 * CHUNK])
        normals = [
            normalise(text) for text in (*queries["text"].iloc[part[:, 0]], *corpus.base["text"].iloc[part[:, 1]])
        ]
        places = np.arange(len(part))
        near = similarities(normals, places, places + len(part)) >= texts.NEAR
        right[part[near, 0]] = True
    planted = queries["jaccard"] >= texts.NEAR
    named = np.array([bool(rows) for rows in found])
    judged = queries.assign(recall=np.where(planted, right, np.nan), precision=np.where(named, right, np.nan))
    return judged.groupby("script")[["recall", "precision"]].mean().reindex(list(texts.SCRIPTS))


def resident() -> float:
    """MB of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def size_of(folder: Path) -> float:
    """MB on disk."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def span(start: int, rows: Sequence[str]) -> range:
    """The rows of a chunk."""
    return range(start, min(start + CHUNK, len(rows)))


PEERS: dict[str, Callable[[Run], Leg]] = {
    "Concord": concord,
    "Concord, a batch": batch,
    "datasketch": datasketch,
    "rensa": rensa,
    "semhash": semhash,
}
SERVING: dict[str, Callable[[Run], Leg]] = {
    "near-duplicates through HTTP": through_http(OTHERS),
    "whole pre-screen of a task": whole_prescreen,
    "whole pre-screen through HTTP": through_http(()),
}
LEGS = PEERS | SERVING


def measured(name: str, run: Run) -> Leg:
    """Run a leg by its name."""
    return LEGS[name](run)


def alone(name: str, run: Run) -> Leg:
    """The leg measured in a new process."""
    print(f"{time.strftime('%X')} {name}; load average {os.getloadavg()[0]:.1f}", file=sys.stderr)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(measured, name, run).result()


def measure(sentences: pd.DataFrame, size: int, peers: Sequence[str]) -> dict[str, Leg]:
    """All legs on one corpus; later legs use the index that Concord's own fills."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
        corpus = texts.make(sentences, size)
        corpus.base.to_parquet(run.folder / "base.parquet")
        corpus.queries.to_parquet(run.folder / "queries.parquet")
        return {name: alone(name, run) for name in (*peers, *SERVING)}


def tables(size: int, legs: dict[str, Leg]) -> list[list[str]]:
    """The Markdown rows of the three tables."""
    peers = {name: leg for name, leg in legs.items() if name in PEERS}
    engine = [
        f"| {size:,} | {name} | {leg.inserts[0]:,.0f} | {leg.inserts[1]:,.0f} | {milliseconds(leg.seconds)} "
        f"| {milliseconds(leg.busy)} | {leg.quality['recall'].min():.4f} "
        f"| {leg.quality['precision'].min():.4f} | {megabytes(leg.memory)} | {megabytes(leg.disk)} |"
        for name, leg in peers.items()
    ]
    recall = [
        f"| {size:,} | {name} | " + " | ".join(f"{each:.4f}" for each in leg.quality["recall"]) + " |"
        for name, leg in peers.items()
    ]
    serving = [
        f"| {size:,} | {name} | {milliseconds(legs[name].seconds)} | {milliseconds(legs[name].busy)} |"
        for name in SERVING
    ]
    return [engine, recall, serving]


def milliseconds(seconds: Sequence[float]) -> str:
    """Median and 99 % quantile."""
    return " | ".join(f"{1e3 * each:.2f}" for each in np.quantile(seconds, (0.5, 0.99))) if len(seconds) else "– | –"


def megabytes(size: float) -> str:
    """A size that was measured."""
    return f"{size:,.0f}" if size else "–"


HEADS = (
    "| items | | inserts/s | /processor s | query p50 ms | p99 ms | processor p50 ms | p99 ms | least recall "
    "| least precision | MB | MB on disk |\n|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    f"| items | recall | {' | '.join(texts.SCRIPTS)} |\n|---:|---|{'---:|' * len(texts.SCRIPTS)}",
    "| items | | p50 ms | p99 ms | processor p50 ms | p99 ms |\n|---:|---|---:|---:|---:|---:|",
)


def main() -> None:
    """Run all legs at all sizes, print the tables and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sentences", type=Path, help="a Parquet file: language, text")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000], help="numbers of items")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS), help="Concord and which others")
    parser.add_argument("--table", type=Path, help="a Markdown file to write")
    asked = parser.parse_args()
    found: list[list[str]] = [[head] for head in HEADS]
    for size in asked.sizes:
        legs = measure(pd.read_parquet(asked.sentences), size, asked.peers)
        for rows, more in zip(found, tables(size, legs), strict=True):
            rows.extend(more)
        text = "\n\n".join("\n".join(rows) for rows in found)
        print(text)
        if asked.table:
            asked.table.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
