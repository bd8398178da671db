"""Loading guidelines: what annotators of a locale see, and where it comes from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from guideline_folder import BASE, BASE_TEXT, replaced, write_folder

from guidelines import InvalidGuidelines, Library, MalformedLocale, UnknownLocale, UnknownWorkflow, load


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return load(write_folder(tmp_path))


def test_base_workflow(library: Library) -> None:
    """The base keeps the order of questions and reads numbers and weights as such."""
    workflow = library.workflows["taste"]
    assert [question.id for question in workflow.questions] == ["overall", "errors", "fluency"]
    assert [choice.number for choice in workflow.question("overall").choices] == [-1, 0, 1]
    assert workflow.question("errors").severity("major").weight == 5
    assert (workflow.question("fluency").minimum, workflow.question("fluency").maximum) == (1, 5)
    assert workflow.question("errors").required is False
    assert workflow.question("overall").required is True


def test_translation_keeps_codes(library: Library) -> None:
    """A locale changes every text shown and none of the codes, numbers, weights and keys."""
    base, french = library.workflows["taste"], library.guideline("taste", "fr").workflow
    assert french.texts == {"prompt": "Requête", "response_a": "Réponse A", "response_b": "Réponse B"}
    assert [choice.title for choice in french.question("overall").choices] == [
        "A est meilleure",
        "Pareil",
        "B est meilleure",
    ]
    assert french.question("errors").choice("grammar").hint == "Ordre des mots"
    assert french.question("errors").severity("minor").title == "Mineure"
    for ours, theirs in zip(base.questions, french.questions, strict=True):
        assert [(each.code, each.number, each.hotkey) for each in ours.choices] == [
            (each.code, each.number, each.hotkey) for each in theirs.choices
        ]
        assert [(each.code, each.weight) for each in ours.severities] == [
            (each.code, each.weight) for each in theirs.severities
        ]


def test_fallback_chain(library: Library) -> None:
    """A text of fr-CA wins over the one of fr, which wins over the base."""
    guideline = library.guideline("taste", "fr-CA")
    assert guideline.workflow.question("fluency").title == "Fluidité"
    assert guideline.workflow.question("overall").title == "Ensemble"
    assert guideline.version.overlay == "3.2 fr 2"
    assert guideline.status == "draft"


def test_language_stands_in(library: Library) -> None:
    """A locale without a folder gets its language's words, and its version says so."""
    guideline = library.guideline("taste", "fr-BE")
    assert guideline.workflow.title == "Test de goût"
    assert str(guideline.version).startswith("taste 1.1 / fr-BE fr 2 @")


def test_base_stands_in(tmp_path: Path) -> None:
    """A folder that lacks the workflow falls back to the English base, which the version shows as 0."""
    root = write_folder(tmp_path)
    (root / "locales" / "sw-KE").mkdir()
    guideline = load(root).guideline("taste", "sw-KE")
    assert guideline.workflow.title == "Taste test"
    assert str(guideline.version).startswith("taste 1.1 / sw-KE 0 @")


def test_other_script_never_stands_in(tmp_path: Path) -> None:
    """Traditional Chinese readers are not given Simplified Chinese."""
    root = write_folder(tmp_path)
    (root / "locales" / "zh").mkdir()
    with pytest.raises(UnknownLocale):
        load(root).guideline("taste", "zh-TW")


def test_sections_of_locales(library: Library) -> None:
    """A locale's section replaces the base's if listed, stands after it otherwise, and comes last if new."""
    markdown = library.guideline("taste", "fr-CA").markdown
    titles = [line for line in markdown.splitlines() if line.startswith("#")]
    assert titles == [
        "# Test de goût",
        "## Purpose {#purpose}",
        "## Nombres {#numbers}",
        "## Tutoiement {#address}",
        "## Au Canada {#address}",
        "## Rules for français (Canada) {#rules-here}",
        "## Heures {#dates-times}",
        "## Formats {#formats}",
        "## Examples from français (Canada) {#examples}",
        "### Example 1: La poutine",
        "## Worked examples {#examples}",
        "### Example 2: A spoonful of \\*salt\\*",
    ]
    assert "1,234.5" not in markdown


def test_base_section_is_kept_beside_a_rule(tmp_path: Path) -> None:
    """Without `replaces`, the base section stays and the locale's rule follows it at once."""
    text = '---\nworkflow: taste\nlocale: fr\nbased_on: "1.1"\n---\n## Ici {#purpose}\n\nLocal.\n'
    markdown = load(write_folder(tmp_path, {"locales/fr/taste.md": text})).guideline("taste", "fr").markdown
    assert markdown.index("To learn") < markdown.index("Local.") < markdown.index("## Numbers")


def test_case_of_tag(library: Library) -> None:
    """A locale may be asked for in any letter case and is named in the canonical one."""
    assert library.guideline("taste", "FR-ca").locale == "fr-CA"


def test_unknown_workflow(library: Library) -> None:
    """An unknown workflow is an error that lists the known ones."""
    with pytest.raises(UnknownWorkflow, match="'tast'; choose one of: taste"):
        library.guideline("tast", "fr")


def test_unknown_locale(library: Library) -> None:
    """A locale without a folder, its language having none either, is an error that lists the known ones."""
    with pytest.raises(UnknownLocale, match="'de-DE'; choose one of: fr, fr-CA"):
        library.guideline("taste", "de-DE")


def test_malformed_locale(library: Library) -> None:
    """A text that is no tag at all is another error than a tag that has no folder."""
    with pytest.raises(MalformedLocale, match="fr_CA"):
        library.guideline("taste", "fr_CA")


def test_load_lists_all_problems_of_the_base(tmp_path: Path) -> None:
    """Loading a folder with mistakes in what is asked raises one error that lists them all."""
    files = {"base/taste.yaml": replaced(BASE, "headline: overall", "headline: x"), "base/terms.yaml": 'version: "1"\n'}
    with pytest.raises(InvalidGuidelines) as caught:
        load(write_folder(tmp_path, files))
    assert {problem.file for problem in caught.value.problems} == {"base/taste.yaml", "base/terms.yaml"}
    assert "base/taste.yaml:6: the headline 'x' is not a question of this file" in str(caught.value)


def test_a_locale_is_checked_when_it_is_asked_for(tmp_path: Path) -> None:
    """A mistake in one locale's folder stops that locale and no other."""
    library = load(write_folder(tmp_path, {"locales/fr-CA/taste.yaml": "workflow: taste\n"}))
    assert library.guideline("taste", "fr").version.overlay == "2"
    with pytest.raises(InvalidGuidelines) as caught:
        library.guideline("taste", "fr-CA")
    assert {problem.file for problem in caught.value.problems} == {"locales/fr-CA/taste.yaml"}


def test_a_broken_base_guideline_is_refused(tmp_path: Path) -> None:
    """A mistake in the text of a workflow stops it in every locale."""
    library = load(write_folder(tmp_path, {"base/taste.md": BASE_TEXT.replace(" {#purpose}", "")}))
    with pytest.raises(InvalidGuidelines, match=r"base/taste\.md:6: the section 'Purpose' has no clause id"):
        library.guideline("taste", "fr")


def test_missing_root(tmp_path: Path) -> None:
    """A folder that is not there is reported, not taken for an empty library."""
    with pytest.raises(InvalidGuidelines, match="there is no workflow in this folder"):
        load(tmp_path / "nowhere")


def test_a_locale_is_read_once(tmp_path: Path) -> None:
    """A library keeps answering for the locales that were asked for after the folder is gone."""
    root = write_folder(tmp_path / "guidelines")
    library = load(root)
    library.guideline("taste", "fr-CA")
    shutil.rmtree(root)
    assert library.guideline("taste", "fr-CA").html
