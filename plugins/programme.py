"""A programme: which workflows run in which locales on which items, and who annotates; loaded from a folder.

programme.yaml   items/<workflow>/<locale>.jsonl   annotators.csv
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guidelines.errors import ConcordError, Problem
from guidelines.yaml_file import Document, read_yaml
from plugins.annotators import COLUMNS, Annotator, annotator_mistakes, read_annotator
from plugins.errors import InvalidProgramme
from plugins.item_rules import item_mistakes
from plugins.items import Item, read_item
from plugins.pass_marks import PassMarks, pass_mark_mistakes, pass_marks
from plugins.programme_schema import ITEM, PROGRAMME, mistakes
from plugins.screening_rules import ScreeningRules, screening_rules
from plugins.suggestion_rules import SuggestionRule, rule_mistakes, suggestion_rules

if TYPE_CHECKING:
    from guidelines import Library


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
    pass_marks: PassMarks = field(default_factory=dict)

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
        marks = pass_marks(head.pop("pass_marks", {}))
        head = {"stage": "annotate", **head, **lists, "suggestions": suggestions, "screening": screening}
        head |= {"pass_marks": marks}
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
        wrong = pass_mark_mistakes(document.value.get("pass_marks", {}), running, self._library.workflows)
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
                item = read_item(row, workflow, locale)
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
        wrong = list(annotator_mistakes(row))
        self._problems.extend(Problem(name, number, *mistake) for mistake in wrong)
        if wrong:
            return None
        self._unique("email", row["email"].lower(), name, number)
        return read_annotator(row)

    def _unique(self, field: str, value: str, file: str, line: int) -> None:
        first = self._first.setdefault((field, value), f"{file}:{line}")
        if first != f"{file}:{line}":
            self._problems.append(Problem(file, line, f"{field}: {value!r} stands in {first} too", "give each its own"))
