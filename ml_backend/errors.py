"""What can go wrong in the ML backend, one class per cause.

ConcordError
└── MLBackendError
    ├── InvalidSetting       an environment variable that cannot be used (also a ValueError)
    ├── InvalidSettings      a settings file with problems, each with file, line and fix (also a ValueError)
    ├── InvalidRequest       a request that is not in the protocol's form; answered with 400
    ├── InvalidItems         a file of items with problems, each with its line (also a ValueError)
    ├── IndexUnavailable     the near-duplicate index cannot be read or written now
    ├── ScreenFailed         a screen cannot run now; says why, never with a provider's words or the key
    └── ModelFailed          the model endpoint gave no usable answer; says why, never with its words or the key
"""

from __future__ import annotations

from collections.abc import Sequence

from guidelines.errors import ConcordError, Problem


class MLBackendError(ConcordError):
    """Something about the ML backend."""


class InvalidSetting(MLBackendError, ValueError):
    """A setting that cannot be used."""


class InvalidSettings(MLBackendError, ValueError):
    """The settings file has problems; `problems` lists them all."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class InvalidRequest(MLBackendError):
    """A request that is not in the protocol's form."""


class InvalidItems(MLBackendError, ValueError):
    """A file of items with problems; `problems` lists them all."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems), fix="correct these lines and screen the file again")
        self.problems = tuple(problems)


class IndexUnavailable(MLBackendError):
    """The near-duplicate index cannot be read or written now."""


class ScreenFailed(MLBackendError):
    """A screen cannot run now."""


class ModelFailed(MLBackendError):
    """The model endpoint gave no usable answer."""
