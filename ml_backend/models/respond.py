"""Filling a programme's items with the responses that they lack, ahead of labelling.

Every answer is kept as it comes, so a run that was killed goes on without asking anything twice.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from guidelines import Library
from ml_backend.errors import BudgetSpent, InvalidSetting, ModelFailed, ProgrammeBusy
from ml_backend.models.asking import Models
from ml_backend.models.item_file import ItemFile, Row
from ml_backend.models.limits import places_of
from ml_backend.models.patience import Patience
from ml_backend.settings import Endpoint
from plugins.programme import Programme

_IN_A_ROW = 20  # failures after which a model is asked no more
_WRITTEN_EVERY = 20.0  # seconds
_HELD = 1000  # answered items that are not yet in their files
_MOST_THREADS = 64

Call = Callable[[], object]


@dataclass(frozen=True)
class Failure:
    """An item that could not be filled, where it stands and why."""

    file: Path
    line: int
    item: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.item}: {self.reason}"


@dataclass(frozen=True)
class _Wanted:
    """An item that lacks responses, and which sample of which model each of them will be."""

    file: ItemFile
    line: int
    item: str
    prompt: str
    models: tuple[tuple[str, int], ...]


_Answer = list[Row] | ModelFailed
_Came = tuple[_Wanted, _Answer]


class Responder:
    """Asks a programme's models; `respond` may be called once."""

    def __init__(self, programme: Programme, library: Library, models: Models) -> None:
        self._programme, self._library, self._models = programme, library, models
        self._names = models.settings.use(programme.programme).models
        if not self._names:
            raise InvalidSetting(
                f"the programme {programme.programme} has no models",
                fix="name them under programmes, or at least one under models, in the file of CONCORD_ML_SETTINGS",
            )
        self._stopped = threading.Event()
        self._in_a_row: Counter[str] = Counter()

    def respond(self, on_item: Call, on_stop: Call) -> list[Failure]:
        """Fill every item that lacks responses; those that could not be filled, in the order of the files.

        `on_item` is called for each item that is done, `on_stop` when interrupted: then it asks nothing more, waits for
        the answers under way, which are kept, and raises KeyboardInterrupt. Raises ProgrammeBusy and ItemFileUnusable.
        """
        pen = _Pen()
        with _alone(self._programme.root), closing(self._answers(self._wanted())) as answers:
            try:
                return sorted(_failures(answers, pen, on_item), key=lambda failure: (failure.file, failure.line))
            except KeyboardInterrupt:
                on_stop()
                raise
            finally:
                self._stopped.set()
                pen.write()

    def _wanted(self) -> Iterator[_Wanted]:
        for workflow in self._programme.workflows:
            number = self._library.workflows[workflow].responses
            for locale in self._programme.locales if number else ():
                file = ItemFile(self._programme.root / "items" / workflow / f"{locale}.jsonl")
                for line, row in file.rows():
                    if len(row["responses"]) < number:
                        yield _Wanted(file, line, row["item"], row["prompt"], self._drawn(row, number))

    def _drawn(self, row: Row, number: int) -> tuple[tuple[str, int], ...]:
        """The models of the responses that an item lacks: those that wrote none yet first, each with its sample."""
        order = self._models.draws.order(f"{self._programme.programme}/{row['item']}", self._names)
        written = Counter(response["model"] for response in row["responses"])
        drawn = []
        for _ in range(number - len(row["responses"])):
            model = min(order, key=lambda name: (written[name], order.index(name)))
            drawn.append((model, written[model]))
            written[model] += 1
        return tuple(drawn)

    def _answers(self, wanted: Iterator[_Wanted]) -> Generator[_Came, None, None]:
        """What came of each, as it comes; never many more under way than the endpoints take at once."""
        under_way: dict[Future[_Answer], _Wanted] = {}
        with ThreadPoolExecutor(self._threads()) as pool:
            try:
                for each in wanted:
                    under_way[pool.submit(self._asked, each)] = each
                    if len(under_way) >= 2 * self._threads():
                        yield from _done(under_way)
                while under_way:
                    yield from _done(under_way)
            finally:
                self._stopped.set()

    def _threads(self) -> int:
        places = sum(places_of(self._models.settings.models[name], ahead=True) for name in self._names)
        return min(places, _MOST_THREADS)

    def _asked(self, wanted: _Wanted) -> _Answer:
        try:
            return [self._response(wanted, self._models.settings.models[name], n) for name, n in wanted.models]
        except ModelFailed as failure:
            return failure

    def _response(self, wanted: _Wanted, endpoint: Endpoint, sample: int) -> Row:
        if self._stopped.is_set():
            raise ModelFailed("stopped")
        if self._in_a_row[endpoint.name] >= _IN_A_ROW:
            raise ModelFailed(f"{endpoint.name} was not asked: it failed {_IN_A_ROW} times in a row")
        try:
            reply = self._models.ask(
                endpoint,
                [{"role": "user", "content": wanted.prompt}],
                Patience(ahead=True, stopped=self._stopped),
                programme=self._programme.programme,
                sample=str(sample),
            )
        except BudgetSpent:
            raise
        except ModelFailed as failure:
            self._in_a_row[endpoint.name] += 1
            raise ModelFailed(f"{endpoint.name}: {failure.message}") from failure
        self._in_a_row[endpoint.name] = 0
        iteration = {"iteration": endpoint.iteration} if endpoint.iteration else {}
        return {"text": reply.text, "model": endpoint.name, **iteration}


class _Pen:
    """Writes answers into their files now and then."""

    def __init__(self) -> None:
        self._held: dict[ItemFile, dict[int, list[Row]]] = {}
        self._number = 0
        self._written = time.monotonic()

    def hold(self, wanted: _Wanted, responses: list[Row]) -> None:
        self._held.setdefault(wanted.file, {})[wanted.line] = responses
        self._number += 1
        if self._number >= _HELD or time.monotonic() - self._written > _WRITTEN_EVERY:
            self.write()

    def write(self) -> None:
        while self._held:
            file, responses = self._held.popitem()
            file.add(responses)
        self._number, self._written = 0, time.monotonic()


def lacking(programme: Programme, library: Library) -> int:
    """How many items of the programme lack responses."""
    return sum(len(item.responses) < library.workflows[item.workflow].responses for item in programme.items)


def _failures(answers: Iterable[_Came], pen: _Pen, on_item: Call) -> Iterator[Failure]:
    """Those that came to nothing; the others are given to the pen."""
    for wanted, answer in answers:
        if isinstance(answer, ModelFailed):
            yield Failure(wanted.file.path, wanted.line, wanted.item, answer.message)
        else:
            pen.hold(wanted, answer)
        on_item()


def _done(under_way: dict[Future[_Answer], _Wanted]) -> Iterator[_Came]:
    """Wait for the next to be done."""
    for future in wait(under_way, return_when=FIRST_COMPLETED).done:
        yield under_way.pop(future), future.result()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """A block in which no other process fills this programme; raises ProgrammeBusy where one does."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        _lock(lock, folder)
        yield
    finally:
        os.close(lock)


def _lock(file: int, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ProgrammeBusy(folder) from error
