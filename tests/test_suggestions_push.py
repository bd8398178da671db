"""Suggestions on their way into a labelling tool: who is shown which, in which words, and what analytics is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from plugin_samples import write_programme

import guidelines
from plugins.argilla.form import to_fields
from plugins.argilla.settings import settings
from plugins.blinding import Order, task_data
from plugins.errors import InvalidSuggestions
from plugins.items import Item, Response
from plugins.label_studio.config import label_config
from plugins.programme import Programme, load
from plugins.suggesting import IDS, TEXT, Suggested, has_panel, suggested
from plugins.suggestion_text import suggestion_text
from plugins.suggestions import FILE, Mark, Suggestion, read_suggestions

LIBRARY = guidelines.load()
MADE = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
JUDGE = {"helper": "judge", "workflow": "preference", "questions": ["overall", "refusal"], "model": "m", "show": 0.5}
GRAMMAR = {"helper": "grammar", "workflow": "fluency_review", "show": 1}
SECRETS = ("judge", "rubric", "grammar", "aurora", "LanguageTool", "a_much", "over_refusal")


def suggestion(question: str, target: str, value: str | None, **more: Any) -> Suggestion:
    """A judge's suggestion."""
    item = more.pop("item", "one")
    same = {"id": f"{item}-{question}-{target}", "helper": "judge", "provider": "aurora judge/1", "made": MADE}
    return Suggestion(item=item, question=question, target=target, value=value, **{**same, **more})


def two(locale: str = "en-US") -> Item:
    """An item of the preference workflow."""
    return Item("one", "preference", locale, "Where?", (Response("Here.", "m"), Response("There.", "n")))


@pytest.mark.parametrize(("order", "chosen", "refused"), [((0, 1), "A is much", "B"), ((1, 0), "B is much", "A")])
def test_a_suggestion_speaks_of_the_responses_as_they_are_shown(order: Order, chosen: str, refused: str) -> None:
    """The file's first response may stand second on the screen."""
    given = [suggestion("refusal", "response_2", "over_refusal"), suggestion("overall", "item", "a_much")]
    text = suggestion_text(given, two(), LIBRARY.guideline("preference", "en-US"), order)
    assert text.splitlines() == [
        f"Answering or refusing · Response {refused}: Refuses something harmless",
        f"Overall: {chosen} better",
    ]


def test_a_suggestion_is_in_the_words_of_the_locale() -> None:
    """Titles of questions, responses and answers; no code."""
    given = [suggestion("refusal", "response_1", "over_refusal"), suggestion("overall", "item", "a_much")]
    text = suggestion_text(given, two("de-DE"), LIBRARY.guideline("preference", "de-DE"), (0, 1))
    assert text.splitlines() == [
        "Beantwortet oder verweigert · Antwort A: Verweigert Harmloses",
        "Gesamturteil: A ist viel besser",
    ]


def test_a_rating_stands_with_its_reason() -> None:
    """The one response needs no name."""
    item = Item("one", "response_rating", "en-US", "Where?", (Response("Here.", "m"),))
    given = [suggestion("clarity", "response_1", "4", reason="One sentence must be read twice.")]
    text = suggestion_text(given, item, LIBRARY.guideline("response_rating", "en-US"), (0,))
    assert text == "Clarity: 4 – One sentence must be read twice."


def test_claims_and_places_are_named() -> None:
    """A claim by its number, a response by its letter."""
    checked = Item("one", "fact_verification", "en-US", "?", (Response("So.", "m"),), claims=("First.", "Second."))
    text = suggestion_text(
        [suggestion("verdict", "claim_2", "refuted")], checked, LIBRARY.guideline("fact_verification", "en-US"), (0,)
    )
    assert text.startswith("Verdict · Claim 2: ")
    ranked = Item("one", "ranking", "en-US", "?", tuple(Response(str(at), "m") for at in range(4)))
    places = [suggestion("place", f"response_{at}", str(at)) for at in (1, 2, 3, 4)]
    text = suggestion_text(places, ranked, LIBRARY.guideline("ranking", "en-US"), (3, 0, 1, 2))
    assert [line.rpartition("· ")[2] for line in text.splitlines()] == [
        "Response A: 4",
        "Response B: 1",
        "Response C: 2",
        "Response D: 3",
    ]


def test_marked_errors_are_read_as_words() -> None:
    """What stands there, what should, and why; or that there is nothing to mark."""
    item = Item("one", "fluency_review", "en-US", "?", (Response("😀 She sit\nhere.", "m"),))
    guideline = LIBRARY.guideline("fluency_review", "en-US")
    marks = (Mark(6, 9, "Agreement.", "sits"), Mark(9, 15, "A line too many.", None))
    marked = suggestion("errors", "response_1", "marked", helper="grammar", marks=marks)
    assert suggestion_text([marked], item, guideline, (0,)).splitlines() == [
        "Errors:",
        "“sit” → “sits” – Agreement.",
        "“here.” – A line too many.",
    ]
    clean = replace(marked, value="none", marks=())
    assert suggestion_text([clean], item, guideline, (0,)) == "Errors: Nothing to mark"


def write(root: Path, *rows: Suggestion) -> None:
    """The programme's file."""
    (root / FILE).write_text("".join(f"{row.to_json()}\n" for row in rows), encoding="utf-8")


def drawn(programme: Programme, there: Mapping[str, Mapping[str, Any]] | None = None) -> Suggested:
    """The suggestions of a push in which all responses stand in the order of the file."""
    orders = {item.item: tuple(range(len(item.responses))) for item in programme.items}
    return suggested(programme, LIBRARY, read_suggestions(programme, LIBRARY), orders, [there or {}])


@pytest.fixture
def programme(tmp_path: Path) -> Programme:
    """Forty items a locale, each with a judge's answers, and half of them to be shown."""
    root = write_programme(tmp_path / "probe", items=40, workflows=["preference"], suggestions=[JUDGE])
    plain = load(root, LIBRARY)
    write(
        root,
        *(suggestion("overall", "item", "a_much", item=item.item) for item in plain.items),
        *(suggestion("refusal", "response_2", "over_refusal", item=item.item) for item in plain.items),
        *(suggestion("refusal", "response_1", None, item=item.item, reason="unsure") for item in plain.items),
    )
    return load(root, LIBRARY)


def test_a_random_share_of_items_is_shown(programme: Programme) -> None:
    """By the item: all of a helper's suggestions for it, or none. Half of eighty is 24 to 56 but once in 3,000."""
    helped = drawn(programme)
    texts = [helped.fields(item)[TEXT] for item in programme.items]
    assert 24 <= sum(bool(text) for text in texts) <= 56
    assert {len(text.splitlines()) for text in texts} == {0, 2}


def test_what_is_hidden_is_nowhere_in_the_task(programme: Programme) -> None:
    """And what is shown does not tell who said it."""
    helped = drawn(programme)
    for item in programme.items:
        data = json.dumps(helped.fields(item), ensure_ascii=False)
        assert not any(secret in data.replace(item.item, "") for secret in SECRETS[:5])
        if not helped.fields(item)[TEXT]:
            assert helped.fields(item) == {TEXT: "", IDS: []}


def test_analytics_is_told_all_and_which_were_shown(programme: Programme) -> None:
    """A suggestion without a value is never shown."""
    helped = drawn(programme)
    rows = helped.rows()
    assert len(rows) == 3 * len(programme.items)
    shown = {item.item for item in programme.items if helped.fields(item)[TEXT]}
    assert {row["item"] for row in rows if row["shown"]} == shown
    assert {(row["value"], row["shown"]) for row in rows if row["target"] == "a"} == {(None, False)}
    assert rows[0].keys() == {"item", "question", "target", "helper", "provider", "value", "shown", "share", "made"}
    assert {(row["value"], row["share"]) for row in rows} == {("a_much", 0.5), ("over_refusal", 0.5), (None, None)}


def test_a_later_push_draws_nothing_anew(programme: Programme) -> None:
    """What tasks show is read from them, whatever has become of the rule."""
    first = drawn(programme)
    there = {item.item: first.fields(item) for item in programme.items}
    for rules in (programme.suggestions, (), (replace(programme.suggestions[0], show=0.0),)):
        again = drawn(replace(programme, suggestions=rules), there)
        assert again.rows() == [{**row, "share": None} for row in first.rows()]


def test_a_rule_holds_for_its_workflow_alone(programme: Programme) -> None:
    """Workflows may ask questions of the same name."""
    other = replace(programme.suggestions[0], workflow="response_rating", show=1.0)
    helped = drawn(replace(programme, suggestions=(replace(programme.suggestions[0], show=0.0), other)))
    assert {(row["shown"], row["share"]) for row in helped.rows()} == {(False, 0.0), (False, None)}


def test_nothing_is_shown_about_masked_texts(programme: Programme) -> None:
    """It was made from what is masked, and might repeat it; they are no part of the draw."""
    everyone = replace(programme, suggestions=(replace(programme.suggestions[0], show=1.0),))
    orders: dict[str, Order] = {item.item: (0, 1) for item in programme.items}
    first = programme.items[0].item
    helped = suggested(everyone, LIBRARY, read_suggestions(programme, LIBRARY), orders, [], masked={first})
    assert {(row["shown"], row["share"]) for row in helped.rows() if row["item"] == first} == {(False, None)}
    assert helped.fields(everyone.items[0])[TEXT] == ""
    assert helped.fields(everyone.items[1])[TEXT] != ""


def test_what_was_made_anew_is_not_what_was_shown(programme: Programme) -> None:
    """The task still shows the old one, so the new one is recorded as hidden."""
    everyone = replace(programme, suggestions=(replace(programme.suggestions[0], show=1.0),))
    there = {item.item: drawn(everyone).fields(item) for item in programme.items}
    first = programme.items[0].item
    write(programme.root, suggestion("overall", "item", "b_much", item=first, id="new"))
    assert [(row["item"], row["shown"]) for row in drawn(everyone, there).rows()] == [(first, False)]


def test_tasks_from_before_the_suggestions_show_none(programme: Programme) -> None:
    """People may have answered them already."""
    everyone = replace(programme, suggestions=(replace(programme.suggestions[0], show=1.0),))
    there = {item.item: task_data(item, (0, 1)) for item in programme.items}
    assert not any(row["shown"] for row in drawn(everyone, there).rows())


def test_rows_hold_for_the_order_shown(programme: Programme) -> None:
    """As judgments do: positions and preferences are those of the screen."""
    orders: dict[str, Order] = {item.item: (1, 0) for item in programme.items}
    helped = suggested(programme, LIBRARY, read_suggestions(programme, LIBRARY), orders, [])
    assert {(row["question"], row["target"], row["value"]) for row in helped.rows()} == {
        ("overall", "item", "b_much"),
        ("refusal", "a", "over_refusal"),
        ("refusal", "b", None),
    }


def test_a_programme_that_shows_none_has_no_place_for_them(programme: Programme) -> None:
    """Its tasks and its forms are as they were."""
    hidden = replace(programme, suggestions=(replace(programme.suggestions[0], show=0.0),))
    assert not has_panel(hidden, "preference")
    assert drawn(hidden).fields(hidden.items[0]) == {}
    assert has_panel(programme, "preference")
    assert not has_panel(programme, "fluency_review")


def test_a_helper_without_its_file_is_named(tmp_path: Path) -> None:
    """Else everybody would be pushed without suggestions and nobody would notice."""
    root = write_programme(tmp_path, items=1, suggestions=[JUDGE])
    with pytest.raises(InvalidSuggestions, match="cannot be read: No such file or directory; run `concord suggest"):
        read_suggestions(load(root, LIBRARY), LIBRARY)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "suggestions.jsonl:2: this is not one line of JSON"),
        ("[" * 100_000, "suggestions.jsonl:2: this is not one line of JSON"),
        ("[]", "[] is not of type 'object'; give a suggestion as `concord suggest` writes it"),
        ({"helper": "oracle"}, "helper: 'oracle' is not one of"),
        ({"item": "nobody"}, "item: the programme has no item 'nobody'; take the line out"),
        ({"question": "taste"}, "question: preference does not ask 'taste'"),
        ({"target": "response_1"}, "target: 'response_1' is not asked about; choose: item"),
        ({"value": "best"}, "value: 'best' is no answer to overall; choose: a_much, a_slightly"),
        ({"made": "today"}, "made: 'today' is not a time with a zone"),
        ({"made": "2026-11-20T10:00:00"}, "is not a time with a zone"),
        ({}, "the same suggestion stands on line 1"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(line: str | dict[str, Any], said: str, tmp_path: Path) -> None:
    """With file, line and fix, before anything is pushed."""
    root = write_programme(tmp_path, items=1, workflows=["preference"], suggestions=[JUDGE])
    good = suggestion("overall", "item", "tie", item="preference-en-US-000").to_json()
    bad = line if isinstance(line, str) else json.dumps({**json.loads(good), **line})
    (root / FILE).write_text(f"{good}\n{bad}\n", encoding="utf-8")
    with pytest.raises(InvalidSuggestions) as refused:
        read_suggestions(load(root, LIBRARY), LIBRARY)
    assert said in str(refused.value)
    assert str(refused.value).startswith("suggestions.jsonl:2: ")


def test_a_line_is_read_as_it_was_written() -> None:
    """Marks, probability and an Arabic reason included."""
    whole = suggestion("errors", "response_1", "marked", marks=(Mark(0, 1, "خطأ", None),), probability=0.5, reason="لا")
    assert "خطأ" in whole.to_json()
    row = json.loads(whole.to_json())
    assert row["made"] == "2026-11-20T09:30:00+00:00"
    assert row["value"] == "marked"


@pytest.mark.parametrize("locale", ["en-US", "ar-EG"])
@pytest.mark.parametrize("workflow", LIBRARY.workflows)
def test_label_studio_has_a_folded_place_for_them(workflow: str, locale: str) -> None:
    """With a heading in the locale; where a text is hidden at first, so are suggestions about it."""
    guideline = LIBRARY.guideline(workflow, locale)
    config = label_config(guideline, suggestions=True)
    root = ET.fromstring(config)  # noqa: S314  # our own
    (panel,) = root.iter("Panel")
    (text,) = panel
    assert (panel.get("value"), text.get("value")) == (guideline.terms["suggestion"], "$suggestion")
    covered = [view for view in root.iter("View") if view.get("whenTagName") == "reveal" and panel in view.iter()]
    assert bool(covered) == guideline.workflow.sensitive
    assert "concord-suggestion" not in label_config(guideline)


@pytest.mark.parametrize("workflow", ["preference", "safety_moderation"])
def test_argilla_has_an_optional_field_for_them(workflow: str) -> None:
    """Never Argilla's own suggestions, which are preselected; records that show none have no such field."""
    guideline = LIBRARY.guideline(workflow, "ar-EG")
    made = settings(guideline, suggestions=True)
    (field,) = [each for each in made.fields if each["name"] == "suggestion"]
    assert (field["title"], field["required"]) == (guideline.terms["suggestion"], False)
    assert [each["name"] for each in made.metadata] == ["number", "suggestion_ids"]
    assert not any(each["visible_for_annotators"] for each in made.metadata)
    data = {"item": "one", "prompt": "?", "response_a": "Here.", "response_b": "There."}
    assert "suggestion" not in to_fields({**data, TEXT: ""}, guideline.workflow, rtl=True)
    shown = to_fields({**data, TEXT: "<b> 4"}, guideline.workflow, rtl=True)["suggestion"]
    assert "<b>" not in str(shown)
    assert "suggestion" not in {each["name"] for each in settings(guideline).fields}
