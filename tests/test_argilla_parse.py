"""Responses of Argilla as judgments: the same as Label Studio's for every kind of question; garbage is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

import guidelines
from guidelines import Library
from guidelines.model import Question, Workflow
from plugins.argilla import transcript
from plugins.argilla.answers import Answers, Form
from plugins.argilla.corrections import corrections
from plugins.argilla.encoding import Marked
from plugins.argilla.form import all_asked, to_fields
from plugins.argilla.parse import read_records
from plugins.errors import MalformedExport
from plugins.label_studio.answers import Form as LabelStudioForm
from plugins.label_studio.results import Given, Span, to_result
from plugins.projects import Projects

KEY = b"pseudonym key"
PAIRS = [(workflow, locale) for workflow in sorted(guidelines.load().workflows) for locale in ("en-US", "ar-EG")]
Said = dict[tuple[str, str], Given]


@cache
def library() -> Library:
    """The guidelines that come with the product."""
    return guidelines.load()


def data_of(workflow: Workflow) -> dict[str, Any]:
    """An item that shows everything its workflow can show, but for one claim."""
    claims = {"claims": [f"Claim {number} <b>" for number in range(1, workflow.claims)]} if workflow.claims else {}
    responses = {
        f"response_{each}": f"😀 Response {each} $& <i>\nهي خطأ wrong 👩‍👩‍👧 twice twice" for each in workflow.positions
    }
    return {
        "item": "item-1",
        "prompt": "Prompt\n😀",
        **responses,
        **claims,
        **{name: name for name in workflow.materials},
    }


def answered(workflow: Workflow, data: Mapping[str, Any], step: int) -> Said:
    """Every question answered; `step` chooses among the codes."""
    said: Said = {}
    for asked in all_asked(workflow):
        question = asked.question
        if question.kind == "ranking":
            said |= {(question.id, each): str(1 + (place + step) % 2) for place, each in enumerate(workflow.positions)}
        elif question.kind == "conversation":
            said |= {
                (question.id, "turn_1"): "Hi\nthere",
                (question.id, "turn_1_reply"): "No.",
                (question.id, "turn_2"): "Why?",
            }
        elif asked.part == "answer" and (asked.text in data or asked.text.startswith("claim_")):
            said[question.id, asked.target] = one(question, data.get(asked.text, ""), step)
    return said


def one(question: Question, text: str, step: int) -> Given:
    """One answer."""
    if question.kind == "error_spans":
        at, last = text.index("wrong"), text.rindex("twice")
        first, *_, end = question.severities
        category = question.choices[step % len(question.choices)].code
        return [Span(at, at + 5, category, first.code, "right"), Span(last, last + 5, category, end.code)]
    if question.kind in ("text", "edited_text"):
        return f"Written\n{step} <b> 😀"
    codes = [code for code, _ in question.steps]
    if question.kind == "multiple_choice":
        return "|".join(sorted({codes[step % len(codes)], codes[-1]}))
    return codes[step % len(codes)]


def values(said: Said, workflow: Workflow, fields: Mapping[str, Any], *, rtl: bool) -> dict[str, Any]:
    """The answers as Argilla's page sends them."""
    made: dict[str, Any] = {}
    for asked in all_asked(workflow):
        given = said.get((asked.question.id, asked.target))
        kind = asked.question.kind
        if kind == "ranking":
            mine = {target: rank for (question, target), rank in said.items() if question == asked.question.id}
            made[asked.name] = [{"value": target, "rank": int(str(rank))} for target, rank in mine.items()]
        elif kind == "conversation":
            made[asked.name] = ">> Hi\nthere\n<< No.\n\n>> Why?"
        elif asked.part == "corrections":
            made[asked.name] = "wrong = right"
        elif isinstance(given, str):
            made[asked.name] = (
                int(given) if kind == "rating" else given.split("|") if kind == "multiple_choice" else given
            )
        elif given is not None:
            made[asked.name] = list(marks(given, Marked(fields[asked.text], rtl=rtl)))
    return {name: {"value": value} for name, value in made.items()}


def marks(spans: Any, shown: Marked) -> Iterator[dict[str, Any]]:
    """Spans with the offsets of the page."""
    for each in spans:
        start, end = shown.units(each.start, each.end)
        yield {"label": f"{each.category}/{each.severity}", "start": start, "end": end}


@pytest.mark.parametrize("step", [0, 1, 2])
@pytest.mark.parametrize(("name", "locale"), PAIRS)
def test_every_workflow_reads_like_label_studio(name: str, locale: str, step: int) -> None:
    """Answers, numbers, originals, marks and corrections; whatever was not asked is dropped by both."""
    guideline = library().guideline(name, locale)
    workflow, rtl = guideline.workflow, guideline.direction == "rtl"
    data = data_of(workflow)
    said = answered(workflow, data, step)
    fields = to_fields(data, workflow, rtl=rtl)
    read = Answers(Form.of(guideline), values(said, workflow, fields, rtl=rtl), fields, "here")
    shown = {key: given for key, given in said.items() if key[1] != f"claim_{workflow.claims}"}
    wanted = LabelStudioForm.of(workflow).read(to_result(shown, workflow, data), data, "there")
    assert read.refused == wanted.refused == []
    assert sorted(map(str, read.answers)) == sorted(map(str, wanted.answers))
    assert [replace(span, span="") for span in read.spans] == [replace(span, span="") for span in wanted.spans]
    assert len(read.answers) > 1


def test_a_text_left_as_it_was_is_no_answer() -> None:
    """An edit that changes nothing but space around."""
    guideline = library().guideline("response_rating", "en-US")
    data = data_of(guideline.workflow)
    fields = to_fields(data, guideline.workflow, rtl=False)
    unchanged = {"improved__a": {"value": data["response_a"] + "\n"}}
    assert Answers(Form.of(guideline), unchanged, fields, "here").answers == []


@pytest.mark.parametrize(
    ("value", "read"), [("4", [("4", 4.0)]), (" 2.5 ", [("2.5", 2.5)]), ("٤", [("4", 4.0)]), ("11", []), ("many", [])]
)
def test_a_number_is_written_as_a_text(value: str, read: list[tuple[str, float]]) -> None:
    """In the digits of any script; what is no number of the scale is refused."""
    question = Question("hours", "number", "Hours", "ratio", minimum=0, maximum=10)
    guideline = library().guideline("fluency_review", "en-US")
    asked = replace(guideline, workflow=replace(guideline.workflow, questions=(question,)))
    fields = to_fields(data_of(guideline.workflow), guideline.workflow, rtl=False)
    answers = Answers(Form.of(asked), {"hours": {"value": value}}, {"prompt": fields["prompt"]}, "here")
    assert [(answer.value, answer.number) for answer in answers.answers] == read
    assert len(answers.refused) == (not read)


GOOD: dict[str, dict[str, Any]] = {
    "fluency_review": {"completeness": "complete", "fluency": 3},
    "ranking": {"reason": "It is short."},
    "red_team": {"refusal": "right_answer"},
}
REFUSED = [
    ("fluency_review", "fluency", 9, "is not on the scale"),
    ("fluency_review", "fluency", True, "is not on the scale"),
    ("fluency_review", "completeness", "whole", "unknown or repeated code: whole"),
    ("fluency_review", "completeness", None, None),
    ("fluency_review", "colour", "red", "'colour' is no question of this workflow"),
    ("fluency_review", "errors__a", "grammar", "str where a list is expected"),
    ("fluency_review", "errors__a", [{"label": "grammar/minor", "start": 1, "end": 2}], "unexpected end"),
    ("fluency_review", "errors__a", [{"label": "grammar/minor", "start": 5, "end": 999}], "outside the text"),
    ("fluency_review", "errors__a", [{"label": "grammar/minor", "start": 5, "end": 5}], "nothing is marked"),
    ("fluency_review", "errors__a", [{"label": "grammar/minor", "start": "5", "end": 6}], "not two whole numbers"),
    ("fluency_review", "errors__a", [{"label": "grammar", "start": 4, "end": 6}], "unknown or repeated code"),
    (
        "fluency_review",
        "errors__a",
        [{"label": "colour/minor", "start": 4, "end": 6}],
        "unknown or repeated code: colour",
    ),
    ("fluency_review", "errors__a", ["grammar"], "str where an object is expected"),
    ("fluency_review", "errors__a__corrections", "nothing = something", "'nothing = something' belongs to no mark"),
    ("fluency_review", "errors__a__corrections", 7, "int where a text is expected"),
    ("ranking", "place", [{"value": "a", "rank": 1}], "not every response has one place"),
    ("ranking", "place", [{"value": each, "rank": 5} for each in "abcd"], "is not on the scale"),
    ("ranking", "place", [{"value": each, "rank": None} for each in "abcd"], "is not on the scale"),
    ("red_team", "conversation", "Hi there", "it does not begin with a message"),
    ("red_team", "conversation", " ", None),
    ("red_team", "tactic", [], "no code is given"),
    ("red_team", "note", "\ud800", "half a character"),
]


@pytest.mark.parametrize(("name", "question", "value", "message"), REFUSED)
def test_a_value_that_says_nothing_is_refused_alone(name: str, question: str, value: Any, message: str | None) -> None:
    """With its place and what to do; no answer is made up for it, and no other answer is lost."""
    guideline = library().guideline(name, "en-US")
    fields = to_fields(data_of(guideline.workflow), guideline.workflow, rtl=False)
    good = GOOD[name]
    given = {key: {"value": each} for key, each in {**good, question: value}.items()}
    read = Answers(Form.of(guideline), given, fields, "here")
    assert [each.message for each in read.refused if message and message in each.message] == [
        each.message for each in read.refused
    ]
    assert len(read.refused) == (message is not None)
    assert all(each.fix and each.row.startswith("here, ") for each in read.refused)
    assert {answer.question for answer in read.answers} - {"errors"} == set(good) - {question}


ROWS = [
    {"source": "argilla", "project": "d1", "programme": "p", "workflow": "fluency_review", "locale": "en-US",
     "stage": "annotate", "guideline_version": version, "since": datetime(2026, month, 1, tzinfo=UTC)}
    for month, version in ((1, "v1"), (2, "v2"))
]  # fmt: skip
RESPONSE = {
    "id": "r1",
    "user_id": "u1",
    "status": "submitted",
    "values": {"fluency": {"value": 4}},
    "inserted_at": "2026-01-31T23:59:59.123456",
    "updated_at": "2026-02-01T00:00:00.000001",
}


def task(**changes: Any) -> dict[str, Any]:
    """A record with one response."""
    workflow = library().workflows["fluency_review"]
    fields = to_fields(data_of(workflow), workflow, rtl=False)
    return {"id": 1, "project": "d1", "item": "item-1", "fields": fields, "annotations": [RESPONSE], **changes}


def read(*tasks: Any) -> Any:
    """What the records say."""
    return read_records(list(tasks), Projects.of("argilla", ROWS), library(), KEY)


def test_a_response_keeps_its_time_its_version_and_its_author_under_a_pseudonym() -> None:
    """Argilla's times are UTC and do not say so; there is no lead time."""
    (row,) = read(task()).annotations.to_pylist()
    assert row["created"] == datetime(2026, 1, 31, 23, 59, 59, 123456, tzinfo=UTC)
    assert row["updated"] == datetime(2026, 2, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert (row["guideline_version"], row["lead_time"], row["status"], row["task"]) == ("v2", None, "submitted", "1")
    assert row["annotator"].startswith("r")
    assert "u1" not in row["annotator"]


def test_a_discard_has_no_answers_even_where_it_has_no_values_and_a_draft_has_no_row() -> None:
    """Null values are legal."""
    discarded = {**RESPONSE, "status": "discarded", "values": None}
    frames = read(task(annotations=[discarded, {**RESPONSE, "id": "r2", "status": "draft"}]))
    assert [row["status"] for row in frames.annotations.to_pylist()] == ["discarded"]
    assert (frames.judgments.num_rows, frames.refused) == (0, ())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"project": "d9"}, "dataset 'd9' is not registered"),
        ({"item": ""}, "'' is not a name"),
        ({"fields": None}, "NoneType where an object is expected"),
        ({"annotations": None}, "no list of responses"),
        ({"annotations": ["x"]}, "str where an object is expected"),
        ({"annotations": [{**RESPONSE, "status": "lost"}]}, "'lost'"),
        ({"annotations": [{**RESPONSE, "id": None}]}, "None is not a name"),
        ({"annotations": [{**RESPONSE, "updated_at": "yesterday"}]}, "'yesterday' is not a time"),
        ({"annotations": [{**RESPONSE, "values": None}]}, "NoneType where an object is expected"),
        ({"fields": {"prompt": 7}}, "prompt is not a text"),
    ],
)
def test_a_record_that_cannot_be_read_is_refused_and_the_next_is_read(changes: dict[str, Any], message: str) -> None:
    """Nothing of it is kept."""
    frames = read(task(**changes), task(id=2))
    assert [each.message for each in frames.refused] == [message]
    assert frames.annotations.column("task").to_pylist() == ["2"]


def test_what_is_no_list_is_no_export() -> None:
    """Told at once."""
    with pytest.raises(MalformedExport, match="a list of records"):
        read_records({"items": []}, Projects.of("argilla", ROWS), library(), KEY)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "by_mark", "astray"),
    [
        ("the = a", {0: "a"}, ()),
        ("the = a\nthe = one", {0: "a", 2: "one"}, ()),
        ("the\tcat  =  a dog ", {1: "a dog"}, ()),
        ("the = ", {}, ("the =",)),
        ("the x = y", {}, ("the x = y",)),
        ("a = b = c", {3: "b = c"}, ()),
        ("", {}, ()),
    ],
)
def test_corrections_find_their_marks(written: str, by_mark: dict[int, str], astray: tuple[str, ...]) -> None:
    """By the words, the first mark first, the longest words first."""
    found = corrections(written, ["the", "the\ncat", "the", "a"])
    assert (found.by_mark, found.astray) == (by_mark, astray)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (">>a\n<<b", [("turn_1", "a"), ("turn_1_reply", "b")]),
        ("  >> a\n>> b\n<< c", [("turn_1", "a"), ("turn_2", "b"), ("turn_2_reply", "c")]),
        (">> a\n>>> print(1)\n<< b\n<< c", [("turn_1", "a\n>>> print(1)"), ("turn_1_reply", "b\nc")]),
        (">> a\n<<", [("turn_1", "a")]),
    ],
)
def test_a_transcript_is_turns(text: str, said: list[tuple[str, str]]) -> None:
    """A prompt of Python begins no message."""
    assert list(transcript.turns(text)) == said
