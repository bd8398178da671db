"""What can go wrong with heads, one class per cause.

MLBackendError
└── HeadError
    ├── InvalidLabels    a file of labels with problems, each with its line (also a ValueError)
    ├── UnknownAddress   nobody said where the labelling tool is
    ├── NoLabels         there is nothing to learn from
    ├── TrainingRuns     another training of the same programme is under way
    ├── UnknownHead      no such version, or none to go back from (also a LookupError)
    └── HeadUnreadable   the files of a version are missing or damaged
"""

from __future__ import annotations

from collections.abc import Sequence

from guidelines.errors import Problem
from ml_backend.errors import MLBackendError


class HeadError(MLBackendError):
    """Something about heads."""


class InvalidLabels(HeadError, ValueError):
    """A file of labels has problems; `problems` lists the first ones."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class UnknownAddress(HeadError):
    """Nobody said where the labelling tool is."""


class NoLabels(HeadError):
    """There is nothing to learn from."""


class TrainingRuns(HeadError):
    """Another training of the same programme is under way."""

    def __init__(self, programme: str) -> None:
        super().__init__(f"a training of {programme} is under way", fix="wait until it is done")


class UnknownHead(HeadError, LookupError):
    """A version that is not there, or that cannot be used."""


class HeadUnreadable(HeadError):
    """The files of a version are missing or damaged."""

    def __init__(self, head: str) -> None:
        super().__init__(f"the files of {head} cannot be read", fix="restore or delete its folder, then train again")
