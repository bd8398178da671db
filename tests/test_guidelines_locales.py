"""Rules for all workflows, terms, formats and sign-off: what a locale adds beside its words."""

from __future__ import annotations

from pathlib import Path

import pytest
from guideline_folder import (
    BASE_TEXT,
    CANADA,
    CANADA_EXAMPLES,
    CANADA_RULES,
    CANADA_TEXT,
    FILES,
    FRENCH,
    FRENCH_TEXT,
    replaced,
    write_folder,
)

from guidelines import check, load
from guidelines.clauses import read_text
from guidelines.formats import formats_table
from guidelines.signing import signed_content
from guidelines.yaml_file import read_yaml

TERMS = 'locale: fr\nversion: "1"\nstatus: draft\nterms:\n  example: "Exemple {number}"\n  formats: Formats d’ici\n'


def test_order(tmp_path: Path) -> None:
    """The workflow's clauses, the locale's rules, formats, examples, and the checklist at the very end."""
    text = BASE_TEXT + "\n## Before you submit {#checklist}\n\n- Done?\n"
    guideline = load(write_folder(tmp_path, {"base/taste.md": text})).guideline("taste", "fr-CA")
    ids = [clause.id for clause in guideline.clauses]
    assert ids == [
        *("purpose", "numbers", "address", "address", "rules-here", "dates-times"),
        *("formats", "examples", "examples", "checklist"),
    ]
    assert guideline.html.endswith(guideline.clauses[-1].html)


def test_rules_of_the_language_come_first(tmp_path: Path) -> None:
    """A locale's rule follows its language's of the same id, or stands instead of it."""
    french = CANADA_RULES.replace("fr-CA", "fr").replace("14 h 30", "14 heures 30")
    files = {"locales/fr/locale.md": french}
    markdown = load(write_folder(tmp_path / "a", files)).guideline("taste", "fr-CA").markdown
    assert markdown.index("14 heures 30") < markdown.index("14 h 30")
    files["locales/fr-CA/locale.md"] = replaced(CANADA_RULES, "status:", "replaces: [dates-times]\nstatus:")
    assert "14 heures 30" not in load(write_folder(tmp_path / "b", files)).guideline("taste", "fr-CA").markdown


def test_mandatory_clauses_stay(tmp_path: Path) -> None:
    """A mandatory clause cannot be replaced, only translated."""
    files = {"base/taste.md": replaced(BASE_TEXT, 'version: "1.1"', 'version: "1.1"\nmandatory: [numbers]')}
    (problem,) = check(write_folder(tmp_path / "a", files))
    assert (problem.file, problem.line) == ("locales/fr/taste.md", 5)
    assert problem.message == "the clause 'numbers' is mandatory and cannot be replaced"
    translated = replaced(FRENCH_TEXT, "replaces", "translates")
    files["locales/fr/taste.md"] = translated
    assert check(write_folder(tmp_path / "b", files)) == []
    assert "1,234.5" not in load(tmp_path / "b").guideline("taste", "fr").markdown


def test_translation_keeps_numbers_and_links(tmp_path: Path) -> None:
    """A translation that lacks a number or a link of its original is told; other digits count as the same."""
    base = replaced(BASE_TEXT, "Write 1,234.5.", "Write 1,234.5, see [there](#purpose).")
    text = replaced(replaced(FRENCH_TEXT, "replaces", "translates"), "1 234,5", "١ ٢٣٤")
    problems = check(write_folder(tmp_path, {"base/taste.md": base, "locales/fr/taste.md": text}))
    lacks = ["lacks the link #purpose", "lacks the number 5"]
    assert [each.message.split(", and ")[1].removesuffix(" of the base") for each in problems] == lacks


def test_terms(tmp_path: Path) -> None:
    """A locale's terms are used where it has them; a locale with a language of its own needs them all."""
    whole = FILES["base/terms.yaml"].replace('version: "1.2"', 'locale: fr\nversion: "1"\nstatus: draft')
    whole = whole.replace('"Example {number}"', '"Exemple {number}"')
    root = write_folder(tmp_path / "a", {"locales/fr/terms.yaml": whole})
    assert check(root) == []
    assert "### Exemple 1: La poutine" in load(root).guideline("taste", "fr-CA").markdown
    messages = [each.message for each in check(write_folder(tmp_path / "b", {"locales/fr/terms.yaml": TERMS}))]
    assert "terms › why is not translated: 'Why'" in messages


def test_names_in_braces(tmp_path: Path) -> None:
    """A term that loses or misspells what is filled in is told."""
    for wrong in ("{nombre}", "{number!x}", "{number:>s}"):
        text = replaced(TERMS, "{number}", wrong)
        problems = check(write_folder(tmp_path, {"locales/fr/terms.yaml": text}))
        assert any(each.line == 5 and "must have {number}" in each.message for each in problems), wrong


@pytest.mark.parametrize(
    ("tag", "row"),
    [
        ("de-DE", "| Number | 1.234.567,89 |"),
        ("de", "| Currency | 1.234,50\u00a0€ (EUR) |"),
        ("hi-IN", "| Number | 12,34,567.89 |"),
        ("ar-EG", "| Number | ١٬٢٣٤٬٥٦٧٫٨٩ |"),
        ("en-US", "| Short date | 11/20/26 |"),
        ("ja-JP", "| Date | 2026年11月20日 |"),
    ],
)
def test_formats(tag: str, row: str) -> None:
    """Formats are those of the locale, or of the language's likely one, in its own digits."""
    terms = read_yaml("terms.yaml", FILES["base/terms.yaml"]).value["terms"]
    assert row in formats_table(tag, terms).splitlines()


def test_formats_of_other_calendars() -> None:
    """Where years are counted otherwise, no Gregorian date is shown as the local one."""
    terms = read_yaml("terms.yaml", FILES["base/terms.yaml"]).value["terms"]
    table = formats_table("th-TH", terms)
    assert "2026" not in table
    assert "14:30" in table


def _signed(text: str, file: str) -> str:
    """The file's text, signed off."""
    digest = signed_content(read_text(file, text) if file.endswith(".md") else read_yaml(file, text))
    lines = f"status: signed-off\nsigned_by: Léa\nsigned_on: 2026-11-21\nsigned_content: {digest}\n"
    return (
        text.replace("status: draft\n", lines)
        if "status: draft\n" in text
        else text.replace("---\n", f"---\n{lines}", 1)
    )


SIGNED = {
    f"locales/{name}": _signed(text, name)
    for name, text in {
        "fr/taste.yaml": FRENCH.split("signed_content")[0].replace(
            "status: signed-off\nsigned_by: Marie\nsigned_on: 2026-11-20\n", "status: draft\n"
        ),
        "fr/taste.md": FRENCH_TEXT,
        "fr-CA/taste.yaml": CANADA,
        "fr-CA/taste.md": CANADA_TEXT,
        "fr-CA/locale.md": CANADA_RULES,
        "fr-CA/examples.yaml": CANADA_EXAMPLES,
    }.items()
}


def test_signed_off(tmp_path: Path) -> None:
    """A guideline is signed off when all its files are, and says who did it; its digest stays."""
    root = write_folder(tmp_path / "a", SIGNED)
    assert check(root) == []
    guideline = load(root).guideline("taste", "fr-CA")
    assert (guideline.status, [each.by for each in guideline.signed_off]) == ("signed-off", ["Léa"])
    draft = load(write_folder(tmp_path / "b")).guideline("taste", "fr-CA")
    assert (draft.status, draft.signed_off) == ("draft", ())
    assert draft.version.digest == guideline.version.digest


@pytest.mark.parametrize("file", SIGNED)
def test_changed_since_the_sign_off(file: str, tmp_path: Path) -> None:
    """A file that was changed after its sign-off makes the guideline a draft again."""
    text = SIGNED[file].replace("fromage", "cheddar").replace("Fluidité", "Flux").replace("crivez", "crivons")
    text = text.replace("Aisance", "Facilité").replace("Tutoyez", "Vouvoyez")
    assert text != SIGNED[file]
    assert load(write_folder(tmp_path, {**SIGNED, file: text})).guideline("taste", "fr-CA").status == "draft"


def test_language_stands_in_unapproved(tmp_path: Path) -> None:
    """What the lead of fr signed off is signed off for fr alone."""
    library = load(write_folder(tmp_path, SIGNED))
    assert library.guideline("taste", "fr").status == "signed-off"
    assert library.guideline("taste", "fr-BE").status == "draft"


def test_older_rules_are_shown(tmp_path: Path) -> None:
    """Rules written from an older base are told by the check, and shown until somebody has adapted them."""
    root = write_folder(tmp_path, {"locales/fr/taste.md": replaced(FRENCH_TEXT, 'based_on: "1.1"', 'based_on: "1.0"')})
    assert len(check(root)) == 1
    assert "Vouvoyez." in load(root).guideline("taste", "fr").markdown
