"""Label Studio's JSON as frames: recorded work from its own UI, every kind and script, and garbage."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plugin_samples import DATA, EVERY_KIND, PROJECTS, SINCE, Guidelines, annotation, task

import guidelines
from plugins.errors import MalformedExport
from plugins.frames import ANNOTATIONS, JUDGMENTS, SPANS, Frames
from plugins.label_studio.parse import read_tasks, read_webhook
from plugins.label_studio.results import Given, Span, to_result
from plugins.projects import Project, Projects
from plugins.pseudonym import pseudonym
from plugins.values import plain

KEY = b"key"
LIBRARY: Any = Guidelines()
SAMPLES = Path(__file__).parent / "samples"

ANSWERS: dict[tuple[str, str], Given] = {
    ("errors", "a"): [Span(6, 7, "grammar", "minor", "x")],
    ("errors", "b"): [],
    ("stars", "a"): "4",
    ("stars", "b"): "1",
    ("overall", "item"): "a_slightly",
    ("topic", "item"): "x",
    ("tags", "item"): "p|q",
    ("zero", "item"): "0",
    ("amount", "item"): "3.5",
    ("reason", "item"): "because",
}


def read(*annotations: Any, **changes: Any) -> Frames:
    """One task with these annotations, read."""
    return read_tasks([task(*annotations, **changes)], PROJECTS, LIBRARY, KEY)


def result(**changes: Any) -> list[dict[str, Any]]:
    """The result of a complete annotation; a change replaces the value of a control."""
    rows = to_result(ANSWERS, EVERY_KIND, DATA)
    return [{**row, "value": changes.get(row["from_name"], row["value"])} for row in rows]


def values(frames: Frames) -> dict[tuple[str, str], str]:
    """Value by question and target."""
    return {(row["question"], row["target"]): row["value"] for row in frames.judgments.to_pylist()}


def numbers(frames: Frames) -> dict[tuple[str, str], float | None]:
    """Number by question and target."""
    return {(row["question"], row["target"]): row["number"] for row in frames.judgments.to_pylist()}


def test_work_recorded_from_the_tool_itself_is_read() -> None:
    """Japanese, Arabic and German tasks submitted in a browser: choices, stars, marked error, severity, correction."""
    tasks = json.loads((SAMPLES / "label_studio_tasks_from_ui.json").read_text("utf-8"))
    places = {"9": ("fluency_review", "ja-JP"), "6": ("preference", "ar-EG"), "4": ("preference", "de-DE")}
    projects = Projects(
        "label_studio",
        {
            project: Project("label_studio", project, "demo", workflow, locale, "annotate", ((SINCE, "v1"),))
            for project, (workflow, locale) in places.items()
        },
    )
    frames = read_tasks(tasks, projects, guidelines.load(), KEY)
    assert frames.refused == ()
    found = {(row["locale"], row["question"]): row["value"] for row in frames.judgments.to_pylist()}
    assert {found[locale, "overall"] for locale in ("ar-EG", "de-DE")} == {"b_slightly"}
    assert (found["ar-EG", "reason"], found["ja-JP", "fluency"]) == ("لأنها أوضح", "4")
    [span] = frames.spans.to_pylist()
    text = tasks[0]["data"]["response_a"]
    assert (span["text"], span["correction"]) == (text[span["start"] : span["end"]], "جلست 😀")
    assert (span["category"], span["severity"], span["weight"]) == ("grammar", "major", 5.0)


def test_every_kind_of_answer_has_its_code_and_its_place_on_the_scale() -> None:
    """Codes as entered; numbers where the scale has them."""
    frames = read(annotation(result()))
    assert frames.refused == ()
    assert values(frames) == {
        **{key: given for key, given in ANSWERS.items() if isinstance(given, str)},
        ("errors", "a"): "marked",
        ("errors", "b"): "none",
    }
    assert numbers(frames) == {
        ("errors", "a"): 1,
        ("errors", "b"): 0,
        ("stars", "a"): 4,
        ("stars", "b"): 1,
        ("overall", "item"): -1,
        ("topic", "item"): None,
        ("tags", "item"): None,
        ("zero", "item"): 0,
        ("amount", "item"): 3.5,
        ("reason", "item"): None,
    }


def test_rows_carry_who_when_and_under_which_guideline() -> None:
    """Pseudonym instead of the user, UTC times, lead time in seconds, the version in force."""
    [row] = read(annotation(result())).annotations.to_pylist()
    assert row == {
        "source": "label_studio",
        "project": "7",
        "annotation": "5",
        "workflow": "every_kind",
        "locale": "en-US",
        "item": "one",
        "annotator": pseudonym(KEY, "label_studio", "2"),
        "stage": "annotate",
        "task": "1",
        "status": "submitted",
        "guideline_version": "v1",
        "created": datetime(2026, 11, 20, 23, 26, 55, 978389, UTC),
        "updated": datetime(2026, 11, 20, 23, 27, 0, 248065, UTC),
        "lead_time": 3.5,
    }


def test_the_expanded_form_of_the_author_reads_the_same() -> None:
    """`GET /api/tasks/{id}` gives an object where exports give an id."""
    expanded = annotation(result(), completed_by={"id": 2, "email": "someone@example.com"})
    assert read(expanded).annotations == read(annotation(result())).annotations


@pytest.mark.parametrize(("hours", "version"), [(-2, "v1"), (-1, "v1"), (0, "v2"), (1, "v2")])
def test_an_annotation_has_the_last_version_that_was_in_force_when_it_was_updated(hours: int, version: str) -> None:
    """The earliest one counts for annotations from before any version."""
    change = datetime(2026, 11, 20, 12, tzinfo=UTC)
    versions = ((change - timedelta(hours=1), "v1"), (change, "v2"))
    project = Project("label_studio", "7", "demo", "every_kind", "en-US", "annotate", versions)
    updated = (change + timedelta(hours=hours)).isoformat()
    frames = read_tasks(
        [task(annotation([], updated_at=updated))], Projects("label_studio", {"7": project}), LIBRARY, KEY
    )
    assert frames.annotations["guideline_version"].to_pylist() == [version]


def test_a_skipped_annotation_is_a_row_without_judgments() -> None:
    """Skips made in the UI keep partial results; they are no answers."""
    frames = read(annotation(result(), was_cancelled=True))
    assert frames.annotations["status"].to_pylist() == ["skipped"]
    assert (frames.judgments.num_rows, frames.spans.num_rows) == (0, 0)


def test_no_mark_is_an_answer_too() -> None:
    """A reviewer who marked nothing found nothing: `none`, count 0, for each response."""
    assert values(read(annotation([]))) == {("errors", "a"): "none", ("errors", "b"): "none"}


def test_offsets_count_code_points() -> None:
    """An emoji is one."""
    [span] = read(annotation(result())).spans.to_pylist()
    assert (span["start"], span["end"], span["text"]) == (6, 7, "😀")


def test_the_ml_backends_summary_is_not_an_answer() -> None:
    """It is copied into annotations made from a prediction."""
    summary = {"id": "p", "from_name": "prescreen", "to_name": "prompt", "type": "textarea", "value": {"text": ["{}"]}}
    assert read(annotation([summary])).refused == ()


def test_an_emptied_text_is_no_answer() -> None:
    """White space alone neither."""
    assert ("reason", "item") not in values(read(annotation(result(reason={"text": [" \n"]}))))


@pytest.mark.parametrize(
    ("control", "value", "field"),
    [
        ("overall", {"choices": ["c_much"]}, "choices"),
        ("overall", {"choices": ["a_much", "b_much"]}, "choices"),
        ("overall", {"choices": []}, "choices"),
        ("overall", {"choices": [["a_much"]]}, "choices"),
        ("overall", {}, "choices"),
        ("overall", None, "value"),
        ("overall", "a_much", "value"),
        ("tags", {"choices": ["p", "p"]}, "choices"),
        ("stars__a", {"rating": 6}, "rating"),
        ("stars__a", {"rating": 2.5}, "rating"),
        ("stars__a", {"rating": True}, "rating"),
        ("stars__a", {"rating": "x" * 9999}, "rating"),
        ("zero", {"choices": ["4"]}, "rating"),
        ("amount", {"number": 10**400}, "number"),
        ("amount", {"number": float("nan")}, "number"),
        ("amount", {"number": 1001}, "number"),
        ("amount", {"number": "3"}, "number"),
        ("reason", {"text": ["\ud800"]}, "text"),
        ("reason", {"text": [3]}, "text"),
        ("errors__a", {"start": 6, "end": 99, "labels": ["grammar"]}, "start"),
        ("errors__a", {"start": 7, "end": 7, "labels": ["grammar"]}, "start"),
        ("errors__a", {"start": "6", "end": 7, "labels": ["grammar"]}, "start"),
        ("errors__a", {"start": 6, "end": 7, "labels": ["invented"]}, "labels"),
        ("errors__a__severity", {"choices": ["invented"]}, "severity"),
        ("errors__a__severity", {"choices": ["minor", "major"]}, "severity"),
    ],
)
def test_a_garbled_answer_is_refused_with_place_field_and_fix_and_the_others_are_kept(
    control: str, value: Any, field: str
) -> None:
    """One row is lost, not the annotation."""
    frames = read(annotation(result(**{control: value})))
    [refused] = frames.refused
    assert "task 1, annotation 5" in refused.row
    assert refused.field == field
    assert refused.fix
    assert len(refused.message) < 200
    assert frames.judgments.num_rows >= len(ANSWERS) - 1
    assert frames.annotations.num_rows == 1


@pytest.mark.parametrize("row", [None, 3, [], {}, {"from_name": "invented", "value": {}}, {"from_name": ["overall"]}])
def test_a_row_that_answers_nothing_is_refused(row: Any) -> None:
    """Unknown controls and no objects at all."""
    frames = read(annotation([*result(), row]))
    assert len(frames.refused) == 1
    assert frames.judgments.num_rows == len(ANSWERS)


def test_a_question_answered_twice_keeps_the_first_answer() -> None:
    """The second row is refused."""
    again = [row for row in result(overall={"choices": ["tie"]}) if row["from_name"] == "overall"]
    frames = read(annotation([*result(), *again]))
    assert values(frames)["overall", "item"] == "a_slightly"
    assert [each.field for each in frames.refused] == ["from_name"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": None}, "id"),
        ({"id": True}, "id"),
        ({"completed_by": None}, "completed_by"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"updated_at": "2026-11-20T23:26:55"}, "updated_at"),
        ({"updated_at": 5}, "updated_at"),
        ({"lead_time": "long"}, "lead_time"),
        ({"result": {}}, "result"),
    ],
)
def test_an_annotation_without_its_essentials_is_refused_and_its_neighbour_kept(
    changes: dict[str, Any], field: str
) -> None:
    """Without id, author or times it cannot be told from another."""
    frames = read({**annotation(result()), **changes}, annotation(result(), id=6))
    assert [(each.field, frames.annotations["annotation"].to_pylist()) for each in frames.refused] == [(field, ["6"])]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"project": 8}, "project"),
        ({"data": {"prompt": "x"}}, "data.item"),
        ({"data": None}, "data.item"),
        ({"data": {"item": "\ud800"}}, "data.item"),
        ({"annotations": None}, "annotations"),
        ({"id": "x"}, "id"),
    ],
)
def test_a_task_that_is_not_ours_is_refused(changes: dict[str, Any], field: str) -> None:
    """Unregistered project, no item, no list of annotations."""
    frames = read(annotation(result()), **changes)
    assert [each.field for each in frames.refused] == [field]
    assert frames.annotations.num_rows == 0


@pytest.mark.parametrize("export", [{}, {"tasks": []}, "[]", None, 3])
def test_what_is_no_list_of_tasks_is_malformed(export: Any) -> None:
    """One clear error with a way out."""
    with pytest.raises(MalformedExport, match="export as JSON"):
        read_tasks(export, PROJECTS, LIBRARY, KEY)


def test_an_empty_export_gives_empty_frames_with_all_columns() -> None:
    """Nothing is not an error."""
    frames = read_tasks([], PROJECTS, LIBRARY, KEY)
    schemas = (frames.judgments.schema, frames.annotations.schema, frames.spans.schema)
    assert schemas == (JUDGMENTS, ANNOTATIONS, SPANS)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from(["errors__a", "errors__a__severity", "overall", "stars__a", "amount", "reason", "tags"])
_VALUES = st.dictionaries(st.sampled_from(["choices", "rating", "number", "text", "labels", "start", "end"]), _JSON)
_ROWS = st.fixed_dictionaries({"from_name": _NAMES, "value": _VALUES | _JSON, "id": st.just("r") | _JSON}) | _JSON


@settings(deadline=None)
@given(
    rows=st.lists(_ROWS, max_size=4),
    changes=st.dictionaries(
        st.sampled_from(["id", "completed_by", "created_at", "lead_time", "was_cancelled"]), _JSON, max_size=1
    ),
)
def test_no_garbage_ever_raises(rows: list[Any], changes: dict[str, Any]) -> None:
    """Whatever JSON stands in an annotation, the export is read and its good neighbour kept."""
    frames = read(annotation(rows, **changes), annotation(result(), id=99))
    assert "99" in frames.annotations["annotation"].to_pylist()


_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)
_SCRIPTS = st.sampled_from(["القطة 😀 جلست", "猫が座った。", "שלום 👩‍👩‍👧 עולם", "नमस्ते", "é e\u0301", "สวัสดี"]) | _TEXT


@st.composite
def _answers(draw: st.DrawFn) -> tuple[dict[str, str], dict[tuple[str, str], Given]]:
    data = {"item": "one", **{name: draw(_SCRIPTS) for name in ("prompt", "response_a", "response_b")}}
    codes = {question.id: [choice.code for choice in question.choices] for question in EVERY_KIND.questions}
    tags = draw(st.lists(st.sampled_from(codes["tags"]), min_size=1, unique=True))
    answers: dict[tuple[str, str], Given] = {
        ("overall", "item"): draw(st.sampled_from(codes["overall"])),
        ("topic", "item"): draw(st.sampled_from(codes["topic"])),
        ("tags", "item"): "|".join(sorted(tags)),
        ("zero", "item"): str(draw(st.integers(0, 3))),
        ("amount", "item"): plain(float(draw(st.floats(-10, 1000)))),
        ("reason", "item"): draw(_SCRIPTS.filter(str.strip)),
    }
    for position in "ab":
        answers["stars", position] = str(draw(st.integers(1, 5)))
        answers["errors", position] = draw(st.lists(_spans(data[f"response_{position}"]), max_size=3))
    return data, answers


@st.composite
def _spans(draw: st.DrawFn, text: str) -> Span:
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, len(text)))
    category, severity = draw(st.sampled_from(["grammar", "spelling"])), draw(st.sampled_from(["minor", "major"]))
    return Span(start, end, category, severity, draw(st.just("") | _SCRIPTS.filter(str.strip)))


@settings(deadline=None)
@given(_answers())
def test_answers_come_back_as_given_in_every_kind_and_script(
    drawn: tuple[dict[str, str], dict[tuple[str, str], Given]],
) -> None:
    """Answers → result → JSON → frames → the same answers."""
    data, answers = drawn
    sent = json.loads(json.dumps([task(annotation(to_result(answers, EVERY_KIND, data)), data=data)]))
    frames = read_tasks(sent, PROJECTS, LIBRARY, KEY)
    assert frames.refused == ()
    found: dict[tuple[str, str], Given] = {key: value for key, value in values(frames).items() if key[0] != "errors"}
    rows = frames.spans.to_pylist()
    for position in "ab":
        marked = [row for row in rows if row["target"] == position]
        assert [row["text"] for row in marked] == [data[f"response_{position}"][r["start"] : r["end"]] for r in marked]
        found["errors", position] = [
            Span(row["start"], row["end"], row["category"], row["severity"], row["correction"] or "") for row in marked
        ]
    assert found == answers


def webhook(action: str, **body: Any) -> dict[str, Any]:
    """A webhook body as Label Studio sends it."""
    return {"action": action, "project": {"id": 7, "title": "Probe"}, **body}


@pytest.mark.parametrize("action", ["ANNOTATION_CREATED", "ANNOTATION_UPDATED"])
def test_an_annotation_webhook_reads_like_the_export(action: str) -> None:
    """Same rows, same pseudonym."""
    event = read_webhook(
        webhook(action, annotation=annotation(result()), task={"id": 1, "project": 7, "data": DATA}),
        PROJECTS,
        LIBRARY,
        KEY,
    )
    assert (event.kind, event.source, event.project) == ("upsert", "label_studio", "7")
    assert event.frames == read(annotation(result()))


def test_deletions_name_annotations_or_tasks() -> None:
    """Of a deleted task Label Studio tells only the id."""
    gone = read_webhook(webhook("ANNOTATIONS_DELETED", annotations=[{"id": 15}, {"id": 16}]), PROJECTS, LIBRARY, KEY)
    tasks = read_webhook(webhook("TASKS_DELETED", tasks=[{"id": 127}]), PROJECTS, LIBRARY, KEY)
    assert (gone.kind, gone.annotations, gone.tasks) == ("deletion", ("15", "16"), ())
    assert (tasks.kind, tasks.annotations, tasks.tasks) == ("deletion", (), ("127",))


def test_other_actions_say_nothing_about_answers() -> None:
    """A changed project is no judgment."""
    assert read_webhook(webhook("PROJECT_UPDATED"), PROJECTS, LIBRARY, KEY).kind == "other"


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"action": "ANNOTATION_CREATED"},
        {"project": {"id": 7}},
        {"action": 3, "project": {"id": 7}},
        webhook("ANNOTATIONS_DELETED"),
        webhook("ANNOTATIONS_DELETED", annotations=[{}]),
        webhook("TASKS_DELETED", tasks="all"),
    ],
)
def test_what_is_no_webhook_is_malformed(body: Any) -> None:
    """One clear error."""
    with pytest.raises(MalformedExport):
        read_webhook(body, PROJECTS, LIBRARY, KEY)


def test_an_annotation_webhook_without_its_task_refuses_the_row() -> None:
    """It cannot be placed; the next pull brings it."""
    event = read_webhook(webhook("ANNOTATION_CREATED", annotation=annotation(result())), PROJECTS, LIBRARY, KEY)
    assert [each.field for each in event.frames.refused] == ["task"]
    assert event.frames.annotations.num_rows == 0


def test_reading_a_large_export_takes_seconds() -> None:
    """A thousand tasks with five annotations of ten answers each, in well under the time fetching them takes."""
    tasks = [task(*(annotation(result(), id=5 * at + who) for who in range(5)), id=at) for at in range(1000)]
    start = perf_counter()
    assert read_tasks(tasks, PROJECTS, LIBRARY, KEY).judgments.num_rows == 50_000
    assert perf_counter() - start < 10
