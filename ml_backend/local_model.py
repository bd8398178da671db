"""A model that runs in this process: loaded when it is first needed, once, and used by one thread at a time."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Generic, TypeVar

from ml_backend.errors import ScreenFailed
from ml_backend.rest import Rest

_BLOCK = 1 << 20  # bytes
_RESTS = 60.0  # seconds: a load costs several
_BROKEN = (OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError)

_log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class Weights:
    """A model in a folder, or a hub's name and revision (a commit)."""

    model: str
    revision: str | None = None

    @property
    def version(self) -> str:
        """Name and revision; a folder's revision is a digest of its weights, missing where they cannot be read."""
        if self.revision:
            return f"{self.model}@{self.revision}"
        name = Path(self.model).name
        try:
            return f"{name}@{_digest(Path(self.model))}"
        except OSError:
            return name

    def trouble(self) -> str | None:
        """Whether a folder is missing."""
        return None if self.revision or Path(self.model).is_dir() else "the model's folder is missing"


class Local(Generic[T]):
    """What `load` gives; a load that failed is tried again after a rest."""

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._loaded: T | None = None
        self._rest = Rest(_RESTS)

    def trouble(self) -> str | None:
        """Why the last load failed, for a while."""
        return self._rest.reason()

    @contextmanager
    def held(self, deadline: float) -> Iterator[T]:
        """The model, for this thread alone; raises ScreenFailed where it cannot be had by the deadline or fails."""
        if not self._lock.acquire(timeout=min(max(0.0, deadline - time.monotonic()), threading.TIMEOUT_MAX)):
            raise ScreenFailed("out of time")
        try:
            model = self._first() if self._loaded is None else self._loaded
            with explained("the model failed on a text"):
                yield model
        finally:
            self._lock.release()

    def _first(self) -> T:
        if reason := self._rest.reason():
            raise ScreenFailed(reason)
        try:
            with explained("the model cannot be loaded"):
                _set_up()
                self._loaded = self._load()
        except ScreenFailed as failure:
            self._rest.begin(failure.message)
            raise
        return self._loaded


@contextmanager
def explained(message: str) -> Iterator[None]:
    """Failures of the libraries inside this block as ScreenFailed; what they say is for the log alone."""
    try:
        yield
    except ImportError as error:
        raise ScreenFailed(f"{message}: the extra `models` is not installed", fix="install concord[models]") from error
    except _broken() as error:
        _log.warning("%s: %s", message, error)
        raise ScreenFailed(message) from error


def _broken() -> tuple[type[Exception], ...]:
    """What libraries raise for files that are missing, broken or do not fit together."""
    try:
        from safetensors import SafetensorError  # noqa: PLC0415
    except ImportError:
        return _BROKEN
    return (*_BROKEN, SafetensorError)


def _set_up() -> None:
    """One thread: workers are processes, and would stand in each other's way. No progress bars: a service has logs."""
    import torch  # noqa: PLC0415
    from transformers.utils import logging as progress  # noqa: PLC0415

    torch.set_num_threads(1)
    progress.disable_progress_bar()  # type: ignore[no-untyped-call]


@cache
def _digest(folder: Path) -> str:
    """The first 12 digits of the SHA-256 of a folder's weights; raises OSError where there are none."""
    files = sorted(folder.rglob("*.safetensors"))
    if not files:
        raise FileNotFoundError(folder)
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as content:
            while block := content.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()[:12]
