"""A programme: which workflows run in which locales on which items, and who annotates; loaded from a folder.

programme.yaml   items/<workflow>/<locale>.jsonl   annotators.csv
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from guidelines.errors import ConcordError, Problem
from guidelines.model import Question, Workflow
from guidelines.tags import parse_locale
from guidelines.yaml_file import Document, read_yaml
from plugins.errors import InvalidProgramme
from plugins.programme_schema import ITEM, PROGRAMME, mistakes
from plugins.screening_rules import ScreeningRules, screening_rules
from plugins.suggestion_rules import SuggestionRule, rule_mistakes, suggestion_rules

if TYPE_CHECKING:
    from guidelines import Library


@dataclass(frozen=True)
class Response:
    """A response to judge, and the model that wrote it."""

    text: str
    model: str
    iteration: str | None = None


@dataclass(frozen=True)
class SeededError:
    """A known error in the first response: offsets in code points."""

    start: int
    end: int
    text: str
    category: str
    severity: str


@dataclass(frozen=True)
class Item:
    """A prompt with its responses, claims and materials, as far as its workflow shows them.

    `gold` maps a question, or `question@target` (a, b, …, claim_1, …), to its code, for the order of `responses`.
    """

    item: str
    workflow: str
    locale: str
    prompt: str
    responses: tuple[Response, ...]
    domain: str | None = None
    batch: str | None = None
    gold: Mapping[str, str] | None = None
    seeded_errors: tuple[SeededError, ...] | None = None
    claims: tuple[str, ...] = ()
    materials: Mapping[str, str] = field(default_factory=dict)

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text that annotators are shown."""
        responses = (response.text for response in self.responses)
        return (self.prompt, *responses, *self.claims, *self.materials.values())


@dataclass(frozen=True)
class Annotator:
    """A person who annotates; `email` is their account in the labelling tool and goes nowhere else.

    `accepts` names work that not everybody is given: SENSITIVE.
    """

    email: str
    name: str
    vendor: str
    locales: tuple[str, ...]
    domains: tuple[str, ...]
    education: str | None
    role: str
    qualified: tuple[str, ...]
    simulated: bool
    accepts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Programme:
    """A programme as loaded: `source` names the labelling server, `overlap` is annotators an item."""

    root: Path
    programme: str
    title: str
    source: str
    workflows: tuple[str, ...]
    locales: tuple[str, ...]
    overlap: int
    stage: str
    items: tuple[Item, ...]
    annotators: tuple[Annotator, ...]
    suggestions: tuple[SuggestionRule, ...] = ()
    screening: ScreeningRules = field(default_factory=ScreeningRules)

    def items_of(self, workflow: str, locale: str) -> list[Item]:
        """The items of one workflow in one locale, in the order of their file."""
        return [item for item in self.items if (item.workflow, item.locale) == (workflow, locale)]


def load(root: Path, library: Library, *, complete: bool = True) -> Programme:
    """The programme in this folder, checked against the guidelines; one that is not `complete` may lack responses.

    Raises InvalidProgramme with every problem, each with file, line, field and fix.
    """
    return _Loader(root, library, complete=complete).programme()


class _Loader:
    """Reads the files once and gathers what is wrong with them."""

    def __init__(self, root: Path, library: Library, *, complete: bool) -> None:
        self._root, self._library, self._complete = root, library, complete
        self._problems: list[Problem] = []
        self._first: dict[tuple[str, str], str] = {}  # where a name that must be unique was first given

    def programme(self) -> Programme:
        head = self._head()
        items = [item for workflow, locale in self._pairs(head) for item in self._items(workflow, locale)]
        annotators = self._annotators()
        self._stop_if_wrong()
        lists = {name: tuple(head.pop(name)) for name in ("workflows", "locales")}
        suggestions = tuple(suggestion_rules(head.pop("suggestions", ()), self._library.workflows))
        screening = screening_rules(head.pop("screening", {}))
        head = {"stage": "annotate", **head, **lists, "suggestions": suggestions, "screening": screening}
        return Programme(root=self._root, items=tuple(items), annotators=tuple(annotators), **head)

    def _stop_if_wrong(self) -> None:
        if self._problems:
            raise InvalidProgramme(sorted(set(self._problems)))

    def _head(self) -> dict[str, Any]:
        """programme.yaml; nothing else can be judged while its form is wrong."""
        document = read_yaml("programme.yaml", self._read("programme.yaml") or "")
        self._problems.extend(document.problems)
        self._stop_if_wrong()
        self._problems.extend(document.problem(*mistake) for mistake in mistakes(PROGRAMME, document.value))
        self._stop_if_wrong()
        self._known(document)
        self._stop_if_wrong()
        head: dict[str, Any] = document.value
        return head

    def _known(self, document: Document) -> None:
        """Every workflow has a guideline in every locale, and suggestions are about what is asked."""
        given, running = document.value.get("suggestions", ()), document.value["workflows"]
        wrong = rule_mistakes(given, running, self._library.workflows)
        self._problems.extend(document.problem(*mistake) for mistake in wrong)
        for row, workflow in enumerate(document.value["workflows"]):
            if workflow not in self._library.workflows:
                known = ", ".join(sorted(self._library.workflows))
                problem = document.problem(("workflows", row), f"there is no workflow {workflow!r}", f"choose: {known}")
                self._problems.append(problem)
                continue
            for column, locale in enumerate(document.value["locales"]):
                if mistake := self._locale_mistake(workflow, locale):
                    self._problems.append(document.problem(("locales", column), *mistake))

    def _locale_mistake(self, workflow: str, locale: str) -> tuple[str, str] | None:
        try:
            tag = self._library.guideline(workflow, locale).locale
        except ConcordError as error:
            return error.message, error.fix
        return None if tag == locale else (f"the locale {locale!r} is in the wrong case", f"write {tag}")

    def _pairs(self, head: Mapping[str, Any]) -> list[tuple[str, str]]:
        return [(workflow, locale) for workflow in head["workflows"] for locale in head["locales"]]

    def _read(self, name: str) -> str | None:
        try:
            return (self._root / name).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            self._unreadable(name, error)
            return None

    def _lines(self, name: str) -> Iterator[str]:
        """One after the other: files may be large. Only a line feed ends one; a text may hold U+2028."""
        try:
            with (self._root / name).open(encoding="utf-8-sig", newline="\n") as lines:
                yield from lines
        except (OSError, UnicodeDecodeError) as error:
            self._unreadable(name, error)

    def _unreadable(self, name: str, error: OSError | UnicodeDecodeError) -> None:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        fix = f"write it below {self._root}, in UTF-8"
        self._problems.append(Problem(name, 1, f"cannot be read: {reason}", fix))

    def _items(self, workflow: str, locale: str) -> Iterator[Item]:
        name = f"items/{workflow}/{locale}.jsonl"
        for number, line in enumerate(self._lines(name), start=1):
            if line.strip() and (row := self._row(name, number, line)) is not None:
                item = _item(row, workflow, locale)
                wrong = item_mistakes(item, self._library.workflows[workflow], complete=self._complete)
                self._problems.extend(Problem(name, number, *mistake) for mistake in wrong)
                self._unique("item", item.item, name, number)
                yield item

    def _row(self, name: str, number: int, line: str) -> dict[str, Any] | None:
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            message = f"this is not JSON: {error.msg} at column {error.colno}"
            self._problems.append(Problem(name, number, message, "write one JSON object a line"))
            return None
        except RecursionError:
            self._problems.append(Problem(name, number, "this is nested too deeply", "write one JSON object a line"))
            return None
        wrong = [Problem(name, number, message, fix) for _, message, fix in mistakes(ITEM, row)]
        self._problems.extend(wrong)
        return None if wrong else row

    def _annotators(self) -> list[Annotator]:
        name, text = "annotators.csv", self._read("annotators.csv")
        if text is None:
            return []
        lines = csv.DictReader(io.StringIO(text, newline=""), restkey="more")
        if missing := [column for column in COLUMNS if column not in (lines.fieldnames or ())]:
            message, fix = f"columns missing: {', '.join(missing)}", f"start with: {','.join(COLUMNS)}"
            self._problems.append(Problem(name, 1, message, fix))
            return []
        return [annotator for row in lines if (annotator := self._annotator(row, name, lines.line_num)) is not None]

    def _annotator(self, row: dict[str, Any], name: str, number: int) -> Annotator | None:
        wrong = list(_annotator_mistakes(row))
        self._problems.extend(Problem(name, number, *mistake) for mistake in wrong)
        if wrong:
            return None
        self._unique("email", row["email"].lower(), name, number)
        return _annotator(row)

    def _unique(self, field: str, value: str, file: str, line: int) -> None:
        first = self._first.setdefault((field, value), f"{file}:{line}")
        if first != f"{file}:{line}":
            self._problems.append(Problem(file, line, f"{field}: {value!r} stands in {first} too", "give each its own"))


_NO_TEXT = re.compile("[\0\ud800-\udfff]")

COLUMNS = ("email", "name", "vendor", "locales", "domains", "education", "role", "qualified", "simulated")
SENSITIVE = "sensitive"  # what the voluntary column `accepts` may hold


def _item(row: Mapping[str, Any], workflow: str, locale: str) -> Item:
    responses = tuple(Response(**response) for response in row["responses"])
    seeded = row.get("seeded_errors")
    errors = None if seeded is None else tuple(SeededError(**error) for error in seeded)
    claims, materials = tuple(row.get("claims", ())), row.get("materials", {})
    rest = {name: row.get(name) for name in ("domain", "batch", "gold")}
    head: dict[str, Any] = {"responses": responses, "claims": claims, "materials": materials, **rest}
    return Item(row["item"], workflow, locale, row["prompt"], seeded_errors=errors, **head)


def item_mistakes(item: Item, workflow: Workflow, *, complete: bool = True) -> Iterator[tuple[str, str]]:
    """What is wrong with an item as such: its texts, carriage returns, gold, seeded errors.

    One that need not be `complete` may lack responses; claims, gold and errors, which are about them, come later then.
    """
    yield from _text_mistakes(item, workflow)
    if not complete and len(item.responses) < workflow.responses:
        return
    if len(item.responses) != workflow.responses:
        message = f"responses: {len(item.responses)} where {workflow.id} shows {workflow.responses}"
        lacks = len(item.responses) < workflow.responses
        yield message, f"give {workflow.responses}{', or run concord respond' if lacks else ''}"
    yield from _claim_mistakes(item, workflow)
    yield from _gold_mistakes(item, workflow)
    for number, error in enumerate(item.seeded_errors or ()):
        yield from _seeded_mistakes(f"seeded_errors.{number}", error, item, workflow)


def _text_mistakes(item: Item, workflow: Workflow) -> Iterator[tuple[str, str]]:
    if set(item.materials) != set(workflow.materials):
        named = ", ".join(sorted(item.materials)) or "none"
        yield f"materials: {named}", f"give {', '.join(workflow.materials) or 'none'}"
    if any("\r" in text for text in item.texts):
        yield "a text: holds a carriage return, which browsers drop", r"end lines with \n alone"
    if any(_NO_TEXT.search(text) for text in (item.item, *item.texts)):
        yield "a text: holds a NUL or half a character (a lone surrogate), which no store takes", "take it out"


def _claim_mistakes(item: Item, workflow: Workflow) -> Iterator[tuple[str, str]]:
    if workflow.claims and not 1 <= len(item.claims) <= workflow.claims:
        message = f"claims: {len(item.claims)} where {workflow.id} shows 1 to {workflow.claims}"
        yield message, f"give 1 to {workflow.claims}"
    elif item.claims and not workflow.claims:
        yield f"claims: {workflow.id} shows none", "leave them out"


def _gold_mistakes(item: Item, workflow: Workflow) -> Iterator[tuple[str, str]]:
    questions = {question.id: question for question in workflow.questions}
    for key, code in (item.gold or {}).items():
        name, _, _ = key.partition("@")
        if name not in questions:
            yield f"gold.{key}: {workflow.id} asks no such question", f"choose: {', '.join(questions)}"
        elif key not in (keys := _gold_keys(questions[name], item)):
            yield f"gold.{key}: {name} is not asked of that", f"choose: {', '.join(keys)}"
        else:
            yield from ((f"gold.{key}: {wrong}", fix) for wrong, fix in _code_mistakes(questions[name], code, item))


def _code_mistakes(question: Question, code: str, item: Item) -> Iterator[tuple[str, str]]:
    """Gold has to be as answers are stored, else nobody's answer would ever be right."""
    known = answer_codes(question, item)
    codes = code.split("|") if question.kind == "multiple_choice" else [code]
    if known and not set(codes) <= set(known):
        yield f"there is no code {code!r}", f"choose: {', '.join(known)}"
    elif codes != sorted(set(codes)):
        yield (
            f"the codes {code!r} are not each once and in the order of the alphabet",
            f"write {'|'.join(sorted(set(codes)))}",
        )


def _gold_keys(question: Question, item: Item) -> list[str]:
    """The keys under which an item may give the right answers to a question."""
    if question.target == "claim":
        return [f"{question.id}@claim_{number}" for number in range(1, len(item.claims) + 1)]
    if question.target != "response" and question.kind != "ranking":
        return [question.id]
    each = [f"{question.id}@{position}" for position, _ in zip(ascii_lowercase, item.responses, strict=False)]
    return [question.id, *each] if len(each) == 1 else each


def answer_codes(question: Question, item: Item) -> list[str]:
    """The codes that answers to a question about an item are stored as; none for numbers and texts."""
    if question.kind == "ranking":
        return [str(place) for place in range(1, len(item.responses) + 1)]
    if question.kind == "error_spans":
        return ["marked", "none"]
    return [code for code, _ in question.steps]


def _seeded_mistakes(place: str, error: SeededError, item: Item, workflow: Workflow) -> Iterator[tuple[str, str]]:
    text = item.responses[0].text if len(item.responses) == 1 else ""
    marked = text[error.start : error.end]
    if not error.text or marked != error.text:
        at = text.find(error.text)
        fix = f"start is {at}, end {at + len(error.text)}" if at >= 0 else "copy the words from the one response"
        yield f"{place}: {error.start} to {error.end} is {marked!r}, not {error.text!r}", fix
    asked = [question for question in workflow.questions if question.kind == "error_spans"]
    categories = [choice.code for question in asked for choice in question.choices]
    severities = [severity.code for question in asked for severity in question.severities]
    for name, code, known in (("category", error.category, categories), ("severity", error.severity, severities)):
        if code not in known:
            yield f"{place}.{name}: {workflow.id} has no {code!r}", f"choose: {', '.join(known)}"


def _annotator_mistakes(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "more" in row or None in row.values():
        yield "the number of cells differs from the header's", "put a text with commas in double quotes"
        return
    yield from ((f"{name}: is empty", "fill it") for name in ("email", "vendor", "locales", "role") if not row[name])
    yield from (mistake for locale in _listed(row["locales"]) if (mistake := _tag_mistake(locale)))
    if row["simulated"] not in ("true", "false"):
        yield f"simulated: {row['simulated']!r}", "write true or false"
    if not set(_listed(row.get("accepts", ""))) <= {SENSITIVE}:
        yield f"accepts: {row['accepts']!r}", f"write {SENSITIVE}, or nothing"


def _tag_mistake(locale: str) -> tuple[str, str] | None:
    try:
        tag = parse_locale(locale).tag
    except ConcordError as error:
        return f"locales: {error.message}", error.fix
    return None if tag == locale else (f"locales: {locale!r} is in the wrong case", f"write {tag}")


def _annotator(row: Mapping[str, str]) -> Annotator:
    return Annotator(
        email=row["email"],
        name=row["name"],
        vendor=row["vendor"],
        locales=_listed(row["locales"]),
        domains=_listed(row["domains"]),
        education=row["education"] or None,
        role=row["role"],
        qualified=_listed(row["qualified"]),
        simulated=row["simulated"] == "true",
        accepts=_listed(row.get("accepts", "")),
    )


def _listed(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, cell.split(";"))))
