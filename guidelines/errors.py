"""What can go wrong, one class per cause.

ConcordError                 every error a user is meant to read
└── GuidelineError           guideline files
    ├── UnknownWorkflow      no such workflow; lists those there are (also a LookupError)
    ├── MalformedLocale      not a BCP 47 tag at all (also a ValueError)
    ├── UnknownLocale        a good tag that has no folder, or names nothing CLDR knows (also a LookupError)
    ├── NoSigner             a sign-off by nobody (also a ValueError)
    └── InvalidGuidelines    files with problems, each with file, line and fix
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class ConcordError(Exception):
    """An error with a sentence that says what is wrong and one that says what to do.

    >>> print(ConcordError("port 8080 is in use", fix="choose another with --port"))
    port 8080 is in use; choose another with --port
    """

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message, fix)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message}; {self.fix}" if self.fix else self.message


class GuidelineError(ConcordError):
    """Something about the guideline files."""


class UnknownWorkflow(GuidelineError, LookupError):
    """A workflow that the guideline folder does not hold."""

    def __init__(self, workflow: str, known: Iterable[str]) -> None:
        super().__init__(f"there is no workflow {workflow!r}", fix=f"choose one of: {', '.join(sorted(known))}")


class MalformedLocale(GuidelineError, ValueError):
    """A text that is not a locale tag."""

    def __init__(self, locale: str) -> None:
        super().__init__(f"{locale!r} is not a locale tag", fix="write language-REGION as in BCP 47, e.g. fr-CA")


class UnknownLocale(GuidelineError, LookupError):
    """A well-formed locale without a folder or, if no `known` ones are given, unknown to CLDR."""

    def __init__(self, locale: str, known: Iterable[str] = ()) -> None:
        names = ", ".join(sorted(known))
        super().__init__(
            f"there is no locale {locale!r}",
            fix=f"choose one of: {names}" if names else "check the codes of language, script and region",
        )


class NoSigner(GuidelineError, ValueError):
    """A sign-off without a name."""

    def __init__(self) -> None:
        super().__init__("nobody is named who signs off", fix="give the name of the locale's lead with --by")


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in a guideline file: where it is, what is wrong, how to mend it."""

    file: str
    line: int
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}; {self.fix}"


class InvalidGuidelines(GuidelineError):
    """The files have problems; `problems` lists them all."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
