"""Programme folders: loaded whole, or refused with file, line, field and fix."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from plugin_samples import ANNOTATORS, item_row, write_programme

import guidelines
from guidelines import Library
from guidelines.model import Choice, Question, Workflow
from plugins.errors import InvalidProgramme
from plugins.item_rules import item_mistakes
from plugins.items import Item, Response
from plugins.programme import Programme, load
from plugins.pushing import register, shown_orders
from plugins.suggesting import Suggested


@pytest.fixture(scope="module")
def library() -> Library:
    """The guidelines that come with the product."""
    return guidelines.load()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A good programme."""
    return write_programme(tmp_path / "probe")


def problems(root: Path, library: Library) -> list[str]:
    """What is wrong with it, as people read it."""
    with pytest.raises(InvalidProgramme) as refused:
        load(root, library)
    return [str(problem) for problem in refused.value.problems]


def test_a_good_folder_is_loaded_whole(root: Path, library: Library) -> None:
    """Head, items in file order, annotators with their lists."""
    programme = load(root, library)
    assert (programme.programme, programme.overlap, programme.stage) == ("probe", 3, "annotate")
    assert [item.item for item in programme.items_of("preference", "ar-EG")] == [
        f"preference-ar-EG-00{number}" for number in range(3)
    ]
    item = programme.items_of("fluency_review", "ar-EG")[0]
    assert item.seeded_errors is not None
    assert [error.text for error in item.seeded_errors] == ["جلس"]
    assert [(person.vendor, person.locales, person.education, person.simulated) for person in programme.annotators] == [
        ("norvend", ("en-US", "ar-EG"), "master", True),
        ("sudvend", ("en-US",), None, False),
    ]


def test_an_unfinished_programme_may_lack_responses_and_nothing_else(root: Path, library: Library) -> None:
    """Claims, gold and errors are not judged before the responses are there; texts and too many responses are."""
    path = root / "items" / "preference" / "en-US.jsonl"
    few, many, bad = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    few["responses"].pop()
    many["responses"].append(many["responses"][0])
    bad |= {"responses": [], "prompt": "half a \r line"}
    path.write_text("".join(json.dumps(row) + "\n" for row in (few, many, bad)), "utf-8")
    with pytest.raises(InvalidProgramme) as refused:
        load(root, library, complete=False)
    assert [(problem.line, problem.message.split(":")[0]) for problem in refused.value.problems] == [
        (2, "responses"),
        (3, "a text"),
    ]
    assert [line.startswith("items/preference/en-US.jsonl:1:") for line in problems(root, library)].count(True) == 1


def test_the_demo_that_comes_with_the_product_is_good(library: Library) -> None:
    """Its items, gold answers and seeded errors hold together."""
    programme: Programme = load(Path(guidelines.__file__).parents[1] / "plugins" / "demo", library)
    counts = {len(programme.items_of(w, locale)) for w in programme.workflows for locale in programme.locales}
    assert min(counts) >= 20


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ({"overlap": 0}, "programme.yaml:1: overlap: 0 is less than the minimum of 1; give how many annotators"),
        ({"overlaps": 5}, "'overlaps' was unexpected"),
        ({"programme": "a/b"}, "give letters, digits, - and _"),
        ({"programme": "a\n"}, "give letters, digits, - and _"),
        ({"source": "doccano"}, "give label_studio or argilla"),
        ({"workflows": []}, "give a list of workflow ids"),
    ],
)
def test_a_wrong_head_is_named(head: dict[str, Any], said: str, root: Path, library: Library) -> None:
    """A misspelt field is never ignored."""
    written = json.loads((root / "programme.yaml").read_text()) | head
    (root / "programme.yaml").write_text(json.dumps(written))
    assert any(said in problem for problem in problems(root, library))


def test_unknown_workflows_and_locales_are_named_with_their_lines(root: Path, library: Library) -> None:
    """One problem each, in the words of the guidelines."""
    lines = ["programme: p", "title: T", "source: argilla", "workflows: [invented]", "locales: [de-DE]", "overlap: 1"]
    (root / "programme.yaml").write_text("\n".join(lines))
    known = ", ".join(sorted(library.workflows))
    assert problems(root, library) == [f"programme.yaml:4: there is no workflow 'invented'; choose: {known}"]
    (root / "programme.yaml").write_text(
        "\n".join([*lines[:3], "workflows: [preference]", "locales: [xx-YY]", lines[5]])
    )
    assert problems(root, library)[0].startswith("programme.yaml:5: ")


def _change(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda row: {**row, **changes}


SEED = {"start": 8, "end": 11, "text": "sit", "category": "grammar", "severity": "major"}
ONE = [{"text": "The cat sit", "model": "aurora"}]


@pytest.mark.parametrize(
    ("workflow", "change", "said"),
    [
        ("preference", _change(prompt=""), "prompt: is empty; give the prompt's text"),
        ("preference", _change(promt="x"), "'promt' was unexpected"),
        ("preference", _change(responses=ONE), "responses: 1 where preference shows 2; give 2"),
        ("preference", _change(prompt="a\r\nb"), "carriage return"),
        ("preference", _change(gold={"clarity": "c_much"}), "gold.clarity: there is no code 'c_much'; choose: a_much"),
        ("preference", _change(gold={"beauty": "tie"}), "gold.beauty: preference asks no such question; choose: rel"),
        (
            "preference",
            _change(gold={"refusal": "right_answer"}),
            "refusal is not asked of that; choose: refusal@a",
        ),
        ("preference", _change(gold={"refusal@c": "right_answer"}), "gold.refusal@c: refusal is not asked of that; ch"),
        ("preference", _change(gold={"refusal@b": "yes"}), "gold.refusal@b: there is no code 'yes'; choose: right_a"),
        ("preference", _change(gold={"overall": "a|b"}), "gold.overall: there is no code 'a|b'; choose: a_much"),
        (
            "fluency_review",
            _change(responses=ONE, gold={"errors": "grammar"}),
            "gold.errors: there is no code 'grammar'; choose: marked, none",
        ),
        ("preference", _change(prompt="\ud800"), "a text: holds a NUL or half a character"),
        ("preference", _change(prompt="a\0"), "a text: holds a NUL or half a character"),
        ("preference", _change(claims=["Cats sit."]), "claims: preference shows none; leave them out"),
        ("preference", _change(materials={"work": "x"}), "materials: work; give none"),
        ("fluency_review", _change(gold={"fluency": "6"}), "gold.fluency: there is no code '6'; choose: 1, 2, 3, 4, 5"),
        (
            "fluency_review",
            _change(responses=ONE, seeded_errors=[{**SEED, "start": 7, "end": 10}]),
            "seeded_errors.0: 7 to 10 is ' si', not 'sit'; start is 8, end 11",
        ),
        (
            "fluency_review",
            _change(responses=ONE, seeded_errors=[{**SEED, "category": "style"}]),
            "seeded_errors.0.category: fluency_review has no 'style'; choose: accuracy",
        ),
    ],
)
def test_a_wrong_item_is_named_with_file_line_field_and_fix(
    workflow: str, change: Callable[[dict[str, Any]], dict[str, Any]], said: str, root: Path, library: Library
) -> None:
    """The second line is the wrong one."""
    path = root / "items" / workflow / "en-US.jsonl"
    rows = [item_row(workflow, "en-US", 0), change(item_row(workflow, "en-US", 1))]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    [problem] = problems(root, library)
    assert problem.startswith(f"items/{workflow}/en-US.jsonl:2: ")
    assert said in problem


def test_a_line_of_nothing_but_brackets_is_told(root: Path, library: Library) -> None:
    """However deep a line is nested, it is refused as that line."""
    (root / "items" / "preference" / "en-US.jsonl").write_text("[" * 100_000)
    assert problems(root, library) == [
        "items/preference/en-US.jsonl:1: this is nested too deeply; write one JSON object a line"
    ]


def test_every_problem_of_every_file_is_listed_at_once(root: Path, library: Library) -> None:
    """Nobody mends one mistake to meet the next."""
    (root / "items" / "preference" / "en-US.jsonl").write_text("{broken\n")
    (root / "items" / "preference" / "ar-EG.jsonl").unlink()
    (root / "annotators.csv").write_text(ANNOTATORS.replace("false", "no").replace("ann2@", "ann1@"))
    files = [problem.split(":")[0] for problem in problems(root, library)]
    assert files == ["annotators.csv", "items/preference/ar-EG.jsonl", "items/preference/en-US.jsonl"]


def test_the_same_item_twice_is_named_with_both_places(root: Path, library: Library) -> None:
    """Also across files: an item is known by its name alone."""
    row = item_row("preference", "en-US", 0)
    (root / "items" / "preference" / "ar-EG.jsonl").write_text(json.dumps(row))
    [problem] = problems(root, library)
    assert problem.startswith(
        "items/preference/ar-EG.jsonl:1: item: 'preference-en-US-000' stands in items/preference/en-"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("email,name\n", "annotators.csv:1: columns missing: vendor"),
        (ANNOTATORS.replace("en-US;ar-EG", "en_US;ar-EG"), "annotators.csv:2: locales: 'en_US' is not a locale tag"),
        (ANNOTATORS.replace("en-US;ar-EG", "en-US;ar-eg"), "annotators.csv:2: locales: 'ar-eg' is in the wrong case"),
        (ANNOTATORS.replace("sudvend", ""), "annotators.csv:3: vendor: is empty"),
        (ANNOTATORS.replace("Ann Two,", "Two, Ann,"), "annotators.csv:3: the number of cells"),
        (
            ANNOTATORS.replace("ann2@", "ann1@"),
            "annotators.csv:3: email: 'ann1@concord.example' stands in annotators.csv:2",
        ),
    ],
)
def test_a_wrong_annotator_is_named(text: str, said: str, root: Path, library: Library) -> None:
    """Line and field."""
    (root / "annotators.csv").write_text(text)
    assert [problem for problem in problems(root, library) if problem.startswith(said)]


@pytest.mark.parametrize(("gold", "wrong"), [("bias|hate", False), ("hate|bias", True), ("bias|bias", True)])
def test_gold_of_several_codes_is_written_as_answers_are_stored(gold: str, wrong: bool) -> None:
    """Each code once, in the order of the alphabet: else no answer would ever equal it."""
    choices = (Choice("hate", "Hate"), Choice("bias", "Bias"))
    question = Question("harm", "multiple_choice", "Harm", "nominal", choices=choices)
    workflow = Workflow("probe", "1", "Probe", "", 0, {}, "harm", (question,))
    item = Item("i", "probe", "en-US", "p", (), gold={"harm": gold})
    assert any("write bias" in fix for _, fix in item_mistakes(item, workflow)) is wrong


def test_files_of_a_spreadsheet_are_read(root: Path, library: Library) -> None:
    """A byte order mark before the header, and spaces after the semicolons of a list."""
    spaced = ANNOTATORS.replace("en-US;ar-EG", "en-US; ar-EG")
    (root / "annotators.csv").write_text(spaced, encoding="utf-8-sig")
    assert load(root, library).annotators[0].locales == ("en-US", "ar-EG")


class Analytics:
    """Keeps what it is told of annotators."""

    told: list[dict[str, Any]]

    def send_manifest(self, _source: str, **rows: Any) -> None:
        self.told = rows["annotators"]


def test_gender_and_region_are_told_or_not(root: Path, library: Library) -> None:
    """Both columns may be left out, and so may a cell; analytics is told, in the programme's own words."""
    assert {(each.gender, each.region) for each in load(root, library).annotators} == {(None, None)}
    head, first, second = ANNOTATORS.splitlines()
    (root / "annotators.csv").write_text(f"{head},gender,region\n{first},woman,Upper Egypt\n{second}, ,\n")
    one, two = load(root, library).annotators
    assert [(each.gender, each.region) for each in (one, two)] == [("woman", "Upper Egypt"), (None, None)]
    programme, analytics = load(root, library), Analytics()
    orders = shown_orders(programme, [])
    register(
        programme, library, [], orders, {one.email: 7}, Suggested(programme, library, orders, {}, {}), [], analytics
    )
    assert [(row["user"], row["gender"], row["region"]) for row in analytics.told] == [("7", "woman", "Upper Egypt")]


def test_one_account_is_one_person(root: Path, library: Library) -> None:
    """Labelling tools know no case in an email: two rows would be one person of two vendors."""
    (root / "annotators.csv").write_text(ANNOTATORS.replace("ann2@", "Ann1@"))
    assert [each for each in problems(root, library) if each.startswith("annotators.csv:3: email: ")]


def test_a_locale_in_the_wrong_case_is_named(root: Path, library: Library) -> None:
    """Else its answers would be counted apart from those of the locale."""
    path = root / "programme.yaml"
    path.write_text(path.read_text().replace("en-US", "en-us"))
    assert any("'en-us' is in the wrong case; write en-US" in each for each in problems(root, library))


@pytest.mark.parametrize(("gold", "wrong"), [("0", 0), ("3", 0), ("4", 1), ("-1", 1)])
def test_gold_of_a_rating_follows_its_own_scale(gold: str, wrong: int) -> None:
    """A scale from 0 to 3 takes 0 and refuses 4."""
    rating = Question("care", "rating", "Care", "ordinal", minimum=0, maximum=3)
    workflow = Workflow("w", "1", "W", "", 1, {}, "care", (rating,))
    item = Item("x", "w", "en-US", "Why?", (Response("Because.", "aurora"),), gold={"care": gold})
    assert len(list(item_mistakes(item, workflow))) == wrong


@pytest.mark.parametrize(
    ("workflow", "change", "said"),
    [
        ("fact_verification", {"claims": ()}, "claims: 0 where fact_verification shows 1 to 8"),
        ("fact_verification", {"claims": ("c",) * 9}, "claims: 9 where fact_verification shows 1 to 8"),
        ("fact_verification", {"gold": {"verdict@claim_3": "supported"}}, "gold.verdict@claim_3: verdict is not asked"),
        ("fact_verification", {"claims": ("a\r\nb",)}, "a text: holds a carriage return, which browsers drop"),
        ("review", {"materials": {"work": "w"}}, "materials: work"),
        ("ranking", {"gold": {"place@a": "5"}}, "gold.place@a: there is no code '5'"),
    ],
)
def test_claims_materials_and_places_that_do_not_fit_are_named(
    workflow: str, change: dict[str, Any], said: str, library: Library
) -> None:
    """An item brings what its workflow shows, and gold is about what it brings."""
    asked = library.workflows[workflow]
    whole = Item(
        "x",
        workflow,
        "en-US",
        "Why?",
        tuple(Response(f"text {number}", "aurora") for number in range(asked.responses)),
        claims=("one", "two") if asked.claims else (),
        materials=dict.fromkeys(asked.materials, "text"),
    )
    assert list(item_mistakes(whole, asked)) == []
    assert any(message.startswith(said) for message, _ in item_mistakes(replace(whole, **change), asked))
