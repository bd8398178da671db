"""What can go wrong in the ML backend, one class per cause.

ConcordError
└── MLBackendError
    ├── InvalidSetting       an environment variable that cannot be used (also a ValueError)
    ├── InvalidRequest       a request that is not in the protocol's form; answered with 400
    ├── InvalidItems         a file of items with problems, each with its line (also a ValueError)
    ├── IndexUnavailable     the near-duplicate index cannot be read or written now
    └── ModelFailed          the model endpoint gave no usable answer; says why, never with its words or the key
"""

from __future__ import annotations

from collections.abc import Sequence

from guidelines.errors import ConcordError


class MLBackendError(ConcordError):
    """Something about the ML backend."""


class InvalidSetting(MLBackendError, ValueError):
    """A setting that cannot be used."""


class InvalidRequest(MLBackendError):
    """A request that is not in the protocol's form."""


class InvalidItems(MLBackendError, ValueError):
    """A file of items with problems; `problems` lists them all."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems), fix="correct these lines and screen the file again")
        self.problems = tuple(problems)


class IndexUnavailable(MLBackendError):
    """The near-duplicate index cannot be read or written now."""


class ModelFailed(MLBackendError):
    """The model endpoint gave no usable answer."""
