"""What can go wrong in the ML backend, one class per cause.

ConcordError
└── MLBackendError
    ├── InvalidSetting       an environment variable that cannot be used (also a ValueError)
    ├── InvalidSettings      a settings file with problems, each with file, line and fix (also a ValueError)
    ├── InvalidRequest       a request that is not in the protocol's form; answered with 400
    ├── InvalidItems         a file of items with problems, each with its line (also a ValueError)
    ├── IndexUnavailable     the near-duplicate index cannot be read or written now
    ├── OutboxUnavailable    what analytics is to be told cannot be kept now
    ├── ItemsUnanswered      items of a programme for which models gave no responses
    ├── ItemFileUnusable     a programme's file of items cannot be read or written, or changed meanwhile
    ├── ProgrammeBusy        another process is filling this programme
    ├── ScreenFailed         a screen cannot run now; says why, never with a provider's words or the key
    ├── GrammarFailed        the LanguageTool server gave no usable answer; says why, never with its words
    ├── HelperMissing        a programme asks a helper that the settings do not have
    ├── SuggestionsFailed    some suggestions could not be made; `failures` lists them
    └── ModelFailed          a model gave no usable answer; says why, never with its endpoint's words or the key
        ├── PassingFailure   another attempt may not meet it
        ├── RequestRefused   the endpoint does not take the request as it is
        ├── BudgetSpent      the programme has spent what it may; nothing was sent
        ├── GarbledAnswer    a helper's model did not answer in the form that was asked for
        └── ModelRecordsUnavailable   answers, draws and spending cannot be read or written now
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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


class OutboxUnavailable(MLBackendError):
    """What analytics is to be told cannot be kept now."""

    def __init__(self, path: Path, error: Exception) -> None:
        super().__init__(f"the outbox {path} cannot be used: {error}", fix="check that its folder can be written to")


class ItemsUnanswered(MLBackendError):
    """Items of a programme for which models gave no responses; `failures` says why, one line an item."""

    def __init__(self, failures: Sequence[str]) -> None:
        lines = "\n".join(failures)
        super().__init__(
            f"items that still lack responses: {len(failures):,}\n{lines}",
            fix="mend what is named and run the command again: what was answered is kept",
        )
        self.failures = tuple(failures)


class ItemFileUnusable(MLBackendError):
    """A programme's file of items cannot be read or written, or changed meanwhile."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}", fix="run the command again: what was answered is kept")


class ProgrammeBusy(MLBackendError):
    """Another process is filling this programme."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"another process is filling {folder}", fix="wait for it, or stop it, then try again")


class ScreenFailed(MLBackendError):
    """A screen cannot run now."""


class GrammarFailed(MLBackendError):
    """The LanguageTool server gave no usable answer."""


class HelperMissing(MLBackendError):
    """A programme asks a helper that the settings do not have."""


class SuggestionsFailed(MLBackendError):
    """Some suggestions could not be made; `failures` lists them, each with its reason."""

    def __init__(self, failures: Sequence[str]) -> None:
        super().__init__(
            "not all suggestions could be made:\n" + "\n".join(failures),
            fix="mend what the reasons say and run the command again: it makes only what is missing",
        )
        self.failures = tuple(failures)


class ModelFailed(MLBackendError):
    """A model gave no usable answer."""


class PassingFailure(ModelFailed):
    """A failure that another attempt may not meet; `wait` are the seconds that the endpoint asked for, if it did."""

    wait: float | None = None


class RequestRefused(ModelFailed):
    """The endpoint does not take this request; perhaps it takes one without a parameter that it does not know."""


class BudgetSpent(ModelFailed):
    """The programme has spent what it may."""

    def __init__(self, of_what: str) -> None:
        super().__init__(f"the budget is spent: {of_what}", fix="raise the programme's budget in the settings file")


class GarbledAnswer(ModelFailed):
    """A model's answer is not in the form that was asked for."""


class ModelRecordsUnavailable(ModelFailed):
    """Answers, draws and spending cannot be read or written now."""

    def __init__(self) -> None:
        super().__init__(
            "the records of models cannot be used now",
            fix="check that the folder of CONCORD_ML_DATA can be written to and the disk is not full",
        )
