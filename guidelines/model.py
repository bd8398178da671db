"""What a workflow asks and what a guideline says: plain values, as loaded from the files and localised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["single_choice", "multiple_choice", "rating", "number", "text", "error_spans", "preference"]
Scale = Literal["nominal", "ordinal", "interval", "ratio"]
Direction = Literal["ltr", "rtl"]


@dataclass(frozen=True)
class Choice:
    """An option of a question, or an error category: `code` is stored and never changes, `title` is shown."""

    code: str
    title: str
    hint: str = ""
    number: float | None = None
    hotkey: str | None = None


@dataclass(frozen=True)
class Severity:
    """How bad a marked error is; `weight` is its penalty in the quality score."""

    code: str
    title: str
    weight: float
    hotkey: str | None = None


@dataclass(frozen=True)
class Question:
    """One question about the item (`target` is "item") or about each response (`target` is "response")."""

    id: str
    kind: Kind
    title: str
    scale: Scale
    target: Literal["item", "response"] = "item"
    hint: str = ""
    required: bool = True
    choices: tuple[Choice, ...] = ()
    severities: tuple[Severity, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

    @property
    def levels(self) -> range:
        """The whole numbers of a rating's scale; raises ValueError for a question without one.

        >>> Question("fluency", "rating", "Fluency", "ordinal", minimum=0, maximum=3).levels
        range(0, 4)
        """
        if self.minimum is None or self.maximum is None:
            raise ValueError(f"question {self.id!r} has no minimum and maximum")
        return range(int(self.minimum), int(self.maximum) + 1)

    @property
    def steps(self) -> tuple[tuple[str, float | None], ...]:
        """What can be chosen, in order, as it is stored: code and number. Nothing for numbers and texts.

        >>> Question("fluency", "rating", "Fluency", "ordinal", minimum=1, maximum=2).steps
        (('1', 1.0), ('2', 2.0))
        """
        if self.kind == "rating":
            return tuple((str(level), float(level)) for level in self.levels)
        if self.kind in ("number", "text"):
            return ()
        return tuple((choice.code, choice.number) for choice in self.choices)

    def choice(self, code: str) -> Choice:
        """The choice with this code; raises KeyError."""
        return {choice.code: choice for choice in self.choices}[code]

    def severity(self, code: str) -> Severity:
        """The severity with this code; raises KeyError."""
        return {severity.code: severity for severity in self.severities}[code]


@dataclass(frozen=True)
class Workflow:
    """A kind of work: its questions in order, how many responses an item shows, and the question that sums it up."""

    id: str
    version: str
    title: str
    summary: str
    responses: int
    texts: dict[str, str]
    headline: str
    questions: tuple[Question, ...]

    def question(self, question: str) -> Question:
        """The question with this id; raises KeyError."""
        return {each.id: each for each in self.questions}[question]


@dataclass(frozen=True)
class GuidelineVersion:
    """Base version and overlay version for people, a digest of the content for machines.

    >>> str(GuidelineVersion("fluency_review", "2.1", "ja-JP", "4", "9f3c2a1b0d4e"))
    'fluency_review 2.1 / ja-JP 4 @9f3c2a1b0d4e'
    """

    workflow: str
    base: str
    locale: str
    overlay: str
    digest: str

    def __str__(self) -> str:
        return f"{self.workflow} {self.base} / {self.locale} {self.overlay} @{self.digest}"


@dataclass(frozen=True)
class Guideline:
    """A workflow and its guideline text as annotators of one locale see them."""

    workflow: Workflow
    locale: str
    direction: Direction
    version: GuidelineVersion
    status: Literal["draft", "signed-off"]
    markdown: str
    html: str
