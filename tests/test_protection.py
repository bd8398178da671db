"""What a push decides because of screens, without a labelling tool: lanes, passes, masks, what analytics is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from plugin_samples import write_programme
from screening_samples import GUARD, PROVIDER, change_head, line, personal, write_screening

import concord
import guidelines
from guidelines import Library
from plugins.blinding import shown_order, task_data
from plugins.errors import InvalidProgramme, InvalidScreening, ItemChanged, OtherProvider, SeededErrorMasked
from plugins.items import Item, Response, SeededError
from plugins.marker import OPEN, SHIELDED, Marker, read_marker
from plugins.masked_items import MASKS, as_shown, gaps, masked_item
from plugins.masking import KINDS, mask
from plugins.programme import Programme, load
from plugins.protection import Protected, accepting, markers, protected, shielded
from plugins.screening import Screened, read_screening, text_digest
from plugins.screening_rules import ScreeningRules

LIBRARY = guidelines.load()
NEVER, ALWAYS = (lambda: 1.0), (lambda: 0.0)
ITEM = "preference-en-US-00"  # 0, 1, 2


def programme(root: Path, rows: list[dict[str, Any]], library: Library = LIBRARY, **screening: Any) -> Programme:
    """Three items in en-US, with these screenings and rules."""
    write_programme(root, workflows=["preference"], locales=["en-US"])
    change_head(root, screening={"protection": "reveal", "thresholds": {GUARD: 0.8}, **screening})
    write_screening(root, rows)
    return load(root, library)


def lanes(plan: Protected) -> list[str]:
    """The lanes of the items in file order."""
    return [plan.lanes[item.item] for item in plan.programme.items]


def decided(plan: Protected) -> dict[tuple[str, str], tuple[str, float | None]]:
    """The decision and the share of each row, by item and target; every response stands where the file has it."""
    rows = plan.rows({item.item: (0, 1) for item in plan.programme.items})
    return {(row["item"], row["target"]): (row["decision"], row["share"]) for row in rows}


OVER = [line(f"{ITEM}0", "item", 0.8), line(f"{ITEM}0", "response_2"), line(f"{ITEM}1", score=0.79)]


def test_what_reaches_a_threshold_is_shielded_and_told(tmp_path: Path) -> None:
    """The item as a whole; the row that did it says so, the others are open; a chance to pass was there for all."""
    plan = protected(programme(tmp_path, OVER), LIBRARY, {}, NEVER)
    assert lanes(plan) == [SHIELDED, OPEN, OPEN]
    assert decided(plan) == {
        (f"{ITEM}0", "item"): ("reveal", 0.05),
        (f"{ITEM}0", "b"): ("open", 0.05),
        (f"{ITEM}1", "item"): ("open", None),
    }


def test_what_passes_is_nowhere_marked(tmp_path: Path) -> None:
    """It is in the open lane with all others; analytics alone is told."""
    plan = protected(programme(tmp_path, OVER), LIBRARY, {}, ALWAYS)
    assert lanes(plan) == [OPEN, OPEN, OPEN]
    assert decided(plan)[f"{ITEM}0", "item"] == ("passed", 0.05)


def test_the_share_is_the_chance_to_pass(tmp_path: Path) -> None:
    """Of a thousand draws at a share of a fifth about two hundred pass."""
    loaded = programme(tmp_path, OVER, pass_share=0.2)
    passed = sum(protected(loaded, LIBRARY, {}).lanes[f"{ITEM}0"] == OPEN for _ in range(1000))
    assert 140 < passed < 260


@pytest.mark.parametrize(
    ("rules", "decision"),
    [({"protection": "route"}, "route"), ({"protection": "none"}, "open"), ({"thresholds": {}}, "open")],
)
def test_the_programme_says_how_annotators_are_protected(rules: dict[str, Any], decision: str, tmp_path: Path) -> None:
    """By route, or not at all."""
    plan = protected(programme(tmp_path, OVER, **rules), LIBRARY, {}, NEVER)
    assert decided(plan)[f"{ITEM}0", "item"][0] == decision
    assert (SHIELDED in lanes(plan)) == (decision == "route")


def test_a_workflow_that_hides_everything_needs_no_second_project(tmp_path: Path) -> None:
    """To tell apart what a screen found would itself be a mark; routed work is still only for those who accepted it."""
    row = {"item": "s", "prompt": "Why?", "responses": [{"text": "So.", "model": "m"}]}
    for protection, lane in (("reveal", OPEN), ("route", SHIELDED)):
        root = write_programme(tmp_path / protection, workflows=["safety_moderation"], locales=["en-US"], items=0)
        (root / "items/safety_moderation/en-US.jsonl").write_text(json.dumps(row))
        change_head(root, screening={"protection": protection, "thresholds": {GUARD: 0.8}})
        write_screening(root, [line("s", "response_1", 1.0)])
        assert lanes(protected(load(root, LIBRARY), LIBRARY, {}, NEVER)) == [lane]


def test_an_item_stays_where_its_task_is(tmp_path: Path) -> None:
    """Whatever is drawn or found later; what was decided then is not told anew."""
    loaded = programme(tmp_path, OVER)
    open_one, covered = markers(loaded)
    tasks = {item.item: task_data(item, (0, 1)) for item in loaded.items}
    there = {open_one.identity: {f"{ITEM}0": tasks[f"{ITEM}0"]}, covered.identity: {f"{ITEM}1": tasks[f"{ITEM}1"]}}
    plan = protected(loaded, LIBRARY, there, NEVER)
    assert lanes(plan) == [OPEN, SHIELDED, OPEN]
    assert plan.new.keys() == {f"{ITEM}2"}
    assert decided(plan) == {}


def test_unscreened_items_are_open_and_counted(tmp_path: Path) -> None:
    """A text that a screen could not judge, one that has changed since, and an item that the file does not name."""
    texts = ("item", "response_1", "response_2")
    failed = [line(f"{ITEM}0", target, None if target == "item" else 0.1) for target in texts]
    changed = [line(f"{ITEM}1", target, digest=None if target == "item" else text_digest("?")) for target in texts]
    judged = [line(f"{ITEM}2", target) for target in texts]
    for rows, count in ((failed + changed + judged, 2), (judged, 2), ([*judged, line(f"{ITEM}0", score=1.0)], 1)):
        plan = protected(programme(tmp_path, rows), LIBRARY, {}, NEVER)
        assert plan.told[-1].startswith(f"{count} items unscreened: ")


def test_a_screen_that_reads_prompts_alone_has_screened_an_item_whose_prompt_it_judged(tmp_path: Path) -> None:
    """It never says anything of responses."""
    plan = protected(programme(tmp_path, [line(f"{ITEM}{number}") for number in range(3)]), LIBRARY, {}, NEVER)
    assert plan.told == ()


def test_a_measured_threshold_goes_before_the_programmes(tmp_path: Path) -> None:
    """And is refused for scores of another provider."""
    loaded = programme(tmp_path, OVER)
    for name, provider, wanted in (("own", PROVIDER, [OPEN, OPEN, OPEN]), ("other", "guard/2", None)):
        entry = {"threshold": 0.9, "provider": provider}
        (tmp_path / "thresholds.yaml").write_text(json.dumps({"thresholds": {"en-US": {GUARD: entry}}}))
        if wanted is None:
            with pytest.raises(OtherProvider):
                protected(loaded, LIBRARY, {}, NEVER)
        else:
            assert lanes(protected(loaded, LIBRARY, {}, NEVER)) == wanted, name


def test_responses_are_told_by_where_they_are_shown(tmp_path: Path) -> None:
    """`response_1` of the file stands second here."""
    plan = protected(programme(tmp_path, [line(f"{ITEM}0", "response_1")]), LIBRARY, {}, NEVER)
    (row,) = plan.rows({item.item: (1, 0) for item in plan.programme.items})
    assert (row["target"], row["threshold"], row["provider"]) == ("b", 0.8, PROVIDER)


# --- the file


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"score": 1.5}, "screening.jsonl:2: score: 1.5 is not from 0 to 1; run `concord screen`"),
        ({"score": True}, "score: True is not from 0 to 1"),
        ({"status": "safe"}, "status: 'safe' is neither screened nor unscreened"),
        ({"screened": "yesterday"}, "screened: 'yesterday' is not a time with a zone"),
        ({"spans": [[3, 1, "email"]]}, "spans: is no list of [start, end, kind]"),
        ({"item": None}, "item: is no text"),
        ({"provider": 7}, "provider: is no text"),
    ],
)
def test_a_wrong_line_is_named(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    """With file, line, field and fix."""
    loaded = programme(tmp_path, [line(f"{ITEM}0"), line(f"{ITEM}0") | change])
    with pytest.raises(InvalidScreening, match=r"screening\.jsonl:2") as refused:
        read_screening(loaded.root, loaded.items)
    assert said in str(refused.value)


@pytest.mark.parametrize("text", ["{", "[1]", "[" * 100_000])
def test_a_line_that_is_no_object_is_named(text: str, tmp_path: Path) -> None:
    """Whatever else it is."""
    loaded = programme(tmp_path, [])
    (tmp_path / "screening.jsonl").write_text(text)
    with pytest.raises(InvalidScreening, match=r"screening\.jsonl:1: this is no"):
        read_screening(loaded.root, loaded.items)


def test_lines_about_other_texts_are_passed_over_and_told(tmp_path: Path) -> None:
    """Another item, another response, a text that has changed, a span beyond its end; the rest counts."""
    stale = [
        line("gone", score=1.0),
        line(f"{ITEM}0", "response_3", 1.0),
        line(f"{ITEM}0", score=1.0, digest=text_digest("another text")),
        line(f"{ITEM}0", score=1.0, spans=[[0, 900, "email"]]),
    ]
    good = line(f"{ITEM}1", score=1.0, digest=text_digest("Where is cat 1?"))
    plan = protected(programme(tmp_path, [*stale, good]), LIBRARY, {}, NEVER)
    assert lanes(plan) == [OPEN, SHIELDED, OPEN]
    assert plan.told[0].startswith("4 lines of screening.jsonl passed over, the first: screening.jsonl:1: item: the")


def test_of_two_lines_the_later_counts(tmp_path: Path) -> None:
    """A file to which lines were added."""
    plan = protected(programme(tmp_path, [line(f"{ITEM}0", score=1.0), line(f"{ITEM}0")]), LIBRARY, {}, NEVER)
    assert lanes(plan)[0] == OPEN
    assert len(plan.rows({item.item: (0, 1) for item in plan.programme.items})) == 1


@pytest.mark.parametrize(
    ("screening", "said"),
    [
        ({"protection": "hide"}, "give reveal, route or none"),
        ({"pass_share": 2}, "give a number from 0 to 1"),
        ({"thresholds": {GUARD: "high"}}, "give a number from 0 to 1"),
        ({"mask": ["names"]}, f"give one of {', '.join(KINDS)}"),
        ({"shield": True}, "'shield' was unexpected"),
    ],
)
def test_wrong_rules_are_named(screening: dict[str, Any], said: str, tmp_path: Path) -> None:
    """In programme.yaml, with what to give instead."""
    with pytest.raises(InvalidProgramme) as refused:
        programme(tmp_path, [], **screening)
    assert said in str(refused.value)


# --- masks


def test_personal_data_is_masked_in_new_tasks_and_told(tmp_path: Path) -> None:
    """In prompt and responses, of the kinds that the programme names; nothing else of the item changes."""
    text = "The cat sits on table 0."
    rows = [
        personal(f"{ITEM}0", "response_2", text, "cat", "email"),
        personal(f"{ITEM}1", "item", "Where is", "is", "ip"),
    ]
    loaded = programme(tmp_path, rows, mask=["email"])
    plan = protected(loaded, LIBRARY, {}, NEVER)
    first = plan.programme.items[0]
    assert first.responses[1].text == "The [email] sits on table 0."
    assert replace(first, responses=loaded.items[0].responses) == loaded.items[0]
    assert plan.programme.items[1:] == loaded.items[1:]
    assert plan.masked == {f"{ITEM}0"}
    assert {row["decision"] for row in plan.rows({item.item: (0, 1) for item in loaded.items})} == {"masked", "open"}


def seeded(text: str, words: str) -> Item:
    """An item with a known error."""
    start = text.index(words)
    error = SeededError(start, start + len(words), words, "grammar", "major")
    return Item("i", "fluency_review", "en-US", "p", (Response(text, "m"),), seeded_errors=(error,))


def found(text: str, words: str, kind: str = "email") -> list[Screened]:
    """Personal data in the one response."""
    start = text.index(words)
    made = {"provider": None, "status": "screened", "score": 1.0, "kind": kind, "reason": None}
    spans = ((start, start + len(words), kind),)
    return [Screened("i", "response_1", "pii", **made, screened=None, spans=spans)]  # type: ignore[arg-type]


def test_a_seeded_error_moves_with_its_words() -> None:
    """Its offsets are those of the masked text."""
    text = "Mail 😀 ada@example.org, she sit there."
    item = masked_item(seeded(text, "sit"), found(text, "ada@example.org"), ["email"])
    assert item.seeded_errors is not None
    (error,) = item.seeded_errors
    assert item.responses[0].text[error.start : error.end] == "sit"
    assert "ada" not in item.responses[0].text


def test_a_seeded_error_inside_personal_data_is_refused() -> None:
    """Nobody could find it any more."""
    text = "Mail ada@example.org."
    with pytest.raises(SeededErrorMasked, match="seeded error 'example'"):
        masked_item(seeded(text, "example"), found(text, "ada@example.org"), ["email"])


PLAIN = Item("i", "preference", "en-US", "p", (Response("I am ada@x.org.", "m"), Response("So am I: 1.2.3.4!", "n")))


@pytest.mark.parametrize(
    ("shown", "order"),
    [
        (("I am ada@x.org.", "So am I: 1.2.3.4!"), (0, 1)),  # made before anything was masked
        (("So am I: [ip]!", "I am [email]."), (1, 0)),
        (("So am I: 1.2.3.4!", "I am [secret]."), (1, 0)),  # screened since by another provider
    ],
)
def test_a_task_keeps_the_mask_it_was_made_with(shown: tuple[str, str], order: tuple[int, int]) -> None:
    """It shows the same item, in the same order, whatever is masked in a new task."""
    data = {"item": "i", "prompt": "p", "response_a": shown[0], "response_b": shown[1]}
    item = as_shown(PLAIN, data)
    assert shown_order(item, data) == order
    assert task_data(item, order) == data


def test_a_changed_text_is_still_told() -> None:
    """Masks stand for words, and all other words are the item's."""
    data = {"item": "i", "prompt": "p", "response_a": "I was [email].", "response_b": "So am I: [ip]!"}
    with pytest.raises(ItemChanged):
        shown_order(as_shown(PLAIN, data), data)


WORDS = st.text(alphabet="ab [email]😀é", max_size=12)


@given(st.lists(st.tuples(WORDS, st.text("xy@", min_size=1, max_size=4), st.sampled_from(KINDS)), max_size=4), WORDS)
def test_every_masked_text_is_known_as_its_original(parts: list[tuple[str, str, str]], end: str) -> None:
    """Also where the text holds what looks like a mask."""
    text, spans = "", []
    for words, data, kind in parts:
        text += words
        spans.append((len(text), len(text) + len(data), kind))
        text += data
    text += end
    assert gaps(text, mask(text, spans, KINDS)) is not None


def test_gaps_are_found_in_time() -> None:
    """A text made to mislead takes no longer than any other."""
    assert gaps("a " * 5000, f"a {MASKS[0]} " * 300 + "b") is None


# --- lanes


def test_a_marker_says_its_lane_and_old_ones_have_none() -> None:
    """What people read is another word."""
    marker = Marker("p", "preference", "de-DE", lane=SHIELDED)
    assert read_marker(str(marker)) == marker
    assert marker.name == "preference de-DE covered"
    old = read_marker("concord:p/preference/de-DE\n2026-11-20T10:00:00+00:00 v1")
    assert old is not None
    assert (old.lane, old.name) == (OPEN, "preference de-DE")
    assert read_marker("concord:p/preference/de-DE/elsewhere") is None


@pytest.mark.parametrize("locale", ["en-US", "fr-CA", "ar-EG", "zh-TW"])
def test_every_workflow_can_hide_its_texts_in_every_language(locale: str) -> None:
    """With a warning in the locale's words, the same questions and the same version."""
    for name in LIBRARY.workflows:
        guideline = LIBRARY.guideline(name, locale)
        hidden = shielded(guideline)
        assert hidden.workflow.sensitive
        assert hidden.workflow.texts["warning"] and hidden.workflow.texts["reveal"]
        assert (hidden.version, hidden.workflow.questions) == (guideline.version, guideline.workflow.questions)


def accepts(cell: str) -> Callable[[str], str]:
    """annotators.csv with the voluntary column; the first person's cell is given."""

    def changed(text: str) -> str:
        head, first, second = text.splitlines()
        return f"{head},accepts\n{first},{cell}\n{second},\n"

    return changed


def test_routed_work_is_for_those_who_accept_it(tmp_path: Path) -> None:
    """In the shielded lane alone."""
    programme(tmp_path, [], protection="route")
    path = tmp_path / "annotators.csv"
    path.write_text(accepts("sensitive")(path.read_text()))
    loaded = load(tmp_path, LIBRARY)
    names = [[person.name for person in accepting(loaded, "en-US", lane)] for lane in (OPEN, SHIELDED)]
    assert names == [["Ann One", "Ann Two"], ["Ann One"]]
    path.write_text(path.read_text().replace("true,sensitive", "true,everything"))
    with pytest.raises(InvalidProgramme, match="accepts: 'everything'; write sensitive, or nothing"):
        load(tmp_path, LIBRARY)


def test_without_rules_nothing_is_done() -> None:
    """No threshold, no protection, no mask."""
    assert ScreeningRules() == ScreeningRules("none", {}, 0.05, ())


def test_what_the_real_screens_write_is_what_a_push_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`concord screen` on a folder: a prompt seen before is over its threshold, an address is masked in its place."""
    monkeypatch.setenv("CONCORD_ML_DATA", str(tmp_path / "ml"))
    root = write_programme(tmp_path / "p", workflows=["preference"], locales=["en-US"], items=0)
    prompts = ["Which trees lose their leaves in winter?", "Mail it to ada@example.org 😀"]
    prompts.append("Which trees lose their leaves in Winter??")
    responses = [{"text": "😀 Ask bob@example.org.", "model": "m"}, {"text": "No.", "model": "n"}]
    rows = [{"item": str(number), "prompt": prompt, "responses": responses} for number, prompt in enumerate(prompts)]
    (root / "items/preference/en-US.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    change_head(root, screening={"protection": "reveal", "thresholds": {"near_duplicate": 0.7}, "mask": ["email"]})
    assert CliRunner().invoke(concord.main, ["screen", str(root)], catch_exceptions=False).exit_code == 0
    plan = protected(load(root, LIBRARY), LIBRARY, {}, NEVER)
    assert lanes(plan) == [OPEN, OPEN, SHIELDED]
    assert [item.prompt for item in plan.programme.items][1] == "Mail it to [email] 😀"
    assert {item.responses[0].text for item in plan.programme.items} == {"😀 Ask [email]."}
    assert plan.told == ()
