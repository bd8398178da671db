"""What a workflow asks and what a guideline says: plain values, as loaded from the files and localised."""

from __future__ import annotations

from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import Literal

Kind = Literal[
    "single_choice",
    "multiple_choice",
    "rating",
    "number",
    "text",
    "edited_text",
    "error_spans",
    "preference",
    "ranking",
    "conversation",
]
Scale = Literal["nominal", "ordinal", "interval", "ratio"]
Target = Literal["item", "response", "claim"]
Direction = Literal["ltr", "rtl"]
Status = Literal["draft", "signed-off"]
Repeated = Literal["each", "once"]


@dataclass(frozen=True)
class Choice:
    """An option of a question, or an error category: `code` is stored and never changes, `title` is shown.

    `weights` are the penalties of an error category by severity, where they differ from the severity's own.
    """

    code: str
    title: str
    hint: str = ""
    number: float | None = None
    hotkey: str | None = None
    weights: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Severity:
    """How bad a marked error is; `weight` is its penalty in the quality score."""

    code: str
    title: str
    weight: float
    hotkey: str | None = None


@dataclass(frozen=True)
class Condition:
    """When a question is asked: another question about the same target was answered with one of these codes."""

    question: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """One question about the item, about each response or about each claim (`target`).

    `asked_when` is None for a question that is always asked; `rows` is the height of a text field, and `edits` names
    the text that an edited text starts from ("prompt", "response" or a material). `repeated_errors` says whether an
    error marked several times in one response is counted each time or once.
    """

    id: str
    kind: Kind
    title: str
    scale: Scale
    target: Target = "item"
    hint: str = ""
    required: bool = True
    asked_when: Condition | None = None
    rows: int = 2
    edits: str | None = None
    choices: tuple[Choice, ...] = ()
    severities: tuple[Severity, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    repeated_errors: Repeated = "each"

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
        """What can be chosen, in order, as it is stored: code and number. Nothing for numbers, texts and places.

        >>> Question("fluency", "rating", "Fluency", "ordinal", minimum=1, maximum=2).steps
        (('1', 1.0), ('2', 2.0))
        """
        if self.kind == "rating":
            return tuple((str(level), float(level)) for level in self.levels)
        if self.kind in ("number", "text", "edited_text", "ranking", "conversation"):
            return ()
        return tuple((choice.code, choice.number) for choice in self.choices)

    def choice(self, code: str) -> Choice:
        """The choice with this code; raises KeyError."""
        return {choice.code: choice for choice in self.choices}[code]

    def severity(self, code: str) -> Severity:
        """The severity with this code; raises KeyError."""
        return {severity.code: severity for severity in self.severities}[code]

    def weight(self, category: str, severity: str) -> float:
        """The penalty of an error of this category and severity; raises KeyError.

        >>> minor, comma = Severity("minor", "Minor", 1), Choice("punctuation", "Punctuation", weights={"minor": 0.1})
        >>> marks = Question("errors", "error_spans", "Errors", "nominal", choices=(comma,), severities=(minor,))
        >>> marks.weight("punctuation", "minor")
        0.1
        """
        return self.choice(category).weights.get(severity, self.severity(severity).weight)


@dataclass(frozen=True)
class Workflow:
    """A kind of work: its questions in order, what an item shows, and the question that sums it up (`headline`).

    `responses` is how many responses an item shows, `claims` how many claims at most; `materials` names the further
    texts; what a `sensitive` workflow shows stays hidden until the annotator asks for it.
    """

    id: str
    version: str
    title: str
    summary: str
    responses: int
    texts: dict[str, str]
    headline: str
    questions: tuple[Question, ...]
    claims: int = 0
    materials: tuple[str, ...] = ()
    sensitive: bool = False

    @property
    def positions(self) -> tuple[str, ...]:
        """The positions of the responses an item shows: ("a", "b") for two."""
        return tuple(ascii_lowercase[: self.responses])

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
class Mark:
    """An error in a worked example: the words, what is wrong with them, how bad it is, what should stand there."""

    text: str
    category: str
    severity: str
    correction: str = ""


@dataclass(frozen=True)
class Example:
    """A worked example: an item with its right answers and the reason.

    `answers` maps (question, target) to the value as it is stored; targets are "item", "a", "b", …, "claim_1", ….
    `errors` are the marks of the one response, None where the workflow marks none.
    """

    id: str
    workflow: str
    title: str
    language: str
    prompt: str
    answers: dict[tuple[str, str], str]
    why: str
    responses: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    materials: dict[str, str] = field(default_factory=dict)
    errors: tuple[Mark, ...] | None = None


@dataclass(frozen=True)
class Clause:
    """A section as shown: its id, its title, its Markdown with the heading, the tag of the folder it comes from."""

    id: str
    title: str
    markdown: str
    tag: str
    html: str


@dataclass(frozen=True)
class SignOff:
    """Who approved a text, and on which day (ISO 8601)."""

    by: str
    on: str


@dataclass(frozen=True)
class Guideline:
    """A workflow and its guideline text as annotators of one locale see them.

    `signed_off` lists the approvals of the overlay files, and is empty for a draft; `terms` are the words around the
    text (see `base/terms.yaml`). `markdown` and `html` hold all clauses, examples included.
    """

    workflow: Workflow
    locale: str
    direction: Direction
    version: GuidelineVersion
    status: Status
    markdown: str
    html: str
    clauses: tuple[Clause, ...] = ()
    examples: tuple[Example, ...] = ()
    terms: dict[str, str] = field(default_factory=dict)
    signed_off: tuple[SignOff, ...] = ()
