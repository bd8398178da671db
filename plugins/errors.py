"""What can go wrong between a programme and a labelling tool, one class per cause.

ConcordError                 every error a user is meant to read
└── PluginError              the adapters
    ├── InvalidProgramme     a programme folder with problems, each with file, line and fix
    ├── InvalidThresholds    a thresholds.yaml with problems, each with file, line and fix (also a ValueError)
    ├── InvalidScreening     a screening.jsonl with problems, each with file, line and fix (also a ValueError)
    ├── InvalidSuggestions   a suggestions.jsonl with problems, each with file, line and fix (also a ValueError)
    ├── OtherProvider        scores of another provider than the threshold was measured on
    ├── InvalidConfig        a label config that Label Studio Community would not show (also a ValueError)
    ├── MalformedExport      not an export or a webhook of the tool at all (also a ValueError)
    ├── MissingToken         a secret that is neither in the environment nor in a file
    ├── EmptyToken           a file for a secret that cannot be read or holds nothing
    ├── SeededErrorMasked    a known error that stands in personal data to be masked
    ├── ItemChanged          an item whose task shows other responses than its file
    ├── GuidelineChange      a new guideline that would orphan answers already given
    └── ServiceError         another server; `done` says what was finished before
        ├── Unreachable      nothing answers at the address
        ├── NotAllowed       the token is wrong or may not do this
        └── ServiceFailure   it answered with an error of its own
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from guidelines.errors import ConcordError, Problem


class PluginError(ConcordError):
    """Something between a programme and a labelling tool."""


class InvalidProgramme(PluginError):
    """The programme folder has problems; `problems` lists them all."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class InvalidThresholds(PluginError, ValueError):
    """A thresholds file has problems; `problems` lists them all."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class InvalidScreening(PluginError, ValueError):
    """A file of screenings has problems; `problems` lists them all."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class InvalidSuggestions(PluginError, ValueError):
    """A suggestions file has problems; `problems` lists them all."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class OtherProvider(PluginError):
    """Scores that a threshold says nothing about: another provider, or another version of it, gave them."""

    def __init__(self, locale: str, screen: str, measured: str, given: str) -> None:
        super().__init__(
            f"the threshold of {screen} in {locale} was measured on scores of {measured}, these are of {given}",
            fix="run `concord screen` and `concord screen calibrate` on the programme again",
        )


class InvalidConfig(PluginError, ValueError):
    """A label config that would not work in Label Studio Community."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(f"label config: {'; '.join(problems)}", fix="mend the workflow or its titles in this locale")
        self.problems = tuple(problems)


class MalformedExport(PluginError, ValueError):
    """JSON that is neither an export nor a webhook of the tool."""


class MissingToken(PluginError):
    """A secret that was not given."""

    def __init__(self, variable: str) -> None:
        fix = f"set {variable}, or {variable}_FILE to the path of a file that holds it"
        super().__init__(f"{variable} is not set", fix=fix)


class EmptyToken(PluginError):
    """A token file that cannot be read or holds nothing."""

    def __init__(self, variable: str, path: Path) -> None:
        super().__init__(f"{path} holds no token for {variable}", fix="write the token into it")


class ItemChanged(PluginError):
    """An item that was edited after its task was made: answers to the old texts would count for the new ones."""

    def __init__(self, item: str) -> None:
        super().__init__(
            f"the task of item {item!r} shows other texts than the programme's file",
            fix="put the old texts back, or give the changed item a new id",
        )


class SeededErrorMasked(PluginError):
    """A seeded error whose words are, in part at least, masked: nobody could find it any more."""

    def __init__(self, item: str, words: str) -> None:
        super().__init__(
            f"the seeded error {words!r} of item {item!r} stands in personal data that is to be masked",
            fix="seed an error elsewhere, or take the personal data out of the text",
        )


class GuidelineChange(PluginError):
    """A guideline that no longer has questions, targets or codes that annotations use."""

    def __init__(self, project: str, codes: Iterable[str]) -> None:
        super().__init__(
            f"{project} holds answers that the guideline no longer has: {', '.join(sorted(codes))}",
            fix="put these questions and codes back (add some, but never remove or rename any), then push again",
        )


class ServiceError(PluginError):
    """Another server did not do what was asked; `done` lists what was finished before."""

    def __init__(self, message: str, *, fix: str, done: Sequence[str] = ()) -> None:
        told = f"{message} (done before: {'; '.join(done)})" if done else message
        super().__init__(told, fix=fix)
        self.reason = message
        self.done = tuple(done)

    def after(self, done: Sequence[str], command: str) -> ServiceError:
        """The same error, telling what was finished and which command goes on from there."""
        return type(self)(self.reason, fix=f"{self.fix}; then run `{command}` again: it goes on from there", done=done)


class Unreachable(ServiceError):
    """Nothing answers at the address."""


class NotAllowed(ServiceError):
    """The token is wrong or may not do this."""


class ServiceFailure(ServiceError):
    """The server answered with an error of its own."""
