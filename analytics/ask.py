"""Any statistic from Python, by the name and with the parameters that the API and the commands take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict

import guidelines
from analytics.catalogue import STATISTICS, Statistic
from analytics.errors import ImpossibleParameter, StoreMissing, UnknownStatistic
from analytics.output import Row
from analytics.query import Query
from analytics.store import FILE, Snapshot, Store

_KNOWN = {each.name: each for each in STATISTICS}


def ask(data: Path, name: str, *, guideline_folder: Path | None = None, **parameters: Any) -> Sequence[Row]:
    """The rows of a statistic on the store in the data folder, each a frozen dataclass.

    `name` and `parameters` are those of `concord <name>`, with `_` for `-`; several values are a list.
    `guideline_folder` None is the packaged one. `analytics.output.plain` makes a row nested plain values, `flat` those
    one level of columns. Raises UnknownStatistic, ImpossibleParameter, StoreMissing, StoreLocked and what the
    statistic raises.

    >>> ask(Path("/data"), "agreement", workflow="preference", by=["locale", "week"])  # doctest: +SKIP
    [Agreement(group={'workflow': 'preference', 'question': 'overall', 'locale': 'de-DE', 'week': ...
    """
    if name not in _KNOWN:
        raise UnknownStatistic(name, _KNOWN)
    asked = Query.of(_read(_KNOWN[name], parameters))
    with opened(data) as snapshot:
        return _KNOWN[name].rows(snapshot, guidelines.load(guideline_folder), asked)


def _read(statistic: Statistic, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """As the API reads them, so that the same values are refused."""
    texts = {name: ",".join(each) if isinstance(each, list | tuple) else each for name, each in parameters.items()}
    try:
        read: dict[str, Any] = statistic.takes(exclude=["format"]).load(MultiDict(texts))
    except ValidationError as error:
        raise ImpossibleParameter(statistic.name, error.messages_dict) from None
    return read


@contextmanager
def opened(data: Path) -> Iterator[Snapshot]:
    """A snapshot of the store in this folder; raises StoreMissing and StoreLocked."""
    path = data / FILE
    if not path.is_file():
        raise StoreMissing(path)
    with Store(path) as store, store.snapshot() as snapshot:
        yield snapshot
