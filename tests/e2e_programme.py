"""A small programme and what three people enter in it, written out by hand: the end-to-end tests' only truth.

Nothing here uses the product's own reading or writing of answers; the rows are those that Label Studio's pages send.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

WORKFLOWS = ("preference", "fluency_review")
LOCALES = ("en-US", "ar-EG")
PEOPLE = ("nadia@concord.example", "omar@concord.example", "kim@concord.example")

# Nobody who works in the tool may ever read these.
SECRETS = ("hidden-model-x", "hidden-model-y", "iteration-77", "vendor-north", "vendor-south", "gold-answer", "audit")

TEXTS = {
    "en-US": {
        "prompt": "Where did the cat go?\nAnswer in one or two sentences.",
        "texts": (
            "🐈 The cat sit on the the table 😀\nand sleeps since two hours.",
            "She has ran to the café 👩‍👩‍👧 next door, naïvely.",
            "The cat is in the garden.",
        ),
        "other": "I do not know.",
    },
    "ar-EG": {
        "prompt": "أين ذهبت القطة؟ 🐈\nأجب بجملة واحدة.",
        "texts": (
            "😀 القطة جلس على الطاولة،\nونامت من ساعتين.",
            "ذهبت القطه إلى مطعم Café 👩‍👩‍👧 القريب.",
            "القطة في الحديقة الآن.",
        ),
        "other": "لا أعرف أين هي.",
    },
}

# One row an item, one digit a person: the place on the scale below.
SCALES = {
    "relevance": ("a_much", "a_slightly", "tie", "b_slightly", "b_much"),
    "safety": ("a_much", "a_slightly", "tie", "b_slightly", "b_much"),
    "clarity": ("a_much", "a_slightly", "tie", "b_slightly", "b_much"),
    "overall": ("a_much", "a_slightly", "tie", "b_slightly", "b_much"),
    "fluency": ("1", "2", "3", "4", "5"),
    "completeness": ("missing", "partial", "complete"),
}
NUMBERS = {
    **dict(zip(SCALES["overall"], (-2.0, -1.0, 0.0, 1.0, 2.0), strict=True)),
    **{str(number): float(number) for number in range(1, 6)},
    "missing": 0.0,
    "partial": 1.0,
    "complete": 2.0,
}
CHOSEN = {
    "preference": {
        "relevance": ("000", "443", "210"),
        "safety": ("222", "222", "222"),
        "clarity": ("012", "340", "111"),
        "overall": ("001", "443", "221"),
    },
    "fluency_review": {"fluency": ("344", "201", "443"), "completeness": ("211", "021", "220")},
}
REASONS = {"en-US": "B answers “in the garden” 😀", "ar-EG": "الثانية أوضح 😀"}


@dataclass(frozen=True)
class Mark:
    """A marked error: the words, and what is said about them."""

    words: str
    category: str
    severity: str
    correction: str | None


# By item, then by person.
MARKS: dict[str, tuple[tuple[tuple[Mark, ...], ...], ...]] = {
    "en-US": (
        (
            (Mark("sit", "grammar", "major", "sits"), Mark("the the", "spelling", "minor", None)),
            (Mark("sit", "grammar", "major", "sat"),),
            (Mark("since two hours", "word_choice", "minor", "for two\nhours"),),
        ),
        (
            (Mark("ran", "grammar", "minor", "run"), Mark("👩‍👩‍👧", "register", "minor", None)),
            (Mark("café", "spelling", "minor", "cafe"),),
            (),
        ),
        ((), (), (Mark("garden", "accuracy", "critical", "kitchen"),)),
    ),
    "ar-EG": (
        (
            (Mark("جلس", "grammar", "major", "جلست"), Mark("من ساعتين", "word_choice", "minor", "منذ ساعتين")),
            (Mark("جلس", "grammar", "major", "جلست"),),
            (Mark("جلس", "grammar", "critical", None),),
        ),
        (
            (Mark("القطه", "spelling", "minor", "القطة"), Mark("Café 👩‍👩‍👧", "locale_convention", "minor", "المقهى")),
            (Mark("القطه", "spelling", "minor", "القطة"),),
            (),
        ),
        ((), (), ()),
    ),
}


@dataclass(frozen=True)
class Entry:
    """What one person enters for one item: codes by question, a reason, marked errors; or a skip."""

    workflow: str
    locale: str
    number: int
    person: int
    codes: dict[str, str]
    reason: str | None
    marks: tuple[Mark, ...]
    skipped: bool = False

    @property
    def item(self) -> str:
        """The item's name."""
        return item_name(self.workflow, self.locale, self.number)

    @property
    def text(self) -> str:
        """The text that errors are marked in."""
        return TEXTS[self.locale]["texts"][self.number]


def entries() -> Iterator[Entry]:
    """What everyone enters for every item, before anything is changed or taken back."""
    for workflow in WORKFLOWS:
        for locale in LOCALES:
            for number in range(3):
                for person in range(len(PEOPLE)):
                    yield _entry(workflow, locale, number, person)


def _entry(workflow: str, locale: str, number: int, person: int) -> Entry:
    asked = CHOSEN[workflow]
    codes = {question: SCALES[question][int(rows[number][person])] for question, rows in asked.items()}
    marks = MARKS[locale][number][person] if workflow == "fluency_review" else ()
    reason = REASONS[locale] if workflow == "preference" and person == 0 else None
    return Entry(workflow, locale, number, person, codes, reason, marks)


def changed(entry: Entry) -> Entry:
    """The entry after its author thought again: other codes, another reason, one mark less."""
    codes = {
        question: SCALES[question][(SCALES[question].index(code) + 1) % 3] for question, code in entry.codes.items()
    }
    return replace(entry, codes=codes, reason="changed my mind" if entry.reason else None, marks=entry.marks[1:])


def _next(scale: Sequence[str], code: str) -> str:
    return scale[(scale.index(code) + 1) % len(scale)]


def result(entry: Entry) -> list[dict[str, Any]]:
    """The entry as Label Studio's page sends it."""
    text = "response_a" if entry.workflow == "fluency_review" else "prompt"
    rows = [_plain(question, "prompt", code) for question, code in entry.codes.items()]
    if entry.reason:
        rows.append(_row("reason", "prompt", "textarea", {"text": [entry.reason]}))
    return rows + [row for mark in entry.marks for row in _marked(mark, text, entry.text)]


def span(mark: Mark, text: str) -> tuple[int, int]:
    """Where the words stand in the text, in code points."""
    start = text.index(mark.words)
    return start, start + len(mark.words)


def _plain(question: str, text: str, code: str) -> dict[str, Any]:
    if question == "fluency":
        return _row(question, text, "rating", {"rating": int(code)})
    return _row(question, text, "choices", {"choices": [code]})


def _marked(mark: Mark, name: str, text: str) -> Iterator[dict[str, Any]]:
    start, end = span(mark, text)
    region = f"region-{start}"
    place = {"start": start, "end": end, "text": mark.words}
    yield _row("errors__a", name, "labels", {**place, "labels": [mark.category]}, region)
    yield _row("errors__a__severity", name, "choices", {**place, "choices": [mark.severity]}, region)
    if mark.correction:
        yield _row("errors__a__correction", name, "textarea", {**place, "text": mark.correction.split("\n")}, region)


def _row(control: str, text: str, kind: str, value: dict[str, Any], region: str | None = None) -> dict[str, Any]:
    made = {"from_name": control, "to_name": text, "type": kind, "value": value, "origin": "manual"}
    return {**made, "id": region or f"answer-{control}"}


def item_name(workflow: str, locale: str, number: int) -> str:
    """An item's name, which says nothing about it."""
    return f"{workflow}-{locale}-{number}"


def write_programme(
    root: Path, name: str, *, workflows: Sequence[str] = WORKFLOWS, locales: Sequence[str] = LOCALES, items: int = 3
) -> Path:
    """The programme's folder, with everything in `SECRETS` in the places that must not reach the tool."""
    head = {
        "programme": name,
        "title": "End to end",
        "source": "label_studio",
        "workflows": list(workflows),
        "locales": list(locales),
        "overlap": len(PEOPLE),
        "stage": "audit",
    }
    for workflow in workflows:
        for locale in locales:
            path = root / "items" / workflow / f"{locale}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = [_item_row(workflow, locale, number) for number in range(items)]
            path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
    (root / "programme.yaml").write_text(json.dumps(head), encoding="utf-8")  # JSON is YAML too
    _write_people(root / "annotators.csv", locales)
    return root


def _item_row(workflow: str, locale: str, number: int) -> dict[str, Any]:
    texts = TEXTS[locale]
    first = {"text": texts["texts"][number], "model": "hidden-model-x", "iteration": "iteration-77"}
    row: dict[str, Any] = {"item": item_name(workflow, locale, number), "prompt": texts["prompt"], "responses": [first]}
    if workflow == "preference":
        row["responses"].append({"text": texts["other"], "model": "hidden-model-y", "iteration": "iteration-77"})
        return {**row, "gold": {"overall": "a_much", "reason": "gold-answer"}}
    marks = MARKS[locale][number][0]
    seeded = [_seeded(mark, texts["texts"][number]) for mark in marks]
    return {**row, "gold": {"fluency": "3"}, "seeded_errors": seeded}


def _seeded(mark: Mark, text: str) -> dict[str, Any]:
    start, end = span(mark, text)
    named = {"category": mark.category, "severity": mark.severity}
    return {"start": start, "end": end, "text": mark.words, **named}


def _write_people(path: Path, locales: Sequence[str]) -> None:
    columns = ("email", "name", "vendor", "locales", "domains", "education", "role", "qualified", "simulated")
    vendors = ("vendor-north", "vendor-north", "vendor-south")
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(columns)
        for email, vendor in zip(PEOPLE, vendors, strict=True):
            spoken, qualified = ";".join(locales), ";".join(WORKFLOWS)
            writer.writerow([email, "Somebody", vendor, spoken, "", "", "annotator", qualified, "true"])
