"""What can go wrong in analytics, one class per cause.

ConcordError
└── AnalyticsError               the store, the API and the statistics
    ├── SettingsError            the environment lacks settings or holds bad ones
    ├── StoreError
    │   ├── StoreLocked          another process has the store open
    │   ├── StoreMissing         there is no store in the folder
    │   ├── StoreTooNew          written by a newer Concord
    │   └── StoreDamaged         the file is not a store
    ├── InputError               what was sent cannot be used (also a ValueError)
    │   ├── MalformedBody        not of the shape that was asked for
    │   │   └── NotJson          not JSON at all
    │   ├── UnknownProject       no manifest has named this project
    │   ├── UnknownSource        a labelling tool there is no reader for
    │   └── UnknownValue         a parameter value that the data does not hold; lists those it does
    ├── MissingFrames            a folder without the Parquet files that make a load
    ├── MalformedFrame           a Parquet file that is not one of the frames (also a ValueError)
    └── StatisticsError          a statistic was asked for that the data or the question does not allow
        ├── UnknownStatistic     no such name; lists those there are (also a LookupError)
        ├── ImpossibleParameter  a parameter that it does not take, or not so (also a ValueError)
        ├── UnknownGrouping      no such column to group by; lists those there are (also a LookupError)
        ├── UnknownAttribute     no such attribute of annotators; lists those there are (also a LookupError)
        ├── UndeclaredCategory   answers that the question does not have (also a ValueError)
        ├── NotNumeric           answers that are no number, or off the question's scale (also a ValueError)
        ├── ImpossibleMetric     a metric the question's scale does not allow (also a ValueError)
        └── ImpossibleInterval   an interval for nobody, or at no level (also a ValueError)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from guidelines.errors import ConcordError


class AnalyticsError(ConcordError):
    """Something about the store, the API or the statistics."""


class SettingsError(AnalyticsError):
    """Settings are missing or unusable; names them all at once and never shows a value."""

    def __init__(self, problems: Iterable[str]) -> None:
        super().__init__("; ".join(problems), fix="set them in the environment of the service")


class StoreError(AnalyticsError):
    """Something about the store file."""


class StoreLocked(StoreError):
    """Another process has the store open."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"the store {path} is open in another process",
            fix="stop that process, or ask the running service through its API",
        )


class StoreMissing(StoreError):
    """There is no store in the folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no store {path}", fix="give the data folder of the service with --data")


class StoreTooNew(StoreError):
    """The store was written by a newer version of Concord."""

    def __init__(self, path: Path, version: int, known: int) -> None:
        super().__init__(f"the store {path} has schema {version}, this Concord knows {known}", fix="upgrade Concord")


class StoreDamaged(StoreError):
    """The file cannot be read as a store."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not a readable store", fix="move it away and run `concord rebuild`")


class InputError(AnalyticsError, ValueError):
    """What was sent cannot be used; nothing was changed."""


class MalformedBody(InputError):
    """A body that is not of the shape that was asked for."""


class NotJson(MalformedBody):
    """A body that is not JSON at all."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"the body is not JSON: {error}", fix="send a JSON document in UTF-8")


class UnknownProject(InputError):
    """A project that no manifest has named."""

    def __init__(self, source: str, project: str) -> None:
        super().__init__(
            f"no manifest has named project {project} of {source}", fix="send its manifest first (`concord push`)"
        )


class UnknownSource(InputError):
    """A labelling tool there is no reader for."""

    def __init__(self, source: str, known: Iterable[str]) -> None:
        super().__init__(f"there is no reader for {source!r}", fix=f"choose one of: {', '.join(sorted(known))}")


class UnknownValue(InputError):
    """A parameter value that the data does not hold; `known` are those it does."""

    def __init__(self, field: str, value: str, known: Iterable[str], among: str = "") -> None:
        self.field = field
        self.known = sorted(known)
        choices = f"choose one of: {', '.join(self.known)}" if self.known else "nothing has been ingested yet"
        super().__init__(f"there is no {field.replace('_', ' ')} {value!r}{among}", fix=choices)


class MissingFrames(AnalyticsError):
    """A folder that lacks Parquet frames."""

    def __init__(self, folder: Path, missing: Iterable[str]) -> None:
        super().__init__(f"{folder} lacks {', '.join(missing)}", fix="give a folder as `concord simulate` makes it")


class MalformedFrame(AnalyticsError, ValueError):
    """A Parquet file that is not one of the frames."""

    def __init__(self, path: Path, reason: Exception) -> None:
        super().__init__(f"{path} is not this frame: {reason}", fix="give a folder as `concord simulate` makes it")


class StatisticsError(AnalyticsError):
    """A statistic that cannot be computed as asked."""


class UnknownStatistic(StatisticsError, LookupError):
    """A statistic that is not in the catalogue."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"there is no statistic {name!r}", fix=f"choose one of: {', '.join(known)}")


class ImpossibleParameter(StatisticsError, ValueError):
    """Parameters that a statistic does not take, or not so; `problems` by name."""

    def __init__(self, statistic: str, problems: Mapping[str, Any]) -> None:
        self.problems = dict(problems)
        told = "; ".join(f"{name}: {problem}" for name, problem in _flat_problems(problems))
        super().__init__(f"{statistic}: {told}", fix=f"see `concord {statistic} --help`")


def _flat_problems(problems: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each once, also of elements of a list, which are named by their place."""
    for name, found in problems.items():
        nested = found.values() if isinstance(found, Mapping) else [found]
        yield from ((str(name), text) for each in nested for text in each)


class UnknownGrouping(StatisticsError, LookupError):
    """A column that judgments cannot be grouped by."""

    def __init__(self, column: str, known: Iterable[str]) -> None:
        super().__init__(f"judgments cannot be grouped by {column!r}", fix=f"choose from: {', '.join(known)}")


class UnknownAttribute(StatisticsError, LookupError):
    """An attribute that annotators cannot be grouped by."""

    def __init__(self, attribute: str, known: Iterable[str]) -> None:
        super().__init__(f"annotators cannot be grouped by {attribute!r}", fix=f"choose from: {', '.join(known)}")


class UndeclaredCategory(StatisticsError, ValueError):
    """Answers whose code the question, as declared, does not have; `answers` lists (workflow, question, code)."""

    def __init__(self, answers: Iterable[tuple[str, str, str]]) -> None:
        self.answers = tuple(answers)
        named = ", ".join(f"{code!r} to {workflow}.{question}" for workflow, question, code in self.answers)
        super().__init__(
            f"the store holds answers that the guideline does not declare: {named}",
            fix="codes are never renamed: add the missing ones to the workflow again, or correct the answers",
        )


class NotNumeric(StatisticsError, ValueError):
    """Answers to a numeric question that are no number on its scale; `answers` lists (workflow, question, value)."""

    def __init__(self, answers: Iterable[tuple[str, str, str]]) -> None:
        self.answers = tuple(answers)
        named = ", ".join(f"{value!r} to {workflow}.{question}" for workflow, question, value in self.answers)
        super().__init__(
            f"the store holds answers that are no number on the scale of their question: {named}",
            fix="correct these answers, or the scale in the workflow; two scales in one question cannot be compared",
        )


class ImpossibleMetric(StatisticsError, ValueError):
    """A metric that is unknown, or that the scale of the question does not allow."""

    def __init__(self, metric: str, subject: str, possible: Iterable[str]) -> None:
        super().__init__(f"{metric!r} is not possible for {subject}", fix=f"choose from: {', '.join(possible)}")


class ImpossibleInterval(StatisticsError, ValueError):
    """An interval that is not over items or over items and raters, or whose level is not between 0 and 1."""

    def __init__(self, over: str, level: float) -> None:
        super().__init__(
            f"there is no interval over {over!r} at level {level}",
            fix="choose over items or items_and_raters, and a level between 0 and 1 such as 0.95",
        )
