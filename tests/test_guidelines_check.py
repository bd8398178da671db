"""Every mistake in a guideline folder is told with its file, its line, what is wrong and how to mend it."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from guideline_folder import BASE, BASE_TEXT, CANADA, CANADA_TEXT, FILES, FRENCH, FRENCH_TEXT, replaced, write_folder
from hypothesis import given, settings
from hypothesis import strategies as st

from guidelines import Problem, check

B, BT = "base/taste.yaml", "base/taste.md"
F, FT = "locales/fr/taste.yaml", "locales/fr/taste.md"
C, CT = "locales/fr-CA/taste.yaml", "locales/fr-CA/taste.md"

# A mistake: the file, the text that is changed, and into what; the problem's line, part of its message and of its fix.
MISTAKES: dict[str, tuple[str, str, str, int, str, str]] = {
    # YAML
    "colon": (B, "title: Taste test", "title: Taste: test", 3, "not YAML", "in quotes"),
    "tab": (B, "  prompt: Prompt", "\tprompt: Prompt", 8, "not YAML", "spaces, not tabs"),
    "open quote": (F, "title: Aisance", 'title: "Aisance', 22, "not YAML", "close the quotes"),
    "duplicate key": (B, "summary: Say", "title: Twice\nsummary: Say", 4, "'title' is written twice", "keep one"),
    "duplicate nested key": (
        F,
        "title: Ensemble",
        "hint: Non\n    title: Ensemble",
        14,
        "first on line 12",
        "keep one",
    ),
    "recursive alias": (B, "texts:\n", "texts: &t\n  response_c: *t\n", 9, "nested too deeply", "flat"),
    # form
    "missing field": (B, "headline: overall\n", "", 1, "'headline' is missing", "the id of the question"),
    "unknown field": (B, "    hint: Which one?", "    hnt: Which one?", 16, "no field 'hnt'", "did you mean 'hint'?"),
    "unknown kind": (
        B,
        "kind: rating",
        "kind: rateing",
        34,
        'fluency › kind cannot be "rateing"',
        "did you mean 'rating'?",
    ),
    "version as number": (B, 'version: "1.1"', "version: 1.1", 2, "version is a number", "put it in quotes"),
    "version as words": (B, 'version: "1.1"', 'version: "one"', 2, 'version cannot be "one"', "numbers with points"),
    "empty text": (B, "title: Taste test", 'title: ""', 3, "title is empty", "what the workflow is called"),
    "blank text": (B, "title: Taste test", 'title: "  "', 3, "title is empty", "what the workflow is called"),
    "nothing": (B, "title: Taste test", "title:", 3, "title is empty", "write a text: what the workflow"),
    "no list": (B, "    choices:\n      - {code: grammar", "    choices:\n      {code: grammar", 29, "not YAML", ""),
    "code with capitals": (B, "code: tie", "code: Tie", 19, 'Tie › code cannot be "Tie"', "small letters"),
    "reserved id": (B, "id: fluency", "id: prescreen", 33, "that name is taken", "another name"),
    "negative weight": (B, "weight: 5", "weight: -5", 32, "major › weight must be at least 0, not -5", "penalty"),
    "too many responses": (B, "responses: 2", "responses: 27", 5, "at most 26, not 27", "how many responses"),
    "rating without minimum": (
        B,
        "    minimum: 1\n",
        "",
        33,
        "questions › fluency: 'minimum' is missing",
        "the lowest answer",
    ),
    "rating without maximum": (
        B,
        "    maximum: 5\n",
        "",
        33,
        "questions › fluency: 'maximum' is missing",
        "the highest answer",
    ),
    "rating with choices": (
        B,
        "    minimum: 1",
        "    choices: []\n    minimum: 1",
        36,
        "no such field",
        "another kind",
    ),
    "errors of the item": (B, "target: response", "target: item", 24, 'target cannot be "item"', "write response"),
    "choice without number": (
        B,
        "code: tie, number: 0",
        "code: tie",
        19,
        "'number' is missing",
        "place of this answer",
    ),
    "wrong type of flag": (
        B,
        "required: false",
        'required: "no"',
        25,
        "required is a text",
        "write true or false: must it be",
    ),
    "odd text name": (
        B,
        "  prompt: Prompt",
        "  promt: Prompt\n  prompt: Prompt",
        8,
        "no place to show 'promt'",
        "did you mean 'prompt'?",
    ),
    # rules of a workflow
    "duplicate question": (
        B,
        "id: fluency",
        "id: errors",
        33,
        "'errors' is a question's id twice, first on line 21",
        "another id",
    ),
    "duplicate code": (
        B,
        "code: spelling",
        "code: grammar",
        29,
        "'grammar' is a code in choices of this question twice",
        "",
    ),
    "duplicate severity": (B, "code: major", "code: minor", 32, "first on line 31", "another code"),
    "duplicate title": (
        B,
        "title: Same",
        "title: A is better",
        19,
        "'A is better' is a title in choices",
        "another title",
    ),
    "headline": (
        B,
        "headline: overall",
        "headline: overal",
        6,
        "is not a question of this file",
        "did you mean 'overall'?",
    ),
    "duplicate hotkey": (
        B,
        "hotkey: s",
        "hotkey: g",
        29,
        "hotkey 'g' is used twice in this question, first on line 28",
        "",
    ),
    "penalty of an unknown severity": (
        B,
        "hotkey: s}",
        "hotkey: s, weights: {mayor: 25}}",
        29,
        "weights: this question has no severity 'mayor'",
        "did you mean 'major'?",
    ),
    "negative penalty of a category": (B, "hotkey: s}", "hotkey: s, weights: {major: -1}}", 29, "-1", "a penalty"),
    "penalty of an answer": (
        B,
        "number: 0, title: Same",
        "number: 0, weights: {major: 1}, title: Same",
        19,
        "a question of this kind has no such field",
        "remove the field",
    ),
    "repeated errors counted otherwise": (
        B,
        "    title: Errors\n",
        "    title: Errors\n    repeated_errors: twice\n",
        27,
        "repeated_errors",
        "each, once",
    ),
    "repeated errors of a rating": (
        B,
        "    title: Fluency\n",
        "    title: Fluency\n    repeated_errors: once\n",
        39,
        "a question of this kind has no such field",
        "remove the field",
    ),
    "hotkey of a severity": (B, 'hotkey: "8"', "hotkey: g", 31, "hotkey 'g' is used twice", "another key"),
    "file and workflow": (
        B,
        "workflow: taste",
        "workflow: test",
        1,
        "workflow is 'test', but the file's name is 'taste'",
        "rename",
    ),
    "missing text": (B, "  response_b: Response B\n", "", 7, "'response_b' is missing", "add response_b"),
    "empty range": (B, "maximum: 5", "maximum: 1", 37, "the maximum 1 is not above the minimum 1", "raise"),
    "condition on nothing": (
        B,
        "title: Fluency",
        "title: Fluency\n    asked_when: {question: overal, codes: [tie]}",
        39,
        "asked_when names 'overal'",
        "did you mean 'overall'?",
    ),
    "condition on a later one": (
        B,
        "hint: Which one?",
        "hint: Which one?\n    asked_when: {question: fluency, codes: [a]}",
        17,
        "no question further up",
        "remove it",
    ),
    "condition on another target": (
        B,
        "title: Fluency",
        "title: Fluency\n    asked_when: {question: errors, codes: [x]}",
        39,
        "no question further up about the same",
        "choose one of: overall",
    ),
    "condition on no code": (
        B,
        "title: Fluency",
        "title: Fluency\n    asked_when: {question: overall, codes: [b]}",
        39,
        "'overall' has no code 'b'",
        "choose one of: a_much, tie, b_much",
    ),
    "claims of nothing": (B, "    target: response", "    target: claim", 24, 'target cannot be "claim"', "response"),
    "claims without a question": (
        B,
        "responses: 2",
        "responses: 2\nclaims: 3",
        6,
        "no question asks about them",
        "claim",
    ),
    "claim without claims": (B, "title: Fluency", "title: Fluency\n    target: claim", 39, "how many", "add claims"),
    "sensitive without a warning": (
        B,
        "responses: 2",
        "responses: 2\nsensitive: true",
        8,
        "'warning' is missing",
        "add warning",
    ),
    "material without a title": (
        B,
        "responses: 2",
        "responses: 2\nmaterials: [work]",
        8,
        "'work' is missing",
        "add work",
    ),
    "ranking that edits": (
        B,
        "kind: rating\n    scale: ordinal\n    minimum: 1\n    maximum: 5",
        "kind: ranking\n    scale: ordinal\n    edits: prompt",
        36,
        "no such field",
        "another kind",
    ),
    "taken clause": (BT, "{#numbers}", "{#examples}", 10, "'examples' is taken", "examples.yaml"),
    "mandatory of nothing": (
        BT,
        'version: "1.1"',
        'version: "1.1"\nmandatory: [number]',
        4,
        "names 'number'",
        "did you mean 'numbers'?",
    ),
    "one-sided preference": (B, "number: -1", "number: -2", 17, "not symmetric", "negative number"),
    "preference of three": (B, "responses: 2", "responses: 3", 5, "compares two responses", "responses: 2"),
    # locale files
    "unknown question": (
        F,
        "  fluency:",
        "  fluence:",
        21,
        "the base has no question 'fluence'",
        "did you mean 'fluency'?",
    ),
    "unknown code": (F, "tie: Pareil", "tye: Pareil", 14, "no code 'tye' in choices", "did you mean 'tie'?"),
    "unknown severity": (
        F,
        "major: Majeure",
        "mayor: Majeure",
        20,
        "no code 'mayor' in severities",
        "did you mean 'major'?",
    ),
    "unknown text": (
        F,
        "response_b: Réponse B",
        "response_c: Réponse C",
        9,
        "the base has no text 'response_c'",
        "response_b",
    ),
    "codes where none are": (
        F,
        "title: Aisance",
        "title: Aisance\n    choices: {x: X}",
        23,
        "no code 'x'",
        "remove it",
    ),
    "missing title": (F, "title: Test de goût\n", "", 1, "title is not translated: 'Taste test'", "add it"),
    "missing question": (
        F,
        "  fluency:\n    title: Aisance\n",
        "",
        10,
        "questions › fluency is not translated",
        "add it",
    ),
    "missing choice": (F, ", tie: Pareil", "", 14, "overall › choices › tie is not translated", "add it"),
    "missing hint": (F, ", hint: Ordre des mots", "", 18, "hint is not translated: 'Word order'", "add it"),
    "missing severity": (F, ", major: Majeure", "", 20, "severities › major is not translated: 'Major'", "add it"),
    "title of another code": (
        F,
        "minor: Mineure",
        "minor: major",
        20,
        "'major', is the code of another answer",
        "word it",
    ),
    "title of the language": (
        "locales/fr-CA/taste.yaml",
        "    title: Fluidité\n",
        "    title: Fluidité\n  overall:\n    choices: {tie: A est meilleure}\n",
        9,
        "the title of both tie and a_much",
        "tell them apart",
    ),
    "same title twice": (
        F,
        "tie: Pareil",
        "tie: A est meilleure",
        14,
        "the title of both a_much and tie",
        "differently",
    ),
    "folder and locale": (F, "locale: fr", "locale: de", 2, "locale is 'de', but the folder's name is 'fr'", "rename"),
    "locale and workflow": (F, "workflow: taste", "workflow: test", 1, "workflow is 'test'", "workflow: taste"),
    "unknown status": (F, "status: signed-off", "status: final", 4, 'status cannot be "final"', "draft, signed-off"),
    "signed off by nobody": (F, "signed_by: Marie\n", "", 1, "'signed_by' is missing", "who approved it"),
    "no such day": (F, "2026-11-20", "2026-02-30", 6, 'signed_on cannot be "2026-02-30"', "a date such as"),
    "choice as list": (
        F,
        "spelling: Orthographe",
        "spelling: [Orthographe]",
        19,
        "is a list",
        "",
    ),
    # texts
    "no front matter": (BT, BASE_TEXT.split("## Purpose")[0], "", 1, "the front matter is missing", "start with ---"),
    "front matter of nothing": (
        BT,
        'workflow: taste\nversion: "1.1"\n',
        "",
        2,
        "the file is empty",
        "workflow and version",
    ),
    "front matter is no YAML": (BT, "workflow: taste", "workflow: [taste", 3, "not YAML", ""),
    "other version": (
        BT,
        'version: "1.1"',
        'version: "1.0"',
        3,
        "is not the one of the YAML beside it, '1.1'",
        "same version",
    ),
    "text and workflow": (BT, "workflow: taste", "workflow: test", 2, "but the file's name is 'taste'", "rename"),
    "section without id": (
        BT,
        " {#numbers}",
        "",
        10,
        "the section 'Numbers' has no clause id",
        "## Numbers {#numbers}",
    ),
    "malformed id": (BT, "{#numbers}", "{#Numbers!}", 10, "has no clause id", "## Numbers {#numbers}"),
    "duplicate clause": (BT, "{#numbers}", "{#purpose}", 10, "'purpose' is used twice, first on line 6", "another id"),
    "older base": (
        FT,
        'based_on: "1.1"',
        'based_on: "1.0"',
        4,
        "1.0 is older than the base guideline",
        "read the base again",
    ),
    "older base of two digits": (FT, 'based_on: "1.1"', 'based_on: "1.0.10"', 4, "older", "read the base again"),
    "newer base": (FT, 'based_on: "1.1"', 'based_on: "1.10"', 4, "1.10 does not exist", 'based_on: "1.1"'),
    "replaces unknown": (
        FT,
        "[numbers]",
        "[number]",
        5,
        "'number', which is no clause of the base",
        "did you mean 'numbers'?",
    ),
    "replaces without section": (FT, "[numbers]", "[numbers, purpose]", 5, "no section of that id", "add a section"),
    "text and folder": (FT, "locale: fr", "locale: de", 3, "the folder's name is 'fr'", "rename"),
    "text outside sections": (
        FT,
        "## Nombres",
        "Bonjour.\n\n## Nombres",
        8,
        "before the first section is not shown",
        "heading",
    ),
    "title of its own": (
        BT,
        "## Purpose",
        "# Taste test\n\n## Purpose",
        6,
        "the title comes from the YAML file",
        "remove it",
    ),
    "no section": (
        CT,
        "## Au Canada {#address}\n\nTutoyez.\n",
        "",
        6,
        "there is no section in this file",
        "## Purpose",
    ),
    "locale section without id": (CT, " {#address}", "", 7, "has no clause id", "## Au Canada {#au-canada}"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str, tmp_path: Path) -> None:
    """The mistake is told at its line, with what is wrong and how to mend it."""
    file, old, new, line, message, fix = MISTAKES[name]
    problems = check(write_folder(tmp_path, {file: replaced(FILES[file], old, new)}))
    found = [each for each in problems if (each.file, each.line) == (file, line)]
    assert [each for each in found if message in each.message and fix in each.fix], list(map(str, problems))


@pytest.mark.parametrize("name", ["item", "response_a", "claims_0", "overall"])
def test_material_with_a_taken_name(name: str, tmp_path: Path) -> None:
    """A material may not stand in the place of the item's own texts, nor be called as a question is."""
    named = replaced(
        BASE, "headline: overall\ntexts:\n", f"headline: overall\nmaterials: [{name}]\ntexts:\n  {name}: X\n"
    )
    said = [each.message for each in check(write_folder(tmp_path, {B: named}))]
    assert any("that name is taken" in each or "is one of the materials too" in each for each in said), said


def test_ranking_of_one(tmp_path: Path) -> None:
    """A ranking needs responses to rank."""
    ranked = replaced(
        BASE, "kind: rating\n    scale: ordinal\n    minimum: 1\n    maximum: 5", "kind: ranking\n    scale: ordinal"
    )
    places = 'fluency: {a: "1", b: "1"}'
    examples = {name: re.sub(r'fluency: "\d"', places, FILES[name]) for name in FILES if "examples" in name}
    assert check(write_folder(tmp_path / "two", {B: ranked, **examples})) == []
    problems = check(write_folder(tmp_path / "one", {B: replaced(ranked, "responses: 2", "responses: 1")}))
    assert "a ranking orders responses, and an item shows 1" in [each.message for each in problems]


def test_no_mistake(tmp_path: Path) -> None:
    """The sample without mistakes has none, so the mistakes above are what is found."""
    assert check(write_folder(tmp_path)) == []


def test_one_mistake_is_told_once(tmp_path: Path) -> None:
    """A mistake is one line in the list, not one for each rule it offends."""
    problems = check(write_folder(tmp_path, {B: replaced(BASE, "headline: overall", "headline: x")}))
    assert problems == [Problem(B, 6, "the headline 'x' is not a question of this file", problems[0].fix)]
    assert str(problems[0]) == f"{B}:6: the headline 'x' is not a question of this file; {problems[0].fix}"


def test_all_mistakes_are_told(tmp_path: Path) -> None:
    """Mistakes of form and of sense in several files are all told in one go, in order of file and line."""
    base = replaced(replaced(BASE, "weight: 5", "weight: -5"), "headline: overall", "headline: x")
    problems = check(write_folder(tmp_path, {B: base, FT: replaced(FRENCH_TEXT, "[numbers]", "[x]")}))
    assert [(each.file, each.line) for each in problems] == [(B, 6), (B, 32), (FT, 5)]


@pytest.mark.parametrize(
    ("folder", "message", "fix"),
    [
        ("german", "'german' is not a locale tag", "language-REGION"),
        ("fr_FR", "'fr_FR' is not a locale tag", "language-REGION"),
        ("qq-FR", "there is no locale 'qq-FR'", "check the codes"),
        ("FR-fr", "'FR-fr' is in the wrong case", "rename it fr-FR"),
    ],
)
def test_folder_is_no_locale(folder: str, message: str, fix: str, tmp_path: Path) -> None:
    """A folder whose name is malformed, unknown or oddly written is told as such, each in its own words."""
    root = write_folder(tmp_path)
    (root / "locales" / folder).mkdir()
    (problem,) = check(root)
    assert problem.file == f"locales/{folder}"
    assert message in problem.message
    assert fix in problem.fix


@pytest.mark.parametrize("name", ["base/taste.yml", "base/notes.txt", "locales/fr/taste.json", "locales/README.md"])
def test_stray_file(name: str, tmp_path: Path) -> None:
    """A file that would not be read is told, since its author thinks that it is."""
    assert [(each.file, each.message) for each in check(write_folder(tmp_path, {name: ""}))] == [
        (name, "this file is not read")
    ]


def test_hidden_file(tmp_path: Path) -> None:
    """Files that start with a point, which editors and systems leave behind, are nobody's mistake."""
    assert check(write_folder(tmp_path, {"base/.DS_Store": "", "locales/fr/.taste.yaml.swp": ""})) == []


def test_folder_named_like_a_file(tmp_path: Path) -> None:
    """A folder where a file should be is told like a stray file."""
    root = write_folder(tmp_path)
    (root / "base" / "x.yaml").mkdir()
    assert [each.file for each in check(root)] == ["base/x.yaml"]


def test_not_utf8(tmp_path: Path) -> None:
    """A file in another encoding is told with the line of the first foreign byte."""
    root = write_folder(tmp_path)
    (root / F).write_bytes(FRENCH.encode("latin-1"))
    assert Problem(F, 7, "this is not UTF-8 text", "save the file as UTF-8") in check(root)


def test_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    """Files saved by Windows editors, with a byte order mark and CRLF, are fine."""
    root = write_folder(tmp_path)
    for name, text in FILES.items():
        (root / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert check(root) == []


def test_no_guideline(tmp_path: Path) -> None:
    """A workflow without a guideline text is told."""
    root = write_folder(tmp_path)
    for name in (BT, FT, CT):
        (root / name).unlink()
    assert [(each.file, each.fix) for each in check(root)] == [(B, "write base/taste.md")]


def test_guideline_without_workflow(tmp_path: Path) -> None:
    """A guideline text or locale file of a workflow that the base does not have is told."""
    extra = {"base/x.md": BASE_TEXT.replace("workflow: taste", "workflow: x"), "locales/fr/y.yaml": FRENCH}
    problems = check(write_folder(tmp_path, extra))
    assert any(each.file == "base/x.md" and "no x.yaml beside" in each.message for each in problems)
    assert any(each.file == "locales/fr/y.yaml" and "no workflow 'y' in base/" in each.message for each in problems)


def test_rules_without_words(tmp_path: Path) -> None:
    """A locale's Markdown alone has no version, so a YAML file must stand beside it."""
    root = write_folder(tmp_path)
    (root / C).unlink()
    assert [(each.file, each.line) for each in check(root)] == [(CT, 1)]


def test_rules_without_base(tmp_path: Path) -> None:
    """A locale's Markdown whose name is not in the base is told."""
    problems = check(write_folder(tmp_path, {"locales/fr/x.md": FRENCH_TEXT.replace("taste", "x")}))
    assert any(each.message == "the base has no guideline of this name" for each in problems)


def test_rules_may_build_on_the_language(tmp_path: Path) -> None:
    """A locale may replace a clause that only its language has."""
    text = replaced(CANADA_TEXT, 'based_on: "1.1"', 'based_on: "1.1"\nreplaces: [address]')
    assert check(write_folder(tmp_path, {CT: text})) == []


def test_words_may_come_from_the_language(tmp_path: Path) -> None:
    """A locale must translate only what its language does not; without the language, everything."""
    root = write_folder(tmp_path)
    assert check(root) == []
    for name in (F, FT):
        (root / name).unlink()
    missing = [each.message for each in check(root) if each.file == C]
    assert "title is not translated: 'Taste test'" in missing
    assert "questions › overall is not translated" in missing


def test_language_with_a_mistake_is_not_held_against_its_locales(tmp_path: Path) -> None:
    """While fr cannot be read, nobody knows what fr-CA lacks."""
    assert {each.file for each in check(write_folder(tmp_path, {F: "title: 'x"}))} == {F}


def test_english_needs_no_translation(tmp_path: Path) -> None:
    """An English locale may leave out what the base says well already."""
    text = CANADA.replace("fr-CA", "en-CA").replace("Fluidité", "Flow")
    assert check(write_folder(tmp_path, {"locales/en-CA/taste.yaml": text})) == []


def test_heading_in_code_is_no_section(tmp_path: Path) -> None:
    """A line that looks like a heading inside a code block needs no clause id."""
    assert check(write_folder(tmp_path, {BT: BASE_TEXT + "\n```\n## not a heading\n```\n"})) == []


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "- a\n- list\n", "word\n"])
@pytest.mark.parametrize("file", [B, F])
def test_no_fields_at_all(file: str, text: str, tmp_path: Path) -> None:
    """A file that is empty, a list or a single word is told to hold fields."""
    problems = [each for each in check(write_folder(tmp_path, {file: text})) if each.file == file]
    assert len(problems) == 1
    assert "the file is" in problems[0].message
    assert "write fields, each as `name: value`" in problems[0].fix


def test_bottomless_file(tmp_path: Path) -> None:
    """A file that opens more brackets than any parser follows is told, too."""
    for brackets in (5_000, 50_000):
        text = "a: " + "[" * brackets
        assert [each.line for each in check(write_folder(tmp_path, {B: text})) if each.file == B] == [1]


def test_file_that_grows_by_aliases(tmp_path: Path) -> None:
    """Nine lists of aliases of each other would be hundreds of millions of values."""
    lists = ["l0: &l0 [x, x, x, x, x, x, x, x, x]"]
    lists += [f"l{place}: &l{place} [{', '.join([f'*l{place - 1}'] * 9)}]" for place in range(1, 9)]
    problems = check(write_folder(tmp_path, {B: "\n".join(lists)}))
    assert any("more than 100000 values" in each.message for each in problems)


def test_anchors(tmp_path: Path) -> None:
    """YAML anchors and aliases save typing; the name of an anchor that is used twice is told."""
    base = replaced(BASE, "title: Grammar", "title: &t Grammar")
    assert check(write_folder(tmp_path, {B: replaced(base, "hint: Word order", "hint: *t")})) == []
    problems = check(write_folder(tmp_path, {B: replaced(base, "title: Spelling", "title: &t Spelling")}))
    assert [(each.line, each.fix) for each in problems] == [(29, "give each anchor (&…) a name of its own")]


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(FILES)),
    start=st.integers(0, 900),
    length=st.integers(0, 60),
    junk=st.text(st.sampled_from("abz019 \n\t:-#{}[]&*!|>'\"%@`,?é\x00\ufeff"), max_size=8),
)
def test_no_file_is_too_broken(name: str, start: int, length: int, junk: str) -> None:
    """However a file is broken, the check ends with problems that point into it, and never with another error."""
    text = FILES[name][:start] + junk + FILES[name][start + length :]
    with TemporaryDirectory() as folder:
        problems = check(write_folder(Path(folder), {name: text}))
    for problem in problems:
        assert problem.file in FILES
        assert 1 <= problem.line <= FILES.get(problem.file, "").count("\n") + junk.count("\n") + 1
        assert problem.message
        assert problem.fix
